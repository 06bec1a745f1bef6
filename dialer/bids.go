package dialer

import (
	"cmp"
	"slices"
	"time"

	"redial/campaign"
)

// bid is one waiting agent in one round.
type bid struct {
	seat     *seat
	agent    campaign.AgentID
	order    []campaign.CampaignID // where to look, best first
	leads    []campaign.LeadID
	from     campaign.CampaignID // whose source gave the leads; 0: they were promised or owned
	promised bool
}

// bids are the agents who wait and for whom there may be something, longest first, with what they may be given: a
// promise that is due, else a CALL_LATER of their own, else whatever their campaigns have. They are pending from here on. More: there are others.
func (f *Floor) bids() (bids []*bid, more bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.now()
	live := f.live(now)
	if f.stopped || len(f.waiting) == 0 || (len(live) == 0 && !f.ahead.any(now)) {
		return nil, false
	}
	all := make([]*bid, 0, len(f.waiting))
	for id, s := range f.waiting {
		all = append(all, &bid{seat: s, agent: id})
	}
	slices.SortFunc(all, func(a, b *bid) int {
		return cmp.Or(a.seat.session.Since.Compare(b.seat.session.Since), cmp.Compare(a.agent, b.agent))
	})
	f.promise(all, now)
	kept := f.kept(now)
	for _, b := range all {
		if len(b.leads) == 0 && b.seat.looked && !kept[b.agent] {
			f.ordinary(b, live, now)
		}
		if len(b.leads) == 0 && len(b.order) == 0 {
			continue
		}
		if len(bids) == batchMost {
			return bids, true
		}
		b.seat.pending = true
		f.note(b.seat)
		bids = append(bids, b)
	}
	return bids, false
}

// live are the campaigns that may have an ordinary lead now.
func (f *Floor) live(now time.Time) map[campaign.CampaignID]*campaign.Campaign {
	out := make(map[campaign.CampaignID]*campaign.Campaign, len(f.offering))
	for id, c := range f.offering {
		if c.State == campaign.CampaignRunning && !f.dry[id].After(now) {
			out[id] = c
		}
	}
	return out
}

// promise gives each due promise to its owner if the owner waits, and once the owner's time is over to the fit agent
// who has waited longest.
func (f *Floor) promise(bids []*bid, now time.Time) {
	var by map[campaign.AgentID]*bid
	passed := make(map[campaign.CampaignID]int) // so many of the longest waiting cannot have one of this campaign
	for i := range f.ahead.promises {
		p := &f.ahead.promises[i]
		if p.At.After(now) {
			return
		}
		c := f.offering[p.CampaignID]
		if c == nil || f.ahead.rests(p.LeadID, now) {
			continue
		}
		if by == nil {
			by = make(map[campaign.AgentID]*bid, len(bids))
			for _, b := range bids {
				by[b.agent] = b
			}
		}
		open := p.Owner == 0 || !now.Before(p.At.Add(c.Floor.OwnerWait))
		b := by[p.Owner]
		if b != nil && (len(b.leads) > 0 || !b.seat.member(c) || b.seat.gaveBack(p.LeadID, now, promiseRest)) {
			b = nil
		}
		if b == nil && open {
			b = anyFit(bids, c, p.LeadID, now, passed)
		}
		if b != nil {
			b.leads, b.promised = []campaign.LeadID{p.LeadID}, true
		}
	}
}

// anyFit is the agent who has waited longest and may have a campaign's promise. Passed spares it those who were found
// to be taken or no members before.
func anyFit(bids []*bid, c *campaign.Campaign, lead campaign.LeadID, now time.Time, passed map[campaign.CampaignID]int) *bid {
	for i := passed[c.ID]; i < len(bids); i++ {
		b := bids[i]
		switch {
		case len(b.leads) > 0 || !b.seat.member(c):
			if passed[c.ID] == i {
				passed[c.ID] = i + 1
			}
		case !b.seat.gaveBack(lead, now, promiseRest):
			return b
		}
	}
	return nil
}

// kept are the agents who are kept free for a promise of their own.
func (f *Floor) kept(now time.Time) map[campaign.AgentID]bool {
	out := make(map[campaign.AgentID]bool)
	for i := range f.ahead.promises {
		p := &f.ahead.promises[i]
		c := f.offering[p.CampaignID]
		if p.Owner == 0 || c == nil || f.ahead.rests(p.LeadID, now) || LongShotAllowed(p.At, now, c.Floor) {
			continue
		}
		if s := f.waiting[p.Owner]; s != nil && s.member(c) && !s.gaveBack(p.LeadID, now, promiseRest) {
			out[p.Owner] = true
		}
	}
	return out
}

// ownedMost bounds how many leads of their own an agent is proposed at once.
const ownedMost = 8

// ordinary says where an agent without a promise looks.
func (f *Floor) ordinary(b *bid, live map[campaign.CampaignID]*campaign.Campaign, now time.Time) {
	for _, o := range f.ahead.owned[b.agent] {
		c := f.offering[o.Campaign]
		if o.At.After(now) || len(b.leads) == ownedMost {
			break
		}
		if c != nil && c.State == campaign.CampaignRunning && b.seat.member(c) && !f.ahead.rests(o.Lead, now) &&
			!b.seat.gaveBack(o.Lead, now, declineRest) {
			b.leads = append(b.leads, o.Lead)
		}
	}
	if len(b.leads) > 0 || !b.seat.agent.Active {
		return
	}
	var members []campaign.Membership
	for _, m := range b.seat.agent.Campaigns {
		if c := live[m.CampaignID]; c != nil && b.seat.skilled(c) {
			members = append(members, m)
		}
	}
	if len(members) > 0 {
		b.order = b.seat.turns.Order(members)
	}
}
