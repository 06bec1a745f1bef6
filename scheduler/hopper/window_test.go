package hopper_test

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"redial/campaign"
	"redial/scheduler/hopper"
)

// run is leads first..last, scored in that order.
func run(first, last int) []hopper.Entry {
	var out []hopper.Entry
	for i := first; i <= last; i++ {
		out = append(out, hopper.Entry{Lead: campaign.LeadID(i), Score: float64(i)})
	}
	return out
}

func leads(ids ...campaign.LeadID) []campaign.LeadID { return ids }

func fill(t *testing.T, w *hopper.Window, id campaign.CampaignID, f hopper.Filling) int {
	t.Helper()
	m, err := w.Mark(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	f.Generation = m.Generation
	tried, fresh, err := w.Fill(t.Context(), id, f)
	if err != nil {
		t.Fatal(err)
	}
	return tried.Added + fresh.Added
}

func take(t *testing.T, w *hopper.Window, id campaign.CampaignID, n, fresh int) []campaign.LeadID {
	t.Helper()
	got, err := w.Take(t.Context(), id, n, fresh)
	if err != nil {
		t.Fatal(err)
	}
	return got.Leads
}

func wantLeads(t *testing.T, what string, got, want []campaign.LeadID) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func wantLen(t *testing.T, w *hopper.Window, id campaign.CampaignID, lane hopper.Lane, want int) {
	t.Helper()
	got, err := w.Len(t.Context(), id, lane)
	if err != nil {
		t.Fatal(err)
	}
	if got != want {
		t.Errorf("%s lane: got %d leads, want %d", lane, got, want)
	}
}

func TestTakesInOrderTriedBeforeFreshButTheShareFirst(t *testing.T) {
	onEach(t, func(t *testing.T, client redis.UniversalClient) {
		w := newWindow(t, client, hopper.Options{})
		tried := run(1, 6)
		slices.Reverse(tried)
		fill(t, w, 42, hopper.Filling{Tried: tried, Fresh: run(101, 104)})
		fill(t, w, 43, hopper.Filling{Fresh: run(900, 901)})
		wantLeads(t, "no share", take(t, w, 42, 2, 0), leads(1, 2))
		wantLeads(t, "a share of one", take(t, w, 42, 3, 1), leads(101, 3, 4))
		wantLeads(t, "fresh ones make up the number", take(t, w, 42, 4, 1), leads(102, 5, 6, 103))
		wantLeads(t, "what is left", take(t, w, 42, 9, 3), leads(104))
		wantLeads(t, "nothing", take(t, w, 42, 9, 3), nil)
		wantLeads(t, "another campaign", take(t, w, 43, 9, 0), leads(900, 901))
	})
}

func TestKeepsScoresOfTheOrderOfOfferingExactly(t *testing.T) {
	onEach(t, func(t *testing.T, client redis.UniversalClient) {
		w := newWindow(t, client, hopper.Options{})
		const big = 4 << 48 // where the scores of fresh leads begin
		f := []hopper.Entry{{Lead: 3, Score: big + 3}, {Lead: 1, Score: big + 1}, {Lead: 2, Score: big + 2}}
		fill(t, w, 1, hopper.Filling{Fresh: f})
		got := take(t, w, 1, 3, 0)
		wantLeads(t, "by score", got, leads(1, 2, 3))
		if err := w.Return(t.Context(), 1, leads(2, 3, 1)); err != nil {
			t.Fatal(err)
		}
		wantLeads(t, "after they came back", take(t, w, 1, 3, 0), leads(1, 2, 3))
	})
}

func TestFillNeverGrowsPastItsBoundAndMovesNobody(t *testing.T) {
	onEach(t, func(t *testing.T, client redis.UniversalClient) {
		w := newWindow(t, client, hopper.Options{Limits: hopper.Limits{Min: 1, Max: 700}})
		if n := fill(t, w, 1, hopper.Filling{Tried: run(1, 20), Fresh: run(101, 103), Bound: 10}); n != 13 {
			t.Errorf("added %d, want 13", n)
		}
		again := []hopper.Entry{{Lead: 5, Score: 99}}
		if n := fill(t, w, 1, hopper.Filling{Tried: again, Bound: 12}); n != 0 {
			t.Errorf("added %d, want none: the lead is there", n)
		}
		if n := fill(t, w, 1, hopper.Filling{Tried: run(0, 0), Fresh: run(101, 120), Bound: 10}); n != 7 {
			t.Errorf("added %d, want the 7 that were missing", n)
		}
		wantLen(t, w, 1, hopper.Tried, 10)
		wantLen(t, w, 1, hopper.Fresh, 10)
		wantLeads(t, "a lead that is there keeps its place", take(t, w, 1, 10, 0), leads(1, 2, 3, 4, 5, 6, 7, 8, 9, 10))
		fill(t, w, 2, hopper.Filling{Tried: run(1, 2000), Bound: 2000})
		wantLen(t, w, 2, hopper.Tried, 700)
	})
}

func TestATakenLeadIsNotFilledInUntilTheGuardIsOver(t *testing.T) {
	onEach(t, func(t *testing.T, client redis.UniversalClient) {
		c := newClock()
		w := newWindow(t, client, hopper.Options{Now: c.Now})
		fill(t, w, 1, hopper.Filling{Tried: run(1, 3)})
		c.advance(4 * time.Second) // the guard's stretches begin at whole multiples of its length
		take(t, w, 1, 2, 0)
		c.advance(4 * time.Second)
		if n := fill(t, w, 1, hopper.Filling{Tried: run(1, 3), Fresh: run(1, 1)}); n != 0 {
			t.Errorf("added %d leads that are on their way to a claim", n)
		}
		if m, _ := w.Mark(t.Context(), 1); m.Taken != 2 || m.Tried != 1 {
			t.Errorf("mark %+v, want 2 taken and 1 tried", m)
		}
		c.advance(6 * time.Second)
		fill(t, w, 1, hopper.Filling{Tried: run(1, 3)})
		wantLeads(t, "after the guard", take(t, w, 1, 9, 0), leads(1, 2, 3))
	})
}

func TestReturnGivesALeadItsPlaceBackOnce(t *testing.T) {
	onEach(t, func(t *testing.T, client redis.UniversalClient) {
		c := newClock()
		w := newWindow(t, client, hopper.Options{Now: c.Now})
		fill(t, w, 1, hopper.Filling{Tried: run(1, 4), Fresh: run(101, 102)})
		wantLeads(t, "taken", take(t, w, 1, 3, 1), leads(101, 1, 2))
		c.advance(3 * time.Second)
		for range 2 {
			if err := w.Return(t.Context(), 1, leads(2, 101, 77)); err != nil {
				t.Fatal(err)
			}
		}
		wantLeads(t, "after the return", take(t, w, 1, 9, 1), leads(101, 2, 3, 4, 102))
		c.advance(time.Minute)
		if err := w.Return(t.Context(), 1, leads(2)); err != nil {
			t.Fatal(err)
		}
		wantLeads(t, "too late", take(t, w, 1, 9, 0), nil)
	})
}

func TestDropEmptiesAndMakesFillingsUnderWayMiss(t *testing.T) {
	onEach(t, func(t *testing.T, client redis.UniversalClient) {
		w := newWindow(t, client, hopper.Options{})
		fill(t, w, 1, hopper.Filling{Tried: run(1, 3)})
		fill(t, w, 2, hopper.Filling{Tried: run(7, 7)})
		before, err := w.Mark(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Drop(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		_, _, err = w.Fill(t.Context(), 1, hopper.Filling{Generation: before.Generation, Tried: run(1, 3)})
		if !errors.Is(err, hopper.ErrDropped) {
			t.Errorf("a filling that began before the drop: got %v, want ErrDropped", err)
		}
		wantLeads(t, "dropped", take(t, w, 1, 9, 0), nil)
		wantLeads(t, "the other campaign", take(t, w, 2, 9, 0), leads(7))
		fill(t, w, 1, hopper.Filling{Tried: run(5, 5)})
		wantLeads(t, "filled anew", take(t, w, 1, 9, 0), leads(5))
	})
}

func TestRemoveTakesLeadsOutOfBothLanes(t *testing.T) {
	onEach(t, func(t *testing.T, client redis.UniversalClient) {
		w := newWindow(t, client, hopper.Options{})
		fill(t, w, 1, hopper.Filling{Tried: run(1, 3), Fresh: run(4, 6)})
		if err := w.Remove(t.Context(), 1, 2, 6, 99); err != nil {
			t.Fatal(err)
		}
		wantLeads(t, "left", take(t, w, 1, 9, 0), leads(1, 3, 4, 5))
	})
}

func TestI1NoLeadIsTakenTwiceByManyTakers(t *testing.T) {
	onEach(t, func(t *testing.T, client redis.UniversalClient) {
		w := newWindow(t, client, hopper.Options{Limits: hopper.Limits{Max: 300}})
		fill(t, w, 1, hopper.Filling{Tried: run(1, 200), Fresh: run(201, 400), Bound: 300})
		var mu sync.Mutex
		seen := make(map[campaign.LeadID]int)
		var takers sync.WaitGroup
		for range 8 {
			takers.Go(func() {
				for {
					got, err := w.Take(t.Context(), 1, 7, 2)
					if err != nil {
						t.Error(err)
					}
					if len(got.Leads) == 0 {
						return
					}
					mu.Lock()
					for _, l := range got.Leads {
						seen[l]++
					}
					mu.Unlock()
				}
			})
		}
		takers.Wait()
		if len(seen) != 400 {
			t.Errorf("%d leads came out, want 400", len(seen))
		}
		for l, n := range seen {
			if n != 1 {
				t.Errorf("lead %d was taken %d times", l, n)
			}
		}
	})
}

func TestALaneExpiresWithWhatItWasFilledFor(t *testing.T) {
	onEach(t, func(t *testing.T, client redis.UniversalClient) {
		w := newWindow(t, client, hopper.Options{})
		fill(t, w, 1, hopper.Filling{Tried: run(1, 3), Life: 20 * time.Minute})
		fill(t, w, 2, hopper.Filling{Tried: run(1, 3), Life: 3 * time.Minute})
		for key, most := range map[string]time.Duration{"redial:{c1}:tried": 10 * time.Minute, "redial:{c2}:tried": 3 * time.Minute} {
			got, err := client.PTTL(t.Context(), key).Result()
			if err != nil || got > most || got < most-time.Minute {
				t.Errorf("%s lives %v (%v), want %v", key, got, err, most)
			}
		}
	})
}

func TestRefusesWhatCannotWork(t *testing.T) {
	client := redis.NewClient(&redis.Options{Addr: "127.0.0.1:1"})
	defer client.Close()
	if _, err := hopper.New(client, hopper.Options{}); err == nil {
		t.Error("a client that ignores deadlines was accepted")
	}
	heeding := redis.NewClient(&redis.Options{Addr: "127.0.0.1:1", ContextTimeoutEnabled: true})
	defer heeding.Close()
	if _, err := hopper.New(heeding, hopper.Options{Limits: hopper.Limits{Min: 9, Max: 3}}); err == nil {
		t.Error("a maximum below the minimum was accepted")
	}
	for agents, want := range map[int]int{0: 64, 16: 64, 100: 400, 5000: 4096} {
		l := hopper.Limits{PerAgent: 4, Min: 64, Max: 4096}
		if got := l.For(agents); got != want {
			t.Errorf("%d agents: a window of %d, want %d", agents, got, want)
		}
	}
}
