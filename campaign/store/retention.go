package store

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"redial/campaign"
)

// purgeRows is how many rows of history one transaction removes.
const purgeRows = 5000

// Retention removes history that is older than keep, whole months of it: attempts with their amendments, agent
// states, closed assignments, calls made outside, what caps counted; events are DropEvents' to remove. Leads keep all that the rule needs
// of their attempts, and promises stay. On PostgreSQL months are dropped as a whole. HistoryFrom tells from when on reports are complete.
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
	for _, h := range []history{
		{table: "amendments", key: []string{"id"}, old: "placed_at", before: us(p.Before)},
		{table: "attempts", key: []string{"assignment_id", "placed_at"}, old: "placed_at", before: us(p.Before), n: &p.Attempts},
		{table: "agent_states", key: []string{"id", "at"}, old: "at", before: us(p.Before), n: &p.States},
		{table: "outside_calls", key: []string{"id"}, old: "placed_at", before: us(p.Before)},
		{table: "assignments", key: []string{"id"}, old: "closed_at > 0 AND closed_at", before: us(p.Before), n: &p.Assignments},
		{table: "subject_uses", key: []string{"subject_id", "assignment_id"}, old: "placed_at", before: uses, n: &p.Uses, strewn: true},
	} {
		dropped, err := s.dropMonths(ctx, h.table, p.Before)
		if err != nil {
			return p, err
		}
		n, err := s.purge(ctx, h)
		if h.n != nil {
			*h.n = dropped + n
		}
		if err != nil {
			return p, err
		}
	}
	return p, nil
}

// DropEvents removes events that are older than keep, at least a day, and says how many; the last one stays. Who follows
// the stream and has not read them is told so: see Events. Errors: KindInvalid for less than a day.
func (s *Store) DropEvents(ctx context.Context, keep time.Duration) (int64, error) {
	if keep < campaign.LeastEventsKept {
		return 0, campaign.Invalid("keep", fmt.Sprintf("%v is too short: events are kept for at least %v", keep, campaign.LeastEventsKept))
	}
	edge := s.Now().Add(-keep)
	dropped, err := s.dropMonths(ctx, "events", time.Date(edge.Year(), edge.Month(), 1, 0, 0, 0, 0, time.UTC))
	if err != nil {
		return dropped, err
	}
	n, err := s.purge(ctx, history{table: "events", key: []string{"seq", "at"}, old: notLast + " AND at", before: us(edge),
		note: `UPDATE stream_edge SET dropped = (SELECT max(seq) %[1]s) WHERE dropped < (SELECT max(seq) %[1]s)`})
	return dropped + n, err
}

// history is a table that old rows leave.
type history struct {
	table  string
	key    []string // its primary key, integers; by time but for strewn ones
	old    string   // a row goes when this is below before
	before int64
	n      *int64 // counted here; nil: not told
	strewn bool   // old rows are all over the table
	note   string // is carried out before some of them go; %[1]s is FROM them; empty: nothing
}

// notLast keeps the last event: the next one's place in the stream is counted from it.
const notLast = "seq < (SELECT max(x.seq) FROM events x)"

// purge removes the rows of before an instant. It walks the table once, by its key, some thousands of rows a transaction; where
// the key grows with time it stops at the first of these with nothing old.
func (s *Store) purge(ctx context.Context, h history) (all int64, err error) {
	key, from, to := strings.Join(h.key, ", "), "$1", "$2"
	if len(h.key) == 2 {
		from, to = "$1, $2", "$3, $4"
	}
	next := fmt.Sprintf(`SELECT %s FROM (SELECT %s FROM %s WHERE (%s) > (%s) ORDER BY %s LIMIT %d) AS p ORDER BY %s DESC LIMIT 1`,
		key, key, h.table, key, from, key, purgeRows, strings.Join(h.key, " DESC, "))
	old := fmt.Sprintf(`FROM %s WHERE (%s) > (%s) AND (%s) <= (%s) AND %s < $%d`, h.table, key, from, key, to, h.old, 2*len(h.key)+1)
	at := make([]any, len(h.key))
	for i := range at {
		at[i] = int64(math.MinInt64)
	}
	for {
		var n int64
		last := make([]int64, len(at))
		err := s.write(atLength(ctx), "remove old "+h.table, func(t *tx) error {
			n = -1
			if err := t.row(next, at, pointers(last)...); err != nil {
				return ignoreNone(err)
			}
			args := slices.Clone(at)
			for _, v := range last {
				args = append(args, v)
			}
			args = append(args, h.before)
			if h.note != "" {
				if _, err := t.exec(fmt.Sprintf(h.note, old), args...); err != nil {
					return err
				}
			}
			var err error
			n, err = t.exec(`DELETE `+old, args...)
			return err
		})
		if err != nil || n < 0 || n == 0 && !h.strewn {
			return all, err
		}
		all += n
		for i, v := range last {
			at[i] = v
		}
	}
}

func pointers(s []int64) []any {
	out := make([]any, len(s))
	for i := range s {
		out[i] = &s[i]
	}
	return out
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
		var n, dropped int64
		err := s.read(atLength(ctx), "count a month of history", func(t *tx) error {
			return t.row(`SELECT count(*) FROM `+name, nil, &n)
		})
		if err != nil {
			return rows, err
		}
		err = s.reshape(ctx, "drop a month of history", reshapeTries, func(t *tx) error {
			dropped = 0
			if table == "events" {
				var last bool
				if err := t.row(`SELECT EXISTS (SELECT 1 FROM `+name+` WHERE seq = (SELECT max(seq) FROM events))`, nil, &last); err != nil || last {
					return err // see notLast
				}
				if _, err := t.exec(`UPDATE stream_edge SET dropped = GREATEST(dropped, (SELECT COALESCE(max(seq), 0) FROM ` + name + `))`); err != nil {
					return err
				}
			}
			dropped = n
			_, err := t.exec(`DROP TABLE ` + name)
			return err
		})
		if err != nil {
			return rows, err
		}
		rows += dropped
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
	err = s.write(atLength(ctx), "remove abandoned uploads", func(t *tx) error {
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
	err = s.read(atLength(ctx), "find the rows of refused lists", func(t *tx) error {
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
