package campaign

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Limits of a calendar.
const (
	maxWeeks  = 1_000
	maxDays   = 10_000
	maxSource = 500
)

// Validate says what is wrong with the calendar as somebody gives it, every fault at once, each by its field such as
// "days[3].kind".
func (c *Calendar) Validate() error {
	var f faults
	if !isHandle(c.Name) {
		f.add("name", fmt.Sprintf("%q is no name of a calendar: give 1 to %d lower-case letters, digits, - and _", c.Name, maxHandle))
	}
	f.calendar(c)
	return f.err()
}

func (f *faults) calendar(c *Calendar) {
	if len(c.Weeks) > maxWeeks {
		f.add("weeks", fmt.Sprintf("are %d: at most %d", len(c.Weeks), maxWeeks))
	}
	if len(c.Days) > maxDays {
		f.add("days", fmt.Sprintf("are %d: at most %d", len(c.Days), maxDays))
		return
	}
	for i := range c.Weeks {
		f.week(fmt.Sprintf("weeks[%d]", i), &c.Weeks[i])
	}
	type key struct {
		Date
		DayKind
		place string
	}
	seen := make(map[key]bool, len(c.Days))
	for i := range c.Days {
		d, at := &c.Days[i], fmt.Sprintf("days[%d]", i)
		f.day(at, d)
		k := key{d.Date, d.Kind, d.Place}
		if seen[k] {
			f.add(at+".date", fmt.Sprintf("%v is there twice as a %s%s", d.Date, d.Kind, inPlace(d.Place)))
		}
		seen[k] = true
	}
}

func inPlace(place string) string {
	if place == "" {
		return ""
	}
	return " in " + place
}

func (f *faults) week(at string, w *Week) {
	for _, end := range []struct {
		field string
		date  Date
	}{{"from", w.From}, {"to", w.To}} {
		if end.date != (Date{}) {
			f.date(at+"."+end.field, end.date)
		}
	}
	if w.To != (Date{}) && w.To.Compare(w.From) < 0 {
		f.add(at+".to", fmt.Sprintf("%v is before from, %v: the week is never in force", w.To, w.From))
	}
	if len(w.Hours) == 0 {
		f.add(at+".hours", "is missing: give at least one window")
	}
	f.windows(at+".hours", w.Hours)
}

// dayKinds are the kinds of special days.
var dayKinds = []DayKind{DayHoliday, DayWorking, DayClosure}

// Validate says what is wrong with the day, every fault at once, each by its field.
func (d *Day) Validate() error {
	var f faults
	f.day("", d)
	return f.err()
}

func (f *faults) day(at string, d *Day) {
	f.date(within(at, "date"), d.Date)
	if !slices.Contains(dayKinds, d.Kind) {
		f.add(within(at, "kind"), fmt.Sprintf("%q is no kind of day: write holiday, working or closure", d.Kind))
	}
	if d.Place != "" && !KnownPlace(d.Place) {
		f.add(within(at, "place"), placeFault(d.Place))
	}
	if d.As < 0 || d.As > 6 {
		f.add(within(at, "as"), "is no day of the week")
	}
	if utf8.RuneCountInString(d.Name) > maxName {
		f.add(within(at, "name"), fmt.Sprintf("must be at most %d characters", maxName))
	}
	if utf8.RuneCountInString(d.Source) > maxSource {
		f.add(within(at, "source"), fmt.Sprintf("must be at most %d characters", maxSource))
	}
	if d.Kind != DayWorking && len(d.Hours) > 0 {
		f.add(within(at, "hours"), "belong to a working day: the others are closed")
	}
	for i, w := range d.Hours {
		w.Days = everyDay // a day's hours are for that day whatever days they name
		f.window(within(at, fmt.Sprintf("hours[%d]", i)), &w)
	}
}

// KnownPlace says whether s has the form of a place: the two letters of a country, or of one of its parts as ISO 3166-2
// writes it, such as US-FL or DE-BY. Whether there is such a part is not known here.
func KnownPlace(s string) bool {
	country, part, parted := strings.Cut(s, "-")
	if !KnownRegion(country) {
		return false
	}
	return !parted || len(part) >= 1 && len(part) <= 3 && !strings.ContainsFunc(part, func(r rune) bool {
		return (r < 'A' || r > 'Z') && (r < '0' || r > '9')
	})
}

func placeFault(s string) string {
	return fmt.Sprintf("%q is no place: give a country (ISO 3166-1), such as CN, or a part of it (ISO 3166-2), such as US-FL", s)
}

// Compare is negative when d is before o, 0 when they are the same day, positive when it is after.
func (d Date) Compare(o Date) int {
	return cmp.Or(cmp.Compare(d.Year, o.Year), cmp.Compare(d.Month, o.Month), cmp.Compare(d.Day, o.Day))
}

// orEmpty is the date as text; empty for none.
func (d Date) orEmpty() string {
	if d == (Date{}) {
		return ""
	}
	return d.String()
}
