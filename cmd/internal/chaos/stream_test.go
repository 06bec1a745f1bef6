package chaos

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	campaignpb "redial/proto/campaign/v1"
	pb "redial/proto/dialer/v1"
)

// streaming is a desktop with a Work stream. When the stream breaks it signs in at the next node.
type streaming struct {
	*caller
	way *way // nil: not connected
	n   int64
}

// way is one stream.
type way struct {
	stream  grpc.BidiStreamingClient[pb.WorkRequest, pb.WorkResponse]
	cancel  context.CancelFunc
	cards   chan *pb.Card // the newest card that was not taken
	broken  chan struct{} // closed with err set
	reading sync.Mutex    // held by a desktop that does not read

	mu      sync.Mutex
	answers map[string]chan *pb.WorkResponse
	resumed time.Time // when a desktop that had not read began to again; zero: it always did
	late    int       // answers to what was sent before that the server could send only then
	err     error
}

var errSilent = status.Error(codes.DeadlineExceeded, "no answer on the stream")

// connect opens a stream and signs in.
func (d *streaming) connect() error {
	ctx, cancel := context.WithCancel(d.ctx)
	stream, err := pb.NewAgentServiceClient(d.conns[d.at]).Work(ctx)
	if err != nil {
		cancel()
		return err
	}
	w := &way{stream: stream, cancel: cancel, cards: make(chan *pb.Card, 1), broken: make(chan struct{}), answers: make(map[string]chan *pb.WorkResponse)}
	go w.read()
	d.way = w
	m, err := d.once(&pb.WorkRequest{Action: &pb.WorkRequest_SignIn{SignIn: &pb.SignInRequest{Ready: true}}})
	if err == nil && m.GetSignedIn().GetCard() != nil {
		w.offer(m.GetSignedIn().GetCard())
	}
	return err
}

func (d *streaming) do(r *pb.WorkRequest) (*pb.WorkResponse, error) {
	began := time.Now()
	for {
		var m *pb.WorkResponse
		var err error
		if d.way == nil {
			err = d.connect()
		}
		if err == nil {
			m, err = d.once(r)
		}
		if !d.again(err) {
			return m, err
		}
		d.w.count.retried.Add(1)
		d.leave()
		if time.Since(began) > answerAtLast {
			d.w.breach(0, "%s got no answer on streams in %v: %v", d.name, answerAtLast, err)
			return nil, err
		}
	}
}

// leave lets go of the stream.
func (d *streaming) leave() {
	if d.way != nil {
		d.way.cancel()
		d.way = nil
	}
}

// once sends a word on the stream there is and waits for its answer.
func (d *streaming) once(r *pb.WorkRequest) (*pb.WorkResponse, error) {
	d.n++
	r = proto.CloneOf(r)
	r.Id = time.Duration(d.n).String()
	w, got := d.way, make(chan *pb.WorkResponse, 1)
	w.mu.Lock()
	w.answers[r.Id] = got
	w.mu.Unlock()
	if err := w.stream.Send(r); err != nil {
		<-w.broken // why is told by the reader
		return nil, w.err
	}
	select {
	case m := <-got:
		return m, failed(m.GetFailure())
	case <-w.broken:
		return nil, w.err
	case <-time.After(answerSoon):
		return nil, errSilent
	}
}

// failed is a failure on the stream as the error that a single call would have given.
func failed(f *pb.Failure) error {
	if f == nil {
		return nil
	}
	st := status.New(codes.Code(f.GetCode()), f.GetMessage())
	if f.GetReason() != "" {
		st, _ = st.WithDetails(&errdetails.ErrorInfo{Reason: f.GetReason(), Domain: "redial"})
	}
	if f.GetRetryAfter() != nil {
		st, _ = st.WithDetails(&errdetails.RetryInfo{RetryDelay: f.GetRetryAfter()})
	}
	return st.Err()
}

// read takes what comes until the stream ends.
func (w *way) read() {
	for {
		w.reading.Lock()
		w.reading.Unlock() //nolint:staticcheck // only to wait while the desktop does not read
		m, err := w.stream.Recv()
		if err != nil {
			w.err = err
			if status.Code(err) == codes.OK || errors.Is(err, context.Canceled) {
				w.err = status.Error(codes.Unavailable, "the stream ended")
			}
			close(w.broken)
			return
		}
		w.mu.Lock()
		got := w.answers[m.GetId()]
		delete(w.answers, m.GetId())
		if m.GetId() == padding && m.GetAt().AsTime().After(w.resumed) {
			w.late++
		}
		w.mu.Unlock()
		switch {
		case got != nil:
			got <- m
		case m.GetOffer() != nil:
			w.offer(m.GetOffer())
		}
	}
}

// offer keeps the newest card.
func (w *way) offer(c *pb.Card) {
	select {
	case <-w.cards:
	default:
	}
	select {
	case w.cards <- c:
	default:
	}
}

// next waits for an offer; without one it says ready, which is also a sign of life.
func (d *streaming) next() (*pb.Card, error) {
	if d.way != nil {
		select {
		case c := <-d.way.cards:
			return c, nil
		case <-d.way.broken:
		case <-time.After(nextWait):
		}
	}
	_, err := d.do(&pb.WorkRequest{Action: &pb.WorkRequest_SetState{SetState: &pb.SetStateRequest{State: campaignpb.AgentState_AGENT_STATE_READY}}})
	if status.Code(err) == codes.FailedPrecondition {
		d.leave() // signed out, or in elsewhere: sign in again
		err = nil
	}
	return nil, err
}

// padding makes answers long, so that few of them fill what lies between the two ends.
var padding = strings.Repeat("x", 2<<10)

// stall sends a lot and reads nothing for a while, then reads on. It says whether the server was held up by it: it could
// answer only when it was read again, or cut the stream.
func (d *streaming) stall() bool {
	if _, err := d.next(); err != nil || d.way == nil {
		return false
	}
	w := d.way
	w.reading.Lock()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for range 200 {
			if w.stream.Send(&pb.WorkRequest{Id: padding, Action: &pb.WorkRequest_Heartbeat{Heartbeat: &pb.HeartbeatRequest{}}}) != nil {
				return
			}
		}
	}()
	pause(4 * time.Second)
	w.mu.Lock()
	w.resumed = time.Now()
	w.mu.Unlock()
	w.reading.Unlock()
	<-ended
	_, err := d.once(&pb.WorkRequest{Action: &pb.WorkRequest_Heartbeat{Heartbeat: &pb.HeartbeatRequest{}}})
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.late > 0 || err != nil
}
