package store_test

import (
	"path/filepath"
	"testing"

	"redial/campaign/store/storetest"
)

func TestSQLite(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t testing.TB) string { return "sqlite://" + filepath.Join(t.TempDir(), "r.db") })
}
