package carriertest

import (
	"sync"
	"testing"
	"time"

	"redial/campaign"
	"redial/dialer"
)

func answer(t *testing.T, b Bed) {
	l := dial(t, b, 1, Answers, 0)
	l.until(dialer.CallAnswered)
	c := l.end()
	if !c.Answered || c.HungUpBy != dialer.PartyThem || c.Talk <= 0 || c.Ring <= 0 {
		t.Errorf("answered, talked, far end hung up: %+v", c)
	}
}

func busy(t *testing.T, b Bed) {
	c := dial(t, b, 1, IsBusy, 0).end()
	if c.Outcome != campaign.Busy || c.Answered || c.HungUpBy != dialer.PartyThem || c.Talk != 0 {
		t.Errorf("busy: %+v", c)
	}
}

func noAnswer(t *testing.T, b Bed) {
	c := dial(t, b, 1, RingsOut, 0).end()
	if c.Outcome != campaign.NoAnswer || c.Answered || c.Talk != 0 || c.Ring <= 0 {
		t.Errorf("nobody answers: %+v", c)
	}
}

func ringTime(t *testing.T, b Bed) {
	const ring = 3 * time.Second
	c := dial(t, b, 1, RingsOut, ring).end()
	if c.Outcome != campaign.NoAnswer || c.HungUpBy != dialer.PartyUs {
		t.Errorf("our ring timer: %+v", c)
	}
	if c.Ring < ring || c.Ring > 2*ring {
		t.Errorf("rang for %v, asked for %v", c.Ring, ring)
	}
}

func cancel(t *testing.T, b Bed) {
	l := dial(t, b, 1, RingsOut, 0)
	l.hangup()
	if c := l.end(); c.Answered || c.HungUpBy != dialer.PartyUs || c.Talk != 0 {
		t.Errorf("cancelled: %+v", c)
	}
}

func weHangUp(t *testing.T, b Bed) {
	l := dial(t, b, 1, Answers, 0)
	l.until(dialer.CallAnswered)
	l.hangup()
	if c := l.end(); !c.Answered || c.HungUpBy != dialer.PartyUs || c.Outcome != campaign.NoOutcome {
		t.Errorf("we hung up in the conversation, so the agent says what came of it: %+v", c)
	}
}

func lateHangup(t *testing.T, b Bed) {
	l := dial(t, b, 1, IsBusy, 0)
	want := l.end()
	l.hangup()
	if ev, ok := <-l.Events(); ok {
		t.Errorf("hanging up after the end (%+v) brought %+v", want, ev)
	}
}

func twoHangups(t *testing.T, b Bed) {
	l := dial(t, b, 1, RingsOut, 0)
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(l.hangup)
	}
	wg.Wait()
	l.hangup()
	if c := l.end(); c.HungUpBy != dialer.PartyUs {
		t.Errorf("hung up three times: %+v", c)
	}
}

func dialTwice(t *testing.T, b Bed) {
	first := dial(t, b, 1, RingsOut, 0)
	again := dial(t, b, 1, RingsOut, 0)
	other := dial(t, b, 2, RingsOut, 0)
	if first.Events() != again.Events() {
		t.Error("the same assignment was dialled twice")
	}
	if first.Events() == other.Events() {
		t.Error("two assignments share a call")
	}
	again.hangup()
	first.end()
	other.hangup()
	other.end()
}

func nobodyHears(t *testing.T, b Bed) {
	l := dial(t, b, 1, RingsOut, time.Second)
	l.hangup()
	next := dial(t, b, 2, RingsOut, 0)
	next.hangup()
	next.end()
}

func badNumber(t *testing.T, b Bed) {
	for _, d := range []dialer.Dialling{{Assignment: 1}, {To: b.Number(Answers)}} {
		call, err := b.Carrier.Dial(t.Context(), d)
		if err == nil || campaign.KindOf(err) != campaign.KindInvalid {
			t.Errorf("dial %+v: %v, want an invalid input", d, err)
		}
		if call != nil {
			t.Errorf("dial %+v: a call besides an error", d)
		}
	}
}
