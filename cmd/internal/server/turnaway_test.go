package server

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"redial/campaign"
	campaignv1 "redial/proto/campaign/v1"
)

// crowdedGate is a gate in an overload, with every place taken and no room left in the line of the class.
func crowdedGate(t *testing.T, g *gate, c class) {
	t.Helper()
	g.mu.Lock()
	g.press(time.Now())
	g.mu.Unlock()
	for g.room(c) {
		fill(t, g, c, 1)
	}
	for range g.queue(c) {
		go func() { _ = g.enter(t.Context(), c, 0) }() // it waits for a while, and is shed
	}
	synctest.Wait()
}

func TestAGateTurnsAwayByTheClassOnlyWhatItWouldShedInAnyCase(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGate(calmMost, newClimb(), shortShares)
		for c := range heavy {
			if err := g.turnAway(c); err != nil {
				t.Errorf("without an overload, %v: %v", c, err)
			}
		}
		crowdedGate(t, g, begin)
		if err := g.turnAway(begin); !shedding(err) || g.shed != 1 {
			t.Errorf("%v, %d counted", err, g.shed)
		}
		if err := g.enter(t.Context(), begin, 0); !shedding(err) {
			t.Errorf("before the gate: %v", err)
		}
		for _, c := range []class{finish, dial} {
			if err := g.turnAway(c); err != nil {
				t.Errorf("%v, which has a line of its own: %v", c, err)
			}
		}
		synctest.Wait()
		time.Sleep(waitMost) //nolint:forbidigo // fake time: who waited has left
		if err := g.turnAway(begin); err != nil {
			t.Errorf("with room in the line: %v", err)
		}
		time.Sleep(calmAfter) //nolint:forbidigo // fake time: nobody comes but those who are turned away
		if err := g.turnAway(begin); err != nil || g.over {
			t.Errorf("%v, overloaded %v: it never ends", err, g.over)
		}
	})
}

// retryOf is when a refusal says to come back.
func retryOf(t *testing.T, err error) time.Duration {
	t.Helper()
	e, ok := errors.AsType[*campaign.Error](err)
	if !ok {
		t.Fatal(err)
	}
	return e.RetryAfter
}

// What a server in an overload will not take up costs it next to nothing: nobody is asked who calls.
func TestInAnOverloadCallsAreTurnedAwayByTheirHeaders(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int32
		b := setupGuarded(t, porter{enter: func(context.Context) error { asked.Add(1); return nil }}, &service{get: func(context.Context) error { return nil }})
		if err := b.get(t.Context()); err != nil || asked.Load() != 1 {
			t.Fatalf("%v, asked %d times", err, asked.Load())
		}
		crowdedGate(t, b.server.gate, ask)
		err := b.get(t.Context())
		if status.Code(err) != codes.ResourceExhausted || !shedding(FromStatus(err)) || asked.Load() != 1 {
			t.Errorf("%v, asked %d times", err, asked.Load())
		}
		if n := b.sample(t, "redial_grpc_calls_total", "ResourceExhausted"); n != 1 {
			t.Errorf("%v calls counted", n)
		}
		long, cancel := context.WithTimeout(t.Context(), time.Hour) // gRPC would remember it for so long
		defer cancel()
		if err := b.get(long); !shedding(FromStatus(err)) || asked.Load() != 2 {
			t.Errorf("a call with much time: %v, asked %d times", err, asked.Load())
		}
		s := b.headers(t)
		if err := s.RecvMsg(&campaignv1.GetCampaignResponse{}); !shedding(FromStatus(err)) {
			t.Errorf("headers alone: %v", err)
		}
	})
}

// Many calls are begun with one commit, and are dialled and ended together: none of them is sent away for that, and who is
// comes back soon whatever becomes of those who want to begin.
func TestWhoHasACallInHandGoesOnInAnOverload(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGate(calmMost, newClimb(), shortShares)
		crowdedGate(t, g, begin)
		for c := range begin {
			g.tally[c] = tally{from: time.Now(), shed: 100_000, let: 1}
			for range 100 {
				e := g.refuse(c)
				if after := retryOf(t, e); after > retryHeld*3/2 {
					t.Fatalf("%v comes back after %v", c, after)
				}
			}
		}
		burst := int(g.places(begin))
		var wg sync.WaitGroup
		var shed atomic.Int32
		for range burst {
			wg.Go(func() {
				if err := g.enter(t.Context(), dial, 0); err != nil {
					shed.Add(1)
					return
				}
				time.Sleep(time.Millisecond) //nolint:forbidigo // fake time: the work
				g.leave(dial, time.Millisecond)
			})
		}
		synctest.Wait()
		for range burst {
			g.leave(begin, 0)
		}
		wg.Wait()
		if shed.Load() > 0 {
			t.Errorf("%d of %d were sent away", shed.Load(), burst)
		}
	})
}

// Half the pace, half the places: a machine that others use as well does not answer later, but less.
func TestInAnOverloadNoMoreIsInWorkThanIsSoonDone(t *testing.T) {
	t.Parallel()
	g := newGate(calmMost, newClimb(), shortShares)
	g.press(time.Now())
	for _, c := range []struct{ took, beside, climb, want float64 }{
		{took: 0.030, beside: 80, climb: 200, want: 80},       // as it should be
		{took: 0.060, beside: 80, climb: 200, want: 40},       // slower
		{took: 0.500, beside: 80, climb: 200, want: climbMin}, // and slower, but commits are shared
		{took: 0.010, beside: 80, climb: 56, want: 56},        // more would do nothing
	} {
		g.took, g.beside, g.climb.places = c.took, c.beside, c.climb
		want := min(c.want, g.climb.limit())
		if got := g.places(finish); got < want*0.999 || got > want*1.001 {
			t.Errorf("%v in work, each %v s: %v places, want %v", c.beside, c.took, got, want)
		}
	}
}
