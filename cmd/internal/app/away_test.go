package app_test

import (
	"slices"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"redial/campaign/store/storetest/testserver"
	campaignpb "redial/proto/campaign/v1"
	dialerpb "redial/proto/dialer/v1"
)

// While PostgreSQL is gone whoever asks is told when to come again: the rule that clients live by.
func TestWithoutTheRecordCallersAreToldWhenToComeAgain(t *testing.T) {
	t.Parallel()
	db := testserver.NewPostgres(t, false)
	n := startNodes(t, 1, db.Database(t), "none")
	id := n.prepare(1, "ann")
	desk, lists := dialerpb.NewAgentServiceClient(n.conns[0]), campaignpb.NewListServiceClient(n.conns[0])
	card, err := desk.NextCall(n.ctx, &dialerpb.NextCallRequest{Agent: "ann", Wait: durationpb.New(30 * time.Second)})
	n.must(err)
	call := card.GetCard().GetAssignmentId()
	_, err = desk.StartCall(n.ctx, &dialerpb.StartCallRequest{Agent: "ann", AssignmentId: call})
	n.must(err)
	record := func() error {
		_, err := desk.RecordOutcome(n.ctx, &dialerpb.RecordOutcomeRequest{Agent: "ann", AssignmentId: call, Code: "BUSY"})
		return err
	}
	db.Stop()
	for what, ask := range map[string]func() error{
		"an outcome": record,
		"a sign of life": func() error {
			_, err := desk.Heartbeat(n.ctx, &dialerpb.HeartbeatRequest{Agent: "ann"})
			return err
		},
		"a promise": func() error {
			_, err := desk.CancelAppointment(n.ctx, &dialerpb.CancelAppointmentRequest{Agent: "ann", AppointmentId: 1, Reason: "mistake"})
			return err
		},
		"an upload": func() error {
			_, err := lists.BeginUpload(n.ctx, &campaignpb.BeginUploadRequest{CampaignId: id, FileName: "more.csv", RequestId: "more"})
			return err
		},
	} {
		err := ask()
		when := slices.ContainsFunc(status.Convert(err).Details(), func(d any) bool {
			r, ok := d.(*errdetails.RetryInfo)
			return ok && r.GetRetryDelay().AsDuration() > 0
		})
		if status.Code(err) != codes.Unavailable || !when {
			t.Errorf("%s: %v, says when to come again: %t", what, err, when)
		}
	}
	n.must(db.Start())
	for err = record(); status.Code(err) == codes.Unavailable; err = record() { // until it has come up, or the test's time is over
		continue
	}
	n.must(err)
	n.audit()
}
