package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"redial/campaign"
)

// Book promises a call to a lead. Asked again it answers the same promise while that is open. Errors: KindNotFound;
// KindUnready when the lead is over or has another promise (reschedule it); those of the rule of time for the booking.
func (s *Store) Book(ctx context.Context, lead campaign.LeadID, b campaign.Booking, owner campaign.AgentID, by string) (campaign.Appointment, error) {
	var out *campaign.Appointment
	err := s.write(ctx, "book an appointment", func(t *tx) error {
		k, err := t.load(want{leads: []campaign.LeadID{lead}})
		if err != nil {
			return err
		}
		f := k.facts[lead]
		if f == nil {
			return campaign.NotFound("lead", lead)
		}
		if p := f.Promise; p != nil && p.Owner == owner && p.BookedBy == 0 && p.Replaces == 0 && sameBooking(p, b) {
			out = p
			return nil
		}
		if f.Promise != nil {
			return campaign.Unready(campaign.ReasonBadState, fmt.Sprintf("the lead has appointment %d already: reschedule it", f.Promise.ID))
		}
		if out, err = k.promiseAnew(f, b, owner, 0); err != nil {
			return err
		}
		return k.flush()
	})
	if err != nil {
		return campaign.Appointment{}, err
	}
	return *out, nil
}

// promiseAnew books for a lead that may still be called, and plans it by the promise.
func (k *work) promiseAnew(f *campaign.Facts, b campaign.Booking, owner campaign.AgentID, replaces campaign.AppointmentID) (*campaign.Appointment, error) {
	switch l := f.Lead; {
	case l.State == campaign.LeadSuppressed, !callable(f) && len(f.Suppressions) > 0:
		return nil, campaign.Unready(campaign.ReasonSuppressedNow, "all the lead's numbers are suppressed: it must not be called")
	case l.State == campaign.LeadFinished, l.State == campaign.LeadWithdrawn:
		return nil, campaign.Unready(campaign.ReasonBadState, fmt.Sprintf("the lead is %s (%s): nothing can be promised to it", l.State, l.Plan.Reason))
	}
	p := &campaign.Appointment{Owner: owner, Replaces: replaces}
	if err := k.promise(f, p, b); err != nil {
		return nil, err
	}
	k.book(f, p)
	f.Lead.Owner = owner
	k.decide(f)
	return p, nil
}

// Reschedule replaces an open promise by another; the old one is closed with the reason. Asked again it answers the other
// while that is open. Errors: KindNotFound, KindUnready when it is closed, those of the booking, which change nothing.
func (s *Store) Reschedule(ctx context.Context, id campaign.AppointmentID, b campaign.Booking, reason, by string) (campaign.Appointment, error) {
	var out *campaign.Appointment
	err := s.write(ctx, "reschedule an appointment", func(t *tx) error {
		k, f, old, err := t.promise(id)
		if err != nil {
			return err
		}
		why := because(orElse(reason, "rescheduled"), by)
		switch p := f.Promise; {
		case p == old:
		case p != nil && p.Replaces == id && old.Reason == why && sameBooking(p, b):
			out = p
			return nil
		default:
			return closedAlready(id)
		}
		owner := old.Owner
		k.closePromise(f, campaign.AppointmentRescheduled, why)
		if out, err = k.promiseAnew(f, b, owner, id); err != nil {
			return err
		}
		return k.flush()
	})
	if err != nil {
		return campaign.Appointment{}, err
	}
	return *out, nil
}

// because is a reason with who gave it.
func because(reason, by string) string {
	if by == "" {
		return reason
	}
	return reason + " (" + by + ")"
}

// Cancel closes an open promise and plans its lead anew. Asked again it answers the promise as it was cancelled. Errors:
// KindNotFound, KindInvalid (no reason), KindUnready when it is closed otherwise.
func (s *Store) Cancel(ctx context.Context, id campaign.AppointmentID, reason, by string) (campaign.Appointment, campaign.Plan, error) {
	var p campaign.Appointment
	var plan campaign.Plan
	if reason == "" {
		return p, plan, campaign.Invalid("reason", "say why the promise is cancelled")
	}
	err := s.write(ctx, "cancel an appointment", func(t *tx) error {
		k, f, old, err := t.promise(id)
		if err != nil {
			return err
		}
		why := because(reason, by)
		switch {
		case old == f.Promise:
			k.closePromise(f, campaign.AppointmentCancelled, why)
			k.decide(f)
		case old.State != campaign.AppointmentCancelled || old.Reason != why:
			return closedAlready(id)
		}
		p, plan = *old, f.Lead.Plan
		return k.flush()
	})
	return p, plan, err
}

// ReassignPromise gives an open promise to another agent; 0: to whoever is fit.
func (s *Store) ReassignPromise(ctx context.Context, id campaign.AppointmentID, owner campaign.AgentID, reason, by string) (campaign.Appointment, error) {
	var p campaign.Appointment
	err := s.write(ctx, "reassign an appointment", func(t *tx) error {
		if owner != 0 {
			var there bool
			if err := t.row(`SELECT EXISTS (SELECT 1 FROM agents WHERE id = $1 AND active)`, []any{int64(owner)}, &there); err != nil {
				return err
			}
			if !there {
				return campaign.NotFound("active agent", owner)
			}
		}
		k, f, err := t.promised(id)
		if err != nil {
			return err
		}
		f.Promise.Owner, f.Promise.Reminded = owner, false
		k.promiseChanged(f.Promise)
		f.Lead.Owner = owner
		mark(&k.planned, f.Lead.ID)
		k.event(campaign.EventLeadUpdated, f.Lead, owner, map[string]any{"change": "owner", "state": f.Lead.State, "appointment": id, "owner": owner, "reason": reason, "by": by})
		p = *f.Promise
		return k.flush()
	})
	return p, err
}

// DuePromises are the open promises of the campaigns with an instant before until, earliest first.
func (s *Store) DuePromises(ctx context.Context, campaigns []campaign.CampaignID, until time.Time, limit int) ([]campaign.Appointment, error) {
	return s.appointments(ctx, "look ahead to promises", ` WHERE p.closed_at = 0 AND p.at < $2 AND p.campaign_id %s ORDER BY p.at, p.id LIMIT $3`,
		js(list(campaigns)), us(until), limit)
}

// appointments reads some; %s in where is a condition on parameter 1, a JSON list of ids.
func (s *Store) appointments(ctx context.Context, what, where string, args ...any) ([]campaign.Appointment, error) {
	var out []campaign.Appointment
	err := s.peek(ctx, what, func(t *tx) error {
		out = nil
		return t.each(`SELECT `+appointmentColumns+` FROM appointments p`+fmt.Sprintf(where, t.d.in(1)), args, func(r *sql.Rows) error {
			p, err := scanAppointment(r)
			out = append(out, *p)
			return err
		})
	})
	return out, err
}

// MissPromises closes up to limit promises whose grace is over as missed and plans their leads anew; a lead that an
// agent holds at that moment is left to its call. It returns what it closed.
func (s *Store) MissPromises(ctx context.Context, limit int) ([]campaign.Appointment, error) {
	var leads []campaign.LeadID
	err := s.peek(ctx, "find missed promises", func(t *tx) (err error) {
		leads, err = idsOf[campaign.LeadID](t, `SELECT p.lead_id FROM appointments p JOIN leads l ON l.id = p.lead_id
			WHERE p.closed_at = 0 AND p.grace_end <= $1 AND l.state <> 'held' ORDER BY p.grace_end, p.id LIMIT $2`, us(t.now), limit)
		return err
	})
	if err != nil {
		return nil, err
	}
	var out, closed []campaign.Appointment
	err = sweep(ctx, s, "close missed promises", leads, func(t *tx, part []campaign.LeadID) error {
		closed = nil
		k, err := t.load(want{leads: part})
		if err != nil {
			return err
		}
		for _, id := range inOrder(k.facts) {
			f := k.facts[id]
			if p := f.Promise; p != nil && !t.now.Before(p.GraceEnd) && f.Lead.Assignment == 0 {
				k.closePromise(f, campaign.AppointmentMissed, whyMissed(f))
				k.decide(f)
				closed = append(closed, *p)
			}
		}
		return k.flush()
	}, func() { out = append(out, closed...) })
	return out, err
}

// MarkReminded returns those of the promises whose owner was not reminded before: this caller reminds of them.
func (s *Store) MarkReminded(ctx context.Context, ids []campaign.AppointmentID) ([]campaign.AppointmentID, error) {
	var out []campaign.AppointmentID
	err := s.write(ctx, "mark reminders", func(t *tx) (err error) {
		out, err = idsOf[campaign.AppointmentID](t, `UPDATE appointments SET reminded = TRUE WHERE closed_at = 0 AND NOT reminded AND id IN
			(SELECT id FROM appointments WHERE id `+t.d.in(1)+` ORDER BY id`+t.d.forUpdate+`) RETURNING id`, js(list(ids)))
		return err
	})
	return unique(out), err
}

// Callbacks are the agent's open promises and CALL_LATER leads, earliest first.
func (s *Store) Callbacks(ctx context.Context, agent campaign.AgentID) ([]campaign.Callback, error) {
	var out []campaign.Callback
	err := s.read(ctx, "list callbacks", func(t *tx) error {
		out = nil
		promises := make(map[campaign.LeadID]*campaign.Appointment)
		err := t.each(`SELECT `+appointmentColumns+` FROM appointments p WHERE p.closed_at = 0 AND p.owner_id = $1`, []any{int64(agent)},
			func(r *sql.Rows) error {
				p, err := scanAppointment(r)
				promises[p.LeadID] = p
				return err
			})
		if err != nil {
			return err
		}
		return t.each(`SELECT l.id, l.name, c.id, c.name, CASE WHEN l.at > l.earliest THEN l.at ELSE l.earliest END AS due
			FROM leads l JOIN campaigns c ON c.id = l.campaign_id
			WHERE l.id `+t.d.in(1)+` OR (l.owner_id = $2 AND l.owner_id > 0 AND l.state = 'open' AND l.verdict = 'call') ORDER BY due, l.id`,
			[]any{js(inOrder(promises)), int64(agent)}, func(r *sql.Rows) error {
				var b campaign.Callback
				err := r.Scan(&b.Lead, &b.Name, &b.Campaign, &b.CampaignName, usTime{&b.At})
				if p := promises[b.Lead]; p != nil {
					b.At, b.Appointment = p.At, p
				}
				out = append(out, b)
				return err
			})
	})
	sortCallbacks(out)
	return out, err
}

// whyMissed is why a promise whose grace is over was not kept: nobody called, or a CRM did not let them.
func whyMissed(f *campaign.Facts) string {
	l := f.Lead
	if l.HeldOffUntil.After(f.Promise.At) {
		return "held_off: " + l.Held(time.Time{})
	}
	return "grace_over"
}

// ListMissed are promises missed since an instant, last first; campaign 0: of all.
func (s *Store) ListMissed(ctx context.Context, of campaign.CampaignID, since time.Time) ([]campaign.MissedPromise, error) {
	var out []campaign.MissedPromise
	err := s.peek(ctx, "list missed promises", func(t *tx) error {
		out = nil
		return t.each(`SELECT `+appointmentColumns+`, COALESCE(g.login, ''), l.name, l.state, l.verdict, l.at, l.until, l.number, l.reason, l.earliest
			FROM appointments p JOIN leads l ON l.id = p.lead_id LEFT JOIN agents g ON g.id = p.owner_id
			WHERE p.state = 'missed' AND p.closed_at >= $2 AND ($1 = 0 OR p.campaign_id = $1) ORDER BY p.closed_at DESC, p.id DESC`,
			[]any{int64(of), us(since)}, func(r *sql.Rows) error {
				var m campaign.MissedPromise
				q := &m.Plan
				p, err := scanAppointment(r, &m.Owner, &m.LeadName, &m.State, verdictCol{&q.Verdict}, usTime{&q.At}, usTime{&q.Until}, &q.Number,
					&q.Reason, usTime{&q.Earliest})
				m.Appointment = *p
				out = append(out, m)
				return err
			})
	})
	return out, err
}
