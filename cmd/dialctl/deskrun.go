package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/reflect/protoreflect"

	"redial/campaign"
	pb "redial/proto/campaign/v1"
	dialerv1 "redial/proto/dialer/v1"
)

// workStream is the desk's connection.
type workStream = grpc.BidiStreamingClient[dialerv1.WorkRequest, dialerv1.WorkResponse]

// runDesk works an agent's desk until it signs out, the input ends, or the server will not have it.
func runDesk(ctx context.Context, c *cli, args []string) error {
	if c.json {
		return misused("a desk is for people: next, start and record take --json")
	}
	login := ""
	if len(args) > 0 {
		login = args[0]
	}
	r, err := c.connect()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	w := &deskWork{
		desk: &desk{out: c.stdout, zone: machineZone(c.env)}, agents: r.agents, login: login, lines: typed(ctx, c.stdin),
		pause: func(n int) <-chan time.Time { return time.After(time.Duration(min(n, 10)) * time.Second) },
	}
	return w.run(ctx)
}

// typed are the lines of the input; the channel closes when it ends.
func typed(ctx context.Context, in io.Reader) <-chan string {
	lines := make(chan string)
	go func() {
		defer close(lines)
		for s := bufio.NewScanner(in); s.Scan(); {
			select {
			case lines <- s.Text():
			case <-ctx.Done():
				return
			}
		}
	}()
	return lines
}

// deskWork joins the desk, the keyboard and the stream, and takes the stream up again when it breaks.
type deskWork struct {
	desk   *desk
	agents dialerv1.AgentServiceClient
	login  string
	lines  <-chan string
	pause  func(n int) <-chan time.Time // before the n-th try again
	sent   int
}

// errSignedOut is how a desk ends as it should.
var errSignedOut = errors.New("signed out")

func (w *deskWork) run(ctx context.Context) error {
	broken := 0
	for {
		worked, err := w.connection(ctx)
		if worked {
			broken = 0
		}
		if errors.Is(err, errSignedOut) || ctx.Err() != nil { // Ctrl-C is one way to leave; the shift goes on
			return nil //nolint:nilerr // as said
		}
		if kind := campaign.KindOf(err); kind != campaign.KindAway && kind != campaign.KindExhausted {
			return err
		}
		broken++
		if broken == 1 {
			w.desk.say("the connection broke; trying again (the lead in hand stays yours meanwhile)")
		}
		if broken > 60 {
			return fmt.Errorf("gave up after %d tries: %w", broken, err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-w.pause(broken):
		}
	}
}

// heard is what came from the stream.
type heard struct {
	m   *dialerv1.WorkResponse
	err error
}

// connection works over one stream until it ends; worked says that it was signed in.
func (w *deskWork) connection(ctx context.Context) (worked bool, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := w.agents.Work(ctx)
	if err != nil {
		return false, err
	}
	if err := w.send(stream, &dialerv1.WorkRequest{Action: &dialerv1.WorkRequest_SignIn{
		SignIn: &dialerv1.SignInRequest{Ready: w.desk.broke == ""},
	}}); err != nil {
		return false, err
	}
	from := make(chan heard)
	go listen(ctx, stream, from)
	beat := time.NewTicker(20 * time.Second)
	defer beat.Stop()
	for {
		select {
		case <-ctx.Done():
			return worked, ctx.Err()
		case h := <-from:
			if h.err != nil {
				return worked, w.ended(h.err)
			}
			if every := h.m.GetSignedIn().GetHeartbeatEvery().AsDuration(); every > 0 {
				beat.Reset(every)
			}
			if f := h.m.GetFailure(); f != nil && !worked {
				return false, refused(f)
			}
			worked = true
			w.desk.event(h.m)
			if err := w.over(h.m); err != nil {
				return true, err
			}
		case line, ok := <-w.lines:
			if !ok {
				line, w.lines, w.desk.pending = "q", nil, nil
			}
			if err := w.send(stream, w.desk.input(line)); err != nil {
				return worked, err
			}
		case <-beat.C:
			if err := w.send(stream, &dialerv1.WorkRequest{Action: &dialerv1.WorkRequest_Heartbeat{
				Heartbeat: &dialerv1.HeartbeatRequest{AssignmentId: w.desk.card.GetAssignmentId()},
			}}); err != nil {
				return worked, err
			}
		}
	}
}

// refused is why a desk could not sign in. A server that has too much to do, or whose record is away, is asked again.
func refused(f *dialerv1.Failure) error {
	kind := campaign.KindUnready
	if c := codes.Code(f.GetCode()); c == codes.ResourceExhausted || c == codes.Unavailable {
		kind = campaign.KindAway
	}
	return &campaign.Error{Kind: kind, Reason: f.GetReason(), Message: f.GetMessage()}
}

// over says whether the shift is, or cannot be because the input ended with a call in hand.
func (w *deskWork) over(m *dialerv1.WorkResponse) error {
	switch {
	case w.desk.session.GetState() == pb.AgentState_AGENT_STATE_SIGNED_OUT:
		return errSignedOut
	case w.lines == nil && m.GetFailure() != nil:
		return &campaign.Error{Kind: campaign.KindUnready, Message: "the input ended before the shift could: " + m.GetFailure().GetMessage()}
	case w.lines == nil && m.GetSignedOut() != nil:
		return &campaign.Error{Kind: campaign.KindUnready, Message: fmt.Sprintf("the input ended, and the call of assignment %d has no outcome yet\n"+
			"  record it: dialctl record %d OUTCOME", w.desk.card.GetAssignmentId(), w.desk.card.GetAssignmentId())}
	}
	return nil
}

func listen(ctx context.Context, stream workStream, to chan<- heard) {
	for {
		m, err := stream.Recv()
		select {
		case to <- heard{m, err}:
		case <-ctx.Done():
			return
		}
		if err != nil {
			return
		}
	}
}

// ended is the end of a stream: as it should be after signing out, else a connection that broke.
func (w *deskWork) ended(err error) error {
	switch {
	case errors.Is(err, io.EOF) && w.desk.leaving:
		return errSignedOut
	case errors.Is(err, io.EOF):
		return &campaign.Error{Kind: campaign.KindAway, Message: "the server ended the stream"}
	}
	return err
}

// send sends a request with the next id, for the agent at this desk, whom an admin's token does not tell; nil is
// nothing to send. A stream that broke says why when it is read.
func (w *deskWork) send(stream workStream, m *dialerv1.WorkRequest) error {
	if m == nil {
		return nil
	}
	w.sent++
	m.Id = strconv.Itoa(w.sent)
	m.ProtoReflect().Range(func(fd protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		if fd.ContainingOneof() != nil {
			v.Message().Set(fd.Message().Fields().ByName("agent"), protoreflect.ValueOfString(w.login))
		}
		return true
	})
	if err := stream.Send(m); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}
