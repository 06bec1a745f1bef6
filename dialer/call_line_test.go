package dialer

import (
	"testing"
	"time"

	"redial/campaign"
)

func TestACallEndsOnceWithWhatTheLineSaw(t *testing.T) {
	l := NewCallLine(t0)
	at := func(s int) time.Time { return t0.Add(time.Duration(s) * time.Second) }
	if !l.Ring(at(1)) || !l.Answer(at(5)) || !l.Answer(at(6)) || !l.End(at(35), Cause{HungUpBy: PartyThem}) {
		t.Fatal("an open line refused an event")
	}
	if l.End(at(40), Cause{Outcome: campaign.Busy}) || l.Ring(at(41)) || l.Answer(at(41)) || l.Hand(at(41), "tel:1") {
		t.Error("a line that is over took another event")
	}
	var kinds []CallEventKind
	var last CallEvent
	for ev := range l.Events() {
		kinds, last = append(kinds, ev.Kind), ev
	}
	if len(kinds) != 3 || kinds[0] != CallRinging || kinds[1] != CallAnswered || kinds[2] != CallOver {
		t.Errorf("events %v", kinds)
	}
	if want := (Cause{Answered: true, HungUpBy: PartyThem, Ring: 5 * time.Second, Talk: 30 * time.Second}); last.Cause != want {
		t.Errorf("cause %+v, want %+v", last.Cause, want)
	}
	<-l.Over()
}

func TestALineNeverWaitsForItsReader(t *testing.T) {
	l := NewCallLine(t0)
	for range 100 {
		l.Ring(t0)
	}
	l.End(t0.Add(time.Second), Cause{Outcome: campaign.NoAnswer})
	var last CallEvent
	for ev := range l.Events() {
		last = ev
	}
	if last.Kind != CallOver || last.Cause.Ring != time.Second {
		t.Errorf("the end was lost: %+v", last)
	}
}
