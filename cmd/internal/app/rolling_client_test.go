package app_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	campaignpb "redial/proto/campaign/v1"
	dialerpb "redial/proto/dialer/v1"
)

// shift is agents at work at several nodes: what they began, what they recorded, and how often they had to ask another
// node. Each goes on at the next node when one says UNAVAILABLE, as every client of the API may.
type shift struct {
	t   *testing.T
	ctx context.Context // with an admin's token
	to  func() []dialerpb.AgentServiceClient

	over  chan struct{}
	work  sync.WaitGroup
	moves atomic.Int64 // a request or a stream went on at another node

	mu       sync.Mutex
	begun    map[int64]begun // by assignment
	recorded map[int64]string
	followed int // calls that ended at another node than they began
}

type begun struct {
	login string
	node  int
}

func newShift(ctx context.Context, t *testing.T, to func() []dialerpb.AgentServiceClient) *shift {
	return &shift{t: t, ctx: ctx, to: to, over: make(chan struct{}), begun: make(map[int64]begun), recorded: make(map[int64]string)}
}

// end lets everybody finish the call in hand and sign out.
func (s *shift) end() {
	close(s.over)
	s.work.Wait()
}

func (s *shift) done() bool {
	select {
	case <-s.over:
		return true
	default:
		return false
	}
}

// calls is how many calls were recorded.
func (s *shift) calls() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.recorded)
}

// until waits until so many more calls were recorded.
func (s *shift) until(more int) {
	s.t.Helper()
	for want, tries := s.calls()+more, 0; s.calls() < want; tries++ {
		if tries == 1200 {
			s.t.Fatalf("the floor stands still at %d calls", s.calls())
		}
		rest(50 * time.Millisecond)
	}
}

// rest lets real servers get on with it.
func rest(d time.Duration) { <-time.After(d) }

// caller is an agent's client.
type caller struct {
	*shift
	login   string
	at      int   // the node it asks
	pending int64 // a call that was begun and whose outcome is not known to be recorded; 0: none
}

func (c *caller) desk() dialerpb.AgentServiceClient {
	all := c.to()
	return all[c.at%len(all)]
}

// elsewhere goes to the next node if the error allows it.
func (c *caller) elsewhere(err error) bool {
	if code := status.Code(err); code != codes.Unavailable && code != codes.ResourceExhausted {
		return false
	}
	c.at++
	c.moves.Add(1)
	wait := 20 * time.Millisecond
	for _, d := range status.Convert(err).Details() {
		if r, ok := d.(*errdetails.RetryInfo); ok {
			wait = min(r.GetRetryDelay().AsDuration(), 200*time.Millisecond)
		}
	}
	rest(wait)
	return true
}

// ask asks node after node until one answers.
func ask[R any](c *caller, request func(context.Context, dialerpb.AgentServiceClient) (R, error)) (R, error) {
	ctx, cancel := context.WithTimeout(c.ctx, time.Minute)
	defer cancel()
	for {
		r, err := request(ctx, c.desk())
		if err == nil || !c.elsewhere(err) {
			return r, err
		}
	}
}

// gone says whether an offer went back before it was started.
func gone(err error) bool {
	return reason(err) == "LEASE_EXPIRED"
}

func reason(err error) string {
	for _, d := range status.Convert(err).Details() {
		if i, ok := d.(*errdetails.ErrorInfo); ok {
			return i.GetReason()
		}
	}
	return ""
}

func (c *caller) start(id int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pending = id
	if _, twice := c.begun[id]; !twice {
		c.begun[id] = begun{c.login, c.at}
	}
}

func (c *caller) finish(r *dialerpb.RecordOutcomeResponse) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.recorded[c.pending] = r.GetAttempt().GetCode()
	if c.begun[c.pending].node != c.at {
		c.followed++
	}
	if r.GetLate() != 0 {
		c.t.Errorf("%s: the outcome of %d came late: %v", c.login, c.pending, r.GetLate())
	}
	c.pending = 0
}

const talk = 60 * time.Millisecond

// unary works with single calls.
func (s *shift) unary(login string, at int) {
	c := &caller{shift: s, login: login, at: at}
	s.work.Go(func() {
		for !s.done() {
			if err := c.one(); err != nil {
				s.t.Errorf("%s: %v", login, err)
				return
			}
		}
		if _, err := ask(c, func(ctx context.Context, d dialerpb.AgentServiceClient) (*dialerpb.SignOutResponse, error) {
			return d.SignOut(ctx, &dialerpb.SignOutRequest{Agent: login})
		}); err != nil {
			s.t.Errorf("%s signs out: %v", login, err)
		}
	})
}

func (c *caller) one() error {
	next, err := ask(c, func(ctx context.Context, d dialerpb.AgentServiceClient) (*dialerpb.NextCallResponse, error) {
		return d.NextCall(ctx, &dialerpb.NextCallRequest{Agent: c.login, Wait: durationpb.New(time.Second)})
	})
	id := next.GetCard().GetAssignmentId()
	if err != nil || id == 0 {
		return err
	}
	if _, err := ask(c, func(ctx context.Context, d dialerpb.AgentServiceClient) (*dialerpb.StartCallResponse, error) {
		return d.StartCall(ctx, &dialerpb.StartCallRequest{Agent: c.login, AssignmentId: id})
	}); gone(err) {
		return nil
	} else if err != nil {
		return fmt.Errorf("start %d: %w", id, err)
	}
	c.start(id)
	rest(talk)
	r, err := ask(c, func(ctx context.Context, d dialerpb.AgentServiceClient) (*dialerpb.RecordOutcomeResponse, error) {
		return d.RecordOutcome(ctx, &dialerpb.RecordOutcomeRequest{Agent: c.login, AssignmentId: id, Code: "NO_ANSWER"})
	})
	if err != nil {
		return fmt.Errorf("record %d: %w", id, err)
	}
	c.finish(r)
	return nil
}

// stream works with a stream, and opens another at the next node when one ends.
func (s *shift) stream(login string, at int) {
	c := &caller{shift: s, login: login, at: at}
	s.work.Go(func() {
		for {
			err := c.serve()
			if err == nil {
				return
			}
			if !c.elsewhere(err) {
				s.t.Errorf("%s: %v", login, err)
				return
			}
		}
	})
}

// wire is one stream; requests are answered in their order.
type wire struct {
	*caller
	out   grpc.BidiStreamingClient[dialerpb.WorkRequest, dialerpb.WorkResponse]
	in    chan *dialerpb.WorkResponse
	err   error // once in is closed
	cards []*dialerpb.Card
}

// serve works on one stream until it ends or the shift is over.
func (c *caller) serve() error {
	ctx, cancel := context.WithCancel(c.ctx)
	defer cancel()
	out, err := c.desk().Work(ctx)
	if err != nil {
		return err
	}
	w := &wire{caller: c, out: out, in: make(chan *dialerpb.WorkResponse)}
	go func() {
		defer close(w.in)
		for {
			m, err := out.Recv()
			if err != nil {
				w.err = err
				return
			}
			select {
			case w.in <- m:
			case <-ctx.Done():
				w.err = ctx.Err()
				return
			}
		}
	}()
	if _, err := w.do(&dialerpb.WorkRequest{Action: &dialerpb.WorkRequest_SignIn{SignIn: &dialerpb.SignInRequest{Agent: c.login, Ready: true}}}); err != nil {
		return err
	}
	if c.pending != 0 { // the answer was lost, or the call goes on here
		if err := w.record(); err != nil {
			return err
		}
	}
	return w.loop()
}

func (w *wire) loop() error {
	beat := time.NewTicker(3 * time.Second)
	defer beat.Stop()
	for {
		for len(w.cards) > 0 {
			id := w.cards[0].GetAssignmentId()
			w.cards = w.cards[1:]
			if err := w.one(id); err != nil {
				return err
			}
		}
		if w.done() {
			_, err := w.do(&dialerpb.WorkRequest{Action: &dialerpb.WorkRequest_SignOut{SignOut: &dialerpb.SignOutRequest{}}})
			return err
		}
		select {
		case m, ok := <-w.in:
			if !ok {
				return w.ended()
			}
			w.heard(m)
		case <-beat.C:
			if _, err := w.do(&dialerpb.WorkRequest{Action: &dialerpb.WorkRequest_Heartbeat{Heartbeat: &dialerpb.HeartbeatRequest{}}}); err != nil {
				return err
			}
		case <-w.over:
		}
	}
}

func (w *wire) ended() error {
	if errors.Is(w.err, io.EOF) {
		return errors.New("the stream ended without a reason")
	}
	return w.err
}

// heard keeps the cards that come.
func (w *wire) heard(m *dialerpb.WorkResponse) {
	if card := m.GetOffer(); card != nil {
		w.cards = append(w.cards, card)
	}
	if card := m.GetSignedIn().GetCard(); card != nil {
		w.cards = append(w.cards, card)
	}
}

// do sends a request and waits for its answer.
func (w *wire) do(r *dialerpb.WorkRequest) (*dialerpb.WorkResponse, error) {
	r.Id = "asked"
	if err := w.out.Send(r); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	for m := range w.in {
		w.heard(m)
		if m.GetId() != r.GetId() {
			continue
		}
		if f := m.GetFailure(); f != nil {
			st, err := status.New(codes.Code(f.GetCode()), f.GetMessage()).WithDetails(&errdetails.ErrorInfo{Reason: f.GetReason()})
			if err != nil {
				return nil, err
			}
			return nil, st.Err()
		}
		return m, nil
	}
	return nil, w.ended()
}

func (w *wire) one(id int64) error {
	_, err := w.do(&dialerpb.WorkRequest{Action: &dialerpb.WorkRequest_StartCall{StartCall: &dialerpb.StartCallRequest{AssignmentId: id}}})
	if gone(err) || reason(err) == "WRONG_STATE" { // taken back, or over already
		return nil
	}
	if err != nil {
		return err
	}
	w.start(id)
	rest(talk)
	return w.record()
}

func (w *wire) record() error {
	m, err := w.do(&dialerpb.WorkRequest{Action: &dialerpb.WorkRequest_RecordOutcome{
		RecordOutcome: &dialerpb.RecordOutcomeRequest{AssignmentId: w.pending, Code: "NO_ANSWER"}}})
	if err != nil {
		return err
	}
	w.finish(m.GetOutcomeRecorded())
	_, err = w.do(&dialerpb.WorkRequest{Action: &dialerpb.WorkRequest_SetState{SetState: &dialerpb.SetStateRequest{State: campaignpb.AgentState_AGENT_STATE_READY}}})
	if reason(err) == "WRONG_STATE" {
		return nil
	}
	return err
}
