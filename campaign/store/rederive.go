package store

import (
	"context"
	"database/sql"
	"slices"
	"time"

	"redial/campaign"
)

// RederivePromises derives the instant of every open promise again from its wall time and zone, which are the promise,
// by what is known of zones today. Those that come out elsewhere are moved, each with its lead's plan and the event
// appointment_moved, and returned. It reads and moves some (limit; 0: 500) at a time, and run again, or on another
// node, it finds nothing more to move. A promise that cannot be derived stays as it is; the error is then of the first,
// after all others were seen to. derive runs outside of transactions.
func (s *Store) RederivePromises(ctx context.Context, derive func(campaign.Appointment) (at, graceEnd time.Time, err error), limit int) ([]campaign.MovedPromise, error) {
	if limit <= 0 {
		limit = 500
	}
	var moved []campaign.MovedPromise
	var fault error
	for after := campaign.AppointmentID(0); ; {
		page, err := s.openPromisesAfter(ctx, after, limit)
		if err != nil {
			return moved, err
		}
		if len(page) == 0 {
			return moved, fault
		}
		after = page[len(page)-1].ID
		var stray []campaign.MovedPromise
		for _, p := range page {
			at, grace, err := derive(p)
			if err != nil {
				if fault == nil {
					fault = doing("derive a promise's instant", err)
				}
				continue
			}
			if !at.Equal(p.At) || !grace.Equal(p.GraceEnd) {
				m := campaign.MovedPromise{Appointment: p, Was: p.At, WasGrace: p.GraceEnd}
				m.At, m.GraceEnd = at.UTC(), grace.UTC()
				stray = append(stray, m)
			}
		}
		some, err := s.movePromises(ctx, stray)
		if err != nil {
			return moved, err
		}
		moved = append(moved, some...)
	}
}

func (s *Store) openPromisesAfter(ctx context.Context, after campaign.AppointmentID, limit int) (page []campaign.Appointment, err error) {
	err = s.peek(ctx, "read open promises", func(t *tx) error {
		page = nil
		return t.each(`SELECT `+appointmentColumns+` FROM appointments p WHERE p.closed_at = 0 AND p.id > $1 ORDER BY p.id LIMIT $2`,
			[]any{int64(after), limit}, func(r *sql.Rows) error {
				p, err := scanAppointment(r)
				page = append(page, *p)
				return err
			})
	})
	return page, err
}

// movePromises moves promises that still stand as they were read.
func (s *Store) movePromises(ctx context.Context, stray []campaign.MovedPromise) (moved []campaign.MovedPromise, err error) {
	if len(stray) == 0 {
		return nil, nil
	}
	type row struct {
		ID    campaign.AppointmentID `json:"id"`
		At    int64                  `json:"at"`
		Grace int64                  `json:"grace_end"`
	}
	err = s.write(atLength(ctx), "move promises", func(t *tx) error {
		moved = nil
		w := want{}
		for _, m := range stray {
			w.leads = append(w.leads, m.LeadID)
		}
		k, err := t.load(w)
		if err != nil {
			return err
		}
		var rows []row
		for _, m := range stray {
			f := k.facts[m.LeadID]
			if f == nil || f.Promise == nil || f.Promise.ID != m.ID || !f.Promise.At.Equal(m.Was) || !f.Promise.GraceEnd.Equal(m.WasGrace) {
				continue
			}
			p := f.Promise
			p.At, p.GraceEnd = m.At, m.GraceEnd
			if !m.At.Equal(m.Was) {
				p.Reminded = false
			}
			k.promiseChanged(p)
			rows = append(rows, row{p.ID, us(p.At), us(p.GraceEnd)})
			k.event(campaign.EventAppointmentMoved, f.Lead, p.Owner, map[string]any{"appointment": p.ID, "local": p.Local, "zone": p.Zone,
				"insisted": p.Insisted, "replaces": p.Replaces, "was": m.Was, "at": p.At})
			k.decide(f)
			m.Appointment = *p
			moved = append(moved, m)
		}
		return t.gathered(func() error {
			err := setRows(t, `UPDATE appointments AS p SET at = v.at, grace_end = v.grace_end FROM `+
				t.d.set(1, "v", "id bigint", "at bigint", "grace_end bigint")+` WHERE p.id = v.id`, rows)
			if err != nil {
				return err
			}
			return k.flush()
		})
	})
	slices.SortFunc(moved, func(a, b campaign.MovedPromise) int { return int(a.ID - b.ID) })
	return moved, err
}
