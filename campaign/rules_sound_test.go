package campaign

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// thursday is a day of the week before a weekend; the next day is 2026-03-06.
var thursday = time.Date(2026, 3, 5, 9, 0, 0, 0, time.UTC)

func rulesOf(t *testing.T, text string) *Rules {
	t.Helper()
	var r Rules
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return &r
}

func TestRulesThatCannotBeMeantAreRefusedByField(t *testing.T) {
	t.Parallel()
	const weekend = `"hours":[{"days":["sat","sun"],"open":"09:00","close":"10:00"}]`
	for _, c := range []struct{ text, field string }{
		{`{}`, ""},
		{`{"expires_at":"2026-03-05T10:00:00Z"}`, ""},
		{`{"packs":["us"],"waivers":[{"rule":"us.hours","reason":"x"}]}`, ""},
		{`{"waivers":[{"rule":"us.hours","reason":"x"}]}`, "rules.waivers"},
		{`{` + weekend + `,"expires_at":"2026-03-08T00:00:00Z"}`, ""},
		// Saturday begins in the easternmost zone at 2026-03-06T10:00Z.
		{`{` + weekend + `,"expires_at":"2026-03-06T10:00:00Z"}`, ""},
		{`{` + weekend + `,"expires_at":"2026-03-06T09:59:00Z"}`, "rules.hours"},
		{`{` + weekend + `,"holidays":["2026-03-07","2026-03-08"],"expires_at":"2026-03-12T00:00:00Z"}`, "rules.hours"},
		{`{` + weekend + `,"holidays":["2026-03-07"],"expires_at":"2026-03-12T00:00:00Z"}`, ""},
		{`{` + weekend + `,"calendars":["cn"],"expires_at":"2026-03-06T09:59:00Z"}`, ""},
		{`{` + weekend + `,"expires_at":"2026-03-01T00:00:00Z"}`, ""}, // over: that is Short's
	} {
		err := rulesOf(t, c.text).Contradictions(thursday)
		if c.field == "" && err == nil || c.field != "" && KindOf(err) == KindInvalid && strings.HasPrefix(err.Error(), c.field+": ") {
			continue
		}
		t.Errorf("%s: %v, want an error about %q", c.text, err, c.field)
	}
}

func TestANewCampaignMustHaveTimeForWhatItSays(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, field string }{
		{`{}`, ""},
		{`{"expires_at":"2026-03-05T09:00:00Z"}`, "rules.expires_at"},
		{`{"expires_at":"2026-03-05T13:00:00Z"}`, ""},
		{`{"expires_at":"2026-03-05T12:59:59Z"}`, "rules.interval"},
		{`{"expires_at":"2026-03-05T12:59:59Z","intervals":{"BUSY":"1h"}}`, ""},
		{`{"expires_at":"2026-03-05T12:59:59Z","intervals":{"SUCCESS":"1h"}}`, "rules.interval"},
		{`{"expires_at":"2026-03-05T12:59:59Z","max_attempts":1}`, ""},
	} {
		err := rulesOf(t, c.text).Short(thursday)
		if c.field == "" && err == nil || c.field != "" && KindOf(err) == KindInvalid && strings.HasPrefix(err.Error(), c.field+": ") {
			continue
		}
		t.Errorf("%s: %v, want an error about %q", c.text, err, c.field)
	}
}

func TestUnwiseRulesAreToldOf(t *testing.T) {
	t.Parallel()
	const sixHours = `"hours":[{"days":["mon","tue"],"open":"09:00","close":"15:00"}]`
	for _, c := range []struct {
		text string
		want []string // beginnings of warnings, in order
	}{
		{`{}`, nil},
		{`{"packs":["us"],"purpose":"sales"}`, nil},
		{`{"packs":["us"]}`, []string{"rules.purpose: is not given"}},
		{`{"expires_at":"2026-03-05T08:00:00Z"}`, []string{"rules.expires_at: 2026-03-05T08:00:00Z is over"}},
		{`{"expires_at":"2026-03-05T11:00:00Z"}`, []string{"rules.interval: 4h is longer than the 2h that are left"}},
		{`{"intervals":{"SUCCESS":"1h","BUSY":"1h"}}`, []string{"rules.intervals.SUCCESS: has no effect"}},
		{`{"intervals":{"BUSY":"14m"}}`, nil},
		{`{"intervals":{"BUSY":"14m"},"max_per_day":0,"max_attempts":6}`, []string{"rules.interval: only 14m"}},
		{`{"interval":"10m","max_per_day":0,"caps":[{"scope":"person","max":3,"days":1}]}`, nil},
		{`{"interval":"10m","max_per_day":0,"caps":[{"scope":"person","max":3,"period":"1h"}]}`, []string{"rules.interval: only 10m"}},
		{`{"max_per_day":0}`, []string{"rules.max_attempts: there is no cap at all: a lead that never answers is called every 4h"}},
		{`{` + sixHours + `}`, []string{"rules.max_per_day: 3 calls a day are never reached: with 4h between two of them the hours of the longest day leave room for 2"}},
		{`{` + sixHours + `,"max_per_day":2}`, nil},
		{`{` + sixHours + `,"max_attempts":1}`, nil},
		{`{` + sixHours + `,"intervals":{"NO_ANSWER":"2h"}}`, nil},
		{`{"hours":[{"days":["mon"],"open":"09:00","close":"10:00"},{"days":["mon"],"open":"12:00","close":"13:00"},{"days":["mon"],"open":"20:00","close":"20:30"}]}`,
			[]string{"rules.max_per_day: 3 calls a day are never reached: with 4h between two of them the hours of the longest day leave room for 2"}},
		{`{"calendars":["cn"],"interval":"23h"}`, nil},
		{`{"caps":[{"scope":"lead","max":3,"days":1}]}`, []string{"rules.caps[0]: never binds: max_per_day, 3, is tighter"}},
		{`{"caps":[{"scope":"lead","max":2,"days":1}]}`, nil},
		{`{"caps":[{"scope":"number","max":9,"days":1}]}`, nil},
		{`{"max_attempts":4,"caps":[{"scope":"lead","max":4,"days":30}]}`, []string{"rules.caps[0]: never binds: max_attempts, 4"}},
		{`{"caps":[{"scope":"person","max":2,"days":7},{"scope":"number","count":"connects","max":2,"days":7}]}`, []string{"rules.caps[1]: never binds: caps[0] is tighter"}},
		{`{"caps":[{"scope":"person","max":2,"days":7},{"scope":"company","max":2,"days":7}]}`, []string{"rules.caps[0]: never binds: caps[1] is tighter"}},
		{`{"caps":[{"scope":"person","max":2,"days":7},{"scope":"account","max":2,"days":7}]}`, nil},
		{`{"caps":[{"scope":"person","max":2,"days":7},{"scope":"person","max":2,"days":7}]}`, []string{"rules.caps[1]: never binds: caps[0] is tighter"}},
		{`{"caps":[{"scope":"person","max":2,"days":2},{"scope":"person","max":2,"period":"22h"}]}`, []string{"rules.caps[1]: never binds: caps[0] is tighter"}},
		{`{"caps":[{"scope":"person","max":2,"days":2},{"scope":"person","max":2,"period":"24h"}]}`, nil},
		{`{"caps":[{"scope":"person","max":2,"days":1},{"scope":"person","max":2,"period":"26h"}]}`, []string{"rules.caps[0]: never binds: caps[1] is tighter"}},
		{`{"cool_offs":[{"after":"refused","scope":"person","days":7},{"after":"refused","scope":"company","days":30}]}`, []string{"rules.cool_offs[0]: never binds: cool_offs[1] is longer"}},
		{`{"cool_offs":[{"after":"refused","scope":"person","days":7},{"after":"machine","scope":"company","days":30}]}`, nil},
	} {
		got := rulesOf(t, c.text).Warnings(thursday)
		ok := len(got) == len(c.want)
		for i := range min(len(got), len(c.want)) {
			ok = ok && strings.HasPrefix(got[i], c.want[i])
		}
		if !ok {
			t.Errorf("%s:\ngot  %q\nwant %q", c.text, got, c.want)
		}
	}
}
