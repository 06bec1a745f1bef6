package dialer

import (
	"context"
	"slices"
	"time"

	"redial/campaign"
)

// Bounds of the dispatcher.
const (
	batchMost  = 256                    // claims in one transaction
	vainMost   = 8                      // rounds that nobody got anything in before it takes breath
	breath     = 20 * time.Millisecond  // and how long that is
	failedFor  = 200 * time.Millisecond // how long it leaves a record alone that failed
	dryFor     = 500 * time.Millisecond // how long a campaign that gave nothing is not asked, unless woken
	shortFor   = 20 * time.Millisecond  // and one that gave too little: more may be on its way from the record
	idleFor    = time.Second            // how long nothing is looked at, unless kicked
	takeMost   = 3                      // how often a campaign is asked in a round, because leads were given back lately
	crowd      = 8                      // claims in one transaction from which on the next is likely to be as large
	gatherTime = time.Millisecond       // how long those who are likely to come are waited for
)

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
			f.gather(ctx)
		case <-timer.C:
		}
		timer.Reset(f.rounds(ctx))
	}
}

// rounds hands out leads for as long as that serves somebody, and says how long to wait then.
func (f *Floor) rounds(ctx context.Context) time.Duration {
	for vain := 0; vain < vainMost && ctx.Err() == nil; {
		served, again, err := f.round(ctx)
		switch {
		case err != nil:
			return failedFor
		case !again:
			return f.rest()
		case served > 0:
			vain = 0
		default:
			vain++
		}
	}
	return breath
}

// gather waits a moment for the others when many were served together a moment ago and the first of them is back: else
// it would have a transaction to itself, and they would wait for its end.
func (f *Floor) gather(ctx context.Context) {
	if f.batch < crowd {
		return
	}
	timer := time.NewTimer(gatherTime)
	defer timer.Stop()
	for f.room() {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
			return
		case <-f.kick:
		}
	}
}

// room says whether somebody waits, and the transaction to come has room for more.
func (f *Floor) room() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.queue.len() > 0 && f.queue.len() < batchMost
}

// round proposes leads to the agents who wait and claims them. It says how many were served, and whether another round
// may serve more. The error is the record's, and has been told of.
func (f *Floor) round(ctx context.Context) (served int, again bool, err error) {
	left := f.greet(ctx)
	bids, more := f.bids()
	more = more || left
	if len(bids) == 0 {
		return 0, more, nil
	}
	f.fill(ctx, bids)
	asked := f.pick(bids)
	if len(asked) == 0 {
		return 0, more, nil
	}
	claims := make([]campaign.Claim, len(asked))
	for i, b := range asked {
		claims[i] = campaign.Claim{Agent: b.agent, Candidates: b.leads}
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	got, err := f.rec.ClaimLeads(ctx, claims)
	if err != nil {
		f.release(asked)
		if ctx.Err() == nil {
			f.log.WarnContext(ctx, "leads could not be claimed; trying again", "agents", len(claims), "error", err)
		}
		return 0, false, err
	}
	f.batch = len(claims)
	served, again = f.deliver(ctx, asked, got)
	return served, again || more, nil
}

// pick is the bids to claim for: those with leads whose agents still listen. The others wait on.
func (f *Floor) pick(bids []*bid) []*bid {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.DeleteFunc(bids, func(b *bid) bool {
		if len(b.leads) > 0 && b.seat.listening() && b.seat.session.State == campaign.AgentReady {
			return false
		}
		f.unbid(b)
		return true
	})
}

func (f *Floor) release(bids []*bid) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, b := range bids {
		f.unbid(b)
	}
}

// unbid lets an agent wait on for whom nothing was claimed. It kicks nobody: the dispatcher itself knows when to go on.
func (f *Floor) unbid(b *bid) {
	b.seat.pending = false
	f.place(b.seat)
}

// fill takes leads for the bids that have none, campaign by campaign: each agent's first choice, then the second.
func (f *Floor) fill(ctx context.Context, bids []*bid) {
	for pass := 0; ; pass++ {
		by := make(map[campaign.CampaignID][]*bid)
		var order []campaign.CampaignID
		for _, b := range bids {
			if len(b.leads) > 0 || pass >= len(b.order) {
				continue
			}
			id := b.order[pass]
			if by[id] == nil {
				order = append(order, id)
			}
			by[id] = append(by[id], b)
		}
		if len(order) == 0 {
			return
		}
		for _, id := range order {
			f.take(ctx, id, by[id])
		}
	}
}

// take asks a campaign for a lead for each of the group. One that has too few is dry.
func (f *Floor) take(ctx context.Context, id campaign.CampaignID, group []*bid) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	for range takeMost {
		f.mu.Lock()
		wakes, dry := f.wakes, f.dry[id].After(f.now())
		f.mu.Unlock()
		if dry || len(group) == 0 {
			return
		}
		leads, err := f.src.Take(ctx, id, len(group), f.freshOf(id, len(group)))
		if err != nil && ctx.Err() == nil {
			f.log.WarnContext(ctx, "no leads could be taken; trying again", "campaign", id, "error", err)
		}
		short := len(leads) < len(group)
		group = f.share(id, leads, group)
		if short {
			f.mu.Lock()
			if err != nil || wakes == f.wakes { // else more may have come since it was asked
				f.dry[id] = f.now().Add(pauseAfter(len(leads)))
			}
			f.mu.Unlock()
			return
		}
	}
}

// pauseAfter is how long a campaign is left alone that gave so many leads and no more.
func pauseAfter(leads int) time.Duration {
	if leads > 0 {
		return shortFor
	}
	return dryFor
}

// share gives each agent a lead in turn, but not one that the agent declined just now, and returns those without. A
// lead that nobody here wants is left to the next filling.
func (f *Floor) share(id campaign.CampaignID, leads []campaign.LeadID, group []*bid) []*bid {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.now()
	group = slices.Clone(group)
	for _, lead := range leads {
		i := slices.IndexFunc(group, func(b *bid) bool { return !b.seat.gaveBack(lead, now, declineRest) })
		if i >= 0 {
			group[i].leads, group[i].from = []campaign.LeadID{lead}, id
			group = slices.Delete(group, i, i+1)
		}
	}
	return group
}

// How long a lead is not offered to the agent who declined it; a promise presses more.
const (
	declineRest = 10 * time.Minute
	promiseRest = time.Minute
)

// Declined keeps a lead from being offered straight back to the agent who declined it.
func (f *Floor) Declined(agent campaign.AgentID, lead campaign.LeadID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := f.seats[agent]
	if s == nil {
		return
	}
	now := f.now()
	for id := range s.declined {
		if !s.gaveBack(id, now, declineRest) {
			delete(s.declined, id)
		}
	}
	if s.declined == nil {
		s.declined = make(map[campaign.LeadID]time.Time)
	}
	s.declined[lead] = now
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

// deliver gives what was claimed to the desks. It says how many got something, and whether a lead was refused, so that
// another may be tried.
func (f *Floor) deliver(ctx context.Context, bids []*bid, got []campaign.Claimed) (served int, again bool) {
	var stale []campaign.AgentID
	f.mu.Lock()
	now := f.now()
	for i, b := range bids {
		g := &got[i]
		f.passedOver(b, g, now)
		switch {
		case g.Err != nil:
			stale = append(stale, b.agent)
			f.unbid(b)
		case g.Assignment == nil:
			again = true
			f.unbid(b)
		case f.asks(g):
			served++
			f.check(b, g)
		default:
			served++
			f.offered(b, g, now)
		}
	}
	f.mu.Unlock()
	f.refreshAll(ctx, stale)
	return served, again
}

// refreshAll reads the sessions of agents whom the record knows otherwise than this node.
func (f *Floor) refreshAll(ctx context.Context, agents []campaign.AgentID) {
	if len(agents) == 0 {
		return
	}
	got, err := f.readArrivals(ctx, agents)
	for id, a := range got {
		if _, e := f.Learned(ctx, id, a.Session); err == nil {
			err = e
		}
	}
	if err != nil {
		f.log.WarnContext(ctx, "sessions could not be read", "agents", len(agents), "error", err)
	}
}

// passedOver notes what the claim refused: a lead that is owned or promised rests a while, and a campaign that was
// paused meanwhile is not asked for more.
func (f *Floor) passedOver(b *bid, g *campaign.Claimed, now time.Time) {
	for i := range g.Refused {
		r := &g.Refused[i]
		switch {
		case b.from == 0:
			f.ahead.refused(r, now)
		case r.Judgement.Binding == "campaign":
			f.dry[b.from] = now.Add(dryFor)
		}
	}
	if g.Err == nil && g.Assignment == nil && len(g.Refused) == 0 && b.from == 0 {
		for _, lead := range b.leads {
			f.ahead.refused(&campaign.Refusal{Lead: lead}, now)
		}
	}
}

func (f *Floor) offered(b *bid, g *campaign.Claimed, now time.Time) {
	s, id := b.seat, g.Assignment.CampaignID
	if b.from == 0 {
		f.ahead.taken(g.Assignment.LeadID, now)
	}
	if !b.promised {
		s.turns.Took(id, s.agent.Campaigns)
		if mix := f.mixes[id]; mix != nil {
			mix.Took(g.Facts.Campaign.Floor.FreshShare, len(g.Facts.Lead.Tries) == 0)
		}
	}
	s.pending = false
	s.give(g, now)
	f.place(s)
}

// rest is how long nothing needs the dispatcher: until a promise, an own CALL_LATER or a dry campaign's turn.
func (f *Floor) rest() time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.queue.len() == 0 {
		return idleFor
	}
	now := f.now()
	next := now.Add(idleFor)
	soon := func(t time.Time) {
		if t.After(now) && t.Before(next) {
			next = t
		}
	}
	for i := range f.ahead.promises {
		p := &f.ahead.promises[i]
		if !p.At.Before(next) {
			break
		}
		soon(p.At)
		if c := f.offering[p.CampaignID]; c != nil {
			soon(p.At.Add(c.Floor.OwnerWait))
		}
	}
	for _, s := range f.queue.line {
		for _, o := range s.owned {
			soon(o.At)
			if !o.At.Before(next) {
				break
			}
		}
	}
	for _, t := range f.ahead.rest {
		soon(t)
	}
	for _, t := range f.dry {
		soon(t)
	}
	return next.Sub(now)
}
