package campaign

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Validate says what is wrong with the rules, every fault at once, each by its field such as
// "rules.hours[0].close". Rules that pass are safe for every function of package scheduler.
func (r Rules) Validate() error {
	if err := r.validate(); err != nil {
		return Under("rules", err)
	}
	return nil
}

func (r *Rules) validate() error {
	var f faults
	f.wait("interval", r.Interval)
	for o := range Outcome(NumOutcomes) {
		if d, ok := r.Intervals[o]; ok {
			f.wait("intervals."+o.String(), d)
		}
	}
	f.limit("max_per_day", r.MaxPerDay)
	f.limit("max_attempts", r.MaxAttempts)
	f.limit("max_days", r.MaxDays)
	f.limit("network_retry_limit", r.NetworkRetryLimit)
	f.wait("network_retry", r.NetworkRetry)
	if r.ExpiresAt.Nanosecond() != 0 {
		f.add("expires_at", "give it in whole seconds")
	}
	f.windows("hours", r.Hours)
	for i, d := range r.Holidays {
		f.date(fmt.Sprintf("holidays[%d]", i), d)
	}
	for i := range r.Caps {
		f.cap(fmt.Sprintf("caps[%d]", i), &r.Caps[i])
	}
	for i := range r.CoolOffs {
		f.coolOff(fmt.Sprintf("cool_offs[%d]", i), &r.CoolOffs[i])
	}
	f.regime(r)
	return f.err()
}

// faults gathers what is wrong, so that somebody who mends a file sees all of it at once.
type faults []Violation

func (f *faults) add(field, message string) {
	*f = append(*f, Violation{Field: field, Message: message})
}

func (f *faults) wait(field string, d time.Duration) {
	switch {
	case d < 0:
		f.add(field, fmt.Sprintf("%v is negative: a wait is 0 or more", d))
	case d%time.Second != 0:
		f.add(field, fmt.Sprintf("%v is not in whole seconds", d))
	}
}

func (f *faults) limit(field string, n int) {
	if n < 0 {
		f.add(field, fmt.Sprintf("%d is negative: give 0 for no limit", n))
	}
}

func (f *faults) date(field string, d Date) {
	if DateOf(time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC)) != d || d.Year < 1 || d.Year > 9999 {
		f.add(field, fmt.Sprintf("%v is no day of the calendar", d))
	}
}

// regime judges what tells of calendars and law.
func (f *faults) regime(r *Rules) {
	f.handles("calendars", "calendar", r.Calendars)
	if r.Purpose != "" && !slices.Contains(Purposes, r.Purpose) {
		f.add("purpose", fmt.Sprintf("%q is no purpose: write sales, research, collections or service", r.Purpose))
	}
	if r.Matter != "" {
		f.name("matter", r.Matter)
	}
	f.handles("packs", "law pack", r.Packs)
	for i, w := range r.Waivers {
		at := fmt.Sprintf("waivers[%d]", i)
		if w.Rule == "" || utf8.RuneCountInString(w.Rule) > maxName || strings.TrimSpace(w.Rule) != w.Rule {
			f.add(at+".rule", "must be the id of a law rule, such as us-ct.hours")
		}
		if slices.ContainsFunc(r.Waivers[:i], func(o Waiver) bool { return o.Rule == w.Rule }) {
			f.add(at+".rule", fmt.Sprintf("%q is waived twice", w.Rule))
		}
		if n := utf8.RuneCountInString(w.Reason); strings.TrimSpace(w.Reason) == "" || n > maxReason {
			f.add(at+".reason", fmt.Sprintf("must be 1 to %d characters: say who answers for it, and why", maxReason))
		}
	}
}

// maxReason bounds a reason that people give, in characters.
const maxReason = 500

// handles judges names of calendars or packs, each of which may be there once.
func (f *faults) handles(field, what string, names []string) {
	for i, n := range names {
		at := fmt.Sprintf("%s[%d]", field, i)
		if !isHandle(n) {
			f.add(at, fmt.Sprintf("%q is no name of a %s: give 1 to %d lower-case letters, digits, - and _", n, what, maxHandle))
		} else if slices.Contains(names[:i], n) {
			f.add(at, fmt.Sprintf("%q is named twice", n))
		}
	}
}

const maxHandle = 50

// isHandle says whether s may name a calendar.
func isHandle(s string) bool {
	return s != "" && len(s) <= maxHandle && !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '_'
	})
}

func (f *faults) err() error {
	if len(*f) == 0 {
		return nil
	}
	return &Error{Kind: KindInvalid, Violations: *f}
}
