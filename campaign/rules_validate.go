package campaign

import (
	"fmt"
	"time"
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
	for i := range r.Hours {
		f.window(i, &r.Hours[i])
	}
	for i, d := range r.Holidays {
		if DateOf(time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC)) != d {
			f.add(fmt.Sprintf("holidays[%d]", i), fmt.Sprintf("%v is no day of the calendar", d))
		}
	}
	for i := range r.Caps {
		f.cap(i, &r.Caps[i])
	}
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

func (f *faults) window(i int, w *Window) {
	at := fmt.Sprintf("hours[%d]", i)
	if w.Days == [7]bool{} {
		f.add(at+".days", "names no day: give some of mon, tue, wed, thu, fri, sat, sun")
	}
	switch {
	case w.Open < 0 || w.Open > 1439:
		f.add(at+".open", "must be from 00:00 to 23:59")
	case w.Close < 1 || w.Close > 1440:
		f.add(at+".close", "must be from 00:01 to 24:00")
	case w.Open >= w.Close:
		f.add(at+".close", fmt.Sprintf("%s is not after open, %s: write a window over midnight as two",
			clockText(w.Close), clockText(w.Open)))
	}
}

func (f *faults) cap(i int, c *Cap) {
	at := fmt.Sprintf("caps[%d]", i)
	if c.Scope > CapNumber {
		f.add(at+".scope", "must be lead or number")
	}
	if c.Max < 1 {
		f.add(at+".max", fmt.Sprintf("%d is too small: a cap allows at least 1", c.Max))
	}
	if c.Period <= 0 {
		f.add(at+".period", "must be above 0")
	} else {
		f.wait(at+".period", c.Period)
	}
}

func (f *faults) err() error {
	if len(*f) == 0 {
		return nil
	}
	return &Error{Kind: KindInvalid, Violations: *f}
}
