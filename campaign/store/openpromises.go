package store

import (
	"context"
	"database/sql"
	"time"

	"redial/campaign"
)

// OpenPromises are the open promises that w asks for, earliest first.
func (s *Store) OpenPromises(ctx context.Context, w campaign.WantPromises) ([]campaign.OpenPromise, error) {
	var out []campaign.OpenPromise
	until := w.Before
	if until.IsZero() {
		until = time.UnixMicro(1 << 62)
	}
	err := s.peek(ctx, "list open promises", func(t *tx) error {
		out = nil
		query := `SELECT ` + appointmentColumns + `, COALESCE(g.login, ''), l.name, l.state
			FROM appointments p JOIN leads l ON l.id = p.lead_id LEFT JOIN agents g ON g.id = p.owner_id
			WHERE p.closed_at = 0 AND p.at < $2`
		args := []any{js(list(w.Campaigns)), us(until), w.Limit, w.Skip}
		if len(w.Campaigns) > 0 {
			query += ` AND p.campaign_id ` + t.d.in(1)
		} else {
			args[0] = 0
			query += ` AND $1 = 0`
		}
		if w.Owner != 0 {
			args = append(args, int64(w.Owner))
			query += ` AND p.owner_id = $5`
		}
		return t.each(query+` ORDER BY p.at, p.id LIMIT $3 OFFSET $4`, args, func(r *sql.Rows) error {
			var o campaign.OpenPromise
			p, err := scanAppointment(r, &o.Owner, &o.LeadName, &o.State)
			o.Appointment = *p
			out = append(out, o)
			return err
		})
	})
	return out, err
}
