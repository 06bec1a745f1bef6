package scheduler_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"redial/campaign"
	"redial/scheduler"
)

func regimeOf(r *campaign.Rules, zones ...*time.Location) *scheduler.Regime {
	return scheduler.NewRegime(&scheduler.Terms{Rules: r}, zones, nil)
}

func TestHoursAgreeWithTheClockOnTheWall(t *testing.T) {
	t.Parallel()
	for seed := range uint64(1500) {
		d := dice{rand.New(rand.NewPCG(seed, 8))}
		c := randomCase(t, d)
		o := oracle{Case: c}
		at, regime := c.Now, regimeOf(&c.Rules, c.Lead.Zones...)
		limit := at.Add(400 * 24 * time.Hour)
		next := walk(at, limit, o.callable)
		if got := regime.Next(at); !got.Equal(next) {
			t.Fatalf("seed %d: next callable %v, want %v\n%s", seed, got, next, show(t, c))
		}
		closes := walk(at, limit, func(n time.Time) bool { return !o.callable(n) })
		if got := regime.Until(at); !got.Equal(closes) {
			t.Fatalf("seed %d: callable until %v, want %v\n%s", seed, got, closes, show(t, c))
		}
		open, until := regime.Open(at, false)
		want := next
		if o.callable(at) {
			want = closes
		}
		if open != o.callable(at) || !until.Equal(want) {
			t.Fatalf("seed %d: open %v until %v, want %v until %v\n%s", seed, open, until, o.callable(at), want, show(t, c))
		}
	}
}

func TestAGroupOpensAndClosesWithinASecond(t *testing.T) {
	t.Parallel()
	r := campaign.DefaultRules()
	zones := []*time.Location{zone(t, "Asia/Shanghai")}
	opening := time.Date(2026, 3, 2, 1, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		now   time.Time
		open  bool
		until time.Time
	}{
		{opening.Add(-time.Nanosecond), false, opening},
		{opening, true, opening.Add(12 * time.Hour)},
		{opening.Add(12*time.Hour - time.Nanosecond), true, opening.Add(12 * time.Hour)},
		{opening.Add(12 * time.Hour), false, opening.Add(24 * time.Hour)},
	} {
		if open, until := regimeOf(&r, zones...).Open(c.now, false); open != c.open || !until.Equal(c.until) {
			t.Errorf("%v: %v until %v, want %v until %v", c.now, open, until, c.open, c.until)
		}
	}
	if open, until := regimeOf(&r).Open(opening, false); open || !until.IsZero() {
		t.Errorf("without zones: %v until %v", open, until)
	}
}

func TestWindowsThatTouchMidnightAreOne(t *testing.T) {
	t.Parallel()
	week := [7]bool{true, true, true, true, true, true, true}
	r := campaign.DefaultRules()
	r.Hours = []campaign.Window{{Days: week, Open: 22 * 60, Close: 1440}, {Days: week, Open: 0, Close: 90}, {Days: week, Open: 60, Close: 120}}
	at := time.Date(2026, 3, 2, 23, 0, 0, 0, time.UTC)
	if got := regimeOf(&r, time.UTC).Until(at); !got.Equal(at.Add(3 * time.Hour)) {
		t.Errorf("until %v, want 02:00", got)
	}
}
