package floor

import (
	"testing"

	"redial/cmd/internal/web/page/pagetest"
)

// gates are those of the API that keep leads back.
var gates = []string{
	"campaign", "list", "state", "suppression", "number", "consent", "max_attempts", "interval", "hours", "law_hours", "day_cap", "rolling_cap",
	"cool_off", "law_cap", "max_days", "expires_at", "promise", "held_off", "finished", "exhausted", "suppressed", "withdrawn",
}

func TestEveryTextIsThereInBothLanguages(t *testing.T) {
	t.Parallel()
	var keys []string
	for _, g := range gates {
		keys = append(keys, "floor_gate_"+g)
	}
	for did := range dids {
		keys = append(keys, "floor_did_"+did)
	}
	for _, s := range append([]string{"signed_out"}, states...) {
		keys = append(keys, "agent_"+s)
	}
	for _, s := range []string{"ready", "break", "signed_out"} {
		keys = append(keys, "floor_to_"+s)
		for _, hand := range []string{"idle", "card", "call", "elsewhere"} {
			keys = append(keys, "floor_will_"+hand+"_"+s)
		}
	}
	for _, s := range leadWords {
		keys = append(keys, "lead_"+s)
	}
	pagetest.Texts(t, files, nil, append(keys, "floor_next_break", "floor_next_signed_out")...)
}
