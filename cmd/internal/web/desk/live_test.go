package desk

import (
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	"redial/campaign"
	campaignpb "redial/proto/campaign/v1"
	pb "redial/proto/dialer/v1"
)

func TestTheLivePartTellsWhatHappens(t *testing.T) {
	w := onDesk(t)
	w.set(func() { w.desk.beat = 10 * time.Millisecond })
	events, _ := w.live("/desk/live?tab=one")
	has(t, w.next(events, "session"), `"epoch":3`, `"state":"ready"`, `"said":"ready"`)
	w.next(events, "nothing")
	w.set(func() {
		if !slices.ContainsFunc(w.asked, func(m any) bool {
			r, ok := m.(*pb.WorkRequest)
			return ok && r.GetSignIn() != nil && !r.GetSignIn().GetReady()
		}) {
			t.Errorf("asked %v", w.asked)
		}
	})
	w.next(events, "beat")
	stream := <-w.streams
	send := func(m *pb.WorkResponse) {
		t.Helper()
		if err := stream.Send(m); err != nil {
			t.Fatal(err)
		}
	}
	send(&pb.WorkResponse{Event: &pb.WorkResponse_Session{Session: &pb.Session{State: campaignpb.AgentState_AGENT_STATE_OFFERED, Epoch: 3, AssignmentId: 41, NextReason: "lunch", Next: campaignpb.AgentState_AGENT_STATE_BREAK}}})
	has(t, w.next(events, "session"), `"state":"offered"`, `"assignment":"41"`, `"next_said":"then: break (lunch)"`)
	send(&pb.WorkResponse{Event: &pb.WorkResponse_Offer{Offer: offered()}})
	has(t, w.next(events, "card"), `data-assignment="41"`, `data-stage="offered"`)
	send(&pb.WorkResponse{Event: &pb.WorkResponse_Revoked{Revoked: &pb.Revoked{AssignmentId: 41, Reason: "suppressed", Message: "gone"}}})
	has(t, w.next(events, "revoked"), `"41"`, "may not be called any more")
	promise := &pb.Callback{LeadId: 5, Name: "Zoë", DueAt: timestamppb.New(now.Add(5 * time.Minute)), Appointment: &campaignpb.Appointment{Id: 8, Local: "2026-03-02T16:09", Zone: "Europe/Paris"}}
	remind := &pb.WorkResponse{Event: &pb.WorkResponse_Reminder{Reminder: &pb.Reminder{Callback: promise}}}
	send(remind)
	has(t, w.next(events, "reminder"), "Zoë", "2026-03-02 16:09", "Europe/Paris", `data-do="seen"`)
	send(&pb.WorkResponse{Event: &pb.WorkResponse_Notice{Notice: &pb.Notice{Reason: "brand_new", Message: "in English"}}})
	has(t, w.next(events, "notice {\"reason\":\"brand_new"), "brand_new", "in English")
	send(&pb.WorkResponse{Event: &pb.WorkResponse_Session{Session: &pb.Session{State: campaignpb.AgentState_AGENT_STATE_SIGNED_OUT, Epoch: 3, Reason: "heartbeat_lost"}}})
	has(t, w.next(events, "out"), `"reason":"heartbeat_lost"`)
	for range events {
		t.Error("it goes on after the shift")
	}
}

func TestAPageThatComesIsToldOfWhatItsAgentWasRemindedOf(t *testing.T) {
	w := onDesk(t)
	promise := func(lead int64, reminded bool) *pb.Callback {
		return &pb.Callback{LeadId: lead, DueAt: timestamppb.New(now.Add(time.Minute)), Appointment: &campaignpb.Appointment{Id: 10 + lead, Reminded: reminded}}
	}
	w.set(func() {
		w.rows = &pb.ListCallbacksResponse{Callbacks: []*pb.Callback{{LeadId: 4}, promise(5, false), promise(6, true)}}
	})
	events, _ := w.live("/desk/live?tab=one")
	has(t, w.next(events, "reminder"), `data-appointment="16"`)
}

func TestTheLivePartBeginsNoShift(t *testing.T) {
	w := onDesk(t)
	w.set(func() { w.session.State = campaignpb.AgentState_AGENT_STATE_SIGNED_OUT })
	events, _ := w.live("/desk/live?tab=one")
	w.next(events, "out")
	for e := range events {
		t.Errorf("then %s", e)
	}
	if _, ok := w.last().(*pb.GetSessionRequest); !ok || len(w.asked) != 1 {
		t.Errorf("asked %v", w.asked)
	}
}

func TestADeskThatWasTakenOverSaysSo(t *testing.T) {
	w := onDesk(t)
	events, _ := w.live("/desk/live?tab=one")
	w.next(events, "session")
	<-w.streams
	w.ends <- refusing(codes.FailedPrecondition, campaign.ReasonSignedInAnew, "you signed in at another desk", nil)
	w.next(events, "elsewhere")
	for e := range events {
		t.Errorf("then %s", e)
	}
}

func TestAPageThatComesBackTakesNoDeskFromAnother(t *testing.T) {
	w := onDesk(t)
	events, away := w.live("/desk/live?tab=one")
	w.next(events, "session")
	stream := <-w.streams
	away()
	<-stream.Context().Done() // the API is told that nobody listens

	events, _ = w.live("/desk/live?tab=one&epoch=2") // it never heard of epoch 3, but had it
	w.next(events, "session")
	<-w.streams
	events, _ = w.live("/desk/live?tab=two&epoch=2")
	w.next(events, "elsewhere")
	events, _ = w.live("/desk/live?tab=two&epoch=3")
	w.next(events, "session")
	<-w.streams
	events, _ = w.live("/desk/live?tab=three") // the agent asked for it
	w.next(events, "session")
}

func TestALivePartWhoseStreamBreaksEndsWithWhy(t *testing.T) {
	w := onDesk(t)
	events, _ := w.live("/desk/live?tab=one")
	w.next(events, "session")
	<-w.streams
	w.ends <- status.Error(codes.Unavailable, "this node is stopping: secret words")
	if e := w.next(events, "trouble"); strings.Contains(e, "secret") || !strings.Contains(e, "Try again in a moment") {
		t.Errorf("told %s", e)
	}
	for e := range events {
		t.Errorf("then %s", e)
	}
	w.set(func() { w.fails = status.Error(codes.Unavailable, "away") })
	events, _ = w.live("/desk/live?tab=one")
	w.next(events, "trouble")
}

func TestABeatIsAHeartbeat(t *testing.T) {
	w := onDesk(t)
	_, text := w.ask("POST", "/desk/beat", `{"epoch":"3","assignment_id":"41"}`, "en")
	if r, ok := w.last().(*pb.HeartbeatRequest); !ok || r.GetEpoch() != 3 || r.GetAssignmentId() != 41 || !strings.Contains(text, `"state":"ready"`) {
		t.Errorf("asked %v, got %s", w.last(), text)
	}
}

// A line that is cut while it signs in has moved the epoch, and its page never hears it.
func TestAPageThatWasCutOffWhileItCameBackIsNotElsewhere(t *testing.T) {
	t.Parallel()
	d := &desks{tabs: map[int64]tab{}}
	d.takes(tab{"one", 3, true}, 7)
	for epoch, want := range map[int64]bool{3: true, 4: true, 5: false} {
		s := &pb.Session{AgentId: 7, Epoch: epoch}
		if got := d.has(s, "one"); got != want || d.has(s, "two") {
			t.Errorf("epoch %d: has the desk %v, want %v", epoch, got, want)
		}
	}
	d.takes(tab{"one", 4, false}, 7)
	if d.has(&pb.Session{AgentId: 7, Epoch: 5}, "one") {
		t.Error("a page that came back has the desk of whoever signed in after it")
	}
}
