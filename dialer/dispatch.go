package dialer

import (
	"cmp"
	"context"
	"slices"
	"time"

	"redial/campaign"
)

// Bounds of the dispatcher.
const (
	batchMost = 256                    // claims in one transaction
	roundMost = 8                      // rounds before it looks round again
	dryFor    = 500 * time.Millisecond // how long a campaign that gave too little is not asked, unless woken
	idleFor   = time.Second            // how long nothing is looked at, unless kicked
)

// bid is one waiting agent in one round.
type bid struct {
	seat     *seat
	agent    campaign.AgentID
	order    []campaign.CampaignID // where to look, best first
	leads    []campaign.LeadID
	promised bool
}

// dispatch hands out leads until ctx ends. There is one dispatcher a node, so that agents who wait at the same time are
// served by one transaction.
func (f *Floor) dispatch(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-f.kick:
		case <-timer.C:
		}
		for range roundMost {
			if !f.round(ctx) || ctx.Err() != nil {
				break
			}
		}
		timer.Reset(f.rest())
	}
}

// round proposes leads to the agents who wait and claims them. It says whether another round may serve more.
func (f *Floor) round(ctx context.Context) bool {
	bids := f.bids()
	if len(bids) == 0 {
		return false
	}
	more := len(bids) == batchMost
	f.fill(ctx, bids)
	claims := make([]campaign.Claim, 0, len(bids))
	asked := make([]*bid, 0, len(bids))
	for _, b := range bids {
		if len(b.leads) > 0 {
			claims = append(claims, campaign.Claim{Agent: b.agent, Candidates: b.leads})
			asked = append(asked, b)
		}
	}
	if len(claims) == 0 {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	f.pend(asked, true)
	got, err := f.rec.ClaimLeads(ctx, claims)
	if err != nil {
		f.pend(asked, false)
		if ctx.Err() == nil {
			f.log.WarnContext(ctx, "leads could not be claimed; trying again", "agents", len(claims), "error", err)
		}
		return false
	}
	return f.deliver(ctx, asked, got) || more
}

func (f *Floor) pend(bids []*bid, on bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, b := range bids {
		b.seat.pending = on
	}
}

// bids are the agents who wait, longest first, with what they may be given: a promise that is due, else a CALL_LATER of
// their own, else whatever their campaigns have.
func (f *Floor) bids() []*bid {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.stopped {
		return nil
	}
	now := f.now()
	var bids []*bid
	for id, s := range f.seats {
		if s.waits() {
			bids = append(bids, &bid{seat: s, agent: id})
		}
	}
	slices.SortFunc(bids, func(a, b *bid) int {
		return cmp.Or(a.seat.session.Since.Compare(b.seat.session.Since), cmp.Compare(a.agent, b.agent))
	})
	bids = bids[:min(len(bids), batchMost)]
	f.promise(bids, now)
	for _, b := range bids {
		if len(b.leads) == 0 {
			f.ordinary(b, now)
		}
	}
	return bids
}

// promise gives each due promise to its owner if the owner waits, and once the owner's time is over to the fit agent
// who has waited longest.
func (f *Floor) promise(bids []*bid, now time.Time) {
	for _, p := range f.ahead.promises {
		c := f.offering[p.CampaignID]
		if p.At.After(now) {
			return
		}
		if c == nil {
			continue
		}
		open := p.Owner == 0 || !now.Before(p.At.Add(c.Floor.OwnerWait))
		fit := func(b *bid) bool {
			return len(b.leads) == 0 && b.seat.member(c) && (b.agent == p.Owner || open)
		}
		i := slices.IndexFunc(bids, func(b *bid) bool { return b.agent == p.Owner && fit(b) })
		if i < 0 {
			i = slices.IndexFunc(bids, fit)
		}
		if i >= 0 {
			bids[i].leads, bids[i].promised = []campaign.LeadID{p.LeadID}, true
		}
	}
}

// ordinary says where an agent without a promise looks. One whose own promise is near looks nowhere.
func (f *Floor) ordinary(b *bid, now time.Time) {
	wait := func(id campaign.CampaignID) time.Duration {
		if c := f.offering[id]; c != nil {
			return c.Floor.OwnerWait
		}
		return campaign.DefaultFloor().OwnerWait
	}
	near := f.ahead.own(b.agent, now, wait)
	for _, o := range f.ahead.owned[b.agent] {
		if c := f.offering[o.Campaign]; c != nil && !o.At.After(now) && b.seat.member(c) && LongShotAllowed(near, now, c.Floor) {
			b.leads = append(b.leads, o.Lead)
		}
	}
	if len(b.leads) > 0 {
		return
	}
	for _, id := range b.seat.turns.Order(b.seat.agent.Campaigns) {
		c := f.offering[id]
		if c == nil || c.State != campaign.CampaignRunning || f.dry[id].After(now) {
			continue
		}
		if b.seat.member(c) && LongShotAllowed(near, now, c.Floor) {
			b.order = append(b.order, id)
		}
	}
}

// fill takes leads for the bids that have none, campaign by campaign: each agent's first choice, then the second.
func (f *Floor) fill(ctx context.Context, bids []*bid) {
	for pass := 0; ; pass++ {
		by := make(map[campaign.CampaignID][]*bid)
		left := false
		for _, b := range bids {
			if len(b.leads) == 0 && pass < len(b.order) {
				by[b.order[pass]] = append(by[b.order[pass]], b)
				left = true
			}
		}
		if !left {
			return
		}
		for id, group := range by {
			f.take(ctx, id, group)
		}
	}
}

func (f *Floor) take(ctx context.Context, id campaign.CampaignID, group []*bid) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	leads, err := f.src.Take(ctx, id, len(group), f.freshOf(id, len(group)))
	if err != nil && ctx.Err() == nil {
		f.log.WarnContext(ctx, "no leads could be taken; trying again", "campaign", id, "error", err)
	}
	f.share(leads, group)
	if len(leads) < len(group) {
		f.mu.Lock()
		f.dry[id] = f.now().Add(dryFor)
		f.mu.Unlock()
	}
}

// share gives each agent a lead in turn, but not one that the agent declined just now. A lead that nobody here wants is
// left to the next filling.
func (f *Floor) share(leads []campaign.LeadID, group []*bid) {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.now()
	for _, lead := range leads {
		i := slices.IndexFunc(group, func(b *bid) bool { return len(b.leads) == 0 && !now.Before(b.seat.refused[lead]) })
		if i >= 0 {
			group[i].leads = []campaign.LeadID{lead}
		}
	}
}

// declineRest is how long a lead is not offered to the agent who declined it.
const declineRest = 10 * time.Minute

// Declined keeps a lead from being offered straight back to the agent who declined it.
func (f *Floor) Declined(agent campaign.AgentID, lead campaign.LeadID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := f.seats[agent]
	if s == nil {
		return
	}
	now := f.now()
	for id, until := range s.refused {
		if !now.Before(until) {
			delete(s.refused, id)
		}
	}
	if s.refused == nil {
		s.refused = make(map[campaign.LeadID]time.Time)
	}
	s.refused[lead] = now.Add(declineRest)
}

// freshOf is how many of the next n offers of a campaign are reserved for fresh leads.
func (f *Floor) freshOf(id campaign.CampaignID, n int) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	c := f.offering[id]
	if c == nil || c.Floor.FreshShare == 0 {
		return 0
	}
	if f.mixes[id] == nil {
		f.mixes[id] = &Mix{}
	}
	mix, fresh := *f.mixes[id], 0
	for range n {
		isFresh := mix.Fresh(c.Floor.FreshShare)
		mix.Took(c.Floor.FreshShare, isFresh)
		if isFresh {
			fresh++
		}
	}
	return fresh
}

// deliver gives what was claimed to the desks. It says whether a lead was refused, so that another may be tried.
func (f *Floor) deliver(ctx context.Context, bids []*bid, got []campaign.Claimed) bool {
	again := false
	var stale []campaign.AgentID
	f.mu.Lock()
	for i, b := range bids {
		b.seat.pending = false
		g := &got[i]
		for _, r := range g.Refused {
			f.ahead.forget(r.Lead)
		}
		switch {
		case g.Err != nil:
			stale = append(stale, b.agent)
		case g.Assignment == nil:
			again = true
			for _, lead := range b.leads {
				f.ahead.forget(lead)
			}
		default:
			f.offered(b, g)
		}
	}
	f.mu.Unlock()
	for _, agent := range stale {
		if _, err := f.Refresh(ctx, agent); err != nil {
			f.log.WarnContext(ctx, "a session could not be read", "agent", agent, "error", err)
		}
	}
	return again
}

func (f *Floor) offered(b *bid, g *campaign.Claimed) {
	f.ahead.forget(g.Assignment.LeadID)
	id := g.Assignment.CampaignID
	if !b.promised {
		b.seat.turns.Took(id, b.seat.agent.Campaigns)
		if mix := f.mixes[id]; mix != nil {
			mix.Took(g.Facts.Campaign.Floor.FreshShare, len(g.Facts.Lead.Tries) == 0)
		}
	}
	b.seat.give(g)
	f.arm(b.seat)
}

// rest is how long nothing needs the dispatcher: until a promise, an own CALL_LATER or a dry campaign's turn.
func (f *Floor) rest() time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.now()
	next := now.Add(idleFor)
	soon := func(t time.Time) {
		if t.After(now) && t.Before(next) {
			next = t
		}
	}
	waiting := false
	for id, s := range f.seats {
		if !s.waits() {
			continue
		}
		waiting = true
		for _, o := range f.ahead.owned[id] {
			soon(o.At)
		}
	}
	if !waiting {
		return idleFor
	}
	for _, p := range f.ahead.promises {
		soon(p.At)
		if c := f.offering[p.CampaignID]; c != nil {
			soon(p.At.Add(c.Floor.OwnerWait))
		}
	}
	for _, t := range f.dry {
		soon(t)
	}
	return next.Sub(now)
}
