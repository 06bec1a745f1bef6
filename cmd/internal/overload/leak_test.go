package overload_test

import (
	"context"
	"net"
	"runtime"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/types/known/durationpb"

	"redial/campaign/store/storetest/testserver"
	campaignpb "redial/proto/campaign/v1"
	dialerpb "redial/proto/dialer/v1"
)

// TestNoGoroutineIsLeftBehind has callers of every kind at a server, among them such as leave in the middle, and stops
// it: what it started has ended. Nothing may run beside it, so it is not parallel.
func TestNoGoroutineIsLeftBehind(t *testing.T) {
	t.Run("embedded", func(t *testing.T) { leavesNothing(t, "", "") })
	t.Run("postgres and redis", func(t *testing.T) { leavesNothing(t, testserver.Postgres(t), "redis://"+testserver.Redis(t)+"/0") })
}

func leavesNothing(t *testing.T, database, redis string) {
	t.Helper()
	before := runtime.NumGoroutine()
	func() {
		n := start(t, database, redis)
		n.prepare(2000, 40)
		n.mixture()
		n.stop()
		for _, c := range append(n.Conns, n.conn) {
			c.Close()
		}
	}()
	deadline := time.Now().Add(30 * time.Second)
	for runtime.NumGoroutine() > before && time.Now().Before(deadline) {
		time.Sleep(20 * time.Millisecond) //nolint:forbidigo // what ends by itself is given its time
	}
	if left := runtime.NumGoroutine(); left > before {
		stacks := make([]byte, 1<<20)
		t.Errorf("%d goroutines more than before:\n%s", left-before, stacks[:runtime.Stack(stacks, true)])
	}
}

// mixture is everything that callers do, and ends when all have left.
func (n *node) mixture() {
	var wg sync.WaitGroup
	wg.Go(func() {
		if r := n.Closed(n.t.Context(), 16, 500*time.Millisecond); r.Failed > 0 || r.Started == 0 { // a slow machine ends none within the time
			n.t.Errorf("%d cards, failed: %v", r.Cards, r.Why)
		}
	})
	for i := 20; i < 28; i++ {
		wg.Go(func() { n.desk(i) })
	}
	for i := 28; i < 36; i++ {
		wg.Go(func() { n.impatient(i) })
	}
	wg.Go(n.vanishes)
	wg.Go(n.halfOpen)
	wg.Wait()
}

func (n *node) agent(ctx context.Context, i int) context.Context {
	return metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+n.Tokens[i])
}

// desk is a stream that signs in and goes: half of them are cancelled, half lose their connection.
func (n *node) desk(i int) {
	ctx, cancel := context.WithCancel(n.agent(n.t.Context(), i))
	defer cancel()
	conn := n.dial()
	defer conn.Close()
	w, err := dialerpb.NewAgentServiceClient(conn).Work(ctx)
	if err == nil {
		err = w.Send(&dialerpb.WorkRequest{Action: &dialerpb.WorkRequest_SignIn{SignIn: &dialerpb.SignInRequest{Ready: true}}})
	}
	if err == nil {
		_, err = w.Recv()
	}
	if err != nil {
		n.t.Error(err)
	}
	if i%2 == 0 {
		conn.Close()
	}
}

// impatient asks for what takes longer than it waits.
func (n *node) impatient(i int) {
	desk := dialerpb.NewAgentServiceClient(n.Conns[i%len(n.Conns)])
	for _, patience := range []time.Duration{time.Millisecond, 25 * time.Millisecond, 100 * time.Millisecond} {
		ctx, cancel := context.WithTimeout(n.agent(n.t.Context(), i), patience)
		_, _ = desk.NextCall(ctx, &dialerpb.NextCallRequest{Wait: durationpb.New(time.Minute)}) // how it ends is its own affair
		_, _ = desk.ListCallbacks(ctx, &dialerpb.ListCallbacksRequest{})
		cancel()
	}
}

// vanishes opens streams of managers and leaves without a word.
func (n *node) vanishes() {
	conn := n.dial()
	defer conn.Close()
	floor, err := dialerpb.NewFloorServiceClient(conn).WatchFloor(n.ctx, &dialerpb.WatchFloorRequest{Every: durationpb.New(time.Second)})
	if err == nil {
		_, err = floor.Recv()
	}
	if err != nil {
		n.t.Error(err)
	}
	for _, open := range []func() (grpc.ClientStream, error){
		func() (grpc.ClientStream, error) { return campaignpb.NewListServiceClient(conn).Upload(n.ctx) },
		func() (grpc.ClientStream, error) {
			return campaignpb.NewListServiceClient(conn).WatchImport(n.ctx, &campaignpb.WatchImportRequest{UploadId: 1})
		},
		func() (grpc.ClientStream, error) {
			return campaignpb.NewAdminServiceClient(conn).Audit(n.ctx, &campaignpb.AuditRequest{})
		},
	} {
		if _, err := open(); err != nil {
			n.t.Error(err)
		}
	}
}

// halfOpen connects to both ports and says nothing, or half a word.
func (n *node) halfOpen() {
	for _, addr := range []string{n.app.GRPC(), n.app.Web()} {
		for _, word := range []string{"", "PRI * HTTP/2.0\r\n", "GET / HTTP/1.1\r\nHost: x\r\n"} {
			c, err := net.Dial("tcp", addr)
			if err != nil {
				n.t.Error(err)
				continue
			}
			if _, err := c.Write([]byte(word)); err != nil {
				n.t.Error(err)
			}
			defer c.Close()
		}
	}
}
