package calendarfile_test

import (
	"strings"
	"testing"

	"redial/campaign/calendarfile"
)

const folded = "BEGIN:VCALENDAR\r\nBEGIN:VTIMEZONE\r\nBEGIN:STANDARD\r\nDTSTART:16010101T000000\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n" +
	"BEGIN:VEVENT\r\nDTSTART;VALUE=DATE:20261001\r\nDTEND;VALUE=DATE:20261003\r\nSUMMARY;LANGUAGE=\"zh:CN\":Golden\\, long\\n\r\n  week\\; of\r\n\t rest\r\n" +
	"BEGIN:VALARM\r\nSUMMARY:alarm\r\nDTSTART:20200101\r\nEND:VALARM\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"

// vevents makes a calendar of events, each of lines separated by |.
func vevents(events ...string) string {
	var b strings.Builder
	b.WriteString("BEGIN:VCALENDAR\n")
	for _, e := range events {
		b.WriteString("BEGIN:VEVENT\n" + strings.ReplaceAll(e, "|", "\n") + "\nEND:VEVENT\n")
	}
	b.WriteString("END:VCALENDAR\n")
	return b.String()
}

func TestICSLinesAreUnfoldedAndTextsUnescaped(t *testing.T) {
	t.Parallel()
	want := []string{"2026-10-01 holiday Golden, long  week; of rest", "2026-10-02 holiday Golden, long  week; of rest"}
	for _, text := range []string{folded, strings.ReplaceAll(folded, "\r\n", "\n"), strings.ReplaceAll(folded, "\r\n", "\r")} {
		f := read(t, text, calendarfile.Options{})
		same(t, told(f), want)
		if f.Format != "ics" || len(f.Notes) > 0 {
			t.Errorf("%+v", f)
		}
	}
}

func TestICSEventsOfWholeDaysAreTaken(t *testing.T) {
	t.Parallel()
	f := read(t, vevents(
		"SUMMARY:a|DTSTART:20260101",
		"SUMMARY:b|DTSTART:20260201|DTEND:20260201",
		"SUMMARY:c|DTSTART;VALUE=DATE:20260301|DURATION:P2D",
		"SUMMARY:d|DTSTART;TZID=Europe/Paris:20260401T000000|DTEND;TZID=\"Europe/Paris\":20260402T000000",
		"SUMMARY:e|DTSTART;TZID=Europe/Paris:20260501T090000|DTEND;TZID=Europe/Paris:20260501T170000",
		"SUMMARY:f|DTSTART:20260601T000000Z|DTEND:20260602T000000Z",
		"SUMMARY:g",
		"SUMMARY:h|DTSTART:20260701|STATUS:CANCELLED",
		"SUMMARY:i|DTSTART:20260801|DURATION:PT5H",
		"SUMMARY:j|DTSTART:20260901T000000",
	), calendarfile.Options{Place: "FR"})
	same(t, told(f), []string{
		"2026-01-01 holiday FR a", "2026-02-01 holiday FR b", "2026-03-01 holiday FR c", "2026-03-02 holiday FR c", "2026-04-01 holiday FR d",
	})
	noted(t, f, `line 23: "e" lasts part of a day`, `line 28: "f" lasts part of a day`, `line 31: "g" has no date`, `line 34: "h" is cancelled`,
		`line 41: "i" lasts part of a day`, `line 46: "j" lasts part of a day`)
}

func TestYearlyEventsFillTheYearsThatAreAskedFor(t *testing.T) {
	t.Parallel()
	years := calendarfile.Options{FirstYear: 2026, LastYear: 2028}
	f := read(t, vevents(
		"SUMMARY:noël|DTSTART:19701225|RRULE:FREQ=YEARLY",
		"SUMMARY:leap|DTSTART:20240229|RRULE:FREQ=YEARLY;WKST=MO",
		"SUMMARY:twice|DTSTART:20260301|DTEND:20260303|RRULE:FREQ=YEARLY;COUNT=2;BYMONTH=3;BYMONTHDAY=1",
		"SUMMARY:even|DTSTART:20240401|RRULE:FREQ=YEARLY;INTERVAL=2",
		"SUMMARY:ends|DTSTART:20260501|RRULE:FREQ=YEARLY;UNTIL=20270430T235959Z",
		"SUMMARY:out|DTSTART:20260601|RRULE:FREQ=YEARLY|EXDATE;VALUE=DATE:20270601,20280601",
	), years)
	same(t, told(f), []string{
		"2026-03-01 holiday twice", "2026-03-02 holiday twice", "2026-04-01 holiday even", "2026-05-01 holiday ends", "2026-06-01 holiday out", "2026-12-25 holiday noël",
		"2027-03-01 holiday twice", "2027-03-02 holiday twice", "2027-12-25 holiday noël",
		"2028-02-29 holiday leap", "2028-04-01 holiday even", "2028-12-25 holiday noël",
	})
	noted(t, f)
	f = read(t, vevents("SUMMARY:noël|DTSTART:20261225|RRULE:FREQ=YEARLY"), calendarfile.Options{})
	same(t, told(f), []string{"2026-12-25 holiday noël"})
}

func TestEventsThatRepeatOtherwiseArePassedOverWithTheReason(t *testing.T) {
	t.Parallel()
	f := read(t, vevents(
		"SUMMARY:labor|DTSTART:20260907|RRULE:FREQ=YEARLY;BYMONTH=9;BYDAY=1MO", "SUMMARY:weekly|DTSTART:20260907|RRULE:FREQ=WEEKLY",
		"SUMMARY:one|DTSTART:20261225|RDATE:20271225",
	), calendarfile.Options{})
	same(t, told(f), []string{"2026-12-25 holiday one"})
	noted(t, f, `line 5: "labor" repeats by a rule (FREQ=YEARLY;BYMONTH=9;BYDAY=1MO) that is not read: passed over, give its dates`,
		`line 10: "weekly" repeats otherwise than every year`, `line 15: the further dates (RDATE) of "one"`)
}

func TestMakeUpDaysOfChineseFeedsAreWorkingDays(t *testing.T) {
	t.Parallel()
	f := read(t, vevents(
		"SUMMARY:国庆节（休）|DTSTART:20261001|X-APPLE-SPECIAL-DAY:WORK-HOLIDAY", "SUMMARY:国庆节|DTSTART:20261010|X-APPLE-SPECIAL-DAY:ALTERNATE-WORKDAY",
		"SUMMARY:重阳节|DTSTART:20261018",
	), calendarfile.Options{})
	same(t, told(f), []string{"2026-10-01 holiday 国庆节（休）", "2026-10-10 working as Monday 国庆节"})
	noted(t, f, `line 7: "国庆节" is a working day`, `line 12: "重阳节" is not marked as a day off`)
	f = read(t, vevents("SUMMARY:国庆节 补班|DTSTART:20261010", "SUMMARY:国庆节（班）|DTSTART:20260920", "SUMMARY:重阳节|DTSTART:20261018"), calendarfile.Options{})
	same(t, told(f), []string{"2026-09-20 working as Monday 国庆节（班）", "2026-10-10 working as Monday 国庆节 补班", "2026-10-18 holiday 重阳节"})
}
