package dialer

import (
	"slices"
	"testing"

	"redial/campaign"
)

func TestFillScript(t *testing.T) {
	lead := &campaign.Lead{Name: "王小明", Attributes: []campaign.Attribute{
		{Name: "Plan", Value: "gold"}, {Name: "plan", Value: "silver"}, {Name: "备注", Value: "<b>{{agent}}</b>"},
		{Name: "name", Value: "not this"}, {Name: "empty", Value: "  "}, {Name: " City ", Value: "Xi'an"},
	}}
	for _, c := range []struct{ script, want string }{
		{"", ""},
		{"no fields", "no fields"},
		{"Hello {{name}}, this is {{agent}}.", "Hello 王小明, this is Li."},
		{"{{ NAME }}{{Agent}}", "王小明Li"},
		{"{{Plan}} {{plan}} {{PLAN}} {{city}}", "gold silver gold Xi'an"},
		{"{{备注}}", "<b>{{agent}}</b>"},
		{"{{missing}}, {{empty}}, {{}}", "…, …, …"},
		{"open {{name", "open {{name"},
		{"{name}} {{name}}", "{name}} 王小明"},
	} {
		if got := FillScript(c.script, lead, "Li"); got != c.want {
			t.Errorf("%q: %q, want %q", c.script, got, c.want)
		}
	}
	if got := FillScript("Hello {{name}}", &campaign.Lead{}, "Li"); got != "Hello …" {
		t.Errorf("a lead without a name: %q", got)
	}
}

func TestScriptFields(t *testing.T) {
	got := ScriptFields("{{name}} {{ Plan }} {{name}} {{}} {{end")
	if want := []string{"name", "Plan", ""}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := ScriptFields("plain"); got != nil {
		t.Errorf("got %q, want none", got)
	}
}
