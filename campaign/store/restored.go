package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"strings"

	"redial/campaign"
)

// restoredLeap is how many numbers are passed over in each sequence of a restored record. A number is a fencing token
// (an assignment's) or what other systems know a thing by (a lead's, an event's place): one that was given after the
// backup was made must not come again and mean something else. A thousand agents use it up in half a year.
const restoredLeap = 100_000_000

// Restored makes a record safe that came from a backup: running campaigns are paused, for the calls, suppressions and
// promises of the time since are not in it, numbers go on far behind those that may have been given meanwhile, and an
// event tells those who follow the stream.
func (s *Store) Restored(ctx context.Context) (campaign.Restored, error) {
	out := campaign.Restored{Leap: restoredLeap}
	err := s.write(atLength(ctx), "make the restored record safe", func(t *tx) error {
		out.Paused = nil
		var events []campaign.Event
		err := t.each(`UPDATE campaigns SET state = 'paused', version = version + 1, updated_at = $1 WHERE state = 'running' RETURNING id, name`,
			[]any{us(t.now)}, func(r *sql.Rows) error {
				var id campaign.CampaignID
				var name string
				err := r.Scan(&id, &name)
				out.Paused = append(out.Paused, name)
				events = append(events, campaign.Event{Type: campaign.EventCampaignState, CampaignID: id,
					Data: js(map[string]any{"state": campaign.CampaignPaused, "reason": "restored"})})
				return err
			})
		if err != nil {
			return err
		}
		if err := t.leap(); err != nil {
			return err
		}
		if err := t.markRestored(); err != nil {
			return err
		}
		return t.emit(events...)
	})
	return out, err
}

// leap moves every sequence on.
func (t *tx) leap() error {
	if t.d.name == "sqlite" {
		// A table that never had a row is not in sqlite_sequence yet, and may have had some after the backup.
		if _, err := t.exec(`INSERT INTO sqlite_sequence (name, seq) SELECT m.name, 0 FROM sqlite_master m WHERE m.type = 'table'
			AND m.sql LIKE '%AUTOINCREMENT%' AND m.name NOT IN (SELECT s.name FROM sqlite_sequence s)`); err != nil {
			return err
		}
		_, err := t.exec(`UPDATE sqlite_sequence SET seq = seq + $1`, restoredLeap)
		return err
	}
	var names []string
	err := t.each(`SELECT quote_ident(sequencename) FROM pg_sequences WHERE schemaname = current_schema() ORDER BY 1`, nil, func(r *sql.Rows) error {
		var name string
		err := r.Scan(&name)
		names = append(names, name)
		return err
	})
	for _, name := range names {
		if err == nil {
			_, err = t.exec(fmt.Sprintf(`SELECT setval('%s', last_value + %d) FROM %s`, name, restoredLeap, name))
		}
	}
	return err
}

// markRestored puts the event into the stream itself, behind a gap: a reader's place from after the backup is before it.
func (t *tx) markRestored() error {
	var id, last int64
	if err := t.row(`INSERT INTO outbox (type, at, campaign_id, list_id, lead_id, agent_id, data) VALUES ($1, $2, 0, 0, 0, 0, '{}') RETURNING id`,
		[]any{string(campaign.EventRestored), us(t.now)}, &id); err != nil {
		return err
	}
	if err := t.row(`SELECT COALESCE(max(seq), 0) FROM events`, nil, &last); err != nil {
		return err
	}
	_, err := t.exec(`INSERT INTO events (seq, id, type, at, campaign_id, list_id, lead_id, agent_id, data) VALUES ($1, $2, $3, $4, 0, 0, 0, 0, $5)`,
		last+restoredLeap, id, string(campaign.EventRestored), us(t.now), js(map[string]any{"last_before": last}))
	if err == nil {
		_, err = t.exec(`DELETE FROM outbox WHERE id = $1`, id)
	}
	if err == nil { // a place that a reader has from after the backup is not one of the numbers given from here on
		_, err = t.exec(`INSERT INTO epochs (n, id, last_before) SELECT max(n) + 1, $1, $2 FROM epochs`, strings.ToLower(rand.Text()), last)
	}
	return err
}
