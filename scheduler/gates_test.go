package scheduler_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"redial/campaign"
	"redial/scheduler"
)

// asked are facts of the record, and whether the asking agent holds the lead.
type asked struct {
	campaign.Facts
	mine bool
}

func (a *asked) facts(t testing.TB) *scheduler.Facts {
	t.Helper()
	f, err := rules.FactsOf(&a.Facts)
	if err != nil {
		t.Fatal(err)
	}
	f.Mine = a.mine
	return f
}

// rules know no law.
var rules scheduler.Rulebook

// clear are facts under which every gate is open: 10:00 in Shanghai, a fresh lead.
func clear() *asked {
	return &asked{Facts: campaign.Facts{
		Campaign: &campaign.Campaign{State: campaign.CampaignRunning, Rules: campaign.DefaultRules()},
		List:     &campaign.List{State: campaign.ListActive, On: true},
		Lead: &campaign.Lead{
			State: campaign.LeadOpen, Zones: []string{"Asia/Shanghai"},
			Numbers: []campaign.Number{{Phone: "+1"}, {Phone: "+2"}},
		},
		Now: time.Date(2026, 3, 2, 2, 0, 0, 0, time.UTC),
	}}
}

func TestI10EachGateBinds(t *testing.T) {
	t.Parallel()
	now := clear().Now
	tried := func(o campaign.Outcome, ago ...time.Duration) []campaign.Try {
		var all []campaign.Try
		for _, a := range ago {
			all = append(all, campaign.Try{PlacedAt: now.Add(-a), Outcome: o, Number: "+1"})
		}
		return all
	}
	uses := func(o campaign.Outcome, ago ...time.Duration) []campaign.Use {
		var all []campaign.Use
		for _, a := range ago {
			all = append(all, campaign.Use{PlacedAt: now.Add(-a), Outcome: o, Phone: "+1", Person: true})
		}
		return all
	}
	promise := func(in time.Duration) *campaign.Appointment {
		return &campaign.Appointment{State: campaign.AppointmentOpen, At: now.Add(in), GraceEnd: now.Add(in + 15*time.Minute)}
	}
	never := time.Time{}
	tomorrow := now.Add(14 * time.Hour) // midnight in Shanghai
	for _, c := range []struct {
		name   string
		change func(*asked)
		gate   string // empty: callable
		opens  time.Time
	}{
		{"nothing", func(*asked) {}, "", never},
		{"a draft", func(f *asked) { f.Campaign.State = campaign.CampaignDraft }, "campaign", never},
		{"paused", func(f *asked) { f.Campaign.State = campaign.CampaignPaused }, "campaign", never},
		{"finished", func(f *asked) { f.Campaign.State = campaign.CampaignFinished }, "campaign", never},
		{"finished, keeping a promise", func(f *asked) {
			f.Campaign.State, f.Promise = campaign.CampaignFinished, promise(0)
		}, "", never},
		{"list off", func(f *asked) { f.List.On = false }, "list", never},
		{"list loading", func(f *asked) { f.List.State = campaign.ListLoading }, "list", never},
		{"list failed", func(f *asked) { f.List.State = campaign.ListFailed }, "list", never},
		{"list not asked", func(f *asked) { f.List = nil }, "", never},
		{"held", func(f *asked) { f.Lead.State, f.Holder = campaign.LeadHeld, "wang" }, "state", never},
		{"held by the asker", func(f *asked) { f.Lead.State, f.mine = campaign.LeadHeld, true }, "", never},
		{"withdrawn", func(f *asked) { f.Lead.State, f.mine = campaign.LeadWithdrawn, true }, "state", never},
		{"done", func(f *asked) { f.Lead.Tries = tried(campaign.Success, time.Hour) }, "state", never},
		{"one number suppressed", func(f *asked) { f.Suppressions = []campaign.Suppression{{Phone: "+1"}} }, "", never},
		{"all suppressed", func(f *asked) {
			f.Suppressions = []campaign.Suppression{{Phone: "+1"}, {Phone: "+2", ExpiresAt: now.Add(time.Hour)}}
		}, "suppression", now.Add(time.Hour)},
		{"all suppressed, one of them bad", func(f *asked) {
			f.Lead.Tries = tried(campaign.Fax, time.Hour)
			f.Suppressions = []campaign.Suppression{{Phone: "+1", ExpiresAt: now.Add(time.Hour)}, {Phone: "+2", ExpiresAt: now.Add(2 * time.Hour)}}
		}, "suppression", now.Add(2 * time.Hour)},
		{"suppressed until now", func(f *asked) {
			f.Suppressions = []campaign.Suppression{{Phone: "+1", ExpiresAt: now}, {Phone: "+2"}}
		}, "", never},
		{"the new number suppressed", func(f *asked) {
			f.Lead.Numbers = f.Lead.Numbers[:1]
			f.Lead.Tries = tried(campaign.NumberChanged, time.Hour)
			f.Lead.Tries[0].NewNumber = "+3"
			f.Suppressions = []campaign.Suppression{{Phone: "+3"}}
		}, "suppression", never},
		{"no number", func(f *asked) { f.Lead.Numbers = nil }, "number", never},
		{"attempts used", func(f *asked) {
			f.Campaign.Rules.MaxAttempts, f.Lead.Tries = 1, tried(campaign.Busy, 48*time.Hour)
		}, "max_attempts", never},
		{"interval", func(f *asked) { f.Lead.Tries = tried(campaign.Busy, time.Hour) }, "interval", now.Add(3 * time.Hour)},
		{"held off by a CRM", func(f *asked) { f.Lead.HeldOffUntil = now.Add(90 * time.Minute) }, "held_off", now.Add(90 * time.Minute)},
		{"a hold that is over", func(f *asked) { f.Lead.HeldOffUntil = now }, "", never},
		{"a promise held off by a CRM", func(f *asked) {
			f.Promise, f.Lead.HeldOffUntil = promise(-time.Minute), now.Add(time.Minute)
		}, "held_off", now.Add(time.Minute)},
		{"before opening", func(f *asked) { f.Now = now.Add(-2 * time.Hour) }, "hours", now.Add(-time.Hour)},
		{"no zones", func(f *asked) { f.Lead.Zones = nil }, "hours", never},
		{"day cap", func(f *asked) {
			f.Campaign.Rules.Interval, f.Lead.Tries = time.Minute, tried(campaign.Busy, 50*time.Minute, 40*time.Minute, 30*time.Minute)
		}, "day_cap", tomorrow},
		{"rolling cap", func(f *asked) {
			f.Campaign.Rules.Caps = []campaign.Cap{{Max: 1, Period: 6 * time.Hour}}
			f.Lead.Tries = tried(campaign.Busy, 5*time.Hour)
		}, "rolling_cap", now.Add(time.Hour)},
		{"a cap of the number over campaigns", func(f *asked) {
			f.Campaign.Rules.Caps = []campaign.Cap{{Scope: campaign.CapNumber, Max: 2, Period: 6 * time.Hour}}
			f.Uses = uses(campaign.Busy, time.Hour, 20*time.Hour, 5*time.Hour)
		}, "rolling_cap", now.Add(time.Hour)},
		{"a cap of the number with room", func(f *asked) {
			f.Campaign.Rules.Caps = []campaign.Cap{{Scope: campaign.CapNumber, Max: 2, Period: 6 * time.Hour}}
			f.Uses = uses(campaign.Busy, time.Hour, 6*time.Hour)
		}, "", never},
		{"a cap of the number, the agent's own reservation", func(f *asked) {
			f.Campaign.Rules.Caps = []campaign.Cap{{Scope: campaign.CapNumber, Max: 1, Period: 6 * time.Hour}}
			f.Uses = uses(campaign.NoOutcome, time.Minute)
			f.Lead.Assignment, f.Uses[0].Assignment = 9, 9
		}, "", never},
		{"a cap of days", func(f *asked) {
			f.Campaign.Rules.Caps = []campaign.Cap{{Max: 1, Days: 2}}
			f.Lead.Tries = tried(campaign.Busy, 20*time.Hour)
		}, "day_cap", tomorrow},
		{"a cool-off", func(f *asked) {
			f.Campaign.Rules.CoolOffs = []campaign.CoolOff{{After: campaign.AfterMachine, Scope: campaign.CapPerson, Period: 24 * time.Hour}}
			f.Uses = uses(campaign.Machine, 20*time.Hour)
		}, "cool_off", now.Add(4 * time.Hour)},
		{"days used", func(f *asked) {
			f.Campaign.Rules.MaxDays, f.Lead.Tries = 1, tried(campaign.Busy, 30*time.Hour)
		}, "max_days", never},
		{"expired", func(f *asked) { f.Campaign.Rules.ExpiresAt = now }, "expires_at", never},
		{"promised for later", func(f *asked) { f.Promise = promise(time.Hour) }, "promise", now.Add(time.Hour)},
		{"promised for later, at night", func(f *asked) {
			f.Now, f.Promise = now.Add(-4*time.Hour), promise(time.Hour)
		}, "promise", now.Add(time.Hour)},
		{"due", func(f *asked) { f.Promise = promise(-14 * time.Minute) }, "", never},
		{"missed", func(f *asked) { f.Promise = promise(-15 * time.Minute) }, "promise", never},
		{"due against every limit of the campaign", func(f *asked) {
			f.Promise = promise(0)
			f.Lead.Tries = tried(campaign.Busy, 30*time.Hour, 3*time.Minute, 2*time.Minute, time.Minute)
			r := &f.Campaign.Rules
			r.MaxAttempts, r.MaxDays, r.ExpiresAt, r.Caps = 1, 1, now, []campaign.Cap{{Scope: campaign.CapNumber, Max: 1, Period: time.Hour}}
			r.CoolOffs = []campaign.CoolOff{{After: campaign.AfterMachine, Scope: campaign.CapPerson, Period: 24 * time.Hour}}
			f.Uses = uses(campaign.Machine, 0)
		}, "", never},
		{"due at night", func(f *asked) {
			f.Now, f.Promise = now.Add(-4*time.Hour), promise(-4*time.Hour)
		}, "hours", now.Add(-time.Hour)},
		{"due at night, insisted", func(f *asked) {
			f.Now, f.Promise = now.Add(-4*time.Hour), promise(-4*time.Hour)
			f.Promise.Insisted = true
		}, "", never},
		{"promised outside hours that have changed", func(f *asked) { f.Promise = promise(12 * time.Hour) }, "hours", never},
	} {
		a := clear()
		c.change(a)
		f := a.facts(t)
		j := scheduler.Judge(f)
		if j.Binding != c.gate || !j.OpenAt.Equal(c.opens) || j.Callable != (c.gate == "") || (j.Detail == "") != j.Callable {
			t.Errorf("%s: %+v, want %q opening %v", c.name, j, c.gate, c.opens)
		}
		agree(t, f)
	}
}

// agree holds that Explain cannot say anything else than Judge (I10).
func agree(t *testing.T, f *scheduler.Facts) {
	t.Helper()
	j, binding := scheduler.Judge(f), campaign.Gate{Open: true}
	for _, g := range scheduler.Explain(f) {
		if g.Detail == "" {
			t.Fatalf("gate %s says nothing", g.Name)
		}
		if !g.Open && binding.Open {
			binding = g
		}
	}
	if j.Callable != binding.Open || j.Binding != binding.Name {
		t.Fatalf("judged %+v, explained %+v", j, binding)
	}
	if !j.Callable && (j.Detail != binding.Detail || !j.OpenAt.Equal(binding.OpenAt)) {
		t.Fatalf("judged %+v, explained %+v", j, binding)
	}
}

func factsOf(t testing.TB, c *scheduler.Case) *scheduler.Facts {
	a := asked{Facts: campaign.Facts{
		Campaign: &campaign.Campaign{State: campaign.CampaignRunning, Rules: c.Rules},
		Lead:     &campaign.Lead{State: campaign.LeadOpen, Tries: c.Tries}, Now: c.Now,
	}}
	for _, z := range c.Lead.Zones {
		a.Lead.Zones = append(a.Lead.Zones, z.String())
	}
	for _, n := range c.Lead.Numbers {
		a.Lead.Numbers = append(a.Lead.Numbers, campaign.Number{Phone: n.Phone})
	}
	return a.facts(t)
}

func TestI10GatesAgreeWithTheDecision(t *testing.T) {
	t.Parallel()
	open := 0
	for seed := range uint64(6000) {
		d := dice{rand.New(rand.NewPCG(seed, 12))}
		c := randomCase(t, d)
		f := factsOf(t, c)
		q := &f.Question
		if d.oneIn(3) {
			at := c.Now.Add(time.Duration(d.IntN(5)-3) * 10 * time.Minute)
			q.Promise = &campaign.Appointment{State: campaign.AppointmentOpen, At: at, Insisted: d.oneIn(2)}
			q.Promise.GraceEnd = scheduler.GraceEnd(q, campaign.DefaultFloor(), at, q.Promise.Insisted)
		}
		j := scheduler.Judge(f)
		if want := scheduler.Decide(q); j.Plan != want {
			t.Fatalf("seed %d: judged plan %v, decided %v", seed, j.Plan, want)
		}
		callable := j.Plan.Verdict == campaign.VerdictCall && j.Plan.At.Equal(c.Now)
		if p := q.Promise; j.Plan.Verdict == campaign.VerdictAppointment {
			callable = !c.Now.Before(p.At) && c.Now.Before(p.GraceEnd) && (p.Insisted || allowed(c, c.Now))
		}
		if j.Callable != callable {
			t.Fatalf("seed %d: judged %+v, want callable %v\n%s", seed, j, callable, show(t, c))
		}
		if callable {
			open++
		}
		agree(t, f)
	}
	if open < 500 {
		t.Errorf("only %d of the random leads are callable: the cases do not try it", open)
	}
}

func TestI5NoSuppressedNumberIsEverGiven(t *testing.T) {
	t.Parallel()
	for seed := range uint64(4000) {
		d := dice{rand.New(rand.NewPCG(seed, 13))}
		c := randomCase(t, d)
		f := factsOf(t, c)
		blocked := map[campaign.Phone]bool{}
		for _, n := range []campaign.Phone{"+1", "+2", "+3", "+4", "+5"} {
			if d.oneIn(2) {
				f.Question.Suppressions, blocked[n] = append(f.Question.Suppressions, campaign.Suppression{Phone: n}), true
			}
		}
		if j := scheduler.Judge(f); blocked[j.Plan.Number] || j.Callable && j.Plan.Number == "" {
			t.Fatalf("seed %d: %+v with %v suppressed", seed, j, f.Question.Suppressions)
		}
		agree(t, f)
	}
}

func TestJudgingACallableLeadAllocatesNothing(t *testing.T) {
	a := clear()
	a.Lead.Tries = []campaign.Try{{PlacedAt: a.Now.Add(-5 * time.Hour), Outcome: campaign.Busy, Number: "+1"}}
	f := a.facts(t)
	if n := testing.AllocsPerRun(200, func() {
		if j := scheduler.Judge(f); !j.Callable {
			t.Fatal(j)
		}
	}); n > 0.5 { // the pool may lose one to the garbage collector
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkJudge(b *testing.B) {
	a := clear()
	a.Lead.Tries = []campaign.Try{{PlacedAt: a.Now.Add(-5 * time.Hour), Outcome: campaign.Busy, Number: "+1"}}
	f := a.facts(b)
	b.ReportAllocs()
	for b.Loop() {
		scheduler.Judge(f)
	}
}
