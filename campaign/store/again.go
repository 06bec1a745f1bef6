package store

import (
	"fmt"
	"slices"

	"redial/campaign"
)

// What asks for a change of a promise, or of an outcome, that the record shows to be made already came again after a lost
// answer: it is answered as the first was, and nothing is written (I2).

// corrected answers a correction that came before and was the last, with the attempt as it is then; nil: it is another.
func (k *work) corrected(r campaign.Result, a *campaign.Assignment, t *campaign.Attempt) (*campaign.Attempt, error) {
	var was amendmentRow
	err := k.t.row(`SELECT kind, outcome, code, new_number, note FROM amendments WHERE assignment_id = $1 ORDER BY id DESC LIMIT 1`,
		[]any{int64(a.ID)}, &was.Kind, outcomeCol{&was.Outcome}, &was.Code, &was.NewNumber, &was.Note)
	if err != nil {
		return nil, ignoreNone(err)
	}
	if was.Kind != "correction" || was.Outcome != r.Outcome || was.Code != r.Code || was.NewNumber != r.NewNumber || was.Note != r.Note {
		return nil, nil
	}
	if r.Booking != nil {
		p, err := scanAppointment(k.t.QueryRowContext(k.t.ctx, `SELECT `+appointmentColumns+` FROM appointments p
			WHERE p.booked_by = $1 AND p.booked_by > 0 ORDER BY p.id DESC LIMIT 1`, int64(a.ID)))
		if err != nil || !p.ClosedAt.IsZero() || !sameBooking(p, *r.Booking) {
			return nil, ignoreNone(err) // one that was closed since is booked once more
		}
	}
	lay(t, was)
	return t, nil
}

// obeyed says whether a lead's numbers are suppressed as was asked for; they are not any more if that was lifted since.
func (k *work) obeyed(lead campaign.LeadID, asked []campaign.Suppression) bool {
	f := k.facts[lead]
	return f != nil && !slices.ContainsFunc(asked, func(x campaign.Suppression) bool {
		return !slices.ContainsFunc(f.Suppressions, func(s campaign.Suppression) bool {
			return s.Phone == x.Phone && s.Scope == campaign.ScopeSystem && s.ExpiresAt.IsZero()
		})
	})
}

// sameBooking says whether a promise is what a booking asks for.
func sameBooking(p *campaign.Appointment, b campaign.Booking) bool {
	return p.Local == b.Local && p.Insisted == b.Insisted && (b.Zone == "" || p.Zone == b.Zone)
}

// promise locks the lead of an appointment, open or closed.
func (t *tx) promise(id campaign.AppointmentID) (*work, *campaign.Facts, *campaign.Appointment, error) {
	var lead campaign.LeadID
	if err := t.row(`SELECT lead_id FROM appointments WHERE id = $1`, []any{int64(id)}, &lead); err != nil {
		return nil, nil, nil, none(err, "appointment", id)
	}
	k, err := t.load(want{leads: []campaign.LeadID{lead}})
	if err != nil {
		return nil, nil, nil, err
	}
	f := k.facts[lead]
	if f == nil {
		return nil, nil, nil, closedAlready(id)
	}
	if f.Promise != nil && f.Promise.ID == id {
		return k, f, f.Promise, nil
	}
	p, err := scanAppointment(t.QueryRowContext(t.ctx, `SELECT `+appointmentColumns+` FROM appointments p WHERE p.id = $1`, int64(id)))
	return k, f, p, err
}

// promised locks the lead of an appointment that must be open.
func (t *tx) promised(id campaign.AppointmentID) (*work, *campaign.Facts, error) {
	k, f, p, err := t.promise(id)
	if err == nil && p != f.Promise {
		err = closedAlready(id)
	}
	return k, f, err
}

func closedAlready(id campaign.AppointmentID) error {
	return campaign.Unready(campaign.ReasonBadState, fmt.Sprintf("appointment %d is closed already", id))
}
