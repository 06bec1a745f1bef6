package scheduler

import (
	"slices"
	"testing"
	"time"

	"redial/campaign"
)

// mixDays lets agents work through leads that never answer, one after another over each whole day, and tells the parts
// of the day in which each lead was called.
func mixDays(t *testing.T, rules *campaign.Rules, zoneName string, leads, days int) [][]int64 {
	t.Helper()
	loc, err := LoadZone(zoneName)
	if err != nil {
		t.Fatal(err)
	}
	z := zoneOf(loc)
	lead := Lead{Zones: []*time.Location{loc}, Numbers: NumbersOf("+1")}
	lead.Settle(&Terms{Rules: rules})
	tries := make([][]campaign.Try, leads)
	parts := make([][]int64, leads)
	day := z.day(utc("2026-03-02T12:00:00Z").Unix())
	for n := range days {
		open, shut := daySpan(lead.Regime.own.on(day))
		from := z.later(utc("2026-03-02T12:00:00Z").Unix()+int64(n-1)*86400) + open
		var order []Candidate
		for i := range leads {
			c := Candidate{Tier: TierFresh, Lead: campaign.LeadID(i + 1)}
			if n > 0 {
				p := Decide(&Question{Rules: rules, Lead: lead, Tries: tries[i], Now: instant(from)})
				if p.Verdict != campaign.VerdictCall || !p.At.Equal(instant(from)) {
					t.Fatalf("lead %d on day %d: %+v, want a call at the opening %v", i, n, p, instant(from))
				}
				c = Candidate{Tier: TierRolledOver, Earliest: p.Earliest, Lead: c.Lead}
				if rules.MixHours {
					c.Turn = turn(c.Lead, tries[i], lead.Regime, p.At)
				}
			}
			order = append(order, c)
		}
		slices.SortFunc(order, Compare)
		for rank, c := range order {
			at := from + int64(rank)*(shut-open)/int64(leads)
			i := int(c.Lead) - 1
			tries[i] = append(tries[i], campaign.Try{PlacedAt: instant(at), Outcome: campaign.NoAnswer, Number: "+1"})
			_, sec := split(at + z.at(at).offset)
			if p := partOf(sec, open, shut); !slices.Contains(parts[i], p) {
				parts[i] = append(parts[i], p)
			}
		}
		day++
	}
	return parts
}

func TestAPlanHasItsTurnWhereTheCampaignMixesHours(t *testing.T) {
	t.Parallel()
	week := [7]bool{true, true, true, true, true, true, true}
	f := &campaign.Facts{
		Campaign: &campaign.Campaign{Rules: campaign.DefaultRules()}, Now: utc("2026-03-02T13:00:00Z"), // closing time in Shanghai
		// A calendar whose day is short: its parts are those of that day.
		Calendars: []*campaign.Calendar{{Name: "short", Weeks: []campaign.Week{{Hours: []campaign.Window{{Days: week, Open: 18 * 60, Close: 21 * 60}}}}}},
		Lead:      &campaign.Lead{ID: 7, Zones: []string{"Asia/Shanghai"}, Numbers: []campaign.Number{{Phone: "+1"}}},
	}
	f.Campaign.Rules.Calendars = []string{"short"}
	rb := &Rulebook{}
	f.Campaign.Rules.MixHours = true
	if p := rb.Plan(f); p.Turn != 0 {
		t.Errorf("a fresh lead has turn %d", p.Turn)
	}
	f.Campaign.Rules.MixHours = false
	f.Lead.Tries = []campaign.Try{{PlacedAt: utc("2026-03-02T10:10:00Z"), Outcome: campaign.NoAnswer, Number: "+1"}}
	plain := rb.Plan(f)
	f.Campaign.Rules.MixHours = true
	p := rb.Plan(f)
	if march3 := utc("2026-03-03T00:00:00Z").Unix() / 86400; p.Turn/turnsPerDay != march3 {
		t.Errorf("turn %d is of day %d, want %d", p.Turn, p.Turn/turnsPerDay, march3)
	}
	if p.Turn%turnsPerDay < turnsPerDay/dayParts {
		t.Error("called in the first part of the day, and the turn is there again")
	}
	if p.Turn = 0; p != plain {
		t.Errorf("with mixing %+v, without %+v: more than the turn changed", p, plain)
	}
	f.Campaign.Rules.Calendars = nil
	f.Lead.Tries[0].PlacedAt = utc("2026-03-02T02:00:00Z") // again at 14:00, the same day
	f.Now = utc("2026-03-02T02:00:01Z")
	if p := rb.Plan(f); p.Turn != 0 || !p.At.Equal(utc("2026-03-02T06:00:00Z")) {
		t.Errorf("a retry of the same day at %v has turn %d", p.At, p.Turn)
	}
}

func TestOverDaysALeadIsCalledInSeveralPartsOfTheDay(t *testing.T) {
	t.Parallel()
	split := []campaign.Window{{Days: [7]bool{true, true, true, true, true, true, true}, Open: 600, Close: 780},
		{Days: [7]bool{true, true, true, true, true, true, true}, Open: 840, Close: 1200}}
	for name, c := range map[string]struct {
		zone  string
		hours []campaign.Window
		leads int
	}{
		"China":                         {"Asia/Shanghai", nil, 1000},
		"France, with a lunch break":    {"Europe/Paris", split, 300},
		"New York, over a changed hour": {"America/New_York", nil, 40},
	} {
		rules := campaign.DefaultRules()
		rules.MaxPerDay, rules.Hours, rules.MixHours = 1, c.hours, true
		least := map[int]int{}
		for lead, parts := range mixDays(t, &rules, c.zone, c.leads, 5) {
			least[len(parts)]++
			if len(parts) < 3 {
				t.Errorf("%s: lead %d was called in parts %v of the day alone", name, lead+1, parts)
			}
		}
		t.Logf("%s: parts of the day met, by leads: %v", name, least)
		rules.MixHours = false
		for lead, parts := range mixDays(t, &rules, c.zone, c.leads, 5) {
			if len(parts) > 2 {
				t.Fatalf("%s: without mixing lead %d is called in parts %v: the test shows nothing", name, lead+1, parts)
			}
		}
	}
}
