package server

import (
	"context"
	"sync"
	"time"
)

// Bounds of a gate that is not overloaded.
const (
	calmMost  = 320                   // calls before it: as many as a floor of 256 agents who never rest, and some
	calmLeast = 76                    // calls in work, however slow the machine
	calmPace  = 50 * time.Millisecond // of work, at the present pace, are in work at once: more only wait for one another
	calmWait  = 2 * time.Second       // that one waits for its turn
)

// Bounds of how long a call waits for a place in an overload. Who ends a call waits longer than who begins one: he has
// nothing better to do, and holds what others wait for.
const (
	waitMin   = 50 * time.Millisecond
	waitBegin = 100 * time.Millisecond
	waitMost  = time.Second
	overPace  = 30 * time.Millisecond // of work, at the present pace, are in work at once at most
)

// gate decides which calls are taken up when there are more than can be answered in time. A node that is not
// overloaded sheds nobody: what it cannot work on at once waits its turn. With so many before it, it is overloaded: then
// as many are in work as the climb finds best, a short queue of each class waits, and the rest is shed at once, before
// anything was done for it, those that waited included.
type gate struct {
	tell func(begun bool, shed int64) // hears when an overload begins and ends; nil: nobody
	shut func(class)                  // hears of every call that is shed; nil: nobody

	mu     sync.Mutex
	calm   int    // places without overload
	climb  *climb // finds the places of an overload; nil: they are the same
	share  shares
	inWork int
	busy   [numClasses]int       // of those, by class
	line   [numClasses][]*waiter // in order of coming
	took   float64               // seconds that a call was in work, moving mean
	beside float64               // calls in work when one was done, moving mean
	overload
	tally [numClasses]tally
}

// waiter is a call that waits for a place.
type waiter struct {
	place chan struct{} // closed when it has one, or is shed
	done  bool          // it has a place, is shed, or left
	shed  error         // why it has none
}

// newGate makes a gate of so many places without overload; nobody may enter a class without a share.
func newGate(calm int, c *climb, s shares) *gate {
	return &gate{calm: calm, climb: c, share: s, overload: overload{probe: probeMin}}
}

// enter waits for a place, not long; a patience of 0 is as long as the gate finds right. Without an error the caller
// leaves when it is done. Errors: KindExhausted with OVERLOADED, and nothing was begun; the end of ctx.
func (g *gate) enter(ctx context.Context, c class, patience time.Duration) error {
	g.mu.Lock()
	w, err := g.admit(c, &patience)
	news, shed := g.news(), g.shed
	g.mu.Unlock()
	if news != 0 && g.tell != nil {
		g.tell(news > 0, shed)
	}
	if w == nil {
		return err
	}
	return g.await(ctx, c, w, patience)
}

// admit gives a place, or a place in the line, or refuses; with the lock.
func (g *gate) admit(c class, patience *time.Duration) (*waiter, error) {
	now := time.Now()
	t := &g.tally[c]
	t.turn(now)
	g.pass(now)
	if g.room(c) && len(g.line[c]) == 0 {
		g.take(c)
		return nil, nil
	}
	if *patience > 0 && (c != heavy || len(g.line[c]) < g.queue(c)) { // it is held up however long that is
		return g.wait(c), nil
	}
	if !g.over && g.climb != nil {
		if g.before(c) < g.calm {
			*patience = calmWait
			return g.wait(c), nil
		}
		if c.presses() {
			g.press(now)
			g.clear()
		}
	}
	if c.presses() {
		g.pressed = now
	}
	if len(g.line[c]) >= g.queue(c) {
		return nil, g.refuse(c)
	}
	*patience = g.patience(c)
	return g.wait(c), nil
}

// turnAway refuses a call of which nothing is known yet but its class, if it would be refused in any case: that costs next
// to nothing. Nil: it may come before the gate.
func (g *gate) turnAway(c class) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.over {
		return nil
	}
	now := time.Now()
	g.tally[c].turn(now)
	g.pass(now)
	if !g.over || len(g.line[c]) < g.queue(c) {
		return nil
	}
	return g.refuse(c)
}

// patience is how long a call waits for a place in an overload.
func (g *gate) patience(c class) time.Duration {
	took := time.Duration(g.took * float64(time.Second))
	if c == begin {
		return min(max(took, waitMin), waitBegin)
	}
	return min(max(4*took, waitMin), waitMost)
}

// wait puts a call in line.
func (g *gate) wait(c class) *waiter {
	w := &waiter{place: make(chan struct{})}
	g.line[c] = append(g.line[c], w)
	return w
}

// clear sheds who waits too far behind for an overload: those who came first have waited longest and go.
func (g *gate) clear() {
	for c := range g.line {
		for len(g.line[c]) > g.queue(class(c)) {
			w := g.pop(class(c))
			w.shed = g.refuse(class(c))
			close(w.place)
		}
	}
}

// pop takes the first out of a line.
func (g *gate) pop(c class) *waiter {
	w := g.line[c][0]
	g.line[c][0] = nil
	g.line[c] = g.line[c][1:]
	w.done = true
	return w
}

// before is how many calls are before the gate and in it, as far as they count for the class: to the floor it is all
// the same how many questions wait behind it.
func (g *gate) before(c class) int {
	n := g.inWork
	for other := range g.line {
		if class(other).presses() || !c.presses() {
			n += len(g.line[other])
		}
	}
	return n
}

// await waits for the place of a call that stands in line.
func (g *gate) await(ctx context.Context, c class, w *waiter, patience time.Duration) error {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-w.place:
		return w.shed
	case <-timer.C:
	case <-ctx.Done():
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case w.shed != nil || w.done && ctx.Err() == nil:
		return w.shed // it came just now
	case w.done:
		g.free(c)
		return context.Cause(ctx)
	}
	w.done = true
	for i, other := range g.line[c] {
		if other == w {
			g.line[c] = append(g.line[c][:i], g.line[c][i+1:]...)
			break
		}
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if c.presses() {
		now := time.Now()
		if g.climb != nil {
			g.press(now) // nobody should wait so long
		}
		g.pressed = now
	}
	return g.refuse(c)
}

// take gives a place to a call of the class.
func (g *gate) take(c class) {
	g.inWork++
	g.busy[c]++
	g.tally[c].let++
}

// leave gives a place of the class back; took is how long there was work in it, 0 if nobody knows.
func (g *gate) leave(c class, took time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if took > 0 {
		g.took += (took.Seconds() - g.took) / 64
		g.beside += (float64(g.inWork) - g.beside) / 64
		if g.over && g.climb != nil {
			g.climb.completed(time.Now(), g.waiting())
		}
	}
	g.free(c)
}

// free gives the place of a call of class left to who waits for it, the first class first, and whatever else there is
// room for.
func (g *gate) free(left class) {
	g.inWork--
	g.busy[left]--
	for c := range g.line {
		for len(g.line[c]) > 0 && g.room(class(c)) {
			w := g.pop(class(c))
			g.take(class(c))
			close(w.place)
		}
	}
}

func (g *gate) waiting() bool {
	for c := range g.line {
		if len(g.line[c]) > 0 {
			return true
		}
	}
	return false
}

// room says whether the class may fill one more place: one of its share, or of the few that it has whatever those before
// it fill.
func (g *gate) room(c class) bool {
	return g.share[c] > 0 && g.busy[c] < leastOf[c] || float64(g.inWork) < g.places(c)
}

// places is how many places the class may fill now.
func (g *gate) places(c class) float64 {
	n := float64(g.calm)
	switch {
	case g.climb == nil:
	case g.over:
		n = g.climb.limit()
		if g.took > 0 {
			n = min(n, max(g.pace()*overPace.Seconds(), climbMin))
		}
	case g.took > 0:
		n = min(n, max(g.pace()*calmPace.Seconds(), calmLeast))
	}
	if g.share[c] == 0 {
		return 0
	}
	return max(n*g.share[c], 1)
}

// pace is how many calls are done a second, as many as are in work over how long each takes.
func (g *gate) pace() float64 { return g.beside / g.took }

// queue is how many of the class may wait: few, for who waits long is answered too late. What goes on with a call or ends
// it is no more than what was begun, but comes in bursts, for many were begun with one commit: it waits its turn.
func (g *gate) queue(c class) int {
	switch c {
	case finish, dial:
		return 2 * int(g.places(c))
	case heavy:
		return 4 * int(g.places(c)) // it has longer to wait
	default:
		return max(int(g.places(c)/8), 4)
	}
}

// limit is the present places of a class, for the metrics.
func (g *gate) limit(c class) float64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.pass(time.Now())
	return g.places(c)
}
