package rpc_test

import (
	"context"
	"errors"
	"net"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/test/bufconn"

	"redial/campaign"
	"redial/campaign/rpc"
	"redial/campaign/store"
	"redial/campaign/store/storetest/testserver"
	pb "redial/proto/campaign/v1"
)

// watched is a record whose events are served over gRPC.
type watched struct {
	*bench
	skew   *atomic.Int64 // nanoseconds that the clock is ahead
	events *rpc.EventServer
	client pb.EventServiceClient
	caller atomic.Pointer[campaign.Caller]
	ended  chan error // what streams ended with
}

func onBoth(t *testing.T, test func(*testing.T, *watched)) {
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, watching(t, "sqlite://"+filepath.Join(t.TempDir(), "record.db")))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		test(t, watching(t, testserver.Postgres(t)))
	})
}

// far is a Monday at 10:00 in Shanghai that no database's clock has come to: PostgreSQL's would be followed forward.
var far = time.Date(2099, 3, 2, 2, 0, 0, 0, time.UTC)

// watching begins on a record with three leads, in which nothing has been told yet.
func watching(t *testing.T, url string) *watched {
	t.Helper()
	w := &watched{skew: new(atomic.Int64), ended: make(chan error, 100)}
	w.bench = setupOn(t, url, func() time.Time { return time.Now().Add(time.Duration(w.skew.Load())) },
		func(s *store.Store) { w.skew.Add(int64(far.Sub(s.Now()))) }, "+8613900000001", "+8613900000002", "+8613900000003")
	w.events = rpc.NewEvents(w, rpc.NumberMasks(w))
	w.as(campaign.Caller{Owner: "hub", Role: campaign.RoleCRM})
	w.client = w.serve(t, w.events)
	return w
}

func (w *watched) as(c campaign.Caller) { w.caller.Store(&c) }

// serve serves events, with the caller of the moment and small windows, and gives a client.
func (w *watched) serve(t *testing.T, events *rpc.EventServer) pb.EventServiceClient {
	t.Helper()
	srv := grpc.NewServer(grpc.StreamInterceptor(func(s any, ss grpc.ServerStream, _ *grpc.StreamServerInfo, next grpc.StreamHandler) error {
		err := next(s, asCaller{ss, campaign.WithCaller(ss.Context(), *w.caller.Load())})
		w.ended <- err
		return err
	}))
	pb.RegisterEventServiceServer(srv, events)
	l := bufconn.Listen(1 << 16)
	served := make(chan struct{})
	go func() { defer close(served); _ = srv.Serve(l) }()
	conn := must[*grpc.ClientConn](t)(grpc.NewClient("passthrough:///here", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithInitialWindowSize(64<<10), grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return l.DialContext(ctx) })))
	t.Cleanup(func() { conn.Close(); srv.Stop(); <-served })
	return pb.NewEventServiceClient(conn)
}

type asCaller struct {
	grpc.ServerStream
	ctx context.Context
}

func (s asCaller) Context() context.Context { return s.ctx }

// number gives every committed event its place.
func (w *watched) number(t *testing.T) {
	t.Helper()
	epoch, _, err := w.Elect(t.Context(), store.Elected, "n", time.Hour)
	for n := 1; n > 0 && err == nil; {
		n, err = w.Sequence(t.Context(), epoch, 7)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// drain is everything there is after a cursor, and the cursor behind it.
func (w *watched) drain(t *testing.T, r *pb.WatchEventsRequest) ([]*pb.Event, string) {
	t.Helper()
	all, cursor, err := w.tryDrain(t, r)
	if err != nil {
		t.Fatal(err)
	}
	return all, cursor
}

func (w *watched) tryDrain(t *testing.T, r *pb.WatchEventsRequest) (all []*pb.Event, cursor string, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	r.UntilCaughtUp = true
	stream := must[grpc.ServerStreamingClient[pb.WatchEventsResponse]](t)(w.client.WatchEvents(ctx, r))
	level := false
	for {
		m, err := stream.Recv()
		if err != nil {
			end := <-w.ended
			if end == nil && !level {
				t.Errorf("the stream ended before it had caught up: %v", err)
			}
			return all, cursor, end
		}
		all, cursor, level = append(all, m.GetEvents()...), m.GetCursor(), m.GetCaughtUp()
	}
}

// kinds are the types of events, in order.
func kinds(events []*pb.Event) string {
	var out []string
	for _, e := range events {
		out = append(out, strings.TrimPrefix(e.GetType().String(), "EVENT_TYPE_"))
	}
	return strings.Join(out, " ")
}

// reasonOf is the stable reason of an error, and its code's.
func reasonOf(err error) string {
	if e, ok := errors.AsType[*campaign.Error](err); ok {
		return e.Reason
	}
	return ""
}
