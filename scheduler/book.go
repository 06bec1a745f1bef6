package scheduler

import (
	"fmt"
	"strings"
	"time"

	"redial/campaign"
)

// Book judges a booking for the lead at f.Now: the instant it promises and the end of its grace. The error names what
// to change: the field, the rule of the law that forbids it, and the nearest times that are allowed, for programs as the
// wall times "before" and "after" in the booking's zone, and "rule".
func (rb *Rulebook) Book(f *campaign.Facts, b campaign.Booking) (at, graceEnd time.Time, err error) {
	if _, err := LoadZones(f.Lead.Zones); err != nil {
		return at, graceEnd, campaign.Under("zones", err)
	}
	q, _ := rb.question(f)
	if _, err := BookingTime(q.Lead, b); err != nil {
		return at, graceEnd, campaign.Under("booking", err)
	}
	at, plan := JudgeBooking(&q, b)
	switch plan.Reason {
	case campaign.ReasonBookingInPast:
		return at, graceEnd, misbooked(plan.Reason, nil, fmt.Sprintf(
			"%s is not after now (%s): choose a later time", b.Local, f.Now.In(zoneOfBooking(&q, b)).Format(wallTime)))
	case campaign.ReasonBookingLaw:
		return at, graceEnd, unlawful(&q, at, b)
	case campaign.ReasonBookingOutside:
		return at, graceEnd, outside(&q, at, b)
	}
	return at, GraceEnd(&q, f.Campaign.Floor, at, b.Insisted), nil
}

const wallTime = "2006-01-02T15:04"

func misbooked(reason string, meta map[string]string, message string) error {
	e := campaign.Invalid("booking.local", message)
	e.Reason, e.Meta = reason, meta
	return e
}

// zoneOfBooking is the zone in which the booking is read.
func zoneOfBooking(q *Question, b campaign.Booking) *time.Location {
	if l, err := LoadZone(b.Zone); err == nil {
		return l
	}
	if len(q.Lead.Zones) > 0 {
		return q.Lead.Zones[0]
	}
	return time.UTC
}

func outside(q *Question, at time.Time, b campaign.Booking) error {
	loc := zoneOfBooking(q, b)
	near, said := nearest(q, at, loc, false)
	said = append([]string{fmt.Sprintf("%s in %s is outside the lead's callable hours", b.Local, loc)}, said...)
	said = append(said, "or set insisted if the customer insists on it")
	return misbooked(campaign.ReasonBookingOutside, near, strings.Join(said, "; "))
}

// unlawful names the rule that forbids a call to the first number.
func unlawful(q *Question, at time.Time, b campaign.Booking) error {
	var d decision
	d.ask(q)
	d.any()
	rule := d.forbids(at.Unix())
	loc := zoneOfBooking(q, b)
	near, said := nearest(q, at, loc, b.Insisted)
	near["rule"] = rule.ID
	said = append([]string{fmt.Sprintf("the law forbids a call at %s in %s: %v", b.Local, loc, rule)}, said...)
	said = append(said, "insisting does not help, a consent may")
	return misbooked(campaign.ReasonBookingLaw, near, strings.Join(said, "; "))
}

// nearest are the times to offer instead, for programs and for people.
func nearest(q *Question, at time.Time, loc *time.Location, insisted bool) (near map[string]string, said []string) {
	before, after := NearestCallable(q, at, insisted)
	near = make(map[string]string)
	if !before.IsZero() {
		near["before"] = before.In(loc).Format(wallTime)
		said = append(said, "the nearest callable time before it is "+near["before"])
	}
	if !after.IsZero() {
		near["after"] = after.In(loc).Format(wallTime)
		said = append(said, "the nearest callable time after it is "+near["after"])
	}
	return near, said
}
