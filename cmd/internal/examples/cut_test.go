package examples_test

import (
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"redial/cmd/internal/certtest"
	campaignpb "redial/proto/campaign/v1"
)

// harsh is a server, over TLS, that refuses, cuts and puts off as a real one does on its worst day.
type harsh struct {
	campaignpb.UnimplementedLeadServiceServer
	campaignpb.UnimplementedEventServiceServer
	t *testing.T

	mu      sync.Mutex
	streams int
	sent    [][]string // external ids, by the stream
	cursors []string   // by the request
}

func busy() error {
	st, err := status.New(codes.ResourceExhausted, "too many at work").WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(20 * time.Millisecond)})
	if err != nil {
		return err
	}
	return st.Err()
}

func (h *harsh) authorized(s grpc.ServerStream) {
	md, _ := metadata.FromIncomingContext(s.Context())
	if got := md.Get("authorization"); !slices.Equal(got, []string{"Bearer rd_test"}) {
		h.t.Errorf("authorization %q", got)
	}
}

// UpsertLeads refuses the first stream, cuts the second after two answers and puts the last item of the third off.
func (h *harsh) UpsertLeads(s grpc.BidiStreamingServer[campaignpb.UpsertLeadsRequest, campaignpb.UpsertLeadsResponse]) error {
	h.authorized(s)
	h.mu.Lock()
	h.streams++
	n := h.streams
	h.sent = append(h.sent, nil)
	h.mu.Unlock()
	if n == 1 {
		return busy()
	}
	if m, err := s.Recv(); err != nil || m.GetBegin().GetSource() == "" {
		h.t.Errorf("stream %d begins with %v, %v", n, m, err)
	}
	for i := 1; ; i++ {
		m, err := s.Recv()
		if err != nil {
			return nil //nolint:nilerr // the client sent all
		}
		it := m.GetItem()
		h.mu.Lock()
		h.sent[n-1] = append(h.sent[n-1], it.GetExternalId())
		h.mu.Unlock()
		r := &campaignpb.UpsertResult{Position: it.GetPosition(), ExternalId: it.GetExternalId(), Done: campaignpb.UpsertDone_UPSERT_DONE_ADDED}
		if n == 3 && it.GetExternalId() == "00Q5e000001AAA6EAO" {
			r.Done, r.Error = 0, &campaignpb.UpsertError{Code: int32(codes.Unavailable), Message: "later", RetryAfter: durationpb.New(time.Millisecond)}
		}
		if err := s.Send(&campaignpb.UpsertLeadsResponse{Results: []*campaignpb.UpsertResult{r}}); err != nil {
			return err
		}
		if n == 2 && i == 2 {
			return busy()
		}
	}
}

// WatchEvents tells one call, is cut, tells it again and then another one.
func (h *harsh) WatchEvents(m *campaignpb.WatchEventsRequest, s grpc.ServerStreamingServer[campaignpb.WatchEventsResponse]) error {
	h.authorized(s)
	h.mu.Lock()
	h.cursors = append(h.cursors, m.GetCursor())
	n := len(h.cursors)
	h.mu.Unlock()
	for call := 1; call <= n; call++ {
		err := s.Send(&campaignpb.WatchEventsResponse{Cursor: fmt.Sprint("c", call), CaughtUp: n == 2, Events: []*campaignpb.Event{{
			Id: int64(call), Type: campaignpb.EventType_EVENT_TYPE_ATTEMPT, LeadId: 7, Source: "hubspot", ExternalId: "x",
			Body: &campaignpb.Event_Attempt{Attempt: &campaignpb.AttemptTold{AssignmentId: int64(call), Outcome: campaignpb.Outcome_OUTCOME_BUSY}},
		}}})
		if err != nil {
			return err
		}
	}
	if n == 1 {
		return busy()
	}
	return nil
}

func (h *harsh) serve(own tls.Certificate) (port string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		h.t.Fatal(err)
	}
	s := grpc.NewServer(grpc.Creds(credentials.NewServerTLSFromCert(&own)))
	campaignpb.RegisterLeadServiceServer(s, h)
	campaignpb.RegisterEventServiceServer(s, h)
	done := make(chan error, 1)
	go func() { done <- s.Serve(l) }()
	h.t.Cleanup(func() {
		s.Stop()
		if err := <-done; err != nil {
			h.t.Errorf("serve: %v", err)
		}
	})
	_, port, err = net.SplitHostPort(l.Addr().String())
	if err != nil {
		h.t.Fatal(err)
	}
	return port
}

func TestExamplesGoOnWhereTheyWereCut(t *testing.T) {
	t.Parallel()
	ca := certtest.New(t)
	for name, ready := range clients {
		if name == "grpcurl" { // its page says which codes to run it again for
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, dir := &harsh{t: t}, t.TempDir()
			port := h.serve(ca.Pair(t, certtest.Leaf{DNS: []string{"localhost"}}))
			if err := os.CopyFS(filepath.Join(dir, "data"), os.DirFS(filepath.Join(examples, "data"))); err != nil {
				t.Fatal(err)
			}
			out, err := ready(t)(t, dir, "REDIAL_SERVER=localhost:"+port, "REDIAL_TOKEN=rd_test", "REDIAL_CA="+ca.File(t), "CAMPAIGN=1")
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			h.mu.Lock()
			defer h.mu.Unlock()
			// Refused; cut; the rest; what was put off; the other file.
			var sizes []int
			for _, ids := range h.sent[min(2, len(h.sent)):] {
				sizes = append(sizes, len(ids))
			}
			if !slices.Equal(sizes, []int{4, 1, 3}) || !slices.Equal(h.sent[3], []string{"00Q5e000001AAA6EAO"}) {
				t.Errorf("sent %v\n%s", h.sent, out)
			}
			if !slices.Equal(h.cursors, []string{"", "c1"}) {
				t.Errorf("cursors %q", h.cursors)
			}
			raw, err := os.ReadFile(filepath.Join(dir, "outcomes.csv"))
			if want := "call,lead,source,external_id,outcome,note,placed_at,next\n1,7,hubspot,x,BUSY,,,\n2,7,hubspot,x,BUSY,,,\n"; err != nil || string(raw) != want {
				t.Errorf("outcomes %q: %v", raw, err)
			}
			if !strings.Contains(out, "too many at work") {
				t.Errorf("nobody is told of waiting:\n%s", out)
			}
		})
	}
}
