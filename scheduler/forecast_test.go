package scheduler

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

var nine = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

func openFor(d time.Duration) []Stretch { return []Stretch{{nine, nine.Add(d)}} }

func about(t *testing.T, what string, got, want time.Time, slack time.Duration) {
	t.Helper()
	if got.IsZero() != want.IsZero() || got.Sub(want).Abs() > slack {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func TestForecastOfOneStockIsStockOverRate(t *testing.T) {
	all, each := Forecast([]Stock{{Zones: "Asia/Shanghai", Now: 100, Open: openFor(12 * time.Hour)}}, Drain{PerHour: 200, Spread: 0.2}, nine, 12*time.Hour)
	about(t, "dry", all.Dry, nine.Add(30*time.Minute), time.Minute)
	about(t, "early", all.Early, nine.Add(1433*time.Second), time.Minute)
	about(t, "late", all.Late, nine.Add(2419*time.Second), time.Minute)
	about(t, "the stock's", each[0].Dry, all.Dry, 0)
	if all.Callable != 100 || !all.More.IsZero() {
		t.Errorf("%+v", all)
	}
}

func TestForecastKnowsWhatComes(t *testing.T) {
	n, _ := ForecastSteps(6 * time.Hour)
	later := make([]int64, n)
	later[24] = 60 // at 11:00
	all, _ := Forecast([]Stock{{Now: 100, Later: later, Open: openFor(6 * time.Hour)}}, Drain{PerHour: 100}, nine, 6*time.Hour)
	about(t, "dry", all.Dry, nine.Add(time.Hour), time.Minute)
	about(t, "more", all.More, nine.Add(2*time.Hour), time.Minute)
	if all.Coming != 60 {
		t.Errorf("coming %d", all.Coming)
	}
}

func TestForecastCountsRetries(t *testing.T) {
	d := Drain{PerHour: 100, Back: 1, After: time.Hour}
	if all, _ := Forecast([]Stock{{Now: 150, Open: openFor(12 * time.Hour)}}, d, nine, 12*time.Hour); !all.Dry.IsZero() {
		t.Errorf("every lead comes back in time, yet it runs dry at %v", all.Dry)
	}
	d.Back = 0.5
	all, _ := Forecast([]Stock{{Now: 150, Open: openFor(12 * time.Hour)}}, d, nine, 12*time.Hour)
	about(t, "dry", all.Dry, nine.Add(2*time.Hour), 6*time.Minute) // 100 in the first hour, 50 of them back: 100 in the second
}

func TestForecastClosedHoursAreNoRunningDry(t *testing.T) {
	shut := Stock{Zones: "b", Now: 50, Open: []Stretch{{nine.Add(3 * time.Hour), nine.Add(4 * time.Hour)}}}
	all, each := Forecast([]Stock{{Zones: "a", Now: 50, Open: openFor(2 * time.Hour)}, shut}, Drain{PerHour: 50}, nine, 8*time.Hour)
	about(t, "all dry", all.Dry, nine.Add(time.Hour), time.Minute)
	about(t, "more", all.More, nine.Add(3*time.Hour), time.Minute)
	if all.Callable != 50 {
		t.Errorf("callable %d: closed leads count", all.Callable)
	}
	if each[0].Zones != "a" || each[1].Zones != "b" {
		t.Errorf("order %s, %s", each[0].Zones, each[1].Zones)
	}
	about(t, "b dry", each[1].Dry, nine.Add(4*time.Hour), time.Minute)
	all, _ = Forecast([]Stock{{Now: 5000, Open: openFor(2 * time.Hour)}}, Drain{PerHour: 50}, nine, 8*time.Hour)
	about(t, "closed before it is dry", all.Dry, time.Time{}, 0)
}

func TestForecastOfAnEmptyStockBesideAFullOne(t *testing.T) {
	n, _ := ForecastSteps(4 * time.Hour)
	later := make([]int64, n)
	later[12] = 10 // at 10:00
	_, each := Forecast([]Stock{{Zones: "full", Now: 500, Open: openFor(4 * time.Hour)}, {Zones: "empty", Later: later, Open: openFor(4 * time.Hour)}},
		Drain{PerHour: 100}, nine, 4*time.Hour)
	if each[0].Zones != "empty" || each[1].Zones != "full" {
		t.Fatalf("%s runs dry first", each[0].Zones)
	}
	about(t, "empty is dry", each[0].Dry, nine, 0)
	about(t, "and has more", each[0].More, nine.Add(time.Hour), 0)
	about(t, "full is dry", each[1].Dry, time.Time{}, 0)
}

func TestForecastCallableIsWhatMayBeCalledNow(t *testing.T) {
	soon := Stock{Now: 7, Later: []int64{5}, Open: []Stretch{{nine.Add(3 * time.Minute), nine.Add(time.Hour)}}}
	open := Stock{Now: 2, Later: []int64{5}, Open: openFor(time.Hour)}
	if all, _ := Forecast([]Stock{soon, open}, Drain{PerHour: 1}, nine, time.Hour); all.Callable != 2 || all.Coming != 10 {
		t.Errorf("callable %d, coming %d: of leads that open or come due within the first minutes none is callable now", all.Callable, all.Coming)
	}
}

func TestForecastOfLeadsThatComeBackAtOnce(t *testing.T) {
	d := Drain{PerHour: 100, Back: 1}
	if all, _ := Forecast([]Stock{{Now: 50, Open: openFor(4 * time.Hour)}}, d, nine, 4*time.Hour); !all.Dry.IsZero() {
		t.Errorf("every lead comes back at once, yet it runs dry at %v", all.Dry)
	}
}

func TestForecastWithoutAgentsNeverRunsDry(t *testing.T) {
	if all, _ := Forecast([]Stock{{Now: 5, Open: openFor(time.Hour)}}, Drain{}, nine, 8*time.Hour); !all.Dry.IsZero() {
		t.Errorf("dry at %v", all.Dry)
	}
}

// The band is held against many days drawn at random: calls come as they please at a rate that differs from day to
// day by the spread; eight days in ten must run dry inside the band.
func TestForecastBandHoldsEightDaysInTen(t *testing.T) {
	d := Drain{PerHour: 300, Spread: 0.2}
	all, _ := Forecast([]Stock{{Now: 900, Open: openFor(24 * time.Hour)}}, d, nine, 24*time.Hour)
	rnd := rand.New(rand.NewPCG(1, 2))
	const days = 4000
	inside := 0
	for range days {
		rate := d.PerHour * max(1+d.Spread*rnd.NormFloat64(), 0.05)
		hours := 0.0
		for range 900 {
			hours += rnd.ExpFloat64() / rate
		}
		if at := nine.Add(time.Duration(hours * float64(time.Hour))); !at.Before(all.Early) && !at.After(all.Late) {
			inside++
		}
	}
	if share := float64(inside) / days; math.Abs(share-0.8) > 0.04 {
		t.Errorf("%.1f %% of the days ran dry between %v and %v", share*100, all.Early, all.Late)
	}
}
