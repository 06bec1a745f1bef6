package rpc_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"redial/campaign"
	campaignpb "redial/proto/campaign/v1"
	pb "redial/proto/dialer/v1"
)

func TestACallByUnaryWords(t *testing.T) {
	onBench(t, func(b *bench) {
		leads := b.leads(2)
		card := b.next("ann")
		if card.GetLeadId() != int64(leads[0]) || card.GetReason() != "fresh" || card.GetName() != "Lead 0" || card.GetCampaignName() != "spring" {
			b.Errorf("card %v", card)
		}
		if card.GetNumber() != "" || card.GetTelUri() != "" || !strings.Contains(card.GetMaskedNumber(), "*") && !strings.Contains(card.GetMaskedNumber(), "•") {
			b.Errorf("number %q, link %q, masked %q before the call", card.GetNumber(), card.GetTelUri(), card.GetMaskedNumber())
		}
		if want := "Hello Lead 0, this is ann about gold and …."; card.GetScript() != want {
			b.Errorf("script %q, want %q", card.GetScript(), want)
		}
		if got := card.GetLocalTimes(); len(got) != 1 || got[0] != "2000-01-01T10:00" {
			b.Errorf("local times %v", got)
		}
		if o := card.GetOutcomes(); o[0].GetCode() != "SOLD" || o[0].GetLabel() != "Sold it" ||
			slices.ContainsFunc(o, func(c *pb.OutcomeChoice) bool { return c.GetCode() == "UNKNOWN" || c.GetCode() == "ABANDONED" }) {
			b.Errorf("outcomes %v", o)
		}
		if again := b.next("ann"); again.GetAssignmentId() != card.GetAssignmentId() {
			b.Errorf("asked again: %v", again)
		}

		started := b.start("ann", card.GetAssignmentId())
		if !strings.HasPrefix(started.GetNumber(), "+1212555") || started.GetExtension() != "7" || !strings.HasPrefix(started.GetTelUri(), "tel:+1212555") {
			b.Errorf("started %v", started)
		}
		time.Sleep(3 * time.Second) //nolint:forbidigo // fake time: the bubble moves on by so much
		if again := b.start("ann", card.GetAssignmentId()); !proto.Equal(again, started) {
			b.Errorf("started again: %v, at first %v", again, started)
		}
		got := must[*pb.GetSessionResponse](b)(b.desk.GetSession(b.as("ann"), &pb.GetSessionRequest{}))
		if got.GetSession().GetState() != campaignpb.AgentState_AGENT_STATE_ON_CALL || got.GetCard().GetNumber() != started.GetNumber() || got.GetSession().GetLogin() != "ann" {
			b.Errorf("session %v", got)
		}
		ended := must[*pb.EndCallResponse](b)(b.desk.EndCall(b.as("ann"), &pb.EndCallRequest{AssignmentId: card.GetAssignmentId()}))
		if s := ended.GetSession(); s.GetState() != campaignpb.AgentState_AGENT_STATE_WRAP_UP {
			b.Errorf("after the end: %v", s)
		}
		rec := b.record("ann", card.GetAssignmentId(), "SOLD")
		if rec.GetReplay() || rec.GetLeadState() != campaignpb.LeadState_LEAD_STATE_FINISHED || rec.GetAttempt().GetOutcome() != campaignpb.Outcome_OUTCOME_SUCCESS ||
			rec.GetSession().GetState() != campaignpb.AgentState_AGENT_STATE_READY {
			b.Errorf("recorded %v", rec)
		}
		if next := b.next("ann"); next.GetLeadId() != int64(leads[1]) {
			b.Errorf("then %v", next)
		}
		b.sound()
	})
}

func TestAnOutcomeIsRecordedOnce(t *testing.T) {
	onBench(t, func(b *bench) {
		b.leads(1)
		id := b.next("ann").GetAssignmentId()
		_, err := b.desk.RecordOutcome(b.as("ann"), &pb.RecordOutcomeRequest{AssignmentId: id, Code: "BUSY"})
		b.refused("before the call", err, codes.FailedPrecondition, campaign.ReasonNotStarted)
		b.start("ann", id)
		first := b.record("ann", id, "BUSY")
		again := b.record("ann", id, "BUSY")
		if first.GetReplay() || !again.GetReplay() || !proto.Equal(first.GetAttempt(), again.GetAttempt()) || !proto.Equal(first.GetPlan(), again.GetPlan()) {
			b.Errorf("first %v\nagain %v", first, again)
		}
		_, err = b.desk.RecordOutcome(b.as("ann"), &pb.RecordOutcomeRequest{AssignmentId: id, Code: "SOLD"})
		b.refused("another outcome", err, codes.AlreadyExists, "")
		fixed := must[*pb.CorrectOutcomeResponse](b)(b.desk.CorrectOutcome(b.as("ann"), &pb.CorrectOutcomeRequest{AssignmentId: id, Code: "SOLD", Note: "he called back"}))
		if fixed.GetAttempt().GetCode() != "SOLD" || fixed.GetLeadState() != campaignpb.LeadState_LEAD_STATE_FINISHED {
			b.Errorf("corrected %v", fixed)
		}
		b.sound()
	})
}

// Whatever an agent says of a call keeps it, without heartbeats, too: only a silence as long as the lease makes it UNKNOWN.
func TestASignOfLifeRenewsTheLease(t *testing.T) {
	for name, speak := range map[string]func(b *bench, id int64){
		"the call's end": func(b *bench, id int64) {
			must[*pb.EndCallResponse](b)(b.desk.EndCall(b.as("cat"), &pb.EndCallRequest{AssignmentId: id}))
		},
		"a wish for a break": func(b *bench, _ int64) {
			must[*pb.SetStateResponse](b)(b.desk.SetState(b.as("cat"), &pb.SetStateRequest{State: campaignpb.AgentState_AGENT_STATE_BREAK, Reason: "lunch"}))
		},
		"a sign-in elsewhere": func(b *bench, _ int64) { b.line(b.as("cat")).signIn() },
	} {
		t.Run(name, func(t *testing.T) {
			onBench(t, func(b *bench) {
				b.camp = b.campaign("patient", func(c *campaign.Campaign) { c.Floor.WrapUp = time.Minute })
				b.agent("cat", b.camp.ID)
				b.leads(1)
				id := b.next("cat").GetAssignmentId()
				b.start("cat", id)
				for _, at := range []time.Duration{80 * time.Second, 20 * time.Second} { // the lease was for 90 s
					time.Sleep(at) //nolint:forbidigo // fake time: the bubble moves on by so much
					if lapsed := must[[]campaign.Assignment](b)(b.s.LapseLeases(b.Context(), 10)); len(lapsed) != 0 {
						b.Fatalf("the lease of %v was taken", lapsed)
					}
					if at == 80*time.Second {
						speak(b, id)
					}
				}
				if rec := b.record("cat", id, "BUSY"); rec.GetLate() != pb.LateKind_LATE_KIND_UNSPECIFIED {
					b.Errorf("the outcome is late: %v", rec)
				}
				b.sound()
			})
		})
	}
}

func TestHistoryIsMasked(t *testing.T) {
	onBench(t, func(b *bench) {
		b.leads(1)
		id := b.next("ann").GetAssignmentId()
		number := b.start("ann", id).GetNumber()
		b.record("ann", id, "NO_ANSWER")
		time.Sleep(10 * time.Minute) //nolint:forbidigo // fake time: the bubble moves on by so much
		card := b.next("bob")
		if card.GetReason() != "retry" || len(card.GetHistory()) != 1 || card.GetHistory()[0].GetAgentLogin() != "ann" {
			b.Fatalf("card %v", card)
		}
		if strings.Contains(card.String(), number) || strings.Contains(card.String(), number[1:]) {
			b.Errorf("the card shows the number: %v", card)
		}
		if !strings.Contains(card.GetWhy(), "attempt 2, the last was NO_ANSWER at 2000-01-01 10:00") {
			b.Errorf("why: %s", card.GetWhy())
		}
	})
}

func TestNoLead(t *testing.T) {
	onBench(t, func(b *bench) {
		from := time.Now()
		r := must[*pb.NextCallResponse](b)(b.desk.NextCall(b.as("ann"), &pb.NextCallRequest{Wait: durationpb.New(7 * time.Second)}))
		took := time.Since(from).Truncate(time.Second) // a look that is under way is waited for, some hundredths
		if r.GetCard() != nil || r.GetWhyNone() == "" || took != 7*time.Second || r.GetSession().GetState() != campaignpb.AgentState_AGENT_STATE_READY {
			b.Errorf("%v after %v", r, time.Since(from))
		}
		for _, d := range []time.Duration{-time.Second, 61 * time.Second} {
			_, err := b.desk.NextCall(b.as("ann"), &pb.NextCallRequest{Wait: durationpb.New(d)})
			b.refused("wait "+d.String(), err, codes.InvalidArgument, "wait")
		}
		must[*pb.SetStateResponse](b)(b.desk.SetState(b.as("ann"), &pb.SetStateRequest{State: campaignpb.AgentState_AGENT_STATE_BREAK, Reason: "lunch"}))
		_, err := b.desk.NextCall(b.as("ann"), &pb.NextCallRequest{})
		b.refused("on break", err, codes.FailedPrecondition, campaign.ReasonNotReady)
	})
}

func TestWhoActsForWhom(t *testing.T) {
	onBench(t, func(b *bench) {
		b.leads(3)
		wait := durationpb.New(time.Second)
		_, err := b.desk.NextCall(b.as("ann"), &pb.NextCallRequest{Agent: "bob", Wait: wait})
		b.refused("ann for bob", err, codes.PermissionDenied, "")
		_, err = b.desk.NextCall(b.admin(), &pb.NextCallRequest{Wait: wait})
		b.refused("an admin for nobody", err, codes.InvalidArgument, "agent")
		_, err = b.desk.NextCall(b.admin(), &pb.NextCallRequest{Agent: "nobody", Wait: wait})
		b.refused("an admin for somebody unknown", err, codes.NotFound, "")
		card := must[*pb.NextCallResponse](b)(b.desk.NextCall(b.admin(), &pb.NextCallRequest{Agent: "ann", Wait: wait})).GetCard()
		id := card.GetAssignmentId()
		if !strings.Contains(card.GetScript(), "this is ann") {
			b.Errorf("script %q", card.GetScript())
		}

		_, err = b.desk.StartCall(b.as("bob"), &pb.StartCallRequest{AssignmentId: id})
		b.refused("bob starts ann's", err, codes.PermissionDenied, "")
		_, err = b.desk.Decline(b.as("bob"), &pb.DeclineRequest{AssignmentId: id, Reason: "no"})
		b.refused("bob declines ann's", err, codes.PermissionDenied, "")
		_, err = b.desk.StartCall(b.admin(), &pb.StartCallRequest{Agent: "bob", AssignmentId: id})
		b.refused("an admin for bob", err, codes.PermissionDenied, "")
		_, err = b.desk.StartCall(b.admin(), &pb.StartCallRequest{AssignmentId: 4711})
		b.refused("an assignment that is none", err, codes.NotFound, "")

		must[*pb.StartCallResponse](b)(b.desk.StartCall(b.admin(), &pb.StartCallRequest{AssignmentId: id})) // for whoever has it
		_, err = b.desk.EndCall(b.as("bob"), &pb.EndCallRequest{AssignmentId: id})
		b.refused("bob ends ann's", err, codes.PermissionDenied, "")
		_, err = b.desk.RecordOutcome(b.as("bob"), &pb.RecordOutcomeRequest{AssignmentId: id, Code: "BUSY"})
		b.refused("bob records ann's", err, codes.PermissionDenied, "")
		rec := must[*pb.RecordOutcomeResponse](b)(b.desk.RecordOutcome(b.admin(), &pb.RecordOutcomeRequest{AssignmentId: id, Code: "BUSY"}))
		if rec.GetAttempt().GetAgentLogin() != "ann" || rec.GetSession().GetLogin() != "ann" {
			b.Errorf("recorded %v", rec)
		}
	})
}

func TestBreakWhileACardIsInHand(t *testing.T) {
	onBench(t, func(b *bench) {
		b.leads(2)
		id := b.next("ann").GetAssignmentId()
		s := must[*pb.SetStateResponse](b)(b.desk.SetState(b.as("ann"), &pb.SetStateRequest{State: campaignpb.AgentState_AGENT_STATE_BREAK, Reason: "lunch"})).GetSession()
		if s.GetState() != campaignpb.AgentState_AGENT_STATE_OFFERED || s.GetNext() != campaignpb.AgentState_AGENT_STATE_BREAK || s.GetNextReason() != "lunch" {
			b.Errorf("asked for a break: %v", s)
		}
		d := must[*pb.DeclineResponse](b)(b.desk.Decline(b.as("ann"), &pb.DeclineRequest{AssignmentId: id, Reason: "lunch"})).GetSession()
		if d.GetState() != campaignpb.AgentState_AGENT_STATE_BREAK || d.GetReason() != "lunch" {
			b.Errorf("declined: %v", d)
		}
		_, err := b.desk.StartCall(b.as("ann"), &pb.StartCallRequest{AssignmentId: id})
		b.refused("the declined one", err, codes.FailedPrecondition, campaign.ReasonLeaseExpired)
		b.sound()
	})
}

func TestBadOutcomesNameTheirField(t *testing.T) {
	onBench(t, func(b *bench) {
		b.leads(1)
		id := b.next("ann").GetAssignmentId()
		b.start("ann", id)
		for _, c := range []struct {
			what, field string
			r           *pb.RecordOutcomeRequest
		}{
			{"no code", "code", &pb.RecordOutcomeRequest{}},
			{"an unknown code", "code", &pb.RecordOutcomeRequest{Code: "sold"}},
			{"no time", "booking", &pb.RecordOutcomeRequest{Code: "APPOINTMENT"}},
			{"a time too much", "booking", &pb.RecordOutcomeRequest{Code: "SOLD", Booking: b.in(time.Hour)}},
			{"a number too much", "new_number", &pb.RecordOutcomeRequest{Code: "SOLD", NewNumber: "+12125550100"}},
			{"a number that is none", "new_number", &pb.RecordOutcomeRequest{Code: "NUMBER_CHANGED", NewNumber: "12"}},
			{"a long note", "note", &pb.RecordOutcomeRequest{Code: "SOLD", Note: strings.Repeat("x", 10_001)}},
			{"a time in the past", "", &pb.RecordOutcomeRequest{Code: "APPOINTMENT", Booking: b.in(-time.Hour)}},
			{"a time that is none", "", &pb.RecordOutcomeRequest{Code: "APPOINTMENT", Booking: &campaignpb.Booking{Local: "soon"}}},
		} {
			c.r.AssignmentId = id
			_, err := b.desk.RecordOutcome(b.as("ann"), c.r)
			b.refused(c.what, err, codes.InvalidArgument, c.field)
		}
		rec := must[*pb.RecordOutcomeResponse](b)(b.desk.RecordOutcome(b.as("ann"),
			&pb.RecordOutcomeRequest{AssignmentId: id, Code: "NUMBER_CHANGED", NewNumber: "(212) 555-0199"}))
		if rec.GetAttempt().GetNewNumber() != "+12125550199" {
			b.Errorf("recorded %v", rec.GetAttempt())
		}
		if again := b.next("ann"); !strings.HasSuffix(again.GetMaskedNumber(), "99") {
			b.Errorf("the next number at once: %v", again)
		}
		b.sound()
	})
}

func TestCallbacksByThePage(t *testing.T) {
	onBench(t, func(b *bench) {
		for i, l := range b.leads(5) {
			must[*pb.BookAppointmentResponse](b)(b.desk.BookAppointment(b.as("ann"), &pb.BookAppointmentRequest{
				LeadId: int64(l), Booking: b.in(time.Duration(5-i) * time.Hour),
			}))
		}
		var due []time.Time
		token := ""
		for page := 0; ; page++ {
			r := must[*pb.ListCallbacksResponse](b)(b.desk.ListCallbacks(b.as("ann"), &pb.ListCallbacksRequest{PageSize: 2, PageToken: token}))
			if len(r.GetCallbacks()) > 2 || page > 2 {
				b.Fatalf("page %d: %v", page, r)
			}
			for _, c := range r.GetCallbacks() {
				due = append(due, c.GetDueAt().AsTime())
				if c.GetAppointment().GetOwnerLogin() != "ann" || c.GetCampaignName() != "spring" || c.GetName() == "" {
					b.Errorf("callback %v", c)
				}
			}
			if token = r.GetNextPageToken(); token == "" {
				break
			}
		}
		if len(due) != 5 || !slices.IsSortedFunc(due, time.Time.Compare) {
			b.Errorf("due %v", due)
		}
		for _, bad := range []string{"x", "-1"} {
			_, err := b.desk.ListCallbacks(b.as("ann"), &pb.ListCallbacksRequest{PageToken: bad})
			b.refused("token "+bad, err, codes.InvalidArgument, "page_token")
		}
		_, err := b.desk.ListCallbacks(b.as("ann"), &pb.ListCallbacksRequest{PageSize: -1})
		b.refused("page size", err, codes.InvalidArgument, "page_size")
		if r := must[*pb.ListCallbacksResponse](b)(b.desk.ListCallbacks(b.as("bob"), &pb.ListCallbacksRequest{})); len(r.GetCallbacks()) != 0 {
			b.Errorf("bob's: %v", r)
		}
	})
}

func TestAPromiseIsItsOwners(t *testing.T) {
	onBench(t, func(b *bench) {
		lead := b.leads(1)[0]
		p := must[*pb.BookAppointmentResponse](b)(b.desk.BookAppointment(b.as("ann"), &pb.BookAppointmentRequest{LeadId: int64(lead), Booking: b.in(time.Hour)})).GetAppointment()
		_, err := b.desk.CancelAppointment(b.as("bob"), &pb.CancelAppointmentRequest{AppointmentId: p.GetId(), Reason: "no"})
		b.refused("bob cancels ann's", err, codes.PermissionDenied, "")
		_, err = b.desk.CancelAppointment(b.as("ann"), &pb.CancelAppointmentRequest{AppointmentId: p.GetId()})
		b.refused("without a reason", err, codes.InvalidArgument, "reason")
		_, err = b.desk.RescheduleAppointment(b.as("ann"), &pb.RescheduleAppointmentRequest{AppointmentId: p.GetId()})
		b.refused("without a time", err, codes.InvalidArgument, "booking")
		must[*pb.ReassignResponse](b)(b.super.Reassign(b.admin(), &pb.ReassignRequest{AppointmentId: p.GetId(), Owner: "bob", Reason: "ill"}))
		moved := must[*pb.RescheduleAppointmentResponse](b)(b.desk.RescheduleAppointment(b.as("bob"), &pb.RescheduleAppointmentRequest{
			AppointmentId: p.GetId(), Booking: b.in(2 * time.Hour),
		})).GetAppointment()
		if moved.GetOwnerLogin() != "bob" || moved.GetId() == p.GetId() {
			b.Errorf("moved %v", moved)
		}
		gone := must[*pb.CancelAppointmentResponse](b)(b.desk.CancelAppointment(b.as("bob"), &pb.CancelAppointmentRequest{AppointmentId: moved.GetId(), Reason: "wrong day"}))
		if gone.GetPlan().GetVerdict() != campaignpb.Verdict_VERDICT_CALL {
			b.Errorf("cancelled: %v", gone)
		}
		b.sound()
	})
}

func TestASupervisorsWord(t *testing.T) {
	onBench(t, func(b *bench) {
		b.leads(1)
		id := b.next("ann").GetAssignmentId()
		_, err := b.super.SetAgentState(b.admin(), &pb.SetAgentStateRequest{Reason: "x"})
		b.refused("nobody", err, codes.InvalidArgument, "agent")
		_, err = b.super.SetAgentState(b.admin(), &pb.SetAgentStateRequest{Agent: "ann", Reason: "x", State: campaignpb.AgentState_AGENT_STATE_ON_CALL})
		b.refused("on call", err, codes.InvalidArgument, "state")
		s := must[*pb.SetAgentStateResponse](b)(b.super.SetAgentState(b.admin(), &pb.SetAgentStateRequest{
			Agent: "ann", Reason: "fire drill", State: campaignpb.AgentState_AGENT_STATE_BREAK,
		})).GetSession()
		if s.GetState() != campaignpb.AgentState_AGENT_STATE_BREAK || s.GetReason() != "fire drill (by root)" || s.GetAssignmentId() != 0 {
			b.Errorf("session %v", s)
		}
		_, err = b.desk.StartCall(b.as("ann"), &pb.StartCallRequest{AssignmentId: id})
		b.refused("what was taken back", err, codes.FailedPrecondition, campaign.ReasonLeaseExpired)
		b.sound()
	})
}

func TestASupervisorEndsNothingOfACampaignItDoesNotSee(t *testing.T) {
	onBench(t, func(b *bench) {
		other := b.campaign("autumn", nil)
		b.agent("cat", b.camp.ID, other.ID)
		b.leads(3)
		seeing := func(id campaign.CampaignID) context.Context {
			return metadata.AppendToOutgoingContext(b.Context(), "role", "supervisor", "owner", "eve", "campaign", fmt.Sprint(id))
		}
		force := func(ctx context.Context, to campaignpb.AgentState) *pb.Session {
			return must[*pb.SetAgentStateResponse](b)(b.super.SetAgentState(ctx, &pb.SetAgentStateRequest{Agent: "cat", Reason: "why", State: to})).GetSession()
		}
		for _, to := range []campaignpb.AgentState{campaignpb.AgentState_AGENT_STATE_BREAK, campaignpb.AgentState_AGENT_STATE_SIGNED_OUT} {
			must[*pb.SignInResponse](b)(b.desk.SignIn(b.as("cat"), &pb.SignInRequest{Ready: true}))
			card := b.next("cat").GetAssignmentId()
			if s := force(seeing(other.ID), to); s.GetState() != campaignpb.AgentState_AGENT_STATE_OFFERED || s.GetAssignmentId() != 0 || s.GetNext() != to {
				b.Errorf("%v with a card: %v", to, s)
			}
			b.start("cat", card)
			if s := force(seeing(other.ID), to); s.GetState() != campaignpb.AgentState_AGENT_STATE_ON_CALL || s.GetAssignmentId() != 0 || s.GetNext() != to {
				b.Errorf("%v on a call: %v", to, s)
			}
			if s := force(seeing(other.ID), campaignpb.AgentState_AGENT_STATE_READY); s.GetNext() != campaignpb.AgentState_AGENT_STATE_UNSPECIFIED || s.GetAssignmentId() != 0 {
				b.Errorf("ready after the call: %v", s)
			}
			force(seeing(other.ID), to)
			b.record("cat", card, "SOLD")
			if s := must[*pb.GetSessionResponse](b)(b.desk.GetSession(b.as("cat"), &pb.GetSessionRequest{})).GetSession(); s.GetState() != to {
				b.Errorf("%v after the call: %v", to, s)
			}
		}
		must[*pb.SignInResponse](b)(b.desk.SignIn(b.as("cat"), &pb.SignInRequest{Ready: true}))
		b.next("cat")
		if s := force(seeing(b.camp.ID), campaignpb.AgentState_AGENT_STATE_BREAK); s.GetState() != campaignpb.AgentState_AGENT_STATE_BREAK {
			b.Errorf("a card of its own campaign: %v", s)
		}
		b.sound()
	})
}

// What a CRM said before an offer is believed when its call starts: see dialer, precall.go.
func TestNoCallStartsOnceItsOfferTimeIsOver(t *testing.T) {
	onBench(t, func(b *bench) {
		b.leads(1)
		id := b.next("ann").GetAssignmentId()
		for began := time.Now(); time.Since(began) < b.camp.Floor.OfferTime; {
			time.Sleep(b.camp.Floor.OfferTime / 4) //nolint:forbidigo // fake time
			_, _ = b.desk.Heartbeat(b.as("ann"), &pb.HeartbeatRequest{})
		}
		_, err := b.desk.StartCall(b.as("ann"), &pb.StartCallRequest{AssignmentId: id})
		b.refused("after its offer time", err, codes.FailedPrecondition, campaign.ReasonLeaseExpired)
		b.sound()
	})
}
