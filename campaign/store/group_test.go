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
