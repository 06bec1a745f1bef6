package main

import (
	"context"
	"strings"
	"testing"

	pb "redial/proto/campaign/v1"
	dialerv1 "redial/proto/dialer/v1"
)

// aLead is a LeadService of one lead whose number changed in a call.
type aLead struct {
	pb.UnimplementedLeadServiceServer
	state pb.LeadState
}

func (l *aLead) lead() *pb.Lead {
	return &pb.Lead{Id: 3, Name: "Ann", State: l.state, Zones: []string{"Europe/London"}, OwnerId: 9,
		Numbers: []*pb.Number{{Phone: "+447400123102", Bad: true}},
		Plan:    &pb.Plan{Verdict: pb.Verdict_VERDICT_CALL, At: utc("2026-11-22T13:16:31Z"), Number: "+447400123555", Reason: "due"}}
}

func (l *aLead) GetLead(context.Context, *pb.GetLeadRequest) (*pb.GetLeadResponse, error) {
	return &pb.GetLeadResponse{
		Lead:     l.lead(),
		Attempts: []*pb.Attempt{{AssignmentId: 1, AgentId: 9, AgentLogin: "gus", Outcome: pb.Outcome_OUTCOME_NUMBER_CHANGED}},
		Tries: []*pb.Try{
			{Number: "+447400123102", Outcome: pb.Outcome_OUTCOME_NUMBER_CHANGED, NewNumber: "+447400123777"},
			{Number: "+447400123777", Outcome: pb.Outcome_OUTCOME_NUMBER_CHANGED, NewNumber: "+447400123555"},
		},
	}, nil
}

func (l *aLead) FindLeads(context.Context, *pb.FindLeadsRequest) (*pb.FindLeadsResponse, error) {
	return &pb.FindLeadsResponse{Leads: []*pb.Lead{l.lead()}}, nil
}

func TestALeadShowsTheNumberThatACallBroughtToLight(t *testing.T) {
	t.Parallel()
	at := serve(t, fakes{leads: &aLead{state: pb.LeadState_LEAD_STATE_OPEN}})
	_, out, _ := ctl(t, at, "lead", "show", "3")
	if !strings.Contains(out, "+447400123555 (new), +447400123102 (bad)\n") || strings.Contains(out, "777 (new)") || !strings.Contains(out, "owner     gus\n") {
		t.Errorf("shown:\n%s", out)
	}
	if _, out, _ = ctl(t, at, "lead", "find", "--name", "Ann"); !strings.Contains(out, "+447400123555") || strings.Contains(out, "+447400123102") {
		t.Errorf("found with a number that is not the one to dial:\n%s", out)
	}
}

func TestNoCallIsPromisedOfALeadThatWasTakenOut(t *testing.T) {
	t.Parallel()
	at := serve(t, fakes{leads: &aLead{state: pb.LeadState_LEAD_STATE_WITHDRAWN}})
	for _, args := range [][]string{{"lead", "show", "3"}, {"lead", "find", "--name", "Ann"}} {
		if _, out, _ := ctl(t, at, args...); !strings.Contains(out, "none: withdrawn") || strings.Contains(out, "call at") {
			t.Errorf("%v:\n%s", args, out)
		}
	}
	if code, _, errs := ctl(t, at, "lead", "show", "3", "--case"); code != exitFailed || !strings.Contains(errs, "lead 3 is withdrawn") {
		t.Errorf("--case: exit %d: %s", code, errs)
	}
}

func TestAnAgentIsSentOnlyWhereSupervisorsMaySendIt(t *testing.T) {
	t.Parallel()
	code, _, errs := ctl(t, serve(t, fakes{}), "agent", "state", "ann", "offered")
	if code != exitUsage || !strings.Contains(errs, "give ready, break or signed_out") {
		t.Errorf("exit %d: %s", code, errs)
	}
}

func TestADeskTellsHowToBookATimeTheCustomerInsistsOn(t *testing.T) {
	t.Parallel()
	d, out := deskWithCard()
	d.event(&dialerv1.WorkResponse{Event: &dialerv1.WorkResponse_Failure{Failure: &dialerv1.Failure{
		Reason: "booking_outside_hours", Message: "nobody may be called at 23:00",
	}}})
	if !strings.Contains(out.String(), "with ! after it") || d.card == nil {
		t.Errorf("card %v\n%s", d.card, out)
	}
}

func TestSamplesFitALine(t *testing.T) {
	t.Parallel()
	if got := samples([]string{"a", "b"}); got != "a | b" {
		t.Errorf("short samples became %q", got)
	}
	for _, cell := range []string{strings.Repeat("x", 300), strings.Repeat("号", 300)} {
		if got := samples([]string{cell}); columns(got) > 60 || !strings.HasSuffix(got, "…") {
			t.Errorf("%d columns: %q", columns(got), got)
		}
	}
}
