package scheduler_test

import (
	"strings"
	"testing"
	"time"

	"redial/campaign"
	"redial/scheduler"
)

var everyDay = [7]bool{true, true, true, true, true, true, true}

func windows(days [7]bool, hours ...[2]int) (all []campaign.Window) {
	for _, h := range hours {
		all = append(all, campaign.Window{Days: days, Open: h[0] * 60, Close: h[1] * 60})
	}
	return all
}

// usLaw, frLaw and so on are rules as the shared page of calling law has them.
var (
	floridaCap = scheduler.LawRule{
		ID: "us-fl.frequency", Text: "at most 3 calls in 24 hours on the same subject", Kind: scheduler.LawCap, Places: []string{"US-FL"},
		Cap:    campaign.Cap{Scope: campaign.CapMatter, Max: 3, Period: 24 * time.Hour},
		Unless: []scheduler.LawExcuse{scheduler.ExcuseConsent}, Source: "Fla. Stat. 501.616", Confirmed: true,
	}
	floridaHours = scheduler.LawRule{
		ID: "us-fl.hours", Text: "calls from 8:00 to 20:00", Kind: scheduler.LawHours, Places: []string{"US-FL"},
		Hours: windows(everyDay, [2]int{8, 20}), Unless: []scheduler.LawExcuse{scheduler.ExcuseConsent}, Source: "Fla. Stat. 501.616",
	}
	regF = []scheduler.LawRule{
		{
			ID: "us-debt.calls", Text: "at most 7 calls in 7 days about a debt", Kind: scheduler.LawCap, Places: []string{"US"},
			Purposes: []campaign.Purpose{campaign.PurposeCollections}, Source: "12 CFR 1006.14", Confirmed: true,
			Cap:    campaign.Cap{Scope: campaign.CapAccount, Max: 7, Days: 7},
			Unless: []scheduler.LawExcuse{scheduler.ExcuseConsent}, ConsentAge: 7 * 24 * time.Hour,
		},
		{
			ID: "us-debt.conversation", Text: "no call in 7 days after a conversation", Kind: scheduler.LawCoolOff, Places: []string{"US"},
			Purposes: []campaign.Purpose{campaign.PurposeCollections}, Source: "12 CFR 1006.14", Confirmed: true,
			CoolOff: campaign.CoolOff{After: campaign.AfterConversation, Scope: campaign.CapAccount, Days: 7},
		},
	}
	workdays    = [7]bool{false, true, true, true, true, true, false}
	frenchRules = []scheduler.LawRule{
		{
			ID: "fr.hours", Text: "Monday to Friday 10-13 and 14-20, no public holidays", Kind: scheduler.LawHours, Places: []string{"FR"},
			Hours: windows(workdays, [2]int{10, 13}, [2]int{14, 20}), Closed: true,
			Unless: []scheduler.LawExcuse{scheduler.ExcuseConsent}, Source: "décret 2022-1313", Confirmed: true,
		},
		{
			ID: "fr.calls", Text: "at most 4 calls in 30 calendar days", Kind: scheduler.LawCap, Places: []string{"FR"},
			Cap: campaign.Cap{Scope: campaign.CapCompany, Max: 4, Days: 30}, Source: "décret 2022-1313", Confirmed: true,
		},
		{
			ID: "fr.opt-in", Text: "no call without consent", Kind: scheduler.LawConsent, Places: []string{"FR"},
			From: campaign.Date{Year: 2026, Month: 8, Day: 11}, Source: "loi 2025-594", Confirmed: true,
		},
	}
)

// someone is a question about a lead at one site under rules, calendars and law.
type someone struct {
	rules     campaign.Rules
	zone      string
	places    []string
	calendars []*campaign.Calendar
	law       []scheduler.LawRule
	days      []campaign.Day
	account   string
	numbers   []scheduler.Number
	tries     []campaign.Try
	uses      []campaign.Use
	consents  []campaign.Consent
	promise   *campaign.Appointment
}

func (s *someone) question(t testing.TB, now time.Time) *scheduler.Question {
	t.Helper()
	q := &scheduler.Question{
		Campaign: 1, Rules: &s.rules, Tries: s.tries, Uses: s.uses, Consents: s.consents, Promise: s.promise, Now: now,
		Lead: scheduler.Lead{Account: s.account, Zones: []*time.Location{zone(t, s.zone)}, Places: s.places, Numbers: s.numbers},
	}
	if q.Lead.Numbers == nil {
		q.Lead.Numbers = scheduler.NumbersOf("+1")
	}
	terms := scheduler.Terms{Rules: &s.rules, Calendars: s.calendars}
	if s.law != nil {
		terms.Law = []*scheduler.LawPack{{Name: "p", Rules: s.law, Days: s.days}}
	}
	q.Lead.Settle(&terms)
	return q
}

// local is a wall time in the zone of the lead.
func (s *someone) local(t testing.TB, wall string) time.Time {
	t.Helper()
	at, err := scheduler.WallTime(wall, zone(t, s.zone))
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func (s *someone) tried(t testing.TB, o campaign.Outcome, talk time.Duration, walls ...string) {
	t.Helper()
	for _, w := range walls {
		s.tries = append(s.tries, campaign.Try{PlacedAt: s.local(t, w), Outcome: o, Number: "+1", Talk: talk})
	}
}

func (s *someone) used(t testing.TB, u campaign.Use, walls ...string) {
	t.Helper()
	for _, w := range walls {
		u.PlacedAt = s.local(t, w)
		s.uses = append(s.uses, u)
	}
}

// expect holds the plan at a wall time: at is when, in the lead's zone; empty: never.
func (s *someone) expect(t *testing.T, now, at, reason string) {
	t.Helper()
	p := scheduler.Decide(s.question(t, s.local(t, now)))
	got := ""
	if p.Open() {
		got = p.At.In(zone(t, s.zone)).Format("2006-01-02T15:04")
	}
	if got != at || p.Reason != reason {
		t.Errorf("at %s: %q, %s; want %q, %s", now, got, p.Reason, at, reason)
	}
}

func florida() *someone {
	s := &someone{rules: campaign.DefaultRules(), zone: "America/New_York", places: []string{"US-FL"}, law: []scheduler.LawRule{floridaCap, floridaHours}}
	s.rules.Hours, s.rules.MaxPerDay = windows(everyDay, [2]int{8, 21}), 0
	return s
}

func TestFloridaNeverAllowsFourCallsInADayAndANight(t *testing.T) {
	t.Parallel()
	s := florida()
	s.tried(t, campaign.NoAnswer, 0, "2026-03-03T11:59", "2026-03-03T15:59", "2026-03-03T19:59")
	s.expect(t, "2026-03-03T20:30", "2026-03-04T11:59", "law_cap")
	s.expect(t, "2026-03-04T08:00", "2026-03-04T11:59", "law_cap")

	night := s.local(t, "2026-03-04T08:00")
	b := campaign.Booking{Local: "2026-03-04T08:00", Insisted: true}
	if _, p := scheduler.JudgeBooking(s.question(t, s.local(t, "2026-03-03T20:05")), b); p.Reason != campaign.ReasonBookingLaw {
		t.Errorf("an appointment that would be the fourth call: %v", p)
	}
	s.promise = &campaign.Appointment{At: night, State: campaign.AppointmentOpen, Insisted: true}
	s.expect(t, "2026-03-04T07:00", "2026-03-04T11:59", "law_cap")
	s.consents = []campaign.Consent{{ID: 1, Scopes: []campaign.ConsentScope{campaign.ConsentFrequency}, GivenAt: night.Add(-time.Hour)}}
	s.expect(t, "2026-03-04T07:00", "2026-03-04T08:00", "appointment")
}

func TestCallsOfOtherLeadsOfTheSamePersonAreTheSameSubject(t *testing.T) {
	t.Parallel()
	s := florida()
	same := campaign.Use{Phone: "+1", Person: true, Campaign: 1, Outcome: campaign.Busy}
	s.used(t, same, "2026-03-03T11:59", "2026-03-03T15:59")
	s.used(t, campaign.Use{Phone: "+1", Person: true, Campaign: 2, Outcome: campaign.Busy}, "2026-03-03T16:59")
	s.tried(t, campaign.NoAnswer, 0, "2026-03-03T19:59")
	s.expect(t, "2026-03-04T08:00", "2026-03-04T11:59", "law_cap")
	s.uses = s.uses[1:]
	s.expect(t, "2026-03-04T08:00", "2026-03-04T08:00", "due") // another campaign's call is of another subject
	s.uses[1].Matter, s.uses[0].Matter, s.rules.Matter = "gas", "gas", "gas"
	s.uses = append([]campaign.Use{s.uses[0]}, s.uses...)
	s.expect(t, "2026-03-04T08:00", "2026-03-04T15:59", "law_cap") // unless both are of one matter
}

func TestLawHoursBindWhereTheirPlaceIs(t *testing.T) {
	t.Parallel()
	s := florida()
	s.expect(t, "2026-03-03T20:30", "2026-03-04T08:00", "law_hours")
	s.expect(t, "2026-03-03T21:30", "2026-03-04T08:00", "hours")
	s.places = []string{"US-NY"}
	s.expect(t, "2026-03-03T20:30", "2026-03-03T20:30", "due")
	s.places = []string{"US-FL", "US-NY"} // may live in either: the strictest
	s.expect(t, "2026-03-03T20:30", "2026-03-04T08:00", "law_hours")
	s.rules.Waivers = []campaign.Waiver{{Rule: "us-fl.hours", Reason: "counsel says so"}}
	s.expect(t, "2026-03-03T20:30", "2026-03-03T20:30", "due")
}

func TestSevenInSevenIsPerAccount(t *testing.T) {
	t.Parallel()
	s := &someone{rules: campaign.DefaultRules(), zone: "America/Chicago", places: []string{"US-TX"}, law: regF, account: "debt-1"}
	s.rules.Purpose = campaign.PurposeCollections
	for _, day := range []string{"02", "03", "04"} {
		s.tried(t, campaign.NoAnswer, 0, "2026-03-"+day+"T10:00", "2026-03-"+day+"T15:00")
	}
	s.expect(t, "2026-03-05T10:00", "2026-03-05T10:00", "due") // six so far
	about := campaign.Use{Account: true, Outcome: campaign.NoAnswer, Campaign: 2}
	s.used(t, about, "2026-03-04T12:00")
	s.expect(t, "2026-03-05T10:00", "2026-03-09T09:00", "law_cap") // until midnight, and the hours open at nine
	s.uses[0].Account, s.uses[0].Person = false, true
	s.expect(t, "2026-03-05T10:00", "2026-03-05T10:00", "due") // the person's other debt
	s.account = ""
	s.expect(t, "2026-03-05T10:00", "2026-03-09T09:00", "law_cap") // without an account: the person
	s.uses[0].Account, s.account = true, "debt-1"
	s.rules.Purpose = campaign.PurposeService
	s.expect(t, "2026-03-05T10:00", "2026-03-05T10:00", "due") // no debt is collected
}

func TestAConversationAboutADebtStopsCallsForSevenDays(t *testing.T) {
	t.Parallel()
	s := &someone{rules: campaign.DefaultRules(), zone: "America/Chicago", places: []string{"US-TX"}, law: regF, account: "debt-1"}
	s.rules.Purpose = campaign.PurposeCollections
	s.rules.Hours = windows(everyDay, [2]int{0, 24})
	s.tried(t, campaign.CallLater, 29*time.Second, "2026-03-02T10:00")
	s.expect(t, "2026-03-02T20:00", "2026-03-02T20:00", "due") // too short to be a conversation
	s.tries[0].Talk = 30 * time.Second
	s.expect(t, "2026-03-02T20:00", "2026-03-09T00:00", "cool_off")
}

func france() *someone {
	s := &someone{rules: campaign.DefaultRules(), zone: "Europe/Paris", places: []string{"FR"}, law: frenchRules}
	s.days = []campaign.Day{{Date: campaign.Date{Year: 2026, Month: 5, Day: 1}, Kind: campaign.DayHoliday, Place: "FR", Name: "Fête du Travail"}}
	return s
}

func TestFranceHasALunchBreakAndItsHolidays(t *testing.T) {
	t.Parallel()
	s := france()
	s.expect(t, "2026-04-30T12:59", "2026-04-30T12:59", "due")
	s.expect(t, "2026-04-30T13:00", "2026-04-30T14:00", "law_hours")
	s.expect(t, "2026-04-30T20:00", "2026-05-04T10:00", "law_hours") // a holiday, a Saturday and a Sunday
	s.consents = []campaign.Consent{{Scopes: []campaign.ConsentScope{campaign.ConsentHours}, GivenAt: s.local(t, "2026-04-01T12:00"), ExpiresAt: s.local(t, "2026-05-02T12:00")}}
	s.expect(t, "2026-04-30T13:00", "2026-04-30T13:00", "due")
	s.expect(t, "2026-05-02T12:00", "2026-05-04T10:00", "law_hours") // the consent has run out
	s.consents[0].Purpose = campaign.PurposeResearch
	s.expect(t, "2026-04-30T13:00", "2026-04-30T14:00", "law_hours")
	s.consents[0].Purpose, s.consents[0].GivenAt = "", s.local(t, "2026-04-30T13:30")
	s.expect(t, "2026-04-30T13:00", "2026-04-30T13:30", "law_hours") // from when it holds
}

func TestFranceAllowsFourCallsInThirtyCalendarDays(t *testing.T) {
	t.Parallel()
	s := france()
	s.rules.Hours = windows(everyDay, [2]int{0, 24})
	s.tried(t, campaign.NoAnswer, 0, "2026-04-02T11:00", "2026-04-03T11:00")
	s.used(t, campaign.Use{Person: true, Outside: true, Outcome: campaign.Busy}, "2026-04-06T11:00")
	s.expect(t, "2026-04-07T11:00", "2026-04-07T11:00", "due")
	s.used(t, campaign.Use{Person: true, Campaign: 9, Outcome: campaign.Busy}, "2026-04-06T12:00")
	s.expect(t, "2026-04-07T11:00", "2026-05-04T10:00", "law_cap") // the 2nd leaves on 2 May, a Saturday
	s.uses[0].Outside, s.uses[0].Inbound = true, true
	s.expect(t, "2026-04-07T11:00", "2026-04-07T11:00", "due") // the person called
}

func TestFranceAsksForConsentFromTheDayOfTheLaw(t *testing.T) {
	t.Parallel()
	s := france()
	s.expect(t, "2026-08-10T19:59", "2026-08-10T19:59", "due")
	s.expect(t, "2026-08-10T20:00", "", "no_consent") // planned for the 11th
	s.promise = &campaign.Appointment{At: s.local(t, "2026-08-11T10:00"), State: campaign.AppointmentOpen}
	s.expect(t, "2026-08-10T12:00", "", "no_consent")
	s.consents = []campaign.Consent{{Scopes: []campaign.ConsentScope{campaign.ConsentContact}, GivenAt: s.local(t, "2026-08-01T12:00")}}
	s.expect(t, "2026-08-10T12:00", "2026-08-11T10:00", "appointment")
	s.consents[0].RevokedAt = s.local(t, "2026-08-10T11:00")
	s.expect(t, "2026-08-10T12:00", "", "no_consent")
}

func china() *someone {
	s := &someone{rules: campaign.DefaultRules(), zone: "Asia/Shanghai", places: []string{"CN"}}
	s.rules.Hours = windows(workdays, [2]int{9, 12}, [2]int{14, 18})
	day := func(m time.Month, d int, k campaign.DayKind, as time.Weekday) campaign.Day {
		return campaign.Day{Date: campaign.Date{Year: 2026, Month: m, Day: d}, Kind: k, Place: "CN", As: as, Name: "国庆节"}
	}
	s.calendars = []*campaign.Calendar{{Name: "cn", Version: 3, Days: []campaign.Day{
		day(9, 20, campaign.DayWorking, time.Monday), // a Sunday that is worked
		day(10, 1, campaign.DayHoliday, 0), day(10, 2, campaign.DayHoliday, 0),
		day(10, 10, campaign.DayWorking, time.Tuesday), // a Saturday
	}}}
	return s
}

func TestChinasMakeUpDaysAreWorked(t *testing.T) {
	t.Parallel()
	s := china()
	s.expect(t, "2026-09-19T10:00", "2026-09-20T09:00", "hours")
	s.expect(t, "2026-09-20T12:00", "2026-09-20T14:00", "hours")
	s.expect(t, "2026-09-30T18:00", "2026-10-05T09:00", "hours")
	s.expect(t, "2026-10-10T10:00", "2026-10-10T10:00", "due")
	s.calendars[0].Days[0].Hours = windows(everyDay, [2]int{10, 11})
	s.expect(t, "2026-09-19T10:00", "2026-09-20T10:00", "hours")
	s.expect(t, "2026-09-20T11:00", "2026-09-21T09:00", "hours")
	s.places = []string{"DE"}
	s.expect(t, "2026-09-20T10:00", "2026-09-21T09:00", "hours")
}

func TestTheNarrowestPlaceWinsAndAClosureBeatsAll(t *testing.T) {
	t.Parallel()
	s := china()
	on := campaign.Date{Year: 2026, Month: 10, Day: 1}
	s.places = []string{"CN-44"}
	local := campaign.Day{Date: on, Kind: campaign.DayWorking, Place: "CN-44", As: time.Monday, Name: "worked here"}
	s.calendars = append(s.calendars, &campaign.Calendar{Name: "gd", Days: []campaign.Day{local}})
	s.expect(t, "2026-10-01T10:00", "2026-10-01T10:00", "due")
	s.calendars[0].Days = append(s.calendars[0].Days, campaign.Day{Date: on, Kind: campaign.DayClosure, Name: "power cut"})
	s.expect(t, "2026-10-01T10:00", "2026-10-05T09:00", "hours")
	s.calendars[0].Days = s.calendars[0].Days[:len(s.calendars[0].Days)-1]
	s.rules.Holidays = []campaign.Date{on}
	s.expect(t, "2026-10-01T10:00", "2026-10-05T09:00", "hours")
}

func TestWeeksAreInForceFromDayToDay(t *testing.T) {
	t.Parallel()
	s := &someone{rules: campaign.DefaultRules(), zone: "Europe/Berlin"}
	date := func(m time.Month, d int) campaign.Date { return campaign.Date{Year: 2026, Month: m, Day: d} }
	s.calendars = []*campaign.Calendar{{Name: "de", Weeks: []campaign.Week{
		{Hours: windows(everyDay, [2]int{8, 12})},
		{From: date(12, 1), To: date(12, 24), Hours: windows(everyDay, [2]int{8, 20})},
		{From: date(12, 24), To: date(12, 24), Hours: windows(everyDay, [2]int{8, 10})},
	}}}
	s.expect(t, "2026-11-30T13:00", "2026-12-01T08:00", "hours")
	s.expect(t, "2026-12-23T19:00", "2026-12-23T19:00", "due")
	s.expect(t, "2026-12-24T11:00", "2026-12-25T08:00", "hours")
	s.expect(t, "2026-12-25T13:00", "2026-12-26T08:00", "hours")
	s.rules.Hours = windows(everyDay, [2]int{9, 10})
	s.expect(t, "2026-12-23T19:00", "2026-12-24T09:00", "hours") // the campaign's own come before its calendars'
}

func TestOpenCallsBindUntilTheirOutcomeMustBeKnown(t *testing.T) {
	t.Parallel()
	s := &someone{rules: campaign.DefaultRules(), zone: "Asia/Shanghai"}
	s.used(t, campaign.Use{Phone: "+1", Person: true}, "2026-03-02T10:00")
	s.rules.Caps = []campaign.Cap{{Scope: campaign.CapPerson, Max: 1, Count: campaign.CountConnects, Period: 5 * time.Hour}}
	s.expect(t, "2026-03-02T10:05", "2026-03-02T10:06", "rolling_cap")
	s.rules.Caps[0].Count = campaign.CountAttempts
	s.expect(t, "2026-03-02T10:05", "2026-03-02T15:00", "rolling_cap")
	s.rules.Caps = nil
	s.rules.CoolOffs = []campaign.CoolOff{{After: campaign.AfterMachine, Scope: campaign.CapNumber, Days: 3}}
	s.expect(t, "2026-03-02T10:05", "2026-03-02T10:06", "cool_off")
	s.uses[0].Outcome = campaign.Machine
	s.expect(t, "2026-03-02T10:05", "2026-03-05T09:00", "cool_off")
}

func TestAConversationThatThePersonBeganCoolsCompanyAndAccountOff(t *testing.T) {
	t.Parallel()
	s := &someone{rules: campaign.DefaultRules(), zone: "Asia/Shanghai"}
	s.used(t, campaign.Use{Person: true, Inbound: true, Outside: true, Talk: time.Minute}, "2026-03-02T10:00")
	for scope := range campaign.NumScopes {
		s.rules.CoolOffs = []campaign.CoolOff{{After: campaign.AfterConversation, Scope: scope, Period: 2 * time.Hour}}
		at, reason := "2026-03-02T10:05", "due"
		if scope == campaign.CapCompany || scope == campaign.CapAccount {
			at, reason = "2026-03-02T12:00", "cool_off"
		}
		s.expect(t, "2026-03-02T10:05", at, reason)
	}
}

func TestTheNumberThatIsAwakeIsCalled(t *testing.T) {
	t.Parallel()
	s := &someone{rules: campaign.DefaultRules(), zone: "Asia/Shanghai"}
	s.numbers = []scheduler.Number{{Phone: "+1"}, {Phone: "+2", Zones: []*time.Location{zone(t, "Europe/Berlin")}}, {Phone: "+3"}}
	for _, c := range []struct{ now, number, at string }{
		{"2026-03-02T10:00", "+1", "2026-03-02T02:00:00Z"},
		{"2026-03-02T17:00", "+1", "2026-03-02T09:00:00Z"}, // both are awake: the first
		{"2026-03-02T22:00", "+2", "2026-03-02T14:00:00Z"},
		{"2026-03-03T05:00", "+1", "2026-03-03T01:00:00Z"}, // both sleep: Shanghai wakes first
	} {
		p := scheduler.Decide(s.question(t, s.local(t, c.now)))
		if string(p.Number) != c.number || p.At.Format(time.RFC3339) != c.at {
			t.Errorf("%s: %v, want %s at %s", c.now, p, c.number, c.at)
		}
	}
}

func TestNumbersTakeTurnsWhereTheRulesRotate(t *testing.T) {
	t.Parallel()
	s := &someone{rules: campaign.DefaultRules(), zone: "Asia/Shanghai", numbers: scheduler.NumbersOf("+1", "+2", "+3")}
	for _, c := range []struct {
		rotate  bool
		last    campaign.Outcome
		dialled campaign.Phone
		want    campaign.Phone
	}{
		{true, campaign.NoAnswer, "+1", "+2"},
		{true, campaign.Busy, "+2", "+3"},
		{true, campaign.NoAnswer, "+3", "+1"},
		{true, campaign.Machine, "+2", "+1"},
		{true, campaign.NoAnswer, "+9", "+1"},
		{false, campaign.NoAnswer, "+1", "+1"},
	} {
		s.rules.Rotate, s.tries = c.rotate, nil
		s.tried(t, c.last, 0, "2026-03-02T10:00")
		s.tries[0].Number = c.dialled
		if p := scheduler.Decide(s.question(t, s.local(t, "2026-03-02T15:00"))); p.Number != c.want {
			t.Errorf("after %v to %s, rotating %v: %s, want %s", c.last, c.dialled, c.rotate, p.Number, c.want)
		}
	}
}

func TestAPromiseWaivesTheCampaignsLimitsAndNoneOfTheLaw(t *testing.T) {
	t.Parallel()
	s := florida()
	s.rules.Caps = []campaign.Cap{{Max: 1, Period: 48 * time.Hour}, {Max: 1, Days: 3, Scope: campaign.CapPerson}}
	s.rules.CoolOffs = []campaign.CoolOff{{After: campaign.AfterMachine, Period: 48 * time.Hour}}
	s.tried(t, campaign.Machine, 0, "2026-03-03T10:00")
	s.promise = &campaign.Appointment{At: s.local(t, "2026-03-03T12:00"), State: campaign.AppointmentOpen}
	s.expect(t, "2026-03-03T11:00", "2026-03-03T12:00", "appointment")
	s.promise.At, s.promise.Insisted = s.local(t, "2026-03-03T20:30"), true
	s.expect(t, "2026-03-03T11:00", "2026-03-04T08:00", "law_hours")
	s.law = append(s.law, scheduler.LawRule{
		ID: "x", Kind: scheduler.LawCoolOff, Places: []string{"US"}, CoolOff: campaign.CoolOff{After: campaign.AfterMachine, Period: 24 * time.Hour},
	})
	s.expect(t, "2026-03-03T11:00", "2026-03-04T10:00", "cool_off")
}

func TestTextsNameWhatCloses(t *testing.T) {
	t.Parallel()
	s := florida()
	s.law = append(s.law, regF...)
	s.rules.Purpose = campaign.PurposeCollections
	s.calendars = []*campaign.Calendar{{Name: "office", Days: []campaign.Day{
		{Date: campaign.Date{Year: 2026, Month: 3, Day: 5}, Kind: campaign.DayClosure, Name: "moving house"},
	}}}
	s.rules.Caps = []campaign.Cap{{Scope: campaign.CapPerson, Max: 1, Period: 2 * time.Hour}, {Max: 2, Days: 3}}
	s.rules.CoolOffs = []campaign.CoolOff{{After: campaign.AfterMachine, Scope: campaign.CapNumber, Period: 90 * time.Minute}}
	for _, c := range []struct {
		now, gate string
		outcome   campaign.Outcome
		tries     []string
		want      []string
	}{
		{"2026-03-05T10:00", "hours", campaign.Busy, nil, []string{"2026-03-05 10:00", "moving house (calendar office)"}},
		{"2026-03-03T07:00", "hours", campaign.Busy, nil, []string{"hours of the campaign"}},
		{"2026-03-03T20:30", "law_hours", campaign.Busy, nil, []string{"us-fl.hours", "from 8:00 to 20:00", "Fla. Stat.", "(unconfirmed)"}},
		{"2026-03-03T15:00", "rolling_cap", campaign.Busy, []string{"2026-03-03T14:00"}, []string{"1 attempt to the person in 2h"}},
		{"2026-03-03T19:00", "day_cap", campaign.Busy, []string{"2026-03-01T14:00", "2026-03-03T14:00"}, []string{"2 attempts of this lead in 3 calendar days"}},
		{"2026-03-03T15:00", "cool_off", campaign.Machine, []string{"2026-03-03T14:00"}, []string{"no call to this number for 1h30m after a machine"}},
		{"2026-03-04T09:00", "law_cap", campaign.Busy, []string{"2026-03-03T09:01", "2026-03-03T09:02", "2026-03-03T09:03"}, []string{"us-fl.frequency", "3 attempts to the person on this matter in 24h"}},
	} {
		s.tries = nil
		s.tried(t, c.outcome, 0, c.tries...)
		q := s.question(t, s.local(t, c.now))
		f := &scheduler.Facts{
			Campaign: &campaign.Campaign{State: campaign.CampaignRunning}, Lead: &campaign.Lead{State: campaign.LeadOpen},
			Zones: q.Lead.Zones, Question: *q, Now: q.Now,
		}
		found := false
		for _, g := range scheduler.Explain(f) {
			if g.Name != c.gate {
				continue
			}
			found = !g.Open
			for _, w := range c.want {
				if !strings.Contains(g.Detail, w) {
					t.Errorf("%s at %s says %q, want %q in it", c.gate, c.now, g.Detail, w)
				}
			}
			if strings.Contains(g.Detail, "unconfirmed") != (c.gate == "law_hours") {
				t.Errorf("%s says %q", c.gate, g.Detail)
			}
		}
		if !found {
			t.Errorf("%s is open at %s", c.gate, c.now)
		}
		agree(t, f)
	}
}
