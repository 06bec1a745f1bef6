package law_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"redial/campaign"
	"redial/scheduler"
)

// Days of calls made as soon as they are allowed, under every pack: whoever counts them again by the words of the
// rules finds none too many and none at a forbidden time.
func TestNoWalkBreaksARuleInForce(t *testing.T) {
	t.Parallel()
	walks := []struct {
		packs   []string
		zone    string
		places  []string
		purpose campaign.Purpose
	}{
		{[]string{"us"}, newYork, []string{"US-FL"}, ""},
		{[]string{"us"}, "America/Chicago", []string{"US-OK"}, ""},
		{[]string{"us"}, newYork, []string{"US-MD"}, campaign.PurposeService},
		{[]string{"us"}, newYork, []string{"US-ME"}, ""},
		{[]string{"us"}, "America/Chicago", []string{"US-AL", "US-MS"}, ""},
		{[]string{"us"}, "America/Chicago", []string{"US-LA", "US-TX"}, ""},
		{[]string{"us"}, newYork, []string{"US-CT", "US-RI"}, ""},
		{[]string{"us", "us-debt"}, newYork, []string{"US-FL"}, campaign.PurposeCollections},
		{[]string{"us-debt"}, "America/Denver", []string{"US-CO"}, campaign.PurposeCollections},
		{[]string{"uk"}, "Europe/London", []string{"GB"}, ""},
		{[]string{"ca"}, "America/Toronto", []string{"CA-ON"}, ""},
		{[]string{"fr"}, paris, []string{"FR", "FR-67"}, ""},
		{[]string{"de"}, "Europe/Berlin", []string{"DE"}, ""},
		{[]string{"au"}, "Australia/Sydney", []string{"AU"}, ""},
		{[]string{"au"}, "Australia/Perth", []string{"AU"}, campaign.PurposeResearch},
		{[]string{"in"}, "Asia/Kolkata", []string{"IN"}, campaign.PurposeCollections},
		{[]string{"cn", "cn-tencent"}, "Asia/Shanghai", []string{"CN"}, campaign.PurposeCollections},
		{[]string{"cn", "cn-tencent"}, "Asia/Shanghai", []string{"CN"}, ""},
	}
	for _, w := range walks {
		t.Run(strings.Join(w.packs, "+")+" "+strings.Join(w.places, "+"), func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(4) {
				p := somebody(t, w.zone, w.places, w.packs...)
				p.rules.Purpose = w.purpose
				p.walk(rand.New(rand.NewPCG(seed, 7)), seed)
				p.recount(seed)
			}
		})
	}
}

// walk calls the person 60 times, by either campaign, whenever it may.
func (p *person) walk(r *rand.Rand, seed uint64) {
	p.t.Helper()
	now := time.Date(2026, time.Month(1+r.IntN(12)), 1+r.IntN(28), r.IntN(24), r.IntN(60), r.IntN(60), 0, time.UTC)
	p.consents = []campaign.Consent{consent(now.Add(-hour), campaign.ConsentContact)}
	if r.IntN(2) == 0 {
		p.matters[1] = "two"
	}
	outcomes := []campaign.Outcome{campaign.NoAnswer, campaign.Busy, campaign.Machine, campaign.Abandoned, campaign.CallLater, campaign.CallLater}
	for range 60 {
		no := r.IntN(2)
		if no == 0 && r.IntN(8) == 0 {
			at := now.Add(time.Duration(r.IntN(72)) * hour)
			local := at.In(in(p.zones[0])).Format("2006-01-02T15:04")
			p.promise = &campaign.Appointment{Local: local, Zone: p.zones[0], At: at.Truncate(time.Minute), State: campaign.AppointmentOpen, Insisted: true}
		}
		plan := p.plan(no, now)
		if !plan.Open() {
			p.t.Fatalf("seed %d: %d calls, at %v: %+v", seed, len(p.calls[0])+len(p.calls[1]), now, plan)
		}
		at := plan.At
		if at.Before(now) {
			at = now
		}
		if no == 0 {
			p.promise = nil
		}
		talk := time.Duration(r.IntN(60)) * time.Second
		o := outcomes[r.IntN(len(outcomes))]
		if !o.Connect() {
			talk = 0
		}
		p.call(no, at, o, talk)
		now = at.Add(talk + time.Duration(1+r.IntN(90))*time.Second)
	}
}

type placed struct {
	campaign.Try
	campaign int
}

// recount holds every call against every rule of every pack, by counting.
func (p *person) recount(seed uint64) {
	p.t.Helper()
	var all []placed
	for no, tries := range p.calls {
		for _, c := range tries {
			all = append(all, placed{c, no})
		}
	}
	slices.SortFunc(all, func(a, b placed) int { return a.PlacedAt.Compare(b.PlacedAt) })
	loc := in(p.zones[0])
	for _, pack := range p.law {
		for i := range pack.Rules {
			rule := &pack.Rules[i]
			if !p.about(rule) || slices.Contains(rule.Unless, scheduler.ExcuseAgent) {
				continue
			}
			for n, c := range all {
				if day := ymdOf(c.PlacedAt.In(loc)); day.Before(first(rule.From)) || rule.To != (campaign.Date{}) && day.After(first(rule.To)) {
					continue
				}
				if !p.keeps(rule, pack, all[:n], c, loc) {
					p.t.Fatalf("seed %d: the call of %s breaks %s: %s\nbefore it: %v", seed, c.PlacedAt.In(loc), rule.ID, rule.Text, all[max(0, n-8):n])
				}
			}
		}
	}
}

// about says whether a rule is about the person, by prefixes of places.
func (p *person) about(r *scheduler.LawRule) bool {
	purpose := p.rules.Purpose
	if purpose == "" {
		purpose = campaign.PurposeSales
	}
	if len(r.Purposes) > 0 && !slices.Contains(r.Purposes, purpose) {
		return false
	}
	for _, place := range p.places {
		for _, at := range r.Places {
			if strings.HasPrefix(place+"-", at+"-") {
				return true
			}
		}
	}
	return false
}

func ymdOf(t time.Time) time.Time { return ymd(t.Year(), t.Month(), t.Day()) }

func first(d campaign.Date) time.Time { return ymd(d.Year, d.Month, d.Day) }

func (p *person) keeps(r *scheduler.LawRule, pack *scheduler.LawPack, before []placed, c placed, loc *time.Location) bool {
	switch r.Kind {
	case scheduler.LawHours:
		return p.inHours(r, pack, c.PlacedAt.In(loc))
	case scheduler.LawCap:
		n := 0
		for _, b := range before {
			counts := r.Cap.Count == campaign.CountAttempts || r.Cap.Count == campaign.CountConnects && b.Outcome.Connect()
			if counts && p.same(r.Cap.Scope, b, c) && recent(b, c, r.Cap.Period, r.Cap.Days, loc) {
				n++
			}
		}
		return n < r.Cap.Max
	case scheduler.LawCoolOff:
		return !slices.ContainsFunc(before, func(b placed) bool {
			followed := r.CoolOff.After == campaign.AfterConversation && b.Talk >= 30*time.Second || r.CoolOff.After == campaign.AfterRefused && b.Outcome == campaign.Refused
			return followed && p.same(r.CoolOff.Scope, b, c) && recent(b, c, r.CoolOff.Period, r.CoolOff.Days, loc)
		})
	default:
		return true // the consent is there
	}
}

// same says whether an earlier call is of the scope: both campaigns call the one number about the one account.
func (p *person) same(s campaign.CapScope, b, c placed) bool {
	return s != campaign.CapMatter || p.matters[b.campaign] == p.matters[c.campaign]
}

func recent(b, c placed, period time.Duration, days int, loc *time.Location) bool {
	if days > 0 {
		return ymdOf(c.PlacedAt.In(loc)).Sub(ymdOf(b.PlacedAt.In(loc))) < time.Duration(days)*24*hour
	}
	return c.PlacedAt.Sub(b.PlacedAt) < period
}

func (p *person) inHours(r *scheduler.LawRule, pack *scheduler.LawPack, at time.Time) bool {
	if r.Closed {
		for _, d := range pack.Days {
			if first(d.Date).Equal(ymdOf(at)) && slices.ContainsFunc(p.places, func(place string) bool { return strings.HasPrefix(place+"-", d.Place+"-") }) {
				return false
			}
		}
	}
	minute := at.Hour()*60 + at.Minute()
	return slices.ContainsFunc(r.Hours, func(w campaign.Window) bool { return w.Days[at.Weekday()] && w.Open <= minute && minute < w.Close })
}
