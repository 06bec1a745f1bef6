package dialer

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"redial/campaign"
)

// How far and how much a node looks ahead for what is owned or promised.
const (
	lookAhead    = 10 * time.Minute // at least; longer where owners are reminded earlier
	lookAheadMax = 5000             // promises
	ownedAhead   = 16               // leads of each agent's own: the next look brings more
)

// horizon is what the next minutes hold for the desks at this node: read from the record every few seconds and at
// once when something was booked here; what newcomers bring is added. The claim decides; this only says whom to wake
// when. What an agent owns is with the seat.
type horizon struct {
	promises []campaign.Appointment               // earliest first
	of       map[campaign.CampaignID]bool         // whose promises were looked for
	brought  map[campaign.AppointmentID]time.Time // those of the promises that newcomers brought, and as of when
	rest     map[campaign.LeadID]time.Time        // until when not to propose what was claimed or refused: nothing would change
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

// owns takes over what an agent owns and has promised as of an instant.
func (h *horizon) owns(s *seat, owned []campaign.Owned, promises []campaign.Appointment, at time.Time) {
	s.owned, s.looked = owned, at
	for i := range promises {
		if h.insert(&promises[i]) {
			h.brought[promises[i].ID] = at
		}
	}
}

// insert adds a promise that is not known yet.
func (h *horizon) insert(p *campaign.Appointment) bool {
	i, known := slices.BinarySearchFunc(h.promises, *p, sooner)
	if !known {
		h.promises = slices.Insert(h.promises, i, *p)
	}
	return !known
}

// replace takes over the promises of a look that began at an instant: what was brought since is not among them.
func (h *horizon) replace(promises []campaign.Appointment, began time.Time) {
	was := h.promises
	h.promises = promises
	for i := range was {
		if at, ok := h.brought[was[i].ID]; ok && !at.Before(began) {
			h.insert(&was[i])
		}
	}
	maps.DeleteFunc(h.brought, func(_ campaign.AppointmentID, at time.Time) bool { return at.Before(began) })
}

// far is how far ahead is looked; the caller holds the lock.
func (f *Floor) far() time.Duration {
	far := lookAhead
	for _, c := range f.offering {
		far = max(far, c.Floor.RemindBefore+time.Minute)
	}
	return far
}

// look reads the horizon anew.
func (f *Floor) look(ctx context.Context) error {
	f.mu.Lock()
	began, far, doubts := f.now(), f.far(), f.doubts
	campaigns, agents := slices.Collect(maps.Keys(f.offering)), slices.Collect(maps.Keys(f.seats))
	f.mu.Unlock()
	var promises []campaign.Appointment
	by := make(map[campaign.AgentID][]campaign.Owned)
	var err error
	if len(campaigns) > 0 {
		if promises, err = f.promisesAhead(ctx, campaigns, agents, began.Add(far)); err != nil {
			return err
		}
	}
	if len(campaigns) > 0 && len(agents) > 0 {
		owned, err := f.rec.OwnedAhead(ctx, agents, began.Add(far), ownedAhead)
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
	f.ahead.replace(promises, began)
	f.ahead.of = make(map[campaign.CampaignID]bool, len(campaigns))
	for _, id := range campaigns {
		f.ahead.of[id] = true
	}
	maps.DeleteFunc(f.ahead.rest, func(_ campaign.LeadID, until time.Time) bool { return !until.After(now) })
	for _, id := range agents {
		if s := f.seats[id]; s != nil && doubts >= s.doubt && began.After(s.looked) {
			s.owned, s.looked = by[id], began
			f.note(s)
		}
	}
	if f.queue.len() > 0 {
		poke(f.kick)
	}
	return nil
}

// promisesAhead are earliest first. Where there are more than a look takes, the first of them have long been
// due, and nobody is there for them: then those of the agents here come besides, whatever their place.
func (f *Floor) promisesAhead(ctx context.Context, campaigns []campaign.CampaignID, agents []campaign.AgentID, until time.Time) ([]campaign.Appointment, error) {
	all, err := f.rec.DuePromises(ctx, campaigns, until, lookAheadMax)
	if err != nil || len(all) < lookAheadMax || len(agents) == 0 {
		return all, err
	}
	here, err := f.rec.Arrivals(ctx, agents, until)
	for _, a := range here {
		all = append(all, a.Promises...)
	}
	slices.SortFunc(all, sooner)
	return slices.CompactFunc(all, func(a, b campaign.Appointment) bool { return a.ID == b.ID }), err
}

func sooner(a, b campaign.Appointment) int {
	return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.ID, b.ID))
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
