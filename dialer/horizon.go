package dialer

import (
	"context"
	"maps"
	"time"

	"redial/campaign"
)

// How far and how much a node looks ahead for what is owned or promised.
const (
	lookAhead    = 10 * time.Minute // at least; longer where owners are reminded earlier
	lookAheadMax = 5000
)

// horizon is what the next minutes hold for the desks at this node: read from the record every few seconds and at
// once when something was booked here. The claim decides; this only says whom to wake when.
type horizon struct {
	promises []campaign.Appointment                // earliest first
	owned    map[campaign.AgentID][]campaign.Owned // earliest first
	rest     map[campaign.LeadID]time.Time         // until when not to propose what was claimed or refused: nothing would change
}

// How long a lead rests.
const (
	restTaken   = 2 * time.Second  // claimed: longer than a look that began before
	restHeld    = 2 * time.Second  // in somebody's hands
	restRefused = 15 * time.Second // closed by a gate; less if it opens sooner
)

func (h *horizon) rests(lead campaign.LeadID, now time.Time) bool {
	return h.rest[lead].After(now)
}

func (h *horizon) taken(lead campaign.LeadID, now time.Time) { h.rest[lead] = now.Add(restTaken) }

func (h *horizon) refused(r *campaign.Refusal, now time.Time) {
	until, j := now.Add(restRefused), &r.Judgement
	switch {
	case j.Binding == "state" || j.Binding == "":
		until = now.Add(restHeld)
	case j.OpenAt.After(now) && j.OpenAt.Before(until):
		until = j.OpenAt
	}
	h.rest[r.Lead] = until
}

// any says whether something that is owned or promised is due.
func (h *horizon) any(now time.Time) bool {
	if len(h.promises) > 0 && !h.promises[0].At.After(now) {
		return true
	}
	for _, o := range h.owned {
		if len(o) > 0 && !o[0].At.After(now) {
			return true
		}
	}
	return false
}

// look reads the horizon anew.
func (f *Floor) look(ctx context.Context) error {
	f.mu.Lock()
	far := lookAhead
	campaigns := make([]campaign.CampaignID, 0, len(f.offering))
	for id, c := range f.offering {
		campaigns = append(campaigns, id)
		far = max(far, c.Floor.RemindBefore+time.Minute)
	}
	agents := make([]campaign.AgentID, 0, len(f.seats))
	for id := range f.seats {
		agents = append(agents, id)
	}
	f.mu.Unlock()
	var promises []campaign.Appointment
	by := make(map[campaign.AgentID][]campaign.Owned)
	if len(agents) > 0 && len(campaigns) > 0 {
		until := f.now().Add(far)
		var err error
		if promises, err = f.rec.DuePromises(ctx, campaigns, until, lookAheadMax); err != nil {
			return err
		}
		owned, err := f.rec.OwnedAhead(ctx, agents, until, lookAheadMax)
		if err != nil {
			return err
		}
		for _, o := range owned {
			by[o.Agent] = append(by[o.Agent], o)
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.now()
	f.ahead.promises, f.ahead.owned = promises, by
	maps.DeleteFunc(f.ahead.rest, func(_ campaign.LeadID, until time.Time) bool { return !until.After(now) })
	for _, id := range agents {
		if s := f.seats[id]; s != nil {
			s.looked = true
		}
	}
	if len(f.waiting) > 0 {
		poke(f.kick)
	}
	return nil
}

// remind tells owners at this node of promises that are near, each once.
func (f *Floor) remind(ctx context.Context) error {
	f.mu.Lock()
	now := f.now()
	near := make(map[campaign.AppointmentID]campaign.Appointment)
	for i := range f.ahead.promises {
		p := &f.ahead.promises[i]
		c, s := f.offering[p.CampaignID], f.seats[p.Owner]
		if c == nil || s == nil || s.desk == nil || p.Reminded || now.Before(p.At.Add(-c.Floor.RemindBefore)) {
			continue
		}
		near[p.ID] = *p
		p.Reminded = true
	}
	f.mu.Unlock()
	if len(near) == 0 {
		return nil
	}
	ids := make([]campaign.AppointmentID, 0, len(near))
	for id := range near {
		ids = append(ids, id)
	}
	first, err := f.rec.MarkReminded(ctx, ids)
	if err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, id := range first {
		p := near[id]
		if s := f.seats[p.Owner]; s != nil {
			s.tell(Update{Reminder: &p})
		}
	}
	return nil
}
