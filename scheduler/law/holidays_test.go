package law_test

import (
	"maps"
	"slices"
	"testing"
	"time"

	"redial/campaign"
	"redial/scheduler/law"
)

// The holidays of the packs are data; here they are computed from the words of the laws and compared, so that a
// mistyped date cannot stay. Nothing else in the program knows when a holiday is.

const (
	firstYear, lastYear = 2025, 2028
	hour                = time.Hour
)

func ymd(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, time.UTC) }

// nth is the n-th such weekday of a month, from its end when n is negative.
func nth(y int, m time.Month, day time.Weekday, n int) time.Time {
	var all []time.Time
	for d := ymd(y, m, 1); d.Month() == m; d = d.AddDate(0, 0, 1) {
		if d.Weekday() == day {
			all = append(all, d)
		}
	}
	if n < 0 {
		return all[len(all)+n]
	}
	return all[n-1]
}

// easter is the Sunday after the first full moon of the church on or after 21 March, by Gauss's rule.
func easter(y int) time.Time {
	k := y / 100
	m := (15 + k - k/4 - (13+8*k)/25) % 30
	n := (4 + k - k/4) % 7
	d := (19*(y%19) + m) % 30
	e := (2*(y%4) + 4*(y%7) + 6*d + n) % 7
	if d == 29 && e == 6 || d == 28 && e == 6 && (11*m+11)%30 < 19 {
		e -= 7
	}
	return ymd(y, time.March, 22+d+e)
}

func TestEasterIsWhereItWas(t *testing.T) {
	t.Parallel()
	for y, want := range map[int]time.Time{
		1954: ymd(1954, 4, 18), 1981: ymd(1981, 4, 19), 2000: ymd(2000, 4, 23), 2008: ymd(2008, 3, 23), 2011: ymd(2011, 4, 24),
		2024: ymd(2024, 3, 31), 2025: ymd(2025, 4, 20), 2026: ymd(2026, 4, 5),
	} {
		if got := easter(y); !got.Equal(want) {
			t.Errorf("%d: %v, want %v", y, got, want)
		}
	}
}

// closedOn are the days of a place, those of the place it is in left out.
type closedOn map[string]map[time.Time]bool

func (c closedOn) on(place string, days ...time.Time) {
	if c[place] == nil {
		c[place] = make(map[time.Time]bool)
	}
	for _, d := range days {
		if d.Year() >= firstYear && d.Year() <= lastYear {
			c[place][d] = true
		}
	}
}

func federal(y int) []time.Time {
	return []time.Time{
		ymd(y, 1, 1), nth(y, 1, time.Monday, 3), nth(y, 2, time.Monday, 3), nth(y, 5, time.Monday, -1), ymd(y, 6, 19), ymd(y, 7, 4),
		nth(y, 9, time.Monday, 1), nth(y, 10, time.Monday, 2), ymd(y, 11, 11), nth(y, 11, time.Thursday, 4), ymd(y, 12, 25),
	}
}

// observed are the days on which those that fall on a weekend are kept: saturday and sunday are how many days later.
func observed(days []time.Time, saturday []int, sunday int) (out []time.Time) {
	for _, d := range days {
		switch d.Weekday() {
		case time.Saturday:
			for _, n := range saturday {
				out = append(out, d.AddDate(0, 0, n))
			}
		case time.Sunday:
			out = append(out, d.AddDate(0, 0, sunday))
		default:
		}
	}
	return out
}

func unitedStates() closedOn {
	c := closedOn{}
	for y := firstYear - 1; y <= lastYear+1; y++ { // a New Year's Day on a Saturday is kept the year before
		all := federal(y)
		c.on("US", all...)
		c.on("US-AL", nth(y, 4, time.Monday, 4), nth(y, 6, time.Monday, 1))
		c.on("US-AL", observed(all, []int{-1}, 1)...)
		c.on("US-MS", nth(y, 4, time.Monday, -1))
		c.on("US-MS", observed(all, []int{-1, 2}, 1)...)
		own := []time.Time{ymd(y, 5, 4), nth(y, 8, time.Monday, 2)}
		c.on("US-RI", own...)
		c.on("US-RI", observed(append(all, own...), []int{2}, 1)...)
		if y%2 == 0 {
			c.on("US-RI", nth(y, 11, time.Monday, 1).AddDate(0, 0, 1))
		}
		e := easter(y)
		c.on("US-LA", ymd(y, 1, 8), e.AddDate(0, 0, -47), e.AddDate(0, 0, -2), ymd(y, 8, 30), ymd(y, 11, 1))
	}
	return c
}

func france() closedOn {
	c := closedOn{}
	for y := firstYear; y <= lastYear; y++ {
		e := easter(y)
		c.on("FR", ymd(y, 1, 1), e.AddDate(0, 0, 1), ymd(y, 5, 1), ymd(y, 5, 8), e.AddDate(0, 0, 39), e.AddDate(0, 0, 50),
			ymd(y, 7, 14), ymd(y, 8, 15), ymd(y, 11, 1), ymd(y, 11, 11), ymd(y, 12, 25))
		for _, department := range []string{"FR-57", "FR-67", "FR-68"} {
			c.on(department, e.AddDate(0, 0, -2), ymd(y, 12, 26))
		}
	}
	return c
}

func australia() closedOn {
	c := closedOn{}
	for y := firstYear; y <= lastYear; y++ {
		e := easter(y)
		c.on("AU", ymd(y, 1, 1), ymd(y, 1, 26), e.AddDate(0, 0, -2), e.AddDate(0, 0, 1), ymd(y, 4, 25), ymd(y, 12, 25), ymd(y, 12, 26))
		c.on("AU", observed([]time.Time{ymd(y, 1, 1), ymd(y, 1, 26)}, []int{2}, 1)...)
		c.on("AU", observed([]time.Time{ymd(y, 12, 25), ymd(y, 12, 26)}, []int{2}, 2)...)
	}
	return c
}

func TestEveryHolidayIsWhereTheLawPutsIt(t *testing.T) {
	t.Parallel()
	lib := library(t)
	computed := map[string]closedOn{"us": unitedStates(), "fr": france(), "au": australia()}
	for _, p := range lib.Packs() {
		want := computed[p.Name]
		got := closedOn{}
		for _, d := range p.Days {
			day := ymd(d.Date.Year, d.Date.Month, d.Date.Day)
			if got.on(d.Place, day); day.Year() < firstYear || day.Year() > lastYear {
				t.Errorf("%s: %v lies outside the years that are computed here", p.Name, d)
			}
			if !want[d.Place][day] {
				t.Errorf("%s: %s, %s (%s): the law puts none there", p.Name, d.Date, d.Name, d.Place)
			}
		}
		for _, place := range slices.Sorted(maps.Keys(want)) {
			for day := range want[place] {
				if !got[place][day] {
					t.Errorf("%s: %s lacks the holiday of %s", p.Name, place, day.Format(time.DateOnly))
				}
			}
		}
	}
}

func library(t *testing.T) *law.Library {
	t.Helper()
	lib, err := law.Open("")
	if err != nil {
		t.Fatal(err)
	}
	return lib
}

func date(s string) campaign.Date {
	d, err := campaign.ParseDate(s)
	if err != nil {
		panic(err)
	}
	return d
}
