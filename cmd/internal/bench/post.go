package bench

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"redial/campaign"
	campaignpb "redial/proto/campaign/v1"
	pb "redial/proto/dialer/v1"
)

// post is an agent's stream: one goroutine reads it, any may send.
type post struct {
	f      *office
	agent  int // of the world's
	stream grpc.BidiStreamingClient[pb.WorkRequest, pb.WorkResponse]
	beat   time.Duration // how often to say that it is there
	offer  *pb.Card      // came and was not taken up yet
	state  campaignpb.AgentState
	left   atomic.Bool // signs out, or will after the call: a heartbeat that crosses it is refused

	mu sync.Mutex // of sending
}

// beatID marks heartbeats, whose answers nobody waits for.
const beatID = "beat"

// sit opens a stream for an agent and signs in; the stream ends with ctx.
func (f *office) sit(ctx context.Context, conn *grpc.ClientConn, agent int, ready bool) (*post, error) {
	stream, err := pb.NewAgentServiceClient(conn).Work(f.as(ctx, agent))
	if err != nil {
		return nil, fmt.Errorf("open a stream: %w", err)
	}
	p := &post{f: f, agent: agent, stream: stream}
	m, err := p.ask(&pb.WorkRequest{Action: &pb.WorkRequest_SignIn{SignIn: &pb.SignInRequest{Ready: ready}}},
		func(m *pb.WorkResponse) bool { return m.GetSignedIn() != nil })
	if err != nil {
		return nil, fmt.Errorf("sign in: %w", err)
	}
	p.beat = m.GetSignedIn().GetHeartbeatEvery().AsDuration()
	if c := m.GetSignedIn().GetCard(); c != nil {
		p.offer = c
	}
	return p, nil
}

// ask sends a request and reads on until its answer; again when it is sent away. Only whoever reads may call it.
func (p *post) ask(r *pb.WorkRequest, is func(*pb.WorkResponse) bool) (m *pb.WorkResponse, err error) {
	err = p.f.again(p.stream.Context(), func() error {
		if err := p.push(r); err != nil {
			if _, why := p.stream.Recv(); why != nil {
				err = why // the end of the stream says more
			}
			return fmt.Errorf("send on a stream: %w", err)
		}
		m, err = p.until(is)
		return err
	})
	return m, err
}

func (p *post) push(r *pb.WorkRequest) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stream.Send(r)
}

// hangUp sends nothing more.
func (p *post) hangUp() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stream.CloseSend()
}

// heartbeat says that the agent is there; anybody may call it.
func (p *post) heartbeat() error {
	return p.push(&pb.WorkRequest{Id: beatID, Action: &pb.WorkRequest_Heartbeat{Heartbeat: &pb.HeartbeatRequest{}}})
}

// until reads on until a message is what is waited for. An offer that comes meanwhile is kept.
func (p *post) until(is func(*pb.WorkResponse) bool) (*pb.WorkResponse, error) {
	for {
		m, err := p.stream.Recv()
		if err != nil {
			return nil, fmt.Errorf("read a stream: %w", err)
		}
		if f := m.GetFailure(); f != nil {
			if m.GetId() != beatID || !p.left.Load() {
				return nil, refusal(f)
			}
		}
		if m.GetOffer() != nil {
			p.offer = m.GetOffer()
		}
		for _, s := range []*pb.Session{m.GetSession(), m.GetSignedOut().GetSession(), m.GetOutcomeRecorded().GetSession()} {
			if s != nil {
				p.state = s.GetState()
			}
		}
		if is(m) {
			return m, nil
		}
	}
}

// refusal is a failure on a stream as the error that the unary call would have given.
func refusal(f *pb.Failure) error {
	st := status.New(codes.Code(f.GetCode()), "refused on a stream: "+f.GetMessage()+" ("+f.GetReason()+")")
	if f.GetRetryAfter() != nil {
		if with, err := st.WithDetails(&errdetails.RetryInfo{RetryDelay: f.GetRetryAfter()}); err == nil {
			st = with
		}
	}
	return st.Err()
}

// taken is the offer that came, or the next one; each lead comes once.
func (p *post) taken() (*pb.Card, error) {
	if p.offer == nil {
		if _, err := p.until(func(*pb.WorkResponse) bool { return p.offer != nil }); err != nil {
			return nil, err
		}
	}
	c := p.offer
	p.offer = nil
	return c, p.f.came(c.GetLeadId())
}

// ready asks for offers.
func (p *post) ready() error {
	_, err := p.ask(&pb.WorkRequest{Action: &pb.WorkRequest_SetState{SetState: &pb.SetStateRequest{State: campaignpb.AgentState_AGENT_STATE_READY}}},
		func(m *pb.WorkResponse) bool { return m.GetStateSet() != nil })
	return err
}

// leave signs out: with a call in hand after its outcome.
func (p *post) leave() error {
	p.left.Store(true)
	_, err := p.ask(&pb.WorkRequest{Action: &pb.WorkRequest_SignOut{SignOut: &pb.SignOutRequest{}}},
		func(m *pb.WorkResponse) bool { return m.GetSignedOut() != nil })
	return err
}

func (p *post) start(c *pb.Card) error {
	_, err := p.ask(&pb.WorkRequest{Action: &pb.WorkRequest_StartCall{StartCall: &pb.StartCallRequest{AssignmentId: c.GetAssignmentId()}}},
		func(m *pb.WorkResponse) bool { return m.GetCallStarted() != nil })
	return err
}

// success ends a call for good.
func (p *post) success(c *pb.Card) error {
	r := &pb.RecordOutcomeRequest{AssignmentId: c.GetAssignmentId(), Code: campaign.Success.String()}
	m, err := p.ask(&pb.WorkRequest{Action: &pb.WorkRequest_RecordOutcome{RecordOutcome: r}},
		func(m *pb.WorkResponse) bool { return m.GetOutcomeRecorded() != nil })
	if err != nil {
		return err
	}
	if state := m.GetOutcomeRecorded().GetLeadState(); state != campaignpb.LeadState_LEAD_STATE_FINISHED {
		return fmt.Errorf("%w: a lead is %v after a success", errWrong, state)
	}
	p.f.ended()
	return nil
}

// gone waits until the agent is signed out and ends the stream.
func (p *post) gone() error {
	over := func(*pb.WorkResponse) bool { return p.state == campaignpb.AgentState_AGENT_STATE_SIGNED_OUT }
	if over(nil) {
		return p.hangUp()
	}
	_, err := p.until(over)
	return errors.Join(err, p.hangUp())
}

// work takes leads, calls and records until it is over, and asks to be signed out (see gone). pause, if any, is the call; cycled hears when a
// lead was asked for (with the outcome before it, or by being ready) and when it came, at the end of each cycle.
func (p *post) work(over func() bool, pause func(), cycled func(asked, came time.Time)) error {
	asked := time.Now()
	for last := false; !last; {
		c, err := p.taken()
		came := time.Now()
		if err != nil {
			return err
		}
		if err := p.start(c); err != nil {
			return err
		}
		if pause != nil {
			pause()
		}
		if last = over(); last {
			if err := p.leave(); err != nil {
				return err
			}
		}
		recording := time.Now()
		if err := p.success(c); err != nil {
			return err
		}
		cycled(asked, came)
		asked = recording
	}
	return nil
}
