package auth

import (
	"context"
	"net"
	"net/netip"
	"sync"
	"time"

	"google.golang.org/grpc/peer"
)

// turns gives so many at once their turn, and of who waits one address after the other: a flood from one delays the others
// by one turn each round. When all that may wait do, who comes from an address with fewer takes the place of the last of an
// address with more.
type turns struct {
	most int // who wait

	mu    sync.Mutex
	free  int
	ring  []*queue // addresses with somebody waiting, the next first
	of    map[netip.Prefix]*queue
	count int // who waits, all together
}

// queue is who waits of one address, in order of coming.
type queue struct {
	from netip.Prefix
	line []*turn
}

// turn is one who waits.
type turn struct {
	come    chan struct{} // closed when it is settled
	settled bool
	gone    bool // it gave its place to another
}

func newTurns(atOnce, most int) *turns {
	return &turns{most: most, free: atOnce, of: make(map[netip.Prefix]*queue)}
}

// take waits for a turn, so long at most. False: it did not come; with the end of ctx as error if that is why. Who has a
// turn gives it back.
func (t *turns) take(ctx context.Context, from netip.Prefix, patience time.Duration) (bool, error) {
	own := t.join(from)
	if own == nil {
		return false, nil
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	var err error
	select {
	case <-own.come:
	case <-timer.C:
	case <-ctx.Done():
		err = ctx.Err()
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case own.settled && !own.gone && err != nil:
		t.next()
		return false, err
	case own.settled:
		return !own.gone, nil
	}
	t.leave(t.of[from], own)
	return false, err
}

// join is a place in the line, its turn come already if there is room; nil: the line is full.
func (t *turns) join(from netip.Prefix) *turn {
	t.mu.Lock()
	defer t.mu.Unlock()
	own := &turn{come: make(chan struct{})}
	if t.free > 0 {
		t.free--
		own.settle(false)
		return own
	}
	q := t.of[from]
	if t.count >= t.most && !t.displace(q) {
		return nil
	}
	if q = t.of[from]; q == nil {
		q = &queue{from: from}
		t.of[from] = q
		t.ring = append(t.ring, q)
	}
	q.line = append(q.line, own)
	t.count++
	return own
}

// looks is among how many addresses the one with the most who wait is looked for.
const looks = 64

// displace sends the last of an address away that has more waiting than q would have, if it finds one.
func (t *turns) displace(q *queue) bool {
	most := 1
	if q != nil {
		most += len(q.line)
	}
	var longest *queue
	seen := 0
	for _, other := range t.of { // in no order: any few of them
		if len(other.line) > most {
			longest, most = other, len(other.line)
		}
		if seen++; seen == looks {
			break
		}
	}
	if longest == nil {
		return false
	}
	last := longest.line[len(longest.line)-1]
	t.leave(longest, last)
	last.settle(true)
	return true
}

// give gives a turn back: to the first of the next address.
func (t *turns) give() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.next()
}

func (t *turns) next() {
	if len(t.ring) == 0 {
		t.free++
		return
	}
	q := t.ring[0]
	t.ring = t.ring[1:]
	if len(q.line) > 1 {
		t.ring = append(t.ring, q)
	}
	own := q.line[0]
	t.leave(q, own)
	own.settle(false)
}

// leave takes one out of the line of its address.
func (t *turns) leave(q *queue, own *turn) {
	for i, other := range q.line {
		if other == own {
			q.line = append(q.line[:i], q.line[i+1:]...)
			t.count--
			break
		}
	}
	if len(q.line) > 0 {
		return
	}
	delete(t.of, q.from)
	for i, other := range t.ring {
		if other == q {
			t.ring = append(t.ring[:i], t.ring[i+1:]...)
			return
		}
	}
}

func (o *turn) settle(gone bool) {
	o.settled, o.gone = true, gone
	close(o.come)
}

// sourceFrom is where a call comes from as one customer has it: an address of IPv4, 64 bits of IPv6, of the browser's where
// this process's pages ask; the zero Prefix: nobody knows.
func sourceFrom(ctx context.Context) netip.Prefix {
	if inside(ctx) {
		at, err := netip.ParseAddr(guestFrom(ctx))
		if err != nil {
			return netip.Prefix{}
		}
		return sourceOf(at)
	}
	p, ok := peer.FromContext(ctx)
	if !ok {
		return netip.Prefix{}
	}
	if a, ok := p.Addr.(*net.TCPAddr); ok {
		return sourceOf(a.AddrPort().Addr())
	}
	return netip.Prefix{}
}

func sourceOf(at netip.Addr) netip.Prefix {
	at = at.Unmap().WithZone("")
	bits := 32
	if at.Is6() {
		bits = 64
	}
	p, err := at.Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return p
}
