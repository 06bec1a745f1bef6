package dialer

import (
	"context"
	"testing"
	"time"

	"redial/campaign"
)

func TestAPromiseGoesToItsOwnerAtItsInstant(t *testing.T) {
	onFloor(t, Options{}, func(w *world) {
		w.agent(1, 1)
		w.agent(2, 1)
		w.desk(1) // has waited longer
		owner := w.desk(2)
		due := 6*time.Minute + 123456*time.Microsecond
		w.promise(1, 2, due)
		at := clock().Add(due)
		w.floor.Wake(1) // it was booked here
		w.sleep(7 * time.Minute)
		if len(w.noted) != 1 || w.noted[0].agent != 2 || !w.noted[0].at.Equal(at) {
			w.Fatalf("claims %v, want one by 2 at %v", w.noted, at)
		}
		if got := owner.read().offers[0].Facts.Promise; got == nil || got.ID != 1 {
			w.Fatalf("the card's promise is %v", got)
		}
	})
}

func TestAPromiseWhoseOwnerIsBusyWaitsThenGoesToAnyFitAgent(t *testing.T) {
	onFloor(t, Options{}, func(w *world) {
		w.camp(2, nil)
		w.agent(1, 2) // no member
		w.agent(2, 1)
		w.agent(3, 1)
		w.lead(9, nil)
		owner := w.desk(3)
		same(w, "busy with", owner.leads(), []campaign.LeadID{9})
		w.desk(1)
		w.desk(2)
		w.promise(1, 3, time.Minute)
		at := clock().Add(time.Minute + campaign.DefaultFloor().OwnerWait)
		w.floor.Wake(1)
		w.happen(w.T, owner.last().ID, campaign.HappenedStarted, "")
		w.sleep(10 * time.Minute)
		if len(w.noted) != 2 || w.noted[1] != (claimed{2, 1, at}) {
			w.Fatalf("claims %v, want 2 at %v", w.noted, at)
		}
	})
}

func TestAPromiseOfNobodyGoesToAnyFitAgentAtOnce(t *testing.T) {
	onFloor(t, Options{}, func(w *world) {
		w.agent(1, 1)
		w.promise(1, 0, time.Minute)
		at := clock().Add(time.Minute)
		w.desk(1)
		w.sleep(2 * time.Minute)
		if len(w.noted) != 1 || !w.noted[0].at.Equal(at) {
			w.Fatalf("claims %v, want one at %v", w.noted, at)
		}
	})
}

func TestAPromiseOfAnAgentAtAnotherNode(t *testing.T) {
	onFloor(t, Options{}, func(w *world) {
		there := w.node("there", Options{Heartbeat: time.Hour})
		ctx, stop := context.WithCancel(w.Context())
		ended := make(chan struct{})
		go func() { defer close(ended); _ = there.Run(ctx) }()
		w.agent(1, 1)
		w.agent(2, 1)
		w.desk(1)
		d, _, _, err := there.SignIn(ctx, 2, true)
		if err != nil {
			w.Fatal(err)
		}
		owner := &seen{w: w, agent: 2, desk: d}
		w.promise(1, 2, time.Minute)
		at := clock().Add(time.Minute)
		w.floor.Wake(1)
		w.sleep(5 * time.Minute)
		if len(w.noted) != 1 || w.noted[0] != (claimed{2, 1, at}) {
			w.Fatalf("claims %v, want one by 2 at %v", w.noted, at)
		}
		same(w, "the owner's desk", owner.leads(), []campaign.LeadID{1})
		stop()
		<-ended
	})
}

func TestPromisesThatNobodyIsThereForHideNoOther(t *testing.T) {
	onFloor(t, Options{}, func(w *world) {
		w.camp(2, nil) // nobody calls for it today
		w.sleep(2 * time.Second)
		w.change(func() {
			for id := campaign.LeadID(100); id < 100+lookAheadMax; id++ {
				w.leads[id] = &fakeLead{id: id, camp: 2, tried: true, promise: &campaign.Appointment{ID: campaign.AppointmentID(id), LeadID: id, CampaignID: 2, Owner: 99, At: clock()}}
			}
		})
		w.agent(1, 1)
		d := w.desk(1)
		w.promise(1, 1, 6*time.Minute)
		due := clock().Add(6 * time.Minute)
		w.sleep(7 * time.Minute)
		same(w, "the owner's desk", d.leads(), []campaign.LeadID{1})
		if !w.noted[0].at.Equal(due) {
			w.Fatalf("at %v, want %v", w.noted[0].at, due)
		}
	})
}

func TestAnAgentWhosePromiseIsNearIsKeptFree(t *testing.T) {
	onFloor(t, Options{}, func(w *world) {
		w.camp(1, func(c *campaign.Campaign) { c.Floor.RemindBefore = 5 * time.Minute })
		w.camp(2, func(c *campaign.Campaign) { c.Floor.RemindBefore = 0 }) // its own does not count
		w.sleep(2 * time.Second)
		w.agent(1, 1, 2)
		w.promise(1, 1, 6*time.Minute)
		due := clock().Add(6 * time.Minute)
		d := w.desk(1)
		w.lead(8, func(l *fakeLead) { l.camp = 2 })
		w.floor.Wake(0)
		same(w, "six minutes before", d.leads(), []campaign.LeadID{8})
		w.lead(9, func(l *fakeLead) { l.camp = 2 })
		w.sleep(61 * time.Second)
		d.work()
		w.sleep(4 * time.Minute)
		same(w, "then nothing", d.leads(), []campaign.LeadID{8})
		w.sleep(time.Minute)
		same(w, "but the promise", d.leads(), []campaign.LeadID{8, 1})
		if !w.noted[1].at.Equal(due) {
			w.Fatalf("at %v, want %v", w.noted[1].at, due)
		}
	})
}

func TestAReminderHalfAnHourAheadKeepsFreeToo(t *testing.T) {
	onFloor(t, Options{}, func(w *world) {
		w.camp(1, func(c *campaign.Campaign) { c.Floor.RemindBefore = 30 * time.Minute })
		w.sleep(2 * time.Second)
		w.agent(1, 1)
		w.promise(1, 1, 20*time.Minute)
		d := w.desk(1)
		w.lead(9, nil)
		w.sleep(time.Minute)
		same(w, "kept free", d.leads(), nil)
		if got := d.read().remind; len(got) != 1 || got[0].ID != 1 {
			w.Fatalf("reminded of %v", got)
		}
	})
}

func TestAPromiseThatCannotBeHadKeepsNobodyFromWork(t *testing.T) {
	onFloor(t, Options{}, func(w *world) {
		w.agent(1, 1)
		for id := campaign.LeadID(1); id <= 100; id++ {
			w.promise(id, 1, -time.Minute)
			w.leads[id].gate, w.leads[id].promise.Reminded = "list", true
		}
		for id := campaign.LeadID(200); id < 300; id++ {
			w.lead(id, nil)
		}
		d := w.desk(1)
		w.sleep(time.Second)
		if len(d.leads()) != 1 {
			w.Error("nothing came within a second")
		}
		w.sleep(2 * time.Second)
		w.reset()
		worked := 0
		for range 20 {
			if len(d.read().offers) > worked {
				worked = len(d.offers)
				d.work()
			}
			w.sleep(3 * time.Second)
		}
		if worked < 15 {
			w.Errorf("%d leads in a minute", worked)
		}
		if n := w.count("ClaimLeads"); n > 600 {
			w.Errorf("%d claims in a minute for a hundred promises that cannot be had", n)
		}
	})
}

func TestAPromiseWhoseGateOpensIsOfferedThen(t *testing.T) {
	onFloor(t, Options{}, func(w *world) {
		w.agent(1, 1)
		w.promise(1, 1, 0)
		opens := clock().Add(47*time.Second + 5*time.Millisecond)
		w.leads[1].gate, w.leads[1].openAt = "hours", opens
		w.desk(1)
		w.sleep(2 * time.Minute)
		if len(w.noted) != 1 || !w.noted[0].at.Equal(opens) {
			w.Fatalf("claims %v, want one at %v", w.noted, opens)
		}
	})
}

func TestADeclinedPromiseGoesToAnotherAndComesBack(t *testing.T) {
	onFloor(t, Options{}, func(w *world) {
		w.agent(1, 1)
		w.promise(1, 1, 0)
		d := w.desk(1)
		same(w, "due", d.leads(), []campaign.LeadID{1})
		w.lead(9, nil)
		decline := func() {
			w.floor.Declined(1, 1)
			w.happen(w.T, d.last().ID, campaign.HappenedDeclined, "no")
			d.refresh()
		}
		decline()
		w.sleep(5 * time.Second)
		same(w, "something else meanwhile", d.leads(), []campaign.LeadID{1, 9})
		d.work()
		w.sleep(2 * time.Minute)
		same(w, "once more, for the customer waits", d.leads(), []campaign.LeadID{1, 9, 1})
		w.agent(2, 1)
		decline()
		two := w.desk(2)
		w.sleep(3 * time.Second)
		same(w, "past the owner's time", two.leads(), []campaign.LeadID{1})
	})
}

func TestAFinishedCampaignOffersItsPromisesAlone(t *testing.T) {
	onFloor(t, Options{}, func(w *world) {
		w.agent(1, 1)
		w.camp(1, func(c *campaign.Campaign) { c.State = campaign.CampaignFinished })
		w.sleep(2 * time.Second)
		w.lead(1, nil)
		w.lead(2, func(l *fakeLead) { l.owner, l.tried = 1, true })
		w.promise(3, 1, time.Hour)
		d := w.desk(1)
		w.sleep(time.Hour)
		same(w, "the promise", d.leads(), []campaign.LeadID{3})
		if len(w.noted) != 1 {
			w.Fatalf("claims %v", w.noted)
		}
	})
}

func TestRemindedExactlyOnce(t *testing.T) {
	onFloor(t, Options{}, func(w *world) {
		w.agent(1, 1)
		w.promise(1, 1, 20*time.Minute)
		w.fails["MarkReminded"] = 1
		d := w.desk(1)
		w.sleep(14 * time.Minute)
		if got := d.read().remind; len(got) != 0 {
			w.Fatalf("reminded %v too early", got)
		}
		w.sleep(90 * time.Second)
		if got := d.read().remind; len(got) != 1 || got[0].ID != 1 {
			w.Fatalf("reminded of %v, want once, though it failed at first", got)
		}
		again := w.desk(1) // at another desk
		w.sleep(2 * time.Minute)
		if n := len(d.read().remind) + len(again.read().remind); n != 1 {
			w.Fatalf("reminded %d times", n)
		}
	})
}

func TestAThousandPromisesInOneSecond(t *testing.T) {
	onFloor(t, Options{}, func(w *world) {
		for id := campaign.AgentID(1); id <= 1000; id++ {
			w.agent(id, 1)
			w.promise(campaign.LeadID(id), id, 30*time.Second+time.Duration(id)*time.Millisecond)
			if _, _, _, err := w.floor.SignIn(w.Context(), id, true); err != nil {
				w.Fatal(err)
			}
		}
		start := clock()
		w.sleep(time.Minute)
		if len(w.noted) != 1000 {
			w.Fatalf("%d offers", len(w.noted))
		}
		for _, c := range w.noted {
			due := start.Add(30*time.Second + time.Duration(c.agent)*time.Millisecond)
			if campaign.LeadID(c.agent) != c.lead || !c.at.Equal(due) {
				w.Fatalf("%+v, due at %v", c, due)
			}
		}
	})
}
