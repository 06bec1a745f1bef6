package app_test

import (
	"context"
	"testing"
	"time"

	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"redial/campaign/store/storetest/testserver"
	campaignpb "redial/proto/campaign/v1"
	dialerpb "redial/proto/dialer/v1"
)

// window is an agent's desktop: a stream at one node, whose agent is ready.
type window struct {
	*nodes
	send func(*dialerpb.WorkRequest) error
	in   chan *dialerpb.WorkResponse
	err  error // once in is closed
	hand *dialerpb.Card
}

// patience is how long anything may take that takes milliseconds on an idle machine.
const patience = 30 * time.Second

func (n *nodes) open(node int, login string) *window {
	n.t.Helper()
	ctx, cancel := context.WithCancel(n.ctx)
	n.t.Cleanup(cancel)
	stream, err := dialerpb.NewAgentServiceClient(n.conns[node]).Work(ctx)
	n.must(err)
	w := &window{nodes: n, send: stream.Send, in: make(chan *dialerpb.WorkResponse, 1000)}
	go func() {
		defer close(w.in)
		for {
			m, err := stream.Recv()
			if err != nil {
				w.err = err
				return
			}
			w.in <- m
		}
	}()
	w.ask(&dialerpb.WorkRequest{Action: &dialerpb.WorkRequest_SignIn{SignIn: &dialerpb.SignInRequest{Agent: login, Ready: true}}})
	return w
}

// next is what the node says next; nil: the stream has ended.
func (w *window) next() *dialerpb.WorkResponse {
	w.t.Helper()
	select {
	case m := <-w.in:
		switch {
		case m.GetOffer() != nil:
			w.hand = m.GetOffer()
		case m.GetSignedIn().GetCard() != nil:
			w.hand = m.GetSignedIn().GetCard()
		}
		return m
	case <-time.After(patience):
		w.t.Fatal("the desktop hears nothing")
		return nil
	}
}

// ask sends a request and waits for its answer, which must be no failure.
func (w *window) ask(r *dialerpb.WorkRequest) *dialerpb.WorkResponse {
	w.t.Helper()
	r.Id = "asked"
	w.must(w.send(r))
	for {
		m := w.next()
		if m == nil {
			w.t.Fatalf("the stream ended: %v", w.err)
		}
		if m.GetId() == "asked" {
			if m.GetFailure() != nil {
				w.t.Fatalf("%v: %v", r, m.GetFailure())
			}
			return m
		}
	}
}

// card waits for a card and takes it from the desktop.
func (w *window) card() *dialerpb.Card {
	w.t.Helper()
	for w.hand == nil {
		if w.next() == nil {
			w.t.Fatalf("the stream ended: %v", w.err)
		}
	}
	c := w.hand
	w.hand = nil
	return c
}

// cut waits for the end of the stream and says why it ended.
func (w *window) cut() string {
	w.t.Helper()
	for w.next() != nil {
	}
	return reason(w.err)
}

func (w *window) start(c *dialerpb.Card) {
	w.t.Helper()
	w.ask(&dialerpb.WorkRequest{Action: &dialerpb.WorkRequest_StartCall{StartCall: &dialerpb.StartCallRequest{AssignmentId: c.GetAssignmentId()}}})
}

func (w *window) record(c *dialerpb.Card, code string, b *campaignpb.Booking) {
	w.t.Helper()
	w.ask(&dialerpb.WorkRequest{Action: &dialerpb.WorkRequest_RecordOutcome{RecordOutcome: &dialerpb.RecordOutcomeRequest{
		AssignmentId: c.GetAssignmentId(), Code: code, Booking: b}}})
}

// pause has the agent go on break after the call in hand, until the next sign-in.
func (w *window) pause() {
	w.t.Helper()
	w.ask(&dialerpb.WorkRequest{Action: &dialerpb.WorkRequest_SetState{SetState: &dialerpb.SetStateRequest{
		State: campaignpb.AgentState_AGENT_STATE_BREAK, Reason: "moving"}}})
}

// TestWhatAnAgentOwnsReachesItAtWhicheverNode moves an agent from node to node, without Redis: a call-later and an
// appointment come to the last one, while somebody else who may have them waits elsewhere.
func TestWhatAnAgentOwnsReachesItAtWhicheverNode(t *testing.T) {
	t.Parallel()
	cache, url := testserver.NewRedis(t), testserver.Postgres(t)
	n := startNodes(t, 3, url, "redis://"+cache.Addr)
	n.brisk(n.prepare(2, "ann", "bob"))
	cache.Stop()
	db := beside(t, url)

	first := n.open(0, "ann")
	later := first.card()
	first.start(later)
	first.record(later, "CALL_LATER", nil)
	other := first.card()
	first.start(other)
	first.pause()
	first.record(other, "SUCCESS", nil)
	second := n.open(1, "ann")
	third := n.open(2, "ann")
	for i, old := range []*window{first, second} {
		if why := old.cut(); why != "SIGNED_IN_ELSEWHERE" {
			t.Errorf("desktop %d ended with %q, %v", i, why, old.err)
		}
	}
	got := third.card()
	if got.GetLeadId() != later.GetLeadId() || got.GetReason() != "own_callback" {
		t.Errorf("%v came, want lead %d, whom ann said to call later", got, later.GetLeadId())
	}

	third.start(got)
	third.pause()
	at := n.databaseNow(db).Add(4 * time.Second).Truncate(time.Second)
	third.record(got, "APPOINTMENT", &campaignpb.Booking{Local: at.Format("2006-01-02T15:04:05"), Zone: "Etc/UTC"})
	bob := n.open(2, "bob") // he may have it, too, when ann does not come
	n.open(1, "ann")
	got = n.open(0, "ann").card()
	if late := n.databaseNow(db).Sub(at); got.GetAppointment() == nil || late < 0 || late > 5*time.Second {
		t.Errorf("%v came %v after the promise to lead %d", got, late, later.GetLeadId())
	}
	select {
	case m := <-bob.in:
		if m.GetOffer() != nil {
			t.Errorf("bob was offered what is ann's: %v", m.GetOffer())
		}
	default:
	}
	n.audit()
}

// TestTheCardInHandFollowsItsAgent signs in at another node with a card on the desk, and again with a call on the line;
// each time the old desktop is cut, and the new one has the card.
func TestTheCardInHandFollowsItsAgent(t *testing.T) {
	t.Parallel()
	n := startNodes(t, 3, testserver.Postgres(t), "none")
	n.prepare(20, "ann", "bob")

	first := n.open(0, "ann")
	offered := first.card()
	second := n.open(1, "ann")
	if c := second.card(); c.GetAssignmentId() != offered.GetAssignmentId() {
		t.Errorf("the card on the desk was %d, and is %d after the move", offered.GetAssignmentId(), c.GetAssignmentId())
	}
	began := time.Now()
	if why := first.cut(); why != "SIGNED_IN_ELSEWHERE" {
		t.Errorf("the old desktop ended with %q, %v", why, first.err)
	}
	t.Logf("the old desktop was cut within %v", time.Since(began))
	second.start(offered)
	third := n.open(2, "ann")
	if c := third.card(); c.GetAssignmentId() != offered.GetAssignmentId() {
		t.Errorf("the call on the line was %d, and is %d after the move", offered.GetAssignmentId(), c.GetAssignmentId())
	}
	third.record(offered, "NO_ANSWER", nil)

	// One agent, with single calls at one node and a stream at another.
	both := n.open(2, "bob")
	shown := both.card()
	both.start(shown)
	single := dialerpb.NewAgentServiceClient(n.conns[1])
	_, err := single.RecordOutcome(n.ctx, &dialerpb.RecordOutcomeRequest{Agent: "bob", AssignmentId: shown.GetAssignmentId(), Code: "NO_ANSWER"})
	n.must(err)
	r, err := single.NextCall(n.ctx, &dialerpb.NextCallRequest{Agent: "bob", Wait: durationpb.New(20 * time.Second)})
	n.must(err)
	if c := both.card(); c.GetAssignmentId() != r.GetCard().GetAssignmentId() || c.GetAssignmentId() == 0 {
		t.Errorf("the stream has card %d, the single call was given %d", c.GetAssignmentId(), r.GetCard().GetAssignmentId())
	}
	_, err = single.StartCall(n.ctx, &dialerpb.StartCallRequest{Agent: "bob", AssignmentId: r.GetCard().GetAssignmentId()})
	n.must(err)
	both.record(r.GetCard(), "NO_ANSWER", nil)
	if code := status.Code(both.err); both.err != nil {
		t.Errorf("the stream was cut: %v", code)
	}
	n.audit()
}
