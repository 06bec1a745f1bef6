package dialer

import (
	"sync"
	"time"
)

// CallLine is the half of a Call that every carrier needs: events in order that hold nobody up, one end, once.
// A carrier embeds it and adds Hangup.
type CallLine struct {
	events chan CallEvent
	over   chan struct{}

	mu       sync.Mutex
	began    time.Time
	answered time.Time // zero: not yet
	ended    bool
}

// lineEvents is more than a call has when each kind comes once.
const lineEvents = 8

// NewCallLine begins a call at began.
func NewCallLine(began time.Time) *CallLine {
	return &CallLine{events: make(chan CallEvent, lineEvents), over: make(chan struct{}), began: began}
}

// Events is the Call's.
func (l *CallLine) Events() <-chan CallEvent { return l.events }

// Over is closed when the call is over.
func (l *CallLine) Over() <-chan struct{} { return l.over }

// Hand tells that the agent's own phone is to dial link. False: the call is over.
func (l *CallLine) Hand(at time.Time, link string) bool {
	return l.tell(CallEvent{Kind: CallHanded, At: at, Link: link})
}

// Ring tells that the far end rings. False: the call is over.
func (l *CallLine) Ring(at time.Time) bool { return l.tell(CallEvent{Kind: CallRinging, At: at}) }

// Answer tells that the call was answered. False: the call is over, so the answer came too late.
func (l *CallLine) Answer(at time.Time) bool { return l.tell(CallEvent{Kind: CallAnswered, At: at}) }

// tell sends an event; it never waits.
func (l *CallLine) tell(ev CallEvent) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended {
		return false
	}
	if ev.Kind == CallAnswered {
		if !l.answered.IsZero() {
			return true
		}
		l.answered = ev.At
	}
	if len(l.events) < lineEvents-1 { // the last place is the end's, whatever a carrier repeats to a reader who is gone
		l.events <- ev
	}
	return true
}

// End ends the call: the first one counts, and its cause is completed with what the line has seen (Answered, Ring,
// Talk). False: it was over already.
func (l *CallLine) End(at time.Time, cause Cause) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended {
		return false
	}
	l.ended = true
	if cause.Answered = !l.answered.IsZero(); cause.Answered {
		cause.Ring, cause.Talk = l.answered.Sub(l.began), at.Sub(l.answered)
	} else {
		cause.Ring = at.Sub(l.began)
	}
	l.events <- CallEvent{Kind: CallOver, At: at, Cause: cause}
	close(l.events)
	close(l.over)
	return true
}
