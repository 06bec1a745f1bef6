package campaigns

import (
	"slices"
	"testing"
	"time"
)

func TestNotesAreForWhoMadeTheChange(t *testing.T) {
	t.Parallel()
	var n notes
	texts := []string{"no legal advice"}
	word := n.keep("mei", texts, monday)
	if got := n.told("mei", word, monday.Add(time.Second)); !slices.Equal(got, texts) {
		t.Errorf("told %v", got)
	}
	if got := n.told("li", word, monday); got != nil {
		t.Errorf("another was told %v", got)
	}
	if got := n.told("mei", word, monday.Add(2*notesFor)); got != nil {
		t.Errorf("long after %v", got)
	}
	if n.keep("mei", nil, monday) != "" || n.told("mei", "", monday) != nil {
		t.Error("nothing is nothing")
	}
	for range 2 * notesMost {
		n.keep("mei", texts, monday)
	}
	if len(n.said) > notesMost {
		t.Errorf("%d are kept", len(n.said))
	}
	if n.keep("mei", texts, monday.Add(2*notesFor)) == "" || len(n.said) != 1 {
		t.Errorf("old ones stay: %d", len(n.said))
	}
}

func TestWhatMustBeKnownIsToldAfterSaving(t *testing.T) {
	t.Parallel()
	s := open(t, newFake())
	s.warnings = []string{"rules.interval: only 1m"}
	v := fill(s.c).V
	v.Set("rules.interval", "1")
	to := s.post("/campaigns/7/edit", v).Header().Get("Location")
	has(t, s.get(to), `id="warnings"`, "rules.interval: only 1m")
}
