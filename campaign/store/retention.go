package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"redial/campaign"
)

// purgeRows is how many rows of history one transaction removes.
const purgeRows = 5000

// Retention removes history that is older than keep, whole months of it: attempts with their amendments, agent
// states, events, closed assignments, calls made outside, what caps counted. Leads keep all that the rule needs of their attempts, and
// promises stay. On PostgreSQL months are dropped as a whole. HistoryFrom tells from when on reports are complete.
// Errors: KindInvalid for less than campaign.LeastKept.
func (s *Store) Retention(ctx context.Context, keep time.Duration) (campaign.Purged, error) {
	if keep < campaign.LeastKept {
		return campaign.Purged{}, campaign.Invalid("keep", fmt.Sprintf("%v is too short: history is kept for at least %v", keep, campaign.LeastKept))
	}
	edge := s.Now().Add(-keep)
	p := campaign.Purged{Before: time.Date(edge.Year(), edge.Month(), 1, 0, 0, 0, 0, time.UTC)}
	err := s.write(ctx, "note what history is kept", func(t *tx) error {
		_, err := t.exec(`INSERT INTO slots (job, slot, at) VALUES ('history_from', $1, $2) ON CONFLICT DO NOTHING`, us(p.Before), us(t.now))
		return err
	})
	if err != nil {
		return campaign.Purged{}, err
	}
	longest, err := s.longestCap(ctx)
	if err != nil {
		return campaign.Purged{}, err
	}
	uses := min(us(p.Before), us(s.Now().Add(-longest-24*time.Hour)))
	for _, h := range []struct {
		table, column, key string
		before             int64
		n                  *int64
	}{
		{"amendments", "placed_at", "id", us(p.Before), new(int64)},
		{"attempts", "placed_at", "assignment_id, placed_at", us(p.Before), &p.Attempts},
		{"agent_states", "at", "id, at", us(p.Before), &p.States},
		{"events", "at", "seq, at", us(p.Before), &p.Events},
		{"outside_calls", "placed_at", "id", us(p.Before), new(int64)},
		{"subject_uses", "placed_at", "subject_id, assignment_id", uses, &p.Uses},
		{"assignments", "closed_at > 0 AND closed_at", "id", us(p.Before), &p.Assignments},
	} {
		if *h.n, err = s.dropMonths(ctx, h.table, p.Before); err != nil {
			return p, err
		}
		n, err := s.purge(ctx, h.table, h.column, h.key, h.before)
		*h.n += n
		if err != nil {
			return p, err
		}
	}
	return p, nil
}

// purge removes rows of before an instant, some thousands a transaction.
func (s *Store) purge(ctx context.Context, table, column, key string, before int64) (all int64, err error) {
	q := fmt.Sprintf(`DELETE FROM %s WHERE (%s) IN (SELECT %s FROM %s WHERE %s < $1 ORDER BY %s LIMIT $2)`, table, key, key, table, column, key)
	for n := int64(1); n > 0; all += n {
		err := s.write(ctx, "remove old "+table, func(t *tx) (err error) {
			n, err = t.exec(q, before, purgeRows)
			return err
		})
		if err != nil {
			return all, err
		}
	}
	return all, nil
}

// dropMonths drops the partitions that end before an instant and says how many rows they had.
func (s *Store) dropMonths(ctx context.Context, table string, before time.Time) (rows int64, err error) {
	if s.pool == nil {
		return 0, nil
	}
	var old []string
	r, err := s.reader.QueryContext(ctx, `SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
		WHERE i.inhparent = to_regclass($1) ORDER BY c.relname`, table)
	if err != nil {
		return 0, fmt.Errorf("list the months of %s: %w", table, err)
	}
	defer r.Close()
	for r.Next() {
		var name string
		if err := r.Scan(&name); err != nil {
			return 0, err
		}
		month, err := time.Parse("_2006_01", strings.TrimPrefix(name, table))
		if err == nil && month.Before(before) {
			old = append(old, name)
		}
	}
	if err := r.Err(); err != nil {
		return 0, err
	}
	for _, name := range old {
		err := s.write(ctx, "drop a month of history", func(t *tx) error {
			var n int64
			if err := t.row(`SELECT count(*) FROM `+name, nil, &n); err != nil {
				return err
			}
			_, err := t.exec(`DROP TABLE ` + name)
			rows += n
			return err
		})
		if err != nil {
			return rows, err
		}
	}
	return rows, nil
}

// longestCap is how far back any campaign's rules ask for calls to other leads.
func (s *Store) longestCap(ctx context.Context) (longest time.Duration, err error) {
	err = s.read(ctx, "read the caps of all campaigns", func(t *tx) error {
		return t.each(`SELECT `+campaignColumns+` FROM campaigns c`, nil, func(r *sql.Rows) error {
			c, err := scanCampaign(r)
			longest = max(longest, s.rules.reach(&c.Rules))
			return err
		})
	})
	return longest, err
}

// HistoryFrom is the instant before which history was removed; zero: none was.
func (s *Store) HistoryFrom(ctx context.Context) (from time.Time, err error) {
	err = s.read(ctx, "read what history is kept", func(t *tx) error {
		from, err = t.historyFrom()
		return err
	})
	return from, err
}

func (t *tx) historyFrom() (from time.Time, err error) {
	err = t.row(`SELECT COALESCE(max(slot), 0) FROM slots WHERE job = 'history_from'`, nil, usTime{&from})
	return from, err
}

// DropAbandoned removes what nobody will come back for: uploads begun and not touched for the time given, and what is left
// of the rows of refused lists.
func (s *Store) DropAbandoned(ctx context.Context, abandoned time.Duration) (done campaign.Swept, err error) {
	err = s.write(ctx, "remove abandoned uploads", func(t *tx) error {
		const old = `state = 'receiving' AND updated_at < $1`
		before := us(t.now.Add(-abandoned))
		if _, err := t.exec(`DELETE FROM upload_pieces WHERE upload_id IN (SELECT id FROM uploads WHERE `+old+`)`, before); err != nil {
			return err
		}
		done.Uploads, err = t.exec(`DELETE FROM uploads WHERE `+old, before)
		return err
	})
	if err != nil {
		return done, err
	}
	var failed []campaign.ListID
	err = s.read(ctx, "find the rows of refused lists", func(t *tx) error {
		failed, err = idsOf[campaign.ListID](t, `SELECT k.id FROM lists k WHERE k.state = 'failed' AND EXISTS (SELECT 1 FROM leads l WHERE l.list_id = k.id) ORDER BY k.id`)
		return err
	})
	for _, id := range failed {
		if err := s.dropLeads(ctx, id); err != nil {
			return done, err
		}
		done.Lists++
	}
	return done, err
}
