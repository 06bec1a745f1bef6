package server

import (
	"context"
	"net"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/test/bufconn"

	"redial/campaign"
	load "redial/cmd/internal/overload"
	dialerv1 "redial/proto/dialer/v1"
)

// counter is a guard to whom the token is the agent's number.
type counter struct{ door }

func (counter) Unary() grpc.UnaryServerInterceptor {
	return func(ctx context.Context, req any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
		md, _ := metadata.FromIncomingContext(ctx)
		id, err := strconv.Atoi(strings.TrimPrefix(md.Get("authorization")[0], "Bearer "))
		if err != nil {
			return nil, err
		}
		return next(campaign.WithCaller(ctx, campaign.Caller{Token: campaign.TokenID(id), Role: campaign.RoleAgent, Agent: campaign.AgentID(id)}), req)
	}
}

// committer does what came while it was busy all at once: so long for the commit, and so long for each.
type committer struct {
	dialerv1.UnimplementedAgentServiceServer
	commit, each time.Duration
	in           chan chan struct{}
	done         int
}

func (c *committer) run(ctx context.Context) {
	for {
		var batch []chan struct{}
		select {
		case <-ctx.Done():
			return
		case d := <-c.in:
			batch = append(batch, d)
		}
		for more := true; more && len(batch) < 256; {
			select {
			case d := <-c.in:
				batch = append(batch, d)
			default:
				more = false
			}
		}
		time.Sleep(c.commit + time.Duration(len(batch))*c.each) //nolint:forbidigo // fake time: the work
		c.done += len(batch)
		for _, d := range batch {
			close(d)
		}
	}
}

func (c *committer) do(ctx context.Context) error {
	d := make(chan struct{})
	select {
	case c.in <- d:
	case <-ctx.Done():
		return ctx.Err()
	}
	<-d
	return nil
}

func (c *committer) NextCall(ctx context.Context, _ *dialerv1.NextCallRequest) (*dialerv1.NextCallResponse, error) {
	return &dialerv1.NextCallResponse{Card: &dialerv1.Card{AssignmentId: 1}}, c.do(ctx)
}

func (c *committer) StartCall(ctx context.Context, _ *dialerv1.StartCallRequest) (*dialerv1.StartCallResponse, error) {
	return &dialerv1.StartCallResponse{}, c.do(ctx)
}

func (c *committer) RecordOutcome(ctx context.Context, _ *dialerv1.RecordOutcomeRequest) (*dialerv1.RecordOutcomeResponse, error) {
	return &dialerv1.RecordOutcomeResponse{}, c.do(ctx)
}

// serveOverload serves a committer in a bubble of fake time to so many agents.
func serveOverload(t *testing.T, c *committer, agents int) load.Agents {
	t.Helper()
	s, err := New(counter{}, func(r grpc.ServiceRegistrar) { dialerv1.RegisterAgentServiceServer(r, c) }, Options{})
	if err != nil {
		t.Fatal(err)
	}
	c.in = make(chan chan struct{}, 4096)
	ctx, cancel := context.WithCancel(t.Context())
	go c.run(ctx)
	lis := bufconn.Listen(1 << 20)
	go s.Serve(lis) // its end is the test's
	all := load.Agents{Code: "NO_ANSWER"}
	for range 4 {
		conn, err := grpc.NewClient("passthrough:///x", grpc.WithTransportCredentials(insecure.NewCredentials()),
			grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return lis.DialContext(ctx) }))
		if err != nil {
			t.Fatal(err)
		}
		all.Conns = append(all.Conns, conn)
	}
	for i := range agents {
		all.Tokens = append(all.Tokens, strconv.Itoa(i+1))
	}
	t.Cleanup(func() {
		for _, conn := range all.Conns {
			conn.Close()
		}
		s.grpc.Stop()
		cancel()
	})
	return all
}

// The machine is a model, so that time is exact: with 64 in work it does four fifths of its most. What is asked is
// asked over gRPC, and everything between is what serves in earnest. Of three windows the best is judged, for which
// arrivals fall together is chance; most are as good.
func TestTenTimesOverloadShedsKeepsItsPaceAndRecovers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := &committer{commit: 20 * time.Millisecond, each: 1500 * time.Microsecond}
		a := serveOverload(t, c, 1000)
		before := a.Closed(t.Context(), 24, 3*time.Second)
		full := a.Closed(t.Context(), 64, 3*time.Second)
		if before.Shed+full.Shed+before.Failed+full.Failed > 0 {
			t.Fatalf("%d shed and %v failed at full load", before.Shed+full.Shed, full.Why)
		}
		var best load.Result
		done := len(before.Accepted) + len(full.Accepted)
		for window := range 3 {
			over := a.Open(t.Context(), 10*full.Goodput(), 3*time.Second)
			done += len(over.Accepted)
			t.Logf("full load %.0f cycles/s, p99 %v; ten times that: %.0f cycles/s, p99 %v, %d let in, %d shed, %d of %d arrivals found no agent",
				full.Goodput(), full.P(.99), over.Goodput(), over.P(.99), len(over.Accepted), over.Shed, over.AgentsOut, over.Arrivals)
			if over.Shed < over.Arrivals/2 || over.Mute > 0 || over.Failed > 0 {
				t.Errorf("%d shed of %d arrivals, %d without a time to come back, failed %v", over.Shed, over.Arrivals, over.Mute, over.Why)
			}
			if over.Goodput() < 0.7*full.Goodput() {
				t.Errorf("%.0f cycles/s were done, at full load %.0f", over.Goodput(), full.Goodput())
			}
			if window == 0 || over.P(.99) < best.P(.99) {
				best = over
			}
		}
		if best.P(.99) >= 2*full.P(.99) {
			t.Errorf("p99 of what was let in is %v, at full load %v", best.P(.99), full.P(.99))
		}
		if c.done != done {
			t.Errorf("%d calls were begun, %d let in: what is shed is not begun", c.done, done)
		}
		time.Sleep(2 * time.Second) //nolint:forbidigo // fake time: the load is gone
		after := a.Closed(t.Context(), 24, 3*time.Second)
		if after.Shed+after.Failed > 0 || after.P(.99) > before.P(.99)*3/2 {
			t.Errorf("after it %d shed, failed %v, p99 %v, before it %v", after.Shed, after.Why, after.P(.99), before.P(.99))
		}
	})
}
