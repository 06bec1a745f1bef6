package scheduler_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"redial/campaign"
	"redial/scheduler"
)

// decide settles the lead under rules that stand alone, and decides.
func decide(r *campaign.Rules, lead scheduler.Lead, tries []campaign.Try, promise *campaign.Appointment, now time.Time) campaign.Plan {
	lead.Settle(&scheduler.Terms{Rules: r})
	return scheduler.Decide(&scheduler.Question{Rules: r, Lead: lead, Tries: tries, Promise: promise, Now: now})
}

func allowed(c *scheduler.Case, t time.Time) bool {
	next := regimeOf(&c.Rules, c.Lead.Zones...).Next(t)
	return !next.IsZero() && next.Equal(t)
}

// checkPlan holds what is true of every decision.
func checkPlan(t testing.TB, c *scheduler.Case, p campaign.Plan) {
	t.Helper()
	fail := func(what string) { t.Fatalf("%s: %v\n%s", what, p, show(t, c)) }
	if p.Verdict != campaign.VerdictCall {
		if p.Verdict == campaign.NoVerdict || p.Verdict == campaign.VerdictInvalid {
			fail("no such answer")
		}
		if p.Reason == "" || !p.At.IsZero() || !p.Until.IsZero() || p.Number != "" {
			fail("carries more or less than its reason")
		}
		return
	}
	switch {
	case p.At.Before(c.Now):
		fail("in the past")
	case p.At.After(c.Now.Add(400 * 24 * time.Hour)):
		fail("beyond the horizon")
	case !allowed(c, p.At):
		fail("outside hours")
	case p.Earliest.After(p.At) || p.Earliest.Before(c.Now):
		fail("earliest is not between now and at")
	case !p.Until.IsZero() && (!p.Until.After(p.At) || p.Until.After(p.At.Add(7*24*time.Hour))):
		fail("until is not within a week after at")
	case p.Number == "":
		fail("no number")
	case (p.Reason == campaign.ReasonDue) != p.At.Equal(c.Now):
		fail("due says something else than at")
	}
	if !p.Until.IsZero() {
		for _, in := range []time.Duration{0, p.Until.Sub(p.At) / 3, p.Until.Sub(p.At) - time.Second} {
			if !allowed(c, p.At.Add(in.Truncate(time.Second))) {
				fail("not callable all the time until")
			}
		}
	}
}

func TestADecisionIsNeverInThePastNorOutsideHours(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20000) {
		c := randomCase(t, dice{rand.New(rand.NewPCG(seed, 2))})
		checkPlan(t, c, decideCase(c))
	}
}

// Asked again at any instant up to At, the rule gives the same At: waiting changes nothing, and nobody who looks for
// leads whose Earliest has come misses one, for none is callable before.
func TestWaitingChangesNoDecision(t *testing.T) {
	t.Parallel()
	for seed := range uint64(4000) {
		d := dice{rand.New(rand.NewPCG(seed, 3))}
		c := randomCase(t, d)
		p := decideCase(c)
		if p.Verdict != campaign.VerdictCall || p.At.Equal(c.Now) {
			continue
		}
		later := *c
		waits := []time.Duration{p.At.Sub(c.Now), p.Earliest.Sub(c.Now), max(0, p.Earliest.Sub(c.Now)-time.Second)}
		for range 5 {
			waits = append(waits, time.Duration(d.Int64N(int64(p.At.Sub(c.Now)))).Truncate(time.Second))
		}
		for _, w := range waits {
			later.Now = c.Now.Add(w)
			again := decideCase(&later)
			if !again.At.Equal(p.At) || !again.Until.Equal(p.Until) {
				t.Fatalf("seed %d: %v later\n got %v\nwant %v\n%s", seed, w, again, p, show(t, c))
			}
			if again.Earliest.After(again.At) {
				t.Fatalf("seed %d: earliest %v after at %v", seed, again.Earliest, again.At)
			}
		}
	}
}

func TestPartsOfASecondChangeNoDecision(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3000) {
		c := randomCase(t, dice{rand.New(rand.NewPCG(seed, 4))})
		want := decideCase(c)
		c.Now = c.Now.Add(999_999_999)
		if got := decideCase(c); got != want {
			t.Fatalf("seed %d: %v with parts of a second, %v without", seed, got, want)
		}
	}
}

// A lead is called at the very instant of each decision for a month, and no cap is ever broken.
func TestCallingByTheRuleBreaksNoCap(t *testing.T) {
	t.Parallel()
	retry := []campaign.Outcome{
		campaign.NoAnswer, campaign.Busy, campaign.CallLater, campaign.Unknown, campaign.Congestion, campaign.Machine,
	}
	for seed := range uint64(300) {
		d := dice{rand.New(rand.NewPCG(seed, 5))}
		c := randomCase(t, d)
		c.Tries, c.Lead.Numbers = nil, scheduler.NumbersOf("+1")
		for range 60 {
			p := decideCase(c)
			if p.Verdict != campaign.VerdictCall {
				break
			}
			c.Tries = append(c.Tries, campaign.Try{PlacedAt: p.At, Outcome: pick(d, retry), Number: p.Number})
			c.Now = p.At.Add(time.Duration(1+d.IntN(600)) * time.Second)
			checkCaps(t, seed, c)
		}
	}
}

func checkCaps(t *testing.T, seed uint64, c *scheduler.Case) {
	t.Helper()
	o := oracle{Case: c, number: "+1"}
	counted := o.counted()
	for _, z := range c.Lead.Zones {
		days := map[string]int{}
		for _, try := range counted {
			day := dateKey(try.PlacedAt, z)
			if days[day]++; c.Rules.MaxPerDay > 0 && days[day] > c.Rules.MaxPerDay {
				t.Fatalf("seed %d: %d attempts on %s in %v\n%s", seed, days[day], day, z, show(t, c))
			}
		}
		if z == c.Lead.Zones[0] && c.Rules.MaxDays > 0 && len(days) > c.Rules.MaxDays {
			t.Fatalf("seed %d: attempts on %d days\n%s", seed, len(days), show(t, c))
		}
	}
	if c.Rules.MaxAttempts > 0 && len(counted) > c.Rules.MaxAttempts {
		t.Fatalf("seed %d: %d attempts\n%s", seed, len(counted), show(t, c))
	}
	for _, rolling := range c.Rules.Caps {
		for i := rolling.Max; i < len(counted); i++ {
			if counted[i].PlacedAt.Sub(counted[i-rolling.Max].PlacedAt) < rolling.Period {
				t.Fatalf("seed %d: more than %d attempts in %v\n%s", seed, rolling.Max, rolling.Period, show(t, c))
			}
		}
	}
	if last := c.Tries[len(c.Tries)-1].PlacedAt; !c.Rules.ExpiresAt.IsZero() && !last.Before(c.Rules.ExpiresAt) {
		t.Fatalf("seed %d: attempt at %v, after the end\n%s", seed, last, show(t, c))
	}
}

func TestADayOf25HoursIsOneDayForTheCap(t *testing.T) {
	t.Parallel()
	r := campaign.DefaultRules()
	r.MaxPerDay, r.Interval = 1, time.Hour
	r.Hours = []campaign.Window{{Days: [7]bool{true, true, true, true, true, true, true}, Close: 1440}}
	lead := scheduler.Lead{Zones: []*time.Location{zone(t, "Europe/Berlin")}, Numbers: scheduler.NumbersOf("+1")}
	begins := time.Date(2026, 10, 24, 22, 0, 0, 0, time.UTC)
	tries := []campaign.Try{{PlacedAt: begins.Add(time.Minute), Outcome: campaign.Busy, Number: "+1"}}
	p := decide(&r, lead, tries, nil, begins.Add(24*time.Hour+30*time.Minute))
	if !p.At.Equal(begins.Add(25*time.Hour)) || p.Reason != campaign.ReasonDayCap {
		t.Errorf("%v, want the end of the 25th hour", p)
	}
}

func TestWithoutZonesNothingIsCallable(t *testing.T) {
	t.Parallel()
	r := campaign.DefaultRules()
	now := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	if p := decide(&r, scheduler.Lead{Numbers: scheduler.NumbersOf("+1")}, nil, nil, now); p.Reason != campaign.ReasonNoCallableTime {
		t.Errorf("%v, want no_callable_time", p)
	}
}

func TestMoreZonesThanFitTheStackAreAllAsked(t *testing.T) {
	t.Parallel()
	zones, err := scheduler.LoadZones(hardZones)
	if err != nil {
		t.Fatal(err)
	}
	r := campaign.DefaultRules()
	r.Hours = []campaign.Window{{Days: [7]bool{0: true}, Open: 0, Close: 1440}, {Days: [7]bool{1: true, 2: true}, Close: 1440}}
	now := time.Date(2026, 6, 10, 12, 0, 0, 0, time.UTC)
	p := decide(&r, scheduler.Lead{Zones: zones, Numbers: scheduler.NumbersOf("+1")}, nil, nil, now)
	// Sunday must have come to Los Angeles, the last of them.
	if want := time.Date(2026, 6, 14, 7, 0, 0, 0, time.UTC); !p.At.Equal(want) {
		t.Errorf("%v, want %v", p, want)
	}
}

func TestAClosedAppointmentCountsAsNone(t *testing.T) {
	t.Parallel()
	zones, err := scheduler.LoadZones([]string{"Asia/Shanghai"})
	if err != nil {
		t.Fatal(err)
	}
	r := campaign.DefaultRules()
	now := time.Date(2026, 3, 2, 2, 0, 0, 0, time.UTC)
	lead := scheduler.Lead{Zones: zones, Numbers: scheduler.NumbersOf("+1")}
	promise := &campaign.Appointment{At: now.Add(time.Hour), State: campaign.AppointmentOpen}
	if p := decide(&r, lead, nil, promise, now); p.Verdict != campaign.VerdictAppointment || p.Number != "+1" || !p.Earliest.Equal(promise.At) {
		t.Errorf("open: %v", p)
	}
	promise.State = campaign.AppointmentCancelled
	if p := decide(&r, lead, nil, promise, now); p.Verdict != campaign.VerdictCall {
		t.Errorf("cancelled: %v", p)
	}
}

func FuzzDecide(f *testing.F) {
	for _, v := range loadVectors(f) {
		line, err := scheduler.EncodeCase(&v.Case)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		c, err := scheduler.ParseCase(line)
		if err != nil {
			if campaign.KindOf(err) != campaign.KindInvalid || err.Error() == "" {
				t.Fatalf("an error without a field: %v", err)
			}
			return
		}
		if len(c.Lead.Zones) > 4 || len(c.Tries) > 50 || len(c.Rules.Caps) > 10 {
			return // slow, and nothing new
		}
		c.Booking = nil
		checkPlan(t, &c, decideCase(&c))
	})
}
