package store

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// grouped runs one committer in a bubble; its transactions take a second.
func grouped(t *testing.T, run func(context.Context, []int) ([]result[int], error), test func(*testing.T, *group[int, int], context.CancelFunc)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		g := newGroup(func(q int) int64 { return int64(q % 1000) }, run)
		g.gone = ctx.Done()
		var done sync.WaitGroup
		done.Go(func() { g.serve(ctx) })
		test(t, g, stop)
		stop()
		done.Wait() // the bubble fails if anything is left running
	})
}

func double(_ context.Context, qs []int) ([]result[int], error) {
	time.Sleep(time.Second) //nolint:forbidigo // fake time: the bubble moves on by so much
	out := make([]result[int], len(qs))
	for i, q := range qs {
		out[i].a = 2 * q
	}
	return out, nil
}

func TestWhatWaitsIsCommittedTogether(t *testing.T) {
	var sizes []int
	grouped(t, func(ctx context.Context, qs []int) ([]result[int], error) {
		sizes = append(sizes, len(qs))
		return double(ctx, qs)
	}, func(t *testing.T, g *group[int, int], _ context.CancelFunc) {
		var wg sync.WaitGroup
		ask := func(q int) {
			wg.Go(func() {
				if got, err := g.do(t.Context(), q); got != 2*q || err != nil {
					t.Errorf("asked %d, got %d, %v", q, got, err)
				}
			})
		}
		ask(1)
		synctest.Wait()
		for q := 2; q <= 301; q++ {
			ask(q)
		}
		wg.Wait()
	})
	if !slices.Equal(sizes, []int{1, groupMost, 300 - groupMost}) {
		t.Errorf("transactions of %v requests, want 1, %d and the rest", sizes, groupMost)
	}
}

func TestAGuiltyRequestFailsAlone(t *testing.T) {
	guilty := errors.New("guilty")
	grouped(t, func(ctx context.Context, qs []int) ([]result[int], error) {
		if slices.Contains(qs, 13) {
			return nil, guilty
		}
		return double(ctx, qs)
	}, func(t *testing.T, g *group[int, int], _ context.CancelFunc) {
		var wg sync.WaitGroup
		for q := range 40 {
			wg.Go(func() {
				_, err := g.do(t.Context(), q)
				if (q == 13) != errors.Is(err, guilty) {
					t.Errorf("request %d: %v", q, err)
				}
			})
		}
		wg.Wait()
	})
}

func TestRequestsOfOneKeyGoIntoDifferentTransactions(t *testing.T) {
	var mu sync.Mutex
	var batches [][]int
	grouped(t, func(ctx context.Context, qs []int) ([]result[int], error) {
		mu.Lock()
		batches = append(batches, slices.Clone(qs))
		mu.Unlock()
		return double(ctx, qs)
	}, func(t *testing.T, g *group[int, int], _ context.CancelFunc) {
		var wg sync.WaitGroup
		for _, q := range []int{5, 1005, 2005, 7} {
			wg.Go(func() {
				if got, err := g.do(t.Context(), q); got != 2*q || err != nil {
					t.Errorf("asked %d, got %d, %v", q, got, err)
				}
			})
		}
		wg.Wait()
	})
	for _, b := range batches {
		keys := make(map[int]bool)
		for _, q := range b {
			if keys[q%1000] {
				t.Errorf("one transaction had %v", b)
			}
			keys[q%1000] = true
		}
	}
}

func TestARequestMayBePutOff(t *testing.T) {
	first := true
	grouped(t, func(ctx context.Context, qs []int) ([]result[int], error) {
		out, err := double(ctx, qs)
		out[0].again, first = first, false
		return out, err
	}, func(t *testing.T, g *group[int, int], _ context.CancelFunc) {
		began := time.Now()
		if got, err := g.do(t.Context(), 4); got != 8 || err != nil {
			t.Errorf("got %d, %v", got, err)
		}
		if took := time.Since(began); took != 2*time.Second {
			t.Errorf("took %s, want two transactions", took)
		}
	})
}

func TestACallersDeadlineHoldsAndNobodyElsesIs(t *testing.T) {
	grouped(t, double, func(t *testing.T, g *group[int, int], _ context.CancelFunc) {
		var wg sync.WaitGroup
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer cancel()
			began := time.Now()
			if _, err := g.do(ctx, 1); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != 100*time.Millisecond {
				t.Errorf("after %s: %v", time.Since(began), err)
			}
		})
		wg.Go(func() {
			if got, err := g.do(t.Context(), 2); got != 4 || err != nil {
				t.Errorf("got %d, %v", got, err)
			}
		})
		wg.Wait()
	})
}

func TestClosingFinishesTheTransactionAndRefusesTheRest(t *testing.T) {
	committed := 0
	grouped(t, func(ctx context.Context, qs []int) ([]result[int], error) {
		out, err := double(ctx, qs)
		if ctx.Err() != nil {
			t.Error("the transaction was cut off")
		}
		committed += len(qs)
		return out, err
	}, func(t *testing.T, g *group[int, int], stop context.CancelFunc) {
		var wg sync.WaitGroup
		for q := range 3 {
			wg.Go(func() {
				if _, err := g.do(t.Context(), q); q > 0 && !errors.Is(err, errClosed) {
					t.Errorf("request %d: %v", q, err)
				}
			})
			synctest.Wait()
		}
		stop()
		wg.Wait()
		if _, err := g.do(t.Context(), 9); !errors.Is(err, errClosed) {
			t.Errorf("after closing: %v", err)
		}
	})
	if committed != 1 {
		t.Errorf("%d requests were committed, want the one under way", committed)
	}
}

// Callers who come back a little after they were answered share a transaction; one who is alone never waits.
func TestATransactionWaitsForThoseThatTheLastOneAnswered(t *testing.T) {
	var sizes []int
	grouped(t, func(ctx context.Context, qs []int) ([]result[int], error) {
		sizes = append(sizes, len(qs))
		return double(ctx, qs)
	}, func(t *testing.T, g *group[int, int], _ context.CancelFunc) {
		var wg sync.WaitGroup
		for q := range 8 {
			wg.Go(func() {
				for n := range 3 {
					if n > 0 {
						time.Sleep(time.Duration(q) * gatherTime / 10) //nolint:forbidigo // fake time: each comes back a little later than the last
					}
					if _, err := g.do(t.Context(), 1+q); err != nil {
						t.Error(err)
					}
				}
			})
			synctest.Wait()
		}
		wg.Wait()
		began := time.Now()
		for range 3 {
			if _, err := g.do(t.Context(), 9); err != nil {
				t.Error(err)
			}
		}
		if took := time.Since(began); took > 3*time.Second+gatherTime {
			t.Errorf("a lone caller took %s for three transactions of a second", took)
		}
	})
	// The first was alone, and the other seven came meanwhile. From then on seven are waited for; who is alone is not.
	if want := []int{1, 7, 7, 7, 2, 1, 1, 1}; !slices.Equal(sizes, want) {
		t.Errorf("transactions of %v requests, want %v", sizes, want)
	}
}

var errAway, errLockHeld = errors.New("away"), errors.New("slow")

// A database that is away is not asked once more for every half of the batch.
func TestADatabaseThatIsAwayFailsTheBatchAtOnce(t *testing.T) {
	runs := 0
	grouped(t, func(_ context.Context, qs []int) ([]result[int], error) {
		runs++
		return nil, errAway
	}, func(t *testing.T, g *group[int, int], _ context.CancelFunc) {
		g.away = func(err error) bool { return errors.Is(err, errAway) }
		batch := waitingFor(t, 10)
		if again := g.commit(t.Context(), batch); len(again) != 0 {
			t.Errorf("%d are asked again", len(again))
		}
		for _, w := range batch {
			if r := <-w.done; !errors.Is(r.err, errAway) {
				t.Errorf("request %d: %v", w.q, r.err)
			}
		}
	})
	if runs != 1 {
		t.Errorf("it was asked %d times, want once", runs)
	}
}

// Whoever wants what another has locked waits alone: those who came with it and those who come after it do not.
func TestALockThatIsWaitedForHoldsNobodyElseUp(t *testing.T) {
	const locked, patience = 3, 10 * time.Second
	grouped(t, func(ctx context.Context, qs []int) ([]result[int], error) {
		if slices.Contains(qs, locked) {
			time.Sleep(patience) //nolint:forbidigo // fake time
			return nil, errLockHeld
		}
		return double(ctx, qs)
	}, func(t *testing.T, g *group[int, int], _ context.CancelFunc) {
		g.slow = func(err error) bool { return errors.Is(err, errLockHeld) }
		batch := waitingFor(t, 6)
		if again := g.commit(t.Context(), batch); len(again) != 0 {
			t.Errorf("%d are asked again", len(again))
		}
		began := time.Now()
		if _, err := g.do(t.Context(), 100); err != nil || time.Since(began) > 2*time.Second {
			t.Errorf("who came after it waited %s: %v", time.Since(began), err)
		}
		for _, w := range batch {
			if w.q == locked {
				continue
			}
			if r := <-w.done; r.err != nil || time.Since(began) >= patience {
				t.Errorf("request %d waited %s: %v", w.q, time.Since(began), r.err)
			}
		}
		if r := <-batch[locked].done; !errors.Is(r.err, errLockHeld) {
			t.Errorf("who wants the lock: %v", r.err)
		}
		g.side.Wait()
	})
}

// Whose request took too long comes again and again: nobody else is in its company then, and after a while it is in
// everybody's again.
func TestTheGuiltyStandAloneForAWhile(t *testing.T) {
	const locked, patience = 3, 10 * time.Second
	held := true
	together := 0
	grouped(t, func(ctx context.Context, qs []int) ([]result[int], error) {
		if slices.Contains(qs, locked) && held {
			time.Sleep(patience) //nolint:forbidigo // fake time
			return nil, errLockHeld
		}
		if slices.Contains(qs, locked) && len(qs) > 1 {
			together++
		}
		return double(ctx, qs)
	}, func(t *testing.T, g *group[int, int], _ context.CancelFunc) {
		g.slow = func(err error) bool { return errors.Is(err, errLockHeld) }
		if _, err := g.do(t.Context(), locked); !errors.Is(err, errLockHeld) {
			t.Fatalf("who wants the lock: %v", err)
		}
		for range 3 {
			began := time.Now()
			var wg sync.WaitGroup
			for q := range 6 {
				wg.Go(func() {
					_, err := g.do(t.Context(), q)
					if took := time.Since(began); q == locked != errors.Is(err, errLockHeld) || q != locked && took > 3*time.Second {
						t.Errorf("request %d waited %v: %v", q, took, err)
					}
				})
			}
			wg.Wait()
		}
		held = false
		time.Sleep(aroundFor) //nolint:forbidigo // fake time
		var wg sync.WaitGroup
		for q := range 6 {
			wg.Go(func() { _, _ = g.do(t.Context(), q) })
		}
		wg.Wait()
		if together == 0 {
			t.Error("it stands alone for ever")
		}
	})
}

// A caller that left while its request waited to be committed alone is not served.
func TestWhoLeftIsNotCommittedAlone(t *testing.T) {
	var mu sync.Mutex
	var served []int
	grouped(t, func(ctx context.Context, qs []int) ([]result[int], error) {
		if len(qs) > 1 {
			return nil, errLockHeld
		}
		mu.Lock()
		served = append(served, qs...)
		mu.Unlock()
		return double(ctx, qs)
	}, func(t *testing.T, g *group[int, int], _ context.CancelFunc) {
		g.slow = func(err error) bool { return errors.Is(err, errLockHeld) }
		batch := waitingFor(t, 3)
		left, leave := context.WithCancel(t.Context())
		leave()
		batch[1].ctx = left
		for range loneMost {
			g.lone <- struct{}{} // everybody must wait for a place
		}
		g.commit(t.Context(), batch)
		synctest.Wait()
		for range loneMost {
			<-g.lone
		}
		g.side.Wait()
	})
	slices.Sort(served)
	if !slices.Equal(served, []int{0, 2}) {
		t.Errorf("served %v", served)
	}
}

// When everybody's statement takes too long, nobody waits for all of the others.
func TestWaitingToBeCommittedAloneIsBounded(t *testing.T) {
	grouped(t, func(_ context.Context, qs []int) ([]result[int], error) {
		time.Sleep(10 * time.Second) //nolint:forbidigo // fake time
		return nil, errSlow
	}, func(t *testing.T, g *group[int, int], _ context.CancelFunc) {
		batch := waitingFor(t, 50)
		began := time.Now()
		g.commit(t.Context(), batch)
		for _, w := range batch {
			if r := <-w.done; !errors.Is(r.err, errSlow) {
				t.Errorf("request %d: %v", w.q, r.err)
			}
		}
		if took := time.Since(began); took > 21*time.Second {
			t.Errorf("the last was answered after %v", took)
		}
		g.side.Wait()
	})
}

// A transaction that did not end in time is not tried once more for every half of its batch.
func TestAWriterThatIsHeldFailsTheBatchAtOnce(t *testing.T) {
	runs := 0
	grouped(t, func(ctx context.Context, qs []int) ([]result[int], error) {
		runs++
		<-ctx.Done()
		return nil, context.Cause(ctx)
	}, func(t *testing.T, g *group[int, int], _ context.CancelFunc) {
		batch := waitingFor(t, 10)
		g.commit(t.Context(), batch)
		for _, w := range batch {
			if r := <-w.done; !away(r.err) {
				t.Errorf("request %d: %v", w.q, r.err)
			}
		}
	})
	if runs != 1 {
		t.Errorf("it was tried %d times, want once", runs)
	}
}

func waitingFor(t *testing.T, n int) []*waiting[int, int] {
	t.Helper()
	out := make([]*waiting[int, int], n)
	for q := range out {
		out[q] = &waiting[int, int]{q, t.Context(), make(chan result[int], 1)}
	}
	return out
}
