package rpc

import (
	"context"
	"fmt"
	"slices"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"redial/campaign"
	"redial/campaign/wire"
	"redial/dialer"
	pb "redial/proto/dialer/v1"
)

// View is the live floor as the record has it.
type View interface {
	OpenPromises
	FloorView(ctx context.Context, of campaign.CampaignID) (campaign.FloorView, error)
	ListMissed(ctx context.Context, of campaign.CampaignID, since time.Time) ([]campaign.MissedPromise, error)
	LateOutcomes(ctx context.Context, of campaign.CampaignID) ([]campaign.LateOutcome, error)
}

// Supervision is what a supervisor may do.
type Supervision interface {
	ResolveLate(ctx context.Context, id campaign.AssignmentID, apply bool, by string) (campaign.Recorded, error)
	ReassignPromise(ctx context.Context, id campaign.AppointmentID, owner campaign.AgentID, reason, by string) (campaign.Appointment, error)
}

// Floors serves FloorService.
type Floors struct {
	pb.UnimplementedFloorServiceServer
	floor Floor
	view  View
	super Supervision
	book  Book
}

// NewFloors makes the service.
func NewFloors(f Floor, v View, s Supervision, b Book) *Floors {
	return &Floors{floor: f, view: v, super: s, book: b}
}

// GetFloor is the floor now.
func (f *Floors) GetFloor(ctx context.Context, r *pb.GetFloorRequest) (*pb.GetFloorResponse, error) {
	v, err := f.seen(ctx, campaign.CampaignID(r.GetCampaignId()))
	return &pb.GetFloorResponse{Floor: floorOf(&v)}, err
}

// WatchFloor sends the whole floor, then what changed.
func (f *Floors) WatchFloor(r *pb.WatchFloorRequest, stream grpc.ServerStreamingServer[pb.WatchFloorResponse]) error {
	every, err := wire.FromDuration("every", r.GetEvery(), time.Second)
	if err != nil {
		return err
	}
	tick := time.NewTicker(min(max(every, 500*time.Millisecond), time.Minute))
	defer tick.Stop()
	var last *pb.Floor
	for {
		v, err := f.seen(stream.Context(), campaign.CampaignID(r.GetCampaignId()))
		if err != nil {
			return err
		}
		now := floorOf(&v)
		if last == nil {
			err = stream.Send(&pb.WatchFloorResponse{Whole: true, Floor: now})
		} else if d := changes(last, now); d != nil {
			err = stream.Send(&pb.WatchFloorResponse{Floor: d})
		}
		if err != nil {
			return err
		}
		last = now
		select {
		case <-stream.Context().Done():
			return nil
		case <-tick.C:
		}
	}
}

func floorOf(v *campaign.FloorView) *pb.Floor {
	out := &pb.Floor{At: wire.Time(v.At), LateOutcomes: v.Late, Missed: v.Missed}
	for i := range v.Agents {
		a := &v.Agents[i]
		m := &pb.FloorAgent{
			Session: sessionOf(a.Session, a.Login), Name: a.Name, LeadId: int64(a.Lead), LeadName: a.LeadName, CampaignId: int64(a.Campaign),
		}
		for _, c := range a.Campaigns {
			m.CampaignIds = append(m.CampaignIds, int64(c))
		}
		out.Agents = append(out.Agents, m)
	}
	for i := range v.Campaigns {
		c := &v.Campaigns[i]
		closed := c.ByState[campaign.LeadFinished] + c.ByState[campaign.LeadExhausted] +
			c.ByState[campaign.LeadSuppressed] + c.ByState[campaign.LeadWithdrawn]
		out.Campaigns = append(out.Campaigns, &pb.FloorCampaign{
			CampaignId: int64(c.ID), Name: c.Name, Open: c.ByState[campaign.LeadOpen], Held: c.ByState[campaign.LeadHeld],
			Due: c.Due, Closed: closed, Promises: c.Promises, PromisesSoon: c.PromisesSoon, AttemptsToday: c.Attempts,
			ConnectsToday: c.Connects, NextDue: wire.Time(c.NextDue),
		})
	}
	for i := range v.Recent {
		r := &v.Recent[i]
		out.Events = append(out.Events, &pb.FloorEvent{
			At: wire.Time(r.At), Type: "attempt", CampaignId: int64(r.Campaign), LeadId: int64(r.Lead), LeadName: r.LeadName,
			AgentLogin: r.Agent, Detail: detail(r),
		})
	}
	return out
}

func detail(r *campaign.RecentCall) string {
	if r.Next.Open() {
		return fmt.Sprintf("%s, next %s at %s", r.Code, r.Next.Verdict, r.Next.At.Format(time.RFC3339))
	}
	return fmt.Sprintf("%s, %s (%s)", r.Code, r.Next.Verdict, r.Next.Reason)
}

// changes are the agents and campaigns that differ, and the events since; nil: nothing changed. An agent who signed
// out is told as such.
func changes(last, now *pb.Floor) *pb.Floor {
	out := &pb.Floor{At: now.GetAt(), LateOutcomes: now.GetLateOutcomes(), Missed: now.GetMissed()}
	was := make(map[int64]*pb.FloorAgent)
	for _, a := range last.GetAgents() {
		was[a.GetSession().GetAgentId()] = a
	}
	for _, a := range now.GetAgents() {
		id := a.GetSession().GetAgentId()
		if !proto.Equal(was[id], a) {
			out.Agents = append(out.Agents, a)
		}
		delete(was, id)
	}
	for _, a := range was {
		gone := proto.CloneOf(a)
		gone.Session.State = wire.AgentState(campaign.AgentSignedOut)
		out.Agents = append(out.Agents, gone)
	}
	before := make(map[int64]*pb.FloorCampaign)
	for _, c := range last.GetCampaigns() {
		before[c.GetCampaignId()] = c
	}
	for _, c := range now.GetCampaigns() {
		if !proto.Equal(before[c.GetCampaignId()], c) {
			out.Campaigns = append(out.Campaigns, c)
		}
	}
	told := make(map[eventKey]bool)
	for _, e := range last.GetEvents() {
		told[keyOf(e)] = true
	}
	for _, e := range now.GetEvents() {
		if !told[keyOf(e)] {
			out.Events = append(out.Events, e)
		}
	}
	if len(out.Agents)+len(out.Campaigns)+len(out.Events) == 0 &&
		last.GetLateOutcomes() == now.GetLateOutcomes() && last.GetMissed() == now.GetMissed() {
		return nil
	}
	return out
}

// eventKey tells events apart: outcomes committed together have one instant.
type eventKey struct {
	at    time.Time
	lead  int64
	agent string
}

func keyOf(e *pb.FloorEvent) eventKey {
	return eventKey{e.GetAt().AsTime(), e.GetLeadId(), e.GetAgentLogin()}
}

// ListMissed are promises that were missed, last first.
func (f *Floors) ListMissed(ctx context.Context, r *pb.ListMissedRequest) (*pb.ListMissedResponse, error) {
	since, err := wire.FromTime("since", r.GetSince())
	if err != nil {
		return nil, err
	}
	skip, size, err := page(r.GetPageToken(), r.GetPageSize())
	if err != nil {
		return nil, err
	}
	all, err := f.view.ListMissed(ctx, campaign.CampaignID(r.GetCampaignId()), since)
	if err != nil {
		return nil, err
	}
	if c := campaign.CallerFrom(ctx); c.Restricted() {
		all = slices.DeleteFunc(all, func(m campaign.MissedPromise) bool { return !c.Sees(m.Appointment.CampaignID) })
	}
	out := &pb.ListMissedResponse{}
	for _, m := range all[min(skip, len(all)):] {
		if len(out.Missed) == size {
			out.NextPageToken = next(r.GetPageToken(), size)
			break
		}
		row := &pb.Missed{
			Appointment: wire.Appointment(&m.Appointment, m.Owner), LeadName: m.LeadName, LeadState: wire.LeadState(m.State), Plan: wire.Plan(m.Plan),
		}
		if err := hide(ctx, f.book, m.Appointment.CampaignID, row); err != nil {
			return nil, err
		}
		out.Missed = append(out.Missed, row)
	}
	return out, nil
}

// ListLateOutcomes are those that wait for a supervisor, oldest first.
func (f *Floors) ListLateOutcomes(ctx context.Context, r *pb.ListLateOutcomesRequest) (*pb.ListLateOutcomesResponse, error) {
	skip, size, err := page(r.GetPageToken(), r.GetPageSize())
	if err != nil {
		return nil, err
	}
	all, err := f.view.LateOutcomes(ctx, campaign.CampaignID(r.GetCampaignId()))
	if err != nil {
		return nil, err
	}
	if c := campaign.CallerFrom(ctx); c.Restricted() {
		all = slices.DeleteFunc(all, func(l campaign.LateOutcome) bool { return !c.Sees(l.Campaign) })
	}
	out := &pb.ListLateOutcomesResponse{}
	for _, l := range all[min(skip, len(all)):] {
		if len(out.Outcomes) == size {
			out.NextPageToken = next(r.GetPageToken(), size)
			break
		}
		row := lateOf(&l)
		if err := hide(ctx, f.book, l.Campaign, row); err != nil {
			return nil, err
		}
		out.Outcomes = append(out.Outcomes, row)
	}
	return out, nil
}

func lateOf(l *campaign.LateOutcome) *pb.LateOutcome {
	out := &pb.LateOutcome{
		AssignmentId: int64(l.Result.Assignment), LeadId: int64(l.Lead), LeadName: l.LeadName, AgentLogin: l.Agent,
		Outcome: wire.Outcome(l.Result.Outcome), Code: l.Result.Code, Note: l.Result.Note, NewNumber: string(l.Result.NewNumber),
		PlacedAt: wire.Time(l.PlacedAt), ReceivedAt: wire.Time(l.ReceivedAt),
	}
	if b := l.Result.Booking; b != nil {
		out.Booking = wire.Booking(b)
	}
	return out
}

// ResolveLateOutcome applies a late outcome or lays it aside.
func (f *Floors) ResolveLateOutcome(ctx context.Context, r *pb.ResolveLateOutcomeRequest) (*pb.ResolveLateOutcomeResponse, error) {
	j := r.GetJudgement()
	if j != pb.Judgement_JUDGEMENT_APPLY && j != pb.Judgement_JUDGEMENT_DISMISS {
		return nil, campaign.Invalid("judgement", "choose APPLY or DISMISS")
	}
	got, err := f.super.ResolveLate(ctx, campaign.AssignmentID(r.GetAssignmentId()), j == pb.Judgement_JUDGEMENT_APPLY, campaign.CallerFrom(ctx).Owner)
	if err != nil {
		return nil, err
	}
	f.floor.Wake(got.Attempt.CampaignID)
	out := &pb.ResolveLateOutcomeResponse{Attempt: wire.Attempt(&got.Attempt, ""), Plan: wire.Plan(got.Plan)}
	return out, hide(ctx, f.book, got.Attempt.CampaignID, out)
}

// Reassign gives a promise to another agent, or to whoever is fit.
func (f *Floors) Reassign(ctx context.Context, r *pb.ReassignRequest) (*pb.ReassignResponse, error) {
	if err := dialer.CheckReason(r.GetReason()); err != nil {
		return nil, err
	}
	var owner campaign.AgentID
	if r.GetOwner() != "" {
		a, err := f.login(ctx, r.GetOwner())
		if err != nil {
			return nil, err
		}
		owner = a.ID
	}
	p, err := f.super.ReassignPromise(ctx, campaign.AppointmentID(r.GetAppointmentId()), owner, r.GetReason(), campaign.CallerFrom(ctx).Owner)
	if err != nil {
		return nil, err
	}
	f.floor.Wake(p.CampaignID)
	return &pb.ReassignResponse{Appointment: wire.Appointment(&p, r.GetOwner())}, nil
}

// SetAgentState helps an agent out of a state: a supervisor's word.
func (f *Floors) SetAgentState(ctx context.Context, r *pb.SetAgentStateRequest) (*pb.SetAgentStateResponse, error) {
	if r.GetAgent() == "" {
		return nil, campaign.Invalid("agent", "name the agent's login")
	}
	a, err := f.login(ctx, r.GetAgent())
	if err != nil {
		return nil, err
	}
	word := dialer.Forced{State: wire.FromAgentState(r.GetState()), Reason: r.GetReason(), By: campaign.CallerFrom(ctx).Owner}
	if word.Bound, word.Of, err = f.bound(ctx, a.ID); err != nil {
		return nil, err
	}
	s, err := f.floor.Apply(ctx, a.ID, word)
	if err != nil {
		return nil, err
	}
	if word.Bound && s.Assignment != word.Of {
		s.Assignment = 0
	}
	return &pb.SetAgentStateResponse{Session: sessionOf(s, a.Login)}, nil
}
