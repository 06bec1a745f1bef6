package storetest

import (
	"errors"
	"slices"
	"time"

	"redial/campaign"
	"redial/campaign/store"
)

// rules are small rules that answer as the real ones do where these tests look: no hours, no days, no calendars.
func rules() store.Rules {
	return store.Rules{Decide: decide, Judge: judge, Book: book, Step: step, Number: numberAt,
		PackVersion: func(name string) string {
			if name == lawPack {
				return "1"
			}
			return ""
		},
		Reach: func(r *campaign.Rules) time.Duration {
			if slices.Contains(r.Packs, lawPack) {
				return 24 * time.Hour
			}
			return 0
		}}
}

// lawPack is all the law there is: one call to a person in 24 hours, promised or not, unless lawRule is waived.
const (
	lawPack = "calm"
	lawRule = "calm.daily"
)

// lawful is when the law allows a call to the lead; zero: now.
func lawful(f *campaign.Facts) (at time.Time) {
	r := &f.Campaign.Rules
	if !slices.Contains(r.Packs, lawPack) || slices.ContainsFunc(r.Waivers, func(w campaign.Waiver) bool { return w.Rule == lawRule }) {
		return at
	}
	for _, m := range callsOf(f) {
		if end := m.PlacedAt.Add(24 * time.Hour); (m.own || m.Person) && end.After(f.Now) && end.After(at) {
			at = end
		}
	}
	return at
}

// moved is a number that tells where it is; all others are where their leads are, in the east.
var moved = phone(990_001)

func numberAt(p campaign.Phone) campaign.Number {
	if p == moved {
		return campaign.Number{Phone: p, Zones: []string{west}, Places: []string{"US-CA"}}
	}
	return campaign.Number{Phone: p, Zones: []string{east}}
}

// good are the lead's numbers that no attempt found bad, the ones it changed to first.
func good(l *campaign.Lead) []campaign.Phone {
	out := campaign.Phones(l.Numbers)
	for _, t := range l.Tries {
		if t.Outcome == campaign.NumberChanged && t.NewNumber != "" {
			out = slices.DeleteFunc(out, func(p campaign.Phone) bool { return p == t.NewNumber })
			out = slices.Insert(out, 0, t.NewNumber)
		}
	}
	return slices.DeleteFunc(out, func(p campaign.Phone) bool {
		return slices.ContainsFunc(l.Tries, func(t campaign.Try) bool { return t.Number == p && t.Outcome.BadData() })
	})
}

func decide(f *campaign.Facts) campaign.Plan { return plan(f, good(f.Lead)) }

func plan(f *campaign.Facts, numbers []campaign.Phone) campaign.Plan {
	l, r := f.Lead, &f.Campaign.Rules
	last := campaign.NoOutcome
	at, counted := f.Now.Truncate(time.Second), 0
	for _, t := range l.Tries {
		last = t.Outcome
		if t.Outcome.Counted() {
			counted++
		}
	}
	switch {
	case last.Follow() == campaign.FollowFinished && last == campaign.Refused:
		return campaign.Plan{Verdict: campaign.VerdictFinished, Reason: campaign.ReasonRefused}
	case last.Follow() == campaign.FollowFinished:
		return campaign.Plan{Verdict: campaign.VerdictFinished, Reason: campaign.ReasonDone}
	case last.Follow() == campaign.FollowSuppress:
		return campaign.Plan{Verdict: campaign.VerdictSuppressed, Reason: campaign.ReasonDoNotCall}
	case len(numbers) == 0:
		return campaign.Plan{Verdict: campaign.VerdictFinished, Reason: campaign.ReasonBadData}
	case lacksConsent(f):
		return campaign.Plan{Verdict: campaign.VerdictExhausted, Reason: campaign.ReasonNoConsent}
	case f.Promise != nil:
		return campaign.Plan{Verdict: campaign.VerdictAppointment, At: f.Promise.At, Earliest: f.Promise.At, Number: numbers[0], Reason: campaign.ReasonAppointment}
	case slices.ContainsFunc(f.Calendars, func(c *campaign.Calendar) bool { return c.Name == "shut" && len(c.Days) == 0 }):
		return campaign.Plan{Verdict: campaign.VerdictExhausted, Reason: campaign.ReasonNoCallableTime}
	case r.MaxAttempts > 0 && counted >= r.MaxAttempts:
		return campaign.Plan{Verdict: campaign.VerdictExhausted, Reason: campaign.ReasonMaxAttempts}
	}
	reason := campaign.ReasonDue
	if n := len(l.Tries); n > 0 && !last.BadData() {
		wait := r.Interval
		if last.Follow() == campaign.FollowNetwork {
			wait = r.NetworkRetry
		}
		if next := l.Tries[n-1].PlacedAt.Add(wait); next.After(at) {
			at, reason = next, campaign.ReasonInterval
		}
	}
	if l.HeldOffUntil.After(at) {
		at, reason = l.HeldOffUntil, campaign.ReasonHeldOff
	}
	if law := lawful(f); law.After(at) {
		at, reason = law, campaign.ReasonLawCap
	}
	return campaign.Plan{Verdict: campaign.VerdictCall, At: at, Earliest: at, Number: numbers[0], Reason: reason}
}

// optIn is the law pack that asks for a consent; the calendar "shut" closes for ever while it has no days, and
// "today" until tomorrow while it has some.
const optIn = "opt-in"

func lacksConsent(f *campaign.Facts) bool {
	return slices.Contains(f.Campaign.Rules.Packs, optIn) && !slices.ContainsFunc(f.Consents, func(c campaign.Consent) bool {
		return c.Opens(campaign.ConsentContact, f.Campaign.Rules.Purpose, f.Lead.Numbers[0].Phone) && c.Standing(f.Now)
	})
}

func judge(f *campaign.Facts, agent campaign.AgentID) campaign.Judgement {
	numbers := good(f.Lead)
	numbers = slices.DeleteFunc(numbers, func(p campaign.Phone) bool {
		return slices.ContainsFunc(f.Suppressions, func(s campaign.Suppression) bool { return s.Phone == p && s.InForce(f.Now) })
	})
	p := plan(f, numbers)
	shut := func(gate string, at time.Time) campaign.Judgement {
		return campaign.Judgement{Plan: p, Binding: gate, OpenAt: at, Detail: "closed by the gate " + gate}
	}
	switch {
	case f.Campaign.State != campaign.CampaignRunning:
		return shut("campaign", time.Time{})
	case !f.List.On || f.List.State != campaign.ListActive:
		return shut("list", time.Time{})
	case f.Lead.State != campaign.LeadOpen:
		return shut("state", time.Time{})
	case len(numbers) == 0:
		return shut("suppression", time.Time{})
	case p.Reason == campaign.ReasonNoConsent:
		return shut("consent", time.Time{})
	case !p.Open():
		return shut("max_attempts", time.Time{})
	case f.Promise != nil && f.Now.Before(f.Promise.At):
		return shut("promise", f.Promise.At)
	case p.At.After(f.Now):
		return shut("interval", p.At)
	case slices.ContainsFunc(f.Calendars, func(c *campaign.Calendar) bool { return c.Name == "today" && len(c.Days) > 0 }):
		return shut("hours", f.Now.Add(24*time.Hour))
	}
	if f.Promise == nil {
		if gate, until := capped(f, p.Number); gate != "" {
			return shut(gate, until)
		}
	}
	reason := "fresh"
	switch {
	case f.Promise != nil:
		reason = "appointment"
	case len(f.Lead.Tries) > 0:
		reason = "retry"
	}
	return campaign.Judgement{Plan: p, Callable: true, Reason: reason, Law: noted(f)}
}

// noted keeps the versions of what was looked at.
func noted(f *campaign.Facts) (n campaign.LawNote) {
	for _, c := range f.Calendars {
		if n.Calendars == nil {
			n.Calendars = make(map[string]int64)
		}
		n.Calendars[c.Name] = c.Version
	}
	if slices.Contains(f.Campaign.Rules.Packs, lawPack) {
		n.Packs = map[string]string{lawPack: "1"}
	}
	for _, c := range f.Consents {
		if c.Standing(f.Now) {
			n.Exempt = append(n.Exempt, campaign.Exemption{Rule: "test.hours", By: "consent", Consent: c.ID})
		}
	}
	return n
}

func book(f *campaign.Facts, b campaign.Booking) (at, graceEnd time.Time, err error) {
	zone, err := time.LoadLocation(b.Zone)
	if err != nil {
		return at, at, campaign.Invalid("booking.zone", "no such zone")
	}
	if at, err = time.ParseInLocation("2006-01-02T15:04:05", b.Local, zone); err != nil {
		return at, at, campaign.Invalid("booking.local", "no such time")
	}
	if !at.After(f.Now) {
		return at, at, campaign.Invalid("booking", campaign.ReasonBookingInPast)
	}
	return at.UTC(), at.UTC().Add(f.Campaign.Floor.Grace), nil
}

var errNotReady = errors.New("offered to an agent who is not ready")

// step is the floor in short: after every call or lapse the agent is ready again.
func step(s campaign.Session, now time.Time, h campaign.Happening) (campaign.Session, error) {
	to, reason := campaign.AgentReady, string(h.Kind)
	holds := campaign.AssignmentID(0)
	switch h.Kind { //nolint:exhaustive // after the others the agent is ready
	case campaign.HappenedOffered:
		if s.State != campaign.AgentReady {
			return s, errNotReady
		}
		to, holds = campaign.AgentOffered, h.Assignment
	case campaign.HappenedStarted:
		to, holds = campaign.AgentOnCall, h.Assignment
	case campaign.HappenedEnded:
		to, holds = campaign.AgentWrapUp, h.Assignment
	}
	s.State, s.Reason, s.Assignment, s.Since, s.Deadline = to, reason, holds, now, time.Time{}
	if to == campaign.AgentOffered {
		s.Deadline = now.Add(h.Floor.OfferTime)
	}
	return s, nil
}
