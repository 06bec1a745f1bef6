package campaign

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"
)

// nineToSeven is a workload that can be reckoned by hand: 10,000 leads, 3 attempts each, 10 open hours, 5 days.
func nineToSeven() Workload {
	w := Workload{
		Leads: 10_000, AttemptsPerLead: 3, ConnectRate: 0.25, Talk: 180 * time.Second, Ring: 20 * time.Second, WrapUp: 30 * time.Second,
		Shift: 8 * time.Hour, Shrinkage: 0.25, Occupancy: 0.8, TargetDays: 5, DaysPerWeek: 5,
	}
	w.Open, _ = OpenShare([]Window{{Days: [7]bool{1: true, 2: true, 3: true, 4: true, 5: true}, Open: 9 * 60, Close: 19 * 60}})
	return w
}

func TestStaffIsWhatPaperAndPencilSay(t *testing.T) {
	s, err := Staff(nineToSeven())
	if err != nil {
		t.Fatal(err)
	}
	// 0.25*180 + 0.75*20 + 30 = 90 s; 30,000 attempts = 750 h; 6,000 a day = 600 an hour = 15 h of work an hour;
	// 15 / 0.8 = 18.75, 19 seats; 190 h a day / (8 h * 0.75) = 31.67, 32 people.
	if s.Attempts != 30_000 || s.Handling != 90*time.Second || math.Abs(s.WorkHours-750) > 1e-6 {
		t.Errorf("attempts %v, handling %v, work %v h", s.Attempts, s.Handling, s.WorkHours)
	}
	if s.Seats != 19 || s.People != 32 || len(s.Hours) != 10 {
		t.Errorf("seats %d, people %d, %d hours", s.Seats, s.People, len(s.Hours))
	}
	for _, h := range s.Hours {
		if math.Abs(h.Attempts-600) > 1e-6 || math.Abs(h.Load-15) > 1e-6 || h.Seats != 19 {
			t.Errorf("hour %+v", h)
		}
	}
	for _, part := range []string{"= 30000", "= 90.0 s", "750.0 h", "= 32"} {
		if !strings.Contains(strings.Join(s.Formula, "\n"), part) {
			t.Errorf("the formula does not show %q:\n%s", part, strings.Join(s.Formula, "\n"))
		}
	}
}

func TestStaffOfSevenDaysNeedsPeopleForDaysOff(t *testing.T) {
	w := nineToSeven()
	w.DaysPerWeek = 7
	if s, err := Staff(w); err != nil || s.People != 45 { // 31.67 * 1.4 = 44.3
		t.Errorf("%d people, %v", s.People, err)
	}
}

// The figures are of the printed Erlang C tables: 10 erlangs, 180 s, 80 % in 20 s want 14 agents; 1 erlang wants 3.
func TestErlangSeatsAgreeWithTheTables(t *testing.T) {
	for _, c := range []struct {
		load float64
		want int
	}{{0, 0}, {1, 3}, {10, 14}, {100, 107}} {
		if got := erlangSeats(c.load, 180*time.Second); got != c.want {
			t.Errorf("%v erlangs: %d seats, want %d", c.load, got, c.want)
		}
	}
}

func TestStaffKeepsSeatsForInboundCalls(t *testing.T) {
	w := nineToSeven()
	w.Leads, w.InboundPerHour, w.InboundHandling, w.Occupancy = 0, 200, 180*time.Second, 1
	s, err := Staff(w)
	if err != nil || s.Seats != 14 {
		t.Errorf("%d seats, %v", s.Seats, err)
	}
}

func TestStaffNamesWhatIsWrong(t *testing.T) {
	w := nineToSeven()
	w.Leads, w.ConnectRate, w.Shrinkage, w.Occupancy, w.TargetDays, w.Shift = -1, 1.2, 1, 0, math.NaN(), 0
	w.Open = [24]float64{}
	_, err := Staff(w)
	e, ok := errors.AsType[*Error](err)
	if !ok || e.Kind != KindInvalid {
		t.Fatal(err)
	}
	var named []string
	for _, v := range e.Violations {
		named = append(named, v.Field)
	}
	for _, field := range []string{"leads", "connect_rate", "shrinkage", "occupancy", "target_days", "shift", "hours"} {
		if !slices.Contains(named, field) {
			t.Errorf("%v does not name %s", named, field)
		}
	}
}

func TestOpenShareAveragesOverTheDaysThatAreOpen(t *testing.T) {
	share, days := OpenShare([]Window{
		{Days: [7]bool{1: true, 2: true}, Open: 9 * 60, Close: 12 * 60},
		{Days: [7]bool{1: true}, Open: 11*60 + 30, Close: 13 * 60},
	})
	if days != 2 || share[8] != 0 || share[9] != 1 || share[11] != 1 || share[12] != 0.5 {
		t.Errorf("%v days, %v", days, share)
	}
	if slices.Max(share[:]) > 1 {
		t.Error("an overlap counted twice")
	}
}
