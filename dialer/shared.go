package dialer

import (
	"context"
	"sync"
	"time"
)

// Shared answers questions that are asked at the same time by one read: whoever asks while a read is under way is
// answered by the next one, together with all who did. So many who come at once cost the record as little as one.
type Shared[K comparable, V any] struct {
	// Gather is how long a read that follows one for several waits for more who ask; 0: not at all.
	Gather time.Duration

	read func(context.Context, []K) (map[K]V, error)

	mu      sync.Mutex
	reading bool
	asking  []*question[K, V]
}

type question[K comparable, V any] struct {
	of   K
	done chan struct{}
	v    V
	ok   bool
	err  error
}

// Bounds of a shared read.
const (
	sharedMost = 256              // questions that one read answers
	sharedTime = 10 * time.Second // how long it may take
)

// NewShared makes one over a read. Keys may repeat; one that the read does not answer has no answer.
func NewShared[K comparable, V any](read func(context.Context, []K) (map[K]V, error)) *Shared[K, V] {
	return &Shared[K, V]{read: read}
}

// Get is the answer for a key as of now or later, and whether there is one. Its errors are the read's and ctx's.
func (s *Shared[K, V]) Get(ctx context.Context, of K) (V, bool, error) {
	q := &question[K, V]{of: of, done: make(chan struct{})}
	s.mu.Lock()
	s.asking = append(s.asking, q)
	if !s.reading {
		s.reading = true
		go s.serve()
	}
	s.mu.Unlock()
	select {
	case <-q.done:
		return q.v, q.ok, q.err
	case <-ctx.Done():
		var none V
		return none, false, context.Cause(ctx)
	}
}

// serve reads until nobody asks.
func (s *Shared[K, V]) serve() {
	for company := false; ; {
		if company && s.Gather > 0 {
			<-time.After(s.Gather)
		}
		s.mu.Lock()
		n := min(len(s.asking), sharedMost)
		batch := s.asking[:n:n]
		s.asking = s.asking[n:]
		s.reading = n > 0
		s.mu.Unlock()
		if n == 0 {
			return
		}
		s.answer(batch)
		company = n > 1
	}
}

func (s *Shared[K, V]) answer(batch []*question[K, V]) {
	keys := make([]K, len(batch))
	for i, q := range batch {
		keys[i] = q.of
	}
	ctx, cancel := context.WithTimeout(context.Background(), sharedTime)
	defer cancel()
	got, err := s.read(ctx, keys)
	for _, q := range batch {
		q.err = err
		if err == nil {
			q.v, q.ok = got[q.of]
		}
		close(q.done)
	}
}
