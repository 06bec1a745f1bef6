package campaign

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func TestADayBeginsAtItsFirstInstant(t *testing.T) {
	for _, c := range []struct{ day, zone, want string }{
		{"2026-03-02", "Asia/Shanghai", "2026-03-01T16:00:00Z"},
		{"2026-03-08", "America/New_York", "2026-03-08T05:00:00Z"}, // the clock goes forward at 2
		{"2026-03-09", "America/New_York", "2026-03-09T04:00:00Z"},
		{"2026-09-06", "America/Santiago", "2026-09-06T04:00:00Z"}, // midnight is in the gap: the day begins at 1
		{"2026-11-01", "America/Havana", "2026-11-01T04:00:00Z"},   // 0 to 1 occurs twice: the first
		{"2011-12-30", "Pacific/Apia", "2011-12-30T10:00:00Z"},     // a day that never was: the next one
		{"2026-01-01", "UTC", "2026-01-01T00:00:00Z"},
	} {
		loc, err := time.LoadLocation(c.zone)
		if err != nil {
			t.Fatal(err)
		}
		d, err := ParseDate(c.day)
		if err != nil {
			t.Fatal(err)
		}
		if got := d.Start(loc).Format(time.RFC3339); got != c.want {
			t.Errorf("%s in %s begins at %s, want %s", c.day, c.zone, got, c.want)
		}
	}
}

func randomCounts(r *rand.Rand) *Counts {
	c := new(Counts)
	c.Leads = r.Int64N(100)
	c.Tried = r.Int64N(c.Leads + 1)
	c.Withdrawn = r.Int64N(c.Leads - c.Tried + 1)
	for o := range NumOutcomes {
		c.Call(Outcome(o), r.Int64N(20))
	}
	for _, s := range AgentStates {
		c.Spend(s, time.Duration(r.Int64N(int64(time.Hour))))
	}
	for range r.IntN(50) {
		d := time.Duration(r.Int64N(int64(10 * time.Minute)))
		for _, sp := range []*Spread{&c.Talk, &c.Wrap, &c.Handling} {
			sp.Put(int64(d/time.Second), 1)
			sp.PutSum(d)
		}
	}
	for _, s := range []AppointmentState{AppointmentOpen, AppointmentKept, AppointmentMissed, AppointmentRescheduled, AppointmentCancelled} {
		c.Book(s, r.Int64N(9))
	}
	return c
}

func figure(t *testing.T, c *Counts, name string) Figure {
	t.Helper()
	for _, f := range c.Figures() {
		if f.Name == name {
			return f
		}
	}
	t.Fatalf("no figure %q", name)
	return Figure{}
}

func TestI9PartsSumToTheWhole(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 1))
	var whole Counts
	sums := map[string]float64{}
	for range 20 {
		part := randomCounts(r)
		whole.Add(part)
		for _, f := range part.Figures() {
			sums[f.Name] += f.Numerator
		}
	}
	for _, f := range whole.Figures() {
		if d := f.Numerator - sums[f.Name]; d > 1e-6 || d < -1e-6 {
			t.Errorf("seed %d: %s of the whole counts %v, its parts %v", seed, f.Name, f.Numerator, sums[f.Name])
		}
	}
	var outcomes float64
	for _, o := range Outcomes() {
		outcomes += figure(t, &whole, "outcome_"+o.String()).Value
	}
	outcomes += float64(whole.Outcomes[NoOutcome])
	if got := figure(t, &whole, "attempts").Value; got != outcomes {
		t.Errorf("seed %d: %v attempts and %v outcomes", seed, got, outcomes)
	}
	leads := figure(t, &whole, "tried").Value + figure(t, &whole, "untried").Value + figure(t, &whole, "withdrawn_untried").Value
	if got := figure(t, &whole, "leads").Value; got != leads {
		t.Errorf("seed %d: %v leads and %v tried, untried or withdrawn", seed, got, leads)
	}
}

func TestPercentilesAreThoseOfTheSortedDurations(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 2))
	for range 200 {
		var s Spread
		var all []int64
		for range 1 + r.IntN(40) {
			sec := r.Int64N(60)
			all = append(all, sec)
			s.Put(sec, 1)
		}
		slices.Sort(all)
		for _, p := range []int64{1, 50, 90, 100} {
			rank := (int64(len(all))*p + 99) / 100
			if got, ok := s.Percentile(p); !ok || got != float64(all[rank-1]) {
				t.Fatalf("seed %d: percentile %d of %v is %v, want %d", seed, p, all, got, all[rank-1])
			}
		}
	}
}

func TestEveryFigureSaysHowItIsMade(t *testing.T) {
	seen := map[string]bool{}
	figures := new(Counts).Figures()
	for i, d := range ReportDefinitions() {
		if d.Name == "" || d.Label == "" || d.Unit == "" || d.Formula == "" || d.Source == "" {
			t.Errorf("%q leaves something unsaid: %+v", d.Name, d)
		}
		if d.Unit == UnitRatio && d.Denominator == "" {
			t.Errorf("%s is a ratio without a denominator", d.Name)
		}
		if seen[d.Name] || figures[i].Name != d.Name {
			t.Errorf("%s is there twice, or computes %s", d.Name, figures[i].Name)
		}
		seen[d.Name] = true
		if d.Unit == UnitRatio && figures[i].Known {
			t.Errorf("%s of nothing has a value", d.Name)
		}
	}
}

func TestI12CampaignFaultsNameTheirFields(t *testing.T) {
	c := Campaign{Name: "", Zone: "Local", Region: "XX", Rules: DefaultRules(), Floor: DefaultFloor(), Skills: []string{""},
		Codes: []OutcomeCode{{Code: "SUCCESS", Outcome: Refused}, {Code: "A"}}}
	c.Rules.MaxPerDay = -1
	err := c.Validate()
	want := []string{"name", "zone", "region", "skills[0]", "codes[0].code", "codes[1].outcome", "rules.max_per_day"}
	var got []string
	for _, v := range err.(*Error).Violations { //nolint:errorlint // made here
		got = append(got, v.Field)
	}
	if !slices.Equal(got, want) {
		t.Errorf("faults in %v, want %v", got, want)
	}
}
