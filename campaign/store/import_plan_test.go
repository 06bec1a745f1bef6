package store

import (
	"database/sql"
	"path/filepath"
	"strings"
	"testing"
)

// An import of a million rows with external ids compared each row with every lead before it: SQLite chose the leads of
// the campaign for its outer loop.
func TestExternalIDsAreLookedUpOneByOne(t *testing.T) {
	b := openBench(t, "sqlite://"+filepath.Join(t.TempDir(), "r.db"))
	var steps []string
	rows, err := b.reader.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+idTwinsQuery(b.d), `[]`, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var step string
		var ignored sql.RawBytes
		if err := rows.Scan(&ignored, &ignored, &ignored, &step); err != nil {
			t.Fatal(err)
		}
		steps = append(steps, step)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	if len(steps) != 2 || !strings.HasPrefix(steps[0], "SCAN json_each") || !strings.Contains(steps[1], "leads_external (external_id=?") {
		t.Errorf("it is looked up so:\n%s\nwant the rows first, each by the index leads_external", strings.Join(steps, "\n"))
	}
}
