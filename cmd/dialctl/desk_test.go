package main

import (
	"bytes"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	pb "redial/proto/campaign/v1"
	dialerv1 "redial/proto/dialer/v1"
)

func deskWithCard() (*desk, *bytes.Buffer) {
	var out bytes.Buffer
	d := &desk{out: &out, zone: "UTC"}
	d.event(&dialerv1.WorkResponse{Event: &dialerv1.WorkResponse_Offer{Offer: aCard()}})
	out.Reset()
	return d, &out
}

func TestDeskKeysBecomeRequests(t *testing.T) {
	t.Parallel()
	booked := func(local, zone string, insisted bool) *dialerv1.RecordOutcomeRequest {
		return &dialerv1.RecordOutcomeRequest{AssignmentId: 7, Code: "APPOINTMENT", Booking: &pb.Booking{Local: local, Zone: zone, Insisted: insisted}}
	}
	for _, c := range []struct {
		lines []string
		want  proto.Message // of the last line
	}{
		{[]string{"s"}, &dialerv1.StartCallRequest{AssignmentId: 7}},
		{[]string{"e"}, &dialerv1.EndCallRequest{AssignmentId: 7}},
		{[]string{"d a friend"}, &dialerv1.DeclineRequest{AssignmentId: 7, Reason: "a friend"}},
		{[]string{"r"}, &dialerv1.SetStateRequest{State: pb.AgentState_AGENT_STATE_READY}},
		{[]string{"b lunch"}, &dialerv1.SetStateRequest{State: pb.AgentState_AGENT_STATE_BREAK, Reason: "lunch"}},
		{[]string{"c"}, &dialerv1.ListCallbacksRequest{}},
		{[]string{"q"}, &dialerv1.SignOutRequest{}},
		{[]string{"1"}, &dialerv1.RecordOutcomeRequest{AssignmentId: 7, Code: "SOLD"}},
		{[]string{"sold"}, &dialerv1.RecordOutcomeRequest{AssignmentId: 7, Code: "SOLD"}},
		{[]string{"1 two of them"}, &dialerv1.RecordOutcomeRequest{AssignmentId: 7, Code: "SOLD", Note: "two of them"}},
		{[]string{"n two of them", "1"}, &dialerv1.RecordOutcomeRequest{AssignmentId: 7, Code: "SOLD", Note: "two of them"}},
		{[]string{"2", "2026-03-02T15:00"}, booked("2026-03-02T15:00", "Asia/Shanghai", false)},
		{[]string{"2", "2026-03-02 15:00 Asia/Tokyo !"}, booked("2026-03-02T15:00", "Asia/Tokyo", true)},
		{[]string{"2", "2026-03-02T23:00!"}, booked("2026-03-02T23:00", "Asia/Shanghai", true)},
		{[]string{"3", "13800138009"}, &dialerv1.RecordOutcomeRequest{AssignmentId: 7, Code: "NUMBER_CHANGED", NewNumber: "13800138009"}},
		{[]string{"3", ""}, &dialerv1.RecordOutcomeRequest{AssignmentId: 7, Code: "NUMBER_CHANGED"}},
		{[]string{"2", ""}, nil},
		{[]string{"99"}, nil},
		{[]string{""}, nil},
	} {
		d, _ := deskWithCard()
		var got *dialerv1.WorkRequest
		for i, line := range c.lines {
			if got = d.input(line); got != nil && i < len(c.lines)-1 {
				t.Errorf("%q sent %v too early", c.lines, got)
			}
		}
		if c.want == nil {
			if got != nil {
				t.Errorf("%q sent %v", c.lines, got)
			}
			continue
		}
		if got == nil || !proto.Equal(inner(got), c.want) {
			t.Errorf("%q sent %v, want %v", c.lines, got, c.want)
		}
	}
}

// inner is the action of a request.
func inner(m *dialerv1.WorkRequest) proto.Message {
	r := m.ProtoReflect()
	fd := r.WhichOneof(r.Descriptor().Oneofs().ByName("action"))
	return r.Get(fd).Message().Interface()
}

func TestDeskForgetsACardThatIsGone(t *testing.T) {
	t.Parallel()
	d, out := deskWithCard()
	d.input("n for this lead only")
	d.input("2") // asks for a time
	d.event(&dialerv1.WorkResponse{Event: &dialerv1.WorkResponse_Revoked{Revoked: &dialerv1.Revoked{AssignmentId: 7, Reason: "suppressed", Message: "do not call"}}})
	if got := d.input("s"); got != nil || d.note != "" || !strings.Contains(out.String(), "taken back: do not call") {
		t.Errorf("sent %v, note %q\n%s", got, d.note, out)
	}
}

// bench is a Work service whose first streams break, and whose last one serves a shift.
type shift struct {
	dialerv1.UnimplementedAgentServiceServer
	streams atomic.Int32
	breaks  int32
	beats   atomic.Int32
	agents  chan string // whom each request was for
}

func (s *shift) Work(stream grpc.BidiStreamingServer[dialerv1.WorkRequest, dialerv1.WorkResponse]) error {
	n := s.streams.Add(1)
	for {
		m, err := stream.Recv()
		if err != nil {
			return err
		}
		answer := &dialerv1.WorkResponse{Id: m.GetId()}
		session := &dialerv1.Session{Login: "ann", State: pb.AgentState_AGENT_STATE_READY}
		switch a := m.GetAction().(type) {
		case *dialerv1.WorkRequest_SignIn:
			s.agents <- a.SignIn.GetAgent()
			answer.Event = &dialerv1.WorkResponse_SignedIn{SignedIn: &dialerv1.SignInResponse{
				Session: session, Card: aCard(), HeartbeatEvery: durationpb.New(15 * time.Second),
			}}
		case *dialerv1.WorkRequest_Heartbeat:
			if a.Heartbeat.GetAssignmentId() == 7 {
				s.beats.Add(1)
			}
			answer.Event = &dialerv1.WorkResponse_Heartbeat{Heartbeat: &dialerv1.HeartbeatResponse{Session: session}}
		case *dialerv1.WorkRequest_StartCall:
			s.agents <- a.StartCall.GetAgent()
			answer.Event = &dialerv1.WorkResponse_CallStarted{CallStarted: &dialerv1.StartCallResponse{AssignmentId: 7, Number: "+8613800138000"}}
		case *dialerv1.WorkRequest_SignOut:
			session.State = pb.AgentState_AGENT_STATE_SIGNED_OUT
			answer.Event = &dialerv1.WorkResponse_SignedOut{SignedOut: &dialerv1.SignOutResponse{Session: session}}
		}
		if err := stream.Send(answer); err != nil {
			return err
		}
		if n <= s.breaks {
			return status.Error(codes.Unavailable, "this node is stopping")
		}
	}
}

func TestDeskTakesABrokenConnectionUpAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &shift{breaks: 2, agents: make(chan string, 10)}
		keys, typing := io.Pipe()
		go func() {
			<-time.After(time.Minute) // of the bubble: after the breaks and some heartbeats
			io.WriteString(typing, "s\n")
			<-time.After(time.Second)
			io.WriteString(typing, "q\n")
		}()
		code, out, errs := ctlWith(t, serve(t, fakes{agents: s}), map[string]string{"REDIAL_TOKEN": "rd_test"}, keys, "agent", "run", "ann")
		typing.Close()
		if code != 0 || s.streams.Load() != 3 || s.beats.Load() < 3 {
			t.Errorf("exit %d, %d streams, %d heartbeats: %s", code, s.streams.Load(), s.beats.Load(), errs)
		}
		for range 4 { // three times signing in, one call
			if who := <-s.agents; who != "ann" {
				t.Errorf("a request for %q", who)
			}
		}
		for _, want := range []string{"the connection broke", "lead        3 张三", "dial +8613800138000", "agent ann is signed out"} {
			if !strings.Contains(out, want) {
				t.Errorf("%q was not shown:\n%s", want, out)
			}
		}
	})
}

func TestDeskThatIsNotLetInSaysWhy(t *testing.T) {
	t.Parallel()
	code, _, errs := ctl(t, serve(t, fakes{}), "agent", "run", "ann")
	if code != exitFailed || !strings.Contains(errs, "upgrade") {
		t.Errorf("exit %d: %s", code, errs)
	}
}
