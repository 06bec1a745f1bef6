package dialer

import (
	"sync"
	"testing"
	"time"

	"redial/campaign"
)

// crowded lets so many agents ask for a call by NextCall, each a while after the one before, and waits until all have
// one. It says how long the slowest waited.
func (w *world) crowded(n int, apart time.Duration) (slowest time.Duration) {
	w.Helper()
	var wg sync.WaitGroup
	var mu sync.Mutex
	for i := range n {
		wg.Go(func() {
			time.Sleep(time.Duration(i) * apart) //nolint:forbidigo // fake time: the bubble moves on by so much
			from := clock()
			got, _, err := w.floor.NextCall(w.Context(), campaign.AgentID(i+1), 0, time.Minute)
			if got == nil || err != nil {
				w.Errorf("agent %d: %v, %v", i+1, got, err)
			}
			mu.Lock()
			defer mu.Unlock()
			slowest = max(slowest, clock().Sub(from))
		})
	}
	wg.Wait()
	return slowest
}

// staff makes agents, and a lead for each of their calls.
func (w *world) staff(agents, calls int) {
	for id := campaign.AgentID(1); id <= campaign.AgentID(agents); id++ {
		w.agent(id, 1)
	}
	for id := campaign.LeadID(1); id <= campaign.LeadID(agents*calls); id++ {
		w.lead(id, nil)
	}
}

// done ends all calls.
func (w *world) done() {
	w.Helper()
	var held []campaign.Assignment
	w.change(func() {
		for _, a := range w.held {
			held = append(held, *a)
		}
	})
	for _, a := range held {
		w.happen(w.T, a.ID, campaign.HappenedStarted, "")
		w.happen(w.T, a.ID, campaign.HappenedConcluded, "")
		var s campaign.Session
		w.change(func() { s = w.session(a.AgentID) })
		if _, err := w.floor.Learned(w.Context(), a.AgentID, s); err != nil {
			w.Fatal(err)
		}
	}
	w.settled()
}

func TestThoseWhoBecomeReadyAtOnceShareTransactions(t *testing.T) {
	onFloor(t, Options{}, func(w *world) {
		w.staff(256, 1)
		w.change(func() { w.slow["ClaimLeads"] = 3 * time.Millisecond; w.slow["Arrivals"] = time.Millisecond })
		w.reset()
		slowest := w.crowded(256, 0)
		if n := w.count("ClaimLeads"); n > 2 || w.count("Take") > n || w.count("Arrivals") > 2 || w.count("Session") != 0 {
			w.Errorf("256 newcomers: %v", w.calls)
		}
		if slowest > 20*time.Millisecond { // they sign in as well: two moves each
			w.Errorf("the slowest waited %v", slowest)
		}
	})
}

// The first of many who come back waits a moment for the others: without that it would have a transaction to itself.
func TestThoseWhoComeBackTogetherAreServedTogether(t *testing.T) {
	onFloor(t, Options{}, func(w *world) {
		w.camp(1, func(c *campaign.Campaign) { c.Floor.WrapUp = 0 })
		w.sleep(2 * time.Second)
		w.staff(64, 3)
		w.change(func() { w.slow["ClaimLeads"] = 3 * time.Millisecond })
		w.crowded(64, time.Microsecond) // one, and those who come while it is served
		w.done()
		w.reset()
		if slowest := w.crowded(64, 5*time.Microsecond); w.count("ClaimLeads") != 1 || w.count("Take") != 1 || slowest > 4*time.Millisecond {
			w.Errorf("64 within 320 µs: %v; the slowest waited %v", w.calls, slowest)
		}
		w.done()
		w.reset()
		if slowest := w.crowded(1, 0); slowest != gatherTime+3*time.Millisecond {
			w.Errorf("one who comes back alone waited %v", slowest)
		}
	})
}

// Of all who come back it is not known what they own: no batch of them waits for the dispatcher's next look.
func TestMoreStrangersThanABatchAreServedWithoutAPause(t *testing.T) {
	onFloor(t, Options{}, func(w *world) {
		const agents = 1500
		w.staff(agents, 0)
		var known []*asked
		for id := campaign.AgentID(1); id <= agents; id++ {
			known = append(known, w.next(id, 100*time.Millisecond))
		}
		for _, a := range known {
			a.lead()
		}
		w.sleep(2500*time.Millisecond - time.Duration(clock().UnixNano()%int64(time.Second))) // far from the next look ahead
		w.change(func() { w.slow["Arrivals"] = 2 * time.Millisecond; w.slow["ClaimLeads"] = 10 * time.Millisecond })
		w.staff(agents, 1)
		if slowest := w.crowded(agents, 0); slowest > 100*time.Millisecond { // six batches
			w.Errorf("the slowest waited %v", slowest)
		}
	})
}
