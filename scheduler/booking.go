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

// JudgeBooking answers for a booking when it is made: the instant it promises, and the zero Plan when it stands, or
// VerdictInvalid with the reason: ReasonBookingInPast (not after now, insisting does not help), ReasonBookingOutside
// (the hours do not allow it and the customer did not insist) or ReasonBookingMalformed (at is zero).
func JudgeBooking(q *Question, b campaign.Booking) (at time.Time, plan campaign.Plan) {
	at, err := BookingTime(q.Lead, b)
	if err != nil {
		return time.Time{}, campaign.Plan{Verdict: campaign.VerdictInvalid, Reason: ReasonBookingMalformed}
	}
	switch {
	case !at.After(q.Now):
		plan = campaign.Plan{Verdict: campaign.VerdictInvalid, Reason: campaign.ReasonBookingInPast}
	case !b.Insisted && !callable(q.Rules, q.Lead.Zones, at):
		plan = campaign.Plan{Verdict: campaign.VerdictInvalid, Reason: campaign.ReasonBookingOutside}
	}
	return at, plan
}

func callable(rules *campaign.Rules, zones []*time.Location, at time.Time) bool {
	next := NextCallable(rules, zones, at)
	return !next.IsZero() && next.Equal(at)
}

// NearestCallable is what to offer in place of a time outside the hours: the last callable instant up to at, at a
// whole minute where there is one, and the first from at on. Each is zero when there is none within 400 days. Before
// may lie in the past: the caller knows what now is.
func NearestCallable(rules *campaign.Rules, zones []*time.Location, at time.Time) (before, after time.Time) {
	var buf [8]*zone
	c := calendar{rules.Windows(), rules.Holidays, zonesOf(buf[:0], zones)}
	t := at.Unix()
	if last, ok := c.last(t, t-horizon); ok {
		if minute := last - last%60; c.open(minute) {
			last = minute
		}
		before = instant(last)
	}
	return before, NextCallable(rules, zones, at)
}

// open says whether t is callable.
func (c *calendar) open(t int64) bool {
	_, ok := c.next(t, t)
	return ok
}

// GraceEnd is when a promise for at counts as missed: after the grace, at closing time at the latest unless the
// customer insisted. It is at itself when the hours no longer allow that instant.
func GraceEnd(rules *campaign.Rules, floor campaign.FloorSettings, zones []*time.Location, at time.Time, insisted bool) time.Time {
	end := at.Add(floor.Grace).UTC()
	if insisted {
		return end
	}
	if closing := CallableUntil(rules, zones, at); !closing.IsZero() && closing.Before(end) {
		return closing
	}
	return end
}
