package scheduler

import (
	"math/rand/v2"
	"testing"
	"time"

	"redial/campaign"
)

var oddZones = []string{
	"Asia/Shanghai", "America/New_York", "America/Sao_Paulo", "Africa/Casablanca", "Antarctica/Troll",
	"Australia/Lord_Howe", "Pacific/Apia", "Pacific/Chatham", "Asia/Kathmandu", "America/Havana", "Africa/Cairo",
	"Atlantic/Azores", "America/St_Johns", "Europe/Dublin", "America/Nuuk", "Asia/Gaza", "UTC", "Etc/GMT+12",
}

func TestOffsetsAreThoseOfTheZoneDatabase(t *testing.T) {
	t.Parallel()
	const seed = 7
	r := rand.New(rand.NewPCG(seed, 0))
	for _, name := range oddZones {
		loc, err := LoadZone(name)
		if err != nil {
			t.Fatal(err)
		}
		z := zoneOf(loc)
		check := func(at int64) {
			s := z.at(at)
			if at < s.start || at >= s.end {
				t.Fatalf("%s: the stretch [%d, %d) does not hold %d", name, s.start, s.end, at)
			}
			if want := offsetAt(loc, at); s.offset != want {
				t.Fatalf("%s at %v: offset %d, want %d (seed %d)", name, instant(at), s.offset, want, seed)
			}
		}
		for range 3000 {
			check(int64(tableFrom) - 20*366*86400 + r.Int64N(120*366*86400))
		}
		for _, s := range z.stretches { // both sides of every change
			check(s.start)
			check(s.end - 1)
			check(s.end)
		}
		for _, year := range []int{2024, 2028, 2060, 2064, 1996} { // the last day of leap years, inside the table and out
			for h := range 30 {
				check(time.Date(year, 12, 31, h, 0, 0, 0, time.UTC).Unix() - 3*3600)
			}
		}
	}
}

func TestMachineZonesAndUnknownOnesAreRefused(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"", "Local", "localtime", "Mars/Olympus", "../etc/passwd"} {
		_, err := LoadZones([]string{"UTC", name})
		if campaign.KindOf(err) != campaign.KindInvalid || err.Error()[:4] != "[1]:" {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestAZoneIsLoadedOnce(t *testing.T) {
	t.Parallel()
	a, errA := LoadZone("Asia/Tokyo")
	b, errB := LoadZone("Asia/Tokyo")
	if a != b || errA != nil || errB != nil {
		t.Errorf("%p and %p, %v, %v", a, b, errA, errB)
	}
}

func TestLocationsWithoutATableAreAskedThemselves(t *testing.T) {
	t.Parallel()
	loc, err := LoadZone("Australia/Lord_Howe")
	if err != nil {
		t.Fatal(err)
	}
	asked, table := askZone(loc), zoneOf(loc)
	for at := time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC).Unix(); at < time.Date(2026, 4, 9, 0, 0, 0, 0, time.UTC).Unix(); at += 1800 {
		if asked.later(at) != table.later(at) || asked.day(at) != table.day(at) {
			t.Fatalf("at %v: later %v and %v", instant(at), instant(asked.later(at)), instant(table.later(at)))
		}
	}
}

func TestALaterDateIsNotAnEarlierOne(t *testing.T) {
	t.Parallel()
	loc, err := LoadZone("America/St_Johns") // until 2011 its clocks fell back at 00:01, into the day before
	if err != nil {
		t.Fatal(err)
	}
	midnight := time.Date(2010, 11, 7, 2, 30, 0, 0, time.UTC).Unix() // 00:00 on the 7th, for a minute
	z := zoneOf(loc)
	if got, want := z.later(midnight), time.Date(2010, 11, 8, 3, 30, 0, 0, time.UTC); !instant(got).Equal(want) {
		t.Errorf("after the 7th begins for the first time: %v, want %v", instant(got), want)
	}
	if got := z.later(midnight + 60); got != midnight+60+59*60 {
		t.Errorf("back on the 6th: %v", instant(got))
	}
}
