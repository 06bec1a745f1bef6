package scheduler_test

import (
	"testing"
	"time"

	"redial/campaign"
	"redial/scheduler"
)

// TestAHoldMovesThePlanAndNothingElse plans leads that a CRM holds off.
func TestAHoldMovesThePlanAndNothingElse(t *testing.T) {
	rules := campaign.DefaultRules()
	shanghai := scheduler.Lead{Zones: []*time.Location{zone(t, "Asia/Shanghai")}, Numbers: scheduler.NumbersOf("+1")}
	shanghai.Settle(&scheduler.Terms{Rules: &rules})
	at := time.Date(2026, 3, 2, 2, 0, 0, 0, time.UTC) // 10:00 in Shanghai
	busy := []campaign.Try{{PlacedAt: at.Add(-time.Hour), Outcome: campaign.Busy, Number: "+1"}}
	promised := &campaign.Appointment{At: at.Add(time.Hour), State: campaign.AppointmentOpen}
	for name, test := range map[string]struct {
		held    time.Time
		tries   []campaign.Try
		promise *campaign.Appointment
		reason  string
		at      time.Time
	}{
		"none":                       {reason: campaign.ReasonDue, at: at},
		"over":                       {held: at.Add(-time.Hour), reason: campaign.ReasonDue, at: at},
		"for an hour":                {held: at.Add(time.Hour), reason: campaign.ReasonHeldOff, at: at.Add(time.Hour)},
		"shorter than the interval":  {held: at.Add(time.Hour), tries: busy, reason: campaign.ReasonInterval, at: at.Add(3 * time.Hour)},
		"longer than the interval":   {held: at.Add(5 * time.Hour), tries: busy, reason: campaign.ReasonHeldOff, at: at.Add(5 * time.Hour)},
		"into the night":             {held: at.Add(12 * time.Hour), reason: campaign.ReasonHours, at: at.Add(23 * time.Hour)},
		"before a promise":           {held: at.Add(time.Minute), promise: promised, reason: campaign.ReasonAppointment, at: at.Add(time.Hour)},
		"beyond a promise's instant": {held: at.Add(2 * time.Hour), promise: promised, reason: campaign.ReasonHeldOff, at: at.Add(2 * time.Hour)},
	} {
		q := &scheduler.Question{Rules: &rules, Lead: shanghai, Tries: test.tries, Promise: test.promise, HeldUntil: test.held, Now: at}
		p := scheduler.Decide(q)
		if !p.At.Equal(test.at) || p.Reason != test.reason || !p.Open() {
			t.Errorf("%s: %v at %v, %s; want %v, %s", name, p.Verdict, p.At, p.Reason, test.at, test.reason)
		}
		if test.held.After(at) && p.Earliest.Before(test.held) {
			t.Errorf("%s: looked for from %v on, before the hold ends", name, p.Earliest)
		}
		if n := testing.AllocsPerRun(100, func() { scheduler.Decide(q) }); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}
