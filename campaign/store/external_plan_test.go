package store

import (
	"strings"
	"testing"
)

// A CRM asks for leads by its own ids, of a record that may hold ten million.
func TestLeadsAreFoundByTheirExternalIDByIndex(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, b *bench) {
		const query = `SELECT l.id FROM leads l JOIN lists k ON k.id = l.list_id WHERE l.external_id = $1 AND l.external_id <> '' ORDER BY l.id LIMIT 100`
		plans := map[string]string{}
		if b.Engine() == "postgres" {
			plans = b.plans(t, query, []any{"C7"})
		} else {
			plans["own"] = b.explained(t, query, "C7")
		}
		for kind, plan := range plans {
			if !strings.Contains(plan, "leads_external_id") {
				t.Errorf("the index is not used by the %s plan:\n%s", kind, plan)
			}
		}
	})
}
