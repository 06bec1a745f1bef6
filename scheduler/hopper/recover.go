package hopper

import (
	"context"
	"fmt"
	"maps"
	"time"

	"redial/campaign"
)

const (
	probes = 3           // a Redis that is back must answer so often in a row without being slow
	asked  = time.Minute // a campaign that agents asked for so lately is filled as soon as Redis is back
)

// failed says whether Redis failed, and not the caller's patience, and makes it known. A nil err is no failure.
func (f *Fallback) failed(ctx context.Context, err error) bool {
	if err == nil || ctx.Err() != nil {
		return false
	}
	f.o.Warn(ctx, err)
	f.leave(ctx, err)
	return true
}

// took hears how long a call to Redis took that was answered. Redis is left when too many take long.
func (f *Fallback) took(d time.Duration) {
	f.o.Took(d)
	if f.breaker.took(d) {
		f.leave(f.ctx, fmt.Errorf("redis %w: a call took %v", ErrSlow, d))
	}
}

// leave turns to the record, and has the background find out when Redis is back.
func (f *Fallback) leave(ctx context.Context, why error) {
	if f.breaker.trip(f.now()) {
		f.o.Turn(ctx, Turn{Away: true, Err: why})
		f.background(f.recover)
	}
}

// recover tries until Redis is back, rebuilds what it holds and returns to it.
func (f *Fallback) recover(ctx context.Context) {
	pause := time.NewTicker(f.o.Pause)
	defer pause.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-pause.C:
		}
		err := f.rebuild(ctx)
		if err == nil {
			break
		}
		if ctx.Err() == nil {
			f.o.Warn(ctx, err)
		}
	}
	f.o.Turn(ctx, Turn{For: f.breaker.mend(f.now())})
	f.refillAll(ctx)
}

// rebuild makes sure that Redis takes writes, quickly, and drops every window that this node knows, for they may hold
// what was claimed or changed while it was away.
func (f *Fallback) rebuild(ctx context.Context) error {
	for range probes {
		start := time.Now()
		if err := f.window.Probe(ctx); err != nil {
			return err
		}
		if d := time.Since(start); d >= f.o.Slow {
			return fmt.Errorf("redis %w: a write took %v", ErrSlow, d)
		}
	}
	for id, st := range f.known() {
		if err := f.window.Drop(ctx, id); err != nil {
			return err
		}
		st.wake()
	}
	return nil
}

// refillAll fills the windows that agents asked for lately, one after the other. The others are filled when somebody
// asks for them.
func (f *Fallback) refillAll(ctx context.Context) {
	for id, st := range f.known() {
		if !st.asked(f.now().Add(-asked)) {
			continue
		}
		fl := f.refill(id, st)
		if fl == nil || fl.wait(ctx) != nil || f.Away() {
			return
		}
	}
}

func (f *Fallback) known() map[campaign.CampaignID]*state {
	f.mu.Lock()
	defer f.mu.Unlock()
	return maps.Clone(f.campaigns)
}
