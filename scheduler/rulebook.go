package scheduler

import (
	"slices"
	"sync"
	"time"

	"redial/campaign"
)

// These answer over campaign.Facts, as the record reads them under its locks. They are what the record is given as
// its rules, so that a claim, an outcome, a booking and an explanation all come to the same code (I10).

// Rulebook is the rules over the facts of the record. The zero value knows no law packs. It is safe for use by several
// goroutines at once and must not be copied after its first use.
type Rulebook struct {
	Law Law // nil: none

	mu      sync.RWMutex
	settled map[string]*settled // by what they were settled from
	regimes int                 // in all of them
}

// Plan decides for the lead anew. Suppressions are passed over here: they are a list of their own, which Offer checks.
func (rb *Rulebook) Plan(f *campaign.Facts) campaign.Plan {
	q, _ := rb.question(f)
	var d decision
	d.ask(&q)
	p := d.plan()
	if r := q.Rules; r.MixHours && p.Verdict == campaign.VerdictCall {
		p.Turn = turn(f.Lead.ID, q.Tries, d.reg, p.At)
	}
	return p
}

// Offer says whether the lead may be offered to the agent at f.Now, and as what; when it may, under which law. The record
// shows the lead as open, even when the agent holds it already and is about to dial.
func (rb *Rulebook) Offer(f *campaign.Facts, agent campaign.AgentID) campaign.Judgement {
	facts, err := rb.FactsOf(f)
	if err != nil {
		return campaign.Judgement{Binding: "hours", Detail: err.Error()}
	}
	j := Judge(facts)
	out := campaign.Judgement{Plan: j.Plan, Callable: j.Callable, Binding: j.Binding, OpenAt: j.OpenAt, Detail: j.Detail}
	if j.Callable {
		out.Reason = TierOf(f.Lead.Tries, j.Plan, facts.Zones, f.Now, f.Lead.Owner, agent).String()
		out.Law = campaign.LawNote{
			Site: j.site, Calendars: facts.settled.calendars, Packs: facts.settled.packs, Exempt: j.Exempt,
		}
	}
	return out
}

// FactsOf are the facts as Judge and Explain take them. The error is of a lead whose zone is unknown.
func (rb *Rulebook) FactsOf(f *campaign.Facts) (*Facts, error) {
	zones, err := LoadZones(f.Lead.Zones)
	if err != nil {
		return nil, campaign.Under("zones", err)
	}
	q, s := rb.question(f)
	q.Suppressions = f.Suppressions
	return &Facts{
		Campaign: f.Campaign, List: f.List, Lead: f.Lead, Zones: zones, Question: q, Holder: f.Holder, Now: f.Now, settled: s,
		missing: rb.missing(&f.Campaign.Rules),
	}, nil
}

// question is what the facts ask the rule of time, but for the suppressions.
func (rb *Rulebook) question(f *campaign.Facts) (Question, *settled) {
	c, lead := f.Campaign, f.Lead
	var list campaign.List
	if f.List != nil {
		list = *f.List
	}
	s := rb.settle(&c.Rules, list.Hours, list.Calendars, f.Calendars)
	q := Question{
		Campaign: c.ID, Rules: &c.Rules, Conversation: c.Floor.Conversation, Tries: lead.Tries, Uses: usesOf(f),
		Consents: f.Consents, Promise: f.Promise, HeldUntil: lead.HeldOffUntil, Now: f.Now,
	}
	q.Lead = Lead{Account: lead.Account, Numbers: make([]Number, len(lead.Numbers))}
	q.Lead.Regime = rb.at(s, lead.Zones, lead.Places, c.Region)
	q.Lead.Zones, q.Lead.Places = q.Lead.Regime.locs, q.Lead.Regime.places
	for i := range lead.Numbers {
		n := &lead.Numbers[i]
		q.Lead.Numbers[i].Phone = n.Phone
		if len(n.Zones) > 0 || len(n.Places) > 0 {
			site := lead.SiteOf(*n, nil, "", f.Now)
			q.Lead.Numbers[i].Regime = rb.at(s, site.Zones, site.Places, c.Region)
		}
	}
	return q, s
}

// usesOf are the uses but for the lead's own open reservation, oldest first.
func usesOf(f *campaign.Facts) []campaign.Use {
	uses, own := f.Uses, f.Lead.Assignment
	mine := func(u campaign.Use) bool { return own != 0 && u.Assignment == own }
	if slices.ContainsFunc(uses, mine) {
		uses = slices.DeleteFunc(slices.Clone(uses), mine)
	}
	older := func(a, b campaign.Use) int { return a.PlacedAt.Compare(b.PlacedAt) }
	if !slices.IsSortedFunc(uses, older) {
		uses = slices.SortedStableFunc(slices.Values(uses), older)
	}
	return uses
}

// Open says whether a calendar group is open at now, any of its sites, by the hours of campaign, list and law; and until
// when that answer stands, zero: for the next 400 days at least.
func (rb *Rulebook) Open(c *campaign.Campaign, g *campaign.Group, calendars []*campaign.Calendar, now time.Time) (open bool, until time.Time) {
	if rb.missing(&c.Rules) != "" {
		return false, time.Time{}
	}
	s := rb.settle(&c.Rules, g.Hours, g.Calendars, calendars)
	for i := range g.Sites {
		at := &g.Sites[i]
		is, change := rb.at(s, at.Zones, at.Places, c.Region).Open(now, at.Consented)
		switch {
		case is && !open:
			open, until = true, change
		case is && (until.IsZero() || change.IsZero()):
			until = time.Time{}
		case is && change.After(until):
			until = change
		case !is && !open:
			until = earliest(until, change)
		}
	}
	return open, until
}

// LawRules are the rules of the packs that are switched on and known.
func (rb *Rulebook) LawRules(r *campaign.Rules) []LawRule {
	var out []LawRule
	for _, p := range rb.packs(r) {
		out = append(out, p.Rules...)
	}
	return out
}

// LawDays are the public holidays of those packs.
func (rb *Rulebook) LawDays(r *campaign.Rules) []campaign.Day {
	var out []campaign.Day
	for _, p := range rb.packs(r) {
		out = append(out, p.Days...)
	}
	return out
}

// missing is a pack that is switched on and that this rulebook does not know; empty: none. Nothing is offered where there
// is one: a node that was started without a pack must not call as if there were no law.
func (rb *Rulebook) missing(r *campaign.Rules) string {
	for _, name := range r.Packs {
		if rb.Law == nil || rb.Law.Pack(name) == nil {
			return name
		}
	}
	return ""
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
