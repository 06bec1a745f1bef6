package hopper

import (
	"context"
	"errors"
	"sync"
	"time"

	"redial/campaign"
)

const (
	refillTimeout = 10 * time.Second       // of one filling, most of it the record's
	busyRecheck   = 100 * time.Millisecond // all that is due is on its way to a claim: look again so soon
)

// state is what a node remembers of a campaign's window.
type state struct {
	mu     sync.Mutex
	flight *flight // the filling under way
	bound  int
	tried  time.Time // until then the tried lane is taken as it is, however low
	fresh  time.Time // the same of the fresh lane
	next   time.Time
	wanted time.Time // somebody asked for leads then
	whole  bool      // Redis has the window, as far as is known
}

// flight is one filling, for as many as want it.
type flight struct {
	done chan struct{}
	err  error // after done
}

func (fl *flight) wait(ctx context.Context) error {
	select {
	case <-fl.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// landed waits for the filling under way, if there is one.
func (s *state) landed(ctx context.Context) error {
	s.mu.Lock()
	fl := s.flight
	s.mu.Unlock()
	if fl == nil {
		return nil
	}
	return fl.wait(ctx)
}

// needs says whether the window should be filled: a lane is at most half full, and there may be more for
// it; or Redis lost it.
func (s *state) needs(t Taken, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t.Lost {
		return true
	}
	return t.TriedLeft <= s.bound/2 && !now.Before(s.tried) || t.FreshLeft <= s.bound/2 && !now.Before(s.fresh)
}

// ask notes that somebody asks for leads now.
func (s *state) ask(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wanted = now
}

// asked says whether somebody asked since.
func (s *state) asked(since time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.wanted.After(since)
}

// lost notes whether Redis had the window when somebody looked; it says whether it had it before and lost it.
func (s *state) lost(gone bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	was := s.whole
	s.whole = !gone
	return was && gone
}

// wake forgets that lanes are dry.
func (s *state) wake() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tried, s.fresh = time.Time{}, time.Time{}
}

func (s *state) nextDue() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.next
}

// learn keeps what a filling found out.
func (s *state) learn(f Filled, now time.Time, recheck time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	believe := func(lane LaneFill, dry bool) time.Time {
		until := now.Add(recheck)
		switch {
		case !dry && lane.Held > f.Bound/2:
			return now // as it should be: when it is low, there is more
		case !dry:
			until = now.Add(busyRecheck)
		}
		if !f.Next.IsZero() && f.Next.Before(until) {
			return f.Next
		}
		return until
	}
	s.bound, s.next, s.whole = f.Bound, f.Next, true
	s.tried, s.fresh = believe(f.Tried, f.TriedDry), believe(f.Fresh, f.FreshDry)
}

// refill begins a filling of the campaign's window, or joins the one under way; nil when the source is closed.
func (f *Fallback) refill(id campaign.CampaignID, st *state) *flight {
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.flight != nil {
		return st.flight
	}
	fl := &flight{done: make(chan struct{})}
	if !f.background(func(ctx context.Context) { f.fly(ctx, id, st, fl) }) {
		return nil
	}
	st.flight = fl
	return fl
}

func (f *Fallback) fly(ctx context.Context, id campaign.CampaignID, st *state, fl *flight) {
	ctx, cancel := context.WithTimeout(ctx, refillTimeout)
	defer cancel()
	began := time.Now()
	got, err := f.filler.Refill(ctx, id)
	if err == nil {
		if st.lost(got.Lost) {
			f.o.Lost(ctx, id)
		}
		st.learn(got, f.now(), f.o.Recheck)
	}
	st.mu.Lock()
	st.flight, fl.err = nil, err
	st.mu.Unlock()
	close(fl.done)
	switch _, redis := errors.AsType[*redisError](err); {
	case redis:
		f.failed(ctx, began, err)
	case err != nil:
		f.o.Stuck(ctx, id, err)
	case (got.TriedDry || got.FreshDry) && !got.Next.IsZero():
		f.o.Arm(ctx, id, got.Next)
	}
}
