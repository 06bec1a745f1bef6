package rpc

import (
	"context"
	"errors"
	"io"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"redial/campaign"
	"redial/campaign/wire"
	"redial/dialer"
	pb "redial/proto/dialer/v1"
)

// Status turns an error into what a caller may see of it. It is the server's, so that a failure inside a stream reads
// like one of a call.
type Status func(context.Context, error) error

// workStream is one desk's stream: requests are answered one after the other, in their order, and what happens
// meanwhile is sent between the answers.
type workStream struct {
	a      *Agents
	stream grpc.BidiStreamingServer[pb.WorkRequest, pb.WorkResponse]
	status Status
	desk   *dialer.Desk // nil until signed in
	agent  campaign.AgentID
	epoch  int64
}

// Work serves a desk's stream. Its first message signs in. When the stream ends the session stays until its heartbeats
// are missed, so that a desk that reconnects goes on with the same assignment.
func (a *Agents) Work(stream grpc.BidiStreamingServer[pb.WorkRequest, pb.WorkResponse]) error {
	w := &workStream{a: a, stream: stream, status: a.status}
	defer func() {
		if w.desk != nil {
			a.floor.Leave(w.agent, w.desk)
		}
	}()
	requests, ended := w.receive()
	for {
		var more, cut <-chan struct{}
		if w.desk != nil {
			more, cut = w.desk.More, w.desk.Done
		}
		select {
		case r := <-requests:
			if err := w.answer(r); err != nil {
				return err
			}
		case <-more:
			if err := w.tellAll(); err != nil {
				return err
			}
		case <-cut:
			if err := w.closed(); err != nil {
				return err
			}
		case err := <-ended:
			return err
		}
	}
}

// receive reads the requests in a goroutine that ends with the stream.
func (w *workStream) receive() (<-chan *pb.WorkRequest, <-chan error) {
	requests, ended := make(chan *pb.WorkRequest), make(chan error, 1)
	go w.hear(requests, ended)
	return requests, ended
}

// hear waits in RecvMsg for a whole shift, as thousands of others do: below 2 kB of stack in use, which this is by little,
// what the stack grew to for a message is taken back to 4 kB.
func (w *workStream) hear(requests chan<- *pb.WorkRequest, ended chan<- error) {
	for {
		r := new(pb.WorkRequest)
		err := w.stream.RecvMsg(r)
		if err == nil {
			err = pass(w.stream.Context(), requests, r)
		}
		if err == nil {
			continue
		}
		if errors.Is(err, io.EOF) {
			err = nil
		}
		ended <- err
		return
	}
}

//go:noinline
func pass(ctx context.Context, requests chan<- *pb.WorkRequest, r *pb.WorkRequest) error {
	select {
	case requests <- r:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// tellAll sends what happened by itself until now.
func (w *workStream) tellAll() error {
	for {
		u, ok := w.desk.Next()
		if !ok {
			return nil
		}
		if err := w.tell(u); err != nil {
			return err
		}
	}
}

// closed ends the stream for a reason that is not the desk's, after what was still to be told. Nil: the stream stays.
func (w *workStream) closed() error {
	if err := w.tellAll(); err != nil {
		return err
	}
	err := w.farewell()
	if err == nil {
		w.desk = nil
	}
	return err
}

// farewell is what the stream of a closed desk ends with. Nil: the agent is signed out, and it stays for the next sign-in.
func (w *workStream) farewell() error {
	switch why := w.desk.Why(); why {
	case "draining":
		return status.Error(codes.Unavailable, "this node is stopping: sign in at another, your call goes with you")
	case "slow":
		return errSlow
	case campaign.ReasonSignedInAnew:
		return w.status(w.stream.Context(), campaign.Unready(campaign.ReasonSignedInAnew,
			"you signed in at another desk, which has your call now: close this one, or sign in here again"))
	default:
		return nil
	}
}

func (w *workStream) send(id string, m *pb.WorkResponse) error {
	m.Id, m.At = id, wire.Time(w.a.now())
	if w.desk == nil {
		return w.stream.Send(m)
	}
	return w.transmit(m)
}

var errSlow = status.Error(codes.ResourceExhausted, "this desk reads too slowly and was cut: sign in again, nothing is lost")

// How long a message may still take that is on its way when the desk is cut: while somebody waits for the end of its
// stream, another desk or a node that stops, and while nobody does, since the agent has signed out.
const (
	stalled    = time.Second
	stalledOut = 30 * time.Second
)

// transmit sends a message, but waits no longer for a desktop that does not read once its desk is cut: sending ends
// with the stream then.
func (w *workStream) transmit(m *pb.WorkResponse) error {
	sent := make(chan error, 1)
	go func() { sent <- w.stream.Send(m) }()
	select {
	case err := <-sent:
		return err
	case <-w.desk.Done:
	}
	why, patience := w.farewell(), stalled
	if why == nil {
		why, patience = errSlow, stalledOut
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case err := <-sent:
		return err
	case <-timer.C:
		return why
	}
}

// tell sends what happened by itself.
func (w *workStream) tell(u dialer.Update) error {
	ctx := w.stream.Context()
	m := &pb.WorkResponse{}
	switch {
	case u.Session != nil:
		m.Event = &pb.WorkResponse_Session{Session: w.a.session(ctx, *u.Session)}
	case u.Offer != nil:
		m.Event = &pb.WorkResponse_Offer{Offer: w.a.card(ctx, u.Offer)}
	case u.Revoked != nil:
		m.Event = &pb.WorkResponse_Revoked{Revoked: &pb.Revoked{
			AssignmentId: int64(u.Revoked.Assignment), Reason: u.Revoked.Reason, Message: "The offer was taken back before the call was placed.",
		}}
	case u.Reminder != nil:
		c := w.a.promised(ctx, u.Reminder)
		m.Event = &pb.WorkResponse_Reminder{Reminder: &pb.Reminder{Callback: w.a.callback(ctx, &c)}}
	case u.Notice != nil:
		m.Event = &pb.WorkResponse_Notice{Notice: &pb.Notice{Reason: u.Notice.Reason, Message: u.Notice.Text}}
	default:
		return nil
	}
	return w.send("", m)
}

// answer does what a request asks and answers it; a request that is refused is answered with a Failure and the stream
// goes on.
func (w *workStream) answer(r *pb.WorkRequest) error {
	ctx := w.stream.Context()
	if w.desk != nil {
		ctx = context.WithValue(ctx, deskKey{}, w.agent)
	}
	m, err := w.admitted(ctx, r)
	if err != nil {
		m = &pb.WorkResponse{Event: &pb.WorkResponse_Failure{Failure: failure(w.status(ctx, err))}}
	}
	return w.send(r.GetId(), m)
}

// failure is a status as a message.
func failure(err error) *pb.Failure {
	st := status.Convert(err)
	out := &pb.Failure{Code: int32(st.Code()), Message: st.Message()}
	for _, d := range st.Details() {
		switch d := d.(type) {
		case *errdetails.ErrorInfo:
			out.Reason, out.Metadata = d.GetReason(), d.GetMetadata()
		case *errdetails.RetryInfo:
			out.RetryAfter = d.GetRetryDelay()
		case *errdetails.BadRequest:
			for _, v := range d.GetFieldViolations() {
				out.Violations = append(out.Violations, &pb.FieldViolation{Field: v.GetField(), Message: v.GetDescription()})
			}
		}
	}
	return out
}

// admitted does what a request asks unless the node has too much to do.
func (w *workStream) admitted(ctx context.Context, r *pb.WorkRequest) (*pb.WorkResponse, error) {
	var action string
	if m := r.ProtoReflect(); m.IsValid() {
		if f := m.WhichOneof(m.Descriptor().Oneofs().ByName("action")); f != nil {
			action = string(f.Name())
		}
	}
	done, err := campaign.Admit(ctx, action)
	if err != nil {
		return nil, err
	}
	defer done()
	return w.do(ctx, r)
}

func (w *workStream) do(ctx context.Context, r *pb.WorkRequest) (*pb.WorkResponse, error) {
	if in := r.GetSignIn(); in != nil {
		return w.signIn(ctx, in)
	}
	if w.desk == nil {
		return nil, campaign.Unready(campaign.ReasonBadState, "sign in first: the first message of a stream is sign_in")
	}
	switch q := r.GetAction().(type) {
	case *pb.WorkRequest_SignOut, *pb.WorkRequest_SetState, *pb.WorkRequest_Heartbeat:
		return w.move(ctx, q)
	case *pb.WorkRequest_Decline, *pb.WorkRequest_StartCall, *pb.WorkRequest_EndCall, *pb.WorkRequest_RecordOutcome,
		*pb.WorkRequest_CorrectOutcome:
		return w.call(ctx, q)
	case nil:
		return nil, campaign.Invalid("action", "is missing: a message asks for one thing")
	default:
		return w.promise(ctx, q)
	}
}

func (w *workStream) signIn(ctx context.Context, in *pb.SignInRequest) (*pb.WorkResponse, error) {
	agent, err := w.a.acting(ctx, in.GetAgent())
	if err != nil {
		return nil, err
	}
	if w.desk != nil && w.agent != agent {
		return nil, campaign.Unready(campaign.ReasonBadState, "this stream is another agent's: open one for each")
	}
	desk, s, held, err := w.a.floor.SignIn(ctx, agent, in.GetReady())
	if err != nil {
		return nil, err
	}
	w.desk, w.agent, w.epoch = desk, agent, s.Epoch
	return &pb.WorkResponse{Event: &pb.WorkResponse_SignedIn{SignedIn: w.a.signedIn(ctx, s, held)}}, nil
}
