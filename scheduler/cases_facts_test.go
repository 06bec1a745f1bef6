package scheduler_test

import (
	"strings"
	"testing"
	"time"

	"redial/campaign"
	"redial/scheduler"
)

// franceAlone is the law of one country.
type franceAlone struct{ pack *scheduler.LawPack }

func (l franceAlone) Pack(name string) *scheduler.LawPack {
	if name == l.pack.Name {
		return l.pack
	}
	return nil
}

func french() *scheduler.LawPack {
	weekdays := [7]bool{false, true, true, true, true, true, false}
	return &scheduler.LawPack{
		Name: "fr", Version: "1",
		Rules: []scheduler.LawRule{
			{
				ID: "fr.hours", Kind: scheduler.LawHours, Places: []string{"FR"}, Closed: true, Unless: []scheduler.LawExcuse{scheduler.ExcuseConsent},
				Hours: []campaign.Window{{Days: weekdays, Open: 600, Close: 780}, {Days: weekdays, Open: 840, Close: 1200}},
			},
			{ID: "fr.four", Kind: scheduler.LawCap, Places: []string{"FR"}, Cap: campaign.Cap{Scope: campaign.CapCompany, Max: 4, Days: 30}},
			{ID: "de.consent", Kind: scheduler.LawConsent, Places: []string{"DE"}},
		},
		Days: []campaign.Day{
			{Date: campaign.Date{Year: 2026, Month: 5, Day: 1}, Kind: campaign.DayHoliday, Place: "FR"},
			{Date: campaign.Date{Year: 2026, Month: 5, Day: 1}, Kind: campaign.DayHoliday, Place: "DE"},
		},
	}
}

// decided is a lead in France of a campaign that knows its law, with the plan that the rulebook makes of it.
func decided(rb *scheduler.Rulebook, now time.Time, change func(*campaign.Facts)) *campaign.Facts {
	f := &campaign.Facts{
		Campaign: &campaign.Campaign{ID: 3, Region: "FR", State: campaign.CampaignRunning, Rules: campaign.DefaultRules(), Floor: campaign.DefaultFloor()},
		List:     &campaign.List{ID: 5, On: true, State: campaign.ListActive},
		Lead: &campaign.Lead{
			ID: 9, State: campaign.LeadOpen, Zones: []string{"Europe/Paris"}, Numbers: []campaign.Number{{Phone: "+33612345678"}}, DecidedAt: now,
		},
		Now: now,
	}
	f.Campaign.Rules.Packs = []string{"fr"}
	change(f)
	f.Lead.Plan = rb.Plan(f)
	return f
}

func TestACaseOfFactsStandsAlone(t *testing.T) {
	t.Parallel()
	rb := &scheduler.Rulebook{Law: franceAlone{french()}}
	at := func(s string) time.Time {
		t, _ := time.Parse(time.RFC3339, s)
		return t
	}
	lunch, mayDay := at("2026-03-04T12:00:00Z"), at("2026-05-01T09:00:00Z")
	for name, c := range map[string]struct {
		now    time.Time
		change func(*campaign.Facts)
		want   string // the reason
		has    string // in the line
		lacks  string
	}{
		"the region is the place of who has none": {now: lunch, change: func(*campaign.Facts) {}, want: "law_hours", has: `"places":["FR"]`, lacks: "de.consent"},
		"public holidays come with the rule":      {now: mayDay, change: func(*campaign.Facts) {}, want: "law_hours", has: `"law_days":[{"date":"2026-05-01"`, lacks: `"place":"DE"`},
		"a number elsewhere": {now: lunch, change: func(f *campaign.Facts) {
			f.Lead.Numbers = append(f.Lead.Numbers, campaign.Number{Phone: "+442079460000", Zones: []string{"Europe/London"}, Places: []string{"GB"}})
		}, want: "due", has: `{"number":"+33612345678","places":["FR"]}`},
		"a consent": {now: lunch, change: func(f *campaign.Facts) {
			f.Consents = []campaign.Consent{{ID: 1, Scopes: []campaign.ConsentScope{campaign.ConsentHours}, GivenAt: lunch.Add(-time.Hour), CreatedAt: lunch.Add(-time.Hour)}}
		}, want: "due", has: `"consents":[{"scopes":["hours"]`},
		"a consent revoked since": {now: lunch, change: func(f *campaign.Facts) {
			f.Consents = []campaign.Consent{{ID: 1, Scopes: []campaign.ConsentScope{campaign.ConsentHours}, GivenAt: lunch.Add(-time.Hour), CreatedAt: lunch.Add(-time.Hour)}}
		}, want: "due", has: `"consents"`, lacks: "revoked_at"},
		"calls of others": {now: lunch.Add(time.Hour), change: func(f *campaign.Facts) {
			for d := range 4 {
				f.Uses = append(f.Uses, campaign.Use{Phone: "+33612345678", PlacedAt: lunch.Add(time.Duration(d-9) * 24 * time.Hour), Person: true, Outcome: campaign.Busy, Assignment: 7})
			}
		}, want: "law_cap", has: `"uses":[{"placed_at":"2026-02-23T12:00:00Z","number":"+33612345678","outcome":"BUSY","person":true}`},
		"the list narrows": {now: lunch.Add(time.Hour), change: func(f *campaign.Facts) {
			f.List.Calendars = []string{"bridge"}
			f.Calendars = []*campaign.Calendar{
				{Name: "bridge", Days: []campaign.Day{{Date: campaign.Date{Year: 2026, Month: 3, Day: 4}, Kind: campaign.DayClosure}}},
				{Name: "nobodys"},
			}
		}, want: "hours", has: `"list":{"calendars":["bridge"]}`, lacks: "nobodys"},
		"a lead that no pack is about": {now: lunch, change: func(f *campaign.Facts) { f.Lead.Places = []string{"BE"} }, want: "due", has: `"law":[]`},
	} {
		f := decided(rb, c.now, c.change)
		if f.Lead.Plan.Reason != c.want {
			t.Errorf("%s: the rulebook says %+v, want %s", name, f.Lead.Plan, c.want)
		}
		if name == "a consent revoked since" {
			f.Consents[0].RevokedAt = lunch.Add(time.Minute)
		}
		got, err := rb.CaseOf(f, &f.Campaign.Rules)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		line := show(t, &got)
		if !strings.Contains(line, c.has) || c.lacks != "" && strings.Contains(line, c.lacks) {
			t.Errorf("%s: %s\nwant %s in it, and not %q", name, line, c.has, c.lacks)
		}
		again, err := scheduler.ParseCase([]byte(line))
		if err != nil {
			t.Fatalf("%s: %v\n%s", name, err, line)
		}
		p := again.Answer().Plan
		if want := f.Lead.Plan; p.Verdict != want.Verdict || p.Reason != want.Reason || !p.At.Equal(want.At) || !p.Until.Equal(want.Until) || p.Number != want.Number {
			t.Errorf("%s: the case answers %+v\nthe rulebook %+v\n%s", name, p, want, line)
		}
	}
}

// What came after the decision is no part of its case.
func TestACaseKnowsNothingOfWhatCameAfterTheDecision(t *testing.T) {
	t.Parallel()
	rb := &scheduler.Rulebook{Law: franceAlone{french()}}
	then := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	f := decided(rb, then, func(*campaign.Facts) {})
	f.Uses = []campaign.Use{{Phone: "+33612345678", PlacedAt: then.Add(time.Second), Person: true, Assignment: 7}}
	f.Consents = []campaign.Consent{{ID: 1, Scopes: []campaign.ConsentScope{campaign.ConsentHours}, GivenAt: then.Add(-time.Hour), CreatedAt: then.Add(time.Hour)}}
	f.Now = then.Add(2 * time.Hour)
	c, err := rb.CaseOf(f, &f.Campaign.Rules)
	if err != nil || len(c.Uses) != 0 || len(c.Consents) != 0 || !c.Now.Equal(then) {
		t.Errorf("%v: uses %v, consents %v, as of %v", err, c.Uses, c.Consents, c.Now)
	}
	if p := c.Answer().Plan; p.Reason != f.Lead.Plan.Reason || !p.At.Equal(f.Lead.Plan.At) {
		t.Errorf("the case answers %+v, decided was %+v", p, f.Lead.Plan)
	}
}

func TestAPlainLeadsCaseSaysNothingOfTheRest(t *testing.T) {
	t.Parallel()
	rb := &scheduler.Rulebook{}
	now := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	f := decided(rb, now, func(f *campaign.Facts) {
		f.Campaign.Rules.Packs = nil
		f.Lead.Tries = []campaign.Try{{PlacedAt: now.Add(-time.Hour), Outcome: campaign.CallLater, Number: "+33612345678", Talk: time.Minute}}
	})
	c, err := rb.CaseOf(f, &f.Campaign.Rules)
	if err != nil {
		t.Fatal(err)
	}
	if line := show(t, &c); !strings.HasSuffix(line, `"lead":{"zones":["Europe/Paris"],"numbers":["+33612345678"]},`+
		`"attempts":[{"placed_at":"2026-03-04T11:00:00Z","outcome":"CALL_LATER","number":"+33612345678"}]}`) {
		t.Error(line)
	}
}
