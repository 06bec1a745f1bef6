package demo

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	"redial/campaign"
	"redial/dialer/carrier/sim"
	campaignpb "redial/proto/campaign/v1"
	dialerpb "redial/proto/dialer/v1"
)

// Run lets the simulated agents work until ctx ends. One whose stream breaks signs in again.
func (d *Demo) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	for i, c := range colleagues {
		wg.Go(func() {
			a := &agent{d: d, login: c.login, rng: rand.New(rand.NewPCG(uint64(i)+1, 26))}
			for ctx.Err() == nil {
				if err := a.shift(ctx); err != nil && ctx.Err() == nil {
					d.log.DebugContext(ctx, "a simulated agent signs in again", "agent", c.login, "error", err)
				}
				rest(ctx, 2*time.Second)
			}
		})
	}
	wg.Wait()
	return nil
}

func rest(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// agent is one simulated agent at a desk.
type agent struct {
	d      *Demo
	login  string
	rng    *rand.Rand
	stream grpc.BidiStreamingClient[dialerpb.WorkRequest, dialerpb.WorkResponse]
	last   int64 // the assignment that was dealt with last
}

// shift signs in and takes calls until the stream ends.
func (a *agent) shift(ctx context.Context) error {
	ctx, cancel := context.WithCancel(a.d.as(ctx, a.d.tokens[a.login]))
	defer cancel()
	var err error
	if a.stream, err = dialerpb.NewAgentServiceClient(a.d.conn).Work(ctx); err != nil {
		return err
	}
	in := &dialerpb.WorkRequest{Action: &dialerpb.WorkRequest_SignIn{SignIn: &dialerpb.SignInRequest{Ready: true}}}
	if err := a.stream.Send(in); err != nil {
		return err
	}
	events := make(chan *dialerpb.WorkResponse)
	ended := make(chan error, 1)
	go func() {
		for {
			m, err := a.stream.Recv()
			if err != nil {
				ended <- err
				return
			}
			select {
			case events <- m:
			case <-ctx.Done():
				return
			}
		}
	}()
	beat := time.NewTicker(10 * time.Second)
	defer beat.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case err := <-ended:
			return err
		case <-beat.C:
			err = a.stream.Send(&dialerpb.WorkRequest{Action: &dialerpb.WorkRequest_Heartbeat{Heartbeat: &dialerpb.HeartbeatRequest{}}})
		case m := <-events:
			err = a.react(ctx, m)
		}
		if err != nil {
			return err
		}
	}
}

// react takes what is offered; everything else happens by itself.
func (a *agent) react(ctx context.Context, m *dialerpb.WorkResponse) error {
	switch e := m.GetEvent().(type) {
	case *dialerpb.WorkResponse_SignedIn:
		if s := e.SignedIn.GetSession(); s.GetState() == campaignpb.AgentState_AGENT_STATE_BREAK {
			return a.ready()
		}
		return a.call(ctx, e.SignedIn.GetCard())
	case *dialerpb.WorkResponse_Offer:
		return a.call(ctx, e.Offer)
	case *dialerpb.WorkResponse_Session:
		if s := e.Session; s.GetState() == campaignpb.AgentState_AGENT_STATE_BREAK {
			return a.ready()
		}
	case *dialerpb.WorkResponse_Failure:
		return fmt.Errorf("%s: %s", e.Failure.GetReason(), e.Failure.GetMessage())
	case *dialerpb.WorkResponse_SignedOut:
		return errors.New("signed out")
	}
	return nil
}

func (a *agent) ready() error {
	return a.stream.Send(&dialerpb.WorkRequest{Action: &dialerpb.WorkRequest_SetState{
		SetState: &dialerpb.SetStateRequest{State: campaignpb.AgentState_AGENT_STATE_READY},
	}})
}

// call makes one call: a look at the card, ringing and talking at the demonstration's speed, the outcome, wrap-up.
func (a *agent) call(ctx context.Context, card *dialerpb.Card) error {
	if card == nil || card.GetAssignmentId() == a.last {
		return nil
	}
	a.last = card.GetAssignmentId()
	rest(ctx, time.Duration(1000+a.rng.IntN(2000))*time.Millisecond)
	start := &dialerpb.StartCallRequest{AssignmentId: card.GetAssignmentId()}
	if err := a.stream.Send(&dialerpb.WorkRequest{Action: &dialerpb.WorkRequest_StartCall{StartCall: start}}); err != nil {
		return err
	}
	s := sim.Default().Sample(a.rng, 10+a.rng.IntN(9), len(card.GetHistory()))
	rest(ctx, max(2*time.Second, time.Duration(float64(s.Ring+s.Talk)/a.d.speed)))
	ended := timestamppb.Now()
	rest(ctx, min(4*time.Second, time.Duration(float64(s.Wrap)/a.d.speed)))
	if err := a.stream.Send(&dialerpb.WorkRequest{Action: &dialerpb.WorkRequest_RecordOutcome{RecordOutcome: a.outcome(card, s, ended)}}); err != nil {
		return err
	}
	return a.ready()
}

func (a *agent) outcome(card *dialerpb.Card, s sim.Sample, ended *timestamppb.Timestamp) *dialerpb.RecordOutcomeRequest {
	r := &dialerpb.RecordOutcomeRequest{AssignmentId: card.GetAssignmentId(), Code: s.Outcome.String(), EndedAt: ended}
	switch s.Outcome {
	case campaign.Success:
		r.Code = "SOLD"
	case campaign.Refused:
		r.Code = "CONTENT"
	case campaign.Booked:
		r.Booking = a.booking(card)
	case campaign.CallLater:
		r.Note = "asked to be called later"
	case campaign.Abandoned, campaign.Unknown:
		r.Code = campaign.NoAnswer.String()
	default: // the outcome's own name
	}
	return r
}

// booking promises a call in two to six minutes.
func (a *agent) booking(card *dialerpb.Card) *campaignpb.Booking {
	return bookingAt(time.Now().Add(time.Duration(2+a.rng.IntN(5))*time.Minute), card.GetZones())
}

// bookingAt promises a call at the minute of at, on the wall clock of a lead.
func bookingAt(at time.Time, zones []string) *campaignpb.Booking {
	zone := "UTC"
	if len(zones) > 0 {
		zone = zones[0]
	}
	loc, err := time.LoadLocation(zone)
	if err != nil {
		loc = time.UTC
	}
	return &campaignpb.Booking{Local: at.In(loc).Truncate(time.Minute).Format("2006-01-02T15:04"), Zone: zone}
}
