package store

import (
	"sync/atomic"
	"time"
)

const (
	// aroundFor is how long a batch goes around held rows at once after one waited for a row in vain: whoever holds it for
	// longer than lockTime holds it in the next batch, too.
	aroundFor = 5 * time.Second
	// aroundLock is how long it waits for what cannot be passed over.
	aroundLock = 200 * time.Millisecond
)

// heldUp remembers that somebody's transaction held batches of one kind up.
type heldUp struct{ until atomic.Int64 } // Unix nanoseconds

func (h *heldUp) note() { h.until.Store(time.Now().Add(aroundFor).UnixNano()) }

func (h *heldUp) lately() bool { return time.Now().UnixNano() < h.until.Load() }
