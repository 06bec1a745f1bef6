package dialer

import (
	"testing"
	"time"

	"redial/campaign"
)

// claimsSlowly lets the record commit a claim at once and answer it only after so long, the way a loaded link does.
func (w *world) claimsSlowly(d time.Duration) { w.change(func() { w.late["ClaimLeads"] = d }) }

// Between the commit of a claim and the card's way to the desk its offer may be taken back: the desk must not get it.
func TestACardThatWasTakenBackOnItsWayIsNotHandedOut(t *testing.T) {
	onFloor(t, Options{}, func(w *world) {
		w.agent(1, 1)
		d := w.desk(1)
		w.claimsSlowly(3 * time.Second)
		w.lead(1, nil)
		w.floor.Wake(1)
		w.sleep(time.Second)
		var held campaign.AssignmentID
		w.change(func() { held = w.session(1).Assignment })
		if held == 0 {
			w.Fatal("nothing was claimed")
		}
		w.change(func() { w.leads[1].gate = "suppression" })
		w.floor.Revoked([]campaign.Assignment{w.happen(w.T, held, campaign.HappenedRevoked, "suppressed")})
		w.sleep(5 * time.Second)
		same(w, "the desk", d.leads(), nil)
		if s := w.floor.seats[1].session; s.State != campaign.AgentReady || s.Assignment != 0 {
			w.Errorf("the floor believes %s with assignment %d", s.State, s.Assignment)
		}
		w.claimsSlowly(0)
		w.lead(2, nil)
		w.floor.Wake(1)
		w.sleep(5 * time.Second)
		same(w, "the desk then", d.leads(), []campaign.LeadID{2})
	})
}

// The same of a NextCall: it is answered with what the record says and never with the card that is gone.
func TestANextCallIsNotAnsweredWithACardThatWasTakenBack(t *testing.T) {
	onFloor(t, Options{}, func(w *world) {
		w.agent(1, 1)
		a := w.next(1, 20*time.Second)
		w.claimsSlowly(3 * time.Second)
		w.lead(1, nil)
		w.floor.Wake(1)
		w.sleep(time.Second)
		held := w.session(1).Assignment
		w.change(func() { w.leads[1].gate = "suppression" })
		w.floor.Revoked([]campaign.Assignment{w.happen(w.T, held, campaign.HappenedRevoked, "suppressed")})
		if got := a.lead(); got != 0 || a.err != nil {
			w.Errorf("answered with lead %d, %v", got, a.err)
		}
	})
}

// An offer whose time is over before it reached the desk is no offer.
func TestAnOfferThatLapsedOnItsWayIsNotHandedOut(t *testing.T) {
	onFloor(t, Options{}, func(w *world) {
		w.camp(1, func(c *campaign.Campaign) { c.Floor.OfferTime = 2 * time.Second })
		w.sleep(2 * time.Second) // the floor reads its campaigns
		w.agent(1, 1)
		d := w.desk(1)
		w.claimsSlowly(3 * time.Second)
		w.lead(1, nil)
		w.floor.Wake(1)
		w.sleep(10 * time.Second)
		same(w, "the desk", d.leads(), nil)
		w.state(1, campaign.AgentBreak, ReasonOfferLapsed)
		if s := w.floor.seats[1].session; s.State != campaign.AgentBreak {
			w.Errorf("the floor believes %s", s.State)
		}
	})
}

// A desk that is mounted while a claim is under way finds the card in hand; the claim's answer must not ring again.
func TestACardIsHandedOutOnceToADeskThatCameMeanwhile(t *testing.T) {
	onFloor(t, Options{}, func(w *world) {
		w.agent(1, 1)
		w.desk(1)
		w.claimsSlowly(3 * time.Second)
		w.lead(1, nil)
		w.floor.Wake(1)
		w.sleep(time.Second)
		again := w.desk(1)
		w.sleep(5 * time.Second)
		same(w, "the new desk", again.leads(), []campaign.LeadID{1})
	})
}

// Agents come and go by the thousand over weeks: nothing may stay behind of those who left, whenever it was.
func TestNothingStaysOfAgentsWhoLeft(t *testing.T) {
	onFloor(t, Options{}, func(w *world) {
		const many = 200
		w.claimsSlowly(300 * time.Millisecond)
		for id := campaign.AgentID(1); id <= many; id++ {
			w.agent(id, 1)
			switch id % 5 {
			case 0: // leaves while a claim that finds nothing is under way
				w.lead(campaign.LeadID(id), nil)
				d := w.desk(id)
				w.change(func() { w.leads[campaign.LeadID(id)].gate = "hours" })
				w.floor.Wake(1)
				w.sleep(10 * time.Millisecond)
				w.apply(id, SignOut{})
				w.floor.Leave(id, d.desk)
			case 1: // leaves while waiting
				d := w.desk(id)
				w.apply(id, SignOut{})
				w.floor.Leave(id, d.desk)
			case 2: // its stream breaks off while it waits, and it signs out by a unary word
				d := w.desk(id)
				w.floor.Leave(id, d.desk)
				w.apply(id, SignOut{})
			case 3: // asks by NextCall
				a := w.next(id, 50*time.Millisecond)
				w.apply(id, SignOut{})
				<-a.done
			case 4: // goes on at another node
				d := w.desk(id)
				other := w.node("there", Options{Heartbeat: 24 * time.Hour})
				desk, _, _, err := other.SignIn(w.Context(), id, true)
				if err != nil {
					w.Fatal(err)
				}
				w.sleep(3 * time.Second) // this node sees it when it looks
				w.floor.Leave(id, d.desk)
				other.Leave(id, desk)
				if _, err := other.Apply(w.Context(), id, SignOut{}); err != nil {
					w.Fatal(err)
				}
				other.Drain()
			}
			w.settled()
		}
		w.sleep(time.Minute)
		w.empty()
	})
}

// A deadline that could not act, because the record was away, is not forgotten: else the seat of one who is gone stays.
func TestATimerThatCouldNotActTriesAgain(t *testing.T) {
	onFloor(t, Options{Heartbeat: 30 * time.Second}, func(w *world) {
		w.agent(1, 1)
		d := w.desk(1)
		w.floor.Leave(1, d.desk)
		w.change(func() { w.fails["MoveSession"] = 3 })
		w.sleep(2 * time.Minute)
		w.state(1, campaign.AgentSignedOut, ReasonHeartbeatLost)
		w.empty()
	})
}

// empty checks that the floor remembers nobody.
func (w *world) empty() {
	w.Helper()
	f := w.floor
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.seats)+f.queue.len()+len(f.strangers)+len(f.ahead.rest)+len(f.ahead.brought) != 0 {
		w.Errorf("%d seats, %d in the queue, %d strangers, %d leads at rest, %d promises brought", len(f.seats), f.queue.len(),
			len(f.strangers), len(f.ahead.rest), len(f.ahead.brought))
	}
	for id, s := range f.seats {
		w.Logf("agent %d (%d of the test): %s at %q, pending %t, desk %t, callers %d", id, id%5, s.session.State, s.session.Node,
			s.pending, s.desk != nil, len(s.callers))
	}
}
