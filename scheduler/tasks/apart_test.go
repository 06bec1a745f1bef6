package tasks

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"redial/campaign"
)

// A purge of hours used to be done in the sweeper's only loop: lapsed leases and missed promises waited for it.
func TestLongWorkHoldsUpNoSweepAndIsAwaitedAtTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := embedded(t)
		o := &office{numbers: make(map[string]int)}
		b := &backlog{now: time.Now}
		var swept, begun, ended, together atomic.Int64
		sweep := &Sweep{Backlog: b, Forecast: b, Waker: NewWaker(client, Options{}), Chores: []Chore{
			{Name: "keep house", Apart: true, Do: func(ctx context.Context, _ int) (int, error) {
				if n := begun.Add(1) - ended.Load(); n > together.Load() {
					together.Store(n)
				}
				defer ended.Add(1)
				select {
				case <-ctx.Done():
					time.Sleep(time.Second) //nolint:forbidigo // fake time: what is under way takes its time to end
				case <-time.After(100 * time.Second):
				}
				return 0, errFault
			}},
			{Name: "count", Do: func(context.Context, int) (int, error) { swept.Add(1); return 0, nil }},
		}}
		s, err := NewSweeper("a", o.node("a"), sweep, SweeperOptions{})
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { _ = s.Run(ctx) })
		time.Sleep(61 * time.Second) //nolint:forbidigo // fake time: the bubble moves on by so much
		if swept.Load() != 5 {
			t.Errorf("%d sweeps in a minute of long work, want 5", swept.Load())
		}
		time.Sleep(200 * time.Second) //nolint:forbidigo // fake time: the bubble moves on by so much
		if begun.Load() != 3 || together.Load() != 1 {
			t.Errorf("the long work was begun %d times, %d at once; want 3, one at a time", begun.Load(), together.Load())
		}
		stop()
		running.Wait()
		if begun.Load() != ended.Load() {
			t.Errorf("%d of %d were left behind", begun.Load()-ended.Load(), begun.Load())
		}
		if !o.until.IsZero() {
			t.Error("the office was not given up")
		}
	})
}

// A purge that found no place used to take its day's slot all the same: it never ran that day.
func TestAPurgeThatFindsNoPlaceKeepsItsDay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := embedded(t)
		d := newDesk()
		release := make(chan struct{})
		d.hook(typeImport, func(context.Context, int) error { <-release; return nil })
		start(t, client, d, WorkerOptions{Concurrency: 2, Heavy: 1, Poll: time.Second})
		w := NewWaker(client, Options{})
		if err := w.Import(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		d.await(t, time.Minute)
		if err := w.Purge(t.Context(), campaign.DateOf(time.Now())); err != nil {
			t.Fatal(err)
		}
		time.Sleep(3 * heavyWait) //nolint:forbidigo // fake time: the bubble moves on by so much
		close(release)
		if c := d.await(t, time.Minute); c.kind != typePurge {
			t.Errorf("got %+v, want the purge", c)
		}
	})
}
