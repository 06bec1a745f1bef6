package dialer

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"redial/campaign"
)

func TestQuestionsAskedAtTheSameTimeShareARead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var reads [][]int
		fail := errors.New("the disk is on fire")
		s := NewShared(func(_ context.Context, of []int) (map[int]string, error) {
			time.Sleep(time.Second) //nolint:forbidigo // fake time: the bubble moves on by so much
			reads = append(reads, slices.Sorted(slices.Values(of)))
			if slices.Contains(of, 99) {
				return nil, fail
			}
			return map[int]string{1: "one", 2: "two", 3: "three"}, nil
		})
		var wg sync.WaitGroup
		ask := func(of int, want string, known bool, after time.Duration) {
			wg.Go(func() {
				from := time.Now()
				if v, ok, err := s.Get(t.Context(), of); v != want || ok != known || err != nil || time.Since(from) != after {
					t.Errorf("%d: %q, %t, %v after %v", of, v, ok, err, time.Since(from))
				}
			})
			synctest.Wait()
		}
		ask(1, "one", true, time.Second)
		ask(2, "two", true, 2*time.Second) // both asked while the first was read
		ask(3, "three", true, 2*time.Second)
		ask(2, "two", true, 2*time.Second)
		ask(7, "", false, 2*time.Second)
		wg.Wait()
		if len(reads) != 2 || !slices.Equal(reads[1], []int{2, 2, 3, 7}) {
			t.Errorf("reads %v", reads)
		}
		if _, _, err := s.Get(t.Context(), 99); !errors.Is(err, fail) {
			t.Errorf("error %v", err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if _, _, err := s.Get(ctx, 1); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("who leaves: %v", err)
		}
		time.Sleep(time.Second) //nolint:forbidigo // the read that nobody waits for ends
	})
}

// The queue is what sorting all who wait would give, whatever comes and goes.
func TestAReadAfterOneForSeveralWaitsForMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var reads []int
		s := NewShared(func(_ context.Context, of []int) (map[int]int, error) {
			time.Sleep(time.Millisecond) //nolint:forbidigo // fake time: the bubble moves on by so much
			reads = append(reads, len(of))
			return nil, nil
		})
		s.Gather = time.Second
		var wg sync.WaitGroup
		ask := func(n int, pause time.Duration) {
			for range n {
				wg.Go(func() { _, _, _ = s.Get(t.Context(), 1) })
				synctest.Wait()
			}
			time.Sleep(pause) //nolint:forbidigo // fake time: the bubble moves on by so much
		}
		ask(1, 0) // alone: it waits for nobody
		ask(2, time.Second/2)
		ask(2, time.Second/4) // while more are waited for
		ask(1, 2*time.Second)
		ask(1, time.Millisecond) // alone again
		wg.Wait()
		if !slices.Equal(reads, []int{1, 2, 3, 1}) {
			t.Errorf("reads of %v, want 1, 2, 3 and 1", reads)
		}
	})
}

func TestQueueIsInOrder(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 1))
	from := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	var q queue
	seats := make([]*seat, 50)
	for i := range seats {
		seats[i] = &seat{agent: campaign.Agent{ID: campaign.AgentID(i + 1)}}
	}
	for step := range 5000 {
		s := seats[r.IntN(len(seats))]
		was := s.queued
		if r.IntN(3) == 0 {
			q.remove(s)
		} else {
			s.session.Since = from.Add(time.Duration(r.IntN(40)) * time.Second)
			if q.add(s) == was {
				t.Fatalf("seed %d, step %d: began to wait: %t, waited before: %t", seed, step, !was, was)
			}
		}
		var want []*seat
		for _, s := range seats {
			if s.queued {
				want = append(want, s)
			}
		}
		slices.SortFunc(want, func(a, b *seat) int { return a.place().compare(b.place()) })
		if !slices.Equal(q.line, want) || q.len() != len(want) {
			t.Fatalf("seed %d, step %d: %d wait, want %d, or in another order", seed, step, q.len(), len(want))
		}
	}
}
