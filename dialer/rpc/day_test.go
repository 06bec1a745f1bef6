package rpc_test

import (
	"slices"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/durationpb"

	"redial/campaign"
	campaignpb "redial/proto/campaign/v1"
	pb "redial/proto/dialer/v1"
	"redial/scheduler"
)

// Slots is the rule's.
func (book) Slots(f *campaign.Facts, zone string, from campaign.Date, days int, step time.Duration) ([]string, error) {
	return new(scheduler.Rulebook).Slots(f, zone, from, days, step)
}

func TestAnAgentsOwnDay(t *testing.T) {
	onBench(t, func(b *bench) {
		b.leads(3)
		l := b.line(b.as("ann"))
		l.signIn()
		for _, code := range []string{"SOLD", "NO_ANSWER"} {
			id := l.offer().GetAssignmentId()
			l.startCall(id)
			l.beat(40 * time.Second)
			l.ask(&pb.WorkRequest{Action: &pb.WorkRequest_EndCall{EndCall: &pb.EndCallRequest{AssignmentId: id}}})
			l.beat(20 * time.Second)
			l.say(&pb.RecordOutcomeRequest{AssignmentId: id, Code: code, Note: "called"})
		}
		day := must[*pb.GetMyDayResponse](b)(b.desk.GetMyDay(b.as("ann"), &pb.GetMyDayRequest{NextDue: true}))
		if day.GetAttempts() != 2 || day.GetConnects() != 1 || day.GetSuccesses() != 1 || day.GetHandled() != 2 ||
			day.GetTalk().AsDuration().Round(time.Second) != 40*time.Second || day.GetHandling().AsDuration().Round(time.Second) != 2*time.Minute {
			b.Errorf("day %v", day)
		}
		last := day.GetLast()
		if last.GetAttempt().GetCode() != "NO_ANSWER" || len(last.GetOutcomes()) == 0 || !last.GetCorrectUntil().AsTime().After(time.Now()) || day.GetWhyNone() == "" {
			b.Errorf("last %v", day)
		}
		l.ask(&pb.WorkRequest{Action: &pb.WorkRequest_CorrectOutcome{CorrectOutcome: &pb.CorrectOutcomeRequest{AssignmentId: last.GetAttempt().GetAssignmentId(), Code: "REFUSED"}}})
		day = must[*pb.GetMyDayResponse](b)(b.desk.GetMyDay(b.as("ann"), &pb.GetMyDayRequest{}))
		if day.GetConnects() != 2 || day.GetLast().GetAttempt().GetOutcome() != campaignpb.Outcome_OUTCOME_REFUSED || day.GetWhyNone() != "" {
			b.Errorf("corrected %v", day)
		}
		if other := must[*pb.GetMyDayResponse](b)(b.desk.GetMyDay(b.as("bob"), &pb.GetMyDayRequest{})); other.GetAttempts() != 0 || other.GetLast() != nil {
			b.Errorf("bob's day %v", other)
		}
		time.Sleep(24 * time.Hour) //nolint:forbidigo // fake time: the bubble moves on by so much
		if next := must[*pb.GetMyDayResponse](b)(b.desk.GetMyDay(b.as("ann"), &pb.GetMyDayRequest{})); next.GetAttempts() != 0 {
			b.Errorf("on the next day %v", next)
		}
	})
}

func TestSlotsAreWhatBookingTakes(t *testing.T) {
	onBench(t, func(b *bench) {
		leads := b.leads(2)
		l := b.line(b.as("ann"))
		l.signIn()
		card := l.offer()
		ask := func(r *pb.ListSlotsRequest) *pb.ListSlotsResponse {
			r.LeadId = card.GetLeadId()
			return must[*pb.ListSlotsResponse](b)(b.desk.ListSlots(b.as("ann"), r))
		}
		got := ask(&pb.ListSlotsRequest{Days: 2, Step: durationpb.New(time.Hour)})
		if got.GetZone() == "" || got.GetNow() == "" || len(got.GetSlots()) == 0 || !slices.IsSorted(got.GetSlots()) {
			b.Fatalf("slots %v", got)
		}
		l.startCall(card.GetAssignmentId())
		if rec := l.say(&pb.RecordOutcomeRequest{AssignmentId: card.GetAssignmentId(), Code: "APPOINTMENT", Booking: &campaignpb.Booking{Local: got.GetSlots()[0], Zone: got.GetZone()}}); rec.GetOutcomeRecorded() == nil {
			b.Errorf("the first slot was refused: %v", rec)
		}
		if own := ask(&pb.ListSlotsRequest{From: "2000-01-03", Days: 1}); len(own.GetSlots()) == 0 || own.GetSlots()[0][:10] != "2000-01-03" {
			b.Errorf("its own lead: %v", own)
		}
		for field, r := range map[string]*pb.ListSlotsRequest{
			"zone": {Zone: "Mars/Olympus"}, "from": {From: "soon"}, "days": {Days: 32}, "step": {Step: durationpb.New(time.Second)},
		} {
			r.LeadId = card.GetLeadId()
			_, err := b.desk.ListSlots(b.as("ann"), r)
			b.refused("slots", err, codes.InvalidArgument, field)
		}
		_, err := b.desk.ListSlots(b.as("bob"), &pb.ListSlotsRequest{LeadId: int64(leads[0])})
		b.refused("slots", err, codes.PermissionDenied, "")
		_, err = b.desk.ListSlots(b.as("ann"), &pb.ListSlotsRequest{LeadId: 4711})
		b.refused("slots", err, codes.NotFound, "")
	})
}
