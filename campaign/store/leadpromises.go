package store

import (
	"context"
	"database/sql"

	"redial/campaign"
)

// LeadPromises are all promises to a lead, open and closed, oldest first.
func (s *Store) LeadPromises(ctx context.Context, lead campaign.LeadID) ([]campaign.Appointment, error) {
	var out []campaign.Appointment
	err := s.peek(ctx, "read a lead's promises", func(t *tx) error {
		out = nil
		q := `SELECT ` + appointmentColumns + ` FROM appointments p WHERE p.lead_id = $1 ORDER BY p.id`
		return t.each(q, []any{int64(lead)}, func(r *sql.Rows) error {
			p, err := scanAppointment(r)
			if err == nil {
				out = append(out, *p)
			}
			return err
		})
	})
	return out, err
}
