package scheduler_test

import (
	"slices"
	"time"

	"redial/campaign"
)

// instants at which something other than the wall clock changes.
func (w *world) instants() []time.Time {
	now := w.Now.Truncate(time.Second)
	all := []time.Time{now.Add(time.Minute)}
	own, law := w.limits()
	for _, l := range slices.Concat(own, law) {
		period := time.Duration(0)
		if l.cap != nil {
			period = l.cap.Period
		} else {
			period = l.cool.Period
		}
		for _, c := range w.allCalls() {
			all = append(all, c.PlacedAt.Add(period))
		}
		if l.law != nil {
			for _, c := range w.Consents {
				all = append(all, c.GivenAt.Add(l.law.ConsentAge+time.Second))
			}
		}
	}
	for _, r := range w.rules("hours", "consent") {
		for _, c := range w.Consents {
			all = append(all, c.GivenAt.Add(r.ConsentAge+time.Second))
		}
	}
	for _, c := range w.Consents {
		all = append(all, c.GivenAt, c.ExpiresAt, c.RevokedAt)
	}
	slices.SortFunc(all, time.Time.Compare)
	return slices.Compact(all)
}

// walk is the first of t, the quarters and the instants after it, up to limit, that passes; zero if none does.
func (w *world) walk(t, limit time.Time, passes func(time.Time) bool) time.Time {
	all := w.instants()
	for !t.After(limit) {
		if passes(t) {
			return t
		}
		next := t.Truncate(quarter).Add(quarter)
		if i := slices.IndexFunc(all, t.Before); i >= 0 && all[i].Before(next) {
			next = all[i]
		}
		t = next
	}
	return time.Time{}
}

// answer is the plan for one number.
func (w *world) answer(first time.Time, network bool) campaign.Plan {
	exhausted := func(reason string) campaign.Plan {
		return campaign.Plan{Verdict: campaign.VerdictExhausted, Reason: reason}
	}
	if p := w.Promise; p != nil {
		start := p.At
		if now := w.Now.Truncate(time.Second); now.After(start) {
			start = now
		}
		at, reason, earliest := w.settle(start, start.Add(400*24*time.Hour), w.lawOpen, false)
		switch {
		case at.IsZero():
			return exhausted(campaign.ReasonNoCallableTime)
		case w.lacks(at):
			return exhausted(campaign.ReasonNoConsent)
		case at.Equal(start):
			return campaign.Plan{Verdict: campaign.VerdictAppointment, At: p.At, Earliest: p.At, Number: w.number, Reason: campaign.ReasonAppointment}
		case earliest.Equal(start):
			earliest = p.At
		}
		return campaign.Plan{Verdict: campaign.VerdictAppointment, At: at, Earliest: earliest, Number: w.number, Reason: reason}
	}
	counted := (&oracle{Case: w.asCase()}).counted()
	if w.Rules.MaxAttempts > 0 && len(counted) >= w.Rules.MaxAttempts {
		return exhausted(campaign.ReasonMaxAttempts)
	}
	both := func(t time.Time) bool { return w.ownOpen(t) && w.lawOpen(t) }
	t, reason, earliest := w.settle(first, w.Now.Truncate(time.Second).Add(400*24*time.Hour), both, true)
	if t.IsZero() {
		return exhausted(campaign.ReasonNoCallableTime)
	}
	if w.lacks(t) {
		return exhausted(campaign.ReasonNoConsent)
	}
	days := map[string]bool{}
	for _, try := range counted {
		days[dateKey(try.PlacedAt, w.zones[0])] = true
	}
	final, expires := w.Rules.MaxDays > 0 && len(days) >= w.Rules.MaxDays, w.Rules.ExpiresAt
	if final && !days[dateKey(t, w.zones[0])] {
		return exhausted(campaign.ReasonMaxDays)
	}
	if !expires.IsZero() && !t.Before(expires) {
		return exhausted(campaign.ReasonExpired)
	}
	week := t.Add(7 * 24 * time.Hour)
	until := w.walk(t, week, func(n time.Time) bool {
		return !both(n) || w.lacks(n) || final && dateKey(n, w.zones[0]) > dateKey(t, w.zones[0])
	})
	if !expires.IsZero() && !expires.After(week) && (until.IsZero() || expires.Before(until)) {
		until = expires
	}
	if reason == "" {
		switch now := w.Now.Truncate(time.Second); {
		case t.Equal(now):
			reason = campaign.ReasonDue
		case network:
			reason = campaign.ReasonNetwork
		default:
			reason = campaign.ReasonInterval
		}
	}
	return campaign.Plan{Verdict: campaign.VerdictCall, At: t, Until: until, Number: w.number, Reason: reason, Earliest: earliest}
}

// settle moves t until the hours and the limits allow it; earliest is where it comes to rest by the limits alone.
func (w *world) settle(t, limit time.Time, hours func(time.Time) bool, ours bool) (at time.Time, reason string, earliest time.Time) {
	own, law := w.limits()
	if !ours {
		own = nil
	}
	limited := func(t time.Time) (func(time.Time) bool, string) {
		o := oracle{Case: w.asCase()}
		o.Lead.Zones = w.zones
		if _, binds := o.dayCap(t); ours && binds {
			return func(n time.Time) bool { _, binds := o.dayCap(n); return binds }, campaign.ReasonDayCap
		}
		for _, l := range slices.Concat(own, law) {
			if w.binds(l, t) {
				return func(n time.Time) bool { return w.binds(l, n) }, l.reason()
			}
		}
		return nil, ""
	}
	far := limit.AddDate(0, 0, 60)
	earliest = t
	for {
		binds, _ := limited(earliest)
		if binds == nil {
			break
		}
		earliest = w.walk(earliest, far, func(n time.Time) bool { return !binds(n) })
	}
	capped := false
	for {
		o := w.walk(t, limit, hours)
		if o.IsZero() {
			return o, "", o
		}
		if o.After(t) && !capped && reason == "" {
			reason = campaign.ReasonHours
			if !ours || w.ownOpen(t) {
				reason = campaign.ReasonLawHours
			}
		}
		t = o
		binds, why := limited(t)
		if binds == nil {
			return t, reason, earliest
		}
		capped, reason = true, why
		t = w.walk(t, far, func(n time.Time) bool { return !binds(n) })
	}
}
