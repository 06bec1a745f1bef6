package dialer

import (
	"context"
	"slices"
	"time"

	"redial/campaign"
)

// How far and how much a node looks ahead for what is owned or promised.
const (
	lookAhead    = 10 * time.Minute
	lookAheadMax = 5000
)

// horizon is what the next minutes hold for the desks at this node: read from the record every few seconds and at
// once when something was booked here. The claim decides; this only says whom to wake when.
type horizon struct {
	promises []campaign.Appointment // earliest first
	owned    map[campaign.AgentID][]campaign.Owned
}

// own is the earliest promise of an agent that is still the agent's alone at now; zero: none.
func (h *horizon) own(agent campaign.AgentID, now time.Time, wait func(campaign.CampaignID) time.Duration) time.Time {
	for _, p := range h.promises {
		if p.Owner == agent && now.Before(p.At.Add(wait(p.CampaignID))) {
			return p.At
		}
	}
	return time.Time{}
}

// forget drops a promise that was claimed or could not be; the next reading brings it back if it still stands.
func (h *horizon) forget(lead campaign.LeadID) {
	h.promises = slices.DeleteFunc(h.promises, func(p campaign.Appointment) bool { return p.LeadID == lead })
	for a, o := range h.owned {
		h.owned[a] = slices.DeleteFunc(o, func(o campaign.Owned) bool { return o.Lead == lead })
	}
}

// look reads the horizon anew.
func (f *Floor) look(ctx context.Context) error {
	f.mu.Lock()
	campaigns := make([]campaign.CampaignID, 0, len(f.offering))
	for id := range f.offering {
		campaigns = append(campaigns, id)
	}
	agents := make([]campaign.AgentID, 0, len(f.seats))
	for id := range f.seats {
		agents = append(agents, id)
	}
	f.mu.Unlock()
	if len(agents) == 0 || len(campaigns) == 0 {
		return nil
	}
	until := f.now().Add(lookAhead)
	promises, err := f.rec.DuePromises(ctx, campaigns, until, lookAheadMax)
	if err != nil {
		return err
	}
	owned, err := f.rec.OwnedAhead(ctx, agents, until, lookAheadMax)
	if err != nil {
		return err
	}
	by := make(map[campaign.AgentID][]campaign.Owned)
	for _, o := range owned {
		by[o.Agent] = append(by[o.Agent], o)
	}
	f.mu.Lock()
	f.ahead = horizon{promises: promises, owned: by}
	f.mu.Unlock()
	poke(f.kick)
	return nil
}

// remind tells owners at this node of promises that are near, each once.
func (f *Floor) remind(ctx context.Context) error {
	f.mu.Lock()
	now := f.now()
	near := make(map[campaign.AppointmentID]campaign.Appointment)
	for _, p := range f.ahead.promises {
		c, s := f.offering[p.CampaignID], f.seats[p.Owner]
		if c == nil || s == nil || s.desk == nil || p.Reminded || now.Before(p.At.Add(-c.Floor.RemindBefore)) {
			continue
		}
		near[p.ID] = p
	}
	for i := range f.ahead.promises {
		if _, ok := near[f.ahead.promises[i].ID]; ok {
			f.ahead.promises[i].Reminded = true
		}
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
