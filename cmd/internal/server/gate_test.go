package server

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"redial/campaign"
)

// fill takes n places of a class at once.
func fill(t *testing.T, g *gate, c class, n int) {
	t.Helper()
	for range n {
		if err := g.enter(t.Context(), c, 0); err != nil {
			t.Fatalf("with %d in work: %v", g.inWork, err)
		}
	}
}

// queueUp lets n calls of a class wait and tells the results in the order of their coming in.
func queueUp(t *testing.T, g *gate, c class, n int, wg *sync.WaitGroup, got func(class, error)) {
	t.Helper()
	for range n {
		wg.Go(func() { got(c, g.enter(t.Context(), c, 0)) })
		synctest.Wait()
	}
}

func shedding(err error) bool {
	e, ok := errors.AsType[*campaign.Error](err)
	return ok && e.Kind == campaign.KindExhausted && e.Reason == campaign.ReasonOverloaded && e.RetryAfter > 0
}

func TestANodeThatIsNotOverloadedKeepsNobodyWaiting(t *testing.T) {
	t.Parallel()
	g := newGate(calmMost, newClimb(), shortShares)
	fill(t, g, begin, 256)
	fill(t, g, finish, calmMost-256)
	if g.over {
		t.Error("overloaded with what a full floor asks at once")
	}
}

func TestBeyondItsPlacesAGateShedsAtOnceAndSaysWhenToComeBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var told []bool
		g := newGate(40, newClimb(), shortShares)
		g.tell = func(begun bool, _ int64) { told = append(told, begun) }
		fill(t, g, begin, 35) // its share
		var wg sync.WaitGroup
		var shed, let atomic.Int32
		start := time.Now()
		queueUp(t, g, begin, 100, &wg, func(_ class, err error) {
			switch {
			case shedding(err):
				shed.Add(1)
			case err == nil:
				let.Add(1)
			default:
				t.Error(err)
			}
		})
		if now := shed.Load(); now == 0 || time.Since(start) != 0 {
			t.Errorf("%d shed after %v, want many at once", now, time.Since(start))
		}
		wg.Wait()
		if let.Load()+shed.Load() != 100 || len(told) != 1 || !told[0] {
			t.Errorf("%d let in, %d shed, told %v", let.Load(), shed.Load(), told)
		}
		if waited := time.Since(start); waited > calmWait {
			t.Errorf("somebody waited %v for a place", waited)
		}
	})
}

func TestWhatEndsACallGoesBeforeWhatBeginsOneAndThatBeforeQuestions(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGate(40, nil, shortShares)
		fill(t, g, finish, 40-leastOf[ask])
		fill(t, g, ask, leastOf[ask]) // what questions have in any case
		var wg sync.WaitGroup
		var mu sync.Mutex
		var order []class
		note := func(c class, err error) {
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Errorf("%v: %v", c, err)
			}
			order = append(order, c)
		}
		queueUp(t, g, ask, 2, &wg, note)
		queueUp(t, g, begin, 2, &wg, note)
		queueUp(t, g, finish, 2, &wg, note)
		for range 40 {
			g.leave(finish, 0)
			synctest.Wait()
		}
		wg.Wait()
		want := []class{finish, finish, begin, begin, ask, ask}
		for i := range want {
			if order[i] != want[i] {
				t.Fatalf("came in as %v, want %v", order, want)
			}
		}
	})
}

func TestPlacesAreKeptForThoseBefore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGate(80, nil, shortShares)
		var wg sync.WaitGroup
		for c, places := range map[class]int{ask: 40, begin: 70, finish: 80, bulk: 20} {
			fill(t, g, c, places-g.inWork)
			wg.Go(func() {
				if err := g.enter(t.Context(), c, 0); !shedding(err) {
					t.Errorf("%v got place %d of 80: %v", c, places+1, err)
				}
			})
			wg.Wait()
			for g.inWork > 0 {
				g.leave(c, 0)
			}
		}
	})
}

// A floor that fills the share of questions for hours is no overload, and does not shut managers out.
func TestQuestionsThatStarveDoNotPressTheFloorAndHaveAFewPlaces(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGate(calmMost, newClimb(), shortShares)
		g.took, g.beside = 1, 96 // slow: 76 places
		fill(t, g, finish, 60)
		fill(t, g, ask, leastOf[ask])
		fill(t, g, bulk, leastOf[bulk])
		var wg sync.WaitGroup
		var shed atomic.Int32
		start := time.Now()
		for _, c := range []class{ask, bulk} {
			queueUp(t, g, c, 200, &wg, func(c class, err error) {
				if !shedding(err) {
					t.Errorf("%v: %v", c, err)
				}
				shed.Add(1)
			})
		}
		fill(t, g, finish, 12) // however many questions wait
		queueUp(t, g, finish, 1, &wg, func(_ class, err error) {
			if err != nil {
				t.Errorf("%v: a call's end waited for questions: %v", time.Since(start), err)
			}
		})
		g.leave(finish, 0)
		wg.Wait()
		if g.over || shed.Load() != 400 || time.Since(start) < calmWait {
			t.Errorf("overloaded %v, %d shed after %v", g.over, shed.Load(), time.Since(start))
		}
		g.leave(ask, 0)
		fill(t, g, ask, 1)
		g.leave(bulk, 0)
		fill(t, g, bulk, 1)
	})
}

func TestWhoLeavesTheLineTakesNoPlace(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGate(8, nil, shortShares)
		fill(t, g, finish, 8)
		ctx, cancel := context.WithCancelCause(t.Context())
		gone := errors.New("the caller went away")
		done := make(chan error, 1)
		go func() { done <- g.enter(ctx, finish, time.Hour) }()
		synctest.Wait()
		cancel(gone)
		if err := <-done; !errors.Is(err, gone) {
			t.Errorf("got %v", err)
		}
		for range 8 {
			g.leave(finish, 0)
		}
		if g.inWork != 0 || g.waiting() {
			t.Errorf("%d in work, waiting %v; want none", g.inWork, g.waiting())
		}
	})
}

func TestNoPlaceIsLostWhateverCallersDo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		seed := rand.Uint64()
		g := newGate(30, newClimb(), shortShares)
		var wg sync.WaitGroup
		var most, in atomic.Int64
		for i := range 400 {
			wg.Go(func() {
				rng := rand.New(rand.NewPCG(seed, uint64(i)))
				for range 20 {
					ctx, cancel := context.WithTimeout(t.Context(), time.Duration(rng.IntN(200))*time.Millisecond)
					c := class(rng.IntN(int(heavy)))
					if err := g.enter(ctx, c, 0); err == nil {
						most.Store(max(most.Load(), in.Add(1)))
						began := time.Now()
						time.Sleep(time.Duration(rng.IntN(30)) * time.Millisecond) //nolint:forbidigo // fake time: the work
						in.Add(-1)
						g.leave(c, time.Since(began))
					}
					cancel()
					time.Sleep(time.Duration(rng.IntN(50)) * time.Millisecond) //nolint:forbidigo // fake time: thinking
				}
			})
		}
		wg.Wait()
		if g.inWork != 0 || g.waiting() || most.Load() == 0 || g.shed == 0 {
			t.Errorf("seed %d: %d in work and waiting %v at the end, %d at most, %d shed", seed, g.inWork, g.waiting(), most.Load(), g.shed)
		}
	})
}

func TestAnOverloadEndsAloneWhenNobodyHadToWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var ended atomic.Bool
		g := newGate(20, newClimb(), shortShares)
		g.tell = func(begun bool, shed int64) { ended.Store(!begun && shed > 0) }
		fill(t, g, finish, 20)
		var wg sync.WaitGroup
		queueUp(t, g, finish, 100, &wg, func(class, error) {})
		wg.Wait()
		if !g.over {
			t.Fatal("not overloaded")
		}
		for g.inWork > 0 {
			g.leave(finish, time.Millisecond)
		}
		time.Sleep(calmAfter + time.Millisecond) //nolint:forbidigo // fake time: as long as it takes
		fill(t, g, finish, 1)
		if g.over || !ended.Load() {
			t.Errorf("over %v, told of the end %v; want it to be over", g.over, ended.Load())
		}
	})
}

// Callers who are sent away come back: a floor that fits looks like an overload while only few are let in.
func TestALastingOverloadIsTriedAgainLessAndLessOften(t *testing.T) {
	t.Parallel()
	var o overload
	o.probe = probeMin
	now := time.Unix(1000, 0)
	var lasted []time.Duration
	o.press(now)
	o.pressed = now
	began := now
	for len(lasted) < 5 {
		now = now.Add(100 * time.Millisecond)
		if o.pass(now); !o.over {
			lasted, began = append(lasted, now.Sub(began).Truncate(time.Second)), now
		}
		o.press(now)
		o.pressed = now
	}
	want := []time.Duration{10 * time.Second, 20 * time.Second, 40 * time.Second, 80 * time.Second, 80 * time.Second}
	for i := range want {
		if lasted[i] != want[i] {
			t.Fatalf("tried after %v, want %v", lasted, want)
		}
	}
	o.over, o.ended = false, now
	o.press(now.Add(2 * probeFor))
	if o.probe != probeMin {
		t.Errorf("a new overload is tried after %v, want %v", o.probe, probeMin)
	}
}

func TestTheMoreAreShedTheLaterTheyComeBackAndNeverTogether(t *testing.T) {
	t.Parallel()
	mean := func(shed, let int) (sum time.Duration, seen map[time.Duration]bool) {
		seen = make(map[time.Duration]bool)
		tl := tally{shed: shed, let: let}
		for range 400 {
			after := tl.after(retryMost)
			seen[after] = true
			sum += after / 400
		}
		return sum, seen
	}
	few, _ := mean(1, 100)
	some, different := mean(300, 100)
	many, _ := mean(900, 100)
	most, _ := mean(1_000_000, 1)
	if few < retryMin*8/10 || few > retryMin*12/10 || some < 2*few || many < 2*some || most > retryMost*12/10 {
		t.Errorf("come back after %v, %v, %v, %v", few, some, many, most)
	}
	if len(different) < 100 {
		t.Errorf("only %d different times for 400 callers", len(different))
	}
}

// A floor of 256 agents who never rest is no overload on whatever machine: they wait their turn.
func TestAFullFloorOnASlowMachineWaitsItsTurnAndNobodyIsShed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGate(calmMost, newClimb(), shortShares)
		var wg sync.WaitGroup
		most := 0
		for i := range 256 {
			wg.Go(func() {
				for n := range 20 {
					c := []class{begin, dial, finish}[(i+n)%3]
					if err := g.enter(t.Context(), c, 0); err != nil {
						t.Error(err)
						return
					}
					g.mu.Lock()
					n, began := g.inWork, time.Now()
					most = max(most, n)
					g.mu.Unlock()
					time.Sleep(time.Duration(n) * 3 * time.Millisecond) //nolint:forbidigo // fake time: 333 calls a second
					g.leave(c, time.Since(began))
				}
			})
		}
		wg.Wait()
		if g.shed > 0 || g.over {
			t.Errorf("%d shed, overloaded %v", g.shed, g.over)
		}
		g.mu.Lock()
		defer g.mu.Unlock()
		if now := g.places(finish); now != calmLeast || most <= calmLeast {
			t.Errorf("%v places once the machine is known to be slow, %d before; want %d", now, most, calmLeast)
		}
	})
}

func TestAnOverloadShedsThoseWhoWaitedForTheirTurn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGate(calmMost, newClimb(), shortShares)
		g.took, g.beside = 1, 96 // slow
		fill(t, g, begin, int(g.places(begin)))
		var wg sync.WaitGroup
		var shed atomic.Int32
		start := time.Now()
		queueUp(t, g, begin, calmMost-g.inWork, &wg, func(_ class, err error) {
			if shedding(err) && time.Since(start) == 0 {
				shed.Add(1)
			}
		})
		if shed.Load() != 0 || g.over {
			t.Fatalf("%d shed, overloaded %v with %d before the gate", shed.Load(), g.over, g.before(begin))
		}
		wg.Go(func() {
			if err := g.enter(t.Context(), begin, 0); !shedding(err) {
				t.Errorf("one more: %v", err)
			}
		})
		synctest.Wait()
		if !g.over || int(shed.Load()) < calmMost/2 || len(g.line[begin]) > g.queue(begin) {
			t.Errorf("overloaded %v, %d shed of those who waited, %d wait on", g.over, shed.Load(), len(g.line[begin]))
		}
		wg.Wait()
	})
}
