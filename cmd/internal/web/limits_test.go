package web

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/test/bufconn"

	"redial/campaign"
	"redial/cmd/internal/web/page"
)

// slowly connects to a site in fake time and says what it is told to; it tells how long the connection lived.
func slowly(t *testing.T, talk func(net.Conn)) (lived time.Duration, heard string) {
	t.Helper()
	f := newFake()
	s, err := New(Deps{Record: f, Tokens: f, Health: f, Sessions: f, Metrics: http.NotFoundHandler(), Now: f.Now})
	if err != nil {
		t.Fatal(err)
	}
	lis := bufconn.Listen(1 << 10)
	served := make(chan error, 1)
	go func() { served <- s.Serve(lis) }()
	c, err := lis.Dial()
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	var talking sync.WaitGroup
	talking.Go(func() { talk(c) })
	raw, _ := io.ReadAll(c) // how it was cut off is not the matter
	lived = time.Since(began)
	c.Close()
	talking.Wait()
	if err := s.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
	return lived, string(raw)
}

func TestWhoSpeaksSlowlyOrNotAtAllIsCutOff(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		talk func(net.Conn)
		most time.Duration
	}{
		"nothing": {func(net.Conn) {}, headerTime},
		"a letter a second": {func(c net.Conn) {
			for _, b := range []byte("GET / HTTP/1.1\r\nHost: localhost\r\nX: " + strings.Repeat("a", 100)) {
				if _, err := c.Write([]byte{b}); err != nil {
					return
				}
				time.Sleep(time.Second) //nolint:forbidigo // fake time: slowly
			}
		}, headerTime},
		"a body that never ends": {func(c net.Conn) {
			_, _ = c.Write([]byte("POST /signin HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000\r\n\r\ntoken="))
		}, requestTime},
		"one request and no more": {func(c net.Conn) { _, _ = c.Write([]byte("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")) }, idleTime},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				lived, _ := slowly(t, c.talk)
				if lived < c.most/2 || lived > c.most+2*time.Second {
					t.Errorf("the connection lived %v, want about %v", lived, c.most)
				}
			})
		})
	}
}

func TestHeadersAndBodiesAreBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, heard := slowly(t, func(c net.Conn) {
			_, _ = c.Write([]byte("GET / HTTP/1.1\r\nHost: localhost\r\nX: " + strings.Repeat("a", headersMost+8<<10) + "\r\n\r\n"))
		})
		if !strings.HasPrefix(heard, "HTTP/1.1 431") {
			t.Errorf("too many headers: %.80q, want 431", heard)
		}
	})
	var read int64
	var err error
	h := bounded(http.NewServeMux(), nil, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { read, err = io.Copy(io.Discard, r.Body) }))
	for n, fits := range map[int64]bool{bodyMost: true, bodyMost + 1: false} {
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/signin", bytes.NewReader(make([]byte, n))))
		if (err == nil) != fits || read > bodyMost {
			t.Errorf("a body of %d bytes: %d read, %v", n, read, err)
		}
	}
}

// crowd opens live pages at a room and keeps them open until the test ends.
type crowd struct {
	h       http.HandlerFunc
	in, out chan struct{}
	open    sync.WaitGroup
	left    sync.Once
}

func newCrowd(t *testing.T, o *room) *crowd {
	t.Helper()
	c := &crowd{in: make(chan struct{}, 1), out: make(chan struct{})}
	c.h = o.seat(func(http.ResponseWriter, *http.Request) { c.in <- struct{}{}; <-c.out })
	t.Cleanup(c.leave)
	return c
}

// enters says whether a live page of the caller is let in.
func (c *crowd) enters(of campaign.Caller) bool {
	refused := make(chan struct{})
	c.open.Go(func() {
		w := httptest.NewRecorder()
		c.h(w, httptest.NewRequest(http.MethodGet, "/live", nil).WithContext(campaign.WithCaller(context.Background(), of)))
		if w.Code == http.StatusServiceUnavailable && w.Header().Get("Retry-After") != "" {
			close(refused)
		}
	})
	select {
	case <-c.in:
		return true
	case <-refused:
		return false
	}
}

func (c *crowd) leave() {
	c.left.Do(func() { close(c.out) })
	c.open.Wait()
}

func TestSoManyLivePagesAndNoMore(t *testing.T) {
	t.Parallel()
	o := newRoom(livesOfOne + livesOfDesk + 1)
	c := newCrowd(t, o)
	boss := campaign.Caller{Token: 1, Owner: "boss", Role: campaign.RoleSupervisor}
	agent := campaign.Caller{Token: 2, Owner: "li", Role: campaign.RoleAgent, Agent: 7}
	for of, most := range map[*campaign.Caller]int{&boss: livesOfOne, &agent: livesOfDesk} {
		for n := range most + 2 {
			if c.enters(*of) != (n < most) {
				t.Errorf("live page %d of a caller with role %s", n, of.Role)
			}
		}
	}
	if !c.enters(campaign.Caller{Token: 3, Role: campaign.RoleManager}) {
		t.Error("one caller keeps out another")
	}
	if c.enters(campaign.Caller{Token: 4, Role: campaign.RoleManager}) {
		t.Error("more than there is room for")
	}
	c.leave()
	if o.taken != 0 || len(o.by) != 0 {
		t.Errorf("after all have left %d places are taken, by %v", o.taken, o.by)
	}
}

func TestDesksAndOtherLivePagesDoNotTakeEachOthersPlaces(t *testing.T) {
	t.Parallel()
	s := newSite(t, newFake())
	quick := func(http.ResponseWriter, *http.Request) {}
	s.families = []page.Family{{Routes: []page.Route{
		{Pattern: "GET /a", Roles: page.Agents, Live: true, Handle: quick}, {Pattern: "GET /b", Roles: page.Viewers, Live: true, Handle: quick},
	}}}
	lives, desks := newRoom(0), newRoom(1)
	mux := http.NewServeMux()
	if _, err := s.mountIn(mux, lives, desks); err != nil {
		t.Fatal(err)
	}
	for path, token := range map[string]string{"/a": "rd_li", "/b": "rd_boss"} {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		cookie, _ := show(s.Handler(), "203.0.113.5:1", token)
		r.AddCookie(cookie)
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		if want := map[string]int{"/a": http.StatusOK, "/b": http.StatusServiceUnavailable}[path]; w.Code != want {
			t.Errorf("%s: %d, want %d", path, w.Code, want)
		}
	}
}
