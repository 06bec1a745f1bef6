package campaign

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestAbsentRulesAreTheSourceRule(t *testing.T) {
	t.Parallel()
	for _, text := range []string{`{}`, `{"hours":[],"holidays":null,"intervals":{}}`} {
		r := Rules{MaxPerDay: 9, Holidays: []Date{{2026, 1, 1}}}
		if err := json.Unmarshal([]byte(text), &r); err != nil || !reflect.DeepEqual(r, DefaultRules()) {
			t.Errorf("%s: %+v, %v", text, r, err)
		}
	}
	r := DefaultRules()
	if w := r.Windows(); len(w) != 1 || w[0].Open != 540 || w[0].Close != 1260 || w[0].Days != [7]bool{true, true, true, true, true, true, true} {
		t.Errorf("default hours %+v", w)
	}
}

const fullRules = `{"interval":"2h30m","intervals":{"BUSY":"15m","MACHINE":"24h"},"max_per_day":0,"max_attempts":9,"max_days":4,` +
	`"expires_at":"2026-10-28T05:00:16Z","hours":[{"days":["mon","sun"],"open":"00:00","close":"24:00"},{"days":["tue"],"open":"09:05","close":"12:00"}],` +
	`"holidays":["2026-10-01"],"caps":[{"scope":"lead","max":2,"period":"24h"},{"scope":"number","max":7,"period":"1m30s"}],` +
	`"network_retry":"0s","network_retry_limit":1}`

func TestRulesSurviveWritingAndReading(t *testing.T) {
	t.Parallel()
	var r Rules
	if err := json.Unmarshal([]byte(fullRules), &r); err != nil {
		t.Fatal(err)
	}
	want := Rules{
		Interval: 150 * time.Minute, Intervals: map[Outcome]time.Duration{Busy: 15 * time.Minute, Machine: 24 * time.Hour},
		MaxAttempts: 9, MaxDays: 4, ExpiresAt: time.Date(2026, 10, 28, 5, 0, 16, 0, time.UTC),
		Hours:    []Window{{Days: [7]bool{true, true}, Close: 1440}, {Days: [7]bool{2: true}, Open: 545, Close: 720}},
		Holidays: []Date{{2026, 10, 1}}, Caps: []Cap{{Max: 2, Period: 24 * time.Hour}, {Scope: CapNumber, Max: 7, Period: 90 * time.Second}},
		NetworkRetryLimit: 1,
	}
	if !reflect.DeepEqual(r, want) {
		t.Errorf("read %+v\nwant %+v", r, want)
	}
	for _, r := range []Rules{want, DefaultRules(), {}} {
		text, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		var again Rules
		if err := json.Unmarshal(text, &again); err != nil || !reflect.DeepEqual(again, r) {
			t.Errorf("%s\nreads back as %+v, %v\nwant %+v", text, again, err, r)
		}
	}
	if text, err := json.Marshal(want); err != nil || string(text) != fullRules {
		t.Errorf("wrote %s, %v", text, err)
	}
}

const regimeRules = `"cool_offs":[{"after":"conversation","scope":"person","days":7},{"after":"machine","scope":"lead","period":"24h"}],` +
	`"rotate":true,"mix_hours":true`

func TestRulesOfCalendarsAndLawSurviveWritingAndReading(t *testing.T) {
	t.Parallel()
	want := DefaultRules()
	want.Caps = []Cap{
		{Scope: CapPerson, Count: CountConversations, Max: 7, Days: 7}, {Scope: CapCompany, Count: CountConnects, Max: 1, Period: time.Hour},
		{Scope: CapMatter, Max: 3, Days: 1}, {Scope: CapAccount, Max: 2, Period: time.Hour},
	}
	want.CoolOffs = []CoolOff{{After: AfterConversation, Scope: CapPerson, Days: 7}, {After: AfterMachine, Period: 24 * time.Hour}}
	want.Rotate, want.MixHours = true, true
	want.Calendars, want.Purpose, want.Matter = []string{"cn-2026", "office"}, PurposeCollections, "debt 17"
	want.Packs, want.Waivers = []string{"us", "us-debt"}, []Waiver{{Rule: "us-ct.hours", Reason: "counsel said so"}}
	text, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{
		regimeRules, `{"scope":"person","count":"conversations","max":7,"days":7}`, `{"scope":"subject","max":3,"days":1}`,
		`"calendars":["cn-2026","office"],"purpose":"collections","matter":"debt 17","packs":["us","us-debt"],"waivers":[{"rule":"us-ct.hours",`,
	} {
		if !strings.Contains(string(text), part) {
			t.Errorf("%s lacks %s", text, part)
		}
	}
	var again Rules
	if err := json.Unmarshal(text, &again); err != nil || !reflect.DeepEqual(again, want) {
		t.Errorf("%s\nreads back as %+v, %v", text, again, err)
	}
	if text, err = json.Marshal(DefaultRules()); err != nil || strings.Contains(string(text), "packs") || strings.Contains(string(text), "rotate") {
		t.Errorf("rules that say nothing of it are written as %s, %v", text, err)
	}
}

func TestBadRulesNameTheFieldAndChangeNothing(t *testing.T) {
	t.Parallel()
	hours := func(w string) string { return `{"hours":[{"days":["mon"],"open":"09:00","close":"10:00"},` + w + `]}` }
	for _, c := range []struct{ text, field string }{
		{`[]`, "rules"},
		{`{"intervall":"4h"}`, "rules.intervall"},
		{`{"Interval":"4h"}`, "rules.Interval"},
		{`{"max_days":1,"max_days":2}`, "rules.max_days"},
		{`{"interval":4}`, "rules.interval"},
		{`{"interval":"4"}`, "rules.interval"},
		{`{"interval":"-4h"}`, "rules.interval"},
		{`{"interval":"1.5s"}`, "rules.interval"},
		{`{"network_retry":"5 m"}`, "rules.network_retry"},
		{`{"intervals":{"APOINTMENT":"4h"}}`, "rules.intervals.APOINTMENT"},
		{`{"intervals":{"busy":"4h"}}`, "rules.intervals.busy"},
		{`{"intervals":{"BUSY":"1ms"}}`, "rules.intervals.BUSY"},
		{`{"intervals":[]}`, "rules.intervals"},
		{`{"max_per_day":-1}`, "rules.max_per_day"},
		{`{"max_attempts":1.5}`, "rules.max_attempts"},
		{`{"max_days":"3"}`, "rules.max_days"},
		{`{"network_retry_limit":-3}`, "rules.network_retry_limit"},
		{`{"expires_at":"2026-10-28"}`, "rules.expires_at"},
		{`{"expires_at":"2026-10-28T05:00:16.5Z"}`, "rules.expires_at"},
		{`{"hours":{}}`, "rules.hours"},
		{hours(`17`), "rules.hours[1]"},
		{hours(`{"days":[],"open":"09:00","close":"10:00"}`), "rules.hours[1].days"},
		{hours(`{"open":"09:00","close":"10:00"}`), "rules.hours[1].days"},
		{hours(`{"days":["monday"],"open":"09:00","close":"10:00"}`), "rules.hours[1].days[0]"},
		{hours(`{"days":["mon","Tue"],"open":"09:00","close":"10:00"}`), "rules.hours[1].days[1]"},
		{hours(`{"days":["mon"],"open":"9:00","close":"10:00"}`), "rules.hours[1].open"},
		{hours(`{"days":["mon"],"open":"24:00","close":"24:00"}`), "rules.hours[1].open"},
		{hours(`{"days":["mon"],"open":"09:60","close":"10:00"}`), "rules.hours[1].open"},
		{hours(`{"days":["mon"],"open":"09:00","close":"24:01"}`), "rules.hours[1].close"},
		{hours(`{"days":["mon"],"open":"10:00","close":"10:00"}`), "rules.hours[1].close"},
		{hours(`{"days":["mon"],"open":"22:00","close":"02:00"}`), "rules.hours[1].close"},
		{hours(`{"days":["mon"],"open":"22:00"}`), "rules.hours[1].close"},
		{hours(`{"days":["mon"],"close":"22:00"}`), "rules.hours[1].open"},
		{hours(`{"days":["mon"],"open":"09:00","close":"10:00","zone":"UTC"}`), "rules.hours[1].zone"},
		{`{"holidays":["2026-10-01","2026-02-30"]}`, "rules.holidays[1]"},
		{`{"holidays":["1 Oct"]}`, "rules.holidays[0]"},
		{`{"caps":[{"scope":"team","max":1,"period":"1h"}]}`, "rules.caps[0].scope"},
		{`{"caps":[{"max":1,"period":"1h"}]}`, "rules.caps[0].scope"},
		{`{"caps":[{"scope":"lead","max":0,"period":"1h"}]}`, "rules.caps[0].max"},
		{`{"caps":[{"scope":"lead","period":"1h"}]}`, "rules.caps[0].max"},
		{`{"caps":[{"scope":"lead","max":1,"period":"0s"}]}`, "rules.caps[0].period"},
		{`{"caps":[{"scope":"lead","max":1,"period":"500ms"}]}`, "rules.caps[0].period"},
		{`{"caps":[{"scope":"lead","max":1}]}`, "rules.caps[0].period"},
		{`{"caps":[{"scope":"lead","max":1,"period":"1h","days":1}]}`, "rules.caps[0].days"},
		{`{"caps":[{"scope":"lead","max":1,"days":4000}]}`, "rules.caps[0].days"},
		{`{"caps":[{"scope":"lead","max":1,"days":1,"count":"calls"}]}`, "rules.caps[0].count"},
		{`{"caps":[{"scope":"lead","max":1,"day":1}]}`, "rules.caps[0].day"},
		{`{"cool_offs":[{"after":"busy","scope":"lead","days":1}]}`, "rules.cool_offs[0].after"},
		{`{"cool_offs":[{"scope":"lead","days":1}]}`, "rules.cool_offs[0].after"},
		{`{"cool_offs":[{"after":"refused","days":1}]}`, "rules.cool_offs[0].scope"},
		{`{"cool_offs":[{"after":"refused","scope":"lead"}]}`, "rules.cool_offs[0].period"},
		{`{"cool_offs":[{"after":"refused","scope":"lead","days":1,"period":"1h"}]}`, "rules.cool_offs[0].days"},
		{`{"rotate":1}`, "rules.rotate"},
		{`{"mix_hours":"yes"}`, "rules.mix_hours"},
		{`{"calendars":["cn","cn"]}`, "rules.calendars[1]"},
		{`{"calendars":["CN"]}`, "rules.calendars[0]"},
		{`{"purpose":"selling"}`, "rules.purpose"},
		{`{"matter":" x"}`, "rules.matter"},
		{`{"packs":["us",""]}`, "rules.packs[1]"},
		{`{"packs":["us","fr","us"]}`, "rules.packs[2]"},
		{`{"waivers":[{"rule":"us-ct.hours"}]}`, "rules.waivers[0].reason"},
		{`{"waivers":[{"reason":"x"}]}`, "rules.waivers[0].rule"},
		{`{"waivers":[{"rule":"a","reason":"x"},{"rule":"a","reason":"y"}]}`, "rules.waivers[1].rule"},
		{`{"waivers":[{"rule":"a","why":"x"}]}`, "rules.waivers[0].why"},
	} {
		r := DefaultRules()
		err := json.Unmarshal([]byte(c.text), &r)
		if KindOf(err) != KindInvalid || !strings.HasPrefix(err.Error(), c.field+": ") {
			t.Errorf("%s: %v, want an error about %s", c.text, err, c.field)
		}
		if !reflect.DeepEqual(r, DefaultRules()) {
			t.Errorf("%s changed the rules", c.text)
		}
	}
}

func TestValidateTellsEveryFaultAtOnce(t *testing.T) {
	t.Parallel()
	if err := DefaultRules().Validate(); err != nil {
		t.Error(err)
	}
	bad := Rules{
		Interval: -time.Hour, MaxDays: -1, ExpiresAt: time.Unix(0, 5), Hours: []Window{{Open: 600, Close: 2000}},
		Holidays: []Date{{2026, 13, 1}}, Caps: []Cap{{Scope: 7}},
	}
	var fields []string
	if e, ok := errors.AsType[*Error](bad.Validate()); ok {
		for _, v := range e.Violations {
			fields = append(fields, v.Field)
		}
	}
	want := []string{
		"rules.interval", "rules.max_days", "rules.expires_at", "rules.hours[0].days", "rules.hours[0].close",
		"rules.holidays[0]", "rules.caps[0].scope", "rules.caps[0].max", "rules.caps[0].period",
	}
	if !reflect.DeepEqual(fields, want) {
		t.Errorf("faults %q\nwant   %q", fields, want)
	}
}

func TestDurationsReadAsPeopleWriteThem(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		4 * time.Hour: "4h", 90 * time.Minute: "1h30m", 90 * time.Second: "1m30s", 0: "0s", 20 * time.Second: "20s",
		time.Hour + time.Second: "1h0m1s", 10 * time.Minute: "10m", 100 * time.Hour: "100h",
	} {
		if got := Duration(d); got != want {
			t.Errorf("%v: %s, want %s", d, got, want)
		}
		if back, err := time.ParseDuration(Duration(d)); back != d || err != nil {
			t.Errorf("%v reads back as %v, %v", d, back, err)
		}
	}
}

// The walker trusts its text to be JSON; on other text it may answer anything but must end.
func FuzzRules(f *testing.F) {
	f.Add([]byte(fullRules))
	f.Add([]byte(fullRules[:len(fullRules)-1] + "," + regimeRules + `,"packs":["us"],"waivers":[{"rule":"us.a","reason":"x"}],"purpose":"sales"}`))
	f.Add([]byte(`{"hours":[{"days":["mon"],"open":"09:00","close":"10:00"}`))
	f.Add([]byte(`{"a\u0062":"\ud800", "b" 3 [}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		_, _ = ReadRules(text)
		var r Rules
		if err := json.Unmarshal(text, &r); err != nil {
			return
		}
		if err := r.Validate(); err != nil {
			t.Fatalf("read rules that are not valid: %v", err)
		}
		out, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		var again Rules
		if err := json.Unmarshal(out, &again); err != nil || !reflect.DeepEqual(again, r) {
			t.Fatalf("%s reads back as %+v, %v", out, again, err)
		}
	})
}

func TestAMistypedFieldIsToldWhichThereAre(t *testing.T) {
	t.Parallel()
	var r Rules
	var f FloorSettings
	for _, c := range []struct {
		err  error
		want string
	}{
		{json.Unmarshal([]byte(`{"zone":"UTC"}`), &r), "rules.zone: unknown field: the rules are interval, intervals, max_per_day, "},
		{json.Unmarshal([]byte(`{"offer_tim":"1m"}`), &f), "floor.offer_tim: unknown field: the settings are fresh_share, "},
		{json.Unmarshal([]byte(`{"intervals":{"BUSYY":"1m"}}`), &r), "rules.intervals.BUSYY: is no outcome: write one such as BUSY"},
		{json.Unmarshal([]byte(`{"max_days":-1}`), &r), "rules.max_days: -1 is negative: give 0 or more"},
	} {
		if c.err == nil || !strings.HasPrefix(c.err.Error(), c.want) {
			t.Errorf("%v, want %q…", c.err, c.want)
		}
	}
}
