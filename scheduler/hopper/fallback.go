package hopper

import (
	"context"
	"errors"
	"sync"
	"time"

	"redial/campaign"
	"redial/scheduler"
)

// FallbackOptions of NewFallback. The zero value is useful.
type FallbackOptions struct {
	// Pause is after how long a Redis that is away is tried again, in the background; 0: 500ms. One that fails soon after it
	// came back, though trying it had found nothing, is passed by for twice as long each time, up to 30 s.
	Pause   time.Duration
	Slow    time.Duration // Redis counts as away, too, while half of the calls to it take so long; 0: 100ms
	Recheck time.Duration // a lane known to be dry is looked at again after so long, for others may have added to it; 0: 1s
	// Warn hears of each failure of Redis, also when it is tried whether it is back. nil: nobody does.
	Warn func(ctx context.Context, err error)
	// Stuck hears of fillings that failed at the record. nil: nobody does.
	Stuck func(ctx context.Context, id campaign.CampaignID, err error)
	// Turn hears when Redis goes away and when it is back. nil: nobody does.
	Turn func(ctx context.Context, t Turn)
	// Took hears how long each call to Redis took that was answered. nil: nobody does.
	Took func(d time.Duration)
	// Lost hears of a window that Redis lost: it was flushed, or evicted. nil: nobody does.
	Lost func(ctx context.Context, id campaign.CampaignID)
	// Arm hears when a lane has run dry and more comes due at an instant, so that somebody wakes up then. It may take
	// its time. nil: nobody does.
	Arm func(ctx context.Context, id campaign.CampaignID, at time.Time)
}

// Turn is a change between Redis and the record as the source of leads.
type Turn struct {
	Away bool
	Err  error         // why it is away
	For  time.Duration // how long it was away, when it is back
}

func (o FallbackOptions) withDefaults() FallbackOptions {
	if o.Pause <= 0 {
		o.Pause = 500 * time.Millisecond
	}
	if o.Slow <= 0 {
		o.Slow = 100 * time.Millisecond
	}
	if o.Recheck <= 0 {
		o.Recheck = time.Second
	}
	if o.Warn == nil {
		o.Warn = func(context.Context, error) {}
	}
	if o.Stuck == nil {
		o.Stuck = func(context.Context, campaign.CampaignID, error) {}
	}
	if o.Turn == nil {
		o.Turn = func(context.Context, Turn) {}
	}
	if o.Took == nil {
		o.Took = func(time.Duration) {}
	}
	if o.Lost == nil {
		o.Lost = func(context.Context, campaign.CampaignID) {}
	}
	if o.Arm == nil {
		o.Arm = func(context.Context, campaign.CampaignID, time.Time) {}
	}
	return o
}

// Fallback is the source of leads that the floor uses: the window, filled again when it is low, and straight from the
// record while Redis is away or slow (I8). Whether it is back is found out in the background, by doing there what agents
// have done; then the windows are dropped and filled anew. Close it when done.
type Fallback struct {
	filler  *Filler
	window  *Window
	direct  scheduler.Source
	o       FallbackOptions
	now     func() time.Time
	breaker breaker

	mu        sync.Mutex
	campaigns map[campaign.CampaignID]*state
	closed    bool
	stop      context.CancelFunc
	ctx       context.Context // of work in the background
	work      sync.WaitGroup
}

var _ scheduler.Source = (*Fallback)(nil)

// NewFallback is a source over the filler's window, which must not be used before, and over direct while Redis is away.
func NewFallback(f *Filler, direct scheduler.Source, o FallbackOptions) *Fallback {
	o = o.withDefaults()
	ctx, stop := context.WithCancel(context.Background())
	fb := &Fallback{
		filler: f, window: f.Window, direct: direct, o: o, now: f.Window.o.Now, breaker: breaker{slow: o.Slow},
		campaigns: make(map[campaign.CampaignID]*state), ctx: ctx, stop: stop,
	}
	f.Window.took = fb.took
	return fb
}

// Close ends what goes on in the background and waits for it. Afterwards leads come from what is in the window.
func (f *Fallback) Close() {
	f.mu.Lock()
	f.closed = true
	f.mu.Unlock()
	f.stop()
	f.work.Wait()
}

// Take is scheduler.Source's. Its errors are the record's: Redis's are answered by going round it.
func (f *Fallback) Take(ctx context.Context, id campaign.CampaignID, n, fresh int) ([]campaign.LeadID, error) {
	if n <= 0 {
		return nil, nil
	}
	st := f.state(id)
	st.ask(f.now())
	if f.Away() {
		return f.direct.Take(ctx, id, n, fresh)
	}
	began := time.Now()
	got, err := f.window.Take(ctx, id, n, min(fresh, n))
	if err != nil {
		if !f.failed(ctx, began, err) {
			return nil, ctx.Err()
		}
		return f.direct.Take(ctx, id, n, fresh)
	}
	if st.lost(got.Lost) {
		f.o.Lost(ctx, id)
	}
	if !st.needs(got, f.now()) {
		return got.Leads, nil
	}
	flight := f.refill(id, st)
	if len(got.Leads) == n || flight == nil {
		return got.Leads, nil
	}
	return f.again(ctx, id, flight, got, n, fresh)
}

// again waits for a filling and takes what the window could not give before.
func (f *Fallback) again(ctx context.Context, id campaign.CampaignID, fl *flight, got Taken, n, fresh int) ([]campaign.LeadID, error) {
	if fl.wait(ctx) != nil {
		return got.Leads, nil //nolint:nilerr // the caller's time is over: what the window gave is the answer
	}
	rest, reserved := n-len(got.Leads), max(0, fresh-got.Fresh)
	err := fl.err
	var more []campaign.LeadID
	if err == nil {
		var t Taken
		began := time.Now()
		t, err = f.window.Take(ctx, id, rest, min(reserved, rest))
		more = t.Leads
		if err != nil {
			f.failed(ctx, began, err)
			err = &redisError{err}
		}
	}
	if _, away := errors.AsType[*redisError](err); away && ctx.Err() == nil {
		more, err = f.direct.Take(ctx, id, rest, reserved)
	}
	leads := append(got.Leads, more...)
	if len(leads) > 0 {
		return leads, nil // what was taken must not be lost for want of the rest
	}
	return nil, err
}

// Return gives back leads that were taken and not offered.
func (f *Fallback) Return(ctx context.Context, id campaign.CampaignID, leads []campaign.LeadID) {
	if !f.Away() { // else they are still due in the record
		f.failed(ctx, time.Now(), f.window.Return(ctx, id, leads))
	}
}

// Changed says that a campaign's lists, rules or state changed: what was prepared for it is forgotten. While Redis is away
// nothing is lost by that, for every window is dropped when it returns.
func (f *Fallback) Changed(ctx context.Context, id campaign.CampaignID) {
	f.state(id).wake()
	if !f.Away() {
		f.failed(ctx, time.Now(), f.window.Drop(ctx, id))
	}
}

// Remove takes leads out of what was prepared.
func (f *Fallback) Remove(ctx context.Context, id campaign.CampaignID, leads ...campaign.LeadID) {
	if !f.Away() {
		f.failed(ctx, time.Now(), f.window.Remove(ctx, id, leads...))
	}
}

// Release fills a campaign's window now, because something came due, and says when more does (zero: nothing waits).
func (f *Fallback) Release(ctx context.Context, id campaign.CampaignID) (next time.Time, err error) {
	st := f.state(id)
	st.wake()
	if err := st.landed(ctx); err != nil { // a filling under way looked before this came due
		return time.Time{}, err
	}
	fl := f.refill(id, st)
	if fl == nil {
		return time.Time{}, nil
	}
	if err := fl.wait(ctx); err != nil {
		return time.Time{}, err
	}
	if _, away := errors.AsType[*redisError](fl.err); away {
		return time.Time{}, nil // the floor is served by the record until Redis is back
	}
	return st.nextDue(), fl.err
}

// NextDue is when more comes due for a campaign by itself, as last seen; zero: nothing waits, or nobody looked yet.
func (f *Fallback) NextDue(id campaign.CampaignID) time.Time { return f.state(id).nextDue() }

// Away says whether leads come straight from the record now.
func (f *Fallback) Away() bool { return f.breaker.open() }

// background runs fn unless the source is closed.
func (f *Fallback) background(fn func(context.Context)) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return false
	}
	f.work.Go(func() { fn(f.ctx) })
	return true
}

func (f *Fallback) state(id campaign.CampaignID) *state {
	f.mu.Lock()
	defer f.mu.Unlock()
	st := f.campaigns[id]
	if st == nil {
		st = &state{}
		f.campaigns[id] = st
	}
	return st
}
