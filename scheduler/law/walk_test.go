package law_test

import (
	"slices"
	"testing"
	"time"

	"redial/campaign"
	"redial/scheduler"
)

// person is somebody who may be called, by two campaigns, under packs.
type person struct {
	t        *testing.T
	law      []*scheduler.LawPack
	rules    campaign.Rules // of both campaigns, but for the matter
	matters  [2]string
	account  string
	zones    []string
	places   []string
	consents []campaign.Consent
	promise  *campaign.Appointment // of the first campaign
	calls    [2][]campaign.Try
	told     []campaign.Use // by others
}

const number campaign.Phone = "+12025550100"

// somebody is a person in a zone and places under packs, whom campaigns without caps and waits of their own may call
// at any hour.
func somebody(t *testing.T, zone string, places []string, packs ...string) *person {
	t.Helper()
	p := &person{t: t, zones: []string{zone}, places: places, matters: [2]string{"one", "one"}, account: "debt"}
	p.rules = campaign.Rules{NetworkRetry: time.Minute, Hours: []campaign.Window{{Days: [7]bool{true, true, true, true, true, true, true}, Close: 1440}}}
	lib := library(t)
	for _, name := range packs {
		pack := lib.Pack(name)
		if pack == nil {
			t.Fatalf("no pack %s", name)
		}
		p.law = append(p.law, pack)
	}
	return p
}

func (p *person) question(campaignNo int, now time.Time) *scheduler.Question {
	p.t.Helper()
	zones, err := scheduler.LoadZones(p.zones)
	if err != nil {
		p.t.Fatal(err)
	}
	rules := p.rules
	rules.Matter = p.matters[campaignNo]
	q := &scheduler.Question{
		Campaign: campaign.CampaignID(campaignNo + 1), Rules: &rules, Tries: p.calls[campaignNo], Uses: slices.Clone(p.told), Consents: p.consents, Now: now,
		Lead: scheduler.Lead{Account: p.account, Zones: zones, Places: p.places, Numbers: scheduler.NumbersOf(number)},
	}
	if campaignNo == 0 {
		q.Promise = p.promise
	}
	for _, c := range p.calls[1-campaignNo] {
		q.Uses = append(q.Uses, campaign.Use{
			Phone: number, PlacedAt: c.PlacedAt, Assignment: 1, Campaign: campaign.CampaignID(2 - campaignNo), Matter: p.matters[1-campaignNo],
			Person: true, Account: true, Outcome: c.Outcome, Talk: c.Talk,
		})
	}
	slices.SortStableFunc(q.Uses, func(a, b campaign.Use) int { return a.PlacedAt.Compare(b.PlacedAt) })
	q.Lead.Settle(&scheduler.Terms{Rules: &rules, Law: p.law})
	return q
}

// plan is what the rule of time says to a campaign.
func (p *person) plan(campaignNo int, now time.Time) campaign.Plan {
	p.t.Helper()
	return scheduler.Decide(p.question(campaignNo, now))
}

func (p *person) call(campaignNo int, at time.Time, o campaign.Outcome, talk time.Duration) {
	p.calls[campaignNo] = append(p.calls[campaignNo], campaign.Try{PlacedAt: at.UTC(), Outcome: o, Number: number, Talk: talk})
}

// wants checks the instant and the reason of the next call, the instant as the wall clock of the person's first zone.
func (p *person) wants(campaignNo int, now time.Time, at, reason string) {
	p.t.Helper()
	plan := p.plan(campaignNo, now)
	if got := wall(plan.At, p.zones[0]); got != at || plan.Reason != reason {
		p.t.Errorf("at %s: %s at %s, %s; want %s, %s", wall(now, p.zones[0]), plan.Verdict, got, plan.Reason, at, reason)
	}
}

func wall(at time.Time, zone string) string {
	if at.IsZero() {
		return ""
	}
	return at.In(in(zone)).Format("2006-01-02 15:04")
}

func in(zone string) *time.Location {
	loc, err := scheduler.LoadZone(zone)
	if err != nil {
		panic(err)
	}
	return loc
}

// clock reads a wall time in a zone.
func clock(zone, s string) time.Time {
	at, err := time.ParseInLocation("2006-01-02 15:04", s, in(zone))
	if err != nil {
		panic(err)
	}
	return at
}

func consent(given time.Time, scopes ...campaign.ConsentScope) campaign.Consent {
	return campaign.Consent{ID: 1, Scopes: scopes, GivenAt: given.UTC(), Proof: "form 7"}
}
