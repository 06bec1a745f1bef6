package sim

import (
	"testing"
	"testing/synctest"
	"time"

	"redial/campaign"
	"redial/dialer"
	"redial/dialer/carrier/carriertest"
)

var script = map[campaign.Phone]Sample{
	"+12025550101": {Outcome: campaign.Success, Ring: 8 * time.Second, Talk: 2 * time.Minute},
	"+12025550102": {Outcome: campaign.Busy, Ring: 2 * time.Second},
	"+12025550103": {Outcome: campaign.NoAnswer, Ring: time.Hour},
}

func number(far carriertest.FarEnd) campaign.Number {
	return campaign.Number{Phone: map[carriertest.FarEnd]campaign.Phone{
		carriertest.Answers: "+12025550101", carriertest.IsBusy: "+12025550102", carriertest.RingsOut: "+12025550103"}[far]}
}

func newCarrier(t *testing.T, o Options) *Carrier {
	t.Helper()
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func TestConformance(t *testing.T) {
	carriertest.Run(t, carriertest.Options{Bubble: true, New: func(t *testing.T) carriertest.Bed {
		return carriertest.Bed{Carrier: newCarrier(t, Options{Script: script}), Number: number}
	}})
}

// play dials and hears the call out.
func play(t *testing.T, c *Carrier, d dialer.Dialling) (kinds []dialer.CallEventKind, cause dialer.Cause) {
	t.Helper()
	call, err := c.Dial(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	for ev := range call.Events() {
		kinds, cause = append(kinds, ev.Kind), ev.Cause
	}
	return kinds, cause
}

func TestALiveCallIsItsSampleToTheMillisecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCarrier(t, Options{Seed: 7})
		seen := map[campaign.Outcome]bool{}
		for id := campaign.AssignmentID(1); id <= 400; id++ {
			d := dialer.Dialling{Assignment: id, To: campaign.Number{Phone: "+12025550143"}, Before: int(id) % 3}
			want, began := c.Sample(d, time.Now()), time.Now()
			kinds, cause := play(t, c, d)
			seen[want.Outcome] = true
			if cause.Outcome != want.Outcome || cause.Ring != want.Ring || cause.Talk != want.Talk || cause.Answered != want.Answered() {
				t.Fatalf("call %d: %+v, want %+v", id, cause, want)
			}
			if got := time.Since(began); got != want.Ring+want.Talk {
				t.Fatalf("call %d took %v, want %v", id, got, want.Ring+want.Talk)
			}
			if want.Answered() && (len(kinds) != 3 || kinds[1] != dialer.CallAnswered) {
				t.Fatalf("call %d (%s): events %v", id, want.Outcome, kinds)
			}
		}
		if len(seen) < 8 {
			t.Errorf("400 calls came to %d outcomes only: %v", len(seen), seen)
		}
	})
}

func TestSpeedShortensTheCallAndNotTheOutcome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCarrier(t, Options{Script: script, Speed: 10})
		began := time.Now()
		_, cause := play(t, c, dialer.Dialling{Assignment: 1, To: number(carriertest.Answers)})
		if got, want := time.Since(began), 128*time.Second/10; got != want || cause.Outcome != campaign.Success {
			t.Errorf("took %v (%+v), want %v", got, cause, want)
		}
	})
}

func TestAnAnswerAfterOurRingTimerIsNoAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCarrier(t, Options{Script: script})
		_, cause := play(t, c, dialer.Dialling{Assignment: 1, To: number(carriertest.Answers), RingTime: 5 * time.Second})
		if cause.Outcome != campaign.NoAnswer || cause.HungUpBy != dialer.PartyUs || cause.Ring != 5*time.Second {
			t.Errorf("got %+v", cause)
		}
	})
}

func TestCloseHangsUpAndRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCarrier(t, Options{Script: script})
		d := dialer.Dialling{Assignment: 1, To: number(carriertest.Answers)}
		call, err := c.Dial(t.Context(), d)
		if err != nil {
			t.Fatal(err)
		}
		c.Close()
		c.Close()
		for ev := range call.Events() {
			if ev.Kind == dialer.CallOver && ev.Cause.HungUpBy != dialer.PartyUs {
				t.Errorf("got %+v", ev)
			}
		}
		if len(c.up) != 0 {
			t.Errorf("%d calls are left", len(c.up))
		}
		if _, err := c.Dial(t.Context(), d); campaign.KindOf(err) != campaign.KindAway {
			t.Errorf("dial after close: %v", err)
		}
	})
}

func TestACallThatIsOverIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCarrier(t, Options{Script: script})
		play(t, c, dialer.Dialling{Assignment: 1, To: number(carriertest.IsBusy)})
		synctest.Wait()
		if len(c.up) != 0 {
			t.Errorf("%d calls are remembered", len(c.up))
		}
	})
}
