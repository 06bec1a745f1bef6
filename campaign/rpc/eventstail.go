package rpc

import (
	"context"
	"sync"
	"time"

	"redial/campaign"
)

// pollEvery is how often a node looks for new events while somebody watches, unless it is told of them.
const pollEvery = 75 * time.Millisecond

// pollMost is how long a look may take.
const pollMost = 10 * time.Second

// standing is how the stream stood when a node last looked.
type standing struct {
	campaign.Stream
	began   time.Time // the look
	settled time.Time // everything that was committed by then has a number up to Last; zero: not known
	err     error     // why it could not look
	next    chan struct{}
}

// tail looks where the stream ends, once for all who watch on this node, and only while somebody does.
type tail struct {
	look  func(context.Context) (campaign.Stream, error)
	nudge chan struct{}

	mu       sync.Mutex
	watchers int
	stop     context.CancelFunc
	ended    chan struct{}
	now      *standing // nil: not looked yet
	first    chan struct{}
}

func newTail(look func(context.Context) (campaign.Stream, error)) *tail {
	return &tail{look: look, nudge: make(chan struct{}, 1)}
}

// told makes the tail look at once.
func (t *tail) told() {
	select {
	case t.nudge <- struct{}{}:
	default:
	}
}

// join begins to look if nobody watched. What it answers must be called in the end.
func (t *tail) join() (leave func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.watchers++; t.watchers == 1 {
		ctx, stop := context.WithCancel(context.Background())
		t.stop, t.ended, t.now, t.first = stop, make(chan struct{}), nil, make(chan struct{})
		go func(ended chan struct{}) { defer close(ended); t.run(ctx) }(t.ended)
	} else {
		t.told() // who comes waits for a look of its own
	}
	return t.leave
}

func (t *tail) leave() {
	t.mu.Lock()
	var ended chan struct{}
	if t.watchers--; t.watchers == 0 {
		t.stop()
		ended = t.ended
	}
	t.mu.Unlock()
	if ended != nil {
		<-ended
	}
}

func (t *tail) run(ctx context.Context) {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	m := milestone{}
	for ctx.Err() == nil {
		began := time.Now()
		short, cancel := context.WithTimeout(ctx, pollMost)
		s, err := t.look(short)
		cancel()
		if err == nil {
			m.pass(&s, began)
		}
		t.publish(ctx, &standing{Stream: s, began: began, settled: m.settled, err: err, next: make(chan struct{})})
		select {
		case <-ctx.Done():
		case <-tick.C:
		case <-t.nudge:
		}
	}
}

// publish lets the watchers have a look's result, unless they are all gone: those who came since have their own.
func (t *tail) publish(ctx context.Context, s *standing) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if ctx.Err() != nil {
		return
	}
	old := t.now
	t.now = s
	if old == nil {
		close(t.first)
	} else {
		close(old.next)
	}
}

// after waits for a look later than the last one (nil: for any) that began no earlier than since.
func (t *tail) after(ctx context.Context, last *standing, since time.Time) (*standing, error) {
	for {
		t.mu.Lock()
		wait := t.first
		if last != nil {
			wait = last.next
		}
		t.mu.Unlock()
		select {
		case <-wait:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
		t.mu.Lock()
		last = t.now
		t.mu.Unlock()
		if !last.began.Before(since) {
			return last, last.err
		}
	}
}

// milestone finds out up to when everything that was committed has been numbered: events wait for their number under
// ids that do not say which was committed first, so what waited at one look is seen through once none as old waits.
type milestone struct {
	upTo    campaign.EventID // the last that waited at a look
	at      time.Time        // when that look began
	settled time.Time
}

func (m *milestone) pass(s *campaign.Stream, began time.Time) {
	switch {
	case s.FirstWaiting == 0:
		m.settled, m.at = began, time.Time{}
		return
	case m.at.IsZero():
	case s.FirstWaiting > m.upTo:
		m.settled = m.at
	default:
		return
	}
	m.upTo, m.at = s.LastWaiting, began
}
