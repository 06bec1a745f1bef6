package hopper

import (
	"context"
	"errors"
	"time"

	"redial/campaign"
	"redial/scheduler"
)

// Finder looks into the record for what should be offered next; *scheduler.Finder is one.
type Finder interface {
	Find(ctx context.Context, id campaign.CampaignID, tried, fresh int) (scheduler.Found, error)
}

// Filler fills windows from the record. It keeps nothing.
type Filler struct {
	Window *Window
	Finder Finder
	Ready  func(campaign.CampaignID) int // agents waiting for this campaign; nil: not known, windows have the least size
}

// Filled is what came of a filling.
type Filled struct {
	Tried, Fresh LaneFill
	Bound        int       // of a lane
	TriedDry     bool      // the record holds no tried lead that is due and not in the window or on its way to a claim
	FreshDry     bool      // the same of fresh ones
	Next         time.Time // when more comes due by itself; zero: nothing waits
	Lost         bool      // the window was never filled before, or Redis lost it
}

// refillTries bounds how often a filling starts anew because the window was dropped meanwhile.
const refillTries = 3

// Refill fills a campaign's window up to its bound.
func (f *Filler) Refill(ctx context.Context, id campaign.CampaignID) (Filled, error) {
	for range refillTries {
		got, err := f.refill(ctx, id)
		if !errors.Is(err, ErrDropped) {
			return got, err
		}
	}
	// Whoever drops this often fills it again as well.
	return Filled{Bound: f.bound(id, 0)}, nil
}

func (f *Filler) refill(ctx context.Context, id campaign.CampaignID) (Filled, error) {
	mark, err := f.Window.Mark(ctx, id)
	if err != nil {
		return Filled{}, &redisError{err}
	}
	bound := f.bound(id, mark.Taken)
	// Leads on their way to a claim are still open in the record, so that more than the bound are asked for. Most of those
	// taken in the last seconds were claimed long since: only if they do hide the rest are as many asked for.
	few := bound + min(bound, mark.Taken)
	got, err := f.fill(ctx, id, mark, bound, few)
	if err == nil && few < bound+mark.Taken && (got.hidden(got.Tried, got.TriedDry) || got.hidden(got.Fresh, got.FreshDry)) {
		return f.fill(ctx, id, mark, bound, bound+mark.Taken)
	}
	return got, err
}

// hidden says whether a lane is low though the record had as many leads for it as were asked for.
func (f *Filled) hidden(lane LaneFill, dry bool) bool { return !dry && lane.Held <= f.Bound/2 }

// fill looks for so many leads of each kind and adds them.
func (f *Filler) fill(ctx context.Context, id campaign.CampaignID, mark Mark, bound, limit int) (Filled, error) {
	found, err := f.Finder.Find(ctx, id, limit, limit)
	if err != nil {
		return Filled{}, err
	}
	filling := Filling{Generation: mark.Generation, Tried: entries(found.Tried), Fresh: entries(found.Fresh), Bound: bound}
	if !found.Stale.IsZero() {
		filling.Life = max(found.Stale.Sub(f.Window.o.Now()), time.Millisecond)
	}
	tried, fresh, err := f.Window.Fill(ctx, id, filling)
	if err != nil {
		return Filled{}, &redisError{err}
	}
	return Filled{
		Tried: tried, Fresh: fresh, Bound: bound, Next: found.Next, Lost: mark.Lost,
		TriedDry: len(found.Tried) < limit && tried.Over == 0,
		FreshDry: len(found.Fresh) < limit && fresh.Over == 0,
	}, nil
}

// paceShare of what was taken in the last five to ten seconds is what a window holds at least: a lane that is filled when
// half of it is gone is filled a few times a second at most, however quick the agents are.
const paceShare = 16

// bound is the size of a lane. It grows in few steps, for the record keeps what it is asked for prepared.
func (f *Filler) bound(id campaign.CampaignID, taken int) int {
	agents := 0
	if f.Ready != nil {
		agents = f.Ready(id)
	}
	l := f.Window.o.Limits
	pace := l.Min
	for pace < taken/paceShare {
		pace *= 2
	}
	return min(l.Max, max(l.For(agents), pace))
}

func entries(due []campaign.Due) []Entry {
	out := make([]Entry, len(due))
	for i, d := range due {
		out[i] = Entry{Lead: d.Lead, Score: scheduler.CandidateOf(d).Score()}
	}
	return out
}

// redisError marks an error of Redis among those of the record.
type redisError struct{ error }

func (e *redisError) Unwrap() error { return e.error }
