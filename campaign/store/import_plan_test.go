package store

import (
	"database/sql"
	"path/filepath"
	"strings"
	"testing"

	"redial/campaign"
	"redial/campaign/store/storetest/testserver"
)

// plan is how the engine carries a statement out, a line a step.
func (b *bench) plan(t testing.TB, query string, args ...any) []string {
	t.Helper()
	explain, skip := "EXPLAIN QUERY PLAN ", 3
	if b.pool != nil {
		explain, skip = "EXPLAIN ", 0
	}
	rows, err := b.reader.QueryContext(t.Context(), explain+query, args...)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var steps []string
	for rows.Next() {
		var step string
		into := make([]any, skip+1)
		for i := range skip {
			into[i] = new(sql.RawBytes)
		}
		into[skip] = &step
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		steps = append(steps, step)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return steps
}

// An import of a million rows with external ids compared each row with every lead before it: SQLite chose the leads of
// the campaign for its outer loop.
func TestExternalIDsAreLookedUpOneByOne(t *testing.T) {
	b := openBench(t, "sqlite://"+filepath.Join(t.TempDir(), "r.db"))
	steps := b.plan(t, idTwinsQuery(b.d), `[]`, 1)
	if len(steps) != 2 || !strings.HasPrefix(steps[0], "SCAN jsonb_each") || !strings.Contains(steps[1], "leads_external (external_id=?") {
		t.Errorf("it is looked up so:\n%s\nwant the rows first, each by the index leads_external", strings.Join(steps, "\n"))
	}
}

// The first claims after an import must not read all numbers because nobody counted them yet.
func TestSubjectsAreLockedByIndexBeforeAnybodyCountedThem(t *testing.T) {
	b := openBench(t, testserver.Postgres(t))
	c := b.campaign(t, "one")
	ds := drafts(0, analyzeLeads-1)
	b.loaded(t, c.ID, campaign.ImportOptions{}, ds)
	steps := strings.Join(b.plan(t, lockSubjectsQuery(b.d, false, false), `[1, 2, 3]`, `["+8613800000004"]`), "\n")
	if strings.Contains(steps, "Seq Scan") {
		t.Errorf("subjects are found so:\n%s", steps)
	}
}

func TestALargeImportIsCountedAtOnce(t *testing.T) {
	b := openBench(t, testserver.Postgres(t))
	c := b.campaign(t, "one")
	b.loaded(t, c.ID, campaign.ImportOptions{}, drafts(0, analyzeLeads))
	for _, table := range []string{"leads", "subjects", "lead_numbers"} {
		if n := b.count(t, `SELECT reltuples::bigint FROM pg_class WHERE oid = $1::regclass`, table); n != analyzeLeads {
			t.Errorf("PostgreSQL believes %s to have %d rows, want %d", table, n, analyzeLeads)
		}
	}
}
