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
	s.warnings = []string{"rules.interval: only 1m", "rules.caps[1]: never binds: caps[0] is tighter", "law pack de: a warning of its own"}
	v := fill(s.c).V
	v.Set("rules.interval", "1")
	to := s.post("/campaigns/7/edit", v).Header().Get("Location")
	has(t, s.get(to), `id="warnings"`, "<li>Wait before the next call: only 1m</li>", "<li>Caps: never binds: caps[0] is tighter</li>", "<li>law pack de: a warning")
	s.lang = "zh"
	has(t, s.get(s.post("/campaigns/7/edit", v).Header().Get("Location")), `<li>再拨间隔：<span lang="en">only 1m</span></li>`, "不起作用：第 0 条上限（从 0 数起）更严</li>")
}
