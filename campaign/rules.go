package campaign

import (
	"fmt"
	"time"
)

// Rules are the retry rules of a campaign, as data. DefaultRules is the source rule: every four hours, at most
// three times a day, rolling over to the next. Every field's meaning is the rule of time's (package scheduler).
type Rules struct {
	Interval          time.Duration             // elapsed from the last placed-at to the next; default 4h
	Intervals         map[Outcome]time.Duration // the same per retry outcome; entries for others have no effect
	MaxPerDay         int                       // counted attempts in one local day; 0: no cap; default 3
	MaxAttempts       int                       // counted attempts in all; 0: no cap
	MaxDays           int                       // distinct local days (first zone) with a counted attempt; 0: no cap
	ExpiresAt         time.Time                 // no call at or after it; zero: never
	Hours             []Window                  // empty: every day 09:00-21:00
	Holidays          []Date                    // local dates without calls
	Caps              []Cap                     // rolling caps
	NetworkRetry      time.Duration             // wait after a network outcome; default 5m
	NetworkRetryLimit int                       // so many network outcomes in a row, then Interval; default 3
}

// Window is a stretch of wall-clock time on some weekdays, half-open: [Open, Close), in minutes of the day.
type Window struct {
	Days  [7]bool // by time.Weekday
	Open  int     // 0..1439
	Close int     // 1..1440, after Open
}

// Date is a day of the calendar without a zone.
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// CapScope says whose attempts a rolling cap counts.
type CapScope uint8

// Scopes of rolling caps.
const (
	CapLead   CapScope = iota // the lead's attempts, to whatever number
	CapNumber                 // only attempts to the number to be dialled next
)

// Cap is a rolling cap: at most Max counted attempts in any Period.
type Cap struct {
	Scope  CapScope
	Max    int           // at least 1
	Period time.Duration // above 0, whole seconds
}

// DefaultRules are the source rule.
func DefaultRules() Rules {
	return Rules{Interval: 4 * time.Hour, MaxPerDay: 3, NetworkRetry: 5 * time.Minute, NetworkRetryLimit: 3}
}

var defaultHours = []Window{{
	Days: [7]bool{true, true, true, true, true, true, true},
	Open: 9 * 60, Close: 21 * 60,
}}

// Windows are the hours that apply: Hours, or every day 09:00-21:00 when there are none. Do not change them.
func (r *Rules) Windows() []Window {
	if len(r.Hours) == 0 {
		return defaultHours
	}
	return r.Hours
}

// String is the scope as the rules are written: lead or number.
func (s CapScope) String() string {
	if s == CapNumber {
		return "number"
	}
	return "lead"
}

// String is the date as YYYY-MM-DD.
func (d Date) String() string { return fmt.Sprintf("%04d-%02d-%02d", d.Year, int(d.Month), d.Day) }

// DateOf is the calendar date of t in t's own location.
func DateOf(t time.Time) Date {
	y, m, d := t.Date()
	return Date{y, m, d}
}

// ParseDate reads YYYY-MM-DD; the error is of kind KindInvalid and names no field (see Under).
func ParseDate(s string) (Date, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return Date{}, Invalid("", fmt.Sprintf("%q is no date: write it as 2026-10-01", s))
	}
	return DateOf(t), nil
}
