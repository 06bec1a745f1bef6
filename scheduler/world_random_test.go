package scheduler_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"redial/campaign"
	"redial/scheduler"
)

// asCase is what the older oracle reads of the question.
func (w *world) asCase() *scheduler.Case {
	return &scheduler.Case{Now: w.Now.Truncate(time.Second), Rules: *w.Rules, Lead: w.Lead, Tries: w.Tries}
}

// plan is the whole answer: that of the best number.
func (w *world) plan() campaign.Plan {
	o := oracle{Case: w.asCase()}
	numbers := o.goodNumbers()
	if n := len(w.Tries); n > 0 {
		last := w.Tries[n-1]
		switch last.Outcome {
		case campaign.Success, campaign.SuccessProxy, campaign.Refused, campaign.DoNotCall:
			return o.plan()
		case campaign.NoAnswer, campaign.Busy:
			every := o.allNumbers()
			if i := slices.Index(every, last.Number); w.Rules.Rotate && i >= 0 {
				order := slices.Concat(every[i+1:], every[:i+1])
				slices.SortStableFunc(numbers, func(a, b campaign.Phone) int { return slices.Index(order, a) - slices.Index(order, b) })
			}
		default:
		}
	}
	if len(numbers) == 0 {
		return campaign.Plan{Verdict: campaign.VerdictFinished, Reason: campaign.ReasonBadData}
	}
	first, network := o.earliest()
	var plans []campaign.Plan
	seen := map[string]bool{}
	for _, n := range numbers {
		w.site(n)
		site := fmt.Sprint(w.zones, w.places)
		if slices.ContainsFunc(w.Consents, func(c campaign.Consent) bool { return c.Phone == n }) {
			site = string(n)
		}
		if !seen[site] {
			seen[site] = true
			plans = append(plans, w.answer(first, network))
		}
	}
	best := plans[0]
	for _, p := range plans[1:] {
		if p.Open() && (!best.Open() || p.At.Before(best.At)) {
			best = p
		}
	}
	for _, p := range plans {
		if p.Open() && p.Earliest.Before(best.Earliest) {
			best.Earliest = p.Earliest
		}
	}
	return best
}

// site puts the number under decision.
func (w *world) site(n campaign.Phone) {
	w.number, w.zones, w.places = n, w.Lead.Zones, w.Lead.Places
	for _, own := range w.Lead.Numbers {
		if own.Phone == n {
			if len(own.Zones) > 0 {
				w.zones = own.Zones
			}
			w.places = slices.Compact(slices.Sorted(slices.Values(slices.Concat(w.Lead.Places, own.Places))))
			return
		}
	}
}

var placesToBe = []string{"US", "US-FL", "US-NY", "DE", "DE-BY"}

// randomWorld is a random case with everything else that the rule knows of, each thing in some of the cases.
func randomWorld(t testing.TB, d dice) *world {
	c := randomCase(t, d)
	day := c.Now.Truncate(24 * time.Hour)
	w := &world{Question: scheduler.Question{Campaign: 1, Rules: &c.Rules, Lead: c.Lead, Tries: c.Tries, Now: c.Now}}
	w.terms.Rules = w.Rules
	for i := range w.Tries {
		w.Tries[i].Talk = time.Duration(d.IntN(60)) * time.Second
	}
	if d.oneIn(2) {
		w.Rules.Hours = nil
	}
	if len(w.Lead.Numbers) == 0 && !d.oneIn(10) {
		w.Lead.Numbers = scheduler.NumbersOf("+1", "+2")
	}
	for range d.IntN(3) {
		w.Rules.Caps = append(w.Rules.Caps, randomCap(d))
	}
	for range d.IntN(2) {
		w.Rules.CoolOffs = append(w.Rules.CoolOffs, randomCoolOff(d))
	}
	w.Rules.Rotate = d.oneIn(3)
	if d.oneIn(3) {
		w.Rules.Matter = "a"
	}
	if d.oneIn(3) {
		w.Rules.Purpose = campaign.PurposeService
	}
	for range d.IntN(3) {
		w.terms.Calendars = append(w.terms.Calendars, randomCalendar(d, day))
	}
	if d.oneIn(3) {
		w.terms.ListCalendars = append(w.terms.ListCalendars, randomCalendar(d, day))
	}
	if d.oneIn(4) {
		w.terms.ListHours = randomWindows(d, 2)
	}
	randomPeople(t, d, w)
	randomLaw(d, w, day)
	if d.oneIn(4) {
		at := w.Now.Add(time.Duration(d.IntN(60)-10) * quarter).Truncate(time.Minute)
		w.Promise = &campaign.Appointment{At: at, State: campaign.AppointmentOpen, Insisted: d.oneIn(2)}
	}
	w.Lead.Settle(&w.terms)
	return w
}

func randomPeople(t testing.TB, d dice, w *world) {
	somewhere := func() *time.Location {
		loc, err := scheduler.LoadZone(pick(d, hardZones))
		if err != nil {
			t.Fatal(err)
		}
		return loc
	}
	for range 1 + d.IntN(2) {
		w.Lead.Places = append(w.Lead.Places, pick(d, placesToBe))
	}
	slices.Sort(w.Lead.Places)
	w.Lead.Places = slices.Compact(w.Lead.Places)
	for i := range w.Lead.Numbers {
		if d.oneIn(3) {
			w.Lead.Numbers[i].Zones = []*time.Location{somewhere()}
		}
		if d.oneIn(4) {
			w.Lead.Numbers[i].Places = []string{pick(d, placesToBe)}
		}
	}
	if d.oneIn(2) {
		w.Lead.Account = "x"
	}
	for range d.IntN(3) * d.IntN(3) {
		u := campaign.Use{
			Phone: pick(d, []campaign.Phone{"+1", "+2", "+7"}), PlacedAt: w.Now.Truncate(time.Second).Add(-time.Duration(d.IntN(70*3600)) * time.Second),
			Campaign: campaign.CampaignID(1 + d.IntN(2)), Matter: pick(d, []string{"", "a"}), Person: !d.oneIn(4), Account: d.oneIn(2),
			Outcome: pick(d, campaign.Outcomes()), Talk: time.Duration(d.IntN(60)) * time.Second, Assignment: 5,
		}
		switch d.IntN(6) {
		case 0:
			u.Outcome, u.PlacedAt = campaign.NoOutcome, w.Now.Truncate(time.Second).Add(-time.Duration(d.IntN(300))*time.Second)
		case 1:
			u.Outside, u.Assignment = true, 0
			u.Inbound = d.oneIn(2)
		}
		w.Uses = append(w.Uses, u)
	}
	slices.SortStableFunc(w.Uses, func(a, b campaign.Use) int { return a.PlacedAt.Compare(b.PlacedAt) })
}

func randomCap(d dice) campaign.Cap {
	c := campaign.Cap{
		Scope: campaign.CapScope(d.IntN(int(campaign.NumScopes))), Count: campaign.CapCount(d.IntN(int(campaign.NumCounts))), Max: 1 + d.IntN(3),
	}
	if d.oneIn(2) {
		c.Days = 1 + d.IntN(4)
	} else {
		c.Period = time.Duration(1+d.IntN(60)) * time.Hour
	}
	return c
}

func randomCoolOff(d dice) campaign.CoolOff {
	c := campaign.CoolOff{
		Scope: campaign.CapScope(d.IntN(int(campaign.NumScopes))),
		After: pick(d, []campaign.CoolOffAfter{campaign.AfterConversation, campaign.AfterRefused, campaign.AfterAbandoned, campaign.AfterMachine}),
	}
	if d.oneIn(2) {
		c.Days = 1 + d.IntN(4)
	} else {
		c.Period = time.Duration(1+d.IntN(80)) * time.Hour
	}
	return c
}

func randomWindows(d dice, gaps int) (all []campaign.Window) {
	for range 1 + d.IntN(3) {
		w := campaign.Window{Open: 15 * d.IntN(95)}
		w.Close = min(w.Open+15*(1+d.IntN(60)), 1440)
		for i := range w.Days {
			w.Days[i] = !d.oneIn(2 + gaps)
		}
		w.Days[d.IntN(7)] = true
		all = append(all, w)
	}
	return all
}

// randomRange is a range of dates about a day, either end of which may be missing.
func randomRange(d dice, day time.Time) (from, to campaign.Date) {
	at := d.IntN(7) - 4
	if !d.oneIn(3) {
		from = campaign.DateOf(day.AddDate(0, 0, at))
	}
	if !d.oneIn(3) {
		to = campaign.DateOf(day.AddDate(0, 0, at+d.IntN(5)))
	}
	return from, to
}

func randomDay(d dice, day time.Time) campaign.Day {
	s := campaign.Day{
		Date: campaign.DateOf(day.AddDate(0, 0, d.IntN(6)-1)), Place: pick(d, []string{"", "US", "US-FL", "DE-BY"}), Name: "a day",
		Kind: pick(d, []campaign.DayKind{campaign.DayHoliday, campaign.DayWorking, campaign.DayWorking, campaign.DayClosure}),
		As:   time.Weekday(d.IntN(7)),
	}
	if s.Kind == campaign.DayWorking && d.oneIn(2) {
		s.Hours = randomWindows(d, 9)
	}
	return s
}

func randomCalendar(d dice, day time.Time) *campaign.Calendar {
	c := &campaign.Calendar{Name: "c"}
	for range d.IntN(3) {
		w := campaign.Week{Hours: randomWindows(d, 3)}
		w.From, w.To = randomRange(d, day)
		c.Weeks = append(c.Weeks, w)
	}
	for range d.IntN(5) {
		c.Days = append(c.Days, randomDay(d, day))
	}
	return c
}

func randomLaw(d dice, w *world, day time.Time) {
	if d.oneIn(3) {
		return
	}
	p := &scheduler.LawPack{Name: "p"}
	for range d.IntN(4) {
		p.Days = append(p.Days, randomDay(d, day))
	}
	for i := range 1 + d.IntN(4) {
		r := scheduler.LawRule{
			ID: fmt.Sprint("r", i), Text: "text", Source: "source", Places: []string{pick(d, placesToBe), pick(d, []string{"US", "DE"})},
			Kind: pick(d, []scheduler.LawKind{scheduler.LawHours, scheduler.LawHours, scheduler.LawCap, scheduler.LawCap, scheduler.LawCoolOff, scheduler.LawConsent}),
			Cap:  randomCap(d), CoolOff: randomCoolOff(d), Closed: d.oneIn(2),
		}
		if d.oneIn(6) {
			r.Except = []string{"US-FL"}
		}
		if d.oneIn(4) {
			r.Purposes = []campaign.Purpose{campaign.PurposeSales}
		}
		if d.oneIn(2) {
			r.From, r.To = randomRange(d, day)
		}
		if !d.oneIn(6) {
			r.Hours = randomWindows(d, 9)
		}
		if d.oneIn(2) {
			r.Unless = append(r.Unless, scheduler.ExcuseConsent)
		}
		if d.oneIn(8) {
			r.Unless = append(r.Unless, scheduler.ExcuseAgent)
		}
		if d.oneIn(3) {
			r.ConsentAge = time.Duration(1+d.IntN(48)) * time.Hour
		}
		if d.oneIn(8) {
			w.Rules.Waivers = append(w.Rules.Waivers, campaign.Waiver{Rule: r.ID, Reason: "because"})
		}
		p.Rules = append(p.Rules, r)
	}
	w.terms.Law = []*scheduler.LawPack{p}
	for range d.IntN(4) {
		c := campaign.Consent{
			ID: campaign.ConsentID(d.IntN(9) + 1), Scopes: []campaign.ConsentScope{pick(d, campaign.ConsentScopes), pick(d, campaign.ConsentScopes)},
			GivenAt: w.Now.Truncate(time.Second).Add(time.Duration(d.IntN(60)-50) * time.Hour),
		}
		if d.oneIn(3) {
			c.Phone = pick(d, []campaign.Phone{"+1", "+2"})
		}
		if d.oneIn(4) {
			c.Purpose = pick(d, campaign.Purposes)
		}
		if d.oneIn(3) {
			c.ExpiresAt = w.Now.Truncate(time.Second).Add(time.Duration(d.IntN(60)-5) * time.Hour)
		}
		if d.oneIn(6) {
			c.RevokedAt = w.Now.Truncate(time.Second).Add(-time.Duration(d.IntN(60)) * time.Minute)
		}
		w.Consents = append(w.Consents, c)
	}
}

func TestDecideAgreesWithAPlainReadingOfTheWholeRule(t *testing.T) {
	t.Parallel()
	seen := map[string]int{}
	for seed := range uint64(500) {
		w := randomWorld(t, dice{rand.New(rand.NewPCG(seed, 21))})
		got, want := scheduler.Decide(&w.Question), w.plan()
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("seed %d\n got %v\nwant %v\n%s", seed, got, want, w)
		}
		seen[got.Reason]++
		if got.Number != "" && got.Number != (&oracle{Case: w.asCase()}).goodNumbers()[0] {
			seen["another number"]++
		}
	}
	t.Log(seen)
	for _, reason := range []string{
		"due", "hours", "interval", "day_cap", "rolling_cap", "cool_off", "law_hours", "law_cap", "no_consent",
		"no_callable_time", "appointment", "max_days", "expired", "another number",
	} {
		if seen[reason] == 0 {
			t.Errorf("no random case is answered %s: the cases do not try it", reason)
		}
	}
}

func (w *world) String() string {
	var s strings.Builder
	fmt.Fprintf(&s, "now %v rules %+v\ntries %+v\nuses %+v\nconsents %+v\npromise %+v\n", w.Now, *w.Rules, w.Tries, w.Uses, w.Consents, w.Promise)
	for _, n := range w.Lead.Numbers {
		fmt.Fprintf(&s, "number %s %v %v; ", n.Phone, n.Zones, n.Places)
	}
	fmt.Fprintf(&s, "lead %v %v %q list %+v\n", w.Lead.Zones, w.Lead.Places, w.Lead.Account, w.terms.ListHours)
	for _, c := range slices.Concat(w.terms.Calendars, w.terms.ListCalendars) {
		fmt.Fprintf(&s, "calendar %+v\n", *c)
	}
	for _, p := range w.terms.Law {
		fmt.Fprintf(&s, "law %+v\n", *p)
	}
	return s.String()
}
