package dialer

import (
	"context"
	"slices"
	"testing"
	"time"

	"redial/campaign"
)

func TestAReconnectedDeskGetsTheSameCard(t *testing.T) {
	onFloor(t, Options{}, func(w *world) {
		w.agent(1, 1)
		w.lead(1, nil)
		d := w.desk(1)
		held := d.last()
		w.happen(w.T, held.ID, campaign.HappenedStarted, "")
		w.floor.Leave(1, d.desk)
		again, s, card, err := w.floor.SignIn(w.Context(), 1, true)
		if err != nil || card == nil || card.Assignment.ID != held.ID || s.State != campaign.AgentOnCall || s.Assignment != held.ID {
			w.Fatalf("got %+v in %+v, error %v; want assignment %d", card, s, err, held.ID)
		}
		if d.why() == "" {
			w.Error("the first desk is open")
		}
		w.sleep(5 * time.Second)
		if got := (&seen{w: w, desk: again}).read(); len(got.offers) != 0 {
			w.Errorf("told again of %v", got.leads())
		}
	})
}

func TestASecondSignInCutsTheFirstDesk(t *testing.T) {
	onFloor(t, Options{}, func(w *world) {
		w.agent(1, 1)
		first := w.desk(1)
		epoch := w.session(1).Epoch
		second := w.desk(1)
		if first.why() != campaign.ReasonSignedInAnew || second.why() != "" {
			w.Fatalf("closed for %q and %q", first.why(), second.why())
		}
		_, err := w.floor.Apply(w.Context(), 1, WantBreak{Reason: "lunch", Epoch: epoch})
		if campaign.ReasonOf(err) != campaign.ReasonSignedInAnew {
			w.Errorf("the first desk's word: %v", err)
		}
		if _, err := w.floor.Beat(w.Context(), 1, epoch); campaign.ReasonOf(err) != campaign.ReasonSignedInAnew {
			w.Errorf("its heartbeat: %v", err)
		}
		if _, _, err := w.floor.NextCall(w.Context(), 1, epoch, time.Second); campaign.ReasonOf(err) != campaign.ReasonSignedInAnew {
			w.Errorf("its next call: %v", err)
		}
		w.lead(1, nil)
		w.floor.Wake(1)
		same(w, "the second", second.leads(), []campaign.LeadID{1})
		same(w, "the first", first.leads(), nil)
		w.floor.Leave(1, first.desk) // its stream ends only now
		if second.why() != "" {
			w.Error("the first one's end closed the second")
		}
	})
}

func TestOfTwoSignInsAtOnceTheLaterEpochStays(t *testing.T) {
	onFloor(t, Options{}, func(w *world) {
		w.agent(1, 1)
		early := w.apply(1, SignIn{Node: "here"}) // its desk comes after the next one's
		late := w.desk(1)
		desk := newDesk()
		w.floor.mount(&arrival{Arrival: campaign.Arrival{Agent: w.agents[1]}}, early, desk)
		if (&seen{w: w, desk: desk}).why() != campaign.ReasonSignedInAnew || late.why() != "" {
			w.Fatal("the wrong desk was cut")
		}
		w.lead(1, nil)
		w.floor.Wake(1)
		same(w, "the later", late.leads(), []campaign.LeadID{1})
	})
}

func TestASignInAtAnotherNodeCutsTheDesk(t *testing.T) {
	onFloor(t, Options{}, func(w *world) {
		w.agent(1, 1)
		d := w.desk(1)
		there := w.node("there", Options{Heartbeat: time.Hour})
		if _, _, _, err := there.SignIn(w.Context(), 1, true); err != nil {
			w.Fatal(err)
		}
		w.lead(1, nil)
		w.sleep(3 * time.Second)
		if d.why() != campaign.ReasonSignedInAnew {
			w.Fatalf("closed for %q", d.why())
		}
		there.Drain()
	})
}

func TestHeartbeatsLost(t *testing.T) {
	onFloor(t, Options{Heartbeat: 45 * time.Second}, func(w *world) {
		w.agent(1, 1)
		w.agent(2, 1)
		d := w.desk(1)
		alive := w.desk(2)
		for range 10 {
			w.sleep(15 * time.Second)
			if _, err := w.floor.Beat(w.Context(), 2, 0); err != nil {
				w.Fatal(err)
			}
			w.settled()
		}
		w.state(1, campaign.AgentSignedOut, ReasonHeartbeatLost)
		w.state(2, campaign.AgentReady, ReasonAsked)
		if d.why() != ReasonHeartbeatLost || !slices.Contains(d.read().notices, ReasonHeartbeatLost) || alive.why() != "" {
			w.Fatalf("closed for %q after %v; the other for %q", d.why(), d.notices, alive.why())
		}
		if _, err := w.floor.Beat(w.Context(), 1, 0); campaign.ReasonOf(err) != campaign.ReasonBadState {
			w.Errorf("a heartbeat of one who is signed out: %v", err)
		}
	})
}

func TestADeskThatNeverBeatsIsLostInTime(t *testing.T) {
	onFloor(t, Options{Heartbeat: 45 * time.Second}, func(w *world) {
		w.agent(1, 1)
		if _, _, _, err := w.floor.SignIn(w.Context(), 1, false); err != nil {
			w.Fatal(err)
		}
		w.sleep(44 * time.Second)
		w.state(1, campaign.AgentBreak, ReasonSignedIn)
		w.sleep(2 * time.Second)
		w.state(1, campaign.AgentSignedOut, ReasonHeartbeatLost)
	})
}

func TestAnOfferLapses(t *testing.T) {
	onFloor(t, Options{}, func(w *world) {
		w.camp(1, func(c *campaign.Campaign) { c.Floor.OfferTime = 7 * time.Second })
		w.sleep(2 * time.Second)
		w.agent(1, 1)
		w.lead(1, nil)
		d := w.desk(1)
		id := d.last().ID
		w.sleep(6800 * time.Millisecond)
		w.state(1, campaign.AgentOffered, "")
		w.sleep(200 * time.Millisecond)
		w.state(1, campaign.AgentBreak, ReasonOfferLapsed)
		if got := d.read().revoked; len(got) != 1 || got[0].Assignment != id || got[0].Reason != ReasonOfferLapsed {
			w.Fatalf("told of %+v", got)
		}
		if !slices.Contains(d.notices, ReasonOfferLapsed) {
			w.Errorf("notices %v", d.notices)
		}
		w.sleep(time.Minute)
		same(w, "an empty chair", d.leads(), []campaign.LeadID{1})
	})
}

func TestWrapUpEndsByItself(t *testing.T) {
	onFloor(t, Options{}, func(w *world) {
		w.camp(1, func(c *campaign.Campaign) { c.Floor.WrapUp = 30 * time.Second })
		w.sleep(2 * time.Second)
		w.agent(1, 1)
		w.lead(1, nil)
		d := w.desk(1)
		w.lead(2, nil)
		id := d.last().ID
		w.happen(w.T, id, campaign.HappenedStarted, "")
		w.happen(w.T, id, campaign.HappenedConcluded, "")
		d.refresh()
		w.state(1, campaign.AgentWrapUp, ReasonConcluded)
		at := clock().Add(30 * time.Second)
		w.sleep(time.Minute)
		if len(w.noted) != 2 || !w.noted[1].at.Equal(at) {
			w.Fatalf("claims %v, want the second at %v", w.noted, at)
		}
	})
}

func TestAnOutcomeThatNeverComes(t *testing.T) {
	onFloor(t, Options{}, func(w *world) {
		w.agent(1, 1)
		w.lead(1, nil)
		d := w.desk(1)
		id := d.last().ID
		w.happen(w.T, id, campaign.HappenedStarted, "")
		w.happen(w.T, id, campaign.HappenedEnded, "")
		d.refresh()
		w.sleep(time.Minute)
		w.state(1, campaign.AgentWrapUp, ReasonOutcomeOverdue)
		w.sleep(DefaultOutcomeWait)
		w.state(1, campaign.AgentBreak, ReasonOutcomeMissing)
		if !w.leads[1].done {
			w.Error("the call was not given up")
		}
	})
}

func TestARevokedOfferIsToldWithItsReason(t *testing.T) {
	onFloor(t, Options{}, func(w *world) {
		w.agent(1, 1)
		w.lead(1, nil)
		d := w.desk(1)
		w.lead(2, nil)
		a := w.happen(w.T, d.last().ID, campaign.HappenedRevoked, "suppressed")
		w.change(func() { w.leads[1].done = true })
		w.floor.Revoked([]campaign.Assignment{a})
		if got := d.read().revoked; len(got) != 1 || got[0] != (Revoked{Assignment: a.ID, Reason: "suppressed"}) {
			w.Fatalf("told of %+v", got)
		}
		same(w, "and the next", d.leads(), []campaign.LeadID{1, 2})
	})
}

func TestAnOfferRevokedElsewhereIsSeen(t *testing.T) {
	onFloor(t, Options{}, func(w *world) {
		w.agent(1, 1)
		w.lead(1, nil)
		d := w.desk(1)
		a := w.happen(w.T, d.last().ID, campaign.HappenedRevoked, "list_off")
		w.change(func() { w.leads[1].done = true })
		w.sleep(3 * time.Second)
		if got := d.read().revoked; len(got) != 1 || got[0].Assignment != a.ID {
			w.Fatalf("told of %+v", got)
		}
	})
}

func TestASupervisorTakesAnOfferBack(t *testing.T) {
	onFloor(t, Options{}, func(w *world) {
		w.agent(1, 1)
		w.lead(1, nil)
		d := w.desk(1)
		id := d.last().ID
		w.apply(1, Forced{State: campaign.AgentBreak, Reason: "fire drill", By: "boss"})
		if got := d.read().revoked; len(got) != 1 || got[0].Assignment != id {
			w.Fatalf("told of %+v", got)
		}
		w.state(1, campaign.AgentBreak, "fire drill (by boss)")
	})
}

func TestASlowDeskIsCut(t *testing.T) {
	onFloor(t, Options{}, func(w *world) {
		w.agent(1, 1)
		d := w.desk(1)
		for i := range deskBuffer + 1 {
			if i%2 == 0 {
				w.apply(1, WantBreak{Reason: "a"})
			} else {
				w.apply(1, WantReady{})
			}
		}
		if d.why() != closedSlow {
			w.Fatalf("closed for %q", d.why())
		}
		again := w.desk(1)
		if again.why() != "" {
			w.Fatalf("the next desk is closed for %q", again.why())
		}
	})
}

func TestALookThatBeganBeforeAClaimChangesNothing(t *testing.T) {
	onFloor(t, Options{}, func(w *world) {
		w.agent(1, 1)
		d := w.desk(1)
		w.sleep(time.Second)
		old := w.session(1) // ready
		w.sleep(time.Second)
		w.lead(1, nil)
		w.floor.Wake(1)
		same(w, "offered", d.leads(), []campaign.LeadID{1})
		w.floor.mu.Lock()
		w.floor.learn(w.floor.seats[1], old)
		w.floor.mu.Unlock()
		if s := d.read().states[len(d.states)-1]; s.State != campaign.AgentOffered || len(d.revoked) != 0 {
			w.Fatalf("told %+v, revoked %+v", s, d.revoked)
		}
	})
}

func TestACardClaimedWhileTheAnswerWasLostIsShown(t *testing.T) {
	onFloor(t, Options{}, func(w *world) {
		w.agent(1, 1)
		d := w.desk(1)
		w.lead(1, nil)
		w.change(func() { w.offer(1, w.leads[1], nil) }) // the claim committed, its answer never came
		w.sleep(3 * time.Second)
		same(w, "the desk", d.leads(), []campaign.LeadID{1})
		w.sleep(5 * time.Second)
		same(w, "once", d.leads(), []campaign.LeadID{1})
	})
}

func TestDrain(t *testing.T) {
	onFloor(t, Options{}, func(w *world) {
		w.agent(1, 1)
		w.agent(2, 1)
		w.agent(3, 1)
		d := w.desk(1)
		call := w.next(2, time.Minute)
		w.floor.Drain()
		w.floor.Drain()
		<-call.done
		if !call.at.Equal(call.from) || call.got != nil || campaign.KindOf(call.err) != campaign.KindAway {
			w.Fatalf("got %v, error %v after %v", call.got, call.err, call.at.Sub(call.from))
		}
		if d.why() != closedDraining {
			w.Errorf("the desk is closed for %q", d.why())
		}
		w.lead(1, nil)
		w.floor.Wake(1)
		w.sleep(5 * time.Second)
		if len(w.noted) != 0 {
			w.Errorf("claimed %v while stopping", w.noted)
		}
		if _, _, _, err := w.floor.SignIn(w.Context(), 3, true); campaign.KindOf(err) != campaign.KindAway {
			w.Errorf("sign-in: %v", err)
		}
		if _, _, err := w.floor.NextCall(w.Context(), 3, 0, time.Minute); campaign.KindOf(err) != campaign.KindAway {
			w.Errorf("next call: %v", err)
		}
		w.state(3, campaign.AgentSignedOut, "")
	})
}

func TestAStreamThatComesWhileTheNodeStops(t *testing.T) {
	onFloor(t, Options{}, func(w *world) {
		w.agent(1, 1)
		w.change(func() { w.slow["MoveSession"] = time.Second })
		desk := make(chan *Desk, 1)
		go func() {
			d, _, _, err := w.floor.SignIn(context.WithoutCancel(w.Context()), 1, true)
			if err != nil {
				w.Error(err)
			}
			desk <- d
		}()
		w.sleep(500 * time.Millisecond)
		w.floor.Drain()
		if d := <-desk; d.Why() != closedDraining {
			w.Fatalf("closed for %q", d.Why())
		}
	})
}

func TestAnAgentWhoIsSwitchedOffCannotSignIn(t *testing.T) {
	onFloor(t, Options{}, func(w *world) {
		w.agent(1, 1)
		w.change(func() { w.agents[1] = campaign.Agent{ID: 1, Login: "ann"} })
		if _, _, _, err := w.floor.SignIn(w.Context(), 1, true); campaign.ReasonOf(err) != campaign.ReasonBadState {
			w.Errorf("error %v", err)
		}
		if _, _, _, err := w.floor.SignIn(w.Context(), 9, true); campaign.KindOf(err) != campaign.KindNotFound {
			w.Errorf("error %v", err)
		}
	})
}

func TestSeatsOfThoseWhoLeftAreForgotten(t *testing.T) {
	onFloor(t, Options{}, func(w *world) {
		w.agent(1, 1)
		w.agent(2, 1)
		w.desk(1)
		w.apply(1, SignOut{})
		if err := w.next(2, time.Second); err.lead() != 0 {
			w.Fatal("a lead from nowhere")
		}
		w.apply(2, SignOut{})
		w.settled()
		w.floor.mu.Lock()
		defer w.floor.mu.Unlock()
		if len(w.floor.seats)+w.floor.queue.len()+len(w.floor.strangers) != 0 {
			w.Fatalf("%d seats are left", len(w.floor.seats))
		}
	})
}
