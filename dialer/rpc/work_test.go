package rpc_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"

	"redial/campaign"
	campaignpb "redial/proto/campaign/v1"
	pb "redial/proto/dialer/v1"
)

// line is one Work stream. What comes unasked is kept.
type line struct {
	*bench
	stream grpc.BidiStreamingClient[pb.WorkRequest, pb.WorkResponse]
	in     chan *pb.WorkResponse
	end    error // after in is closed
	asked  int
	heard  []*pb.WorkResponse
}

func (b *bench) line(ctx context.Context) *line {
	b.Helper()
	ctx, cancel := context.WithCancel(ctx)
	stream := must[grpc.BidiStreamingClient[pb.WorkRequest, pb.WorkResponse]](b)(b.desk.Work(ctx))
	l := &line{bench: b, stream: stream, in: make(chan *pb.WorkResponse, 1000)}
	go func() {
		defer close(l.in)
		for {
			m, err := stream.Recv()
			if err != nil {
				l.end = err
				return
			}
			l.in <- m
		}
	}()
	b.Cleanup(func() {
		cancel()
		for range l.in {
		}
	})
	return l
}

// ask sends a request and waits for its answer.
func (l *line) ask(r *pb.WorkRequest) *pb.WorkResponse {
	l.Helper()
	l.asked++
	r.Id = fmt.Sprint("q", l.asked)
	l.ok(l.stream.Send(r))
	for m := range l.in {
		if m.GetId() == r.GetId() {
			return m
		}
		l.heard = append(l.heard, m)
	}
	l.Fatalf("the stream ended: %v", l.end)
	return nil
}

// listen takes what came until now.
func (l *line) listen() []*pb.WorkResponse {
	synctest.Wait()
	for {
		select {
		case m, ok := <-l.in:
			if ok {
				l.heard = append(l.heard, m)
				continue
			}
		default:
		}
		out := l.heard
		l.heard = nil
		return out
	}
}

func (l *line) signIn() *pb.SignInResponse {
	l.Helper()
	m := l.ask(&pb.WorkRequest{Action: &pb.WorkRequest_SignIn{SignIn: &pb.SignInRequest{Ready: true}}})
	if m.GetSignedIn() == nil {
		l.Fatalf("sign-in: %v", m)
	}
	return m.GetSignedIn()
}

// offer waits for a card.
func (l *line) offer() *pb.Card {
	l.Helper()
	time.Sleep(time.Second) //nolint:forbidigo // fake time: the bubble moves on by so much
	var card *pb.Card
	for _, m := range l.listen() {
		if c := m.GetOffer(); c != nil {
			card = c
		}
	}
	if card == nil {
		l.Fatal("no offer came")
	}
	return card
}

// beat keeps the desk alive for a while.
func (l *line) beat(d time.Duration) {
	l.Helper()
	for end := time.Now().Add(d); time.Now().Before(end); {
		time.Sleep(min(15*time.Second, time.Until(end))) //nolint:forbidigo // fake time: the bubble moves on by so much
		if m := l.ask(&pb.WorkRequest{Action: &pb.WorkRequest_Heartbeat{Heartbeat: &pb.HeartbeatRequest{}}}); m.GetHeartbeat() == nil {
			l.Fatalf("heartbeat: %v", m)
		}
	}
}

func (l *line) startCall(id int64) *pb.WorkResponse {
	return l.ask(&pb.WorkRequest{Action: &pb.WorkRequest_StartCall{StartCall: &pb.StartCallRequest{AssignmentId: id}}})
}

func (l *line) say(r *pb.RecordOutcomeRequest) *pb.WorkResponse {
	return l.ask(&pb.WorkRequest{Action: &pb.WorkRequest_RecordOutcome{RecordOutcome: r}})
}

// failed checks that an answer is a failure.
func (l *line) failed(what string, m *pb.WorkResponse, code codes.Code, word string) {
	l.Helper()
	f := m.GetFailure()
	ok := f != nil && codes.Code(f.GetCode()) == code && f.GetMessage() != "" && (word == "" || f.GetReason() == word)
	for _, v := range f.GetViolations() {
		ok = ok || v.GetField() == word && codes.Code(f.GetCode()) == code
	}
	if !ok {
		l.Errorf("%s: got %v, want a failure with %s %s", what, m, code, word)
	}
}

func TestAWholeCallOnTheStream(t *testing.T) {
	onBench(t, func(b *bench) {
		leads := b.leads(2)
		l := b.line(b.as("ann"))
		in := l.signIn()
		if in.GetSession().GetState() != campaignpb.AgentState_AGENT_STATE_READY || in.GetHeartbeatEvery().AsDuration() != 15*time.Second {
			b.Errorf("signed in: %v", in)
		}
		card := l.offer()
		if card.GetLeadId() != int64(leads[0]) || card.GetNumber() != "" {
			b.Errorf("card %v", card)
		}
		started := l.startCall(card.GetAssignmentId()).GetCallStarted()
		if started.GetNumber() == "" || started.GetPlacedAt() == nil {
			b.Fatalf("started %v", started)
		}
		l.beat(2 * time.Minute) // longer than a lease: heartbeats renew it
		hb := l.ask(&pb.WorkRequest{Action: &pb.WorkRequest_Heartbeat{Heartbeat: &pb.HeartbeatRequest{}}}).GetHeartbeat()
		if left := time.Until(hb.GetLeaseUntil().AsTime()); left < 80*time.Second {
			b.Errorf("the lease has %v left", left)
		}
		id := card.GetAssignmentId()
		ended := l.ask(&pb.WorkRequest{Action: &pb.WorkRequest_EndCall{EndCall: &pb.EndCallRequest{AssignmentId: id}}})
		if ended.GetCallEnded().GetSession().GetState() != campaignpb.AgentState_AGENT_STATE_WRAP_UP {
			b.Errorf("ended: %v", ended)
		}
		rec := l.say(&pb.RecordOutcomeRequest{AssignmentId: id, Code: "SOLD"}).GetOutcomeRecorded()
		if rec.GetLeadState() != campaignpb.LeadState_LEAD_STATE_FINISHED || rec.GetAttempt().GetEndedAt().AsTime().Sub(rec.GetAttempt().GetPlacedAt().AsTime()) < 2*time.Minute {
			b.Errorf("recorded %v", rec)
		}
		fix := l.ask(&pb.WorkRequest{Action: &pb.WorkRequest_CorrectOutcome{CorrectOutcome: &pb.CorrectOutcomeRequest{AssignmentId: id, Code: "REFUSED"}}})
		if fix.GetOutcomeCorrected().GetAttempt().GetOutcome() != campaignpb.Outcome_OUTCOME_REFUSED {
			b.Errorf("corrected %v", fix)
		}
		second := l.offer()
		d := l.ask(&pb.WorkRequest{Action: &pb.WorkRequest_Decline{Decline: &pb.DeclineRequest{AssignmentId: second.GetAssignmentId(), Reason: "I know her"}}})
		if d.GetDeclined().GetSession().GetState() != campaignpb.AgentState_AGENT_STATE_READY {
			b.Errorf("declined: %v", d)
		}
		brk := l.ask(&pb.WorkRequest{Action: &pb.WorkRequest_SetState{SetState: &pb.SetStateRequest{State: campaignpb.AgentState_AGENT_STATE_BREAK, Reason: "lunch"}}})
		if brk.GetStateSet().GetSession().GetReason() != "lunch" {
			b.Errorf("break: %v", brk)
		}
		out := l.ask(&pb.WorkRequest{Action: &pb.WorkRequest_SignOut{SignOut: &pb.SignOutRequest{}}})
		if out.GetSignedOut().GetSession().GetState() != campaignpb.AgentState_AGENT_STATE_SIGNED_OUT {
			b.Errorf("signed out: %v", out)
		}
		l.listen()
		l.failed("after signing out", l.startCall(id), codes.FailedPrecondition, campaign.ReasonBadState)
		l.signIn() // the stream is open for the next shift
		l.ok(l.stream.CloseSend())
		l.listen()
		if !errors.Is(l.end, io.EOF) {
			b.Errorf("the stream ended with %v", l.end)
		}
		b.sound()
	})
}

func TestPromisesOnTheStream(t *testing.T) {
	onBench(t, func(b *bench) {
		leads := b.leads(2)
		l := b.line(b.as("ann"))
		l.signIn()
		id := l.offer().GetAssignmentId()
		l.startCall(id)
		rec := l.say(&pb.RecordOutcomeRequest{AssignmentId: id, Code: "APPOINTMENT", Booking: b.in(time.Hour)}).GetOutcomeRecorded()
		if rec.GetAppointment().GetOwnerLogin() != "ann" || rec.GetPlan().GetVerdict() != campaignpb.Verdict_VERDICT_APPOINTMENT {
			b.Fatalf("recorded %v", rec)
		}
		second := l.offer()
		if second.GetLeadId() != int64(leads[1]) {
			b.Fatalf("then %v", second)
		}
		l.startCall(second.GetAssignmentId())
		l.say(&pb.RecordOutcomeRequest{AssignmentId: second.GetAssignmentId(), Code: "SOLD"})

		moved := l.ask(&pb.WorkRequest{Action: &pb.WorkRequest_RescheduleAppointment{RescheduleAppointment: &pb.RescheduleAppointmentRequest{
			AppointmentId: rec.GetAppointment().GetId(), Booking: b.in(7 * time.Minute), Reason: "earlier is better",
		}}}).GetAppointmentRescheduled().GetAppointment()
		due := moved.GetAt().AsTime()
		if d := time.Until(due); d <= 0 || d > 7*time.Minute {
			b.Fatalf("moved %v", moved)
		}
		list := l.ask(&pb.WorkRequest{Action: &pb.WorkRequest_ListCallbacks{ListCallbacks: &pb.ListCallbacksRequest{}}}).GetCallbacks()
		if len(list.GetCallbacks()) != 1 || !list.GetCallbacks()[0].GetDueAt().AsTime().Equal(due) {
			b.Errorf("callbacks %v", list)
		}
		l.listen()
		l.beat(3 * time.Minute)
		reminders := 0
		for _, m := range l.listen() {
			if r := m.GetReminder(); r != nil {
				reminders++
				if r.GetCallback().GetAppointment().GetId() != moved.GetId() || r.GetCallback().GetLeadId() != int64(leads[0]) ||
					r.GetCallback().GetName() == "" || r.GetCallback().GetName() != list.GetCallbacks()[0].GetName() {
					b.Errorf("reminded of %v", r)
				}
			}
		}
		if reminders != 1 {
			b.Errorf("reminded %d times", reminders)
		}
		l.beat(time.Until(due) + time.Second)
		card := (*pb.Card)(nil)
		for _, m := range l.listen() {
			if c := m.GetOffer(); c != nil {
				card = c
			}
		}
		if card.GetReason() != "appointment" || card.GetAppointment().GetId() != moved.GetId() || !card.GetOfferedAt().AsTime().Equal(due) {
			b.Fatalf("card %v, due %v", card, due)
		}
		l.startCall(card.GetAssignmentId())
		l.say(&pb.RecordOutcomeRequest{AssignmentId: card.GetAssignmentId(), Code: "CALL_LATER"})
		booked := l.ask(&pb.WorkRequest{Action: &pb.WorkRequest_BookAppointment{BookAppointment: &pb.BookAppointmentRequest{
			LeadId: int64(leads[0]), Booking: b.in(2 * time.Hour),
		}}}).GetAppointmentBooked().GetAppointment()
		gone := l.ask(&pb.WorkRequest{Action: &pb.WorkRequest_CancelAppointment{CancelAppointment: &pb.CancelAppointmentRequest{
			AppointmentId: booked.GetId(), Reason: "moved away",
		}}})
		if gone.GetAppointmentCancelled().GetPlan() == nil {
			b.Errorf("cancelled: %v", gone)
		}
		b.sound()
	})
}

func TestFailuresOnTheStream(t *testing.T) {
	onBench(t, func(b *bench) {
		b.leads(1)
		l := b.line(b.as("ann"))
		l.failed("before signing in", l.startCall(1), codes.FailedPrecondition, campaign.ReasonBadState)
		l.failed("as somebody else", l.ask(&pb.WorkRequest{Action: &pb.WorkRequest_SignIn{SignIn: &pb.SignInRequest{Agent: "bob"}}}), codes.PermissionDenied, "")
		l.signIn()
		id := l.offer().GetAssignmentId()
		l.failed("nothing", l.ask(&pb.WorkRequest{}), codes.InvalidArgument, "action")
		l.failed("an outcome before the call", l.say(&pb.RecordOutcomeRequest{AssignmentId: id, Code: "BUSY"}), codes.FailedPrecondition, campaign.ReasonNotStarted)
		l.failed("an unknown assignment", l.startCall(4711), codes.NotFound, "")
		l.failed("a decline without reason", l.ask(&pb.WorkRequest{Action: &pb.WorkRequest_Decline{Decline: &pb.DeclineRequest{AssignmentId: id}}}),
			codes.InvalidArgument, "reason")
		l.failed("a break without reason", l.ask(&pb.WorkRequest{Action: &pb.WorkRequest_SetState{SetState: &pb.SetStateRequest{
			State: campaignpb.AgentState_AGENT_STATE_BREAK}}}), codes.InvalidArgument, "reason")
		l.failed("another state", l.ask(&pb.WorkRequest{Action: &pb.WorkRequest_SetState{SetState: &pb.SetStateRequest{
			State: campaignpb.AgentState_AGENT_STATE_ON_CALL}}}), codes.InvalidArgument, "state")
		l.failed("an end before the call", l.ask(&pb.WorkRequest{Action: &pb.WorkRequest_EndCall{EndCall: &pb.EndCallRequest{AssignmentId: id}}}),
			codes.FailedPrecondition, campaign.ReasonNotStarted)
		l.startCall(id)
		l.failed("declined too late", l.ask(&pb.WorkRequest{Action: &pb.WorkRequest_Decline{Decline: &pb.DeclineRequest{AssignmentId: id, Reason: "no"}}}),
			codes.FailedPrecondition, campaign.ReasonBadState)
		m := l.say(&pb.RecordOutcomeRequest{AssignmentId: id, Code: "APPOINTMENT", Booking: &campaignpb.Booking{Local: "2000-01-01T03:00", Zone: "Etc/UTC"}})
		l.failed("a time that is over", m, codes.InvalidArgument, "booking_in_past")
		m = l.say(&pb.RecordOutcomeRequest{AssignmentId: id, Code: "APPOINTMENT", Booking: &campaignpb.Booking{Local: "2000-01-02T03:00", Zone: "Etc/UTC"}})
		l.failed("a time at night", m, codes.InvalidArgument, "booking_outside_hours")
		if f := m.GetFailure(); f.GetMetadata()["after"] == "" {
			b.Errorf("no time is proposed: %v", f)
		}
		if got := l.say(&pb.RecordOutcomeRequest{AssignmentId: id, Code: "BUSY"}); got.GetOutcomeRecorded() == nil {
			b.Errorf("the stream went on with %v", got)
		}
		other := b.line(b.admin())
		other.failed("an admin for nobody", other.ask(&pb.WorkRequest{Action: &pb.WorkRequest_SignIn{SignIn: &pb.SignInRequest{}}}), codes.InvalidArgument, "agent")
		if in := other.ask(&pb.WorkRequest{Action: &pb.WorkRequest_SignIn{SignIn: &pb.SignInRequest{Agent: "bob"}}}); in.GetSignedIn().GetSession().GetLogin() != "bob" {
			b.Errorf("an admin for bob: %v", in)
		}
		other.failed("and for ann", other.ask(&pb.WorkRequest{Action: &pb.WorkRequest_SignIn{SignIn: &pb.SignInRequest{Agent: "ann"}}}),
			codes.FailedPrecondition, campaign.ReasonBadState)
	})
}

func TestASuppressedOfferIsTakenFromTheDesk(t *testing.T) {
	onBench(t, func(b *bench) {
		leads := b.leads(2)
		l := b.line(b.as("ann"))
		l.signIn()
		card := l.offer()
		lead := must[campaign.Lead](b)(b.s.Lead(b.Context(), leads[0]))
		got := must[campaign.Suppressed](b)(b.s.Suppress(b.Context(), campaign.Suppression{Phone: lead.Numbers[0].Phone, Reason: "asked by letter", Source: "crm"}))
		b.floor.Revoked(got.Revoked)
		var revoked *pb.Revoked
		var next *pb.Card
		for _, m := range l.listen() {
			if m.GetRevoked() != nil {
				revoked = m.GetRevoked()
			}
			if m.GetOffer() != nil {
				next = m.GetOffer()
			}
		}
		if revoked.GetAssignmentId() != card.GetAssignmentId() || revoked.GetReason() != got.Revoked[0].CloseReason || revoked.GetReason() == "" {
			b.Errorf("told %v, want %+v", revoked, got.Revoked)
		}
		if next.GetLeadId() != int64(leads[1]) {
			b.Errorf("then %v", next)
		}
		l.failed("what was taken", l.startCall(card.GetAssignmentId()), codes.FailedPrecondition, campaign.ReasonLeaseExpired)
		b.sound()
	})
}

func TestANewStreamGoesOnWithTheCall(t *testing.T) {
	onBench(t, func(b *bench) {
		b.leads(1)
		first := b.line(b.as("ann"))
		first.signIn()
		card := first.offer()
		first.startCall(card.GetAssignmentId())

		second := b.line(b.as("ann"))
		in := second.signIn()
		if in.GetCard().GetAssignmentId() != card.GetAssignmentId() || in.GetCard().GetNumber() == "" || in.GetSession().GetState() != campaignpb.AgentState_AGENT_STATE_ON_CALL {
			b.Errorf("signed in at another desk: %v", in)
		}
		first.listen()
		b.refused("the first stream", first.end, codes.FailedPrecondition, campaign.ReasonSignedInAnew)
		if got := second.say(&pb.RecordOutcomeRequest{AssignmentId: card.GetAssignmentId(), Code: "BUSY"}); got.GetOutcomeRecorded() == nil {
			b.Errorf("recorded at the second: %v", got)
		}
		_, err := b.desk.SetState(b.as("ann"), &pb.SetStateRequest{Epoch: in.GetSession().GetEpoch() - 1, State: campaignpb.AgentState_AGENT_STATE_BREAK, Reason: "x"})
		b.refused("the first one's word", err, codes.FailedPrecondition, campaign.ReasonSignedInAnew)
		_, err = b.desk.NextCall(b.as("ann"), &pb.NextCallRequest{Epoch: in.GetSession().GetEpoch() - 1})
		b.refused("the first one's next call", err, codes.FailedPrecondition, campaign.ReasonSignedInAnew)
		b.sound()
	})
}

func TestAStreamThatBreaksOffKeepsTheCard(t *testing.T) {
	onBench(t, func(b *bench) {
		b.leads(1)
		first := b.line(b.as("ann"))
		first.signIn()
		card := first.offer()
		b.ok(first.stream.CloseSend())
		first.listen()
		time.Sleep(5 * time.Second) //nolint:forbidigo // fake time: the bubble moves on by so much
		if in := b.line(b.as("ann")).signIn(); in.GetCard().GetAssignmentId() != card.GetAssignmentId() || in.GetCard().GetNumber() != "" {
			b.Errorf("signed in again: %v", in)
		}
	})
}

func TestAStoppingNodeEndsItsStreams(t *testing.T) {
	onBench(t, func(b *bench) {
		l := b.line(b.as("ann"))
		l.signIn()
		b.floor.Drain()
		l.listen()
		b.refused("the stream", l.end, codes.Unavailable, "")
		_, err := b.desk.NextCall(b.as("bob"), &pb.NextCallRequest{})
		b.refused("a next call", err, codes.Unavailable, "")
	})
}

func TestASilentStreamIsSignedOut(t *testing.T) {
	onBench(t, func(b *bench) {
		l := b.line(b.as("ann"))
		l.signIn()
		l.beat(2 * time.Minute)
		l.listen()
		time.Sleep(46 * time.Second) //nolint:forbidigo // fake time: the bubble moves on by so much
		var last *pb.Session
		noticed := false
		for _, m := range l.listen() {
			if m.GetSession() != nil {
				last = m.GetSession()
			}
			noticed = noticed || m.GetNotice().GetReason() == "heartbeat_lost"
		}
		if last.GetState() != campaignpb.AgentState_AGENT_STATE_SIGNED_OUT || !noticed {
			b.Errorf("told %v, noticed %v", last, noticed)
		}
		l.failed("then", l.ask(&pb.WorkRequest{Action: &pb.WorkRequest_Heartbeat{Heartbeat: &pb.HeartbeatRequest{}}}), codes.FailedPrecondition, campaign.ReasonBadState)
		if in := l.signIn(); in.GetSession().GetState() != campaignpb.AgentState_AGENT_STATE_READY {
			b.Errorf("signed in again: %v", in)
		}
	})
}

func TestTheFloorIsWatched(t *testing.T) {
	onBench(t, func(b *bench) {
		ctx, cancel := context.WithCancel(b.admin())
		defer cancel()
		stream := must[grpc.ServerStreamingClient[pb.WatchFloorResponse]](b)(b.super.WatchFloor(ctx, &pb.WatchFloorRequest{}))
		first := must[*pb.WatchFloorResponse](b)(stream.Recv())
		if !first.GetWhole() || len(first.GetFloor().GetAgents()) != 0 || len(first.GetFloor().GetCampaigns()) != 1 {
			b.Errorf("at first %v", first)
		}
		b.leads(1)
		b.next("ann")
		seen := false
		for !seen {
			m := must[*pb.WatchFloorResponse](b)(stream.Recv())
			if m.GetWhole() {
				b.Fatalf("the whole floor again: %v", m)
			}
			for _, a := range m.GetFloor().GetAgents() {
				seen = seen || a.GetSession().GetState() == campaignpb.AgentState_AGENT_STATE_OFFERED && a.GetSession().GetLogin() == "ann" && a.GetLeadName() == "Lead 0"
			}
		}
	})
}
