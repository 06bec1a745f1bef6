package server

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"

	"redial/campaign"
)

func agentWith(id campaign.TokenID) *campaign.Caller {
	return &campaign.Caller{Token: id, Owner: "li", Role: campaign.RoleAgent}
}

// calls counts how many of n calls at one instant are let through, and gives the last refusal.
func calls(l *limiter, c *campaign.Caller, n int) (let int, refusal error) {
	for range n {
		if err := l.allow(c); err != nil {
			refusal = err
		} else {
			let++
		}
	}
	return let, refusal
}

func TestATokenHasItsRateAndItsBurst(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(Rates{campaign.RoleAgent: 10, campaign.RoleCRM: 0}, newShedMeter(nil))
		let, err := calls(l, agentWith(1), 100)
		if let != 40 || campaign.KindOf(err) != campaign.KindExhausted || campaign.ReasonOf(err) != campaign.ReasonRateLimited {
			t.Fatalf("%d of 100 at once, %v; want 40", let, err)
		}
		if e, ok := errors.AsType[*campaign.Error](err); !ok || e.RetryAfter != 100*time.Millisecond {
			t.Errorf("come back after %v, want 100ms", e.RetryAfter)
		}
		<-time.After(time.Second)
		if let, _ := calls(l, agentWith(1), 100); let != 10 {
			t.Errorf("%d a second later, want 10", let)
		}
		<-time.After(time.Hour)
		if let, _ := calls(l, agentWith(1), 100); let != 40 {
			t.Errorf("%d after an hour, want the burst of 40", let)
		}
		if let, _ := calls(l, agentWith(2), 10); let != 10 {
			t.Errorf("another token: %d of 10", let)
		}
		for _, role := range []campaign.Role{campaign.RoleCRM, campaign.RoleAdmin} {
			if let, _ := calls(l, &campaign.Caller{Token: 3, Role: role}, 10_000); let != 10_000 {
				t.Errorf("%s has no limit here, and %d of 10,000 were let through", role, let)
			}
		}
	})
}

func TestUsualRatesAreThoseThatAreTold(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(nil, newShedMeter(nil))
		for role, burst := range map[campaign.Role]int{
			campaign.RoleAgent: 200, campaign.RoleSupervisor: 400, campaign.RoleManager: 400, campaign.RoleQuality: 400, campaign.RoleCRM: 2000,
		} {
			if let, _ := calls(l, &campaign.Caller{Token: 1, Role: role}, 3000); let != burst {
				t.Errorf("%s: %d at once, want %d", role, let, burst)
			}
			<-time.After(time.Minute)
		}
	})
}

func TestIdleBucketsAreForgotten(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(nil, newShedMeter(nil))
		for id := range campaign.TokenID(bucketsCheck - 1) {
			calls(l, agentWith(id), 1)
		}
		<-time.After(2 * forgetAfter)
		calls(l, agentWith(7), 200) // in use
		calls(l, agentWith(10_000), 1)
		kept := 0
		l.buckets.Range(func(any, any) bool { kept++; return true })
		if kept != 2 {
			t.Errorf("%d buckets kept, want 2", kept)
		}
		if let, _ := calls(l, agentWith(7), 10); let != 0 {
			t.Errorf("a bucket in use was forgotten: %d more calls", let)
		}
	})
}

func TestCallersAtOnceShareOneBucket(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(nil, newShedMeter(nil))
		var let atomic.Int64
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				n, _ := calls(l, agentWith(1), 50)
				let.Add(int64(n))
			})
		}
		wg.Wait()
		if let.Load() != 200 {
			t.Errorf("%d let through, want 200", let.Load())
		}
	})
}

// sayings is a stream of which messages are taken.
type sayings struct {
	grpc.ServerStream
	ctx context.Context
}

func (s *sayings) Context() context.Context { return s.ctx }
func (s *sayings) RecvMsg(any) error        { return nil }

func TestStreamsCountWhenTheyOpenAndNotByTheirMessages(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sheds := newShedMeter(nil)
		l := newLimiter(Rates{campaign.RoleAgent: 0.5}, sheds)
		m, err := newMeter(nil)
		if err != nil {
			t.Fatal(err)
		}
		c := &chain{log: slog.New(slog.DiscardHandler), meter: m, ending: t.Context()}
		let := func(srv any, ss grpc.ServerStream, _ *grpc.StreamServerInfo, next grpc.StreamHandler) error {
			return next(srv, ss)
		}
		round := streams(c, let, l, newAdmission(c.log, sheds, sizes{usualMessage}, 2))
		s := &sayings{ctx: campaign.WithCaller(t.Context(), *agentWith(1))}
		open := func() error {
			return round(nil, s, &grpc.StreamServerInfo{FullMethod: agentService + "Work", IsClientStream: true, IsServerStream: true}, func(_ any, ss grpc.ServerStream) error {
				for range 1000 {
					if err := ss.RecvMsg(nil); err != nil {
						return err
					}
				}
				return nil
			})
		}
		if err := open(); err != nil {
			t.Error(err)
		}
		if err := open(); err != nil {
			t.Error(err)
		}
		if err := open(); Reason(err) != campaign.ReasonRateLimited {
			t.Errorf("the third stream within four seconds: %v", err)
		}
		for range 1000 { // health checks
			if err := l.call(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func BenchmarkRate(b *testing.B) {
	l := newLimiter(Rates{campaign.RoleAgent: 1e9}, newShedMeter(nil))
	c := agentWith(1)
	b.ReportAllocs()
	for b.Loop() {
		if err := l.allow(c); err != nil {
			b.Fatal(err)
		}
	}
}
