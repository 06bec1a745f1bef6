package storetest

import (
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"redial/campaign"
	"redial/campaign/store"
)

var stormCases = []testCase{{"I1 I3 I5 I6 I7 everything at once on two nodes leaves the record sound", storm}}

// storm lets agents, supervisors, the CRM and the sweep of two nodes work on the same leads at once.
func storm(b *bundle) {
	const agents, rounds = 8, 20
	c := b.campaign(func(c *campaign.Campaign) { cap3(c); c.Floor.Lease, c.Floor.OfferTime = 20*time.Second, 20*time.Second })
	d := b.campaign(func(d *campaign.Campaign) { d.Rules.Interval = time.Second })
	var leads []campaign.LeadID
	for i := range 20 {
		_, one := b.list(c, []campaign.Phone{phone(i), phone(100 + i%3)})
		_, two := b.list(d, []campaign.Phone{phone(i)})
		leads = append(append(leads, one...), two...)
	}
	w := &stormy{bundle: b, nodes: []*store.Store{b.s, b.open()}, leads: leads}
	var floor, others sync.WaitGroup
	for i, a := range b.agents(agents) {
		rng := rand.New(rand.NewPCG(uint64(i), 1))
		floor.Go(func() {
			for range rounds {
				w.agent(w.nodes[i%2], a, rng)
			}
		})
	}
	for i := range 3 {
		rng := rand.New(rand.NewPCG(uint64(i), 2))
		others.Go(func() {
			for !w.over.Load() {
				w.other(w.nodes[i%2], rng)
			}
		})
	}
	floor.Wait()
	w.over.Store(true)
	others.Wait()
	b.wait(time.Hour)
	for _, done := range []func() (int, error){
		func() (int, error) { got, err := b.s.LapseLeases(b.Context(), 100); return len(got), err },
		func() (int, error) { got, err := b.s.MissPromises(b.Context(), 100); return len(got), err },
	} {
		for must[int](b)(done()) > 0 {
		}
	}
	b.sound()
	if n := b.count(`SELECT count(*) FROM attempts`); n == 0 {
		b.Fatal("not one call was made")
	}
}

type stormy struct {
	*bundle
	nodes []*store.Store
	leads []campaign.LeadID
	over  atomic.Bool
}

// fault reports what is no refusal.
func (w *stormy) fault(err error) bool {
	if err != nil && campaign.KindOf(err) == campaign.KindInternal && !errors.Is(err, errNotReady) {
		w.Error(err)
	}
	return err != nil
}

// agent claims a lead and does something with it.
func (w *stormy) agent(s *store.Store, a campaign.AgentID, rng *rand.Rand) {
	ctx := w.Context()
	candidates := []campaign.LeadID{w.leads[rng.IntN(len(w.leads))], w.leads[rng.IntN(len(w.leads))]}
	got, err := s.ClaimLeads(ctx, []campaign.Claim{{Agent: a, Candidates: candidates}})
	if w.fault(err) || got[0].Assignment == nil {
		return
	}
	as := *got[0].Assignment
	if rng.IntN(4) == 0 {
		_, err := s.Decline(ctx, as.ID, a, "no")
		w.fault(err)
		return
	}
	if _, err := s.StartCall(ctx, as.ID, a); w.fault(err) {
		return
	}
	if rng.IntN(10) == 0 {
		_, err := s.MoveSession(ctx, a, func(x campaign.Session, now time.Time) (campaign.Session, error) {
			x.State, x.Reason, x.Since, x.Assignment, x.Deadline = campaign.AgentReady, "gone", now, 0, time.Time{}
			return x, nil
		})
		w.fault(err)
	}
	r := result(as, campaign.Outcomes()[rng.IntN(campaign.NumOutcomes-1)])
	if r.Outcome == campaign.Booked {
		r.Booking = &campaign.Booking{Local: local(s.Now().Add(time.Minute))}
	}
	_, err = s.Conclude(ctx, r)
	w.fault(err)
}

// other is what happens besides agents' work.
func (w *stormy) other(s *store.Store, rng *rand.Rand) {
	ctx := w.Context()
	lead, number := w.leads[rng.IntN(len(w.leads))], phone(rng.IntN(20))
	var err error
	switch rng.IntN(7) {
	case 0:
		_, err = s.Suppress(ctx, campaign.Suppression{Phone: number, Reason: "complaint"})
	case 1, 2:
		err = s.Lift(ctx, campaign.SuppressionKey{Phone: number}, "boss")
	case 3:
		_, err = s.Book(ctx, lead, campaign.Booking{Local: local(s.Now().Add(time.Minute))}, 0, "crm")
	case 4:
		_, err = s.LapseLeases(ctx, 10)
	case 5:
		_, err = s.MissPromises(ctx, 10)
	case 6:
		w.wait(3 * time.Second)
		_, err = s.Heartbeat(ctx, []campaign.Beat{{Agent: 1}, {Agent: 2}, {Agent: 3}})
	}
	w.fault(err)
}
