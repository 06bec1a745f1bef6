package scheduler

import (
	"time"

	"redial/campaign"
)

// promised is the plan of a lead with a promise: the promised instant, or the first after it that the law allows.
func (d *decision) promised(at time.Time) campaign.Plan {
	start := max(at.Unix(), d.now)
	t, limit := max(start, d.held()), start+horizon
	var reason string
	if t > start {
		reason = campaign.ReasonHeldOff
	}
	earliest := int64(-1)
	for {
		open, ok := d.nextOpen(&d.reg.law, t, limit)
		if !ok {
			return exhausted(campaign.ReasonNoCallableTime)
		}
		if open > t && earliest < 0 {
			earliest = d.lawFreed(t, limit)
			if reason == "" {
				reason = campaign.ReasonLawHours
			}
		}
		next, l := d.capped(d.reg.lawLimits, open)
		if t = open; l == nil {
			break
		}
		t, reason = next, l.reason
	}
	if d.lacking(t) != nil {
		return exhausted(campaign.ReasonNoConsent)
	}
	p := campaign.Plan{Verdict: campaign.VerdictAppointment, At: at.UTC(), Number: d.number, Reason: campaign.ReasonAppointment}
	if t > start {
		p.At, p.Reason = instant(t), reason
	}
	if p.Earliest = p.At; earliest > start {
		p.Earliest = instant(min(earliest, t))
	} else if earliest >= 0 {
		p.Earliest = at.UTC()
	}
	return p
}

// lawFreed is the first instant from t at which no limit of the law binds, whatever its hours.
func (d *decision) lawFreed(t, limit int64) int64 {
	for t <= limit {
		next, l := d.capped(d.reg.lawLimits, t)
		if l == nil {
			break
		}
		t = next
	}
	return t
}
