package sim

import (
	"bytes"
	"encoding/json"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"redial/campaign"
)

func TestSamplesFollowTheTable(t *testing.T) {
	const n = 200_000
	rng := rand.New(rand.NewPCG(1, 1))
	var counts [campaign.NumOutcomes]int
	human := 0
	for range n {
		s := Default().Sample(rng, 18, 0)
		counts[s.Outcome]++
		if s.Outcome.Connect() {
			human++
		}
		check(t, s)
	}
	near(t, "human answers at 18:00", float64(human)/n, 0.36)
	near(t, "refusals among them", float64(counts[campaign.Refused])/float64(human), 0.27)
	near(t, "vacant among the rest", float64(counts[campaign.VacantNumber])/float64(n-human), 0.06)
}

func check(t *testing.T, s Sample) {
	t.Helper()
	if s.Ring <= 0 || s.Ring > 30*time.Second || s.Wrap <= 0 || (s.Talk > 0) != s.Answered() {
		t.Fatalf("impossible call: %+v", s)
	}
}

func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > 0.01 {
		t.Errorf("%s: %.3f, want %.3f", what, got, want)
	}
}

func TestHourAndAttemptMatter(t *testing.T) {
	rate := func(hour, before int, what func(campaign.Outcome) bool) float64 {
		rng, hits := rand.New(rand.NewPCG(2, 2)), 0
		for range 50_000 {
			if what(Default().Sample(rng, hour, before).Outcome) {
				hits++
			}
		}
		return float64(hits) / 50_000
	}
	connect := campaign.Outcome.Connect
	near(t, "humans at 10:00", rate(10, 0, connect), 0.25)
	near(t, "humans at 10:00 on the fifth call", rate(10, 4, connect), 0.25*0.62)
	near(t, "humans long after the table's last attempt", rate(10, 40, connect), 0.25*0.5)
	near(t, "the hour wraps around", rate(34, -1, connect), 0.25)
	near(t, "an hour before midnight", rate(-1, 0, connect), 0.14)
	bad := func(o campaign.Outcome) bool { return o.BadData() && !o.Connect() }
	if first, later := rate(10, 0, bad), rate(10, 3, bad); later > first/5 {
		t.Errorf("bad numbers: %.4f at first, %.4f on the fourth call", first, later)
	}
}

func TestTheSameSeedIsTheSameDay(t *testing.T) {
	a, b := rand.New(rand.NewPCG(3, 3)), rand.New(rand.NewPCG(3, 3))
	for i := range 1000 {
		if x, y := Default().Sample(a, i, i%5), Default().Sample(b, i, i%5); x != y {
			t.Fatalf("call %d: %+v and %+v", i, x, y)
		}
	}
}

func TestABadTableIsRefusedWithItsRow(t *testing.T) {
	for _, c := range []struct{ old, new, field string }{
		{`"ring_time": 30`, `"ring_time": 0`, "ring_time"},
		{`"ring_time": 30`, `"ring": 30`, "table"},
		{`"to": 8, "human": 0.08`, `"to": 7, "human": 0.08`, "hours[1]"},
		{`"human": 0.36`, `"human": 1.36`, "hours[5].human"},
		{`"from": 21, "to": 24`, `"from": 21, "to": 23`, "hours"},
		{`"bad": 0.15`, `"bad": -1`, "attempts[1]"},
		{`"SUCCESS", "share": 0.24`, `"SUCCESS", "share": 0.25`, "human"},
		{`"BUSY", "share": 0.1`, `"REFUSED", "share": 0.1`, "otherwise[1].outcome"},
		{`"BUSY", "share": 0.1`, `"NONSENSE", "share": 0.1`, "table"},
		{`"outcome": "BUSY", "share"`, `"share"`, "otherwise[1].outcome"},
		{`"outcome": "FAX", "ring"`, `"ring"`, "times[13].outcome"},
		{`"why": "travelling to work"`, `"why": ""`, "hours[1].why"},
		{`"ring": [4, 0.4, 1, 20]`, `"ring": [4, 0.4, 5, 20]`, "times[8].ring"},
		{`{"outcome": "FAX", "ring"`, `{"outcome": "BUSY", "ring"`, "times[13].outcome"},
		{`"talk": [4, 0.3, 2, 15]`, `"talk": [0, 0, 0, 0]`, "times[13].talk"},
	} {
		if !bytes.Contains(defaultJSON, []byte(c.old)) {
			t.Fatalf("default.json has no %s", c.old)
		}
		_, err := Load(strings.NewReader(strings.Replace(string(defaultJSON), c.old, c.new, 1)))
		if campaign.KindOf(err) != campaign.KindInvalid || !strings.HasPrefix(err.Error(), c.field+": ") {
			t.Errorf("%s: %v, want an error about %s", c.new, err, c.field)
		}
	}
	if _, err := Load(strings.NewReader(string(defaultJSON) + "{}")); err == nil {
		t.Error("two tables in one file were taken")
	}
	if !json.Valid(defaultJSON) {
		t.Error("default.json is no JSON")
	}
}

func BenchmarkSample(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 1))
	b.ReportAllocs()
	for b.Loop() {
		Default().Sample(rng, 10, 1)
	}
}
