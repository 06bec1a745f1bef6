package lists

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"redial/campaign"
)

func TestPiecesThatAreReadAtOnceAreBounded(t *testing.T) {
	t.Parallel()
	h := hands{by: map[string]int{}}
	var leaves []func()
	take := func(n int) error {
		leave, err := h.take(campaign.WithCaller(t.Context(), campaign.Caller{Owner: fmt.Sprint("m", n), Role: campaign.RoleManager}))
		if err == nil {
			leaves = append(leaves, leave)
		}
		return err
	}
	for range handsOne {
		if err := take(0); err != nil {
			t.Fatal(err)
		}
	}
	if err := take(0); status.Code(err) != codes.ResourceExhausted {
		t.Errorf("one more of the same: %v", err)
	}
	for n := 1; len(leaves) < handsAll; n++ {
		if err := take(n); err != nil {
			t.Fatal(err)
		}
	}
	if err := take(1000); status.Code(err) != codes.ResourceExhausted {
		t.Errorf("one more of all: %v", err)
	}
	for _, leave := range leaves {
		leave()
	}
	if err := take(0); err != nil || len(h.by) != 1 || h.all != 1 {
		t.Errorf("afterwards: %v, %+v", err, h.by)
	}
}

// drip is a body of which nothing comes until it is cut. It tells when the server has begun to read it.
type drip struct {
	once  sync.Once
	begun chan struct{}
	cut   chan struct{}
}

func (d *drip) Read([]byte) (int, error) {
	d.once.Do(func() { close(d.begun) })
	<-d.cut
	return 0, io.ErrUnexpectedEOF
}

func TestFormsWithFilesArePiecesInHand(t *testing.T) {
	s := serve(t)
	_, headers := posted(t, "leads.csv", nil)
	// The body is sent when the server asks for it, which is after it took the place.
	patient := &http.Client{Transport: &http.Transport{ExpectContinueTimeout: time.Hour}}
	var slow sync.WaitGroup
	cut := make(chan struct{})
	for range handsOne {
		body := &drip{begun: make(chan struct{}), cut: cut}
		r, err := http.NewRequestWithContext(t.Context(), "POST", s.http.URL+"/lists/new", body)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", headers["Content-Type"])
		r.Header.Set("Expect", "100-continue")
		slow.Go(func() {
			if a, err := patient.Do(r); err == nil {
				a.Body.Close()
			}
		})
		<-body.begun
	}
	body, headers := posted(t, "leads.csv", []byte("phone"))
	if a, text := s.do(t, "POST", "/lists/new", body, headers); a.StatusCode != http.StatusTooManyRequests || !strings.Contains(text, "one after the other") {
		t.Errorf("one more of the same caller: %d %s", a.StatusCode, text)
	}
	if a, _ := s.do(t, "PUT", "/lists/uploads/7/data?offset=0", "x", script); a.StatusCode != http.StatusTooManyRequests {
		t.Errorf("a piece besides: %d", a.StatusCode)
	}
	close(cut)
	slow.Wait()
	patient.CloseIdleConnections()
}
