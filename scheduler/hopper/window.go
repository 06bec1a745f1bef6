package hopper

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"redial/campaign"
)

// Entry is a lead and its place in the order of offering, lower first.
type Entry struct {
	Lead  campaign.LeadID
	Score float64
}

// Lane is a half of a campaign's window.
type Lane string

// The lanes.
const (
	Tried Lane = "tried"
	Fresh Lane = "fresh"
)

const (
	guard   = 5 * time.Second  // a taken lead is not filled in again for at least so long, and at most twice that
	life    = 10 * time.Minute // a lane that nobody fills expires
	genLife = 24 * time.Hour   // far longer than any filling takes
)

// Window is the hopper of every campaign, in Redis. Its methods answer Redis's errors as they come; Fallback is what
// makes the floor independent of them.
type Window struct {
	client redis.UniversalClient
	o      Options
	took   func(time.Duration) // hears how long an answer took
	trying string              // between the prefix and the rest of the keys of Try: no other node's
}

// New is a window in the client's Redis: single, sentinel or cluster. The client must heed deadlines
// (ContextTimeoutEnabled), or a Redis that hangs would hang the floor.
func New(client redis.UniversalClient, o Options) (*Window, error) {
	o.Limits = o.Limits.withDefaults()
	if err := o.Limits.validate(); err != nil {
		return nil, err
	}
	if !heedsDeadlines(client) {
		return nil, errors.New("the hopper's Redis client ignores deadlines: set ContextTimeoutEnabled")
	}
	if o.Prefix == "" {
		o.Prefix = "redial"
	}
	if o.Timeout <= 0 {
		o.Timeout = 250 * time.Millisecond
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Window{client: client, o: o, took: func(time.Duration) {}, trying: ":try:" + strconv.FormatUint(rand.Uint64(), 36)}, nil
}

// begin bounds a call to Redis; done takes its end, and how long an answer took.
func (w *Window) begin(ctx context.Context) (bounded context.Context, done func(error)) {
	start := time.Now()
	ctx, cancel := context.WithTimeout(ctx, w.o.Timeout)
	return ctx, func(err error) {
		cancel()
		if err == nil {
			w.took(time.Since(start))
		}
	}
}

// Mark is the state of a window before it is filled.
type Mark struct {
	Generation   int64
	Tried, Fresh int  // leads in the lanes
	Taken        int  // leads taken in the last seconds, some of them still on their way to a claim
	Lost         bool // the window was never filled, or Redis lost it
}

// Mark reads it.
func (w *Window) Mark(ctx context.Context, id campaign.CampaignID) (m Mark, err error) {
	ctx, done := w.begin(ctx)
	defer func() { done(err) }()
	got, err := markScript.Run(ctx, w.client, w.all(id), w.o.Now().UnixMilli(), genLife.Milliseconds()).Int64Slice()
	if err != nil {
		return Mark{}, fmt.Errorf("look at the hopper: %w", err)
	}
	if len(got) != 5 {
		return Mark{}, fmt.Errorf("look at the hopper: %d values for 5", len(got))
	}
	return Mark{Generation: got[0], Tried: int(got[1]), Fresh: int(got[2]), Taken: int(got[3]), Lost: got[4] == 1}, nil
}

// ErrDropped says that a window was dropped while it was being filled: mark it and look again.
var ErrDropped = errors.New("the hopper was dropped meanwhile")

// Filling is what a filler found after it had marked the window.
type Filling struct {
	Generation   int64         // of the mark
	Tried, Fresh []Entry       // each in the order of offering
	Bound        int           // no lane grows beyond; 0: the limits' Min
	Life         time.Duration // how long this holds; 0, or more than ten minutes: ten minutes
}

// LaneFill is what a filling did to a lane.
type LaneFill struct {
	Added int
	Held  int // leads in the lane now
	Over  int // leads left out for want of room
}

// Fill adds leads up to the bound. A lead that is there keeps its place; one that was taken a moment ago is passed over.
// ErrDropped: the window was dropped since the mark, and what was found before may be wrong now.
func (w *Window) Fill(ctx context.Context, id campaign.CampaignID, f Filling) (tried, fresh LaneFill, err error) {
	ctx, done := w.begin(ctx)
	defer func() { done(err) }()
	bound := f.Bound
	if bound == 0 {
		bound = w.o.Limits.Min
	}
	args := make([]any, 0, 4+2*(len(f.Tried)+len(f.Fresh)))
	args = append(args, f.Generation, min(bound, w.o.Limits.Max), lifeOf(f.Life).Milliseconds(), len(f.Tried))
	for _, lane := range [][]Entry{f.Tried, f.Fresh} {
		for _, e := range lane {
			args = append(args, strconv.FormatFloat(e.Score, 'f', -1, 64), int64(e.Lead))
		}
	}
	got, err := fillScript.Run(ctx, w.client, w.all(id), args...).Int64Slice()
	switch {
	case err != nil:
		return tried, fresh, fmt.Errorf("fill the hopper: %w", err)
	case len(got) != 6:
		return tried, fresh, ErrDropped
	}
	lane := func(n []int64) LaneFill { return LaneFill{Added: int(n[0]), Held: int(n[1]), Over: int(n[2])} }
	return lane(got[:3]), lane(got[3:]), nil
}

func lifeOf(d time.Duration) time.Duration {
	if d <= 0 || d > life {
		return life
	}
	return max(d, time.Millisecond)
}

// Taken is what a Take got.
type Taken struct {
	Leads                []campaign.LeadID
	Fresh                int  // how many of them came from the fresh lane
	TriedLeft, FreshLeft int  // in the lanes, after it
	Lost                 bool // the window was never filled, or Redis lost it
}

// Take takes up to n leads at once: up to fresh of them first from the fresh lane, which are the fresh share; then tried
// ones; then fresh ones to make up the number. Within a lane they come in the order of offering.
func (w *Window) Take(ctx context.Context, id campaign.CampaignID, n, fresh int) (t Taken, err error) {
	ctx, done := w.begin(ctx)
	defer func() { done(err) }()
	keys := w.all(id)[:4]
	got, err := takeScript.Run(ctx, w.client, keys, n, fresh, (3 * guard).Milliseconds()).Slice()
	if err != nil {
		return Taken{}, fmt.Errorf("take from the hopper: %w", err)
	}
	return taken(got)
}

func taken(got []any) (Taken, error) {
	var t Taken
	for i, v := range got {
		n, err := integer(v)
		if err != nil {
			return Taken{}, fmt.Errorf("take from the hopper: %w", err)
		}
		switch i {
		case 0:
			t.Lost = n == 0
		case 1:
			t.TriedLeft = int(n)
		case 2:
			t.FreshLeft = int(n)
		case 3:
			t.Fresh = int(n)
		default:
			t.Leads = append(t.Leads, campaign.LeadID(n))
		}
	}
	return t, nil
}

func integer(v any) (int64, error) {
	switch v := v.(type) {
	case int64:
		return v, nil
	case string:
		return strconv.ParseInt(v, 10, 64)
	default:
		return 0, fmt.Errorf("%T is no lead", v)
	}
}

// Return puts back leads that were taken in the last seconds and not offered, in the place they had. Others are left to
// the next filling.
func (w *Window) Return(ctx context.Context, id campaign.CampaignID, leads []campaign.LeadID) (err error) {
	if len(leads) == 0 {
		return nil
	}
	ctx, done := w.begin(ctx)
	defer func() { done(err) }()
	args := []any{w.o.Limits.Max, life.Milliseconds()}
	for _, l := range leads {
		args = append(args, int64(l))
	}
	if err := returnScript.Run(ctx, w.client, append(w.lanes(id), w.taken(id)...), args...).Err(); err != nil {
		return fmt.Errorf("return leads to the hopper: %w", err)
	}
	return nil
}

// Len is the number of leads in a lane.
func (w *Window) Len(ctx context.Context, id campaign.CampaignID, lane Lane) (held int, err error) {
	ctx, done := w.begin(ctx)
	defer func() { done(err) }()
	n, err := w.client.ZCard(ctx, w.key(id, string(lane))).Result()
	if err != nil {
		return 0, fmt.Errorf("count the hopper: %w", err)
	}
	return int(n), nil
}

// Probe finds out whether Redis takes writes: one that is full or a replica answers reads.
func (w *Window) Probe(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, w.o.Timeout)
	defer cancel()
	if err := w.client.Set(ctx, w.o.Prefix+":probe", w.o.Now().UnixMilli(), life).Err(); err != nil {
		return fmt.Errorf("try the hopper: %w", err)
	}
	return nil
}

// Try does once all that is done to a campaign's window, with other keys in the same place of a cluster, and says how long
// the slowest part took. What it finds there is no matter: a Redis that evicts may have thrown it away.
func (w *Window) Try(ctx context.Context, id campaign.CampaignID) (slowest time.Duration, err error) {
	own := *w
	own.o.Prefix += w.trying
	own.took = func(d time.Duration) { slowest = max(slowest, d) }
	lead := []campaign.LeadID{1}
	if err := own.Drop(ctx, id); err != nil {
		return slowest, err
	}
	mark, err := own.Mark(ctx, id)
	if err != nil {
		return slowest, err
	}
	_, _, err = own.Fill(ctx, id, Filling{Generation: mark.Generation, Tried: []Entry{{Lead: lead[0], Score: 1}}})
	if err != nil && !errors.Is(err, ErrDropped) {
		return slowest, err
	}
	if _, err := own.Take(ctx, id, 1, 0); err != nil {
		return slowest, err
	}
	if err := own.Return(ctx, id, lead); err != nil {
		return slowest, err
	}
	if err := own.Remove(ctx, id, lead...); err != nil {
		return slowest, err
	}
	return slowest, own.clear(ctx, id)
}

// clear leaves nothing of a campaign.
func (w *Window) clear(ctx context.Context, id campaign.CampaignID) (err error) {
	ctx, done := w.begin(ctx)
	defer func() { done(err) }()
	if err := w.client.Del(ctx, w.all(id)...).Err(); err != nil {
		return fmt.Errorf("clear the hopper of campaign %d: %w", id, err)
	}
	return nil
}

// Drop empties a campaign's window: its lists, its rules or its state changed. Fillings that began before it add nothing.
func (w *Window) Drop(ctx context.Context, id campaign.CampaignID) (err error) {
	ctx, done := w.begin(ctx)
	defer func() { done(err) }()
	keys := append(w.lanes(id), w.key(id, "gen"))
	if err := dropScript.Run(ctx, w.client, keys, w.o.Now().UnixMilli(), genLife.Milliseconds()).Err(); err != nil {
		return fmt.Errorf("drop the hopper of campaign %d: %w", id, err)
	}
	return nil
}

// Remove takes leads out of a campaign's window for good: they were suppressed, withdrawn or called otherwise.
func (w *Window) Remove(ctx context.Context, id campaign.CampaignID, leads ...campaign.LeadID) (err error) {
	if len(leads) == 0 {
		return nil
	}
	ctx, done := w.begin(ctx)
	defer func() { done(err) }()
	members := make([]any, len(leads))
	for i, l := range leads {
		members[i] = int64(l)
	}
	_, err = w.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for _, lane := range w.lanes(id) {
			p.ZRem(ctx, lane, members...)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("remove leads from the hopper: %w", err)
	}
	return nil
}
