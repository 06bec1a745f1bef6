package rpc_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"redial/campaign"
	campaignpb "redial/proto/campaign/v1"
	pb "redial/proto/scheduler/v1"
	"redial/scheduler/rpc"
)

func (b *bench) explain(t *testing.T, lead campaign.LeadID) *pb.ExplainLeadResponse {
	t.Helper()
	return must[*pb.ExplainLeadResponse](t)(b.server.ExplainLead(t.Context(), &pb.ExplainLeadRequest{LeadId: int64(lead)}))
}

func TestI10ExplainSaysWhatTheClaimDoes(t *testing.T) {
	t.Parallel()
	b := setup(t, campaign.DefaultRules(), draft(2, "Wang", "+8613800138001"))
	id := b.lead(t, 0).ID
	outcomes := []campaign.Outcome{campaign.NoAnswer, campaign.Busy, campaign.CallLater, campaign.Congestion, campaign.NoAnswer}
	offered := 0
	for range 3 * 24 * 2 { // every half hour for three days
		x := b.explain(t, id)
		a := b.claim(t, id)
		if x.GetOfferable() != (a != nil) {
			t.Fatalf("at %v offerable is %v (%s), the claim gives %v", b.Now(), x.GetOfferable(), x.GetBinding(), a)
		}
		if x.GetOfferable() != (x.GetBinding() == "") || x.GetOfferable() && x.GetOpensAt() != nil {
			t.Errorf("at %v: %v %q %v", b.Now(), x.GetOfferable(), x.GetBinding(), x.GetOpensAt())
		}
		if a != nil {
			if a.Reason != x.GetOfferReason() && a.Reason != "own_callback" {
				t.Errorf("offered as %s, explained as %s", a.Reason, x.GetOfferReason())
			}
			if _, err := b.StartCall(t.Context(), a.ID, b.li.ID); err != nil {
				t.Fatal(err)
			}
			o := outcomes[offered%len(outcomes)]
			must[campaign.Recorded](t)(b.Conclude(t.Context(), campaign.Result{Assignment: a.ID, Agent: b.li.ID, Outcome: o, Code: o.String()}))
			offered++
		} else if at := x.GetOpensAt(); at == nil || !at.AsTime().After(b.Now()) {
			t.Errorf("at %v it waits for %s, which opens at %v", b.Now(), x.GetBinding(), at)
		}
		b.clock.pass(30 * time.Minute)
	}
	if offered < 8 {
		t.Errorf("only %d offers", offered)
	}
	past := b.explain(t, id).GetPast()
	if len(past) != offered {
		t.Fatalf("%d past decisions of %d calls", len(past), offered)
	}
	if p := past[0]; p.GetAttempt().GetAgentLogin() != "li" || p.GetPlan().GetReason() != campaign.ReasonInterval ||
		!p.GetPlan().GetAt().AsTime().Equal(p.GetAttempt().GetPlacedAt().AsTime().Add(4*time.Hour)) {
		t.Errorf("the first call led to %v", p)
	}
}

// The instant at which all gates open is one at which they are open, and a second before it they are not.
func TestExplainSaysWhenAllGatesOpen(t *testing.T) {
	t.Parallel()
	rules := campaign.DefaultRules()
	rules.MaxPerDay = 1
	rules.Holidays = []campaign.Date{{Year: 2026, Month: 3, Day: 3}}
	b := setup(t, rules, draft(2, "Wang", "+8613800138001"))
	id := b.lead(t, 0).ID
	b.call(t, id, campaign.Result{Outcome: campaign.NoAnswer})
	x := b.explain(t, id)
	want := time.Date(2026, 3, 4, 1, 0, 0, 0, time.UTC) // 09:00 in Shanghai after the holiday
	if !x.GetOpensAt().AsTime().Equal(want) || x.GetBinding() != "day_cap" || x.GetOfferable() {
		t.Fatalf("it opens at %v, bound by %s", x.GetOpensAt().AsTime(), x.GetBinding())
	}
	if !slices.ContainsFunc(x.GetGates(), func(g *campaignpb.Gate) bool { return g.GetName() == "day_cap" && !g.GetOpen() && g.GetDetail() != "" }) {
		t.Errorf("gates %v", x.GetGates())
	}
	b.clock.set(want.Add(-time.Second))
	if b.explain(t, id).GetOfferable() {
		t.Error("it is open a second early")
	}
	b.clock.set(want)
	if x := b.explain(t, id); !x.GetOfferable() || x.GetOfferReason() != "rolled_over" {
		t.Errorf("%v %s", x.GetOfferable(), x.GetOfferReason())
	}
}

func TestExplainTellsWhatNeverOpens(t *testing.T) {
	t.Parallel()
	b := setup(t, campaign.DefaultRules(), draft(2, "Wang", "+8613800138001"))
	id := b.lead(t, 0).ID
	must[campaign.Suppressed](t)(b.Suppress(t.Context(), campaign.Suppression{Phone: "+8613800138001", Reason: "complaint"}))
	x := b.explain(t, id)
	if x.GetOfferable() || x.GetOpensAt() != nil || x.GetBinding() == "" || !x.GetLead().GetNumbers()[0].GetSuppressed() {
		t.Errorf("%v", x)
	}
	_, _, _, err := b.PauseCampaign(t.Context(), b.campaign.ID)
	if err != nil {
		t.Fatal(err)
	}
	if x := b.explain(t, id); x.GetBinding() != "campaign" {
		t.Errorf("bound by %s", x.GetBinding())
	}
}

func TestExplainDecidesEachPastAttemptWithWhatWasKnownThen(t *testing.T) {
	t.Parallel()
	b := setup(t, campaign.DefaultRules(), draft(2, "Wang", "+8613800138001", "+8613800138002"))
	id := b.lead(t, 0).ID
	b.call(t, id, campaign.Result{Outcome: campaign.VacantNumber})
	b.call(t, id, campaign.Result{Outcome: campaign.Booked, Booking: &campaign.Booking{Local: "2026-03-02T15:00"}})
	b.clock.set(time.Date(2026, 3, 2, 7, 0, 0, 0, time.UTC))
	b.call(t, id, campaign.Result{Outcome: campaign.Success})
	x := b.explain(t, id)
	var got []string
	for _, p := range x.GetPast() {
		got = append(got, p.GetPlan().GetVerdict().String()+" "+p.GetPlan().GetReason()+" "+p.GetPlan().GetNumber())
	}
	want := "VERDICT_CALL due +8613800138002, VERDICT_APPOINTMENT appointment +8613800138002, VERDICT_FINISHED done "
	if strings.Join(got, ", ") != want {
		t.Errorf("got  %s\nwant %s", strings.Join(got, ", "), want)
	}
	if len(x.GetAppointments()) != 1 || x.GetAppointments()[0].GetState() != campaignpb.AppointmentState_APPOINTMENT_STATE_KEPT ||
		x.GetAppointments()[0].GetOwnerLogin() != "li" {
		t.Errorf("promises %v", x.GetAppointments())
	}
	if !x.GetLead().GetNumbers()[0].GetBad() || x.GetOfferReason() != "" || x.GetOpensAt() != nil {
		t.Errorf("%v", x)
	}
}

func TestExplainFindsALeadByItsNumber(t *testing.T) {
	t.Parallel()
	b := setup(t, campaign.DefaultRules(), draft(2, "Wang", "+8613800138001"), draft(3, "Zhao", "+8613800138002", "+8613800138001"))
	ask := func(r *pb.ExplainLeadRequest) (*pb.ExplainLeadResponse, *campaign.Error) {
		x, err := b.server.ExplainLead(t.Context(), r)
		e, ok := errors.AsType[*campaign.Error](err)
		if err != nil && !ok {
			t.Fatal(err)
		}
		return x, e
	}
	c := int64(b.campaign.ID)
	if x, e := ask(&pb.ExplainLeadRequest{CampaignId: c, Number: "138 0013 8002"}); e != nil || x.GetLead().GetName() != "Zhao" {
		t.Errorf("by a national number: %v, %v", x, e)
	}
	if _, e := ask(&pb.ExplainLeadRequest{Number: "+8613800138001"}); e == nil || e.Reason != rpc.ReasonAmbiguous || e.Kind != campaign.KindUnready ||
		len(strings.Split(e.Meta["leads"], ",")) != 2 {
		t.Errorf("a number of two leads: %+v", e)
	}
	must[campaign.Lead](t)(b.WithdrawLead(t.Context(), b.lead(t, 1).ID, 0, "wrong person", "mei"))
	if x, e := ask(&pb.ExplainLeadRequest{Number: "+8613800138001"}); e != nil || x.GetLead().GetName() != "Wang" {
		t.Errorf("a number of one lead that is left: %v, %v", x, e)
	}
	for _, r := range []*pb.ExplainLeadRequest{
		{}, {LeadId: -1}, {LeadId: 1, Number: "+8613800138001"}, {Number: "13800138001"}, {CampaignId: c, Number: "12"},
	} {
		if _, e := ask(r); e == nil || e.Kind != campaign.KindInvalid || len(e.Violations) != 1 {
			t.Errorf("%v: %+v", r, e)
		}
	}
	for _, r := range []*pb.ExplainLeadRequest{{LeadId: 99}, {Number: "+8613800138009"}, {CampaignId: 99, Number: "+8613800138001"}} {
		if _, e := ask(r); e == nil || e.Kind != campaign.KindNotFound {
			t.Errorf("%v: %+v", r, e)
		}
	}
}
