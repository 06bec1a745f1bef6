package store

import (
	"context"
	"database/sql"

	"redial/campaign"
)

// factsOf reads all that is known of leads, without locks.
func (t *tx) factsOf(leads []campaign.LeadID) (map[campaign.LeadID]*campaign.Facts, error) {
	return t.factsUnder(leads, nil)
}

// factsUnder is factsOf with what other rules ask for, too.
func (t *tx) factsUnder(leads []campaign.LeadID, rules *campaign.Rules) (map[campaign.LeadID]*campaign.Facts, error) {
	k, err := t.load(want{leads: leads, under: rules})
	if err != nil {
		return nil, err
	}
	agents := make([]campaign.AgentID, 0, len(k.open))
	for _, a := range k.open {
		agents = append(agents, a.AgentID)
	}
	if len(agents) == 0 {
		return k.facts, nil
	}
	logins := make(map[campaign.AgentID]string)
	err = t.each(`SELECT id, login FROM agents WHERE id `+t.d.in(1), []any{js(unique(agents))}, func(r *sql.Rows) error {
		var id campaign.AgentID
		var login string
		err := r.Scan(&id, &login)
		logins[id] = login
		return err
	})
	for lead, a := range k.open {
		if f := k.facts[lead]; f != nil {
			f.Holder = logins[a.AgentID]
		}
	}
	return k.facts, err
}

// Facts are all that is known of a lead now, with its attempts and its assignments, oldest first. KindNotFound if
// there is no such lead.
func (s *Store) Facts(ctx context.Context, lead campaign.LeadID) (*campaign.Facts, []campaign.Attempt, []campaign.Assignment, error) {
	var f *campaign.Facts
	var attempts []campaign.Attempt
	var assignments []campaign.Assignment
	err := s.read(ctx, "read all about a lead", func(t *tx) error {
		assignments = nil
		facts, err := t.factsOf([]campaign.LeadID{lead})
		if err != nil {
			return err
		}
		if f = facts[lead]; f == nil {
			return campaign.NotFound("lead", lead)
		}
		past, err := t.histories([]campaign.LeadID{lead})
		if err != nil {
			return err
		}
		attempts = past[lead]
		return t.each(`SELECT `+assignmentColumns+` FROM assignments a WHERE a.lead_id = $1 ORDER BY a.id`, []any{int64(lead)}, func(r *sql.Rows) error {
			a, err := scanAssignment(r)
			assignments = append(assignments, *a)
			return err
		})
	})
	return f, attempts, assignments, err
}

// FactsMany are the facts of many leads, in the order asked; leads that are not there are left out.
func (s *Store) FactsMany(ctx context.Context, leads []campaign.LeadID) ([]*campaign.Facts, error) {
	var out []*campaign.Facts
	err := s.read(ctx, "read all about leads", func(t *tx) error {
		out = nil
		facts, err := t.factsOf(leads)
		for _, id := range leads {
			if f := facts[id]; f != nil {
				out = append(out, f)
			}
		}
		return err
	})
	return out, err
}

// History is a lead's attempts, oldest first, as they stand after amendments.
func (s *Store) History(ctx context.Context, lead campaign.LeadID) ([]campaign.Attempt, error) {
	all, err := s.Histories(ctx, []campaign.LeadID{lead})
	return all[lead], err
}

// Histories are the attempts of several leads, oldest first, as they stand after amendments.
func (s *Store) Histories(ctx context.Context, leads []campaign.LeadID) (map[campaign.LeadID][]campaign.Attempt, error) {
	var p past
	err := s.readTogether(ctx, "read the history of leads", func(t *tx) error {
		p = past{of: make(map[campaign.AssignmentID]*campaign.Attempt)}
		return t.soon(t.calledOf(leads, &p), t.amendedOf(leads, &p))
	})
	return p.byLead(), err
}

func (t *tx) histories(leads []campaign.LeadID) (map[campaign.LeadID][]campaign.Attempt, error) {
	p := past{of: make(map[campaign.AssignmentID]*campaign.Attempt)}
	err := t.together(t.calledOf(leads, &p), t.amendedOf(leads, &p))
	return p.byLead(), err
}

// past are attempts as they are read.
type past struct {
	all []*campaign.Attempt // oldest first
	of  map[campaign.AssignmentID]*campaign.Attempt
}

func (p *past) byLead() map[campaign.LeadID][]campaign.Attempt {
	out := make(map[campaign.LeadID][]campaign.Attempt)
	for _, a := range p.all {
		out[a.LeadID] = append(out[a.LeadID], *a)
	}
	return out
}

func (t *tx) calledOf(leads []campaign.LeadID, p *past) statement {
	return statement{`SELECT ` + attemptColumns + ` FROM attempts t WHERE t.lead_id ` + t.d.in(1) + ` ORDER BY t.placed_at, t.assignment_id`,
		[]any{js(list(leads))}, func(r scanner) error {
			a, err := scanAttempt(r)
			if err == nil {
				p.of[a.Assignment] = a
				p.all = append(p.all, a)
			}
			return err
		}}
}

// amendedOf asks for the leads, not for the attempts that were found: so it need not wait for them.
func (t *tx) amendedOf(leads []campaign.LeadID, p *past) statement {
	return statement{`SELECT m.assignment_id, m.outcome, m.code, m.new_number, m.note, m.ended_at
		FROM attempts t JOIN amendments m ON m.assignment_id = t.assignment_id WHERE t.lead_id ` + t.d.in(1) + ` ORDER BY m.id`,
		[]any{js(list(leads))}, func(r scanner) error {
			var m amendmentRow
			err := r.Scan(&m.Assignment, outcomeCol{&m.Outcome}, &m.Code, &m.NewNumber, &m.Note, &m.Ended)
			if a := p.of[m.Assignment]; err == nil && a != nil {
				lay(a, m)
			}
			return err
		}}
}

// FindByNumber are the leads with a number, good or bad, in any campaign, in order of id.
func (s *Store) FindByNumber(ctx context.Context, phone campaign.Phone) ([]campaign.LeadID, error) {
	var out []campaign.LeadID
	err := s.peek(ctx, "find leads by a number", func(t *tx) (err error) {
		out, err = t.leadsOf([]campaign.Phone{phone})
		return err
	})
	return unique(out), err
}

// Appointment is one, open or closed.
func (s *Store) Appointment(ctx context.Context, id campaign.AppointmentID) (campaign.Appointment, error) {
	var out campaign.Appointment
	err := s.peek(ctx, "read an appointment", func(t *tx) error {
		p, err := scanAppointment(t.QueryRowContext(t.ctx, `SELECT `+appointmentColumns+` FROM appointments p WHERE p.id = $1`, int64(id)))
		if err != nil {
			return none(err, "appointment", id)
		}
		out = *p
		return nil
	})
	return out, err
}

// OpenPromise is the lead's open appointment; nil: none.
func (s *Store) OpenPromise(ctx context.Context, lead campaign.LeadID) (*campaign.Appointment, error) {
	all, err := s.appointments(ctx, "read a promise", ` WHERE p.closed_at = 0 AND p.lead_id %s`, js([]campaign.LeadID{lead}))
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return &all[0], nil
}

// Appointments are all a lead ever had, oldest first.
func (s *Store) Appointments(ctx context.Context, lead campaign.LeadID) ([]campaign.Appointment, error) {
	return s.appointments(ctx, "read a lead's promises", ` WHERE p.lead_id %s ORDER BY p.id`, js([]campaign.LeadID{lead}))
}
