package scheduler

import (
	"fmt"

	"redial/campaign"
)

// The gates of the law, and what gates say of limits. A promise waives nothing here; a consent may.

func consentGate(q *inquiry) view {
	switch {
	case q.d.number == "":
		return pass("no number to ask about")
	case q.d.lacking(q.at()) != nil:
		return view{say: func(q *inquiry) string {
			return fmt.Sprintf("no consent that stands opens what the law closes: %v", q.d.lacking(q.at()))
		}}
	case len(q.d.reg.asking) > 0:
		return pass("no consent lacks")
	}
	return pass("no consent is asked for")
}

func lawHoursGate(q *inquiry) view {
	at := q.at()
	switch {
	case q.f.missing != "":
		return view{say: func(q *inquiry) string {
			return fmt.Sprintf("the campaign has switched the law pack %q on and this node does not know it: start the node with it (--law), or switch it off", q.f.missing)
		}}
	case q.d.reg.law.strict == nil:
		return pass("no law limits the hours")
	case q.d.isOpen(&q.d.reg.law, at):
		return pass("within the law's hours in every zone of the lead")
	}
	open, ok := q.d.nextOpen(&q.d.reg.law, at, at+horizon)
	return view{openAt: orZero(open, ok), say: func(q *inquiry) string {
		rule, what := q.d.outside(q.at()), "outside the law's hours"
		if q.at() > q.d.now {
			what = "the promised time is outside the law's hours"
		}
		for _, z := range q.d.reg.zones {
			if d, ok := rule.closed[z.day(q.at())]; ok {
				return fmt.Sprintf("%s, for %v is closed (%s), by the rule %v", what, d.Date, dayName(&d), rule)
			}
		}
		return fmt.Sprintf("%s, by the rule %v", what, rule)
	}}
}

func lawCapGate(q *inquiry) view {
	byLaw := q.lawLimits(false)
	if byLaw.none {
		return pass("no cap of the law")
	}
	return byLaw.view("no cap of the law is used up")
}

// limitView is what some of the limits say.
type limitView struct {
	none  bool   // there are none
	limit *limit // the one that binds; nil: none does
	next  int64
}

// rulesLimits are the rules' cool-offs, or their caps over calendar days or not, at now.
func (q *inquiry) rulesLimits(coolOff, days bool) limitView {
	v := limitView{none: true}
	for i := range q.d.reg.limits {
		l := &q.d.reg.limits[i]
		if l.coolOff == coolOff && (coolOff || (l.days > 0) == days) {
			v.look(q, l, q.d.now)
		}
	}
	return v
}

// lawLimits are the law's cool-offs or caps, at the instant that the law is asked about.
func (q *inquiry) lawLimits(coolOff bool) limitView {
	v := limitView{none: true}
	for i := range q.d.reg.lawLimits {
		if l := &q.d.reg.lawLimits[i]; l.coolOff == coolOff {
			v.look(q, l, q.at())
		}
	}
	return v
}

// look asks a limit, unless one before it binds.
func (v *limitView) look(q *inquiry, l *limit, t int64) {
	v.none = false
	if v.limit != nil {
		return
	}
	next, binds := q.d.frees(l, t)
	if binds && l.law != nil {
		next, binds = q.d.lawFrees(l, t, next)
	}
	if binds {
		v.limit, v.next = l, next
	}
}

func (v limitView) view(open string) view {
	if v.limit == nil {
		return pass(open)
	}
	l := v.limit
	return view{openAt: instant(v.next), say: func(*inquiry) string { return l.used() }}
}

// used says for people that the limit binds.
func (l *limit) used() string {
	text := l.what
	if !l.coolOff {
		text = "used up: " + l.what
	}
	if l.law != nil {
		return fmt.Sprintf("%s, by the law's rule %v", text, l.law)
	}
	return text
}

// exempt are the rules of the law that would have forbidden a call at t, which is allowed, and why they did not.
func (d *decision) exempt(t int64) (all []campaign.Exemption) {
	for _, b := range d.reg.rules {
		if !d.binding(b, t) || !d.would(b, t) {
			continue
		}
		if b.excuse != "" {
			all = append(all, campaign.Exemption{Rule: b.ID, By: b.excuse, Reason: b.reason})
		} else if c, _ := d.consent(b.scope(), b.ConsentAge, t); c != nil && b.lifts {
			all = append(all, campaign.Exemption{Rule: b.ID, By: string(ExcuseConsent), Consent: c.ID})
		}
	}
	return all
}

// would says whether a rule in force would forbid a call at t if nothing excused it.
func (d *decision) would(b *bound, t int64) bool {
	switch {
	case b.hours != nil:
		return !wallClock{d.reg.zones, b.hours}.open(t)
	case b.limit != nil:
		_, binds := d.frees(b.limit, t)
		return binds
	}
	return true
}
