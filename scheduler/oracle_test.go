package scheduler_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"redial/campaign"
	"redial/scheduler"
)

// oracle answers a case as slowly and plainly as the rule's page reads: it walks the clock in quarters of an hour,
// asks time.Time what the wall shows, and counts with maps. Random cases have windows on quarters for its sake.
type oracle struct {
	*scheduler.Case
	number campaign.Phone
}

const quarter = 15 * time.Minute

func (o *oracle) callable(t time.Time) bool {
	for _, z := range o.Lead.Zones {
		l := t.In(z)
		if slices.Contains(o.Rules.Holidays, campaign.DateOf(l)) {
			return false
		}
		minute := l.Hour()*60 + l.Minute()
		if !slices.ContainsFunc(o.Rules.Windows(), func(w campaign.Window) bool {
			return w.Days[l.Weekday()] && w.Open <= minute && minute < w.Close
		}) {
			return false
		}
	}
	return true
}

// walk is the first of t and the quarters after it, up to limit, that passes; zero if none does.
func walk(t, limit time.Time, passes func(time.Time) bool) time.Time {
	for ; !t.After(limit); t = t.Truncate(quarter).Add(quarter) {
		if passes(t) {
			return t
		}
	}
	return time.Time{}
}

func dateKey(t time.Time, z *time.Location) string { return t.In(z).Format(time.DateOnly) }

func laterDate(t time.Time, z *time.Location) time.Time {
	return walk(t, t.AddDate(0, 0, 4), func(n time.Time) bool { return dateKey(n, z) > dateKey(t, z) })
}

func (o *oracle) counted() (all []campaign.Try) {
	for _, t := range o.Tries {
		if t.Outcome != campaign.Congestion && t.Outcome != campaign.TrunkError {
			all = append(all, t)
		}
	}
	return all
}

func (o *oracle) dayCap(t time.Time) (time.Time, bool) {
	for _, z := range o.Lead.Zones {
		days := map[string]int{}
		for _, try := range o.counted() {
			days[dateKey(try.PlacedAt, z)]++
		}
		if o.Rules.MaxPerDay > 0 && days[dateKey(t, z)] >= o.Rules.MaxPerDay {
			return laterDate(t, z), true
		}
	}
	return t, false
}

func (o *oracle) rollingCap(t time.Time) (time.Time, bool) {
	for _, c := range o.Rules.Caps {
		var within []time.Time
		for _, try := range o.counted() {
			if try.PlacedAt.After(t.Add(-c.Period)) && (c.Scope == campaign.CapLead || try.Number == o.number) {
				within = append(within, try.PlacedAt)
			}
		}
		if len(within) >= c.Max {
			return within[len(within)-c.Max].Add(c.Period), true
		}
	}
	return t, false
}

// allNumbers are the new ones, the latest first, then the lead's.
func (o *oracle) allNumbers() (all []campaign.Phone) {
	for _, t := range o.Tries {
		if t.Outcome == campaign.NumberChanged && t.NewNumber != "" {
			all = slices.Insert(all, 0, t.NewNumber)
		}
	}
	return append(all, phones(o.Lead.Numbers)...)
}

func (o *oracle) goodNumbers() []campaign.Phone {
	bad := map[campaign.Phone]bool{}
	for _, t := range o.Tries {
		if t.Outcome.BadData() {
			bad[t.Number] = true
		}
	}
	return slices.DeleteFunc(o.allNumbers(), func(n campaign.Phone) bool { return bad[n] })
}

func (o *oracle) earliest() (time.Time, bool) {
	if len(o.Tries) == 0 {
		return o.Now, false
	}
	last := o.Tries[len(o.Tries)-1]
	wait := o.Rules.Interval
	switch {
	case last.Outcome.BadData():
		return o.Now, false
	case !last.Outcome.Counted():
		row := 0
		for _, t := range slices.Backward(o.Tries) {
			if t.Outcome.Counted() {
				break
			}
			row++
		}
		if row <= o.Rules.NetworkRetryLimit {
			wait = o.Rules.NetworkRetry
		}
	default:
		as := last.Outcome
		if as == campaign.Booked {
			as = campaign.CallLater
		}
		if own, ok := o.Rules.Intervals[as]; ok {
			wait = own
		}
	}
	t := last.PlacedAt.Add(wait)
	if t.Before(o.Now) {
		t = o.Now
	}
	return t, !last.Outcome.Counted()
}

// rest moves t by the caps, and by the hours too when they are asked.
func (o *oracle) rest(t time.Time, hours bool) (at time.Time, capped string, byHours bool) {
	limit := o.Now.Add(400 * 24 * time.Hour)
	for {
		if hours {
			open := walk(t, limit, o.callable)
			if open.IsZero() {
				return open, "", false
			}
			byHours = byHours || open.After(t)
			t = open
		}
		if n, moved := o.dayCap(t); moved {
			t, capped = n, campaign.ReasonDayCap
		} else if n, moved := o.rollingCap(t); moved {
			t, capped = n, campaign.ReasonRollingCap
		} else {
			return t, capped, byHours
		}
		if t.After(limit) && !hours {
			return t, capped, byHours
		}
	}
}

func (o *oracle) plan() campaign.Plan {
	numbers := o.goodNumbers()
	if n := len(o.Tries); n > 0 {
		switch o.Tries[n-1].Outcome {
		case campaign.Success, campaign.SuccessProxy:
			return campaign.Plan{Verdict: campaign.VerdictFinished, Reason: campaign.ReasonDone}
		case campaign.Refused:
			return campaign.Plan{Verdict: campaign.VerdictFinished, Reason: campaign.ReasonRefused}
		case campaign.DoNotCall:
			return campaign.Plan{Verdict: campaign.VerdictSuppressed, Reason: campaign.ReasonDoNotCall}
		default: // the lead goes on
		}
	}
	if len(numbers) == 0 {
		return campaign.Plan{Verdict: campaign.VerdictFinished, Reason: campaign.ReasonBadData}
	}
	o.number = numbers[0]
	if o.Rules.MaxAttempts > 0 && len(o.counted()) >= o.Rules.MaxAttempts {
		return campaign.Plan{Verdict: campaign.VerdictExhausted, Reason: campaign.ReasonMaxAttempts}
	}
	first, network := o.earliest()
	t, capped, byHours := o.rest(first, true)
	if t.IsZero() {
		return campaign.Plan{Verdict: campaign.VerdictExhausted, Reason: campaign.ReasonNoCallableTime}
	}
	days := map[string]bool{}
	for _, try := range o.counted() {
		days[dateKey(try.PlacedAt, o.Lead.Zones[0])] = true
	}
	final := o.Rules.MaxDays > 0 && len(days) >= o.Rules.MaxDays
	if final && !days[dateKey(t, o.Lead.Zones[0])] {
		return campaign.Plan{Verdict: campaign.VerdictExhausted, Reason: campaign.ReasonMaxDays}
	}
	expires := o.Rules.ExpiresAt
	if !expires.IsZero() && !t.Before(expires) {
		return campaign.Plan{Verdict: campaign.VerdictExhausted, Reason: campaign.ReasonExpired}
	}
	week := t.Add(7 * 24 * time.Hour)
	until := walk(t, week, func(n time.Time) bool {
		return !o.callable(n) || final && dateKey(n, o.Lead.Zones[0]) > dateKey(t, o.Lead.Zones[0])
	})
	if !expires.IsZero() && !expires.After(week) && (until.IsZero() || expires.Before(until)) {
		until = expires
	}
	reason := campaign.ReasonDue
	switch {
	case capped != "":
		reason = capped
	case byHours:
		reason = campaign.ReasonHours
	case t.After(o.Now) && network:
		reason = campaign.ReasonNetwork
	case t.After(o.Now):
		reason = campaign.ReasonInterval
	}
	e, _, _ := o.rest(first, false)
	return campaign.Plan{Verdict: campaign.VerdictCall, At: t, Until: until, Number: o.number, Reason: reason, Earliest: e}
}

// hardZones and hardDays: gaps and overlaps of 60, 30 and 120 minutes, at midnight too, and a day that is missing.
var (
	hardZones = []string{
		"Asia/Shanghai", "America/New_York", "America/Los_Angeles", "Australia/Lord_Howe", "Pacific/Apia",
		"Antarctica/Troll", "Pacific/Chatham", "Asia/Kathmandu", "America/Havana", "Africa/Cairo", "Africa/Casablanca",
		"America/Santiago", "Atlantic/Azores", "America/Nuuk", "Europe/Berlin",
	}
	hardDays = []string{
		"2011-12-29", "2011-12-31", "2026-03-07", "2026-03-08", "2026-03-28", "2026-03-29", "2026-04-04", "2026-04-24",
		"2026-09-05", "2026-10-03", "2026-10-24", "2026-10-29", "2026-10-31", "2026-06-10", "2024-12-31",
	}
)

type dice struct{ *rand.Rand }

func (d dice) oneIn(n int) bool { return d.IntN(n) == 0 }

func pick[T any](d dice, from []T) T { return from[d.IntN(len(from))] }

func randomCase(t testing.TB, d dice) *scheduler.Case {
	day, err := time.Parse(time.DateOnly, pick(d, hardDays))
	if err != nil {
		t.Fatal(err)
	}
	c := &scheduler.Case{ID: "random", Now: day.Add(time.Duration(d.IntN(40*3600)) * time.Second), Rules: randomRules(d, day)}
	for range 1 + d.IntN(3)*d.IntN(2) {
		loc, err := scheduler.LoadZone(pick(d, hardZones))
		if err != nil {
			t.Fatal(err)
		}
		c.Lead.Zones = append(c.Lead.Zones, loc)
	}
	numbers := []campaign.Phone{"+1", "+2", "+3"}
	c.Lead.Numbers = scheduler.NumbersOf(numbers[:d.IntN(4)]...)
	outcomes := campaign.Outcomes()
	for range d.IntN(7) {
		try := campaign.Try{
			PlacedAt: c.Now.Add(-time.Duration(d.IntN(60*3600)) * time.Second),
			Outcome:  pick(d, outcomes[4:]), Number: pick(d, numbers), // no outcome that ends the lead
		}
		if d.oneIn(30) {
			try.Outcome = pick(d, outcomes)
		} else if try.Outcome.BadData() && !d.oneIn(4) {
			try.Outcome = campaign.NoAnswer
		}
		if try.Outcome == campaign.NumberChanged && d.oneIn(2) {
			try.NewNumber = pick(d, []campaign.Phone{"+2", "+4", "+5"})
		}
		c.Tries = append(c.Tries, try)
	}
	slices.SortStableFunc(c.Tries, func(a, b campaign.Try) int { return a.PlacedAt.Compare(b.PlacedAt) })
	return c
}

func randomRules(d dice, day time.Time) campaign.Rules {
	r := campaign.DefaultRules()
	r.Interval = time.Duration(d.IntN(9)) * 37 * time.Minute
	if d.oneIn(3) {
		r.Intervals = map[campaign.Outcome]time.Duration{campaign.Busy: 15 * time.Minute, campaign.CallLater: 26 * time.Hour}
	}
	r.MaxPerDay, r.NetworkRetryLimit = d.IntN(5), d.IntN(3)
	if d.oneIn(4) {
		r.MaxAttempts = 1 + d.IntN(8)
	}
	if d.oneIn(4) {
		r.MaxDays = 1 + d.IntN(3)
	}
	if d.oneIn(5) {
		r.ExpiresAt = day.Add(time.Duration(d.IntN(96*3600)) * time.Second)
	}
	for range d.IntN(4) {
		w := campaign.Window{Open: 15 * d.IntN(95)}
		w.Close = w.Open + 15*(1+d.IntN(96-w.Open/15))
		if w.Close > 1440 || d.oneIn(4) {
			w.Open, w.Close = 0, 1440
		}
		for i := range w.Days {
			w.Days[i] = !d.oneIn(4)
		}
		w.Days[d.IntN(7)] = true
		r.Hours = append(r.Hours, w)
	}
	for range d.IntN(3) {
		r.Holidays = append(r.Holidays, campaign.DateOf(day.AddDate(0, 0, d.IntN(5)-1)))
	}
	for range d.IntN(3) {
		c := campaign.Cap{Scope: campaign.CapScope(d.IntN(2)), Max: 1 + d.IntN(3), Period: time.Duration(1+d.IntN(50)) * time.Hour}
		r.Caps = append(r.Caps, c)
	}
	return r
}

func show(t testing.TB, c *scheduler.Case) string {
	line, err := scheduler.EncodeCase(c)
	if err != nil {
		t.Fatal(err)
	}
	return string(line)
}

func phones(numbers []scheduler.Number) (out []campaign.Phone) {
	for _, n := range numbers {
		out = append(out, n.Phone)
	}
	return out
}

func decideCase(c *scheduler.Case) campaign.Plan {
	q := c.Question()
	return scheduler.Decide(&q)
}

func TestDecideAgreesWithAPlainReadingOfTheRule(t *testing.T) {
	t.Parallel()
	seen := map[string]int{}
	for seed := range uint64(6000) {
		c := randomCase(t, dice{rand.New(rand.NewPCG(seed, 1))})
		o := oracle{Case: c}
		got, want := decideCase(c), o.plan()
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("seed %d\n got %v\nwant %v\n%s", seed, got, want, show(t, c))
		}
		seen[got.Reason]++
	}
	for _, reason := range []string{
		"due", "hours", "interval", "network", "day_cap", "rolling_cap", "done", "refused", "bad_data", "do_not_call",
		"max_attempts", "max_days", "expired", "no_callable_time",
	} {
		if seen[reason] == 0 {
			t.Errorf("no random case is answered %s: the cases do not try it", reason)
		}
	}
}
