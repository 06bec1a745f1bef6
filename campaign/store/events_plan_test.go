package store

import (
	"strings"
	"testing"
)

// A person is erased and exported from a record that may hold a hundred million events.
func TestTheEventsOfALeadAreFoundByIndex(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, b *bench) {
		exported := ""
		for _, part := range b.d.allHeld(nil, &boss) {
			if part.name == "events" {
				exported = part.query
			}
		}
		for query, args := range map[string][]any{b.d.ofLeads("events", "seq"): {"[7,8]"}, ofNumbers("events", "seq"): nil, exported: {"[7,8]", "+8613800138000"}} {
			plans := map[string]string{"own": b.explained(t, query, args...)}
			if b.Engine() == "postgres" {
				plans = b.plans(t, query, args)
			}
			for kind, plan := range plans {
				if strings.Contains(plan, "Seq Scan") || strings.Contains(plan, "SCAN e") || !strings.Contains(plan, "lead_id") {
					t.Errorf("the %s plan of %s reads every event:\n%s", kind, query, plan)
				}
			}
		}
	})
}
