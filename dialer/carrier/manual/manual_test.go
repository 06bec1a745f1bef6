package manual

import (
	"testing"
	"testing/synctest"
	"time"

	"redial/campaign"
	"redial/dialer"
	"redial/dialer/carrier/carriertest"
)

func newCarrier(t *testing.T, o Options) *Carrier {
	t.Helper()
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestConformance(t *testing.T) {
	const deaf = "the agent's own phone tells the carrier nothing: the agent records the outcome"
	carriertest.Run(t, carriertest.Options{
		Bubble: true,
		New: func(t *testing.T) carriertest.Bed {
			return carriertest.Bed{Carrier: newCarrier(t, Options{}),
				Number: func(carriertest.FarEnd) campaign.Number { return campaign.Number{Phone: "+12025550143"} }}
		},
		Skip: map[string]string{
			carriertest.Answer: deaf, carriertest.Busy: deaf, carriertest.NoAnswer: deaf, carriertest.WeHangUp: deaf,
			carriertest.RingTime:   "the agent decides how long it rings",
			carriertest.LateHangup: "no call ends before it is hung up; two_hangups is the same",
		},
	})
}

func TestTheLinkIsWhatThePhoneUnderstands(t *testing.T) {
	for _, c := range []struct {
		domain string
		number campaign.Number
		want   string
	}{
		{"", campaign.Number{Phone: "+8613800138000"}, "tel:+8613800138000"},
		{"", campaign.Number{Phone: "+12025550143", Extension: "42"}, "tel:+12025550143;ext=42"},
		{"pbx.example.com", campaign.Number{Phone: "+12025550143"}, "sip:+12025550143@pbx.example.com;user=phone"},
		{"pbx.example.com", campaign.Number{Phone: "+12025550143", Extension: "42"}, "sip:+12025550143;ext=42@pbx.example.com;user=phone"},
	} {
		call, err := newCarrier(t, Options{SIPDomain: c.domain}).Dial(t.Context(), dialer.Dialling{Assignment: 1, To: c.number})
		if err != nil {
			t.Fatal(err)
		}
		if ev := <-call.Events(); ev.Kind != dialer.CallHanded || ev.Link != c.want {
			t.Errorf("%+v: %+v, want link %s", c.number, ev, c.want)
		}
	}
	if _, err := New(Options{SIPDomain: "a b"}); campaign.KindOf(err) != campaign.KindInvalid {
		t.Errorf("a domain with a space: %v", err)
	}
}

func TestOnlyTheOutcomeEndsTheCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCarrier(t, Options{})
		call, err := c.Dial(t.Context(), dialer.Dialling{Assignment: 1, To: campaign.Number{Phone: "+12025550143"}})
		if err != nil {
			t.Fatal(err)
		}
		<-call.Events()
		time.Sleep(3 * time.Hour) //nolint:forbidigo // fake time: the bubble moves on by so much
		if len(call.Events()) != 0 || len(c.up) != 1 {
			t.Fatal("the call ended by itself")
		}
		if err := call.Hangup(t.Context()); err != nil {
			t.Fatal(err)
		}
		ev := <-call.Events()
		if ev.Kind != dialer.CallOver || ev.Cause.Outcome != campaign.NoOutcome || ev.Cause.Answered {
			t.Errorf("the end claims to know what happened: %+v", ev)
		}
		if len(c.up) != 0 {
			t.Error("a call that is over is still remembered")
		}
	})
}
