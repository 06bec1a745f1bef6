package rpc_test

import (
	"testing"
	"time"

	"redial/campaign"
)

// While somebody speaks with the person, what comes of it is not known; the rule looks a minute ahead, and so does what is
// told of the opening.
func TestExplainSaysWhenItOpensWhileTheTwinIsOnTheLine(t *testing.T) {
	t.Parallel()
	rules := campaign.DefaultRules()
	rules.Caps = []campaign.Cap{{Scope: campaign.CapPerson, Count: campaign.CountConnects, Max: 1, Period: 24 * time.Hour}}
	b := setup(t, rules, draft(2, "Wang", "+8613800138001"), draft(3, "Wang", "+8613800138002", "+8613800138001"))
	a := b.claim(t, b.lead(t, 0).ID)
	if _, err := b.StartCall(t.Context(), a.ID, b.li.ID); err != nil {
		t.Fatal(err)
	}
	x := b.explain(t, b.lead(t, 1).ID)
	if want := b.Now().Truncate(time.Second).Add(time.Minute); x.GetOfferable() || x.GetBinding() != "rolling_cap" ||
		!x.GetOpensAt().AsTime().Equal(want) || !x.GetPlan().GetAt().AsTime().Equal(want) {
		t.Errorf("bound by %q, opens at %v, planned for %v, want %v", x.GetBinding(), x.GetOpensAt().AsTime(), x.GetPlan().GetAt().AsTime(), want)
	}
}

func TestExplainDecidesThePastWithTheCallsOfThen(t *testing.T) {
	t.Parallel()
	rules := campaign.DefaultRules()
	rules.Caps = []campaign.Cap{{Scope: campaign.CapPerson, Max: 1, Period: 120 * time.Hour}, {Scope: campaign.CapPerson, Max: 2, Period: 240 * time.Hour}}
	b := setup(t, rules, draft(2, "Wang", "+8613800138001"), draft(3, "Wang", "+8613800138002", "+8613800138001"))
	b.call(t, b.lead(t, 0).ID, campaign.Result{Outcome: campaign.CallLater})
	placed := b.explain(t, b.lead(t, 0).ID).GetPast()[0].GetAttempt().GetPlacedAt().AsTime()
	then := func() time.Time {
		p := b.explain(t, b.lead(t, 0).ID).GetPast()[0].GetPlan()
		if p.GetReason() != campaign.ReasonRollingCap {
			t.Errorf("it led to %v", p)
		}
		return p.GetAt().AsTime()
	}
	if at := then(); at.Sub(placed) != 120*time.Hour {
		t.Errorf("planned for %v, %v after the call", at, at.Sub(placed))
	}
	b.clock.pass(121 * time.Hour)
	b.call(t, b.lead(t, 1).ID, campaign.Result{Outcome: campaign.NoAnswer})
	if at := then(); at.Sub(placed) != 120*time.Hour {
		t.Errorf("since the other was called the past is another: %v after the call", at.Sub(placed))
	}
}

func TestExplainDecidesThePastWithTheTalkOfThen(t *testing.T) {
	t.Parallel()
	rules := campaign.DefaultRules()
	rules.CoolOffs = []campaign.CoolOff{{After: campaign.AfterConversation, Scope: campaign.CapLead, Period: 48 * time.Hour}}
	b := setup(t, rules, draft(2, "Wang", "+8613800138001"))
	b.call(t, b.lead(t, 0).ID, campaign.Result{Outcome: campaign.CallLater})
	x := b.explain(t, b.lead(t, 0).ID)
	if p := x.GetPast()[0].GetPlan(); p.GetReason() != campaign.ReasonCoolOff || !p.GetAt().AsTime().Equal(x.GetPlan().GetAt().AsTime()) {
		t.Errorf("it led to %v, planned is %v", p, x.GetPlan())
	}
}
