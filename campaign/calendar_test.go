package campaign

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"
)

const fullCalendar = `{"name":"cn-2026","version":3,"weeks":[{"hours":[{"days":["mon","fri"],"open":"09:00","close":"12:00"}]},` +
	`{"from":"2026-07-01","to":"2026-08-31","hours":[{"days":["mon"],"open":"08:00","close":"24:00"}]}],` +
	`"days":[{"date":"2026-09-27","kind":"working","name":"补班","place":"CN","as":"thu","source":"https://www.gov.cn/"},` +
	`{"date":"2026-10-01","kind":"holiday","name":"国庆节","place":"CN"},` +
	`{"date":"2026-10-01","kind":"closure"},` +
	`{"date":"2026-12-24","kind":"working","hours":[{"open":"09:00","close":"12:00"}]}]}`

func TestACalendarSurvivesWritingAndReading(t *testing.T) {
	t.Parallel()
	c, err := ReadCalendar([]byte(fullCalendar))
	if err != nil {
		t.Fatal(err)
	}
	want := Calendar{
		Name: "cn-2026", Version: 3,
		Weeks: []Week{
			{Hours: []Window{{Days: [7]bool{1: true, 5: true}, Open: 540, Close: 720}}},
			{From: Date{2026, 7, 1}, To: Date{2026, 8, 31}, Hours: []Window{{Days: [7]bool{1: true}, Open: 480, Close: 1440}}},
		},
		Days: []Day{
			{Date: Date{2026, 9, 27}, Kind: DayWorking, Name: "补班", Place: "CN", As: time.Thursday, Source: "https://www.gov.cn/"},
			{Date: Date{2026, 10, 1}, Kind: DayHoliday, Name: "国庆节", Place: "CN"},
			{Date: Date{2026, 10, 1}, Kind: DayClosure},
			{Date: Date{2026, 12, 24}, Kind: DayWorking, Hours: []Window{{Days: everyDay, Open: 540, Close: 720}}},
		},
	}
	if !reflect.DeepEqual(c, want) {
		t.Errorf("read %+v\nwant %+v", c, want)
	}
	if text, err := json.Marshal(c); err != nil || string(text) != fullCalendar {
		t.Errorf("wrote %s, %v", text, err)
	}
	if err := c.Validate(); err != nil {
		t.Error(err)
	}
	var parts struct {
		Weeks []Week
		Days  []Day
	}
	if err := json.Unmarshal([]byte(fullCalendar), &parts); err != nil || !reflect.DeepEqual(parts.Weeks, want.Weeks) || !reflect.DeepEqual(parts.Days, want.Days) {
		t.Errorf("the parts read %+v, %v", parts, err)
	}
}

func TestDaysAreReadInTheOrderOfTheirDatesAndWorkLikeAMonday(t *testing.T) {
	t.Parallel()
	c, err := ReadCalendar([]byte(`{"days":[{"date":"2026-10-10","kind":"working"},{"date":"2026-10-01","kind":"holiday"}]}`))
	if err != nil || len(c.Days) != 2 || c.Days[0].Date.Day != 1 || c.Days[1].As != time.Monday {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestABadCalendarNamesTheField(t *testing.T) {
	t.Parallel()
	day := func(rest string) string { return `{"days":[{"date":"2026-10-01",` + rest + `}]}` }
	for _, c := range []struct{ text, field string }{
		{`{"days":[}`, ""},
		{`{"week":[]}`, "week"},
		{`{"weeks":[{"from":"2026-07-01"}]}`, "weeks[0].hours"},
		{`{"weeks":[{"from":"2026-07-02","to":"2026-07-01","hours":[{"days":["mon"],"open":"09:00","close":"10:00"}]}]}`, "weeks[0].to"},
		{`{"weeks":[{"hours":[{"days":["mon"],"open":"09:00","close":"08:00"}]}]}`, "weeks[0].hours[0].close"},
		{`{"days":[{"kind":"holiday"}]}`, "days[0].date"},
		{`{"days":[{"date":"2026-02-29","kind":"holiday"}]}`, "days[0].date"},
		{day(`"kind":"feast"`), "days[0].kind"},
		{day(`"name":"x"`), "days[0].kind"},
		{day(`"kind":"holiday","place":"Germany"`), "days[0].place"},
		{day(`"kind":"holiday","place":"DE-by"`), "days[0].place"},
		{day(`"kind":"holiday","as":"mon"`), "days[0].as"},
		{day(`"kind":"working","as":"monday"`), "days[0].as"},
		{day(`"kind":"working","as":"mon","hours":[{"open":"09:00","close":"10:00"}]`), "days[0].as"},
		{day(`"kind":"closure","hours":[{"open":"09:00","close":"10:00"}]`), "days[0].hours"},
		{day(`"kind":"working","hours":[{"open":"10:00","close":"10:00"}]`), "days[0].hours[0].close"},
		{day(`"kind":"holiday","color":"red"`), "days[0].color"},
		{`{"days":[{"date":"2026-10-01","kind":"holiday"},{"date":"2026-10-01","kind":"holiday"}]}`, "days[1].date"},
	} {
		got := "?"
		if e, ok := errors.AsType[*Error](func() error { _, err := ReadCalendar([]byte(c.text)); return err }()); ok && e.Kind == KindInvalid {
			got = e.Violations[0].Field
		}
		if got != c.field {
			t.Errorf("%s: an error about %q, want %q", c.text, got, c.field)
		}
	}
	for _, name := range []string{"", "CN", "a b", strings.Repeat("x", 51)} {
		if err := (&Calendar{Name: name}).Validate(); err == nil || !strings.HasPrefix(err.Error(), "name: ") {
			t.Errorf("the name %q: %v", name, err)
		}
	}
}

func TestPlacesAreCountriesOrTheirParts(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"CN", "US-FL", "DE-BY", "GB-SCT", "FR-57", "IN-MH"} {
		if !KnownPlace(s) {
			t.Errorf("%q is a place", s)
		}
	}
	for _, s := range []string{"", "us", "USA", "US-", "US-fl", "US-FLOR", "QQ", "US-F L", "US-FL-1", "-FL"} {
		if KnownPlace(s) {
			t.Errorf("%q is no place", s)
		}
	}
}

func TestCapsAndHoursStandAlone(t *testing.T) {
	t.Parallel()
	w, err := ReadWindows([]byte(`[{"days":["sat"],"open":"10:00","close":"13:00"}]`))
	if err != nil || !reflect.DeepEqual(w, []Window{{Days: [7]bool{6: true}, Open: 600, Close: 780}}) {
		t.Errorf("%v, %v", w, err)
	}
	if text, err := json.Marshal(w); err != nil || string(text) != `[{"days":["sat"],"open":"10:00","close":"13:00"}]` {
		t.Errorf("%s, %v", text, err)
	}
	if w, err := ReadWindows([]byte(`[]`)); w != nil || err != nil {
		t.Errorf("%v, %v", w, err)
	}
	for field, read := range map[string]func() error{
		"[0].days": func() error { _, err := ReadWindows([]byte(`[{"open":"10:00","close":"13:00"}]`)); return err },
		"max":      func() error { _, err := ReadCap([]byte(`{"scope":"lead","period":"1h"}`)); return err },
		"days":     func() error { _, err := ReadCap([]byte(`{"scope":"lead","max":1,"period":"1h","days":2}`)); return err },
		"after":    func() error { _, err := ReadCoolOff([]byte(`{"scope":"lead","period":"1h"}`)); return err },
		"close":    func() error { return json.Unmarshal([]byte(`{"days":["sat"],"open":"10:00","close":"09:00"}`), &w[0]) },
	} {
		if len(w) == 0 {
			w = make([]Window, 1)
		}
		if err := read(); err == nil || !strings.HasPrefix(err.Error(), field+": ") {
			t.Errorf("%v, want an error about %s", err, field)
		}
	}
	c, err := ReadCap([]byte(`{"scope":"company","count":"attempts","max":1,"days":1}`))
	if err != nil || c != (Cap{Scope: CapCompany, Max: 1, Days: 1}) {
		t.Errorf("%+v, %v", c, err)
	}
}

func FuzzCalendar(f *testing.F) {
	f.Add([]byte(fullCalendar))
	f.Add([]byte(`{"days":[{"date":"2026-10-01","kind":"holiday"}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := ReadCalendar(text)
		if err != nil {
			return
		}
		out, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		again, err := ReadCalendar(out)
		if err != nil || !reflect.DeepEqual(again, c) {
			t.Fatalf("%s reads back as %+v, %v", out, again, err)
		}
	})
}
