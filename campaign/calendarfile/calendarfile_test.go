package calendarfile_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"redial/campaign"
	"redial/campaign/calendarfile"
)

// told is a file's days as texts: "2026-10-01 holiday CN 国庆节".
func told(f calendarfile.File) []string {
	var out []string
	for _, d := range f.Days {
		var s strings.Builder
		s.WriteString(d.Date.String() + " " + string(d.Kind))
		if d.Kind == campaign.DayWorking && len(d.Hours) == 0 {
			s.WriteString(" as " + d.As.String())
		}
		for _, w := range d.Hours {
			fmt.Fprintf(&s, " %d-%d", w.Open, w.Close)
		}
		for _, more := range []string{d.Place, d.Name} {
			if more != "" {
				s.WriteString(" " + more)
			}
		}
		out = append(out, s.String())
	}
	return out
}

func read(t *testing.T, content string, opt calendarfile.Options) calendarfile.File {
	t.Helper()
	f, err := calendarfile.Read([]byte(content), opt)
	if err != nil {
		t.Fatalf("%v\n%s", err, content)
	}
	return f
}

func same(t *testing.T, got, want []string) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// noted checks that there are notes with these beginnings, and no others.
func noted(t *testing.T, f calendarfile.File, want ...string) {
	t.Helper()
	ok := len(f.Notes) == len(want)
	for i := range min(len(want), len(f.Notes)) {
		ok = ok && strings.HasPrefix(f.Notes[i], want[i])
	}
	if !ok {
		t.Errorf("notes %q, want %q", f.Notes, want)
	}
}

func TestATableInChinese(t *testing.T) {
	t.Parallel()
	f := read(t, "\xef\xbb\xbf# 通知\n日期,类型,名称,地区,按\n2026-10-01..2026-10-03,放假,国庆节,cn,\n2026年10月10日,补班,,,星期四\n2026/9/27,上班\n,放假,空\n2026年2月15日至17日,休,春节,,\n2026年12月31日至2027年1月1日,停业,盘点,,\n",
		calendarfile.Options{Source: "国办发明电"})
	if f.Format != "csv" || f.Days[0].Source != "国办发明电" {
		t.Errorf("%+v", f)
	}
	same(t, told(f), []string{
		"2026-02-15 holiday 春节", "2026-02-16 holiday 春节", "2026-02-17 holiday 春节", "2026-09-27 working as Monday",
		"2026-10-01 holiday CN 国庆节", "2026-10-02 holiday CN 国庆节", "2026-10-03 holiday CN 国庆节", "2026-10-10 working as Thursday",
		"2026-12-31 closure 盘点", "2027-01-01 closure 盘点",
	})
	noted(t, f, "line 6: has no date")
}

func TestATableInEnglish(t *testing.T) {
	t.Parallel()
	f := read(t, "Date;To;Kind;Name;Region;Open;Close;Colour\r\n2026-12-24;;working;\"Eve; half\r\na day\";DE-BY;9:00;12:00;red\r\n2026-12-24;;working;;DE-BY;13:00;15:00\r\n20261225;2026.12.26;Public Holiday;Christmas\r\n2026-12-25;;off;again\r\n",
		calendarfile.Options{Place: "DE"})
	same(t, told(f), []string{
		"2026-12-24 working 540-720 780-900 DE-BY Eve; half a day", "2026-12-25 holiday DE Christmas", "2026-12-26 holiday DE Christmas",
	})
	noted(t, f, `line 1: the column "Colour" is passed over`, "line 6: 2026-12-25 was there before as a holiday in DE")
	f = read(t, "day\n2026-10-01\n", calendarfile.Options{})
	same(t, told(f), []string{"2026-10-01 holiday"})
	noted(t, f, "line 1: there is no column kind")
}

func TestABadFileNamesTheLine(t *testing.T) {
	t.Parallel()
	vevent := func(lines ...string) string {
		return "BEGIN:VCALENDAR\nBEGIN:VEVENT\n" + strings.Join(lines, "\n") + "\nEND:VEVENT\nEND:VCALENDAR\n"
	}
	for _, c := range []struct{ content, want string }{
		{"", "the file tells of no day"},
		{"date,kind\n", "the file tells of no day"},
		{"name,kind\n", "line 1 names no column date"},
		{"date,日期\n", "line 1: two columns are the date"},
		{"date\n2026-02-30\n", `line 2: "2026-02-30" is no date`},
		{"date\n10/01/2026\n", `line 2: "10/01/2026" is no date`},
		{"date\n10月1日\n", "line 2: \"10月1日\" is no date"},
		{"date\n2026-10-07..2026-10-01\n", "line 2: 2026-10-01 is before 2026-10-07"},
		{"date\n2026-10-07..2036-10-01\n", "line 2: 2026-10-07 to 2036-10-01 is more than a year"},
		{"date,to\n2026-10-07..2026-10-08,2026-10-09\n", "line 2: \"2026-10-07..2026-10-08\" is a range"},
		{"date,kind\n\n2026-10-07,调休\n", "line 3: \"调休\" is no kind of day"},
		{"date,kind,as\n2026-10-07,holiday,mon\n", "line 2: a holiday is closed"},
		{"date,kind,as\n2026-10-07,work,moon\n", "line 2: \"moon\" is no day of the week"},
		{"date,kind,open,close\n2026-10-07,work,9,17\n", "line 2: \"9\" to \"17\" are no hours"},
		{"date,kind,open,close,as\n2026-10-07,work,09:00,17:00,mon\n", "line 2: give either as or open and close"},
		{"date,place\n2026-10-07,Bavaria\n", "line 2: place: \"BAVARIA\" is no place"},
		{"date\n\"2026-10-07\n", "line 2 is no row of a table"},
		{"date\n2026-10-07\n\xff\xfe\n", "line 3 is not UTF-8"},
		{"{\"days\":[\n{]}", "line 2 is not JSON"},
		{"[{\"date\":\"2026-10-01\",\"kind\":\"feast\"}]", "days[0].kind: \"feast\""},
		{"BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20261001", "the file ends within VEVENT"},
		{"BEGIN:VCALENDAR\nEND:VEVENT", "line 2: END:VEVENT ends nothing"},
		{"BEGIN:VCALENDAR\nhello\nEND:VCALENDAR", "line 2 is no line of an ICS file"},
		{vevent("DTSTART;VALUE=DATE:20260230"), "line 3: DTSTART is \"20260230\""},
		{vevent("DTSTART:20261001T25"), "line 3: DTSTART is \"20261001T25\""},
		{vevent("DTSTART:20261002", "DTEND:20261001"), "line 4: the event ends 2026-10-01, before it begins"},
		{vevent("DTSTART:20261002", "DTEND:20281001", "SUMMARY:x"), "line 3: \"x\" lasts more than a year"},
		{"date\n" + strings.Repeat("2026-01-01..2026-12-31\n", 40_000), "line 29: the file tells of more than 10000 days"},
		{strings.Repeat("x", calendarfile.MaxSize+1), "the file has 1048577 bytes: at most 1048576"},
	} {
		_, err := calendarfile.Read([]byte(c.content), calendarfile.Options{})
		if campaign.KindOf(err) != campaign.KindInvalid || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%.60q: %v, want %q…", c.content, err, c.want)
		}
	}
	for field, opt := range map[string]calendarfile.Options{"place": {Place: "Mars"}, "format": {Format: "xlsx"}} {
		if _, err := calendarfile.Read([]byte("date\n2026-10-01\n"), opt); err == nil || !strings.HasPrefix(err.Error(), field+": ") {
			t.Errorf("%v, want an error about %s", err, field)
		}
	}
}

func TestJSONIsACalendarOrAListOfDays(t *testing.T) {
	t.Parallel()
	f := read(t, ` [{"date":"2026-10-10","kind":"working"},{"date":"2026-10-01","kind":"holiday","place":"CN"}]`, calendarfile.Options{Place: "CN-11"})
	same(t, told(f), []string{"2026-10-01 holiday CN", "2026-10-10 working as Monday CN-11"})
	f = read(t, `{"name":"fr","weeks":[{"hours":[{"days":["mon"],"open":"10:00","close":"13:00"}]}]}`, calendarfile.Options{})
	if f.Name != "fr" || len(f.Weeks) != 1 || len(f.Days) != 0 || f.Format != "json" {
		t.Errorf("%+v", f)
	}
}

func TestTheExamplesAreReadWhole(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]struct{ days, working int }{"cn-2026.csv": {33 + 6, 6}, "fr-2026.ics": {11 + 2*8, 0}} {
		content, err := os.ReadFile(filepath.Join("..", "..", "deploy", "calendars", name))
		if err != nil {
			t.Fatal(err)
		}
		f, err := calendarfile.Read(content, calendarfile.Options{FirstYear: 2026, LastYear: 2028})
		working := 0
		for _, d := range f.Days {
			if d.Kind == campaign.DayWorking {
				working++
			}
		}
		if err != nil || len(f.Days) != want.days || working != want.working || len(f.Notes) > 0 {
			t.Errorf("%s: %v, %d days, %d of them working, notes %q", name, err, len(f.Days), working, f.Notes)
		}
	}
}

// sound checks what every file that is read keeps: its days are valid, in order, each once, and can be kept as JSON.
func sound(t *testing.T, content []byte, format string) {
	t.Helper()
	f, err := calendarfile.Read(content, calendarfile.Options{Format: format, FirstYear: 2025, LastYear: 2027})
	if err != nil {
		if campaign.KindOf(err) != campaign.KindInvalid {
			t.Fatalf("an error of another kind: %v", err)
		}
		return
	}
	c := campaign.Calendar{Name: "fuzz", Weeks: f.Weeks, Days: f.Days}
	if err := c.Validate(); err != nil {
		t.Fatalf("read a calendar that is not valid: %v", err)
	}
	text, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	again, err := calendarfile.Read(text, calendarfile.Options{})
	if err != nil && len(text) <= calendarfile.MaxSize || err == nil && !reflect.DeepEqual(again.Days, f.Days) {
		t.Fatalf("%s reads back as %+v, %v", text, again, err)
	}
}

func FuzzCSV(f *testing.F) {
	f.Add([]byte("日期,类型,名称,地区,按\n2026-10-01..2026-10-03,放假,国庆节,CN,\n2026-10-10,补班,,,周四\n"))
	f.Add([]byte("date;to;kind;open;close\n2026-12-24;;working;09:00;12:00\n2026-12-24;;working;13:00;15:00\n# x\n"))
	f.Fuzz(func(t *testing.T, content []byte) { sound(t, content, "csv") })
}

func FuzzICS(f *testing.F) {
	f.Add([]byte(folded))
	f.Add([]byte("BEGIN:VEVENT\nDTSTART:20260101\nRRULE:FREQ=YEARLY;INTERVAL=2;COUNT=3;UNTIL=20300101\nEXDATE:20260101,x\nEND:VEVENT"))
	f.Fuzz(func(t *testing.T, content []byte) { sound(t, content, "ics") })
}

func FuzzJSON(f *testing.F) {
	f.Add([]byte(`[{"date":"2026-10-10","kind":"working","as":"thu"},{"date":"2026-10-01","kind":"holiday","place":"CN"}]`))
	f.Add([]byte(`{"name":"fr","weeks":[{"hours":[{"days":["mon"],"open":"10:00","close":"13:00"}]}]}`))
	f.Fuzz(func(t *testing.T, content []byte) { sound(t, content, "json") })
}
