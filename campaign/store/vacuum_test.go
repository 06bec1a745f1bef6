package store

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"redial/campaign/store/storetest/testserver"
)

// TestAServerThatClearsAwayTooSeldomIsWarnedOf opens a record on PostgreSQL with its own defaults, and as the runbook asks.
func TestAServerThatClearsAwayTooSeldomIsWarnedOf(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		server *testserver.Server
		warned bool
	}{
		"by default": {testserver.NewPostgres(t, false), true},
		"as asked":   {testserver.NewPostgres(t, false, churnSettings...), false},
		"not at all": {testserver.NewPostgres(t, false, "autovacuum=off", "autovacuum_naptime=10s"), true},
	} {
		var said bytes.Buffer
		s, err := Open(t.Context(), c.server.Database(t), Options{Log: slog.New(slog.NewTextHandler(&said, nil))})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		t.Cleanup(func() { s.Close() })
		if warned := strings.Contains(said.String(), "autovacuum_naptime to 10s"); warned != c.warned {
			t.Errorf("%s: warned %v, want %v: %s", name, warned, c.warned, said.String())
		}
	}
}
