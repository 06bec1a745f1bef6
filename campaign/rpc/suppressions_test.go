package rpc_test

import (
	"bufio"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc"

	"redial/campaign"
	"redial/campaign/rpc"
	pb "redial/proto/campaign/v1"
)

// numberFiles reads a number a line.
type numberFiles struct{}

func (numberFiles) Numbers(r io.ReaderAt, size int64, name, _, region string) (iter.Seq2[campaign.NumberRow, error], error) {
	if strings.HasSuffix(name, ".pdf") {
		return nil, campaign.Invalid("file", "is no list")
	}
	return func(yield func(campaign.NumberRow, error) bool) {
		lines := bufio.NewScanner(io.NewSectionReader(r, 0, size))
		for n := 1; lines.Scan(); n++ {
			row := campaign.NumberRow{Line: n}
			if p, err := readNumber(lines.Text(), region); err != nil {
				row.Faults = []campaign.Fault{{Value: lines.Text(), Message: "is no number"}}
			} else {
				row.Phones = []campaign.Phone{p.Phone}
			}
			if !yield(row, nil) {
				return
			}
		}
	}, nil
}

// numbersSent is a stream whose client has sent everything.
type numbersSent struct {
	grpc.ServerStream
	ctx  context.Context
	in   []*pb.ImportSuppressionsRequest
	told []*pb.ImportSuppressionsResponse
}

func (s *numbersSent) Context() context.Context { return s.ctx }

func (s *numbersSent) Recv() (*pb.ImportSuppressionsRequest, error) {
	if len(s.in) == 0 {
		return nil, io.EOF
	}
	m := s.in[0]
	s.in = s.in[1:]
	return m, nil
}

func (s *numbersSent) Send(m *pb.ImportSuppressionsResponse) error {
	s.told = append(s.told, m)
	return nil
}

func importing(ctx context.Context, s *rpc.SuppressionServer, f *pb.SuppressionFile, pieces ...string) (*numbersSent, error) {
	stream := &numbersSent{ctx: ctx, in: []*pb.ImportSuppressionsRequest{{Part: &pb.ImportSuppressionsRequest_Begin{Begin: f}}}}
	for _, p := range pieces {
		stream.in = append(stream.in, &pb.ImportSuppressionsRequest{Part: &pb.ImportSuppressionsRequest_Piece{Piece: []byte(p)}})
	}
	return stream, s.ImportSuppressions(stream)
}

func TestAnImportOfSuppressionsTellsHowFarItIs(t *testing.T) {
	b := setup(t, "+8613800138001", "+8613800138002")
	ctx := campaign.WithCaller(t.Context(), campaign.Caller{Owner: "boss", Role: campaign.RoleManager})
	var file strings.Builder
	for i := range 2500 {
		fmt.Fprintf(&file, "+86139%08d\n", i)
	}
	for i := range 450 {
		fmt.Fprintf(&file, "x%d\n", i)
	}
	file.WriteString("13800138001\n")
	text := file.String()
	f := &pb.SuppressionFile{Name: "register.csv", Region: "CN"}
	s, err := importing(ctx, b.suppressions, f, text[:1000], text[1000:])
	if err != nil {
		t.Fatal(err)
	}
	var problems int
	var rows []int64
	for i, m := range s.told {
		if n := len(m.GetProblems()); n > 200 {
			t.Errorf("an answer has %d problems", n)
		}
		problems += len(m.GetProblems())
		rows = append(rows, m.GetRows())
		if m.GetDone() != (i == len(s.told)-1) {
			t.Errorf("answer %d of %d: done is %v", i, len(s.told), m.GetDone())
		}
	}
	last := s.told[len(s.told)-1]
	if problems != 450 || last.GetRows() != 2951 || last.GetSuppressed() != 2501 || last.GetKnown() != 0 || len(rows) < 4 || !slices.IsSorted(rows) {
		t.Fatalf("%d problems, rows %v, last %v", problems, rows, last)
	}
	again := must[*numbersSent](t)(importing(ctx, b.suppressions, f, text))
	if last := again.told[len(again.told)-1]; last.GetSuppressed() != 2501 || last.GetKnown() != 2501 {
		t.Fatalf("again %v", last)
	}
	found := must[[]campaign.AuditEntry](t)(b.AuditLog(ctx, campaign.AuditQuery{Action: "import_suppressions"}))
	if len(found) != 2 || !strings.Contains(found[1].After, `"numbers":2501`) || strings.Contains(found[1].After, "138001") {
		t.Fatalf("audit log %+v", found)
	}
	listed := must[*pb.ListSuppressionsResponse](t)(b.suppressions.ListSuppressions(ctx, &pb.ListSuppressionsRequest{PageSize: 1, Source: "register.csv"}))
	if x := listed.GetSuppressions(); len(x) != 1 || x[0].GetPhone() != "+8613800138001" || x[0].GetScope() != pb.SuppressionScope_SUPPRESSION_SCOPE_SYSTEM {
		t.Fatalf("listed %v", x)
	}
	if place, err := base64.RawURLEncoding.DecodeString(listed.GetNextPageToken()); err != nil || strings.Contains(string(place), "13800138001") || strings.Contains(string(place), "+86") {
		t.Errorf("the page token tells a number: %q, %v", place, err)
	}
	next := must[*pb.ListSuppressionsResponse](t)(b.suppressions.ListSuppressions(ctx, &pb.ListSuppressionsRequest{PageSize: 1, Source: "register.csv", PageToken: listed.GetNextPageToken()}))
	if x := next.GetSuppressions(); len(x) != 1 || x[0].GetPhone() != "+8613900000000" {
		t.Fatalf("then %v", x)
	}
}

func TestAnImportOfSuppressionsIsRefused(t *testing.T) {
	b := setup(t, "+8613800138001")
	boss := campaign.WithCaller(t.Context(), campaign.Caller{Owner: "boss", Role: campaign.RoleManager})
	bound := campaign.WithCaller(t.Context(), campaign.Caller{Owner: "ann", Role: campaign.RoleManager, Campaigns: []campaign.CampaignID{b.campaign.ID + 1}})
	b.suppressions.WithLargest(10)
	of := pb.SuppressionScope_SUPPRESSION_SCOPE_CAMPAIGN
	for name, try := range map[string]struct {
		ctx   context.Context
		file  *pb.SuppressionFile
		text  string
		kind  campaign.Kind
		field string
	}{
		"no beginning":  {boss, nil, "", campaign.KindInvalid, "begin"},
		"no name":       {boss, &pb.SuppressionFile{}, "", campaign.KindInvalid, "begin.name"},
		"no list":       {boss, &pb.SuppressionFile{Name: "a.pdf"}, "", campaign.KindInvalid, "file"},
		"too large":     {boss, &pb.SuppressionFile{Name: "a.csv"}, "+8613800138001", campaign.KindExhausted, ""},
		"no campaign":   {boss, &pb.SuppressionFile{Name: "a.csv", Scope: of}, "", campaign.KindInvalid, "campaign_id"},
		"not there":     {boss, &pb.SuppressionFile{Name: "a.csv", Scope: of, CampaignId: 99}, "", campaign.KindNotFound, ""},
		"no country":    {boss, &pb.SuppressionFile{Name: "a.csv", Scope: pb.SuppressionScope_SUPPRESSION_SCOPE_COUNTRY, Country: "XX"}, "", campaign.KindInvalid, "country"},
		"everywhere":    {bound, &pb.SuppressionFile{Name: "a.csv"}, "", campaign.KindDenied, ""},
		"not the own":   {bound, &pb.SuppressionFile{Name: "a.csv", Scope: of, CampaignId: int64(b.campaign.ID)}, "", campaign.KindNotFound, ""},
		"a long reason": {boss, &pb.SuppressionFile{Name: "a.csv", Reason: strings.Repeat("x", 65)}, "", campaign.KindInvalid, "reason"},
	} {
		_, err := importing(try.ctx, b.suppressions, try.file, try.text)
		if campaign.KindOf(err) != try.kind {
			t.Errorf("%s: %v", name, err)
		}
		if try.field != "" && !strings.Contains(err.Error(), try.field) {
			t.Errorf("%s: %v does not name %s", name, err, try.field)
		}
	}
	if got := must[[]campaign.Suppression](t)(b.Suppressions(boss, campaign.SuppressionFilter{})); len(got) != 0 {
		t.Fatalf("suppressed %v", got)
	}
}

func TestChecksAreOfTheCampaignThatAsks(t *testing.T) {
	b := setup(t, "+8613800138001")
	ctx := campaign.WithCaller(t.Context(), campaign.Caller{Owner: "boss", Role: campaign.RoleManager})
	id := int64(b.campaign.ID)
	inOne := &pb.SuppressRequest{Phone: "+8613800138001", Scope: pb.SuppressionScope_SUPPRESSION_SCOPE_CAMPAIGN, CampaignId: id, Source: "crm", Reason: "complaint"}
	got := must[*pb.SuppressResponse](t)(b.suppressions.Suppress(ctx, inOne)).GetSuppression()
	if got.GetCampaignId() != id || got.GetSource() != "crm" || got.GetScope() != inOne.GetScope() {
		t.Fatalf("got %v", got)
	}
	must[*pb.SuppressResponse](t)(b.suppressions.Suppress(ctx, &pb.SuppressRequest{Phone: "+33612345678", Scope: pb.SuppressionScope_SUPPRESSION_SCOPE_COUNTRY, Country: "CN"}))
	must[*pb.SuppressResponse](t)(b.suppressions.Suppress(ctx, &pb.SuppressRequest{Phone: "+33612345679", Scope: pb.SuppressionScope_SUPPRESSION_SCOPE_COUNTRY, Country: "FR"}))
	phones := []string{"+8613800138001", "+33612345678", "+33612345679"}
	for campaignID, want := range map[int64][3]bool{0: {false, false, true}, id: {true, true, true}} {
		r := must[*pb.CheckResponse](t)(b.suppressions.Check(ctx, &pb.CheckRequest{Phones: phones, CampaignId: campaignID}))
		for i, x := range r.GetResults() {
			if (x.GetSuppression() != nil) != want[i] {
				t.Errorf("campaign %d: %s is %v", campaignID, x.GetPhone(), x.GetSuppression())
			}
		}
	}
	_, err := b.suppressions.Lift(ctx, &pb.LiftRequest{Phone: "+8613800138001", Reason: "a mistake"})
	if campaign.KindOf(err) != campaign.KindNotFound {
		t.Fatalf("lifted elsewhere: %v", err)
	}
	must[*pb.LiftResponse](t)(b.suppressions.Lift(ctx, &pb.LiftRequest{Phone: "+8613800138001", Reason: "a mistake", Scope: inOne.GetScope(), CampaignId: id}))
}

func TestWhoSeesMaskedNumbersSuppressesByTheLead(t *testing.T) {
	t.Parallel()
	b := setup(t, fullNumber)
	b.masked(t)
	id := int64(b.lead(t, 0).ID)
	ctx := as(t, campaign.Caller{Owner: "sue", Role: campaign.RoleSupervisor})
	got := must[*pb.SuppressResponse](t)(b.suppressions.Suppress(ctx, &pb.SuppressRequest{LeadId: id, Number: 1, Reason: "asked"}))
	if got.GetSuppression().GetPhone() != hiddenNumber || got.GetLeads() != 1 {
		t.Errorf("answered %v", got)
	}
	if l := b.lead(t, 0); l.State != campaign.LeadSuppressed {
		t.Errorf("the lead is %s", l.State)
	}
	for name, r := range map[string]*pb.SuppressRequest{
		"number": {LeadId: id, Number: 2}, "phone": {LeadId: id, Phone: fullNumber},
	} {
		_, err := b.suppressions.Suppress(ctx, r)
		refused(t, name, err, campaign.KindInvalid, name)
	}
	_, err := b.suppressions.Suppress(as(t, campaign.Caller{Role: campaign.RoleSupervisor, Campaigns: []campaign.CampaignID{99}}), &pb.SuppressRequest{LeadId: id})
	refused(t, "another campaign's lead", err, campaign.KindNotFound, "")
	lifted := must[*pb.LiftResponse](t)(b.suppressions.Lift(ctx, &pb.LiftRequest{LeadId: id, Reason: "a mistake"}))
	if lifted.GetSuppression().GetPhone() != hiddenNumber || b.lead(t, 0).State == campaign.LeadSuppressed {
		t.Errorf("lifted %v, the lead is %s", lifted, b.lead(t, 0).State)
	}
	may := as(t, campaign.Caller{Owner: "eve", Role: campaign.RoleManager, Permissions: []campaign.Permission{campaign.PermitNumbers}})
	got = must[*pb.SuppressResponse](t)(b.suppressions.Suppress(may, &pb.SuppressRequest{LeadId: id}))
	if got.GetSuppression().GetPhone() != fullNumber || len(b.deeds(t, "read_numbers")) != 1 {
		t.Errorf("who may see the number is answered %v", got)
	}
}
