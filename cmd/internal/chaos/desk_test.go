package chaos

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	pb "redial/proto/dialer/v1"
)

// desk is an agent's desktop. Whatever its way to the server, it says the words of the Work stream, again and again
// until they are answered.
type desk interface {
	// do answers with what was asked for or with a refusal.
	do(r *pb.WorkRequest) (*pb.WorkResponse, error)
	// next waits a moment for a card; nil: none came.
	next() (*pb.Card, error)
}

// unary is a desktop that makes single calls.
type unary struct{ *caller }

func (d *unary) do(r *pb.WorkRequest) (*pb.WorkResponse, error) {
	return ask(d.caller, answerSoon, func(ctx context.Context, conn grpc.ClientConnInterface) (*pb.WorkResponse, error) {
		return say(ctx, pb.NewAgentServiceClient(conn), r)
	})
}

// nextWait is how long a desktop waits for a card before it looks round.
const nextWait = time.Second

func (d *unary) next() (*pb.Card, error) {
	got, err := ask(d.caller, nextWait+answerSoon, func(ctx context.Context, conn grpc.ClientConnInterface) (*pb.NextCallResponse, error) {
		return pb.NewAgentServiceClient(conn).NextCall(ctx, &pb.NextCallRequest{Wait: durationpb.New(nextWait)})
	})
	return got.GetCard(), err
}

// say sends a word of the stream as a single call.
func say(ctx context.Context, c pb.AgentServiceClient, r *pb.WorkRequest) (*pb.WorkResponse, error) {
	switch q := r.GetAction().(type) {
	case *pb.WorkRequest_SignOut:
		m, err := c.SignOut(ctx, q.SignOut)
		return &pb.WorkResponse{Event: &pb.WorkResponse_SignedOut{SignedOut: m}}, err
	case *pb.WorkRequest_Heartbeat:
		m, err := c.Heartbeat(ctx, q.Heartbeat)
		return &pb.WorkResponse{Event: &pb.WorkResponse_Heartbeat{Heartbeat: m}}, err
	case *pb.WorkRequest_Decline:
		m, err := c.Decline(ctx, q.Decline)
		return &pb.WorkResponse{Event: &pb.WorkResponse_Declined{Declined: m}}, err
	case *pb.WorkRequest_StartCall:
		m, err := c.StartCall(ctx, q.StartCall)
		return &pb.WorkResponse{Event: &pb.WorkResponse_CallStarted{CallStarted: m}}, err
	case *pb.WorkRequest_EndCall:
		m, err := c.EndCall(ctx, q.EndCall)
		return &pb.WorkResponse{Event: &pb.WorkResponse_CallEnded{CallEnded: m}}, err
	case *pb.WorkRequest_RecordOutcome:
		m, err := c.RecordOutcome(ctx, q.RecordOutcome)
		return &pb.WorkResponse{Event: &pb.WorkResponse_OutcomeRecorded{OutcomeRecorded: m}}, err
	case *pb.WorkRequest_CorrectOutcome:
		m, err := c.CorrectOutcome(ctx, q.CorrectOutcome)
		return &pb.WorkResponse{Event: &pb.WorkResponse_OutcomeCorrected{OutcomeCorrected: m}}, err
	case *pb.WorkRequest_RescheduleAppointment:
		m, err := c.RescheduleAppointment(ctx, q.RescheduleAppointment)
		return &pb.WorkResponse{Event: &pb.WorkResponse_AppointmentRescheduled{AppointmentRescheduled: m}}, err
	case *pb.WorkRequest_CancelAppointment:
		m, err := c.CancelAppointment(ctx, q.CancelAppointment)
		return &pb.WorkResponse{Event: &pb.WorkResponse_AppointmentCancelled{AppointmentCancelled: m}}, err
	}
	return nil, fmt.Errorf("no desktop says %T", r.GetAction())
}

// twice is a desktop that sends everything twice at once, by two ways.
type twice struct {
	unary
	other unary
}

func (d *twice) do(r *pb.WorkRequest) (*pb.WorkResponse, error) {
	type answer struct {
		m   *pb.WorkResponse
		err error
	}
	second := make(chan answer, 1)
	again := proto.CloneOf(r)
	go func() {
		m, err := d.other.do(again)
		second <- answer{m, err}
	}()
	m, err := d.unary.do(r)
	b := <-second
	d.w.same(r, m, err, b.m, b.err)
	if err != nil {
		return b.m, b.err
	}
	return m, nil
}

// same holds two answers to the same request against each other.
func (w *world) same(r *pb.WorkRequest, a *pb.WorkResponse, errA error, b *pb.WorkResponse, errB error) {
	start, outcome := r.GetStartCall(), r.GetRecordOutcome()
	if start == nil && outcome == nil {
		return
	}
	if (errA == nil) != (errB == nil) {
		w.breach(0, "%v sent twice: %v and %v", r, errA, errB)
		return
	}
	x, y := a.GetCallStarted(), b.GetCallStarted()
	if x.GetNumber() != y.GetNumber() || !x.GetPlacedAt().AsTime().Equal(y.GetPlacedAt().AsTime()) {
		w.breach(0, "assignment %d started twice: %v and %v", start.GetAssignmentId(), x, y)
	}
	s, u := a.GetOutcomeRecorded().GetAttempt(), b.GetOutcomeRecorded().GetAttempt()
	if s.GetOutcome() != u.GetOutcome() || s.GetNote() != u.GetNote() {
		w.breach(s.GetLeadId(), "assignment %d recorded twice: %v and %v", outcome.GetAssignmentId(), s, u)
	}
}
