package scheduler

import (
	"fmt"
	"strings"
	"time"

	"redial/campaign"
)

// These answer over campaign.Facts, as the record reads them under its locks. They are what the record is given as
// its rules, so that a claim, an outcome, a booking and an explanation all come to the same code (I10).

// Rulebook is the rules over the facts of the record. The zero value knows no law packs. It is safe for use by several
// goroutines at once and must not be copied after its first use.
type Rulebook struct {
	Law Law // nil: none
}

// Plan decides for the lead anew. Suppressions are passed over here: they are a list of their own, which Offer checks.
func (rb *Rulebook) Plan(f *campaign.Facts) campaign.Plan {
	zones, err := LoadZones(f.Lead.Zones)
	if err != nil {
		return campaign.Plan{Verdict: campaign.VerdictExhausted, Reason: campaign.ReasonNoCallableTime}
	}
	lead := Lead{Zones: zones, Numbers: NumbersOf(campaign.Phones(f.Lead.Numbers)...)}
	return Decide(&Question{Rules: &f.Campaign.Rules, Lead: lead, Tries: f.Lead.Tries, Promise: f.Promise, Now: f.Now})
}

// Offer says whether the lead may be offered to the agent at f.Now, and as what. The record shows the lead as open,
// even when the agent holds it already and is about to dial.
func (rb *Rulebook) Offer(f *campaign.Facts, agent campaign.AgentID) campaign.Judgement {
	facts, err := FactsOf(f)
	if err != nil {
		return campaign.Judgement{Binding: "hours", Detail: err.Error()}
	}
	j := Judge(facts)
	out := campaign.Judgement{Plan: j.Plan, Callable: j.Callable, Binding: j.Binding, OpenAt: j.OpenAt, Detail: j.Detail}
	if j.Callable {
		out.Reason = TierOf(f.Lead.Tries, j.Plan, facts.Zones, f.Now, f.Lead.Owner, agent).String()
	}
	return out
}

// Open says whether a calendar group is open at now, any of its sites, by the hours of campaign, list and law; and until
// when that answer stands, zero: for the next 400 days at least.
func (rb *Rulebook) Open(c *campaign.Campaign, g *campaign.Group, calendars []*campaign.Calendar, now time.Time) (open bool, until time.Time) {
	zones, err := LoadZones(g.LeadZones())
	if err != nil {
		return false, time.Time{}
	}
	return OpenStretch(&c.Rules, zones, now)
}

// LawRules are the rules of the packs that are switched on.
func (rb *Rulebook) LawRules(r *campaign.Rules) []LawRule {
	var out []LawRule
	for _, p := range rb.packs(r) {
		out = append(out, p.Rules...)
	}
	return out
}

// packs are those that are switched on and known.
func (rb *Rulebook) packs(r *campaign.Rules) []*LawPack {
	if rb.Law == nil {
		return nil
	}
	var out []*LawPack
	for _, name := range r.Packs {
		if p := rb.Law.Pack(name); p != nil {
			out = append(out, p)
		}
	}
	return out
}

// FactsOf are the facts as Judge and Explain take them. The error is of a lead whose zone is unknown.
func FactsOf(f *campaign.Facts) (*Facts, error) {
	zones, err := LoadZones(f.Lead.Zones)
	if err != nil {
		return nil, campaign.Under("zones", err)
	}
	return &Facts{
		Campaign: f.Campaign, List: f.List, Lead: f.Lead, Zones: zones, Promise: f.Promise, Suppressions: f.Suppressions,
		NumberUses: usesOf(f), Holder: f.Holder, Now: f.Now,
	}, nil
}

// usesOf are the uses of a number but for the lead's own open reservation.
func usesOf(f *campaign.Facts) func(campaign.Phone) []time.Time {
	return func(p campaign.Phone) []time.Time {
		var at []time.Time
		for _, u := range f.Uses {
			if u.Phone == p && (f.Lead.Assignment == 0 || u.Assignment != f.Lead.Assignment) {
				at = append(at, u.PlacedAt)
			}
		}
		return at
	}
}

// Book judges a booking for the lead at f.Now: the instant it promises and the end of its grace. The error names what
// to change: the field, and for a time outside hours the nearest callable times, for programs as the wall times
// "before" and "after" in the booking's zone.
func (rb *Rulebook) Book(f *campaign.Facts, b campaign.Booking) (at, graceEnd time.Time, err error) {
	zones, err := LoadZones(f.Lead.Zones)
	if err != nil {
		return at, graceEnd, campaign.Under("zones", err)
	}
	lead := Lead{Zones: zones, Numbers: NumbersOf(campaign.Phones(f.Lead.Numbers)...)}
	rules := &f.Campaign.Rules
	if _, err := BookingTime(lead, b); err != nil {
		return at, graceEnd, campaign.Under("booking", err)
	}
	at, plan := JudgeBooking(&Question{Rules: rules, Lead: lead, Now: f.Now}, b)
	switch plan.Reason {
	case campaign.ReasonBookingInPast:
		return at, graceEnd, misbooked(plan.Reason, nil, fmt.Sprintf(
			"%s is not after now (%s): choose a later time", b.Local, f.Now.In(zones[0]).Format(wallTime)))
	case campaign.ReasonBookingOutside:
		return at, graceEnd, outside(rules, zones, at, b)
	}
	return at, GraceEnd(rules, f.Campaign.Floor, zones, at, b.Insisted), nil
}

const wallTime = "2006-01-02T15:04"

func misbooked(reason string, meta map[string]string, message string) error {
	e := campaign.Invalid("booking.local", message)
	e.Reason, e.Meta = reason, meta
	return e
}

func outside(rules *campaign.Rules, zones []*time.Location, at time.Time, b campaign.Booking) error {
	loc := zones[0]
	if l, err := LoadZone(b.Zone); err == nil {
		loc = l
	}
	before, after := NearestCallable(rules, zones, at)
	near := make(map[string]string)
	said := []string{fmt.Sprintf("%s in %s is outside the lead's callable hours", b.Local, loc)}
	for _, n := range []struct {
		name string
		at   time.Time
	}{{"before", before}, {"after", after}} {
		if !n.at.IsZero() {
			near[n.name] = n.at.In(loc).Format(wallTime)
			said = append(said, fmt.Sprintf("the nearest callable time %s it is %s", n.name, near[n.name]))
		}
	}
	said = append(said, "or set insisted if the customer insists on it")
	return misbooked(campaign.ReasonBookingOutside, near, strings.Join(said, "; "))
}
