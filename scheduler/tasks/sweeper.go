package tasks

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"
)

// Record is what the elected node's work needs of the record.
type Record interface {
	// Elect makes holder the leader of name for ttl, or keeps it so, unless another is. The epoch rises with each new
	// leader and fences what the old one may still be doing.
	Elect(ctx context.Context, name, holder string, ttl time.Duration) (epoch int64, leader bool, err error)
	// Resign gives the office up, so that another node need not wait for its end. It does nothing to another's.
	Resign(ctx context.Context, name, holder string) error
	// Sequence gives up to limit committed events their place in the stream and says how many. An epoch that is no
	// longer the leader's is refused.
	Sequence(ctx context.Context, epoch int64, limit int) (done int, err error)
	// Now is the clock that counts.
	Now() time.Time
}

// Office is the name of the lease that the sweeping node holds.
const Office = "sweep"

const (
	sequenceLimit = 1000            // events of one transaction
	resignTimeout = 2 * time.Second // the end of a node does not wait longer for it
	lostGap       = 2 * time.Second // a Redis that evicts does not have everything sent without end
)

// SweeperOptions of NewSweeper. The zero value is useful.
type SweeperOptions struct {
	Every         time.Duration // between sweeps; 0: 15s
	SequenceEvery time.Duration // how late an event is in the stream; 0: 200ms
	LookEvery     time.Duration // how soon a Redis that was flushed is noticed; 0: 2s; below 0: it never is
	Lease         time.Duration // a leader that is gone is replaced after so long; 0: 15s
	Log           *slog.Logger  // nil: discarded
}

// Sweeper does what one node at a time does: the sweep, and numbering events. Every node runs one; the record elects.
type Sweeper struct {
	node   string
	record Record
	sweep  *Sweep
	o      SweeperOptions
	lost   chan struct{} // Redis lost what it held

	mu    sync.Mutex
	epoch int64     // of our term; 0: not the leader
	until time.Time // our term ends then, by our own clock
}

// NewSweeper is one for the node of that name, which no other node has.
func NewSweeper(node string, record Record, sweep *Sweep, o SweeperOptions) (*Sweeper, error) {
	if node == "" || record == nil || sweep == nil || sweep.Backlog == nil || sweep.Forecast == nil {
		return nil, errors.New("the sweeper needs a node's name, the record and all of its sweep")
	}
	if o.Every <= 0 {
		o.Every = 15 * time.Second
	}
	if o.SequenceEvery <= 0 {
		o.SequenceEvery = 200 * time.Millisecond
	}
	if o.LookEvery == 0 {
		o.LookEvery = 2 * time.Second
	}
	if o.Lease <= 0 {
		o.Lease = 15 * time.Second
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &Sweeper{node: node, record: record, sweep: sweep, o: o, lost: make(chan struct{}, 1)}
	sweep.apart.tell = s.note
	return s, nil
}

// Run stands for election and does the leader's work until the context ends; then it waits for what is under way and gives
// the office up. Neither Redis nor the record need be there all the time.
func (s *Sweeper) Run(ctx context.Context) error {
	defer s.resign(ctx)
	defer s.sweep.apart.work.Wait()
	var loops sync.WaitGroup
	defer loops.Wait()
	s.note(ctx, "stand for election", s.stand(ctx))
	loops.Go(func() {
		every(ctx, s.o.Lease/3, func() { s.note(ctx, "stand for election", s.stand(ctx)) })
	})
	loops.Go(func() {
		every(ctx, s.o.SequenceEvery, func() { s.note(ctx, "sequence events", s.sequence(ctx)) })
	})
	if s.o.LookEvery > 0 && s.sweep.Waker != nil {
		loops.Go(func() { every(ctx, s.o.LookEvery, func() { s.look(ctx) }) })
	}
	s.lead(ctx)
	s.rounds(ctx)
	return nil
}

// Lost says that Redis lost what it held, or was away: if this is the elected node it sends every wake-up again, soon, and
// at most once in lostGap.
func (s *Sweeper) Lost() {
	select {
	case s.lost <- struct{}{}:
	default:
	}
}

// look finds out whether Redis was flushed. Failures are no news here: the sweep meets them, too.
func (s *Sweeper) look(ctx context.Context) {
	if s.term() == 0 || s.sweep.away() {
		return
	}
	if lost, err := s.sweep.Waker.lost(ctx); err == nil && lost {
		s.Lost()
	}
}

// rounds sweeps at the interval, and sends wake-ups when Redis lost them.
func (s *Sweeper) rounds(ctx context.Context) {
	t := time.NewTicker(s.o.Every)
	defer t.Stop()
	sent := time.Now()
	for {
		lost := s.lost
		var soon <-chan time.Time
		if wait := lostGap - time.Since(sent); wait > 0 {
			lost, soon = nil, time.After(wait)
		}
		select {
		case <-ctx.Done():
			return
		case <-soon:
			continue
		case <-lost:
			sent = time.Now()
			s.again(ctx)
		case <-t.C:
			s.lead(ctx)
		}
	}
}

// again sends every wake-up again if this node is the leader. What is overdue does not hold it up.
func (s *Sweeper) again(ctx context.Context) {
	s.sweep.anew()
	if s.term() != 0 {
		s.note(ctx, "send every wake-up again", s.sweep.rearm(ctx, s.record.Now()))
	}
}

// lead sweeps if this node is the leader.
func (s *Sweeper) lead(ctx context.Context) {
	if s.term() != 0 {
		s.note(ctx, "sweep", s.sweep.runOnce(ctx, s.record.Now()))
	}
}

// stand asks for the office, or for another term. Our term is counted from before the question, so that by our clock it
// never ends after the record's.
func (s *Sweeper) stand(ctx context.Context) error {
	before := time.Now()
	epoch, leader, err := s.record.Elect(ctx, Office, s.node, s.o.Lease)
	if err != nil {
		return err // the present term goes on to its end
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !leader {
		s.epoch = 0
		return nil
	}
	if s.epoch != epoch {
		s.o.Log.InfoContext(ctx, "this node sweeps", "epoch", epoch)
	}
	s.epoch, s.until = epoch, before.Add(s.o.Lease)
	return nil
}

// resign gives the office up if we have it. It is no fault if that fails: our term ends by itself.
func (s *Sweeper) resign(ctx context.Context) {
	if s.term() == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), resignTimeout)
	defer cancel()
	s.note(ctx, "give up the office", s.record.Resign(ctx, Office, s.node))
}

// term is the epoch of our term; 0 when we are not the leader.
func (s *Sweeper) term() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !time.Now().Before(s.until) {
		return 0
	}
	return s.epoch
}

// sequence numbers events until there are no more.
func (s *Sweeper) sequence(ctx context.Context) error {
	for {
		epoch := s.term()
		if epoch == 0 {
			return nil
		}
		if n, err := s.record.Sequence(ctx, epoch, sequenceLimit); err != nil || n < sequenceLimit {
			return err
		}
	}
}

func (s *Sweeper) note(ctx context.Context, act string, err error) {
	if err != nil && ctx.Err() == nil {
		s.o.Log.WarnContext(ctx, "the sweeper failed at an act and comes back to it", "act", act, "error", err)
	}
}

// every calls fn at the interval until the context ends. A call that takes longer delays the next.
func every(ctx context.Context, interval time.Duration, fn func()) {
	t := time.NewTicker(interval)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			fn()
		}
	}
}
