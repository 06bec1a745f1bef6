package app_test

import (
	"errors"
	"io"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"redial/cmd/internal/app"
	campaignpb "redial/proto/campaign/v1"
	dialerpb "redial/proto/dialer/v1"
	schedulerpb "redial/proto/scheduler/v1"
)

// TestTheLogTellsNothingOfPersons has a person imported, called, looked for, refused, exported and erased, with the log
// at its most talkative: no name, number, attribute, note or reason of the person is in it.
func TestTheLogTellsNothingOfPersons(t *testing.T) {
	t.Parallel()
	log := &heard{}
	n := startNodesWith(t, 1, "sqlite://"+filepath.Join(t.TempDir(), "r.db"), "none", func(int) app.Options {
		return app.Options{Log: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})), Pace: app.Pace{Sweep: 100 * time.Millisecond}}
	})
	id := n.prepare(0, "ann")
	lists := campaignpb.NewListServiceClient(n.conns[0])
	u, err := lists.BeginUpload(n.ctx, &campaignpb.BeginUploadRequest{CampaignId: id, FileName: "people.csv", RequestId: "people"})
	n.must(err)
	text := "id,name,phone,pet\nmarkedid,Markedname,+12125550177,markedpet\nmarkedid2,Markedname,12markedbad,markedpet\n"
	up, err := lists.Upload(n.ctx)
	n.must(err)
	n.must(up.Send(&campaignpb.UploadRequest{UploadId: u.GetUpload().GetId(), Data: []byte(text)}))
	_, err = up.CloseAndRecv()
	n.must(err)
	_, err = lists.CommitUpload(n.ctx, &campaignpb.CommitUploadRequest{UploadId: u.GetUpload().GetId(), Size: int64(len(text))})
	n.must(err)
	watch, err := lists.WatchImport(n.ctx, &campaignpb.WatchImportRequest{UploadId: u.GetUpload().GetId()})
	n.must(err)
	for err == nil {
		_, err = watch.Recv()
	}
	if !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	lead := n.markedCall()
	leads := campaignpb.NewLeadServiceClient(n.conns[0])
	_, err = leads.FindLeads(n.ctx, &campaignpb.FindLeadsRequest{Number: "+12125550177", Name: "markedname"})
	n.must(err)
	_, err = leads.FindLeads(n.ctx, &campaignpb.FindLeadsRequest{Number: "12markedbad"})
	n.refused(err)
	_, err = schedulerpb.NewScheduleServiceClient(n.conns[0]).ExplainLead(n.ctx, &schedulerpb.ExplainLeadRequest{LeadId: lead})
	n.must(err)
	_, err = campaignpb.NewSuppressionServiceClient(n.conns[0]).Check(n.ctx, &campaignpb.CheckRequest{Phones: []string{"+12125550177"}})
	n.must(err)
	export, err := leads.ExportPerson(n.ctx, &campaignpb.ExportPersonRequest{LeadId: lead})
	n.must(err)
	var held strings.Builder
	for err == nil {
		var m *campaignpb.ExportPersonResponse
		m, err = export.Recv()
		held.WriteString(string(m.GetPiece()))
	}
	_, err = leads.EraseLead(n.ctx, &campaignpb.EraseLeadRequest{Id: lead, Reason: "markedreason", Everywhere: true})
	n.must(err)
	for _, word := range []string{"Markedname", "markedid", "markedpet", "markednote", "12125550177"} {
		if !strings.Contains(held.String(), word) {
			t.Errorf("%s was not held: the test looks for nothing", word)
		}
		if log.has(word) {
			t.Errorf("the log tells of %s", word)
		}
	}
	for _, word := range []string{"markedbad", "markedreason", "2125550177", "555-0177"} {
		if log.has(word) {
			t.Errorf("the log tells of %s", word)
		}
	}
	if !log.has("level=") {
		t.Error("nothing was logged")
	}
}

func (n *nodes) refused(err error) {
	n.t.Helper()
	if err == nil {
		n.t.Error("nothing was refused")
	}
}

// markedCall calls the one lead there is, with every fault on the way, and leaves a note.
func (n *nodes) markedCall() (lead int64) {
	n.t.Helper()
	desk := dialerpb.NewAgentServiceClient(n.conns[0])
	r, err := desk.NextCall(n.ctx, &dialerpb.NextCallRequest{Agent: "ann", Wait: durationpb.New(20 * time.Second)})
	n.must(err)
	id := r.GetCard().GetAssignmentId()
	_, err = desk.StartCall(n.ctx, &dialerpb.StartCallRequest{Agent: "ann", AssignmentId: id})
	n.must(err)
	for _, bad := range []*dialerpb.RecordOutcomeRequest{
		{Code: "markedbad", Note: "markednote"}, {Code: "NUMBER_CHANGED", NewNumber: "12markedbad", Note: "markednote"},
		{Code: "NO_ANSWER", Note: strings.Repeat("markednote", 2000)},
	} {
		bad.Agent, bad.AssignmentId = "ann", id
		_, err := desk.RecordOutcome(n.ctx, bad)
		n.refused(err)
	}
	_, err = desk.RecordOutcome(n.ctx, &dialerpb.RecordOutcomeRequest{Agent: "ann", AssignmentId: id, Code: "NO_ANSWER", Note: "markednote"})
	n.must(err)
	return r.GetCard().GetLeadId()
}
