package dialer

import (
	"strings"
	"testing"
	"time"

	"redial/campaign"
)

// day drives one session and keeps what a ledger would.
type day struct {
	t    *testing.T
	now  time.Time
	s    campaign.Session
	set  Settings
	acts []Action // of the last step
	rows []campaign.StateChange
}

func newDay(t *testing.T) *day {
	return &day{t: t, now: t0, s: campaign.Session{AgentID: 1}, set: testSet}
}

func (d *day) do(ev Event) error {
	d.t.Helper()
	next, acts, err := Step(d.s, d.now, ev, d.set)
	if err != nil {
		return err
	}
	if row, ok := Change(d.s, next, 5); ok {
		d.rows = append(d.rows, row)
	}
	d.s, d.acts = next, acts
	return nil
}

func (d *day) must(evs ...Event) *day {
	d.t.Helper()
	for _, ev := range evs {
		if err := d.do(ev); err != nil {
			d.t.Fatalf("%T in %s: %v", ev, d.s.State, err)
		}
	}
	return d
}

func (d *day) after(dur time.Duration) *day { d.now = d.now.Add(dur); return d }

// live lets time pass with a heartbeat every 10 s and the timer fed when it is due.
func (d *day) live(dur time.Duration) *day {
	d.t.Helper()
	for end := d.now.Add(dur); d.now.Before(end); {
		d.after(min(10*time.Second, end.Sub(d.now)))
		d.must(Timer{})
		if d.s.State != campaign.AgentSignedOut {
			d.must(Heartbeat{Epoch: d.s.Epoch})
		}
	}
	return d
}

func (d *day) want(state campaign.AgentState, reason string) *day {
	d.t.Helper()
	if d.s.State != state || d.s.Reason != reason {
		d.t.Fatalf("agent is in %s(%s), want %s(%s)", d.s.State, d.s.Reason, state, reason)
	}
	return d
}

func TestBreakAskedForDuringACallComesAfterWrapUp(t *testing.T) {
	d := newDay(t).must(SignIn{Node: "n"}, WantReady{}, Offer{Assignment: 1}, Start{Assignment: 1}, WantBreak{Reason: "lunch"})
	d.want(campaign.AgentOnCall, "")
	d.after(30*time.Second).must(CallEnded{Assignment: 1}).want(campaign.AgentWrapUp, ReasonCallEnded)
	d.after(10*time.Second).must(Concluded{Assignment: 1}).want(campaign.AgentWrapUp, ReasonCallEnded)
	d.live(49*time.Second).want(campaign.AgentWrapUp, ReasonCallEnded)
	d.live(time.Second).want(campaign.AgentBreak, "lunch")
	if d.s.Next != "" || d.s.NextReason != "" {
		t.Errorf("the wish is still there: %+v", d.s)
	}
}

func TestWrapUpRunsFromTheConversationsEndWhenToldLate(t *testing.T) {
	d := newDay(t).must(SignIn{Node: "n"}, WantReady{}, Offer{Assignment: 1}, Start{Assignment: 1}).after(40 * time.Second)
	d.must(Concluded{Assignment: 1, EndedAt: d.now.Add(-15 * time.Second)})
	if want := d.now.Add(45 * time.Second); !d.s.Deadline.Equal(want) {
		t.Errorf("wrap-up ends at %s, want %s", d.s.Deadline, want)
	}
	d = newDay(t).must(SignIn{Node: "n"}, WantReady{}, Offer{Assignment: 1}, Start{Assignment: 1}).after(80 * time.Second)
	d.must(Concluded{Assignment: 1, EndedAt: d.now.Add(-60 * time.Second)}).want(campaign.AgentReady, ReasonConcluded)
}

func TestWrapUpFollowsAnUnansweredCallToo(t *testing.T) {
	d := newDay(t).must(SignIn{Node: "n"}, WantReady{}, Offer{Assignment: 1}, Start{Assignment: 1})
	d.after(25*time.Second).must(CallEnded{Assignment: 1, FromLine: true}).want(campaign.AgentWrapUp, ReasonCallEnded)
	if !d.s.Deadline.Equal(d.now.Add(testSet.WrapUp)) {
		t.Errorf("deadline %s, want a whole wrap-up", d.s.Deadline)
	}
}

func TestNoWrapUpGoesOnAtOnceButStillAsksForTheOutcome(t *testing.T) {
	d := newDay(t)
	d.set.WrapUp = 0
	d.must(SignIn{Node: "n"}, WantReady{}, Offer{Assignment: 1}, Start{Assignment: 1}, Concluded{Assignment: 1}).
		want(campaign.AgentReady, ReasonConcluded)
	d.must(Offer{Assignment: 2}, Start{Assignment: 2}, CallEnded{Assignment: 2}).want(campaign.AgentWrapUp, ReasonOutcomeOverdue)
	d.live(9*time.Minute).want(campaign.AgentWrapUp, ReasonOutcomeOverdue)
	d.live(time.Minute).want(campaign.AgentBreak, ReasonOutcomeMissing)
}

func TestReconnectKeepsTheLeadInHand(t *testing.T) {
	d := newDay(t).must(SignIn{Node: "a"}, WantReady{}, Offer{Assignment: 1}, Start{Assignment: 1})
	d.after(80*time.Second).must(Timer{}, SignIn{Node: "b"}).want(campaign.AgentOnCall, "")
	if d.s.Assignment != 1 || d.s.Node != "b" || d.s.Epoch != 2 {
		t.Fatalf("after the reconnect: %+v", d.s)
	}
	for _, ev := range []Event{Heartbeat{Epoch: 1}, WantReady{Epoch: 1}, SignOut{Epoch: 1}, Start{Assignment: 1, Epoch: 1}} {
		if err := d.do(ev); campaign.ReasonOf(err) != campaign.ReasonSignedInAnew {
			t.Errorf("%T of the old desktop: %v, want %s", ev, err, campaign.ReasonSignedInAnew)
		}
	}
	d.after(80*time.Second).must(Timer{}).want(campaign.AgentOnCall, "")
	d.after(10*time.Second).must(Timer{}).want(campaign.AgentSignedOut, ReasonHeartbeatLost)
}

func TestAnEmptyChairGetsNoOffer(t *testing.T) {
	d := newDay(t).must(SignIn{Node: "a"}, WantReady{}).after(testSet.Heartbeat)
	if err := d.do(Offer{Assignment: 1}); campaign.ReasonOf(err) != campaign.ReasonNotReady {
		t.Errorf("got %v, want %s", err, campaign.ReasonNotReady)
	}
	d.must(Heartbeat{}, Offer{Assignment: 1}).after(20*time.Second).must(Heartbeat{}, Timer{}).want(campaign.AgentBreak, ReasonOfferLapsed)
	if err := d.do(Offer{Assignment: 2}); campaign.ReasonOf(err) != campaign.ReasonNotReady {
		t.Errorf("an empty chair was offered a second lead: %v", err)
	}
}

func TestReasonsAreRequiredAndBounded(t *testing.T) {
	for _, reason := range []string{"", " ", strings.Repeat("x", 101), "\xff"} {
		for _, ev := range []Event{WantBreak{Reason: reason}, Declined{Assignment: held, Reason: reason},
			Forced{State: campaign.AgentBreak, Reason: reason}} {
			_, _, err := Step(stations()["offered"], t0, ev, testSet)
			if campaign.KindOf(err) != campaign.KindInvalid {
				t.Errorf("%#v: %v, want an invalid reason", ev, err)
			}
		}
	}
	if _, _, err := Step(stations()["ready"], t0, WantBreak{Reason: strings.Repeat("休", 100)}, testSet); err != nil {
		t.Errorf("100 characters: %v", err)
	}
}

func TestAnUnknownStateIsAnErrorNotAGuess(t *testing.T) {
	s := stations()["ready"]
	s.State = "dreaming"
	if next, _, err := Step(s, t0, SignOut{}, testSet); err == nil || next != s {
		t.Errorf("got %+v, %v", next, err)
	}
}

func TestAClockBehindMakesNoNegativeTime(t *testing.T) {
	d := newDay(t).must(SignIn{Node: "n"}).after(-time.Minute).must(WantReady{}).after(30 * time.Second).must(SignOut{})
	for _, row := range d.rows {
		if row.Seconds < 0 {
			t.Errorf("%s to %s after %v s", row.From, row.To, row.Seconds)
		}
	}
}

func TestZeroSettingsAreTheDefaults(t *testing.T) {
	set := SettingsOf(campaign.DefaultFloor(), 0).withDefaults()
	want := Settings{Heartbeat: 45 * time.Second, OfferTime: 20 * time.Second, WrapUp: 60 * time.Second, Lease: 90 * time.Second, OutcomeWait: 10 * time.Minute}
	if set != want {
		t.Errorf("got %+v, want %+v", set, want)
	}
	zero := Settings{}.withDefaults()
	if want.WrapUp = 0; zero != want {
		t.Errorf("got %+v, want %+v", zero, want)
	}
}

func TestALapseToldByTheRecordSignsASilentAgentOut(t *testing.T) {
	for _, name := range []string{"offered", "on_call", "wrap_open", "overdue"} {
		s := stations()[name]
		next, _, err := Step(s, t0.Add(2*time.Minute), Lapsed{Assignment: held}, testSet)
		if err != nil || next.State != campaign.AgentSignedOut || next.Reason != ReasonHeartbeatLost || next.Assignment != 0 {
			t.Errorf("%s: %+v, %v", name, next, err)
		}
	}
}

func TestHeartbeatsNotedInTheRowAloneKeepAnAgent(t *testing.T) {
	for _, name := range []string{"ready", "break", "on_call"} {
		s := stations()[name]
		s.HeartbeatAt = s.Deadline.Add(-5 * time.Second)
		next, _, err := Step(s, s.Deadline, Timer{}, testSet)
		if err != nil || next.State != s.State || !next.Deadline.After(s.Deadline) {
			t.Errorf("%s: %+v, %v", name, next, err)
		}
	}
}

func TestALeaseOutlastsTheSilenceThatIsAllowed(t *testing.T) {
	d := newDay(t)
	d.set.Heartbeat = 10 * time.Minute
	d.must(SignIn{}, WantReady{}, Offer{Assignment: 1}, Start{Assignment: 1})
	d.after(9*time.Minute).must(Timer{}).want(campaign.AgentOnCall, "")
	d.after(time.Minute).must(Timer{}).want(campaign.AgentSignedOut, ReasonHeartbeatLost)
}
