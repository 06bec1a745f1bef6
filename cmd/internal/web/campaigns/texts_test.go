package campaigns

import (
	"slices"
	"testing"

	"redial/campaign"
	"redial/cmd/internal/web/page/pagetest"
)

func TestTextsInBothLanguages(t *testing.T) {
	t.Parallel()
	var keys []string
	for _, name := range formNames {
		keys = append(keys, "f_"+name)
	}
	for _, name := range hinted {
		keys = append(keys, "h_"+name)
	}
	for name, c := range columns {
		keys = append(keys, "f_"+name, "add_"+name)
		for _, col := range c.all {
			if (col != "unit") && (col != "days") {
				keys = append(keys, "f_"+name+"."+col)
			}
		}
	}
	for _, gate := range []string{
		"campaign", "list", "state", "suppression", "number", "consent", "max_attempts", "held_off", "interval", "hours", "law_hours", "day_cap",
		"rolling_cap", "cool_off", "law_cap", "max_days", "expires_at", "promise", "finished", "exhausted", "suppressed", "withdrawn",
	} {
		keys = append(keys, "gate_"+gate)
	}
	for _, what := range []string{"start", "pause", "finish"} {
		keys = append(keys, "camp_ask_"+what, "camp_do_"+what, "camp_did_"+what)
	}
	for _, kind := range []string{"earlier", "later", "ending", "reviving", "over_cap"} {
		keys = append(keys, "camp_kind_"+kind)
	}
	for _, p := range campaign.Purposes {
		keys = append(keys, "camp_purpose_"+string(p))
	}
	for _, a := range campaign.CoolOffAfters {
		keys = append(keys, "camp_after_"+string(a), "camp_after_pick_"+string(a))
	}
	for s := range campaign.NumScopes {
		keys = append(keys, "camp_scope_"+s.String())
	}
	for c := range campaign.NumCounts {
		keys = append(keys, "camp_count_"+c.String(), "camp_count_"+c.String()+"_one", "camp_count_pick_"+c.String())
	}
	for _, d := range week {
		keys = append(keys, "camp_day_"+d)
	}
	for _, s := range settable {
		keys = append(keys, "f_"+s)
	}
	for u := range units {
		keys = append(keys, "camp_unit_"+u)
	}
	keys = append(keys, "camp_start_draft", "camp_start_paused", "camp_did_made", "camp_did_saved")
	slices.Sort(keys)
	pagetest.Texts(t, files, []string{"camp_gap"}, slices.Compact(keys)...)
}
