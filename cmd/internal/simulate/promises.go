package simulate

import (
	"errors"
	"slices"
	"time"

	"redial/campaign"
	"redial/dialer"
	"redial/scheduler"
)

// agree finds a time with the customer: so many hours ahead, at a whole five minutes; outside the hours either the
// customer insists, or the nearest time is taken that the rules name. nil: no time could be found.
func (w *world) agree(l *lead, a *agent) *promise {
	w.seed(saltBooking, uint64(l.ID)<<16|uint64(len(l.Tries)))
	ahead := time.Duration(w.scn.Booking.Ahead.at(w.rng) * float64(time.Hour))
	insist := w.rng.Float64() < w.scn.Booking.Insist
	zone := l.Zones[0]
	b := campaign.Booking{Local: wall(w.now.Add(ahead), zone), Zone: zone}
	for range 4 {
		at, grace, err := w.book.Book(w.factsOf(l), b)
		if err == nil {
			w.lastVow++
			return &promise{lead: l, Appointment: campaign.Appointment{
				ID: w.lastVow, LeadID: l.ID, CampaignID: l.CampaignID, Owner: a.id, Local: b.Local, Zone: b.Zone, Insisted: b.Insisted,
				At: at, GraceEnd: grace, BookedBy: a.call.id, State: campaign.AppointmentOpen, CreatedAt: w.now,
			}}
		}
		w.promises.refused[campaign.ReasonOf(err)]++
		near, ok := errors.AsType[*campaign.Error](err)
		switch {
		case insist && campaign.ReasonOf(err) == campaign.ReasonBookingOutside:
			b.Insisted = true
		case ok && near.Meta["after"] != "":
			b.Local = near.Meta["after"]
		default:
			return nil
		}
	}
	return nil
}

// wall is an instant on the clock of a zone, at a whole five minutes.
func wall(t time.Time, zone string) string {
	loc, err := scheduler.LoadZone(zone)
	if err != nil {
		loc = time.UTC
	}
	t = t.In(loc)
	t = t.Add(-time.Duration(t.Minute()%5)*time.Minute - time.Duration(t.Second())*time.Second)
	return t.Format("2006-01-02T15:04")
}

// open lets a promise wait for its time.
func (w *world) open(p *promise) {
	p.State = campaign.AppointmentOpen
	w.promises.made++
	f := p.lead.home.floor
	for _, at := range []time.Time{p.At, p.At.Add(f.Floor.OwnerWait), p.GraceEnd} {
		w.push(event{at: max(ceil(at), w.ms), kind: evPromise, promise: p})
	}
	if a := w.agentOf(p.Owner); a != nil {
		a.promises = append(a.promises, p)
	}
}

func (w *world) agentOf(id campaign.AgentID) *agent {
	if id <= 0 || int(id) > len(w.agents) {
		return nil
	}
	return w.agents[id-1]
}

// ceil is the first whole millisecond from t on.
func ceil(t time.Time) int64 { return t.Add(time.Millisecond - 1).UnixMilli() }

// close ends a promise, by whatever reason, never in silence.
func (w *world) close(p *promise, state campaign.AppointmentState, reason string) {
	p.State, p.Reason, p.ClosedAt = state, reason, w.now
	p.lead.promise = nil
	w.promises.closed(state, reason)
	if a := w.agentOf(p.Owner); a != nil {
		if i := slices.Index(a.promises, p); i >= 0 {
			a.promises = slices.Delete(a.promises, i, i+1)
		}
	}
	w.dirty = true // who was kept free for it is free
}

// vowed follows a promise's time: due, anybody's, or missed.
func (w *world) vowed(p *promise) {
	switch {
	case p.State != campaign.AppointmentOpen:
	case !w.now.Before(p.GraceEnd):
		w.miss(p)
	default:
		if !p.due && !w.now.Before(p.At) {
			p.due = true
			i := len(w.due)
			for i > 0 && w.due[i-1].At.After(p.At) {
				i--
			}
			w.due = slices.Insert(w.due, i, p)
		}
		w.dirty = true
	}
}

// miss closes a promise whose grace is over; a lead that an agent holds is left to its call.
func (w *world) miss(p *promise) {
	l := p.lead
	if l.desk != nil || p.State != campaign.AppointmentOpen {
		return
	}
	w.close(p, campaign.AppointmentMissed, "grace_over")
	w.decide(l)
}

// serve gives each due promise to its owner if the owner waits, and once the owner's time is over to the fit agent
// who has waited longest.
func (w *world) serve() error {
	kept := w.due[:0]
	due := w.due
	for i, p := range due {
		if p.State != campaign.AppointmentOpen {
			continue
		}
		kept = append(kept, p)
		f := p.lead.home.floor
		if p.lead.desk != nil || p.rest > w.ms {
			continue
		}
		a := w.agentOf(p.Owner)
		if a != nil && !(a.waits && a.member(f)) {
			a = nil
		}
		if a == nil && (p.Owner == 0 || !w.now.Before(p.At.Add(f.Floor.OwnerWait))) {
			a = w.anyFit(f)
		}
		if a == nil {
			continue
		}
		got, err := w.claim(a, p.lead)
		if err != nil {
			w.due = append(kept, due[i+1:]...)
			return err
		}
		if !got && p.State == campaign.AppointmentOpen {
			p.rest = w.ms + restRefused.Milliseconds()
			w.push(event{at: p.rest, kind: evPromise, promise: p})
		}
	}
	clear(due[len(kept):])
	w.due = kept
	return nil
}

func (w *world) anyFit(f *floor) *agent {
	for _, a := range w.waiting {
		if a.member(f) {
			return a
		}
	}
	return nil
}

func (a *agent) member(f *floor) bool {
	return slices.ContainsFunc(a.members, func(m campaign.Membership) bool { return m.CampaignID == f.ID })
}

// keptFree says whether the agent is kept free for a promise of the agent's own.
func (w *world) keptFree(a *agent) bool {
	for _, p := range a.promises {
		if p.lead.desk == nil && p.rest <= w.ms && !dialer.LongShotAllowed(p.At, w.now, p.lead.home.floor.Floor) {
			return true
		}
	}
	return false
}
