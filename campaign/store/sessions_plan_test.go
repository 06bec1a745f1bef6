package store

import (
	"strings"
	"testing"
)

// Every node asks every other second for the sessions of its own desks.
func TestSessionsOfANodeAreFoundByIndex(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, b *bench) {
		n := `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) `
		b.sql(t, `INSERT INTO agents (id, login, created_at) `+n+`SELECT 100 + i, 'a' || i, 1 FROM n`)
		b.sql(t, `INSERT INTO sessions (agent_id, node, state, since) `+n+`SELECT 100 + i, 'n' || (i % 400), CASE WHEN i % 3 = 0 THEN 'signed_out' ELSE 'ready' END, 1 FROM n`)
		b.sql(t, `ANALYZE`)
		query := `SELECT ` + sessionColumns + ` FROM sessions s` + sessionsAt
		plans := map[string]string{}
		if b.Engine() == "postgres" {
			plans = b.plans(t, query, []any{"n7"})
		} else {
			plans["own"] = b.explained(t, query, "n7")
		}
		for kind, plan := range plans {
			if !strings.Contains(plan, "sessions_node") {
				t.Errorf("the index is not used by the %s plan:\n%s", kind, plan)
			}
		}
		here, err := b.Sessions(t.Context(), "n7")
		if err != nil || len(here) != 34 {
			t.Errorf("%d sessions at one node, %v", len(here), err)
		}
		all, err := b.Sessions(t.Context(), "")
		if err != nil || len(all) != 13334 {
			t.Errorf("%d sessions everywhere, %v", len(all), err)
		}
	})
}
