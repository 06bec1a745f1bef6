package store

import (
	"testing"
	"time"

	"redial/campaign/store/storetest/testserver"
)

// TestATableThatGrewIsLookedAt fills a new record's table: its size is learnt without waiting for autovacuum, once.
func TestATableThatGrewIsLookedAt(t *testing.T) {
	t.Parallel()
	b := openBench(t, testserver.NewPostgres(t, false, "autovacuum=off").Database(t))
	b.sql(t, `INSERT INTO subjects (kind, key) SELECT 'number', '+4420' || (70000000 + i) FROM generate_series(1, 2000) i`)
	until := time.Now().Add(30 * time.Second)
	for must[int](t)(b.LearnSizes(t.Context(), 10)) == 0 { // the server tells of what was written after a moment
		if time.Now().After(until) {
			t.Fatal("2,000 rows are not seen")
		}
	}
	var rows float64
	if err := b.reader.QueryRowContext(t.Context(), `SELECT reltuples FROM pg_class WHERE relname = 'subjects'`).Scan(&rows); err != nil || rows != 2000 {
		t.Errorf("subjects has %v rows, %v", rows, err)
	}
	if n := must[int](t)(b.LearnSizes(t.Context(), 10)); n != 0 {
		t.Errorf("%d tables are looked at again", n)
	}
}
