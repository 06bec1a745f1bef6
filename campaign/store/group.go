package store

import (
	"context"
	"errors"
	"time"

	"redial/campaign"
)

// groupMost is how many requests are committed together at most; groupTime bounds their transaction.
const (
	groupMost = 256
	groupTime = 30 * time.Second
)

var errClosed = errors.New("the record is closed")

// group commits concurrent requests together: whatever waits while a transaction runs goes into the next one. Each
// caller waits for its own answer. A transaction that fails is split until the guilty request stands alone.
type group[Q, A any] struct {
	run  func(context.Context, []Q) ([]result[A], error)
	key  func(Q) int64 // requests of one key go into different transactions, in order
	in   chan *waiting[Q, A]
	gone <-chan struct{}
}

// result is one request's own answer. again puts the request into the next transaction.
type result[A any] struct {
	a     A
	err   error
	again bool
}

type waiting[Q, A any] struct {
	q    Q
	ctx  context.Context
	done chan result[A] // room for one, so that nobody waits for a caller that left
}

func newGroup[Q, A any](key func(Q) int64, run func(context.Context, []Q) ([]result[A], error)) *group[Q, A] {
	return &group[Q, A]{run: run, key: key, in: make(chan *waiting[Q, A], groupMost)}
}

// do waits for the answer, or for the caller's deadline: then what was asked may happen all the same.
func (g *group[Q, A]) do(ctx context.Context, q Q) (A, error) {
	w := &waiting[Q, A]{q, ctx, make(chan result[A], 1)}
	var none A
	select {
	case g.in <- w:
	case <-ctx.Done():
		return none, context.Cause(ctx)
	case <-g.gone:
		return none, errClosed
	}
	select {
	case r := <-w.done:
		return r.a, r.err
	case <-ctx.Done():
		return none, context.Cause(ctx)
	case <-g.gone:
		select { // the last transaction may have answered
		case r := <-w.done:
			return r.a, r.err
		default:
			return none, errClosed
		}
	}
}

// serve commits until ctx is done; the transaction that runs then is finished.
func (g *group[Q, A]) serve(ctx context.Context) {
	var later []*waiting[Q, A]
	for {
		batch := later
		if len(batch) == 0 {
			select {
			case <-ctx.Done():
				return
			case w := <-g.in:
				batch = append(batch, w)
			}
		}
		batch = g.gather(batch)
		batch, later = g.apart(batch)
		later = append(g.commit(ctx, batch), later...)
		if ctx.Err() != nil {
			return
		}
	}
}

func (g *group[Q, A]) gather(batch []*waiting[Q, A]) []*waiting[Q, A] {
	for len(batch) < groupMost {
		select {
		case w := <-g.in:
			batch = append(batch, w)
		default:
			return batch
		}
	}
	return batch
}

// apart leaves out requests whose callers left, and puts off those whose key is in the batch already.
func (g *group[Q, A]) apart(batch []*waiting[Q, A]) (now, later []*waiting[Q, A]) {
	seen := make(map[int64]bool, len(batch))
	for _, w := range batch {
		switch key := g.key(w.q); {
		case w.ctx.Err() != nil:
		case seen[key]:
			later = append(later, w)
		default:
			seen[key] = true
			now = append(now, w)
		}
	}
	return now, later
}

// commit runs the batch and answers its callers; it returns those that must be asked again.
func (g *group[Q, A]) commit(ctx context.Context, batch []*waiting[Q, A]) (again []*waiting[Q, A]) {
	if len(batch) == 0 {
		return nil
	}
	qs := make([]Q, len(batch))
	for i, w := range batch {
		qs[i] = w.q
	}
	run, cancel := context.WithTimeout(context.WithoutCancel(ctx), groupTime)
	results, err := g.run(run, qs)
	cancel()
	switch {
	case err == nil:
		for i, w := range batch {
			if results[i].again {
				again = append(again, w)
				continue
			}
			w.done <- results[i]
		}
	case len(batch) == 1:
		batch[0].done <- result[A]{err: err}
	default:
		half := len(batch) / 2
		again = append(g.commit(ctx, batch[:half]), g.commit(ctx, batch[half:])...)
	}
	return again
}

// groups are the writes that are committed together.
type groups struct {
	starts  *group[startRequest, campaign.Started]
	results *group[concluding, concludedAnswer]
	beats   *group[beating, beaten]
	moves   *group[*moveRequest, campaign.Session]
}

// startGroups starts one committer for each kind; they end when ctx does, and Close waits for them.
func (s *Store) startGroups(ctx context.Context) {
	s.groups = groups{
		starts:  newGroup(startRequest.key, s.startCalls),
		results: newGroup(concluding.key, s.concludeAll),
		beats:   newGroup(beating.key, s.beatAll),
		moves:   newGroup((*moveRequest).key, s.moveAll),
	}
	serveGroup(ctx, s, s.groups.starts)
	serveGroup(ctx, s, s.groups.results)
	serveGroup(ctx, s, s.groups.beats)
	serveGroup(ctx, s, s.groups.moves)
}

func serveGroup[Q, A any](ctx context.Context, s *Store, g *group[Q, A]) {
	g.gone = ctx.Done()
	s.done.Go(func() { g.serve(ctx) })
}
