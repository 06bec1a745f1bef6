package store_test

import (
	"database/sql"
	"fmt"
	"sync/atomic"
	"testing"

	"redial/campaign/store/storetest"
	"redial/campaign/store/storetest/testserver"
)

// Each case has a schema of its own in one database: that is quicker to make than a database.
func TestPostgres(t *testing.T) {
	t.Parallel()
	base := testserver.Postgres(t)
	admin, err := sql.Open("pgx", base)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { admin.Close() })
	var made atomic.Int64
	storetest.Run(t, func(t testing.TB) string {
		t.Helper()
		name := fmt.Sprintf("case_%d", made.Add(1))
		if _, err := admin.ExecContext(t.Context(), "CREATE SCHEMA "+name); err != nil {
			t.Fatal(err)
		}
		return base + "&search_path=" + name
	})
}
