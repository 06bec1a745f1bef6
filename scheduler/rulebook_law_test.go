package scheduler_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"redial/campaign"
	"redial/scheduler"
)

// library is law packs by name.
type library map[string]*scheduler.LawPack

func (l library) Pack(name string) *scheduler.LawPack { return l[name] }

func frenchLibrary() library {
	return library{
		"fr": {Name: "fr", Version: "2026-11-01", Rules: frenchRules, Days: france().days},
		"us": {Name: "us", Version: "2026-11-02", Rules: []scheduler.LawRule{floridaCap, floridaHours}},
	}
}

// paris is a fresh lead of a French campaign, at 11:00 on a Thursday.
func paris() *asked {
	a := clear()
	a.Campaign.ID, a.Campaign.Region, a.Campaign.Floor = 1, "FR", campaign.DefaultFloor()
	a.Campaign.Rules.Packs = []string{"fr", "us"}
	a.Lead.Zones = []string{"Europe/Paris"}
	a.Now = time.Date(2026, 4, 30, 9, 0, 0, 0, time.UTC)
	return a
}

func TestNothingIsOfferedUnderAPackThatIsNotKnown(t *testing.T) {
	t.Parallel()
	for _, rb := range []*scheduler.Rulebook{{}, {Law: frenchLibrary()}} {
		a := paris()
		a.Campaign.Rules.Packs = []string{"fr", "nowhere"}
		if rb.Law == nil {
			a.Campaign.Rules.Packs = []string{"fr"}
		}
		if j := rb.Offer(&a.Facts, 1); j.Binding != "law_hours" || !strings.Contains(j.Detail, "does not know it") {
			t.Errorf("offered: %+v", j)
		}
		g := &campaign.Group{Sites: []campaign.Site{{Zones: a.Lead.Zones}}}
		if open, _ := rb.Open(a.Campaign, g, nil, a.Now); open {
			t.Error("its group is open")
		}
		if p := rb.Plan(&a.Facts); !p.Open() {
			t.Errorf("the lead was ended: %+v", p)
		}
	}
}

func TestAnOfferTellsUnderWhichLawItIsMade(t *testing.T) {
	t.Parallel()
	rb := &scheduler.Rulebook{Law: frenchLibrary()}
	a := paris()
	a.Campaign.Rules.Calendars = []string{"de", "missing"}
	a.List.Calendars = []string{"list"}
	a.Calendars = []*campaign.Calendar{{Name: "list", Version: 7}, {Name: "de", Version: 2}}
	packs := map[string]string{"fr": "2026-11-01", "us": "2026-11-02"}
	note := campaign.LawNote{
		Site: campaign.Site{Zones: []string{"Europe/Paris"}, Places: []string{"FR"}}, Packs: packs, Calendars: map[string]int64{"de": 2, "list": 7},
	}
	if j := rb.Offer(&a.Facts, 1); !j.Callable || !reflect.DeepEqual(j.Law, note) {
		t.Errorf("%+v, want %+v", j, note)
	}
	a.Now = a.Now.Add(2 * time.Hour) // lunch
	if j := rb.Offer(&a.Facts, 1); j.Binding != "law_hours" || !reflect.DeepEqual(j.Law, campaign.LawNote{}) {
		t.Errorf("at lunch: %+v", j)
	}
	a.Now = a.Now.AddDate(0, 0, 1)
	if j := rb.Offer(&a.Facts, 1); j.Binding != "law_hours" || !strings.Contains(j.Detail, "2026-05-01 is closed (Fête du Travail)") {
		t.Errorf("on a holiday: %+v", j)
	}
	a.Now = a.Now.AddDate(0, 0, -1)
	a.Consents = []campaign.Consent{{ID: 4, Scopes: campaign.ConsentScopes, GivenAt: a.Now.Add(-time.Hour)}}
	note.Site.Consented = true
	note.Exempt = []campaign.Exemption{{Rule: "fr.hours", By: "consent", Consent: 4}}
	if j := rb.Offer(&a.Facts, 1); !j.Callable || !reflect.DeepEqual(j.Law, note) {
		t.Errorf("at lunch, with a consent: %+v, want %+v", j, note)
	}
	a.Consents, note.Site.Consented = nil, false
	a.Campaign.Rules.Waivers = []campaign.Waiver{{Rule: "fr.hours", Reason: "counsel"}, {Rule: "fr.calls", Reason: "never mind"}}
	note.Exempt = []campaign.Exemption{{Rule: "fr.hours", By: "waiver", Reason: "counsel"}} // the other would not have bound
	if j := rb.Offer(&a.Facts, 1); !j.Callable || !reflect.DeepEqual(j.Law, note) {
		t.Errorf("at lunch, waived: %+v, want %+v", j, note)
	}
	a.Campaign.Rules.Waivers = nil
	a.Now = a.Now.AddDate(0, 4, 0)
	if j := rb.Offer(&a.Facts, 1); j.Binding != "consent" || !strings.Contains(j.Detail, "fr.opt-in") {
		t.Errorf("without consent: %+v", j)
	}
	if got := rb.LawRules(&a.Campaign.Rules); len(got) != len(frenchRules)+2 || len(rb.LawDays(&a.Campaign.Rules)) != 1 {
		t.Errorf("%v", got)
	}
}

func TestRulesThatAnAgentExcusesAreWrittenDown(t *testing.T) {
	t.Parallel()
	rule := scheduler.LawRule{ID: "uk.redial", Kind: scheduler.LawCoolOff, Places: []string{"GB"}, Unless: []scheduler.LawExcuse{scheduler.ExcuseAgent}}
	rule.CoolOff = campaign.CoolOff{After: campaign.AfterAbandoned, Scope: campaign.CapPerson, Period: 72 * time.Hour}
	rb := &scheduler.Rulebook{Law: library{"uk": {Name: "uk", Rules: []scheduler.LawRule{rule}}}}
	a := clear()
	a.Campaign.Rules.Packs, a.Lead.Places = []string{"uk"}, []string{"GB"}
	a.Lead.Tries = []campaign.Try{{PlacedAt: a.Now.Add(-5 * time.Hour), Outcome: campaign.Abandoned, Number: "+1"}}
	want := []campaign.Exemption{{Rule: "uk.redial", By: "agent"}}
	if j := rb.Offer(&a.Facts, 1); !j.Callable || !reflect.DeepEqual(j.Law.Exempt, want) {
		t.Errorf("%+v, want %v", j, want)
	}
	a.Lead.Tries[0].PlacedAt = a.Now.Add(-73 * time.Hour)
	if j := rb.Offer(&a.Facts, 1); !j.Callable || j.Law.Exempt != nil {
		t.Errorf("%+v", j)
	}
}

func TestABookingAgainstTheLawNamesTheRuleAndTheNearestTimes(t *testing.T) {
	t.Parallel()
	rb := &scheduler.Rulebook{Law: frenchLibrary()}
	a := paris()
	for _, c := range []struct {
		booking                     campaign.Booking
		reason, rule, before, after string
	}{
		{campaign.Booking{Local: "2026-04-30T13:30", Insisted: true}, campaign.ReasonBookingLaw, "fr.hours", "2026-04-30T12:59", "2026-04-30T14:00"},
		{campaign.Booking{Local: "2026-04-30T22:30", Insisted: true}, campaign.ReasonBookingLaw, "fr.hours", "2026-04-30T19:59", "2026-05-04T10:00"},
		{campaign.Booking{Local: "2026-04-30T13:30", Zone: "Europe/London"}, "", "", "", ""},
		{campaign.Booking{Local: "2026-08-11T11:00"}, campaign.ReasonBookingLaw, "fr.opt-in", "", ""},
	} {
		_, _, err := rb.Book(&a.Facts, c.booking)
		e, ok := errors.AsType[*campaign.Error](err)
		if c.reason == "" && err == nil {
			continue
		}
		if !ok || e.Reason != c.reason || e.Meta["rule"] != c.rule || e.Meta["before"] != c.before || e.Meta["after"] != c.after || !strings.Contains(e.Error(), c.rule+": ") {
			t.Errorf("%+v: %v %+v, want %+v", c.booking, err, e, c)
		}
	}
	for i := range 4 {
		a.Uses = append(a.Uses, campaign.Use{PlacedAt: a.Now.Add(-time.Duration(4-i) * time.Hour), Person: true, Outcome: campaign.Busy, Campaign: 2})
	}
	_, _, err := rb.Book(&a.Facts, campaign.Booking{Local: "2026-05-05T11:00", Insisted: true})
	if e, ok := errors.AsType[*campaign.Error](err); !ok || e.Meta["rule"] != "fr.calls" || e.Meta["before"] != "" || e.Meta["after"] != "2026-06-01T10:00" {
		t.Errorf("a fifth call in 30 days: %+v", e)
	}
	a.Campaign.Rules.Hours = windows(everyDay, [2]int{15, 16})
	_, _, err = rb.Book(&a.Facts, campaign.Booking{Local: "2026-06-03T11:00"})
	if e, ok := errors.AsType[*campaign.Error](err); !ok || e.Reason != campaign.ReasonBookingOutside || e.Meta["after"] != "2026-06-03T15:00" || e.Meta["before"] != "2026-06-02T15:59" {
		t.Errorf("outside the campaign's hours alone: %+v", e)
	}
}

func TestEveryChangeMakesANewRegime(t *testing.T) {
	t.Parallel()
	law := frenchLibrary()
	rb := &scheduler.Rulebook{Law: law}
	a := paris()
	a.Campaign.Rules.Calendars = []string{"c"}
	a.Calendars = []*campaign.Calendar{{Name: "c", Version: 1}}
	site := campaign.Site{Zones: []string{"Europe/Paris"}, Places: []string{"FR"}}
	group := &campaign.Group{Sites: []campaign.Site{site}}
	now := a.Now
	check := func(what string, want bool) {
		t.Helper()
		if j := rb.Offer(&a.Facts, 1); j.Callable != want {
			t.Errorf("%s: %+v", what, j)
		}
		if open, _ := rb.Open(a.Campaign, group, a.Calendars, now); open != want {
			t.Errorf("%s: the group is open: %v", what, open)
		}
	}
	check("as it is", true)
	a.Calendars = []*campaign.Calendar{{Name: "c", Version: 2, Days: []campaign.Day{{Date: campaign.DateOf(now), Kind: campaign.DayClosure}}}}
	check("a calendar's closure", false)
	a.Calendars = []*campaign.Calendar{{Name: "c", Version: 3, Days: []campaign.Day{{Date: campaign.DateOf(now.AddDate(0, 0, 1)), Kind: campaign.DayClosure}}}}
	check("moved to another day", true)
	a.Campaign.Rules.Hours = windows(everyDay, [2]int{15, 20})
	check("other hours", false)
	a.Campaign.Rules.Hours[0].Open = 10 * 60
	check("hours changed in place", true)
	a.List.Hours, group.Hours = windows(everyDay, [2]int{15, 20}), windows(everyDay, [2]int{15, 20})
	check("the list's hours", false)
	a.List.Hours, group.Hours = nil, nil
	a.Campaign.Rules.Holidays = []campaign.Date{campaign.DateOf(now)}
	check("a holiday", false)
	a.Campaign.Rules.Holidays = nil
	narrow := frenchRules[0]
	narrow.Hours = windows(workdays, [2]int{15, 16})
	law["fr"] = &scheduler.LawPack{Name: "fr", Version: "2026-11-01", Rules: []scheduler.LawRule{narrow}}
	check("another pack", false)
	a.Campaign.Rules.Waivers = []campaign.Waiver{{Rule: "fr.hours"}}
	check("waived", true)
	a.Campaign.Rules.Waivers = nil
	a.Campaign.Rules.Packs = nil
	check("no packs", true)
	a.Campaign.Rules.Packs = []string{"fr"}
	check("the pack again", false)
}

func TestALeadWithoutPlacesIsInTheCampaignsRegion(t *testing.T) {
	t.Parallel()
	rb := &scheduler.Rulebook{Law: frenchLibrary()}
	a := paris()
	a.Now = a.Now.Add(2 * time.Hour) // lunch in France
	for _, c := range []struct {
		region string
		lead   []string
		number []string
		want   string
	}{
		{"FR", nil, nil, "law_hours"},
		{"DE", nil, nil, ""},
		{"", nil, nil, ""},
		{"FR", []string{"DE"}, nil, ""},
		{"DE", []string{"FR"}, nil, "law_hours"},
		{"DE", nil, []string{"FR"}, "law_hours"},
		{"DE", []string{"DE"}, []string{"FR"}, "law_hours"}, // both count
	} {
		a.Campaign.Region, a.Lead.Places, a.Lead.Numbers = c.region, c.lead, []campaign.Number{{Phone: "+1", Places: c.number}}
		if j := rb.Offer(&a.Facts, 1); j.Binding != c.want {
			t.Errorf("%+v: %+v", c, j)
		}
	}
}

// A group is open when one of its sites is, and says so until that is no longer so.
func TestAGroupIsOpenWhenOneOfItsSitesIs(t *testing.T) {
	t.Parallel()
	rb := &scheduler.Rulebook{Law: frenchLibrary()}
	c := paris().Campaign
	paris, sh := campaign.Site{Zones: []string{"Europe/Paris"}, Places: []string{"FR"}}, campaign.Site{Zones: []string{"Asia/Shanghai"}, Places: []string{"CN"}}
	consented := paris
	consented.Consented = true
	at := func(s string) time.Time {
		x, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	for _, x := range []struct {
		sites []campaign.Site
		now   string
		open  bool
		until string
	}{
		{[]campaign.Site{paris}, "2026-04-30T11:30:00Z", false, "2026-04-30T12:00:00Z"}, // lunch
		{[]campaign.Site{consented}, "2026-04-30T11:30:00Z", true, "2026-04-30T19:00:00Z"},
		{[]campaign.Site{sh}, "2026-04-30T11:30:00Z", true, "2026-04-30T13:00:00Z"},
		{[]campaign.Site{paris, sh}, "2026-04-30T11:30:00Z", true, "2026-04-30T13:00:00Z"},
		{[]campaign.Site{paris, sh}, "2026-04-30T12:30:00Z", true, "2026-04-30T18:00:00Z"},
		{[]campaign.Site{sh, paris}, "2026-04-30T12:30:00Z", true, "2026-04-30T18:00:00Z"},
		{[]campaign.Site{paris, sh}, "2026-04-30T19:30:00Z", false, "2026-05-01T01:00:00Z"},
		{[]campaign.Site{{Zones: []string{"Mars/Olympus"}}}, "2026-04-30T19:30:00Z", false, "0001-01-01T00:00:00Z"},
	} {
		open, until := rb.Open(c, &campaign.Group{Sites: x.sites}, nil, at(x.now))
		if open != x.open || !until.Equal(at(x.until)) {
			t.Errorf("%v at %s: %v until %v, want %v until %s", x.sites, x.now, open, until, x.open, x.until)
		}
	}
}

// Whatever else is called, nobody is called sooner for it.
func TestMoreCallsNeverMakeACallSooner(t *testing.T) {
	t.Parallel()
	moved := 0
	for seed := range uint64(4000) {
		d := dice{rand.New(rand.NewPCG(seed, 22))}
		w := randomWorld(t, d)
		uses := w.Uses
		w.Uses = slices.Clone(uses[:len(uses)-min(len(uses), 1+d.IntN(3))])
		fewer := scheduler.Decide(&w.Question)
		w.Uses = uses
		more := scheduler.Decide(&w.Question)
		if more.Open() && (!fewer.Open() || more.At.Before(fewer.At)) {
			t.Fatalf("seed %d: %v with more calls, %v with fewer\n%s", seed, more, fewer, w)
		}
		if more != fewer {
			moved++
		}
	}
	if moved < 20 {
		t.Errorf("only %d plans moved: the cases do not try it", moved)
	}
}

// At the instant that is decided, nothing binds; deciding again at that instant says the same.
func TestAtTheDecidedInstantNothingBinds(t *testing.T) {
	t.Parallel()
	for seed := range uint64(2500) {
		w := randomWorld(t, dice{rand.New(rand.NewPCG(seed, 23))})
		p := scheduler.Decide(&w.Question)
		if again := scheduler.Decide(&w.Question); again != p {
			t.Fatalf("seed %d: %v, then %v", seed, p, again)
		}
		if p.Verdict != campaign.VerdictCall {
			continue
		}
		w.site(p.Number)
		own, law := w.limits()
		for _, l := range slices.Concat(own, law) {
			if w.binds(l, p.At) {
				t.Fatalf("seed %d: %v against %+v\n%s", seed, p, l, w)
			}
		}
		if p.At.Before(w.Now.Truncate(time.Second)) || !w.ownOpen(p.At) || !w.lawOpen(p.At) || w.lacks(p.At) || p.Earliest.After(p.At) {
			t.Fatalf("seed %d: %v\n%s", seed, p, w)
		}
	}
}

// facts are those of a world, as the record would give them.
func (w *world) facts() *scheduler.Facts {
	return &scheduler.Facts{
		Campaign: &campaign.Campaign{State: campaign.CampaignRunning, Rules: *w.Rules}, Lead: &campaign.Lead{State: campaign.LeadOpen},
		Zones: w.Lead.Zones, Question: w.Question, Now: w.Now,
	}
}

func TestI10GatesAgreeWithTheWholeRule(t *testing.T) {
	t.Parallel()
	callable, closed := 0, map[string]int{}
	for seed := range uint64(2500) {
		w := randomWorld(t, dice{rand.New(rand.NewPCG(seed, 24))})
		f := w.facts()
		if w.Promise != nil {
			w.Promise.GraceEnd = w.Promise.At.Add(time.Hour)
		}
		j := scheduler.Judge(f)
		if p := scheduler.Decide(&w.Question); p != j.Plan {
			t.Fatalf("seed %d: judged %v, decided %v", seed, j.Plan, p)
		}
		now := w.Now.Truncate(time.Second)
		want := j.Plan.Verdict == campaign.VerdictCall && j.Plan.At.Equal(now)
		if j.Plan.Verdict == campaign.VerdictAppointment {
			w.site(j.Plan.Number)
			want = !j.Plan.At.After(now) && now.Before(w.Promise.GraceEnd) && (w.Promise.Insisted || w.ownOpen(now))
		}
		if j.Callable != want {
			t.Fatalf("seed %d: %+v, want callable %v\n%s", seed, j, want, w)
		}
		if j.Callable {
			callable++
		}
		for _, g := range scheduler.Explain(f) {
			if !g.Open {
				closed[g.Name]++
			}
		}
		agree(t, f)
	}
	for _, g := range []string{"consent", "hours", "law_hours", "day_cap", "rolling_cap", "cool_off", "law_cap"} {
		if closed[g] == 0 {
			t.Errorf("gate %s is never closed: the cases do not try it (%v)", g, closed)
		}
	}
	if callable < 120 {
		t.Errorf("only %d are callable", callable)
	}
}

// What is offered in place of a forbidden time is allowed, and is the nearest.
func TestBookingsAgreeWithAPlainReadingOfTheLaw(t *testing.T) {
	t.Parallel()
	seen := map[string]int{}
	for seed := range uint64(600) {
		d := dice{rand.New(rand.NewPCG(seed, 25))}
		w := randomWorld(t, d)
		w.Promise = nil
		at := w.Now.Truncate(time.Minute).Add(time.Duration(1+d.IntN(72*4)) * quarter)
		b := campaign.Booking{Local: at.Format("2006-01-02T15:04"), Zone: "UTC", Insisted: d.oneIn(2)}
		_, p := scheduler.JudgeBooking(&w.Question, b)
		lawful, owned := false, false
		allowed := func(n time.Time) (law, all bool) {
			numbers := (&oracle{Case: w.asCase()}).goodNumbers()
			if len(numbers) == 0 {
				numbers = []campaign.Phone{""}
			}
			for _, number := range numbers {
				w.site(number)
				_, limits := w.limits()
				forbidden := slices.ContainsFunc(limits, func(l limitRule) bool { return w.binds(l, n) })
				if !forbidden && w.lawOpen(n) && !w.lacks(n) {
					law, all = true, all || b.Insisted || w.ownOpen(n)
				}
			}
			return law, all
		}
		lawful, owned = allowed(at)
		want := ""
		switch {
		case !lawful:
			want = campaign.ReasonBookingLaw
		case !owned:
			want = campaign.ReasonBookingOutside
		}
		if p.Reason != want {
			t.Fatalf("seed %d: a booking for %v (insisted %v): %v, want %q\n%s", seed, at, b.Insisted, p, want, w)
		}
		seen[want]++
		before, after := scheduler.NearestCallable(&w.Question, at, b.Insisted)
		for _, n := range []time.Time{before, after} {
			if _, ok := allowed(n); !n.IsZero() && !ok {
				t.Fatalf("seed %d: %v is offered and not allowed\n%s", seed, n, w)
			}
		}
	}
	if seen[""] < 25 || seen[campaign.ReasonBookingLaw] < 25 || seen[campaign.ReasonBookingOutside] < 25 {
		t.Errorf("%v", seen)
	}
}

func TestARulebookIsSharedSafely(t *testing.T) {
	t.Parallel()
	rb := &scheduler.Rulebook{Law: frenchLibrary()}
	want := rb.Plan(&paris().Facts)
	var all sync.WaitGroup
	for k := range 4 {
		all.Go(func() {
			for i := range 200 {
				a := paris()
				a.Campaign.Rules.Holidays = []campaign.Date{{Year: 2030, Month: 1, Day: 1 + (i+k)%7}}
				a.Lead.Places = []string{"FR", fmt.Sprintf("FR-%d", i%5)}
				if got := rb.Plan(&a.Facts); got != want {
					t.Errorf("%v, want %v", got, want)
				}
			}
		})
	}
	all.Wait()
}
