package hopper

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"time"

	"redial/campaign"
)

const (
	probes  = 3           // a Redis that is back must answer so often in a row without being slow
	asked   = time.Minute // a campaign that agents asked for so lately is filled as soon as Redis is back
	filling = 4           // so many of them at once
)

// failed says whether Redis failed at a call that began then, and not the caller's patience, and makes it known. A nil err
// is no failure.
func (f *Fallback) failed(ctx context.Context, began time.Time, err error) bool {
	if err == nil || ctx.Err() != nil {
		return false
	}
	f.o.Warn(ctx, err)
	f.leave(ctx, began, err)
	return true
}

// took hears how long a call to Redis took that was answered. Redis is left when too many take long.
func (f *Fallback) took(d time.Duration) {
	f.o.Took(d)
	if f.breaker.took(d) {
		f.leave(f.ctx, time.Now(), fmt.Errorf("redis %w: a call took %v", ErrSlow, d))
	}
}

// leave turns to the record, and has the background find out when Redis is back.
func (f *Fallback) leave(ctx context.Context, began time.Time, why error) {
	if f.breaker.trip(began, time.Now()) {
		f.o.Turn(ctx, Turn{Away: true, Err: why})
		f.background(f.recover)
	}
}

// recover tries until Redis is back, and has held off long enough, rebuilds what it holds and returns to it.
func (f *Fallback) recover(ctx context.Context) {
	pause := time.NewTicker(f.o.Pause)
	defer pause.Stop()
	for n := 1; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-pause.C:
		}
		err := f.try(ctx)
		if n == 1 && err == nil {
			f.breaker.unseen(f.o.Pause)
		}
		if err == nil && f.breaker.early(time.Now()) {
			continue
		}
		if err == nil {
			err = f.dropAll(ctx)
		}
		if err == nil {
			break
		}
		if ctx.Err() == nil {
			f.o.Warn(ctx, err)
		}
	}
	f.o.Turn(ctx, Turn{For: f.breaker.mend(time.Now())})
	f.refillAll(ctx)
}

// try makes sure that Redis takes writes, quickly, and does all that agents will have done in the place of each campaign
// that they asked for lately: the shard of one may be away, scripts forbidden, the memory all but full.
func (f *Fallback) try(ctx context.Context) error {
	Weed(ctx, f.window.client, f.window.o.Timeout)
	for range probes {
		start := time.Now()
		if err := f.window.Probe(ctx); err != nil {
			return err
		}
		if err := f.quick(time.Since(start)); err != nil {
			return err
		}
	}
	for id, st := range f.known() {
		if !st.asked(f.now().Add(-asked)) {
			continue
		}
		slowest, err := f.window.Try(ctx, id)
		if err == nil {
			err = f.quick(slowest)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (f *Fallback) quick(took time.Duration) error {
	if took >= f.o.Slow {
		return fmt.Errorf("redis %w: a write took %v", ErrSlow, took)
	}
	return nil
}

// dropAll drops every window that this node knows, for they may hold what was claimed or changed while Redis was away.
func (f *Fallback) dropAll(ctx context.Context) error {
	for id, st := range f.known() {
		if err := f.window.Drop(ctx, id); err != nil {
			return err
		}
		st.wake()
	}
	return nil
}

// refillAll fills the windows that agents asked for lately, a few at once, so that one that the record is slow to answer
// for does not hold up the rest. The others are filled when somebody asks for them.
func (f *Fallback) refillAll(ctx context.Context) {
	var work sync.WaitGroup
	defer work.Wait()
	places := make(chan struct{}, filling)
	for id, st := range f.known() {
		if !st.asked(f.now().Add(-asked)) {
			continue
		}
		select {
		case places <- struct{}{}:
		case <-ctx.Done():
			return
		}
		work.Go(func() {
			defer func() { <-places }()
			f.refillNow(ctx, id, st)
		})
	}
}

// refillNow fills a window; a filling under way may have begun before Redis was back, and fail for that.
func (f *Fallback) refillNow(ctx context.Context, id campaign.CampaignID, st *state) {
	for range 2 {
		fl := f.refill(id, st)
		if fl == nil || f.Away() || fl.wait(ctx) != nil || fl.err == nil {
			return
		}
	}
}

func (f *Fallback) known() map[campaign.CampaignID]*state {
	f.mu.Lock()
	defer f.mu.Unlock()
	return maps.Clone(f.campaigns)
}
