package main

import (
	"strings"
	"testing"
)

func TestSyncWithdrawsWhatTheCRMDeleted(t *testing.T) {
	o := open(t)
	o.ctl(exitOK, "campaign", "create", "spring", "--zone", "Asia/Shanghai", "--region", "CN")
	const heading = "Id,Name,Phone,Modified,IsDeleted\n"
	sync := func(what string, want int, rows string, told map[string]float64, more ...string) map[string]any {
		t.Helper()
		args := append([]string{"sync", "--source", "salesforce", "--campaign", "spring", "--revision-column", "Modified", "--deleted-column", "IsDeleted", "--json",
			o.file(strings.ReplaceAll(what, " ", "")+".csv", heading+rows)}, more...)
		got := objects(t, o.ctl(want, args...))[0]
		for word, n := range told {
			if got[word] != n {
				t.Errorf("%s: %v %s, want %v: %v", what, got[word], word, n, got)
			}
		}
		return got
	}
	const ann, bob, cyd = "1,Ann,13800138001,", "2,Bob,13800138002,", "3,Cyd,13800138003,"
	sync("all are there", exitOK, ann+"10,false\n"+bob+"10,0\n"+cyd+"10,\n", map[string]float64{"added": 3, "withdrawn": 0})
	sync("two are gone", exitOK, "1,,,11,TRUE\n"+bob+"11,no\n3,Cyd,12,11,1\n", map[string]float64{"withdrawn": 2, "updated": 0, "unchanged": 1})
	text := o.ctl(exitOK, "lead", "find", "--campaign", "spring")
	for name, gone := range map[string]bool{"Ann": true, "Bob": false, "Cyd": true} {
		if line := lineOf(text, name); line == "" || strings.Contains(line, "withdrawn") != gone {
			t.Errorf("%s is told as %q, want withdrawn %v", name, line, gone)
		}
	}
	sync("again", exitOK, "1,,,11,true\n", map[string]float64{"withdrawn": 0, "unchanged": 1})
	sync("an older row", exitOK, ann+"10,false\n", map[string]float64{"stale": 1, "reopened": 0})
	sync("it is back", exitOK, ann+"12,false\n", map[string]float64{"reopened": 1})
	sync("words of its own", exitOK, bob+"13,Archived\n"+cyd+"13,true\n", map[string]float64{"withdrawn": 1, "reopened": 1}, "--deleted-value", "merged", "--deleted-value", "archived")

	got := sync("no answer", exitFailed, ann+"14,perhaps\n,,,14,true\n", map[string]float64{"failed": 2, "withdrawn": 0})
	failures := got["failures"].([]any)
	if a, b := failures[0].(map[string]any), failures[1].(map[string]any); a["reason"] != "bad_deleted" || !strings.Contains(a["message"].(string), "--deleted-value") || b["reason"] != "no_id" {
		t.Errorf("failed: %v", failures)
	}
	for what, args := range map[string][]string{
		"no such column": {"--deleted-column", "Gone"}, "a value of no column": {"--deleted-value", "x"}, "an empty value": {"--deleted-column", "IsDeleted", "--deleted-value", ""},
	} {
		file := o.file("f.csv", heading+ann+"10,false\n")
		if out := o.ctl(exitUsage, append(append([]string{"sync", "--source", "x", "--campaign", "spring"}, args...), file)...); !strings.Contains(out, "column") && !strings.Contains(out, "empty cell") {
			t.Errorf("%s: %s", what, out)
		}
	}
}

// lineOf is the line of a text with a word; empty: there is none.
func lineOf(text, word string) string {
	for line := range strings.Lines(text) {
		if strings.Contains(line, word) {
			return line
		}
	}
	return ""
}
