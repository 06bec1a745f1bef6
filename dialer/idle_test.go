package dialer

import (
	"sync/atomic"
	"testing"
	"time"

	"redial/campaign"
)

// What counts as work of a node is looking for a lead, not waiting for one to be there.
func TestNextCallSaysThatItOnlyWaitsOnceThereIsNothingToBeHad(t *testing.T) {
	onFloor(t, Options{}, func(w *world) {
		w.agent(1, 1)
		var idle atomic.Bool
		ctx := campaign.WithIdle(w.Context(), func() { idle.Store(true) })
		done := make(chan struct{})
		go func() {
			defer close(done)
			if _, _, err := w.floor.NextCall(ctx, 1, 0, 10*time.Second); err != nil {
				w.Error(err)
			}
		}()
		w.sleep(time.Second)
		if !idle.Load() {
			w.Error("a NextCall without a lead to be had counts as work")
		}
		<-done
	})
}

func TestNextCallThatIsAnsweredAtOnceNeverOnlyWaited(t *testing.T) {
	onFloor(t, Options{}, func(w *world) {
		w.agent(1, 1)
		w.lead(1, nil)
		w.floor.Wake(1)
		ctx := campaign.WithIdle(w.Context(), func() { w.Error("idle with a lead at hand") })
		got, _, err := w.floor.NextCall(ctx, 1, 0, 10*time.Second)
		if err != nil || got == nil {
			w.Errorf("%+v, %v", got, err)
		}
	})
}
