package dialer

import (
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
	if f.stopped || f.queue.len() == 0 || (len(live) == 0 && !f.anyDue(now)) {
		return nil, false
	}
	promised, kept := f.promised(now), f.kept(now)
	for _, s := range f.queue.line {
		b := promised[s]
		if b == nil && !s.looked.IsZero() && !kept[s] {
			b = f.ordinary(s, live, now)
		}
		if b == nil {
			continue
		}
		if more = len(bids) == batchMost; more {
			break
		}
		bids = append(bids, b)
	}
	for _, b := range bids {
		b.seat.pending = true
		f.note(b.seat)
	}
	return bids, more
}

// anyDue says whether something that is owned or promised is due.
func (f *Floor) anyDue(now time.Time) bool {
	if len(f.ahead.promises) > 0 && !f.ahead.promises[0].At.After(now) {
		return true
	}
	return slices.ContainsFunc(f.queue.line, func(s *seat) bool { return len(s.owned) > 0 && !s.owned[0].At.After(now) })
}

// live are the campaigns that may have an ordinary lead now, which comes after what was promised.
func (f *Floor) live(now time.Time) map[campaign.CampaignID]*campaign.Campaign {
	out := make(map[campaign.CampaignID]*campaign.Campaign, len(f.offering))
	for id, c := range f.offering {
		if c.State == campaign.CampaignRunning && !f.dry[id].After(now) && f.ahead.of[id] {
			out[id] = c
		}
	}
	return out
}

// promised gives each due promise to its owner if the owner waits, and once the owner's time is over to the fit agent
// who has waited longest.
func (f *Floor) promised(now time.Time) map[*seat]*bid {
	given := make(map[*seat]*bid)
	passed := make(map[campaign.CampaignID]int) // so many of the longest waiting cannot have one of this campaign
	for i := range f.ahead.promises {
		p := &f.ahead.promises[i]
		if p.At.After(now) {
			break
		}
		c := f.offering[p.CampaignID]
		if c == nil || f.ahead.rests(p.LeadID, now) {
			continue
		}
		s := f.seats[p.Owner]
		if s != nil && (!s.queued || given[s] != nil || !s.member(c) || s.gaveBack(p.LeadID, now, promiseRest)) {
			s = nil
		}
		if open := p.Owner == 0 || !now.Before(p.At.Add(c.Floor.OwnerWait)); s == nil && open {
			s = f.anyFit(given, c, p.LeadID, now, passed)
		}
		if s != nil {
			given[s] = &bid{seat: s, agent: s.agent.ID, leads: []campaign.LeadID{p.LeadID}, promised: true}
		}
	}
	return given
}

// anyFit is the agent who has waited longest and may have a campaign's promise. Passed spares it those who were found
// to be given one or no members before.
func (f *Floor) anyFit(given map[*seat]*bid, c *campaign.Campaign, lead campaign.LeadID, now time.Time, passed map[campaign.CampaignID]int) *seat {
	line := f.queue.line
	for i := passed[c.ID]; i < len(line); i++ {
		s := line[i]
		switch {
		case given[s] != nil || !s.member(c):
			if passed[c.ID] == i {
				passed[c.ID] = i + 1
			}
		case !s.gaveBack(lead, now, promiseRest):
			return s
		}
	}
	return nil
}

// kept are the agents who are kept free for a promise of their own.
func (f *Floor) kept(now time.Time) map[*seat]bool {
	out := make(map[*seat]bool)
	soonest := now
	for _, c := range f.offering {
		soonest = later(soonest, now.Add(c.Floor.RemindBefore))
	}
	for i := range f.ahead.promises {
		p := &f.ahead.promises[i]
		if p.At.After(soonest) {
			break
		}
		s, c := f.seats[p.Owner], f.offering[p.CampaignID]
		if s == nil || !s.queued || c == nil || f.ahead.rests(p.LeadID, now) || LongShotAllowed(p.At, now, c.Floor) {
			continue
		}
		if s.member(c) && !s.gaveBack(p.LeadID, now, promiseRest) {
			out[s] = true
		}
	}
	return out
}

// ownedMost bounds how many leads of their own an agent is proposed at once: the second in case the first may not be called.
// Each costs the claim as much as the one that is taken.
const ownedMost = 2

// ordinary is what an agent without a promise may be given, or where to look for it; nil: there is nothing. Thousands may
// wait for campaigns that have nothing: for them it allocates nothing.
func (f *Floor) ordinary(s *seat, live map[campaign.CampaignID]*campaign.Campaign, now time.Time) *bid {
	if leads := f.ownDue(s, now); len(leads) > 0 {
		return &bid{seat: s, agent: s.agent.ID, leads: leads}
	}
	if !s.agent.Active {
		return nil
	}
	var members []campaign.Membership
	for _, m := range s.agent.Campaigns {
		if c := live[m.CampaignID]; c != nil && s.skilled(c) {
			members = append(members, m)
		}
	}
	if len(members) == 0 {
		return nil
	}
	return &bid{seat: s, agent: s.agent.ID, order: s.turns.Order(members)}
}

// ownDue are the CALL_LATER leads of an agent's own that are due.
func (f *Floor) ownDue(s *seat, now time.Time) (leads []campaign.LeadID) {
	for _, o := range s.owned {
		c := f.offering[o.Campaign]
		if o.At.After(now) || len(leads) == ownedMost {
			break
		}
		if c != nil && c.State == campaign.CampaignRunning && s.member(c) && !f.ahead.rests(o.Lead, now) &&
			!s.gaveBack(o.Lead, now, declineRest) {
			leads = append(leads, o.Lead)
		}
	}
	return leads
}
