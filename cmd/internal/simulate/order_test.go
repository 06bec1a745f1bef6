package simulate

import (
	"fmt"
	"testing"
)

// A lead tried yesterday goes before one tried today, though that one has been due for longer; and both before a fresh one.
func TestLeadsThatRolledOverGoBeforeRetriesAndFreshOnesLast(t *testing.T) {
	t.Parallel()
	s := scenario(t, `"start":"2026-03-03T12:00","days":1`, `"outcomes":`+far(0, "SUCCESS", "NO_ANSWER"), oneAllDay,
		`"campaigns":[{"name":"c","rules":{"intervals":{"NO_ANSWER":"1h","BUSY":"15h30m"},"max_per_day":2}}]`,
		`"lists":[{"leads":[{"numbers":["+9991"],"priority":5},
			{"numbers":["+9992"],"tries":[{"placed_at":"2026-03-03T09:00:00Z","outcome":"NO_ANSWER","number":"+9992"}]},
			{"numbers":["+9993"],"tries":[{"placed_at":"2026-03-02T20:00:00Z","outcome":"BUSY","number":"+9993"}]}]}]`)
	_, made := play(t, s, func(c Call) string { return fmt.Sprint(c.Lead, " ", c.Reason) })
	same(t, "calls", made[:3], []string{"3 rolled_over", "2 retry", "1 fresh"})
}

// A CALL_LATER comes back to whoever spoke with the customer: bob has waited longest at 13:00:04, and still gets his own.
func TestACallLaterComesBackToTheAgentWhoWasAsked(t *testing.T) {
	t.Parallel()
	s := scenario(t, `"start":"2026-03-02","days":1`, `"outcomes":`+far(1, "CALL_LATER", "NO_ANSWER"), `"lists":[{`+leads("+9991", "+9992", "+9993")+`}]`,
		`"agents":[`+team("ann", "09:00", "17:00")+","+team("bob", "09:00", "17:00")+`]`)
	_, made := play(t, s, func(c Call) string { return fmt.Sprint(c.Agent, " ", c.Lead, " ", c.Reason) })
	if len(made) < 5 {
		t.Fatalf("%d calls", len(made))
	}
	same(t, "calls", made[:5], []string{"1 1 fresh", "2 2 fresh", "1 3 fresh", "2 2 own_callback", "1 1 own_callback"})
}

// With mix_hours, a lead that nobody reached is not offered at the same hour every day.
func TestHoursAreMixedOverTheDays(t *testing.T) {
	t.Parallel()
	hours := func(mix string) int {
		s := scenario(t, `"start":"2026-03-02","days":5`, `"outcomes":`+far(0, "SUCCESS", "NO_ANSWER"), oneAllDay,
			`"campaigns":[{"name":"c","rules":{"max_per_day":1,"mix_hours":`+mix+`}}]`, `"lists":[{"synthetic":{"count":1200}}]`)
		seen := make(map[string]map[int]bool)
		play(t, s, func(c Call) string {
			id := fmt.Sprint(c.Lead)
			if seen[id] == nil {
				seen[id] = make(map[int]bool)
			}
			seen[id][c.PlacedAt.Hour()] = true
			return ""
		})
		n := 0
		for _, h := range seen {
			n += len(h)
		}
		return n
	}
	if plain, mixed := hours("false"), hours("true"); mixed < plain*3/2 {
		t.Errorf("leads were called at %d different hours in all without mixing and %d with it", plain, mixed)
	}
}
