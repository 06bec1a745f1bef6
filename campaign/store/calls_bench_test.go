package store

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"redial/campaign"
	"redial/campaign/store/storetest/testserver"
)

// BenchmarkCalls measures whole calls by 64 agents at once: claim, start, outcome. A dispatcher claims for whoever waits,
// as the floor's does. Besides time it tells the processor's, which a laden machine distorts less.
func BenchmarkCalls(b *testing.B) {
	const callers = 64
	for _, engine := range []string{"sqlite", "postgres"} {
		b.Run(engine, func(b *testing.B) {
			url := "sqlite://" + filepath.Join(b.TempDir(), "r.db")
			if engine == "postgres" {
				s, err := testserver.StartPostgres(true, "shared_buffers=256MB")
				if err != nil {
					b.Fatal(err)
				}
				b.Cleanup(s.Close)
				url = s.Database(b)
			}
			x := openBench(b, url)
			c := x.campaign(b, "calls")
			must[campaign.Campaign](b)(x.StartCampaign(b.Context(), c.ID))
			loadMany(b, x, c.ID, b.N+callers)
			f := newBenchFloor(b, x, callers)
			b.ResetTimer()
			began := processorTime()
			f.calls(b)
			b.ReportMetric(float64((processorTime()-began).Microseconds())/float64(b.N), "cpu-us/op")
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "calls/s")
		})
	}
}

func processorTime() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u) // with these arguments it cannot fail
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// benchFloor is agents who call, and a dispatcher.
type benchFloor struct {
	*bench
	agents []campaign.AgentID
	first  campaign.LeadID
	taken  atomic.Int64
	wait   chan waitingAgent
}

type waitingAgent struct {
	claim campaign.Claim
	got   chan campaign.Claimed
}

func newBenchFloor(b *testing.B, x *bench, n int) *benchFloor {
	b.Helper()
	f := &benchFloor{bench: x, wait: make(chan waitingAgent, n)}
	f.first = must[[]campaign.Lead](b)(x.FindLeads(b.Context(), campaign.LeadFilter{Limit: 1}))[0].ID
	for i := range n {
		a := must[campaign.Agent](b)(x.CreateAgent(b.Context(), campaign.Agent{Login: fmt.Sprint("caller-", i), Active: true}))
		must[campaign.Session](b)(x.MoveSession(b.Context(), a.ID, func(s campaign.Session, now time.Time) (campaign.Session, error) {
			s.State, s.Since = campaign.AgentReady, now
			return s, nil
		}))
		f.agents = append(f.agents, a.ID)
	}
	return f
}

// calls makes b.N calls.
func (f *benchFloor) calls(b *testing.B) {
	b.Helper()
	ctx, cancel := context.WithCancel(b.Context())
	var dispatcher, callers sync.WaitGroup
	dispatcher.Go(func() { f.dispatch(ctx, b) })
	for _, a := range f.agents {
		callers.Go(func() {
			for f.taken.Load() < int64(b.N) {
				if err := f.call(b.Context(), a); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	callers.Wait()
	cancel()
	dispatcher.Wait()
}

func (f *benchFloor) call(ctx context.Context, a campaign.AgentID) error {
	w := waitingAgent{campaign.Claim{Agent: a, Candidates: []campaign.LeadID{f.first + campaign.LeadID(f.taken.Add(1)) - 1}}, make(chan campaign.Claimed, 1)}
	f.wait <- w
	got := <-w.got
	if got.Assignment == nil {
		return fmt.Errorf("claimed %+v", got)
	}
	if _, err := f.StartCall(ctx, got.Assignment.ID, a); err != nil {
		return err
	}
	_, err := f.Conclude(ctx, campaign.Result{Assignment: got.Assignment.ID, Agent: a, Outcome: campaign.Success})
	return err
}

func (f *benchFloor) dispatch(ctx context.Context, b *testing.B) {
	for {
		var batch []waitingAgent
		select {
		case <-ctx.Done():
			return
		case w := <-f.wait:
			batch = append(batch, w)
		}
		for len(f.wait) > 0 {
			batch = append(batch, <-f.wait)
		}
		claims := make([]campaign.Claim, len(batch))
		for i, w := range batch {
			claims[i] = w.claim
		}
		got, err := f.ClaimLeads(ctx, claims)
		if err != nil {
			b.Error(err)
			got = make([]campaign.Claimed, len(batch))
		}
		for i, w := range batch {
			w.got <- got[i]
		}
	}
}
