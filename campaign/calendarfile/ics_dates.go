package calendarfile

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"redial/campaign"
)

// moment is a date of an ICS file, with the time of day where it has one.
type moment struct {
	date  campaign.Date
	clock int // seconds of the day; -1: a date alone
	utc   bool
}

// momentOf reads 20261001, 20261001T090000 or 20261001T090000Z. A date in a zone (TZID) is that of the zone, as written.
func momentOf(p property) (moment, error) {
	day, clock, timed := strings.Cut(p.text, "T")
	m := moment{clock: -1}
	var ok bool
	if found := together.FindStringSubmatch(day); found != nil {
		m.date, ok = dateOf(number(found[1]), number(found[2]), number(found[3]))
	}
	if !ok {
		return m, refused("line %d: %s is %q: write a date as 20261001", p.line, p.name, clip(p.text, 40))
	}
	if timed {
		clock, m.utc = strings.CutSuffix(clock, "Z")
		t, err := time.Parse("150405", clock)
		if err != nil {
			return m, refused("line %d: %s is %q: write a time as 20261001T090000", p.line, p.name, clip(p.text, 40))
		}
		m.clock = t.Hour()*3600 + t.Minute()*60 + t.Second()
	}
	return m, nil
}

// span is the first and the last day of an event, and whether it lasts whole days.
func span(start property, e event) (first, last campaign.Date, whole bool, err error) {
	from, err := momentOf(start)
	if err != nil {
		return first, last, false, err
	}
	if from.clock > 0 || from.utc {
		return first, last, false, nil
	}
	after := from.date.Next() // the first day that is over
	if end, ok := e.has["DTEND"]; ok {
		to, err := momentOf(end)
		if err != nil {
			return first, last, false, err
		}
		if to.clock > 0 || to.utc || from.clock == 0 && to.date == from.date {
			return first, last, false, nil
		}
		if to.date.Compare(from.date) < 0 {
			return first, last, false, refused("line %d: the event ends %v, before it begins, %v", end.line, to.date, from.date)
		}
		if to.date != from.date { // some write the same day as the end of a day
			after = to.date
		}
	} else if length, ok := e.has["DURATION"]; ok {
		n, ok := wholeDays(length.text)
		if !ok {
			return first, last, false, nil
		}
		after = later(from.date, n)
	} else if from.clock == 0 {
		return first, last, false, nil // an instant
	}
	return from.date, later(after, -1), true, nil
}

// wholeDays reads P2D or P1W.
func wholeDays(s string) (int, bool) {
	digits, ok := strings.CutPrefix(strings.ToUpper(s), "P")
	if !ok || len(digits) < 2 {
		return 0, false
	}
	n, err := strconv.Atoi(digits[:len(digits)-1])
	if err != nil || n < 1 || n > longest {
		return 0, false
	}
	switch digits[len(digits)-1] {
	case 'D':
		return n, true
	case 'W':
		return 7 * n, true
	}
	return 0, false
}

// repeats are the first days of an event, with why it cannot be told which. A yearly event has those within the years
// that are asked for.
func (g *gathering) repeats(e event, first campaign.Date) (days []campaign.Date, why string) {
	rule, ok := e.has["RRULE"]
	if !ok {
		return []campaign.Date{first}, ""
	}
	every, count, until, why := yearly(rule.text, first)
	if why != "" {
		return nil, why
	}
	from, to := max(g.opt.FirstYear, first.Year), g.opt.LastYear
	if g.opt.FirstYear == 0 || g.opt.LastYear == 0 {
		from, to = first.Year, first.Year
	}
	to = min(to, from+yearsMost)
	for n, year := 0, first.Year; year <= to && n < count; year += every {
		d, there := dateOf(year, int(first.Month), first.Day)
		if !there { // 29 February
			continue
		}
		n++
		if year >= from && (until == (campaign.Date{}) || d.Compare(until) <= 0) {
			days = append(days, d)
		}
	}
	return days, ""
}

// yearsMost bounds how many years a yearly event is asked for.
const yearsMost = 100

// yearly reads FREQ=YEARLY with INTERVAL, COUNT and UNTIL; parts that name another day than the event's are not read.
func yearly(rule string, first campaign.Date) (every, count int, until campaign.Date, why string) {
	every, count = 1, 1<<30
	freq := ""
	for part := range strings.SplitSeq(rule, ";") {
		name, value, _ := strings.Cut(strings.ToUpper(strings.TrimSpace(part)), "=")
		n := number(value)
		switch {
		case name == "" || name == "WKST":
		case name == "FREQ":
			freq = value
		case name == "INTERVAL" && n > 0 && n <= 1000:
			every = n
		case name == "COUNT" && n > 0:
			count = n
		case name == "UNTIL":
			m, err := momentOf(property{text: value})
			if err != nil {
				return every, count, until, "in a way that is not read (" + clip(rule, 80) + ")"
			}
			until = m.date
		case name == "BYMONTH" && n == int(first.Month), name == "BYMONTHDAY" && n == first.Day:
		default:
			return every, count, until, fmt.Sprintf("by a rule (%s) that is not read", clip(rule, 80))
		}
	}
	if freq != "YEARLY" {
		return every, count, until, fmt.Sprintf("otherwise than every year (%s)", clip(rule, 80))
	}
	return every, count, until, ""
}

// excluded are the first days that an event leaves out.
func excluded(e event) map[campaign.Date]bool {
	out := make(map[campaign.Date]bool)
	for _, p := range e.out {
		for _, s := range slices.Collect(strings.SplitSeq(p.text, ",")) {
			if m, err := momentOf(property{text: strings.TrimSpace(s)}); err == nil {
				out[m.date] = true
			}
		}
	}
	return out
}

func later(d campaign.Date, days int) campaign.Date {
	return campaign.DateOf(time.Date(d.Year, d.Month, d.Day+days, 0, 0, 0, 0, time.UTC))
}

func daysBetween(first, last campaign.Date) int {
	a := time.Date(first.Year, first.Month, first.Day, 0, 0, 0, 0, time.UTC)
	b := time.Date(last.Year, last.Month, last.Day, 0, 0, 0, 0, time.UTC)
	return int(b.Sub(a) / (24 * time.Hour))
}
