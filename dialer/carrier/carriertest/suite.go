// Package carriertest is the conformance suite of dialer.Carrier: what the floor relies on whatever places the calls.
//
// It decides nothing about a carrier's own trade (codes, media, trunks); those tests live beside the carrier. It is
// imported by tests only.
package carriertest

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"redial/campaign"
	"redial/dialer"
)

// The cases, by name. A carrier that cannot do one leaves it out with the reason.
const (
	Answer     = "answer"      // answered, talked, the far end hangs up
	Busy       = "busy"        // engaged
	NoAnswer   = "no_answer"   // nobody answers
	RingTime   = "ring_time"   // our own ring timer ends it before the far end would answer
	Cancel     = "cancel"      // hung up while it rings
	WeHangUp   = "we_hang_up"  // hung up in the conversation
	LateHangup = "late_hangup" // hung up after the end
	TwoHangups = "two_hangups" // hung up twice, at once
	DialTwice  = "dial_twice"  // the same assignment again while the call is up
	NobodyHear = "nobody_hear" // nobody reads the events
	BadNumber  = "bad_number"  // nothing to dial: an error, and no call
)

// FarEnd is what the number that is dialled does.
type FarEnd int

// The far ends. Answers talk for a while and then hang up.
const (
	Answers FarEnd = iota
	IsBusy
	RingsOut // rings until somebody gives up
)

// Bed is a carrier with its far end.
type Bed struct {
	Carrier dialer.Carrier
	Number  func(FarEnd) campaign.Number // a number that behaves so
}

// Options say how a carrier is tested.
type Options struct {
	// New makes a fresh bed for each case; it cleans up by t.Cleanup.
	New func(t *testing.T) Bed
	// Skip names the cases that the carrier cannot do, each with the reason.
	Skip map[string]string
	// Bubble runs each case in fake time (testing/synctest). False: real time, for carriers with sockets.
	Bubble bool
}

// patience is how long a case waits for an event, in the time that it runs in.
const patience = 10 * time.Minute

var cases = []struct {
	name string
	run  func(*testing.T, Bed)
}{
	{Answer, answer}, {Busy, busy}, {NoAnswer, noAnswer}, {RingTime, ringTime}, {Cancel, cancel}, {WeHangUp, weHangUp},
	{LateHangup, lateHangup}, {TwoHangups, twoHangups}, {DialTwice, dialTwice}, {NobodyHear, nobodyHears}, {BadNumber, badNumber},
}

// Run runs every case that is not left out. A Skip that names no case is an error.
func Run(t *testing.T, o Options) {
	left := len(o.Skip)
	for _, c := range cases {
		if _, ok := o.Skip[c.name]; ok {
			left--
		}
		t.Run(c.name, func(t *testing.T) {
			if why := o.Skip[c.name]; why != "" {
				t.Skip(why)
			}
			if o.Bubble {
				synctest.Test(t, func(t *testing.T) { c.run(t, o.New(t)) })
			} else {
				c.run(t, o.New(t))
			}
		})
	}
	if left != 0 {
		t.Errorf("Skip names cases that do not exist: %v", o.Skip)
	}
}

// line is a call with what was heard of it.
type line struct {
	dialer.Call
	t      *testing.T
	events []dialer.CallEvent
}

func dial(t *testing.T, b Bed, id campaign.AssignmentID, far FarEnd, ring time.Duration) *line {
	t.Helper()
	call, err := b.Carrier.Dial(t.Context(), dialer.Dialling{Assignment: id, To: b.Number(far), RingTime: ring})
	if err != nil {
		t.Fatalf("dial: %v", err)
	}
	t.Cleanup(func() {
		if err := call.Hangup(context.Background()); err != nil {
			t.Errorf("hang up at the end of the test: %v", err)
		}
	})
	return &line{Call: call, t: t}
}

// next is the next event; false: the channel is closed.
func (l *line) next() (dialer.CallEvent, bool) {
	l.t.Helper()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case ev, ok := <-l.Events():
		if ok {
			l.events = append(l.events, ev)
		}
		return ev, ok
	case <-timer.C:
		l.t.Fatalf("no event in %v after %v", patience, l.events)
		return dialer.CallEvent{}, false
	}
}

// until reads on to an event of the kind.
func (l *line) until(kind dialer.CallEventKind) dialer.CallEvent {
	l.t.Helper()
	for {
		ev, ok := l.next()
		if !ok {
			l.t.Fatalf("the call is over without event %d: %v", kind, l.events)
		}
		if ev.Kind == kind {
			return ev
		}
	}
}

// end reads to the end and holds what every call promises.
func (l *line) end() dialer.Cause {
	l.t.Helper()
	for {
		if _, ok := l.next(); !ok {
			break
		}
	}
	overs := 0
	for i, ev := range l.events {
		if ev.Kind == dialer.CallOver {
			overs++
		}
		if i > 0 && (ev.Kind <= l.events[i-1].Kind || ev.At.Before(l.events[i-1].At)) {
			l.t.Errorf("events out of order: %v", l.events)
		}
	}
	if overs != 1 || l.events[len(l.events)-1].Kind != dialer.CallOver {
		l.t.Fatalf("the end must come once and last: %v", l.events)
	}
	return l.events[len(l.events)-1].Cause
}

func (l *line) hangup() {
	l.t.Helper()
	if err := l.Hangup(l.t.Context()); err != nil {
		l.t.Errorf("hang up: %v", err)
	}
}
