package storetest

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"redial/campaign"
	"redial/campaign/store"
)

// Look opens the record's database beside its store.
func Look(t testing.TB, url string) *sql.DB {
	t.Helper()
	driver, dsn := "pgx", url
	if path, ok := strings.CutPrefix(url, "sqlite://"); ok {
		driver, dsn = "sqlite", "file:"+path+"?_pragma=busy_timeout(5000)"
	}
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// Sound checks that everything that was acknowledged is there, and once, that no lead was lost, and that the audit finds
// nothing.
func Sound(t testing.TB, s *store.Store, db *sql.DB, facts []Fact) {
	t.Helper()
	ctx := t.Context()
	attempts, appointments := column(t, db, `SELECT assignment_id, outcome FROM attempts`), column(t, db, `SELECT lead_id, '' FROM appointments`)
	suppressed := column(t, db, `SELECT u.key, u.key FROM suppressions x JOIN subjects u ON u.id = x.subject_id`)
	imports := column(t, db, `SELECT u.id, CAST(count(l.id) AS TEXT) FROM uploads u JOIN leads l ON l.list_id = u.list_id WHERE u.state = 'done' GROUP BY u.id`)
	kept := map[string]map[string]string{"call": attempts, "booking": appointments, "import": imports, "suppression": suppressed}
	for _, f := range facts {
		key := strconv.FormatInt(f.ID, 10)
		if f.What == "suppression" {
			key = f.Value
		}
		if got, ok := kept[f.What][key]; !ok || got != f.Value {
			t.Errorf("acknowledged and lost: %+v, the record has %q", f, got)
		}
	}
	for what, query := range map[string]string{
		"assignments with several attempts": `SELECT count(*) FROM (SELECT assignment_id FROM attempts GROUP BY assignment_id HAVING count(*) > 1) x`,
		"lists whose leads are not all there": `SELECT count(*) FROM lists k WHERE k.state = 'active' AND k.lead_count <>
			(SELECT count(*) FROM leads l WHERE l.list_id = k.id)`,
	} {
		var n int64
		if err := db.QueryRowContext(ctx, query).Scan(&n); err != nil || n > 0 {
			t.Errorf("%d %s: %v", n, what, err)
		}
	}
	if _, err := s.Audit(ctx, 0, func(x campaign.Breach) error {
		t.Errorf("audit: %s: lead %d, assignment %d, agent %d: %s", x.Invariant, x.Lead, x.Assignment, x.Agent, x.What)
		return nil
	}); err != nil {
		t.Error(err)
	}
}

// column reads ids with a text each.
func column(t testing.TB, db *sql.DB, query string) map[string]string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	out := make(map[string]string)
	for rows.Next() {
		var id, value string
		if err := rows.Scan(&id, &value); err != nil {
			t.Fatal(err)
		}
		out[id] = value
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

// Stream numbers events and follows them until ctx is done, as the elected node and a CRM do, over whatever happens to
// the record; then it numbers and follows the rest. It returns all events in the order in which it met them.
func (w *Works) Stream(ctx context.Context) ([]campaign.Event, error) {
	var seen []campaign.Event
	var after int64
	for {
		last := ctx.Err() != nil
		numbered, err := again(context.WithoutCancel(ctx), w, 0, func(ctx context.Context, s *store.Store) (int, error) {
			epoch, leader, err := s.Elect(ctx, store.Elected, "works", worksPatience)
			if err != nil || !leader {
				return 0, err
			}
			n, err := s.Sequence(ctx, epoch, 500)
			if campaign.KindOf(err) == campaign.KindConflict {
				return 1, nil // the lease was lost: take it again
			}
			return n, err
		})
		if err != nil {
			return seen, fmt.Errorf("number events: %w", err)
		}
		some, err := again(context.WithoutCancel(ctx), w, 0, func(ctx context.Context, s *store.Store) ([]campaign.ToldEvent, error) {
			end, err := s.Stream(ctx)
			if err != nil {
				return nil, err
			}
			p, err := s.Events(ctx, after, end.Last, campaign.EventFilter{})
			return p.Events, err
		})
		if err != nil {
			return seen, fmt.Errorf("follow events: %w", err)
		}
		for i := range some {
			seen, after = append(seen, some[i].Event), some[i].Seq
		}
		if last && numbered == 0 && len(some) == 0 {
			return seen, nil
		}
	}
}

// Unbroken checks that who followed the stream met every event once, in order, those of a lead in the order in which
// they happened.
func Unbroken(t testing.TB, db *sql.DB, seen []campaign.Event) {
	t.Helper()
	last := make(map[campaign.LeadID]campaign.EventID)
	attempts := 0
	for i, e := range seen {
		if e.Seq != int64(i)+1 {
			t.Fatalf("event %d of the stream is number %d", i+1, e.Seq)
		}
		if e.LeadID != 0 && e.ID <= last[e.LeadID] {
			t.Errorf("event %d: those of lead %d are out of order", e.Seq, e.LeadID)
		}
		last[e.LeadID] = e.ID
		if e.Type == campaign.EventAttempt {
			attempts++
		}
	}
	for query, want := range map[string]int{
		`SELECT count(*) FROM events`:   len(seen),
		`SELECT count(*) FROM outbox`:   0,
		`SELECT count(*) FROM attempts`: attempts,
	} {
		var n int
		if err := db.QueryRowContext(t.Context(), query).Scan(&n); err != nil || n != want {
			t.Errorf("%s: %d, want %d as in the stream: %v", query, n, want, err)
		}
	}
}
