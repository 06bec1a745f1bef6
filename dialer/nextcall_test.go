package dialer

import (
	"context"
	"errors"
	"testing"
	"time"

	"redial/campaign"
)

func TestNextCallWaits(t *testing.T) {
	onFloor(t, Options{}, func(w *world) {
		w.agent(1, 1)
		call := w.next(1, time.Minute)
		w.sleep(10 * time.Second)
		w.lead(1, nil)
		w.floor.Wake(1)
		if got := call.lead(); got != 1 || call.err != nil || !call.at.Equal(call.from.Add(10*time.Second)) || call.session.State != campaign.AgentOffered {
			w.Fatalf("lead %d in %+v, error %v at %v", got, call.session, call.err, call.at)
		}
		again := w.next(1, time.Minute)
		if got := again.lead(); got != 1 || again.got.Assignment.ID != call.got.Assignment.ID || !again.at.Equal(again.from) {
			w.Fatalf("asked again: lead %d after %v", got, again.at.Sub(again.from))
		}
	})
}

func TestNextCallGivesUpInTime(t *testing.T) {
	onFloor(t, Options{}, func(w *world) {
		w.agent(1, 1)
		call := w.next(1, 30*time.Second)
		if call.lead() != 0 || call.err != nil || !call.at.Equal(call.from.Add(30*time.Second)) || call.session.State != campaign.AgentReady {
			w.Fatalf("%+v", call)
		}
		w.lead(1, nil) // nobody asks now
		w.floor.Wake(1)
		w.sleep(10 * time.Second)
		if len(w.noted) != 0 {
			w.Fatalf("claimed %v for nobody", w.noted)
		}
	})
}

func TestNextCallWhoseCallerGoesAway(t *testing.T) {
	onFloor(t, Options{}, func(w *world) {
		w.agent(1, 1)
		ctx, cancel := context.WithTimeout(w.Context(), 4500*time.Millisecond) // not at the instant of a look
		defer cancel()
		from := clock()
		_, _, err := w.floor.NextCall(ctx, 1, 0, time.Minute)
		if !errors.Is(err, context.DeadlineExceeded) || clock().Sub(from) != 4500*time.Millisecond {
			w.Fatalf("error %v after %v", err, clock().Sub(from))
		}
	})
}

func TestNextCallWaitsForAClaimUnderWay(t *testing.T) {
	for _, c := range []struct {
		name string
		slow time.Duration
		want campaign.LeadID
	}{{"soon", 700 * time.Millisecond, 1}, {"too late", 3 * time.Second, 0}} {
		t.Run(c.name, func(t *testing.T) {
			onFloor(t, Options{}, func(w *world) {
				w.agent(1, 1)
				w.change(func() { w.slow["ClaimLeads"] = c.slow })
				call := w.next(1, 10*time.Second)
				w.sleep(9900 * time.Millisecond)
				w.lead(1, nil)
				w.floor.Wake(1)
				if got := call.lead(); got != c.want || call.err != nil || call.at.Sub(call.from) > 11*time.Second {
					w.Fatalf("lead %d, error %v after %v", got, call.err, call.at.Sub(call.from))
				}
				w.sleep(3 * time.Second)
				if got := w.next(1, time.Second).lead(); got != 1 {
					w.Fatalf("asked again: lead %d, want what was claimed", got)
				}
			})
		})
	}
}

func TestTwoNextCallsOfOneAgent(t *testing.T) {
	onFloor(t, Options{}, func(w *world) {
		w.agent(1, 1)
		a, b := w.next(1, time.Minute), w.next(1, time.Minute)
		w.lead(1, nil)
		w.lead(2, nil)
		w.floor.Wake(1)
		if a.lead() != 1 || b.lead() != 1 || len(w.noted) != 1 {
			w.Fatalf("leads %d and %d, claims %v", a.lead(), b.lead(), w.noted)
		}
	})
}

func TestAStreamAndANextCall(t *testing.T) {
	onFloor(t, Options{}, func(w *world) {
		w.agent(1, 1)
		d := w.desk(1)
		call := w.next(1, time.Minute)
		w.lead(1, nil)
		w.floor.Wake(1)
		if call.lead() != 1 {
			w.Fatalf("lead %d", call.lead())
		}
		same(w, "the desk", d.leads(), []campaign.LeadID{1})
		if d.why() != "" {
			w.Fatalf("the desk is closed for %q", d.why())
		}
	})
}

func TestAStreamHereAndANextCallThere(t *testing.T) {
	onFloor(t, Options{}, func(w *world) {
		w.agent(1, 1)
		d := w.desk(1)
		call := w.next(1, time.Minute)
		w.lead(1, nil)
		w.change(func() { w.offer(1, w.leads[1], nil) }) // the other node's dispatcher was quicker
		w.lead(2, nil)
		w.floor.Wake(1)
		if call.lead() != 1 || call.at.Sub(call.from) > 3*time.Second {
			w.Fatalf("lead %d after %v", call.lead(), call.at.Sub(call.from))
		}
		same(w, "the desk", d.leads(), []campaign.LeadID{1})
	})
}

func TestNextCallOfOneWhoIsPutOnBreak(t *testing.T) {
	onFloor(t, Options{}, func(w *world) {
		w.agent(1, 1)
		call := w.next(1, time.Minute)
		w.sleep(time.Second)
		w.apply(1, Forced{State: campaign.AgentBreak, Reason: "fire drill"})
		if call.lead() != 0 || call.err != nil || call.session.State != campaign.AgentBreak || call.at.Sub(call.from) != time.Second {
			w.Fatalf("%+v", call)
		}
		if next := w.next(1, time.Minute); next.lead() != 0 || campaign.ReasonOf(next.err) != campaign.ReasonNotReady {
			w.Fatalf("asked again: error %v", next.err)
		}
		w.state(1, campaign.AgentBreak, "fire drill")
	})
}

func TestNextCallEndsABreakThatTheFloorMade(t *testing.T) {
	onFloor(t, Options{}, func(w *world) {
		w.camp(1, func(c *campaign.Campaign) { c.Floor.OfferTime = 20 * time.Second })
		w.agent(1, 1)
		w.lead(1, nil)
		if w.next(1, time.Minute).lead() != 1 {
			w.Fatal("no lead")
		}
		w.sleep(time.Minute)
		w.state(1, campaign.AgentBreak, ReasonOfferLapsed)
		if got := w.next(1, time.Minute).lead(); got != 1 {
			w.Fatalf("lead %d", got)
		}
	})
}

func TestASimpleClientMayBeSilentForMinutes(t *testing.T) {
	onFloor(t, Options{Heartbeat: 45 * time.Second}, func(w *world) {
		w.agent(1, 1)
		w.lead(1, nil)
		call := w.next(1, time.Minute)
		if call.lead() != 1 {
			w.Fatal("no lead")
		}
		w.happen(w.T, call.got.Assignment.ID, campaign.HappenedStarted, "")
		if _, err := w.floor.Refresh(w.Context(), 1); err != nil {
			w.Fatal(err)
		}
		w.sleep(9 * time.Minute)
		w.state(1, campaign.AgentOnCall, "")
		w.sleep(2 * time.Minute)
		w.state(1, campaign.AgentSignedOut, ReasonHeartbeatLost)
	})
}

// TestWhatACycleCosts holds the number of calls of the record that a poll and a whole cycle make.
func TestWhatACycleCosts(t *testing.T) {
	onFloor(t, Options{}, func(w *world) {
		w.camp(1, func(c *campaign.Campaign) { c.Floor.WrapUp = 0 })
		w.sleep(2 * time.Second)
		w.agent(1, 1)
		w.next(1, time.Second).lead()
		w.reset()
		for range 10 {
			w.next(1, 200*time.Millisecond).lead()
		}
		if n := w.count("Session"); w.writes != 0 || n > 2 || w.count("Arrivals") > 2 || w.count("OpenAssignment") != 0 {
			w.Errorf("ten polls in two seconds: %v", w.calls)
		}
		for id := campaign.LeadID(1); id <= 10; id++ {
			w.lead(id, nil)
		}
		w.floor.Wake(1)
		w.reset()
		for range 10 {
			call := w.next(1, time.Second)
			if call.lead() == 0 {
				w.Fatal("no lead")
			}
			id := call.got.Assignment.ID
			for _, k := range []campaign.HappeningKind{campaign.HappenedStarted, campaign.HappenedConcluded} {
				w.happen(w.T, id, k, "")
				if _, err := w.floor.Refresh(w.Context(), 1); err != nil {
					w.Fatal(err)
				}
			}
		}
		if w.count("ClaimLeads") != 10 || w.count("Session") != 20 || w.writes != 0 || w.count("OpenAssignment") != 0 || w.count("Arrivals") > 1 {
			w.Errorf("ten cycles: %v", w.calls)
		}
	})
}
