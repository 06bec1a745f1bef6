package law_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"redial/campaign"
	"redial/scheduler"
)

const (
	newYork = "America/New_York"
	paris   = "Europe/Paris"
)

// 11:59, 15:59, 19:59 and then 08:00 would be 4 calls in 20 h 01 min.
func TestFourCallsInTwentyHoursNeverHappenWhereThreeADayAreAllowed(t *testing.T) {
	t.Parallel()
	for place, zone := range map[string]string{"US-FL": newYork, "US-OK": "America/Chicago", "US-MD": newYork} {
		walk := func(packs ...string) *person {
			p := somebody(t, zone, []string{place}, packs...)
			p.rules.Interval, p.rules.MaxPerDay = 4*time.Hour, 3
			p.rules.Hours[0].Open, p.rules.Hours[0].Close = 8*60, 21*60
			for _, at := range []string{"2026-11-03 11:59", "2026-11-03 15:59", "2026-11-03 19:59"} {
				p.call(0, clock(zone, at), campaign.NoAnswer, 0)
			}
			return p
		}
		night := clock(zone, "2026-11-03 23:00")
		walk().wants(0, night, "2026-11-04 08:00", campaign.ReasonHours)
		p := walk("us")
		p.wants(0, night, "2026-11-04 11:59", campaign.ReasonLawCap)
		p.wants(1, night, "2026-11-04 11:59", campaign.ReasonLawCap) // another campaign about the same
		p.matters[1] = "two"
		p.wants(1, night, "2026-11-04 08:00", campaign.ReasonHours)

		// The fourth may be promised: it waits for the law all the same.
		p.promise = &campaign.Appointment{Local: "2026-11-04T08:00", Zone: zone, At: clock(zone, "2026-11-04 08:00").UTC(), State: campaign.AppointmentOpen, Insisted: true}
		p.wants(0, night, "2026-11-04 11:59", campaign.ReasonLawCap)
		// No consent is told of by this law.
		p.consents = []campaign.Consent{consent(night.Add(-hour), campaign.ConsentScopes...)}
		p.wants(0, night, "2026-11-04 11:59", campaign.ReasonLawCap)
	}
}

func TestAPromiseAgainstFloridasCapIsNotMade(t *testing.T) {
	t.Parallel()
	f := &campaign.Facts{
		Campaign: &campaign.Campaign{ID: 1, Rules: campaign.DefaultRules(), Floor: campaign.DefaultFloor()}, List: &campaign.List{ID: 1},
		Lead: &campaign.Lead{ID: 1, CampaignID: 1, Zones: []string{newYork}, Places: []string{"US-FL"}, Numbers: []campaign.Number{{Phone: number}}},
		Now:  clock(newYork, "2026-11-03 20:00").UTC(),
	}
	f.Campaign.Rules.Packs = []string{"us"}
	f.Campaign.Rules.Hours = []campaign.Window{{Days: [7]bool{true, true, true, true, true, true, true}, Open: 8 * 60, Close: 21 * 60}}
	for _, at := range []string{"2026-11-03 11:59", "2026-11-03 15:59", "2026-11-03 19:59"} {
		f.Lead.Tries = append(f.Lead.Tries, campaign.Try{PlacedAt: clock(newYork, at).UTC(), Outcome: campaign.CallLater, Number: number})
	}
	book := &scheduler.Rulebook{Law: library(t)}
	for _, insisted := range []bool{false, true} {
		_, _, err := book.Book(f, campaign.Booking{Local: "2026-11-04T08:00", Insisted: insisted})
		e, ok := errors.AsType[*campaign.Error](err)
		if !ok || e.Reason != campaign.ReasonBookingLaw || !strings.Contains(e.Meta["after"], "2026-11-04T11:59") {
			t.Errorf("insisted %v: %v; want it against the law, until 11:59", insisted, err)
		}
	}
	if at, _, err := book.Book(f, campaign.Booking{Local: "2026-11-04T11:59"}); err != nil || !at.Equal(clock(newYork, "2026-11-04 11:59")) {
		t.Errorf("%v, %v; want the promise", at, err)
	}
}

func TestNoMoreThanSevenCallsAboutADebtInSevenDays(t *testing.T) {
	t.Parallel()
	p := somebody(t, newYork, []string{"US-CA"}, "us", "us-debt")
	p.rules.Purpose, p.rules.Interval, p.rules.MaxPerDay = campaign.PurposeCollections, 4*time.Hour, 3
	now := clock(newYork, "2026-11-02 09:00")
	for i := range 7 {
		plan := p.plan(i%2, now)
		if plan.Verdict != campaign.VerdictCall || plan.At.Sub(now) > 24*hour {
			t.Fatalf("call %d: %+v", i+1, plan)
		}
		p.call(i%2, plan.At, campaign.NoAnswer, 0)
		now = plan.At
	}
	for no := range 2 {
		p.wants(no, now, "2026-11-09 08:00", campaign.ReasonLawCap)
	}
	p.account = "" // a lead without an account is counted by the person
	p.wants(0, now, "2026-11-09 08:00", campaign.ReasonLawCap)
}

func TestSevenDaysOfPeaceAfterAConversationAboutADebt(t *testing.T) {
	t.Parallel()
	p := somebody(t, newYork, []string{"US-CA"}, "us-debt")
	p.call(1, clock(newYork, "2026-11-02 17:00"), campaign.CallLater, time.Minute)
	now := clock(newYork, "2026-11-04 09:00")
	p.wants(0, now, "2026-11-09 00:00", campaign.ReasonCoolOff)
	p.wants(1, now, "2026-11-09 00:00", campaign.ReasonCoolOff)

	given := func(at string, scope campaign.ConsentScope) {
		p.consents = []campaign.Consent{consent(clock(newYork, at), scope)}
	}
	given("2026-11-02 17:00", campaign.ConsentFrequency)
	p.wants(0, now, "2026-11-04 09:00", campaign.ReasonDue)
	given("2026-10-28 10:00", campaign.ConsentFrequency) // 7 times 24 hours ago: the clocks went back
	p.wants(0, now, "2026-11-04 09:00", campaign.ReasonDue)
	given("2026-10-28 09:59", campaign.ConsentFrequency)
	p.wants(0, now, "2026-11-09 00:00", campaign.ReasonCoolOff)
	given("2026-11-02 17:00", campaign.ConsentHours)
	p.wants(0, now, "2026-11-09 00:00", campaign.ReasonCoolOff)

	given("2026-11-02 17:00", campaign.ConsentFrequency)
	p.consents[0].RevokedAt = clock(newYork, "2026-11-03 12:00").UTC()
	p.wants(0, now, "2026-11-09 00:00", campaign.ReasonCoolOff)

	p.calls[1][0].Talk = 29 * time.Second // no conversation
	p.wants(0, now, "2026-11-04 09:00", campaign.ReasonDue)
}

func TestFranceCallsFourTimesInThirtyDaysAndNeverAtLunch(t *testing.T) {
	t.Parallel()
	p := somebody(t, paris, []string{"FR"}, "fr")
	for _, c := range []struct{ now, at string }{
		{"2026-06-02 09:00", "2026-06-02 10:00"}, {"2026-06-02 12:59", "2026-06-02 12:59"}, {"2026-06-02 13:00", "2026-06-02 14:00"},
		{"2026-06-02 20:00", "2026-06-03 10:00"}, {"2026-06-05 20:00", "2026-06-08 10:00"}, {"2026-07-14 11:00", "2026-07-15 10:00"},
		{"2026-05-14 11:00", "2026-05-15 10:00"}, {"2026-05-25 11:00", "2026-05-26 10:00"},
	} {
		reason := campaign.ReasonLawHours
		if c.now == c.at {
			reason = campaign.ReasonDue
		}
		p.wants(0, clock(paris, c.now), c.at, reason)
	}
	for _, at := range []string{"2026-06-02 10:00", "2026-06-03 10:00", "2026-06-04 10:00", "2026-06-05 10:00"} {
		p.call(0, clock(paris, at), campaign.NoAnswer, 0)
	}
	now := clock(paris, "2026-06-08 10:00")
	p.wants(0, now, "2026-07-02 10:00", campaign.ReasonLawCap)
	p.told = []campaign.Use{{Phone: number, PlacedAt: clock(paris, "2026-06-05 11:00").UTC(), Person: true, Outside: true, Outcome: campaign.NoAnswer}}
	p.wants(0, now, "2026-07-03 10:00", campaign.ReasonLawCap) // an agency's call counts
	p.wants(1, now, "2026-07-03 10:00", campaign.ReasonLawCap)
}

func TestARefusalInFranceIsSixtyDaysOff(t *testing.T) {
	t.Parallel()
	p := somebody(t, paris, []string{"FR"}, "fr")
	p.call(1, clock(paris, "2026-03-06 11:00"), campaign.Refused, time.Minute)
	p.wants(0, clock(paris, "2026-03-09 11:00"), "2026-05-06 10:00", campaign.ReasonCoolOff) // 7 March to 5 May are 60 days
}

func TestFranceIsByConsentFromAugust2026(t *testing.T) {
	t.Parallel()
	p := somebody(t, paris, []string{"FR"}, "fr")
	p.wants(0, clock(paris, "2026-08-10 19:59"), "2026-08-10 19:59", campaign.ReasonDue)
	after := clock(paris, "2026-08-10 20:00") // the next call would be on the 11th
	if plan := p.plan(0, after); plan.Verdict != campaign.VerdictExhausted || plan.Reason != campaign.ReasonNoConsent {
		t.Errorf("%+v", plan)
	}
	p.rules.Purpose = campaign.PurposeService
	p.wants(0, after, "2026-08-11 10:00", campaign.ReasonLawHours)
	p.rules.Purpose = campaign.PurposeSales
	p.consents = []campaign.Consent{consent(after.Add(-hour), campaign.ConsentContact)}
	p.wants(0, after, "2026-08-11 10:00", campaign.ReasonLawHours)
	p.consents[0].Scopes = append(p.consents[0].Scopes, campaign.ConsentHours)
	p.wants(0, after, "2026-08-10 20:00", campaign.ReasonDue)
	p.consents[0].RevokedAt = after.UTC()
	if plan := p.plan(0, after); plan.Reason != campaign.ReasonNoConsent {
		t.Errorf("revoked: %+v", plan)
	}
}

func TestConnecticutClosesAtAnotherHourFromOctober2023(t *testing.T) {
	t.Parallel()
	p := somebody(t, newYork, []string{"US-CT"}, "us")
	for _, c := range []struct{ now, at string }{
		{"2023-09-30 20:30", "2023-09-30 20:30"}, {"2023-09-30 21:00", "2023-10-01 09:00"}, {"2023-10-01 20:30", "2023-10-02 09:00"},
		{"2026-11-03 19:59", "2026-11-03 19:59"}, {"2026-11-03 20:00", "2026-11-04 09:00"}, {"2026-11-04 08:00", "2026-11-04 09:00"},
	} {
		reason := campaign.ReasonLawHours
		if c.now == c.at {
			reason = campaign.ReasonDue
		}
		p.wants(0, clock(newYork, c.now), c.at, reason)
	}
}

func TestOfSeveralCandidateStatesTheStrictestHolds(t *testing.T) {
	t.Parallel()
	p := somebody(t, newYork, []string{"US-CT", "US-FL", "US-RI"}, "us")
	p.wants(0, clock(newYork, "2026-11-06 18:00"), "2026-11-09 09:00", campaign.ReasonLawHours) // Rhode Island: Friday evening
	p.places = []string{"US-CT", "US-FL"}
	p.wants(0, clock(newYork, "2026-11-06 20:00"), "2026-11-07 09:00", campaign.ReasonLawHours) // Connecticut opens later
	for _, at := range []string{"2026-11-06 11:00", "2026-11-06 12:00", "2026-11-06 13:00"} {
		p.call(0, clock(newYork, at), campaign.Busy, 0)
	}
	p.wants(0, clock(newYork, "2026-11-06 14:00"), "2026-11-07 11:00", campaign.ReasonLawCap) // Florida counts
	p.zones = []string{newYork, "America/Los_Angeles"}
	p.wants(0, clock(newYork, "2026-11-07 11:00"), "2026-11-07 12:00", campaign.ReasonLawHours) // 09:00 in both zones
}

func TestHolidaysCloseTheStatesThatSay(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ place, zone, now, at string }{
		{"US-AL", "America/Chicago", "2026-07-03 10:00", "2026-07-06 08:00"}, // the 4th is a Saturday, kept on Friday
		{"US-MS", "America/Chicago", "2026-07-03 10:00", "2026-07-07 08:00"}, // and on Monday
		{"US-RI", newYork, "2026-07-03 10:00", "2026-07-03 10:00"},
		{"US-RI", newYork, "2026-07-04 10:00", "2026-07-07 09:00"},
		{"US-LA", "America/Chicago", "2026-02-17 10:00", "2026-02-18 08:00"}, // Mardi Gras
		{"US-PA", newYork, "2026-11-26 10:00", "2026-11-27 08:00"},
		{"US-NY", newYork, "2026-11-26 10:00", "2026-11-26 10:00"},
		{"AU", "Australia/Sydney", "2026-12-28 10:00", "2026-12-29 09:00"}, // Boxing Day in lieu
	} {
		p := somebody(t, c.zone, []string{c.place}, "us", "au")
		if plan := p.plan(0, clock(c.zone, c.now)); wall(plan.At, c.zone) != c.at {
			t.Errorf("%s at %s: %s, %s; want %s", c.place, c.now, wall(plan.At, c.zone), plan.Reason, c.at)
		}
	}
}

func TestConsentOpensTheHoursWhereTheLawLetsIt(t *testing.T) {
	t.Parallel()
	night := clock(newYork, "2026-11-03 22:30")
	p := somebody(t, newYork, []string{"US-NY"}, "us")
	p.consents = []campaign.Consent{consent(night.Add(-hour), campaign.ConsentHours)}
	p.wants(0, night, "2026-11-03 22:30", campaign.ReasonDue)
	p.places = []string{"US-FL"} // whose hours no consent opens
	p.wants(0, night, "2026-11-04 08:00", campaign.ReasonLawHours)
	p.places = []string{"US-NY"}
	p.consents[0].RevokedAt = night.Add(-time.Minute).UTC()
	p.wants(0, night, "2026-11-04 08:00", campaign.ReasonLawHours)
	p.rules.Waivers = []campaign.Waiver{{Rule: "us.hours", Reason: "asked for nights"}}
	p.wants(0, night, "2026-11-03 22:30", campaign.ReasonDue)
}
