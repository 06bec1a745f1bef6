package store

import (
	"context"
	"database/sql"

	"redial/campaign"
)

// Sequence numbers up to limit committed events and puts them into the stream; it says how many. Only the holder of
// the lease Elected may, by its epoch: two sequencers would let a reader skip events. Within a lead the order is that in which
// its row was locked; a long import does not hold the stream up.
func (s *Store) Sequence(ctx context.Context, epoch int64, limit int) (int, error) {
	var n int
	err := s.write(ctx, "number events", func(t *tx) error {
		n = 0
		if err := t.fenced(Elected, epoch); err != nil {
			return err
		}
		ids, err := idsOf[campaign.EventID](t, `SELECT id FROM outbox ORDER BY id LIMIT $1`, limit)
		if err != nil || len(ids) == 0 {
			return err
		}
		n = len(ids)
		var last int64
		if err := t.row(`SELECT COALESCE(max(seq), 0) FROM events`, nil, &last); err != nil {
			return err
		}
		if _, err := t.exec(`INSERT INTO events (seq, id, type, at, campaign_id, list_id, lead_id, agent_id, data)
			SELECT $2 + row_number() OVER (ORDER BY o.id), o.id, o.type, o.at, o.campaign_id, o.list_id, o.lead_id, o.agent_id, o.data
			FROM outbox o WHERE o.id `+t.d.in(1), js(ids), last); err != nil {
			return err
		}
		_, err = t.exec(`DELETE FROM outbox WHERE id `+t.d.in(1), js(ids))
		return err
	})
	return n, err
}

// EventFilter chooses events; the zero value all.
type EventFilter struct {
	Campaign campaign.CampaignID  // 0: of all, and those of none
	Types    []campaign.EventType // empty: all
}

// Events are up to limit events after a place in the stream, in order.
func (s *Store) Events(ctx context.Context, after int64, limit int, f EventFilter) ([]campaign.Event, error) {
	var out []campaign.Event
	err := s.peek(ctx, "read events", func(t *tx) error {
		out = nil
		return t.each(`SELECT `+eventColumns+` FROM events e WHERE e.seq > $1 AND ($2 = 0 OR e.campaign_id = $2)
			AND ($3 = '[]' OR e.type `+t.d.inText(3)+`) ORDER BY e.seq LIMIT $4`, []any{after, int64(f.Campaign), js(list(f.Types)), limit},
			func(r *sql.Rows) error {
				e, err := scanEvent(r)
				out = append(out, e)
				return err
			})
	})
	return out, err
}
