package simulate

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"testing"

	"redial/campaign"
	"redial/scheduler"
)

// The shared cases, each as a scenario that begins at its now: what the simulation plans for the lead is what the rule
// answers to the case.
func TestTheSimulationPlansAsTheRuleAnswers(t *testing.T) {
	t.Parallel()
	n := 0
	for _, file := range []string{"vectors.jsonl", "regime.jsonl"} {
		raw, err := os.ReadFile("../../../scheduler/testdata/" + file)
		if err != nil {
			t.Fatal(err)
		}
		for line := range bytes.Lines(raw) {
			n += compared(t, line)
		}
	}
	if n < 190 {
		t.Errorf("only %d cases were compared", n)
	}
}

// compared compares one case; 0: it is none for a scenario.
func compared(t *testing.T, line []byte) int {
	t.Helper()
	text, ok := scenarioOf(t, line)
	if !ok {
		return 0
	}
	c, err := scheduler.ParseCase(line)
	if err != nil {
		t.Fatal(err)
	}
	want := c.Answer().Plan
	s, err := Read(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	w, err := newWorld(t.Context(), s, Options{})
	switch {
	case want.Verdict == campaign.VerdictInvalid:
		if campaign.KindOf(err) != campaign.KindInvalid {
			t.Errorf("%s: %v, want the booking refused", c.ID, err)
		}
	case err != nil:
		t.Errorf("%s: %v", c.ID, err)
	case answer(&w.leads[0].Plan) != answer(&want):
		t.Errorf("%s: the simulation plans %s, the rule answers %s", c.ID, answer(&w.leads[0].Plan), answer(&want))
	}
	return 1
}

func answer(p *campaign.Plan) string {
	return fmt.Sprintf("%v at %v until %v, number %q, %s", p.Verdict, p.At, p.Until, p.Number, p.Reason)
}

// scenarioOf is the case's world as a scenario; false for cases with what a scenario of one lead cannot say: calls of
// others, law, consents, suppressions.
func scenarioOf(t *testing.T, line []byte) ([]byte, bool) {
	t.Helper()
	var c map[string]json.RawMessage
	if err := json.Unmarshal(line, &c); err != nil {
		t.Fatal(err)
	}
	for _, other := range []string{"uses", "law", "law_days", "consents", "campaign", "conversation"} {
		if c[other] != nil {
			return nil, false
		}
	}
	var lead, list map[string]json.RawMessage
	for name, into := range map[string]*map[string]json.RawMessage{"lead": &lead, "list": &list} {
		if c[name] != nil {
			if err := json.Unmarshal(c[name], into); err != nil {
				t.Fatal(err)
			}
		}
	}
	if lead == nil {
		lead = make(map[string]json.RawMessage)
	}
	if list == nil {
		list = make(map[string]json.RawMessage)
	}
	for from, to := range map[string]string{"attempts": "tries", "appointment": "appointment"} {
		if c[from] != nil {
			lead[to] = c[from]
		}
	}
	list["leads"] = raw(t, []any{lead})
	rules := c["rules"]
	if rules == nil {
		rules = json.RawMessage("{}")
	}
	doc := map[string]any{
		"start": c["now"], "days": 1, "lists": []any{list}, "campaigns": []any{map[string]any{"name": "c", "rules": rules}},
	}
	if c["calendars"] != nil {
		doc["calendars"] = c["calendars"]
	}
	return raw(t, doc), true
}

func raw(t *testing.T, v any) json.RawMessage {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
