package server

import (
	"fmt"
	"math/rand/v2"
	"time"

	"redial/campaign"
)

// When an overload is over, and when who was shed should come back.
const (
	calmAfter = time.Second            // nobody had to wait so long: it is over
	probeMin  = 10 * time.Second       // after so long it is tried whether all fit again
	probeMost = 80 * time.Second       // after tries that failed
	probeFor  = time.Minute            // a calm that lasts so long was no failed try
	retryUnit = 500 * time.Millisecond // when as many were shed as let in
	retryMin  = 100 * time.Millisecond
	retryMost = 10 * time.Second
	retryHeld = 500 * time.Millisecond // at most, of who has a call in hand: there are no more of them than were let in
	turnTime  = time.Second            // over which sheds and admissions are compared
)

// overload is whether a gate has more before it than it can let in.
type overload struct {
	over    bool
	since   time.Time     // when it began, or was last found not to be over
	ended   time.Time     // the last one
	pressed time.Time     // when somebody last had to wait or was shed
	probe   time.Duration // how long the overload goes on until it is tried whether all fit again
	shed    int64         // since it began
	told    int           // 1: it has begun; -1: it has ended; 0: nothing new
}

// press begins an overload, unless it is one.
func (o *overload) press(now time.Time) {
	if o.over {
		return
	}
	if now.Sub(o.ended) > probeFor {
		o.probe = probeMin
	}
	o.over, o.since, o.pressed, o.shed, o.told = true, now, now, 0, 1
}

// pass ends an overload when nobody had to wait for a while, and every so often to see whether all fit again: callers
// who come back after they were shed look like an overload where there would be none.
func (o *overload) pass(now time.Time) {
	switch {
	case !o.over:
	case now.Sub(o.pressed) > calmAfter:
		o.over, o.ended, o.told = false, now, -1
	case now.Sub(o.since) > o.probe:
		o.probe = min(2*o.probe, probeMost)
		o.over, o.ended, o.told = false, now, -1
	}
}

// news is what there is to tell, once.
func (o *overload) news() int {
	told := o.told
	o.told = 0
	return told
}

// tally compares what was shed with what was let in, second by second.
type tally struct {
	from      time.Time
	shed, let int
	ratio     float64 // of the turn before
}

func (t *tally) turn(now time.Time) {
	past := now.Sub(t.from)
	if past < turnTime {
		return
	}
	t.ratio = 0
	if past < 2*turnTime {
		t.ratio = float64(t.shed) / float64(max(t.let, 1))
	}
	t.from, t.shed, t.let = now, 0, 0
}

// after is when to come back: the later the more are shed, so that those who come back are about as many as can be
// answered; never all at once.
func (t *tally) after(most time.Duration) time.Duration {
	ratio := t.ratio
	if n := t.shed + t.let; n >= 20 {
		ratio = max(ratio, float64(t.shed)/float64(max(t.let, 1)))
	}
	wait := min(max(time.Duration(ratio*float64(retryUnit)), retryMin), most)
	return time.Duration(float64(wait) * (0.5 + rand.Float64())).Round(time.Millisecond)
}

// refuse sheds a call of a class.
func (g *gate) refuse(c class) error {
	t := &g.tally[c]
	t.shed++
	g.shed++
	if g.shut != nil {
		g.shut(c)
	}
	most := retryMost
	if c < begin {
		most = retryHeld
	}
	return busy("the server has more to do than it can answer in time", t.after(most))
}

// busy is a refusal of something that was not begun.
func busy(why string, after time.Duration) error {
	return &campaign.Error{
		Kind: campaign.KindExhausted, Reason: campaign.ReasonOverloaded, RetryAfter: after,
		Message: fmt.Sprintf("%s: nothing of this was begun, send the same again in %v", why, after),
	}
}
