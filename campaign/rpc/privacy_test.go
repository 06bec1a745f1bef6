package rpc_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"google.golang.org/grpc"

	"redial/campaign"
	pb "redial/proto/campaign/v1"
)

// asked is a context as a request's is: grpc tells its method.
type asked struct{ grpc.ServerTransportStream }

func (asked) Method() string { return "/campaign.v1.LeadService/Test" }

func as(t *testing.T, c campaign.Caller) context.Context {
	c.Token, c.From = 7, "10.0.0.9"
	if c.Owner == "" {
		c.Owner = "mei"
	}
	return grpc.NewContextWithServerTransportStream(campaign.WithCaller(t.Context(), c), asked{})
}

// pieces is a stream of messages that a test reads afterwards.
type pieces[T any] struct {
	grpc.ServerStream
	ctx context.Context
	all []*T
}

func (p *pieces[T]) Context() context.Context { return p.ctx }

func (p *pieces[T]) Send(m *T) error {
	p.all = append(p.all, m)
	return nil
}

// deeds are the entries of an action, newest first.
func (b *bench) deeds(t *testing.T, action string) []campaign.AuditEntry {
	t.Helper()
	return must[[]campaign.AuditEntry](t)(b.AuditLog(t.Context(), campaign.AuditQuery{Action: action}))
}

const (
	fullNumber   = "+8613800000001"
	hiddenNumber = "+86•••••••••01"
)

// masked has the campaign mask numbers, by way of the service.
func (b *bench) masked(t *testing.T) {
	t.Helper()
	ctx := as(t, campaign.Caller{Role: campaign.RoleManager})
	got, err := b.campaigns.UpdateCampaign(ctx, &pb.UpdateCampaignRequest{
		Campaign: &pb.Campaign{Id: int64(b.campaign.ID), Version: b.campaign.Version, MaskNumbers: true}, UpdateMask: mask("mask_numbers")})
	if err != nil || !got.GetCampaign().GetMaskNumbers() {
		t.Fatalf("masked: %v, %v", got, err)
	}
	if log := b.deeds(t, "update_campaign"); len(log) != 1 || log[0].Owner != "mei" || log[0].From != "10.0.0.9" || log[0].Token != 7 ||
		log[0].Before != `{"mask_numbers":false}` || log[0].After != `{"mask_numbers":true}` {
		t.Errorf("the deed of a caller is told as %+v", log)
	}
}

func TestNumbersOfACampaignThatMasksAreSeenByPermissionAlone(t *testing.T) {
	t.Parallel()
	b := setup(t, fullNumber)
	b.call(t, b.lead(t, 0).ID, campaign.NoAnswer, nil)
	b.masked(t)
	id := int64(b.lead(t, 0).ID)
	for _, c := range []struct {
		caller  campaign.Caller
		want    string
		entries int // of one GetLead and one FindLeads
	}{
		{campaign.Caller{Role: campaign.RoleManager}, hiddenNumber, 0},
		{campaign.Caller{Role: campaign.RoleManager, Permissions: []campaign.Permission{campaign.PermitPrivacy}}, hiddenNumber, 0},
		{campaign.Caller{Role: campaign.RoleManager, Permissions: []campaign.Permission{campaign.PermitNumbers}}, fullNumber, 2},
		{campaign.Caller{Role: campaign.RoleAdmin}, fullNumber, 2},
	} {
		ctx, before := as(t, c.caller), len(b.deeds(t, "read_numbers"))
		got := must[*pb.GetLeadResponse](t)(b.leads.GetLead(ctx, &pb.GetLeadRequest{Id: id}))
		if n := got.GetLead().GetNumbers()[0].GetPhone(); n != c.want || got.GetAttempts()[0].GetNumber() != c.want || got.GetTries()[0].GetNumber() != c.want {
			t.Errorf("%+v reads %v", c.caller, got)
		}
		if text := got.String(); c.want == hiddenNumber && strings.Contains(text, "13800000001") {
			t.Errorf("%+v finds the number somewhere in %s", c.caller, text)
		}
		found := must[*pb.FindLeadsResponse](t)(b.leads.FindLeads(ctx, &pb.FindLeadsRequest{CampaignId: int64(b.campaign.ID)}))
		if n := found.GetLeads()[0].GetNumbers()[0].GetPhone(); n != c.want {
			t.Errorf("%+v finds %s", c.caller, n)
		}
		if n := len(b.deeds(t, "read_numbers")) - before; n != c.entries {
			t.Errorf("%+v: %d entries in the audit log, want %d", c.caller, n, c.entries)
		}
	}
}

func TestNumbersAreRevealedForAReasonThatIsKept(t *testing.T) {
	t.Parallel()
	b := setup(t, fullNumber)
	b.masked(t)
	id := int64(b.lead(t, 0).ID)
	_, err := b.leads.RevealNumbers(as(t, campaign.Caller{Role: campaign.RoleManager}), &pb.RevealNumbersRequest{Id: id, Reason: "to call back"})
	refused(t, "without the permission", err, campaign.KindDenied, "")
	may := as(t, campaign.Caller{Role: campaign.RoleManager, Permissions: []campaign.Permission{campaign.PermitNumbers}})
	_, err = b.leads.RevealNumbers(may, &pb.RevealNumbersRequest{Id: id})
	refused(t, "without a reason", err, campaign.KindInvalid, "reason")
	if n := len(b.deeds(t, "reveal_numbers")); n != 0 {
		t.Errorf("%d entries of what was refused", n)
	}
	got := must[*pb.RevealNumbersResponse](t)(b.leads.RevealNumbers(may, &pb.RevealNumbersRequest{Id: id, Reason: "to call back"}))
	log := b.deeds(t, "reveal_numbers")
	if got.GetNumbers()[0].GetPhone() != fullNumber || len(log) != 1 || log[0].Reason != "to call back" || log[0].Target != fmt.Sprint("lead ", id) {
		t.Errorf("%v, told as %+v", got, log)
	}
}

func TestAPersonIsExportedAndErasedByPermissionAlone(t *testing.T) {
	t.Parallel()
	b := setup(t, fullNumber)
	b.call(t, b.lead(t, 0).ID, campaign.NoAnswer, nil)
	id := int64(b.lead(t, 0).ID)
	not := as(t, campaign.Caller{Role: campaign.RoleManager, Permissions: []campaign.Permission{campaign.PermitNumbers}})
	may := as(t, campaign.Caller{Role: campaign.RoleManager, Permissions: []campaign.Permission{campaign.PermitPrivacy}})
	refused(t, "an export", b.leads.ExportPerson(&pb.ExportPersonRequest{LeadId: id}, &pieces[pb.ExportPersonResponse]{ctx: not}), campaign.KindDenied, "")
	_, err := b.leads.EraseLead(not, &pb.EraseLeadRequest{Id: id, Reason: "asked"})
	refused(t, "an erase", err, campaign.KindDenied, "")
	refused(t, "two names", b.leads.ExportPerson(&pb.ExportPersonRequest{LeadId: id, Number: fullNumber}, &pieces[pb.ExportPersonResponse]{ctx: may}), campaign.KindInvalid, "lead_id")

	out := &pieces[pb.ExportPersonResponse]{ctx: may}
	if err := b.leads.ExportPerson(&pb.ExportPersonRequest{Number: fullNumber}, out); err != nil {
		t.Fatal(err)
	}
	var text []byte
	for _, p := range out.all {
		text = append(text, p.GetPiece()...)
	}
	var doc map[string][]map[string]any
	text = []byte(strings.Replace(string(text), `"exported_at":"2026-03-02T02:00:00Z"`, `"exported_at":[]`, 1))
	if err := json.Unmarshal(text, &doc); err != nil || len(doc["leads"]) != 1 || doc["leads"][0]["name"] != "Wang A" || len(doc["attempts"]) != 1 {
		t.Errorf("%v: %s", err, text)
	}
	if log := b.deeds(t, "export_person"); len(log) != 1 || log[0].Target != fmt.Sprint("lead ", id) || strings.Contains(log[0].After, "138") {
		t.Errorf("the export is told as %+v", log)
	}
	_, err = b.leads.EraseLead(may, &pb.EraseLeadRequest{Id: id})
	refused(t, "an erase without a reason", err, campaign.KindInvalid, "reason")
	got := must[*pb.EraseLeadResponse](t)(b.leads.EraseLead(may, &pb.EraseLeadRequest{Id: id, Reason: "asked"}))
	if len(got.GetLeadIds()) != 1 || got.GetAttempts() != 1 || !b.heard.wakes(b.campaign.ID) {
		t.Errorf("erased %v", got)
	}
	if log := b.deeds(t, "erase_lead"); len(log) != 1 || log[0].Reason != "asked" || log[0].Owner != "mei" {
		t.Errorf("the erase is told as %+v", log)
	}
	if gone := must[*pb.GetLeadResponse](t)(b.leads.GetLead(may, &pb.GetLeadRequest{Id: id})).GetLead(); !gone.GetErasedAt().AsTime().Equal(monday) {
		t.Errorf("an erased lead does not say so: %v", gone)
	}
}

func TestAnExportStaysWithinTheCallersCampaigns(t *testing.T) {
	t.Parallel()
	b := setup(t, fullNumber)
	spring := b.campaign
	b.campaign = must[campaign.Campaign](t)(b.CreateCampaign(t.Context(), campaign.Campaign{Name: "autumn", Zone: "Asia/Shanghai", Region: "CN", Rules: campaign.DefaultRules(), Floor: campaign.DefaultFloor()}))
	theirs := must[[]campaign.Lead](t)(b.FindLeads(t.Context(), campaign.LeadFilter{List: b.load(t, fullNumber)}))[0]
	if _, _, err := b.RecordConsent(t.Context(), campaign.Consent{LeadID: theirs.ID, Phone: fullNumber, Scopes: []campaign.ConsentScope{"hours"}, GivenAt: monday, Proof: "autumn's form"}); err != nil {
		t.Fatal(err)
	}
	must[campaign.Suppressed](t)(b.Suppress(t.Context(), campaign.Suppression{Phone: fullNumber, Campaign: b.campaign.ID, Reason: "autumn's own"}))
	for caller, told := range map[campaign.CampaignID]bool{spring.ID: false, b.campaign.ID: true} {
		out := &pieces[pb.ExportPersonResponse]{ctx: as(t, campaign.Caller{Role: campaign.RoleManager, Campaigns: []campaign.CampaignID{caller},
			Permissions: []campaign.Permission{campaign.PermitPrivacy}})}
		if err := b.leads.ExportPerson(&pb.ExportPersonRequest{Number: fullNumber}, out); err != nil {
			t.Fatal(err)
		}
		var text []byte
		for _, p := range out.all {
			text = append(text, p.GetPiece()...)
		}
		for _, word := range []string{"autumn's form", "autumn's own"} {
			if strings.Contains(string(text), word) != told {
				t.Errorf("a caller of campaign %d is told %q: %v, want %v", caller, word, !told, told)
			}
		}
	}
}

func TestTheAuditLogIsListedInPagesAndVerified(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := as(t, campaign.Caller{Role: campaign.RoleAdmin})
	for i := range 5 {
		if err := b.LogDeed(ctx, "look", fmt.Sprint("lead ", i), nil, ""); err != nil {
			t.Fatal(err)
		}
	}
	first := must[*pb.ListAuditLogResponse](t)(b.admin.ListAuditLog(ctx, &pb.ListAuditLogRequest{Action: "look", PageSize: 3}))
	rest := must[*pb.ListAuditLogResponse](t)(b.admin.ListAuditLog(ctx, &pb.ListAuditLogRequest{Action: "look", PageSize: 3, PageToken: first.GetNextPageToken()}))
	if len(first.GetEntries()) != 3 || len(rest.GetEntries()) != 2 || rest.GetNextPageToken() != "" || first.GetEntries()[0].GetTarget() != "lead 4" || rest.GetEntries()[1].GetTarget() != "lead 0" {
		t.Errorf("pages %v, %v", first, rest)
	}
	_, err := b.admin.ListAuditLog(ctx, &pb.ListAuditLogRequest{Owner: "x", PageToken: first.GetNextPageToken()})
	refused(t, "another query's page", err, campaign.KindInvalid, "page_token")

	out := &pieces[pb.VerifyAuditLogResponse]{ctx: ctx}
	kept := first.GetEntries()[1]
	if err := b.admin.VerifyAuditLog(&pb.VerifyAuditLogRequest{Seq: kept.GetSeq(), Hash: kept.GetHash()}, out); err != nil {
		t.Fatal(err)
	}
	if last := out.all[len(out.all)-1]; !last.GetDone() || last.GetBrokenAt() != 0 || last.GetVerified() != first.GetEntries()[0].GetSeq() || last.GetLastHash() != first.GetEntries()[0].GetHash() {
		t.Errorf("verified: %v", last)
	}
	out = &pieces[pb.VerifyAuditLogResponse]{ctx: ctx}
	if err := b.admin.VerifyAuditLog(&pb.VerifyAuditLogRequest{Seq: kept.GetSeq(), Hash: strings.Repeat("0", 64)}, out); err != nil {
		t.Fatal(err)
	}
	if last := out.all[len(out.all)-1]; last.GetBrokenAt() != kept.GetSeq() || !strings.Contains(last.GetFault(), "kept elsewhere") {
		t.Errorf("with another hash: %v", last)
	}
	for field, r := range map[string]*pb.VerifyAuditLogRequest{"seq": {Seq: -1, Hash: "x"}, "hash": {Seq: 1, Hash: "zz"}} {
		refused(t, field, b.admin.VerifyAuditLog(r, &pieces[pb.VerifyAuditLogResponse]{ctx: ctx}), campaign.KindInvalid, field)
	}
}

func TestListsOfBadDataAreMaskedToo(t *testing.T) {
	t.Parallel()
	b := setup(t, fullNumber)
	b.call(t, b.lead(t, 0).ID, campaign.VacantNumber, nil)
	b.masked(t)
	u := must[campaign.Upload](t)(b.BeginUpload(t.Context(), campaign.Upload{CampaignID: b.campaign.ID, FileName: "bad.csv"}, ""))
	must[int64](t)(b.AppendPiece(t.Context(), u.ID, 0, []byte("x")))
	u = must[campaign.Upload](t)(b.CommitUpload(t.Context(), u.ID, nil, 1))
	must[campaign.Tally](t)(b.ImportRows(t.Context(), campaign.ImportBatch{Upload: u.ID, List: u.ListID, RowsDone: 1, Headings: []string{"phone"},
		Problems: []campaign.Problem{{Line: 2, Column: "phone", Value: "138 0000 0001", Reason: "bad_phone", Message: "138 0000 0001 is short", Row: []string{"138 0000 0001"}}}}))
	must[campaign.Upload](t)(b.FinishImport(t.Context(), u.ID))
	for _, c := range []struct {
		caller      campaign.Caller
		bad, typed  string
		readEntries int
	}{
		{campaign.Caller{Role: campaign.RoleManager}, hiddenNumber, "••• •••• ••01", 0},
		{campaign.Caller{Role: campaign.RoleAdmin}, fullNumber, "138 0000 0001", 2},
	} {
		ctx := as(t, c.caller)
		bad := must[*pb.ListBadDataResponse](t)(b.reports.ListBadData(ctx, &pb.ListBadDataRequest{ListId: int64(b.list)}))
		if n := bad.GetNumbers()[0].GetNumber(); n != c.bad {
			t.Errorf("%s: bad number %s", c.caller.Role, n)
		}
		rows := must[*pb.ListProblemsResponse](t)(b.lists.ListProblems(ctx, &pb.ListProblemsRequest{ListId: int64(u.ListID)}))
		if p := rows.GetProblems()[0]; p.GetValue() != c.typed || p.GetMessage() != c.typed+" is short" {
			t.Errorf("%s: problem %v", c.caller.Role, p)
		}
		if n := len(b.deeds(t, "read_numbers")); n != c.readEntries {
			t.Errorf("%s: %d entries, want %d", c.caller.Role, n, c.readEntries)
		}
	}
}
