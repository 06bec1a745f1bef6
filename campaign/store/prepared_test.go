package store

import (
	"path/filepath"
	"sync"
	"testing"
)

// Preparing waits for a connection that somebody holds who looks for what is prepared: neither may wait for the other.
func TestStatementsAreLearntWhileOthersUseThem(t *testing.T) {
	b := openBench(t, "sqlite://"+filepath.Join(t.TempDir(), "r.db"))
	queries := []string{`SELECT 1`, `SELECT 2`, `SELECT 3`, `SELECT 4`}
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for n := range 40 {
				want := (i+n)%len(queries) + 1
				var got int
				err := b.write(t.Context(), "test", func(x *tx) error { return x.row(queries[want-1], nil, &got) })
				if err != nil || got != want {
					t.Errorf("got %d, want %d: %v", got, want, err)
				}
			}
		})
	}
	wg.Wait()
	for _, q := range queries {
		if b.writes.find(q) == nil {
			t.Errorf("%q is not prepared", q)
		}
	}
}
