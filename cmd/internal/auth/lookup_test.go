package auth

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"redial/campaign"
)

// A look-up takes longer than its answer is believed: those who came while it was under way share one more.
func TestCallersOfOneTokenShareALookUpHoweverLongItTakes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r, secret := one()
		s := &staleRecord{record: r, takes: 3 * time.Second}
		g := New(s, Options{})
		began := time.Now()
		var wg sync.WaitGroup
		for range 100 {
			wg.Go(func() { admitted(t, g, secret) })
			pass(10 * time.Millisecond)
		}
		wg.Wait()
		if n, took := r.asked(), time.Since(began); n > 2 || took > 6*time.Second {
			t.Errorf("%d look-ups in %v, want 2 at most", n, took)
		}
	})
}

func TestAFailureIsSharedToo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r, secret := one()
		r.down = true
		g := New(&staleRecord{record: r, takes: lookupTime}, Options{})
		var wg sync.WaitGroup
		for range 100 {
			wg.Go(func() {
				if _, err := g.Authenticate(t.Context(), secret); campaign.KindOf(err) != campaign.KindAway {
					t.Errorf("with the record away: %v", err)
				}
			})
			pass(10 * time.Millisecond)
		}
		wg.Wait()
		if n := r.asked(); n != 1 {
			t.Errorf("%d look-ups, want 1", n)
		}
	})
}

func TestWhoWaitsForALookUpGoesWhenItMust(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r, secret := one()
		g := New(&staleRecord{record: r, takes: 4 * time.Second}, Options{})
		var wg sync.WaitGroup
		wg.Go(func() { admitted(t, g, secret) })
		pass(time.Millisecond)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		if _, err := g.Authenticate(ctx, secret); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != time.Second {
			t.Errorf("%v after %v, want its own deadline", err, time.Since(began))
		}
		wg.Wait()
	})
}

// leavingRecord looks up as long as it is let.
type leavingRecord struct {
	*record
	begun atomic.Int64
}

func (r *leavingRecord) TokenBySecret(ctx context.Context, secret string) (campaign.Token, error) {
	if r.begun.Add(1) == 1 {
		<-ctx.Done()
		return campaign.Token{}, ctx.Err()
	}
	return r.record.TokenBySecret(ctx, secret)
}

func TestWhoAsksAndGoesLeavesTheLookUpToTheNext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r, secret := one()
		l := &leavingRecord{record: r}
		g := New(l, Options{})
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := g.Authenticate(ctx, secret); !errors.Is(err, context.Canceled) {
				t.Errorf("who went was told %v", err)
			}
		})
		synctest.Wait()
		for range 10 {
			wg.Go(func() { admitted(t, g, secret) })
		}
		synctest.Wait()
		cancel()
		wg.Wait()
		if n := l.begun.Load(); n != 2 {
			t.Errorf("%d look-ups, want 2", n)
		}
	})
}
