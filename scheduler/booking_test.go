package scheduler_test

import (
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"redial/campaign"
	"redial/scheduler"
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	loc, err := scheduler.LoadZone(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

func TestWallTimesInGapsAndOverlaps(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ local, zone, want string }{
		{"2026-03-08T01:59:59", "America/New_York", "2026-03-08T06:59:59Z"},
		{"2026-03-08T02:30", "America/New_York", "2026-03-08T07:00:00Z"}, // leapt over: the first instant after
		{"2026-03-08T03:00", "America/New_York", "2026-03-08T07:00:00Z"},
		{"2026-11-01T01:30", "America/New_York", "2026-11-01T05:30:00Z"}, // twice: the first
		{"2026-04-05T01:45", "Australia/Lord_Howe", "2026-04-04T14:45:00Z"},
		{"2026-10-04T02:10", "Australia/Lord_Howe", "2026-10-03T15:30:00Z"}, // half an hour leapt over
		{"2011-12-30T12:00", "Pacific/Apia", "2011-12-30T10:00:00Z"},        // a day leapt over
		{"2026-06-01T00:00", "Asia/Kathmandu", "2026-05-31T18:15:00Z"},
		{"2150-06-01T12:00", "Europe/Berlin", "2150-06-01T10:00:00Z"}, // beyond the table
	} {
		at, err := scheduler.WallTime(c.local, zone(t, c.zone))
		if got := at.Format(time.RFC3339); err != nil || got != c.want {
			t.Errorf("%s in %s: %s, %v, want %s", c.local, c.zone, got, err, c.want)
		}
	}
	for _, bad := range []string{"", "2026-03-08", "2026-03-08 02:30", "2026-3-8T02:30", "2026-02-30T10:00", "2026-03-08T2:30", "2026-03-08T02:30:00.5", "2026-03-08T24:00", "2026-03-08T02:30Z"} {
		if at, err := scheduler.WallTime(bad, time.UTC); campaign.KindOf(err) != campaign.KindInvalid {
			t.Errorf("%q is %v, %v", bad, at, err)
		}
	}
}

// Every wall time comes back from its instant, or lies in a gap that the instant ends.
func TestWallTimeIsTheFirstInstantThatShowsIt(t *testing.T) {
	t.Parallel()
	d := dice{rand.New(rand.NewPCG(9, 9))}
	for range 4000 {
		day, err := time.Parse(time.DateOnly, pick(d, hardDays))
		if err != nil {
			t.Fatal(err)
		}
		loc := zone(t, pick(d, hardZones))
		wall := day.Add(time.Duration(d.IntN(72*60)) * time.Minute)
		local := wall.Format("2006-01-02T15:04")
		at, err := scheduler.WallTime(local, loc)
		if err != nil {
			t.Fatal(err)
		}
		want := walk(wall.Add(-30*time.Hour).Truncate(quarter), wall.Add(48*time.Hour), func(n time.Time) bool {
			return n.In(loc).Format("2006-01-02T15:04") >= wall.Truncate(quarter).Format("2006-01-02T15:04")
		})
		if shown := want.In(loc).Format("2006-01-02T15:04"); shown == wall.Truncate(quarter).Format("2006-01-02T15:04") {
			want = want.Add(wall.Sub(wall.Truncate(quarter)))
		}
		if !at.Equal(want) {
			t.Fatalf("%s in %v: %v, want %v", local, loc, at, want)
		}
	}
}

func TestABookingIsJudgedWhenItIsMade(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 2, 2, 0, 0, 0, time.UTC) // 10:00
	r := campaign.DefaultRules()
	lead := scheduler.Lead{Zones: []*time.Location{zone(t, "Asia/Shanghai")}}
	lead.Settle(&scheduler.Terms{Rules: &r})
	for _, c := range []struct {
		booking campaign.Booking
		reason  string
	}{
		{campaign.Booking{Local: "2026-03-02T15:00"}, ""},
		{campaign.Booking{Local: "2026-03-02T15:00", Zone: "Asia/Tokyo"}, ""},
		{campaign.Booking{Local: "2026-03-02T10:00"}, campaign.ReasonBookingInPast},
		{campaign.Booking{Local: "2026-03-02T10:00", Insisted: true}, campaign.ReasonBookingInPast},
		{campaign.Booking{Local: "2026-03-02T21:00"}, campaign.ReasonBookingOutside},
		{campaign.Booking{Local: "2026-03-02T21:00", Zone: "Asia/Tokyo"}, ""},
		{campaign.Booking{Local: "2026-03-02T21:00", Insisted: true}, ""},
		{campaign.Booking{Local: "at nine"}, scheduler.ReasonBookingMalformed},
		{campaign.Booking{Local: "2026-03-02T15:00", Zone: "Local"}, scheduler.ReasonBookingMalformed},
	} {
		at, plan := scheduler.JudgeBooking(&scheduler.Question{Rules: &r, Lead: lead, Now: now}, c.booking)
		if plan.Reason != c.reason || (plan.Verdict == campaign.VerdictInvalid) != (c.reason != "") {
			t.Errorf("%+v: %v, want %q", c.booking, plan, c.reason)
		}
		if at.IsZero() != (c.reason == scheduler.ReasonBookingMalformed) {
			t.Errorf("%+v: at %v", c.booking, at)
		}
	}
	if _, err := scheduler.BookingTime(scheduler.Lead{}, campaign.Booking{Local: "2026-03-02T15:00"}); err == nil || err.Error()[:5] != "zone:" {
		t.Errorf("no zone anywhere: %v", err)
	}
}

func TestARefusedBookingTellsProgramsWhyAndWhatIsNearest(t *testing.T) {
	t.Parallel()
	c := campaign.Campaign{Rules: campaign.DefaultRules(), Floor: campaign.DefaultFloor()}
	f := &campaign.Facts{
		Campaign: &c, Lead: &campaign.Lead{Zones: []string{"Asia/Shanghai"}},
		Now: time.Date(2026, 3, 2, 2, 0, 0, 0, time.UTC), // 10:00
	}
	for _, want := range []struct {
		booking               campaign.Booking
		reason, before, after string
	}{
		{campaign.Booking{Local: "2026-03-02T10:00"}, campaign.ReasonBookingInPast, "", ""},
		{campaign.Booking{Local: "2026-03-02T22:30"}, campaign.ReasonBookingOutside, "2026-03-02T20:59", "2026-03-03T09:00"},
		{campaign.Booking{Local: "2026-03-02T23:30", Zone: "Asia/Tokyo"}, campaign.ReasonBookingOutside, "2026-03-02T21:59", "2026-03-03T10:00"},
	} {
		_, _, err := new(scheduler.Rulebook).Book(f, want.booking)
		e, ok := errors.AsType[*campaign.Error](err)
		if !ok || e.Kind != campaign.KindInvalid || e.Reason != want.reason || e.Meta["before"] != want.before || e.Meta["after"] != want.after {
			t.Errorf("%+v: %+v, want %+v", want.booking, err, want)
			continue
		}
		if len(e.Violations) != 1 || e.Violations[0].Field != "booking.local" || !strings.Contains(err.Error(), want.after) {
			t.Errorf("%+v: %v", want.booking, err)
		}
		_, _, err = new(scheduler.Rulebook).Book(f, campaign.Booking{Local: e.Meta["after"], Zone: want.booking.Zone})
		if want.after != "" && err != nil {
			t.Errorf("the time that was offered is refused: %v", err)
		}
	}
}

func TestTheNearestCallableTimesAreCallable(t *testing.T) {
	t.Parallel()
	r := campaign.DefaultRules()
	shanghai := scheduler.Lead{Zones: []*time.Location{zone(t, "Asia/Shanghai")}}
	shanghai.Settle(&scheduler.Terms{Rules: &r})
	night := time.Date(2026, 3, 2, 14, 30, 0, 0, time.UTC) // 22:30
	before, after := scheduler.NearestCallable(&scheduler.Question{Rules: &r, Lead: shanghai, Now: night.AddDate(0, 0, -1)}, night, false)
	if before.Format(time.RFC3339) != "2026-03-02T12:59:00Z" || after.Format(time.RFC3339) != "2026-03-03T01:00:00Z" {
		t.Errorf("%v and %v", before, after)
	}
	for seed := range uint64(800) {
		d := dice{rand.New(rand.NewPCG(seed, 6))}
		c := randomCase(t, d)
		o := oracle{Case: c}
		at := c.Now.Add(time.Duration(d.IntN(48)) * time.Hour).Truncate(time.Minute)
		q := c.Question()
		q.Now = at.AddDate(0, 0, -100)
		before, after := scheduler.NearestCallable(&q, at, false)
		if want := walk(at, at.Add(400*24*time.Hour), o.callable); !after.Equal(want) {
			t.Fatalf("seed %d: after %v is %v, want %v\n%s", seed, at, after, want, show(t, c))
		}
		want, back := at, 0
		for ; back < 4000 && !o.callable(want); back++ {
			want = want.Add(-time.Nanosecond).Truncate(quarter) // the last instant of a quarter is as callable as its first
		}
		if back > 0 {
			want = want.Add(quarter - time.Minute)
		}
		if back < 4000 && !before.Equal(want) {
			t.Fatalf("seed %d: before %v is %v, want %v\n%s", seed, at, before, want, show(t, c))
		}
	}
}

func TestAGraceEndsAtClosingTimeUnlessTheCustomerInsisted(t *testing.T) {
	t.Parallel()
	r, floor := campaign.DefaultRules(), campaign.DefaultFloor()
	shanghai := scheduler.Lead{Zones: []*time.Location{zone(t, "Asia/Shanghai")}}
	shanghai.Settle(&scheduler.Terms{Rules: &r})
	closing := time.Date(2026, 3, 2, 13, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		at       time.Time
		insisted bool
		want     time.Time
	}{
		{closing.Add(-time.Hour), false, closing.Add(-45 * time.Minute)},
		{closing.Add(-15 * time.Minute), false, closing},
		{closing.Add(-5 * time.Minute), false, closing},
		{closing.Add(-5 * time.Minute), true, closing.Add(10 * time.Minute)},
		{closing.Add(time.Hour), true, closing.Add(75 * time.Minute)},
		{closing.Add(time.Hour), false, closing.Add(time.Hour)}, // the hours have changed since: missed at once
	} {
		if got := scheduler.GraceEnd(&scheduler.Question{Rules: &r, Lead: shanghai}, floor, c.at, c.insisted); !got.Equal(c.want) {
			t.Errorf("%v, insisted %v: %v, want %v", c.at, c.insisted, got, c.want)
		}
	}
	always := campaign.DefaultRules()
	always.Hours = []campaign.Window{{Days: [7]bool{true, true, true, true, true, true, true}, Close: 1440}}
	shanghai.Settle(&scheduler.Terms{Rules: &always})
	if got := scheduler.GraceEnd(&scheduler.Question{Rules: &always, Lead: shanghai}, floor, closing, false); !got.Equal(closing.Add(15 * time.Minute)) {
		t.Errorf("open for ever: %v", got)
	}
}
