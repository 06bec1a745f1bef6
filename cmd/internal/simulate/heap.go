package simulate

import (
	"cmp"

	"redial/campaign"
)

// ordered is what has an order of its own.
type ordered[T any] interface{ before(o T) bool }

var (
	_ ordered[place]    = place{}
	_ ordered[event]    = event{}
	_ ordered[callback] = callback{}
)

// heap is a binary min-heap. The zero value is empty.
type heap[T ordered[T]] struct{ all []T }

func (h *heap[T]) push(x T) {
	h.all = append(h.all, x)
	h.up(len(h.all) - 1)
}

func (h *heap[T]) up(i int) {
	for i > 0 {
		parent := (i - 1) / 2
		if !h.all[i].before(h.all[parent]) {
			return
		}
		h.all[i], h.all[parent] = h.all[parent], h.all[i]
		i = parent
	}
}

// pop takes the first; the heap must not be empty.
func (h *heap[T]) pop() T {
	first, last := h.all[0], len(h.all)-1
	h.all[0] = h.all[last]
	h.all = h.all[:last]
	h.down(0)
	return first
}

func (h *heap[T]) down(i int) {
	for {
		least := i
		for c := 2*i + 1; c <= 2*i+2 && c < len(h.all); c++ {
			if h.all[c].before(h.all[least]) {
				least = c
			}
		}
		if least == i {
			return
		}
		h.all[i], h.all[least] = h.all[least], h.all[i]
		i = least
	}
}

// heapify orders what was changed in place.
func (h *heap[T]) heapify() {
	for i := len(h.all)/2 - 1; i >= 0; i-- {
		h.down(i)
	}
}

// place is a lead's place in an index: by the instant it waits for, or by its score in the order of offering. It is
// stale once the lead's gen has moved on.
type place struct {
	key  float64 // Unix seconds, or a score
	lead *lead
	gen  uint32
}

func (p place) before(o place) bool {
	return p.key < o.key || (p.key == o.key && p.lead.ID < o.lead.ID)
}

func (p place) stale() bool { return p.gen != p.lead.gen }

// eventKind is what an event of virtual time is.
type eventKind uint8

const (
	evTurn    eventKind = iota + 1 // an agent's schedule goes on
	evAct                          // an agent does what comes next, or a session's deadline comes
	evPromise                      // a promise comes due, is anybody's, or its grace ends
	evWake                         // waiting agents look again
)

// event is something that will happen. Of events at one instant the one made first goes first.
type event struct {
	at      int64 // Unix milliseconds
	seq     int64
	kind    eventKind
	gen     uint32 // of the agent when it was made
	agent   *agent
	promise *promise
}

func (e event) before(o event) bool {
	return cmp.Or(cmp.Compare(e.at, o.at), cmp.Compare(e.seq, o.seq)) < 0
}

// callback is a waiting lead that an agent wants back.
type callback struct {
	at   int64 // Unix seconds
	lead *lead
	gen  uint32
}

func (c callback) before(o callback) bool {
	return c.at < o.at || (c.at == o.at && c.lead.ID < o.lead.ID)
}

// promise is an appointment as the simulation keeps it.
type promise struct {
	campaign.Appointment
	lead *lead
	rest int64 // not proposed before: Unix milliseconds
	due  bool  // among those that agents are sought for
}
