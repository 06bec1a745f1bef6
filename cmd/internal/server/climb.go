package server

import (
	"math"
	"time"
)

// Bounds of a climb.
const (
	climbFrom  = 56.0
	climbMin   = 32.0
	climbMost  = 1024.0
	climbApart = 1.5 // between the two numbers of places that are compared
	climbStep  = 1.4 // from one comparison to the next, at most
	climbPull  = 5   // how far to go for what the comparison says, both in logarithms
	// climbWorth is how much more must be done with twice the places for them to be worth their wait.
	climbWorth  = 1.16
	climbSettle = 50 * time.Millisecond  // until a change of places shows
	climbWindow = 200 * time.Millisecond // the shortest look
	climbLong   = 2 * time.Second        // and the longest
	climbTurns  = 8                      // of every place in one look
)

// climb finds how many calls should be in work at once while there are more than enough. More of them share a commit,
// so more gets done; beyond a point they only wait for one another. It compares a little fewer with a little more, by
// turns, in looks of few, more, more, few, so that a drift of the load does not decide, and goes to where twice the
// places no longer do a sixth more. Nothing has to be known of the machine. It is used under its gate's lock.
type climb struct {
	places float64
	look   int // which of the four
	from   time.Time
	done   int // calls completed in this look, once settled
	queued int // those among them that left a queue behind
	rates  [2]float64
}

func newClimb() *climb { return &climb{places: climbFrom} }

// limit is how many may be in work now.
func (c *climb) limit() float64 { return c.places * math.Pow(climbApart, float64(c.more())-0.5) }

// more is 1 in the looks with more places, 0 in the others.
func (c *climb) more() int {
	if c.look == 1 || c.look == 2 {
		return 1
	}
	return 0
}

// completed notes a call that was done, and whether others wait: only then does it say what is possible.
func (c *climb) completed(now time.Time, queued bool) {
	past := now.Sub(c.from)
	if past > climbLong+climbWindow { // the last overload's
		c.look, c.rates = 0, [2]float64{}
		c.begin(now)
		return
	}
	if past < climbSettle {
		return
	}
	c.done++
	if queued {
		c.queued++
	}
	past -= climbSettle
	if past < climbLong && (past < climbWindow || float64(c.done) < climbTurns*c.limit()) {
		return
	}
	c.judge(past)
	c.begin(now)
}

func (c *climb) begin(now time.Time) { c.from, c.done, c.queued = now, 0, 0 }

// judge ends a look, and after the fourth goes up or down.
func (c *climb) judge(past time.Duration) {
	if c.queued < c.done/2 {
		c.look, c.rates = 0, [2]float64{} // it could have been more
		return
	}
	c.rates[c.more()] += math.Log(float64(c.done) / past.Seconds())
	if c.look++; c.look < 4 {
		return
	}
	gain := (c.rates[1] - c.rates[0]) / 2
	worth := math.Log2(climbApart) * math.Log(climbWorth)
	step := min(max(climbPull*(gain-worth), -math.Log(climbStep)), math.Log(climbStep))
	c.places = min(max(c.places*math.Exp(step), climbMin), climbMost)
	c.look, c.rates = 0, [2]float64{}
}
