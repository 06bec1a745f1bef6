package app_test

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	campaignpb "redial/proto/campaign/v1"
	dialerpb "redial/proto/dialer/v1"
	schedulerpb "redial/proto/scheduler/v1"
)

// ourNumbers finds a number of our campaign in text of whatever kind, once all that is neither letter nor digit is gone.
var ourNumbers = regexp.MustCompile(`21255501\d\d`)

var betweenDigits = regexp.MustCompile(`[ ()./-]+`)

// TestI11NumbersOfACampaignThatMasksAreInNoAnswer calls every method that shows something, by every role without the
// permission to see numbers: nowhere in what it says, in the files that it sends, or in the words of its refusals is a number.
func TestI11NumbersOfACampaignThatMasksAreInNoAnswer(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	r.fill()
	change := regexp.MustCompile(`/(Commit|Finish|Pause|Undo|Withdraw|Delete|Switch|Discard|Rotate|Erase|Revoke|Cancel|Resolve|Import|Upsert|Work|Watch)`)
	heard := map[string]int{}
	for letter, role := range map[string]campaignpb.Role{
		"a": campaignpb.Role_ROLE_AGENT, "s": campaignpb.Role_ROLE_SUPERVISOR, "m": campaignpb.Role_ROLE_MANAGER, "c": campaignpb.Role_ROLE_CRM, "q": campaignpb.Role_ROLE_QUALITY,
	} {
		token := "Bearer " + r.blind(role)
		for name, m := range r.methods() {
			if !strings.Contains(mayCall()[name], letter) || change.MatchString(name) || strings.HasPrefix(name, "/grpc") {
				continue
			}
			for _, q := range slices.Concat(r.harmless(m), r.telling(m)) {
				answers, err := r.ask(m, token, q)
				if status.Code(err) == codes.DeadlineExceeded || status.Code(err) == codes.Internal {
					t.Errorf("%s by %s with {%v}: %v", name, letter, q, err)
				}
				if at := ourNumbers.FindString(plain(fmt.Sprint(err))); at != "" {
					t.Errorf("%s refuses %s with {%v} and tells %s: %v", name, letter, q, at, err)
				}
				for _, where := range shownIn(answers) {
					t.Errorf("%s tells %s with {%v} a number in %s", name, letter, q, where)
				}
				heard[name] += len(answers)
			}
		}
	}
	for _, name := range []string{
		"campaign.v1.LeadService/GetLead", "campaign.v1.ListService/ListProblems", "campaign.v1.ListService/ExportProblems", "campaign.v1.ListService/PreviewImport",
		"campaign.v1.ReportService/ListBadData", "campaign.v1.ReportService/ExportBadData", "campaign.v1.ReportService/ExportReport",
		"scheduler.v1.ScheduleService/ExplainLead", "scheduler.v1.ScheduleService/ListDue", "scheduler.v1.ScheduleService/ListBlocked",
		"scheduler.v1.ScheduleService/GetTimeline", "scheduler.v1.ScheduleService/Forecast", "scheduler.v1.ScheduleService/Simulate", "dialer.v1.FloorService/GetFloor",
		"dialer.v1.AgentService/NextCall",
	} {
		if heard["/"+name] == 0 {
			t.Errorf("%s answered nothing", name)
		}
	}
}

// TestTheNumbersThatAreSoughtAreThere is the same for who may see them: the search finds them where they are.
func TestTheNumbersThatAreSoughtAreThere(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	r.fill()
	token := "Bearer " + r.token(campaignpb.Role_ROLE_MANAGER)
	for name, m := range r.methods() {
		shows := regexp.MustCompile(`/(GetLead|ListProblems|ExportProblems|PreviewImport|ListBadData|ExportBadData|ExplainLead|ListDue|GetTimeline)$`)
		if !shows.MatchString(name) {
			continue
		}
		var found int
		for _, q := range slices.Concat(r.harmless(m), r.telling(m)) {
			answers, _ := r.ask(m, token, q)
			found += len(shownIn(answers))
		}
		if found == 0 {
			t.Errorf("%s shows no number to who may see them: it proves nothing of who may not", name)
		}
	}
}

// TestI11NumbersOfACampaignThatMasksAreInNoEvent hears all events, with and without the permission.
func TestI11NumbersOfACampaignThatMasksAreInNoEvent(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	r.fill()
	hear := func(token string) (where []string) {
		ctx, cancel := context.WithTimeout(showing(t.Context(), token), 20*time.Second)
		defer cancel()
		s, err := campaignpb.NewEventServiceClient(r.conn).WatchEvents(ctx, &campaignpb.WatchEventsRequest{})
		r.must(err)
		for {
			told, err := s.Recv()
			r.must(err)
			where = append(where, shownIn([]proto.Message{told})...)
			if told.GetCaughtUp() {
				return where
			}
		}
	}
	if where := hear(r.blind(campaignpb.Role_ROLE_CRM)); len(where) > 0 {
		t.Errorf("told a CRM that may not see them: %q", where)
	}
	if where := hear(r.token(campaignpb.Role_ROLE_CRM)); !strings.Contains(strings.Join(where, " "), "note") {
		t.Errorf("a CRM that may see them is told no note with a number: %q", where)
	}
}

// fill has our campaign mask its numbers, once they stand wherever numbers stand.
func (r *realm) fill() {
	r.t.Helper()
	desk, lists := dialerpb.NewAgentServiceClient(r.conn), campaignpb.NewListServiceClient(r.conn)
	found, err := campaignpb.NewLeadServiceClient(r.conn).FindLeads(r.admin, &campaignpb.FindLeadsRequest{CampaignId: r.ours})
	r.must(err)
	_, err = desk.SetState(r.admin, &dialerpb.SetStateRequest{Agent: "ours-agent", State: campaignpb.AgentState_AGENT_STATE_READY})
	r.must(err)
	card, err := desk.PickLead(r.admin, &dialerpb.PickLeadRequest{Agent: "ours-agent", LeadId: found.GetLeads()[1].GetId()})
	r.must(err)
	id := card.GetCard().GetAssignmentId()
	_, err = desk.StartCall(r.admin, &dialerpb.StartCallRequest{Agent: "ours-agent", AssignmentId: id})
	r.must(err)
	_, err = desk.RecordOutcome(r.admin, &dialerpb.RecordOutcomeRequest{
		Agent: "ours-agent", AssignmentId: id, Code: "NUMBER_CHANGED", NewNumber: "+12125550104", Note: "is +12125550104 now, was +12125550102",
	})
	r.must(err)
	rows := "id,name,phone\nours1,ours again,+12125550101\nours5,ours 5,(212) 555-01054443\nours6,+12125550106,none\nours7,ours 7,1 212 555 0107\n"
	u := r.upload("second", rows)
	_, err = lists.CommitUpload(r.admin, &campaignpb.CommitUploadRequest{UploadId: u, Size: int64(len(rows))})
	r.must(err)
	watch, err := lists.WatchImport(r.admin, &campaignpb.WatchImportRequest{UploadId: u})
	for err == nil {
		var done *campaignpb.WatchImportResponse
		if done, err = watch.Recv(); err == nil {
			r.mine["second"] = done.GetUpload().GetListId()
		}
	}
	if !errors.Is(err, io.EOF) {
		r.t.Fatal(err)
	}
	r.mine["upload"] = r.upload("third", rows)
	_, err = campaignpb.NewSuppressionServiceClient(r.conn).Suppress(r.admin, &campaignpb.SuppressRequest{
		Phone: "+12125550103", CampaignId: r.ours, Scope: campaignpb.SuppressionScope_SUPPRESSION_SCOPE_CAMPAIGN, Reason: "asked from +12125550103",
	})
	r.must(err)
	c, err := campaignpb.NewCampaignServiceClient(r.conn).GetCampaign(r.admin, &campaignpb.GetCampaignRequest{Id: r.ours})
	r.must(err)
	_, err = campaignpb.NewCampaignServiceClient(r.conn).UpdateCampaign(r.admin, &campaignpb.UpdateCampaignRequest{
		Campaign:   &campaignpb.Campaign{Id: r.ours, Version: c.GetCampaign().GetVersion(), MaskNumbers: true},
		UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"mask_numbers"}},
	})
	r.must(err)
}

// upload takes a file in without committing it.
func (r *realm) upload(name, text string) int64 {
	r.t.Helper()
	lists := campaignpb.NewListServiceClient(r.conn)
	u, err := lists.BeginUpload(r.admin, &campaignpb.BeginUploadRequest{CampaignId: r.ours, FileName: name + ".csv", RequestId: name})
	r.must(err)
	up, err := lists.Upload(r.admin)
	r.must(err)
	r.must(up.Send(&campaignpb.UploadRequest{UploadId: u.GetUpload().GetId(), Data: []byte(text)}))
	_, err = up.CloseAndRecv()
	r.must(err)
	return u.GetUpload().GetId()
}

// blind makes a token of a role that sees every campaign and no number.
func (r *realm) blind(role campaignpb.Role) string {
	r.t.Helper()
	q := &campaignpb.CreateTokenRequest{Owner: "somebody", Role: role}
	if role == campaignpb.Role_ROLE_AGENT {
		q.Owner = "ours-agent"
	}
	a, err := campaignpb.NewAdminServiceClient(r.conn).CreateToken(r.admin, q)
	r.must(err)
	return a.GetSecret()
}

// telling are requests beside the harmless ones: each gate, each kind of file, each report.
func (r *realm) telling(m protoreflect.MethodDescriptor) (all []proto.Message) {
	switch m.Name() {
	case "ListBlocked":
		one, err := schedulerpb.NewScheduleServiceClient(r.conn).ExplainLead(r.admin, &schedulerpb.ExplainLeadRequest{LeadId: r.mine["lead"]})
		r.must(err)
		for _, g := range one.GetGates() {
			all = append(all, &schedulerpb.ListBlockedRequest{CampaignId: r.ours, Gate: g.GetName()})
		}
	case "ExportBadData":
		for _, list := range []int64{0, r.mine["list"], r.mine["second"]} {
			all = append(all, &campaignpb.ExportBadDataRequest{ListId: list, Format: campaignpb.ExportFormat_EXPORT_FORMAT_XLSX}, &campaignpb.ExportBadDataRequest{ListId: list})
		}
	case "ListBadData":
		all = append(all, &campaignpb.ListBadDataRequest{ListId: r.mine["second"]})
	case "ListProblems":
		all = append(all, &campaignpb.ListProblemsRequest{ListId: r.mine["second"]})
	case "ExportProblems":
		all = append(all, &campaignpb.ExportProblemsRequest{ListId: r.mine["second"]})
	case "ExportReport":
		for kind := range int32(8) {
			all = append(all, &campaignpb.ExportReportRequest{
				Query: &campaignpb.ReportQuery{Kind: campaignpb.ReportKind(kind), CampaignId: r.ours}, Format: campaignpb.ExportFormat_EXPORT_FORMAT_XLSX,
			})
		}
	case "PreviewImport":
		all = append(all, &campaignpb.PreviewImportRequest{UploadId: r.mine["upload"], Whole: true})
	case "ExplainLead", "GetLead", "GetTimeline":
		f := m.Input().Fields().ByName("lead_id")
		if f == nil {
			f = m.Input().Fields().ByName("id")
		}
		leads, err := campaignpb.NewLeadServiceClient(r.conn).FindLeads(r.admin, &campaignpb.FindLeadsRequest{CampaignId: r.ours})
		r.must(err)
		for _, l := range leads.GetLeads() {
			q := dynamicpb.NewMessage(m.Input())
			q.Set(f, protoreflect.ValueOfInt64(l.GetId()))
			all = append(all, q)
		}
	}
	return all
}

// plain is text without what stands between the digits of a number.
func plain(text string) string { return betweenDigits.ReplaceAllString(text, "") }

// shownIn are the fields of answers in which a number of ours stands, files that were sent in pieces among them.
func shownIn(answers []proto.Message) (where []string) {
	var file []byte
	for _, a := range answers {
		walkTexts(a.ProtoReflect(), string(a.ProtoReflect().Descriptor().Name()), func(field, text string) {
			if ourNumbers.MatchString(plain(text)) {
				where = append(where, fmt.Sprintf("%s: %.200q", field, text))
			}
		}, func(piece []byte) { file = append(file, piece...) })
	}
	for name, text := range unpacked(file) {
		if at := ourNumbers.FindString(plain(text)); at != "" {
			where = append(where, fmt.Sprintf("the file's %s: %s", name, at))
		}
	}
	return where
}

// unpacked are the parts of a workbook, or a file as it is.
func unpacked(file []byte) map[string]string {
	z, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		return map[string]string{"text": string(file)}
	}
	all := map[string]string{}
	for _, f := range z.File {
		if part, err := f.Open(); err == nil {
			raw, _ := io.ReadAll(part)
			all[f.Name] = string(raw)
		}
	}
	return all
}

func walkTexts(m protoreflect.Message, at string, text func(field, value string), piece func([]byte)) {
	one := func(fd protoreflect.FieldDescriptor, v protoreflect.Value, at string) {
		switch fd.Kind() {
		case protoreflect.StringKind:
			text(at, v.String())
		case protoreflect.BytesKind:
			piece(v.Bytes())
		case protoreflect.MessageKind:
			walkTexts(v.Message(), at, text, piece)
		default:
		}
	}
	m.Range(func(fd protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		here := at + "." + string(fd.Name())
		switch {
		case fd.IsMap():
			v.Map().Range(func(k protoreflect.MapKey, x protoreflect.Value) bool {
				text(here, k.String())
				one(fd.MapValue(), x, here)
				return true
			})
		case fd.IsList():
			for i := range v.List().Len() {
				one(fd, v.List().Get(i), here)
			}
		default:
			one(fd, v, here)
		}
		return true
	})
}
