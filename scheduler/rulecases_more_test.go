package scheduler_test

import (
	"testing"
	"time"

	"redial/campaign"
	"redial/scheduler"
)

func TestALawBindsOnlyWhileItIsInForce(t *testing.T) {
	t.Parallel()
	s := florida()
	s.tried(t, campaign.NoAnswer, 0, "2026-03-03T11:59", "2026-03-03T15:59", "2026-03-03T19:59")
	s.rules.Interval = time.Minute
	date := func(d int) campaign.Date { return campaign.Date{Year: 2026, Month: 3, Day: d} }
	s.law[1].To = date(2)
	s.law[0].To = date(3)
	s.expect(t, "2026-03-03T20:30", "2026-03-04T08:00", "law_cap") // freed at midnight, by its end
	s.law[0].From, s.law[0].To = date(4), campaign.Date{}
	s.expect(t, "2026-03-03T20:30", "2026-03-03T20:30", "due")
	s.expect(t, "2026-03-04T08:00", "2026-03-04T11:59", "law_cap")
	s.law[1].To = date(3)
	s.expect(t, "2026-03-03T20:30", "2026-03-04T11:59", "law_cap")
	s.law[0].From = date(5)
	s.expect(t, "2026-03-03T20:30", "2026-03-04T08:00", "law_hours")
}

func TestAConsentLiftsALawOnlySoLongAfterItWasGiven(t *testing.T) {
	t.Parallel()
	s := &someone{rules: campaign.DefaultRules(), zone: "America/Chicago", places: []string{"US-TX"}, law: regF, account: "debt-1"}
	s.rules.Purpose, s.rules.MaxPerDay = campaign.PurposeCollections, 0
	s.tried(t, campaign.NoAnswer, 0,
		"2026-03-03T09:00", "2026-03-03T13:00", "2026-03-03T17:00", "2026-03-04T09:00", "2026-03-04T13:00", "2026-03-04T17:00", "2026-03-05T09:00")
	s.expect(t, "2026-03-05T14:00", "2026-03-10T09:00", "law_cap")
	given := s.local(t, "2026-03-05T10:00")
	s.consents = []campaign.Consent{{Scopes: []campaign.ConsentScope{campaign.ConsentFrequency}, GivenAt: given}}
	s.expect(t, "2026-03-05T14:00", "2026-03-05T14:00", "due")
	s.consents[0].GivenAt = s.local(t, "2026-02-26T13:59")
	s.expect(t, "2026-03-05T14:00", "2026-03-10T09:00", "law_cap")
	s.consents[0].GivenAt = s.local(t, "2026-02-26T14:00")
	s.expect(t, "2026-03-05T14:00", "2026-03-05T14:00", "due") // to the second
	s.consents[0].Purpose = campaign.PurposeSales
	s.expect(t, "2026-03-05T14:00", "2026-03-10T09:00", "law_cap")
	s.consents[0].Purpose, s.consents[0].Phone = "", "+2"
	s.expect(t, "2026-03-05T14:00", "2026-03-10T09:00", "law_cap")
	s.consents[0].Phone = "+1"
	s.expect(t, "2026-03-05T14:00", "2026-03-05T14:00", "due")
}

func TestDaysOfACapAreThoseOfEveryZone(t *testing.T) {
	t.Parallel()
	r := campaign.DefaultRules()
	r.Hours, r.MaxPerDay, r.Interval = windows(everyDay, [2]int{0, 24}), 0, 0
	r.Caps = []campaign.Cap{{Max: 1, Days: 1}}
	lead := scheduler.Lead{Zones: []*time.Location{zone(t, "Asia/Shanghai"), zone(t, "Europe/Berlin")}, Numbers: scheduler.NumbersOf("+1")}
	tries := []campaign.Try{{PlacedAt: time.Date(2026, 3, 2, 15, 0, 0, 0, time.UTC), Outcome: campaign.Busy, Number: "+1"}} // 23:00 in Shanghai
	p := decide(&r, lead, tries, nil, tries[0].PlacedAt.Add(time.Minute))
	if want := time.Date(2026, 3, 2, 23, 0, 0, 0, time.UTC); !p.At.Equal(want) || p.Reason != campaign.ReasonDayCap {
		t.Errorf("%v, want the next day in Berlin, %v", p, want)
	}
}

func TestDaysOfACapHaveTheirOwnLengths(t *testing.T) {
	t.Parallel()
	s := &someone{rules: campaign.DefaultRules(), zone: "Europe/Berlin"}
	s.rules.Hours, s.rules.MaxPerDay, s.rules.Interval = windows(everyDay, [2]int{0, 24}), 0, 0
	s.rules.Caps = []campaign.Cap{{Max: 2, Days: 2}}
	s.tried(t, campaign.Busy, 0, "2026-10-24T23:30", "2026-10-25T00:30") // the 25th has 25 hours
	s.expect(t, "2026-10-25T23:59", "2026-10-26T00:00", "day_cap")
	s.rules.Caps[0].Days = 3
	s.expect(t, "2026-10-25T23:59", "2026-10-27T00:00", "day_cap")
	s.rules.Caps[0].Max = 3
	s.expect(t, "2026-10-25T23:59", "2026-10-25T23:59", "due")
}

func TestAConversationIsAsLongAsTheCampaignSays(t *testing.T) {
	t.Parallel()
	a := clear()
	a.Campaign.Rules.CoolOffs = []campaign.CoolOff{{After: campaign.AfterConversation, Period: 24 * time.Hour}}
	a.Lead.Tries = []campaign.Try{{PlacedAt: a.Now.Add(-6 * time.Hour), Outcome: campaign.CallLater, Number: "+1", Talk: 20 * time.Second}}
	for threshold, reason := range map[time.Duration]string{0: "due", 21 * time.Second: "due", 20 * time.Second: "cool_off"} {
		a.Campaign.Floor.Conversation = threshold
		if p := rules.Plan(&a.Facts); p.Reason != reason {
			t.Errorf("%v: %v, want %s", threshold, p, reason)
		}
	}
}

func TestPlansThatMixHaveATurnWhenTheyRollOver(t *testing.T) {
	t.Parallel()
	a := clear()
	a.Lead.Tries = []campaign.Try{{PlacedAt: a.Now.Add(-time.Hour), Outcome: campaign.Busy, Number: "+1"}}
	a.Campaign.Rules.MixHours = true
	if p := rules.Plan(&a.Facts); p.Turn != 0 {
		t.Errorf("called again today: %v", p)
	}
	a.Campaign.Rules.Interval = 20 * time.Hour
	if p := rules.Plan(&a.Facts); p.Turn/4096 != 20515 { // 3 March 2026
		t.Errorf("called tomorrow: %v, day %d", p, p.Turn/4096)
	}
	a.Campaign.Rules.MixHours = false
	if p := rules.Plan(&a.Facts); p.Turn != 0 {
		t.Errorf("without mixing: %v", p)
	}
}

// A question with every layer costs no allocation, however many there are.
func TestDecidingUnderLawAllocatesNothing(t *testing.T) {
	s := france()
	s.calendars = china().calendars
	s.rules.Caps = []campaign.Cap{{Scope: campaign.CapPerson, Max: 2, Days: 3}, {Scope: campaign.CapNumber, Max: 3, Period: time.Hour}}
	s.rules.CoolOffs = []campaign.CoolOff{{After: campaign.AfterMachine, Scope: campaign.CapCompany, Days: 2}}
	s.numbers = []scheduler.Number{{Phone: "+1"}, {Phone: "+2", Zones: []*time.Location{zone(t, "Asia/Shanghai")}}}
	s.tried(t, campaign.Busy, 0, "2026-04-27T10:00", "2026-04-28T10:00")
	s.used(t, campaign.Use{Person: true, Outcome: campaign.Machine}, "2026-04-28T11:00")
	s.consents = []campaign.Consent{{Scopes: campaign.ConsentScopes, GivenAt: s.local(t, "2026-04-28T11:00"), Purpose: campaign.PurposeResearch}}
	q := s.question(t, s.local(t, "2026-04-28T12:00"))
	if p := scheduler.Decide(q); !p.Open() {
		t.Fatal(p)
	}
	if n := testing.AllocsPerRun(100, func() { scheduler.Decide(q) }); n != 0 {
		t.Errorf("%v allocations a decision, want none", n)
	}
}

// BenchmarkDecideUnderLaw is a decision with calendars, a list, caps over the calls of others, and three rules of law.
func BenchmarkDecideUnderLaw(b *testing.B) {
	s := france()
	s.calendars = china().calendars
	s.rules.Caps = []campaign.Cap{{Scope: campaign.CapPerson, Max: 3, Period: 24 * time.Hour}}
	s.tried(b, campaign.Busy, 0, "2026-04-27T10:00", "2026-04-28T10:00")
	s.used(b, campaign.Use{Person: true, Outcome: campaign.Busy}, "2026-04-28T11:00")
	q := s.question(b, s.local(b, "2026-04-28T12:00"))
	b.ReportAllocs()
	for b.Loop() {
		scheduler.Decide(q)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "decisions/s")
}

// BenchmarkPlan is the same through the rulebook, the regime out of its cache.
func BenchmarkPlan(b *testing.B) {
	rb := &scheduler.Rulebook{Law: frenchLibrary()}
	a := paris()
	b.ReportAllocs()
	for b.Loop() {
		rb.Plan(&a.Facts)
	}
}

// BenchmarkNewRegime is what a new site costs, once.
func BenchmarkNewRegime(b *testing.B) {
	s := france()
	terms := scheduler.Terms{Rules: &s.rules, Calendars: china().calendars, Law: []*scheduler.LawPack{{Rules: s.law, Days: s.days}}}
	zones := []*time.Location{zone(b, "Europe/Paris")}
	b.ReportAllocs()
	for b.Loop() {
		scheduler.NewRegime(&terms, zones, s.places)
	}
}
