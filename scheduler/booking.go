package scheduler

import (
	"fmt"
	"time"

	"redial/campaign"
)

// ReasonBookingMalformed is the reason of JudgeBooking for a booking whose time or zone cannot be read;
// BookingTime gives the error for people.
const ReasonBookingMalformed = "booking_malformed"

// WallTime is the instant at which the clock on the wall shows local, "2026-03-08T02:30" with or without seconds.
// A time that the clock leaps over is the first instant after the gap; a time that occurs twice is the first. The
// error is of kind KindInvalid and names no field (see campaign.Under).
func WallTime(local string, loc *time.Location) (time.Time, error) {
	t, err := time.Parse("2006-01-02T15:04:05", local)
	if err != nil || len(local) != len("2006-01-02T15:04:05") {
		if t, err = time.Parse("2006-01-02T15:04", local); err != nil || len(local) != len("2006-01-02T15:04") {
			return time.Time{}, campaign.Invalid("", fmt.Sprintf("%q is no local time: write it as 2026-03-08T14:30", local))
		}
	}
	z, wall := zoneOf(loc), t.Unix()
	for s := z.at(wall - 2*86400); ; s = z.at(s.end) {
		if at := wall - s.offset; at < s.start {
			return instant(s.start), nil
		} else if at < s.end {
			return instant(at), nil
		}
	}
}

// BookingTime is the instant that a booking promises; without a zone it is in the lead's first. Errors are of kind
// KindInvalid and name local or zone.
func BookingTime(lead Lead, b campaign.Booking) (time.Time, error) {
	var loc *time.Location
	switch {
	case b.Zone != "":
		var err error
		if loc, err = LoadZone(b.Zone); err != nil {
			return time.Time{}, campaign.Under("zone", err)
		}
	case len(lead.Zones) > 0:
		loc = lead.Zones[0]
	default:
		return time.Time{}, campaign.Invalid("zone", "is missing, and the lead has none: give an IANA name such as Asia/Shanghai")
	}
	at, err := WallTime(b.Local, loc)
	if err != nil {
		return time.Time{}, campaign.Under("local", err)
	}
	return at, nil
}

// JudgeBooking answers for a booking when it is made, its question's promise apart: the instant it promises, and the zero
// Plan when it stands, or VerdictInvalid with the reason: ReasonBookingInPast (not after now) and ReasonBookingLaw (the
// law forbids that instant, by what is known now, to whichever number), on which insisting does not help;
// ReasonBookingOutside (the hours of campaign or list do not allow it and the customer did not insist); or
// ReasonBookingMalformed (at is zero).
func JudgeBooking(q *Question, b campaign.Booking) (at time.Time, plan campaign.Plan) {
	at, err := BookingTime(q.Lead, b)
	if err != nil {
		return time.Time{}, invalid(ReasonBookingMalformed)
	}
	if !at.After(q.Now) {
		return at, invalid(campaign.ReasonBookingInPast)
	}
	var d decision
	d.ask(q)
	lawful := false
	for next := d.any(); next != 0; next = d.good(next) {
		if d.forbids(at.Unix()) != nil {
			continue
		}
		if lawful = true; b.Insisted || d.owns(at.Unix()) {
			return at, campaign.Plan{}
		}
	}
	if !lawful {
		return at, invalid(campaign.ReasonBookingLaw)
	}
	return at, invalid(campaign.ReasonBookingOutside)
}

func invalid(reason string) campaign.Plan {
	return campaign.Plan{Verdict: campaign.VerdictInvalid, Reason: reason}
}

// any finds the first good number; when none is it is as if the lead had one at its own site.
func (d *decision) any() (next int) {
	if next = d.good(0); next == 0 {
		d.number, next = "", d.count()+1
	}
	return next
}

// owns says whether the hours of campaign and list allow t.
func (d *decision) owns(t int64) bool { return wallClock{d.reg.zones, d.reg.own}.open(t) }

// forbids is a rule of the law that forbids a call at t; nil: the law allows it.
func (d *decision) forbids(t int64) *bound {
	if _, l := d.capped(d.reg.lawLimits, t); l != nil {
		return l.law
	}
	if b := d.lacking(t); b != nil {
		return b
	}
	if d.isOpen(&d.reg.law, t) {
		return nil
	}
	return d.outside(t)
}

// outside is a rule of the law whose hours do not allow t; nil: they all do.
func (d *decision) outside(t int64) *bound {
	for _, b := range d.reg.rules {
		if b.excuse == "" && b.hours != nil && !(wallClock{d.reg.zones, b.hours}).open(t) && (!b.lifts || !d.consentAt(b, t)) {
			return b
		}
	}
	return nil
}

// NearestCallable is what to offer in place of a time that a booking cannot have: the last instant before it, later than
// now, and the first from it on, that the law and, unless the customer insists, the hours of campaign and list allow.
// They are whole minutes where there are such. Each is zero when there is none within 400 days.
func NearestCallable(q *Question, at time.Time, insisted bool) (before, after time.Time) {
	var d decision
	d.ask(q)
	t := at.Unix()
	for next := d.any(); next != 0; next = d.good(next) {
		h := &d.reg.full
		if insisted {
			h = &d.reg.law
		}
		if last, ok := d.lastAllowed(h, t); ok && (before.IsZero() || last > before.Unix()) {
			before = instant(last)
		}
		if first, ok := d.firstMinute(h, t); ok && (after.IsZero() || first < after.Unix()) {
			after = instant(first)
		}
	}
	return before, after
}

// lastAllowed looks back from t. Where a limit binds it gives up: at an earlier instant the same calls are nearer yet.
func (d *decision) lastAllowed(h *hours, t int64) (int64, bool) {
	last, ok := d.lastOpen(h, t, max(t-horizon, d.now+1))
	if !ok {
		return 0, false
	}
	if minute := last - last%60; minute > d.now && d.isOpen(h, minute) {
		last = minute
	}
	_, l := d.capped(d.reg.lawLimits, last)
	return last, l == nil && d.lacking(last) == nil
}

// firstMinute is the first whole minute from t on that is allowed; the very first instant where that minute is not.
func (d *decision) firstMinute(h *hours, t int64) (int64, bool) {
	first, ok := d.firstAllowed(h, t)
	if ok && first > t && first%60 != 0 {
		minute := first - first%60 + 60
		if at, ok := d.firstAllowed(h, minute); ok && at == minute {
			return minute, true
		}
	}
	return first, ok
}

func (d *decision) firstAllowed(h *hours, t int64) (int64, bool) {
	for limit := t + horizon; ; {
		open, ok := d.nextOpen(h, t, limit)
		if !ok {
			return 0, false
		}
		next, l := d.capped(d.reg.lawLimits, open)
		if l == nil {
			return open, d.lacking(open) == nil
		}
		t = next
	}
}

// GraceEnd is when a promise for at counts as missed: after the grace, at closing time at the latest, that of the law
// alone if the customer insisted. It is at itself when the hours no longer allow that instant.
func GraceEnd(q *Question, floor campaign.FloorSettings, at time.Time, insisted bool) time.Time {
	var d decision
	d.ask(q)
	start := at.Unix()
	end, latest := start+int64(floor.Grace/time.Second), start
	for next := d.any(); next != 0; next = d.good(next) {
		h := &d.reg.full
		if insisted {
			h = &d.reg.law
		}
		if d.isOpen(h, start) {
			latest = max(latest, d.openUntil(h, start, end))
		}
	}
	if latest >= end {
		return at.Add(floor.Grace).UTC()
	}
	return instant(latest)
}
