package rpc

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"redial/campaign"
	"redial/campaign/wire"
	"redial/dialer"
	pb "redial/proto/dialer/v1"
)

// Decline gives an offer back before dialling.
func (a *Agents) Decline(ctx context.Context, r *pb.DeclineRequest) (*pb.DeclineResponse, error) {
	agent, err := a.holder(ctx, r.GetAgent(), r.GetAssignmentId())
	if err != nil {
		return nil, err
	}
	if err := dialer.CheckReason(r.GetReason()); err != nil {
		return nil, err
	}
	id := campaign.AssignmentID(r.GetAssignmentId())
	if err := a.declining(ctx, agent, id); err != nil {
		return nil, err
	}
	s, err := a.calls.Decline(ctx, id, agent, r.GetReason())
	if err != nil {
		return nil, err
	}
	s, err = a.floor.Learned(ctx, agent, s)
	return &pb.DeclineResponse{Session: a.session(ctx, s)}, err
}

// declining keeps the lead from being offered straight back.
func (a *Agents) declining(ctx context.Context, agent campaign.AgentID, id campaign.AssignmentID) error {
	if h, ok := a.floor.InHand(agent, id); ok {
		a.floor.Declined(agent, h.Lead)
		return nil
	}
	as, err := a.book.Assignment(ctx, id)
	if err == nil && as.AgentID == agent {
		a.floor.Declined(agent, as.LeadID)
	}
	return err
}

// StartCall gives the number to dial; from here on the call counts.
func (a *Agents) StartCall(ctx context.Context, r *pb.StartCallRequest) (*pb.StartCallResponse, error) {
	agent, err := a.holder(ctx, r.GetAgent(), r.GetAssignmentId())
	if err != nil {
		return nil, err
	}
	started, err := a.calls.StartCall(ctx, campaign.AssignmentID(r.GetAssignmentId()), agent)
	if _, e := a.floor.Learned(ctx, agent, started.Session); err == nil {
		err = e
	}
	if err != nil {
		return nil, err
	}
	as, number := &started.Assignment, started.Number
	return &pb.StartCallResponse{
		AssignmentId: int64(as.ID), Number: string(number.Phone), Extension: number.Extension, TelUri: number.TelURI(),
		PlacedAt: wire.Time(as.PlacedAt), LeaseUntil: wire.Time(as.LeaseUntil),
	}, nil
}

// EndCall tells that the conversation is over; wrap-up begins.
func (a *Agents) EndCall(ctx context.Context, r *pb.EndCallRequest) (*pb.EndCallResponse, error) {
	agent, err := a.holder(ctx, r.GetAgent(), r.GetAssignmentId())
	if err != nil {
		return nil, err
	}
	at, err := wire.FromTime("ended_at", r.GetEndedAt())
	if err != nil {
		return nil, err
	}
	if at.IsZero() || at.After(a.now()) {
		at = a.now()
	}
	s, err := a.calls.EndCall(ctx, campaign.AssignmentID(r.GetAssignmentId()), agent, at)
	if err != nil {
		return nil, err
	}
	s, err = a.floor.Learned(ctx, agent, s)
	return &pb.EndCallResponse{Session: a.session(ctx, s)}, err
}

// said is what an agent reports of a call, checked against its campaign.
type said struct {
	outcome campaign.Outcome
	code    string
	phone   campaign.Phone
	booking *campaign.Booking
	masks   bool // the campaign masks numbers
}

// noteMost bounds a note, in bytes.
const noteMost = 10_000

// report is what a request says of a call.
type report interface {
	GetCode() string
	GetNewNumber() string
	GetNote() string
}

func (a *Agents) say(ctx context.Context, agent campaign.AgentID, id campaign.AssignmentID, r report, b *campaign.Booking) (said, error) {
	if h, ok := a.floor.InHand(agent, id); ok && h.Campaign != nil {
		if _, err := h.Campaign.OutcomeFor(r.GetCode()); err == nil {
			return a.sayOf(h.Campaign, r, b)
		}
		// The code may have been added a moment ago: the record knows.
	}
	as, err := a.book.Assignment(ctx, id)
	if err != nil {
		return said{}, err
	}
	c, err := a.book.Campaign(ctx, as.CampaignID)
	if err != nil {
		return said{}, err
	}
	return a.sayOf(&c, r, b)
}

func (a *Agents) sayOf(c *campaign.Campaign, r report, b *campaign.Booking) (s said, err error) {
	s = said{code: r.GetCode(), booking: b, masks: c.MaskNumbers}
	if s.outcome, err = c.OutcomeFor(s.code); err != nil {
		return s, campaign.Invalid("code", choices(c, s.code))
	}
	switch {
	case s.outcome == campaign.Booked && b == nil:
		return s, campaign.Invalid("booking", "an APPOINTMENT needs its time: give local and, if it is not the lead's, zone")
	case s.outcome != campaign.Booked && b != nil:
		return s, campaign.Invalid("booking", "goes with APPOINTMENT only: leave it out, or record an APPOINTMENT")
	case s.outcome != campaign.NumberChanged && r.GetNewNumber() != "":
		return s, campaign.Invalid("new_number", "goes with NUMBER_CHANGED only")
	case len(r.GetNote()) > noteMost:
		return s, campaign.Invalid("note", "is longer than 10,000 bytes")
	}
	if r.GetNewNumber() != "" {
		if s.phone, err = a.phones(r.GetNewNumber(), c.Region); err != nil {
			return s, about("new_number", err)
		}
	}
	return s, nil
}

// about names the field that a refusal is about, if it names none.
func about(field string, err error) error {
	e, ok := errors.AsType[*campaign.Error](err)
	if !ok || e.Kind != campaign.KindInvalid || len(e.Violations) > 0 {
		return campaign.Under(field, err)
	}
	named := *e
	named.Violations = []campaign.Violation{{Field: field, Message: e.Message}}
	return &named
}

func choices(c *campaign.Campaign, code string) string {
	var all []string
	for _, oc := range c.Codes {
		all = append(all, oc.Code)
	}
	for _, o := range campaign.Outcomes() {
		all = append(all, o.String())
	}
	use := strings.Join(all, " ")
	if code == "" {
		return "names no outcome: use " + use
	}
	return fmt.Sprintf("%s is no outcome of this campaign: use %s", code, use)
}

// RecordOutcome records what came of a placed call. Sent again it answers the same.
func (a *Agents) RecordOutcome(ctx context.Context, r *pb.RecordOutcomeRequest) (*pb.RecordOutcomeResponse, error) {
	agent, err := a.holder(ctx, r.GetAgent(), r.GetAssignmentId())
	if err != nil {
		return nil, err
	}
	wait, err := nextWait(ctx, r)
	if err != nil {
		return nil, err
	}
	id := campaign.AssignmentID(r.GetAssignmentId())
	s, err := a.say(ctx, agent, id, r, wire.FromBooking(r.GetBooking()))
	if err != nil {
		return nil, err
	}
	ended, err := wire.FromTime("ended_at", r.GetEndedAt())
	if err != nil {
		return nil, err
	}
	got, err := a.calls.Conclude(ctx, campaign.Result{
		Assignment: id, Agent: agent, Outcome: s.outcome, Code: s.code, NewNumber: s.phone, Note: r.GetNote(),
		EndedAt: ended, Booking: s.booking,
	})
	if err != nil {
		return nil, err
	}
	if got.Plan.Verdict == campaign.VerdictAppointment {
		a.floor.Anew(agent) // before the agent counts as ready: it may be near
	}
	session, err := a.floor.Learned(ctx, agent, got.Session)
	if err != nil {
		return nil, err
	}
	switch {
	case got.Plan.Verdict == campaign.VerdictCall && !got.Plan.At.After(a.now()):
		a.floor.Back(got.Attempt.CampaignID, got.Lead)
	case got.Plan.Verdict == campaign.VerdictAppointment:
		a.floor.Wake(got.Attempt.CampaignID)
	}
	out := &pb.RecordOutcomeResponse{
		Attempt: wire.Attempt(&got.Attempt, a.login(ctx, agent)), LeadState: wire.LeadState(got.State), Plan: wire.Plan(got.Plan),
		Late: late(got.Late), Replay: got.Replay, Session: a.session(ctx, session),
	}
	if out.Appointment, err = a.promiseOf(ctx, got); err != nil {
		return nil, err
	}
	s.hide(ctx, out)
	if r.GetNextWait() != nil {
		a.addNext(ctx, out, agent, session, wait)
	}
	return out, nil
}

// CorrectOutcome amends what was recorded.
func (a *Agents) CorrectOutcome(ctx context.Context, r *pb.CorrectOutcomeRequest) (*pb.CorrectOutcomeResponse, error) {
	agent, err := a.holder(ctx, r.GetAgent(), r.GetAssignmentId())
	if err != nil {
		return nil, err
	}
	id := campaign.AssignmentID(r.GetAssignmentId())
	s, err := a.say(ctx, agent, id, r, wire.FromBooking(r.GetBooking()))
	if err != nil {
		return nil, err
	}
	got, err := a.calls.Correct(ctx, campaign.Correction{
		Assignment: id, Agent: agent, Outcome: s.outcome, Code: s.code, NewNumber: s.phone, Note: r.GetNote(),
		Booking: s.booking, By: campaign.CallerFrom(ctx).Owner,
	})
	if err != nil {
		return nil, err
	}
	a.floor.Wake(got.Attempt.CampaignID)
	out := &pb.CorrectOutcomeResponse{
		Attempt: wire.Attempt(&got.Attempt, a.login(ctx, agent)), LeadState: wire.LeadState(got.State), Plan: wire.Plan(got.Plan),
	}
	s.hide(ctx, out)
	out.Appointment, err = a.promiseOf(ctx, got)
	return out, err
}

// promiseOf is the promise that stands after an outcome.
func (a *Agents) promiseOf(ctx context.Context, got campaign.Recorded) (*pbAppointment, error) {
	if got.Plan.Verdict != campaign.VerdictAppointment {
		return nil, nil
	}
	p, err := a.book.OpenPromise(ctx, got.Lead)
	if err != nil || p == nil {
		return nil, err
	}
	return wire.Appointment(p, a.login(ctx, p.Owner)), nil
}

func late(k campaign.LateKind) pb.LateKind {
	switch k {
	case campaign.LateAmended:
		return pb.LateKind_LATE_KIND_AMENDED
	case campaign.LateWaits:
		return pb.LateKind_LATE_KIND_WAITS
	default:
		return pb.LateKind_LATE_KIND_UNSPECIFIED
	}
}
