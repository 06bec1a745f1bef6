// Package rpc serves the agent's desk and the supervisor's floor over gRPC. It turns messages into words of the floor
// and the record, and back; it decides nothing, and who may call what was settled before it is asked.
package rpc

import (
	"context"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"redial/campaign"
	"redial/campaign/wire"
	"redial/dialer"
	pb "redial/proto/dialer/v1"
)

// Floor is the live floor of this node.
type Floor interface {
	SignIn(ctx context.Context, agent campaign.AgentID, ready bool) (*dialer.Desk, campaign.Session, *campaign.Claimed, error)
	SignInSimple(ctx context.Context, agent campaign.AgentID, ready bool) (campaign.Session, *campaign.Claimed, error)
	Leave(agent campaign.AgentID, desk *dialer.Desk)
	Beat(ctx context.Context, agent campaign.AgentID, epoch int64) (campaign.Session, error)
	NextCall(ctx context.Context, agent campaign.AgentID, epoch int64, wait time.Duration) (*campaign.Claimed, campaign.Session, error)
	PickLead(ctx context.Context, agent campaign.AgentID, epoch int64, lead campaign.LeadID) (*campaign.Claimed, campaign.Session, error)
	Apply(ctx context.Context, agent campaign.AgentID, ev dialer.Event) (campaign.Session, error)
	Refresh(ctx context.Context, agent campaign.AgentID) (campaign.Session, error)
	// Learned takes over a session that the record answered; one without an agent is read.
	Learned(ctx context.Context, agent campaign.AgentID, s campaign.Session) (campaign.Session, error)
	// Held is what a session holds, as far as the agent may see it; nil: nothing.
	Held(ctx context.Context, s campaign.Session) (*campaign.Claimed, error)
	// InHand is what the agent holds by an assignment; false: ask the record.
	InHand(agent campaign.AgentID, id campaign.AssignmentID) (dialer.Hand, bool)
	Wake(campaign.CampaignID)
	// Anew has what an agent owns and is promised read again before the agent is given anything.
	Anew(campaign.AgentID)
	// Back says that a lead may be called again at once.
	Back(campaign.CampaignID, campaign.LeadID)
	// Declined keeps a lead from being offered straight back to the agent who declined it.
	Declined(campaign.AgentID, campaign.LeadID)
	HeartbeatEvery() time.Duration
}

// Calls is what becomes of an assignment. Each call is one transaction, and safe to send again.
type Calls interface {
	OpenAssignment(ctx context.Context, agent campaign.AgentID) (*campaign.Claimed, error)
	StartCall(ctx context.Context, id campaign.AssignmentID, agent campaign.AgentID) (campaign.Started, error)
	EndCall(ctx context.Context, id campaign.AssignmentID, agent campaign.AgentID, at time.Time) (campaign.Session, error)
	Conclude(ctx context.Context, r campaign.Result) (campaign.Recorded, error)
	Correct(ctx context.Context, c campaign.Correction) (campaign.Recorded, error)
	Decline(ctx context.Context, id campaign.AssignmentID, agent campaign.AgentID, reason string) (campaign.Session, error)
}

// Promises is what becomes of appointments.
type Promises interface {
	Book(ctx context.Context, lead campaign.LeadID, b campaign.Booking, owner campaign.AgentID, by string) (campaign.Appointment, error)
	Reschedule(ctx context.Context, id campaign.AppointmentID, b campaign.Booking, reason, by string) (campaign.Appointment, error)
	Cancel(ctx context.Context, id campaign.AppointmentID, reason, by string) (campaign.Appointment, campaign.Plan, error)
	Appointment(ctx context.Context, id campaign.AppointmentID) (campaign.Appointment, error)
	Callbacks(ctx context.Context, agent campaign.AgentID) ([]campaign.Callback, error)
}

// Book is what the desk shows besides.
type Book interface {
	Histories(ctx context.Context, leads []campaign.LeadID) (map[campaign.LeadID][]campaign.Attempt, error)
	Assignment(ctx context.Context, id campaign.AssignmentID) (campaign.Assignment, error)
	Campaign(ctx context.Context, id campaign.CampaignID) (campaign.Campaign, error)
	OpenPromise(ctx context.Context, lead campaign.LeadID) (*campaign.Appointment, error)
	NextDueFor(ctx context.Context, agent campaign.AgentID) (time.Time, string, error)
	AgentByLogin(ctx context.Context, login string) (campaign.Agent, error)
	AgentLogins(ctx context.Context, ids []campaign.AgentID) (map[campaign.AgentID]string, error)
	Days
}

// Agents serves AgentService.
type Agents struct {
	pb.UnimplementedAgentServiceServer
	floor    Floor
	calls    Calls
	promises Promises
	book     Book
	phones   Phones
	status   Status
	now      func() time.Time
	logins   logins
	past     *dialer.Shared[campaign.LeadID, []campaign.Attempt]
}

// Phones reads a number as people write it; the region is the campaign's.
type Phones func(text, region string) (campaign.Phone, error)

// NewAgents makes the service. now is the record's clock.
func NewAgents(f Floor, c Calls, p Promises, b Book, phones Phones, st Status, now func() time.Time) *Agents {
	return &Agents{
		floor: f, calls: c, promises: p, book: b, phones: phones, status: st, now: now,
		logins: logins{read: b.AgentLogins}, past: dialer.NewShared(b.Histories),
	}
}

// deskKey finds the agent of the stream that a request came by.
type deskKey struct{}

// acting is the agent whom a request is for; on a stream, the one who signed in there.
func (a *Agents) acting(ctx context.Context, login string) (campaign.AgentID, error) {
	if agent, ok := ctx.Value(deskKey{}).(campaign.AgentID); ok && login == "" {
		return agent, nil
	}
	return campaign.ActingAgent(ctx, login, a.book.AgentByLogin)
}

// holder is the agent whom a request about an assignment is for. An admin who names nobody acts for its agent.
func (a *Agents) holder(ctx context.Context, login string, id int64) (campaign.AgentID, error) {
	if _, desk := ctx.Value(deskKey{}).(campaign.AgentID); desk || login != "" || campaign.CallerFrom(ctx).Role != campaign.RoleAdmin {
		return a.acting(ctx, login)
	}
	as, err := a.book.Assignment(ctx, campaign.AssignmentID(id))
	return as.AgentID, err
}

// SignIn signs in an agent who asks with NextCall; a stream signs in with its first message instead.
func (a *Agents) SignIn(ctx context.Context, r *pb.SignInRequest) (*pb.SignInResponse, error) {
	agent, err := a.acting(ctx, r.GetAgent())
	if err != nil {
		return nil, err
	}
	s, held, err := a.floor.SignInSimple(ctx, agent, r.GetReady())
	if err != nil {
		return nil, err
	}
	return a.signedIn(ctx, s, held), nil
}

func (a *Agents) signedIn(ctx context.Context, s campaign.Session, held *campaign.Claimed) *pb.SignInResponse {
	return &pb.SignInResponse{Session: a.session(ctx, s), Card: a.card(ctx, held), HeartbeatEvery: wire.Duration(a.floor.HeartbeatEvery())}
}

// SignOut ends the session, after the call in hand if there is one.
func (a *Agents) SignOut(ctx context.Context, r *pb.SignOutRequest) (*pb.SignOutResponse, error) {
	s, err := a.apply(ctx, r.GetAgent(), dialer.SignOut{Epoch: r.GetEpoch()})
	return &pb.SignOutResponse{Session: s}, err
}

// SetState asks for ready or for a break.
func (a *Agents) SetState(ctx context.Context, r *pb.SetStateRequest) (*pb.SetStateResponse, error) {
	var ev dialer.Event
	switch wire.FromAgentState(r.GetState()) {
	case campaign.AgentReady:
		ev = dialer.WantReady{Epoch: r.GetEpoch()}
	case campaign.AgentBreak:
		ev = dialer.WantBreak{Reason: r.GetReason(), Epoch: r.GetEpoch()}
	case campaign.AgentSignedOut:
		ev = dialer.SignOut{Epoch: r.GetEpoch()}
	default:
		return nil, campaign.Invalid("state", "an agent asks for READY, BREAK or SIGNED_OUT; the other states follow from calls")
	}
	s, err := a.apply(ctx, r.GetAgent(), ev)
	return &pb.SetStateResponse{Session: s}, err
}

func (a *Agents) apply(ctx context.Context, login string, ev dialer.Event) (*pb.Session, error) {
	agent, err := a.acting(ctx, login)
	if err != nil {
		return nil, err
	}
	s, err := a.floor.Apply(ctx, agent, ev)
	if err != nil {
		return nil, err
	}
	return a.session(ctx, s), nil
}

// Heartbeat is a sign of life.
func (a *Agents) Heartbeat(ctx context.Context, r *pb.HeartbeatRequest) (*pb.HeartbeatResponse, error) {
	agent, err := a.acting(ctx, r.GetAgent())
	if err != nil {
		return nil, err
	}
	s, err := a.floor.Beat(ctx, agent, r.GetEpoch())
	if err != nil {
		return nil, err
	}
	out := &pb.HeartbeatResponse{Session: a.session(ctx, s)}
	if s.Assignment == 0 {
		return out, nil
	}
	if h, ok := a.floor.InHand(agent, s.Assignment); ok {
		out.LeaseUntil = wire.Time(h.Lease)
		return out, nil
	}
	held, err := a.calls.OpenAssignment(ctx, agent)
	if err != nil {
		return nil, err
	}
	if held != nil {
		out.LeaseUntil = wire.Time(held.Assignment.LeaseUntil)
	}
	return out, nil
}

// GetSession is the agent's state and what is in hand.
func (a *Agents) GetSession(ctx context.Context, r *pb.GetSessionRequest) (*pb.GetSessionResponse, error) {
	agent, err := a.acting(ctx, r.GetAgent())
	if err != nil {
		return nil, err
	}
	s, err := a.floor.Refresh(ctx, agent)
	if err != nil {
		return nil, err
	}
	held, err := a.floor.Held(ctx, s)
	if err != nil {
		return nil, err
	}
	return &pb.GetSessionResponse{Session: a.session(ctx, s), Card: a.card(ctx, held)}, nil
}

// waitMost bounds how long NextCall holds its caller.
const waitMost = time.Minute

func waitOf(field string, d *durationpb.Duration) (time.Duration, error) {
	wait, err := wire.FromDuration(field, d, 0)
	if err == nil && (wait < 0 || wait > waitMost) {
		err = campaign.Invalid(field, "must be from 0s to 60s; ask again after it")
	}
	return wait, err
}

// NextCall waits for a lead.
func (a *Agents) NextCall(ctx context.Context, r *pb.NextCallRequest) (*pb.NextCallResponse, error) {
	agent, err := a.acting(ctx, r.GetAgent())
	if err != nil {
		return nil, err
	}
	wait, err := waitOf("wait", r.GetWait())
	if err != nil {
		return nil, err
	}
	return a.nextCall(ctx, agent, r.GetEpoch(), wait)
}

// waitLeast is how long is waited at least: for a look that is under way.
const waitLeast = 200 * time.Millisecond

func (a *Agents) nextCall(ctx context.Context, agent campaign.AgentID, epoch int64, wait time.Duration) (*pb.NextCallResponse, error) {
	got, s, err := a.floor.NextCall(ctx, agent, epoch, max(wait, waitLeast))
	if err != nil {
		return nil, err
	}
	out := &pb.NextCallResponse{Session: a.session(ctx, s)}
	if got != nil {
		out.Card = a.card(ctx, got)
		return out, nil
	}
	due, why, err := a.book.NextDueFor(ctx, agent)
	if err != nil {
		return nil, err
	}
	out.NextDue, out.WhyNone = wire.Time(due), why
	return out, nil
}

// PickLead takes the lead that the agent chose.
func (a *Agents) PickLead(ctx context.Context, r *pb.PickLeadRequest) (*pb.PickLeadResponse, error) {
	agent, err := a.acting(ctx, r.GetAgent())
	if err != nil {
		return nil, err
	}
	if r.GetLeadId() <= 0 {
		return nil, campaign.Invalid("lead_id", "names no lead: give the number that lists show")
	}
	got, s, err := a.floor.PickLead(ctx, agent, r.GetEpoch(), campaign.LeadID(r.GetLeadId()))
	if err != nil {
		return nil, err
	}
	return &pb.PickLeadResponse{Session: a.session(ctx, s), Card: a.card(ctx, got)}, nil
}
