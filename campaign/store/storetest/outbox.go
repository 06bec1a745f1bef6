package storetest

import (
	"sync"
	"time"

	"redial/campaign"
	"redial/campaign/store"
)

var outboxCases = []testCase{
	{"events are numbered without a gap, in order within a lead", eventsInOrder},
	{"an old sequencer is fenced off", sequencerFenced},
	{"one node has a lease at a time", leases},
	{"a slot is taken once", slots},
}

func eventsInOrder(b *bundle) {
	c := b.campaign(func(c *campaign.Campaign) { c.Rules.Interval = time.Second })
	leads := b.some(c, 4)
	epoch, leader, err := b.s.Elect(b.Context(), store.Elected, "n1", time.Hour)
	if err != nil || !leader {
		b.Fatalf("leader %v, error %v", leader, err)
	}
	var wg sync.WaitGroup
	for i, l := range leads {
		a := b.agent()
		wg.Go(func() {
			for range 3 {
				b.wait(2 * time.Second)
				got, err := b.s.ClaimLeads(b.Context(), []campaign.Claim{{Agent: a, Candidates: []campaign.LeadID{l}}})
				if err != nil || got[0].Assignment == nil {
					b.Errorf("lead %d: %v %+v", i, err, got)
					return
				}
				if _, err := b.s.StartCall(b.Context(), got[0].Assignment.ID, a); err != nil {
					b.Error(err)
				}
				if _, err := b.s.Conclude(b.Context(), result(*got[0].Assignment, campaign.Busy)); err != nil {
					b.Error(err)
				}
			}
		})
		wg.Go(func() {
			if _, err := b.s.Sequence(b.Context(), epoch, 2); err != nil {
				b.Error(err)
			}
		})
	}
	wg.Wait()
	for {
		if n := must[int](b)(b.s.Sequence(b.Context(), epoch, 5)); n == 0 {
			break
		}
	}
	var after int64
	last := make(map[campaign.LeadID]campaign.EventID)
	attempts := 0
	for {
		some := must[campaign.EventPage](b)(b.s.Events(b.Context(), after, after+3, campaign.EventFilter{}))
		if len(some.Events) == 0 {
			break
		}
		for _, e := range some.Events {
			if e.Seq != after+1 {
				b.Fatalf("event %d follows %d", e.Seq, after)
			}
			if e.LeadID != 0 && e.ID <= last[e.LeadID] {
				b.Fatalf("events of lead %d are out of order", e.LeadID)
			}
			last[e.LeadID], after = e.ID, e.Seq
			if e.Type == campaign.EventAttempt {
				attempts++
			}
		}
	}
	if attempts != 12 {
		b.Fatalf("%d attempts in the stream, want 12", attempts)
	}
	only := must[campaign.EventPage](b)(b.s.Events(b.Context(), 0, 1000, campaign.EventFilter{Campaigns: []campaign.CampaignID{c.ID}, Types: []campaign.EventType{campaign.EventAttempt}}))
	if len(only.Events) != 12 {
		b.Fatalf("%d events of the type", len(only.Events))
	}
}

func sequencerFenced(b *bundle) {
	b.some(b.campaign(nil), 1)
	old, _, err := b.s.Elect(b.Context(), store.Elected, "n1", time.Minute)
	b.ok(err)
	b.wait(2 * time.Minute)
	_, err = b.s.Sequence(b.Context(), old, 10)
	b.refused(err, campaign.KindConflict, campaign.ReasonLeaseExpired)
	now, leader, err := b.s.Elect(b.Context(), store.Elected, "n2", time.Minute)
	if err != nil || !leader || now <= old {
		b.Fatalf("epoch %d after %d, leader %v, error %v", now, old, leader, err)
	}
	_, err = b.s.Sequence(b.Context(), old, 10)
	b.refused(err, campaign.KindConflict, campaign.ReasonLeaseExpired)
	if n := must[int](b)(b.s.Sequence(b.Context(), now, 10)); n == 0 {
		b.Fatal("nothing was numbered")
	}
}

func leases(b *bundle) {
	ctx := b.Context()
	e1, leader, err := b.s.Elect(ctx, "x", "n1", time.Minute)
	if err != nil || !leader {
		b.Fatal(leader, err)
	}
	if _, leader, err := b.s.Elect(ctx, "x", "n2", time.Minute); err != nil || leader {
		b.Fatal("two leaders", err)
	}
	if e, leader, err := b.s.Elect(ctx, "x", "n1", time.Minute); err != nil || !leader || e != e1 {
		b.Fatalf("renewed to epoch %d, leader %v, error %v", e, leader, err)
	}
	b.ok(b.s.Resign(ctx, "x", "n2")) // not its own
	if _, leader, _ := b.s.Elect(ctx, "x", "n2", time.Minute); leader {
		b.Fatal("n2 resigned for n1")
	}
	b.ok(b.s.Resign(ctx, "x", "n1"))
	if e, leader, err := b.s.Elect(ctx, "x", "n2", time.Minute); err != nil || !leader || e <= e1 {
		b.Fatalf("epoch %d, leader %v, error %v", e, leader, err)
	}
}

func slots(b *bundle) {
	for i, want := range []bool{true, false} {
		if got := must[bool](b)(b.s.Slot(b.Context(), "purge", 7)); got != want {
			b.Fatalf("time %d: first %v", i+1, got)
		}
	}
	if !must[bool](b)(b.s.Slot(b.Context(), "purge", 8)) {
		b.Fatal("the next slot is taken")
	}
}
