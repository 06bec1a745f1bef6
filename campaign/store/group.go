package store

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"
)

const (
	groupMost = 256              // requests that are committed together at most
	groupTime = 30 * time.Second // bounds their transaction
	// gatherTime is how long a transaction waits at most for those that the last one answered to come back: together they
	// cost one transaction, one after the other several.
	gatherTime = time.Millisecond
	// loneMost bounds how many requests are committed alone at once, after a transaction in which somebody waited too long.
	loneMost = 2
	// loneWait bounds how long one waits to be committed alone: when all take too long, whoever comes last would wait for all.
	loneWait = 5 * time.Second
	// committers is how many transactions of deeds run at once on PostgreSQL. SQLite has one writer.
	committers = 1
)

var (
	errClosed = errors.New("the record is closed")
	// errOverdue says that a transaction did not end within groupTime. On SQLite another one was writing all the while.
	errOverdue = errors.New("what writes to the database did not come to an end in time")
)

// group commits concurrent requests together: whatever waits while a transaction runs goes into the next one. Each
// caller waits for its own answer. A transaction that fails is split until the guilty request stands alone, unless the
// database is away: then all are told at once. When a lock was waited for too long, or a statement took too long, its
// requests are committed one by one beside the transactions that follow, so that nobody waits for whoever waits for it. Whose
// request took too long alone is not let into company for a while: it comes again, and would hold up everybody each time.
type group[Q, A any] struct {
	run  func(context.Context, []Q) ([]result[A], error)
	key  func(Q) int64 // requests of one key go into different transactions, in order; 0: it does not matter
	in   chan *waiting[Q, A]
	lone chan struct{}  // holds one for every request that is being committed alone
	side sync.WaitGroup // those
	gone <-chan struct{}
	away func(error) bool // the database does not answer
	slow func(error) bool // a lock was waited for in vain, or a statement took too long

	mu     sync.Mutex
	guilty map[int64]guilt // by key
}

// guilt is what made a request fail that stood alone, and until when the next one of its key stands alone as well.
type guilt struct {
	err   error
	until time.Time
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
	return &group[Q, A]{run: run, key: key, in: make(chan *waiting[Q, A], groupMost), lone: make(chan struct{}, loneMost),
		away: away, slow: tooLong, guilty: make(map[int64]guilt)}
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
	last := 0
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
		batch = g.gather(ctx, batch, last)
		batch, later = g.apart(g.clean(ctx, batch))
		last = len(batch)
		later = append(g.commit(ctx, batch), later...)
		if ctx.Err() != nil {
			return
		}
	}
}

// gather takes whatever waits. When the last transaction had company it waits a moment for as many; a lone caller never
// waits.
func (g *group[Q, A]) gather(ctx context.Context, batch []*waiting[Q, A], last int) []*waiting[Q, A] {
	for len(batch) < groupMost {
		select {
		case w := <-g.in:
			batch = append(batch, w)
			continue
		default:
		}
		break
	}
	if last < 2 || len(batch) >= last {
		return batch
	}
	enough := time.NewTimer(gatherTime)
	defer enough.Stop()
	for len(batch) < last {
		select {
		case w := <-g.in:
			batch = append(batch, w)
		case <-enough.C:
			return batch
		case <-ctx.Done():
			return batch
		}
	}
	return batch
}

// clean leaves out the requests of the guilty, which are committed alone beside the others.
func (g *group[Q, A]) clean(ctx context.Context, batch []*waiting[Q, A]) []*waiting[Q, A] {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.guilty) == 0 {
		return batch
	}
	now := time.Now()
	maps.DeleteFunc(g.guilty, func(_ int64, is guilt) bool { return !now.Before(is.until) })
	return slices.DeleteFunc(batch, func(w *waiting[Q, A]) bool {
		is, guilty := g.guilty[g.key(w.q)]
		if guilty {
			g.side.Go(func() { g.alone(ctx, w, is.err) })
		}
		return guilty
	})
}

// blame has the next requests of a key stand alone for a while.
func (g *group[Q, A]) blame(q Q, err error) {
	if key := g.key(q); key != 0 {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.guilty[key] = guilt{err, time.Now().Add(aroundFor)}
	}
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
			seen[key] = key != 0
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
	results, err := g.once(ctx, batch)
	switch {
	case err == nil:
		for i, w := range batch {
			if results[i].again {
				again = append(again, w)
				continue
			}
			w.done <- results[i]
		}
	case len(batch) == 1 || g.away(err):
		if g.slow(err) {
			g.blame(batch[0].q, err)
		}
		for _, w := range batch {
			w.done <- result[A]{err: err}
		}
	case g.slow(err):
		for _, w := range batch {
			g.side.Go(func() { g.alone(ctx, w, err) })
		}
	default:
		half := len(batch) / 2
		again = append(g.commit(ctx, batch[:half]), g.commit(ctx, batch[half:])...)
	}
	return again
}

func (g *group[Q, A]) once(ctx context.Context, batch []*waiting[Q, A]) ([]result[A], error) {
	qs := make([]Q, len(batch))
	for i, w := range batch {
		qs[i] = w.q
	}
	run, cancel := context.WithTimeoutCause(context.WithoutCancel(ctx), groupTime, errOverdue)
	defer cancel()
	return g.run(run, qs)
}

// alone commits one request beside the others, until it is answered or its caller left. When there is no place for it in
// time its answer is why it stands alone.
func (g *group[Q, A]) alone(ctx context.Context, w *waiting[Q, A], why error) {
	late := time.NewTimer(loneWait)
	defer late.Stop()
	for again := []*waiting[Q, A]{w}; len(again) > 0; {
		select {
		case g.lone <- struct{}{}:
		case <-late.C:
			w.done <- result[A]{err: why}
			return
		case <-w.ctx.Done():
			return
		case <-g.gone:
			return
		}
		again = g.commit(ctx, again)
		<-g.lone
	}
}

// groups are the writes that are committed together, and what they are committed on.
type groups struct {
	callConns
	deeds                 *group[*deed, any]
	deedsHeld, claimsHeld heldUp
}

// startGroups starts the committers; they end when ctx does, and Close waits for them.
func (s *Store) startGroups(ctx context.Context) error {
	conns, err := s.openCallConns(ctx)
	if err != nil {
		return err
	}
	s.groups.callConns, s.groups.deeds = conns, newGroup((*deed).key, s.commitDeeds)
	n := 1
	if s.pool != nil {
		n = committers
	}
	for range n {
		serveGroup(ctx, s, s.groups.deeds)
	}
	return nil
}

func serveGroup[Q, A any](ctx context.Context, s *Store, g *group[Q, A]) {
	g.gone = ctx.Done()
	s.done.Go(func() {
		g.serve(ctx)
		g.side.Wait()
	})
}
