package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"redial/campaign"
	pb "redial/proto/campaign/v1"
	schedulerv1 "redial/proto/scheduler/v1"
)

type auditor struct {
	pb.UnimplementedAdminServiceServer
	breaches int
	broken   bool
}

func (s auditor) Audit(_ *pb.AuditRequest, stream grpc.ServerStreamingServer[pb.AuditResponse]) error {
	for range s.breaches {
		if err := stream.Send(&pb.AuditResponse{Item: &pb.AuditResponse_Breach{Breach: &pb.Breach{
			Invariant: "I3", LeadId: 5, AssignmentId: 9, At: utc("2026-03-02T07:00:00Z"), Detail: "4 calls on a day that allows 3",
		}}}); err != nil {
			return err
		}
	}
	if s.broken {
		return nil
	}
	return stream.Send(&pb.AuditResponse{Item: &pb.AuditResponse_Summary{Summary: &pb.AuditSummary{
		Leads: 10, Attempts: 4, Breaches: int64(s.breaches), Invariants: []string{"I1", "I3"},
	}}})
}

func TestAuditExits1WithEachBreach(t *testing.T) {
	t.Parallel()
	dial := serve(t, fakes{admin: auditor{breaches: 2}})
	code, out, errs := ctl(t, dial, "audit")
	if code != exitFailed || errs != "" {
		t.Errorf("exit %d %s", code, errs)
	}
	line := "I3 lead 5 assignment 9 at 2026-03-02T07:00:00Z: 4 calls on a day that allows 3\n"
	same(t, "audit", out, line+line+"2 breaches in 10 leads, 4 attempts, 0 promises; checked I1 I3\n")
	_, out, _ = ctl(t, dial, "audit", "--json")
	if all := objects(t, out); len(all) != 3 || all[0]["invariant"] != "I3" || all[0]["lead"] != 5.0 || all[2]["breaches"] != 2.0 {
		t.Errorf("as JSON: %s", out)
	}
	if code, out, _ := ctl(t, serve(t, fakes{admin: auditor{}}), "audit"); code != 0 || !strings.HasPrefix(out, "0 breaches") {
		t.Errorf("clean: exit %d %s", code, out)
	}
	if code, _, errs := ctl(t, serve(t, fakes{admin: auditor{broken: true}}), "audit"); code != exitFailed || !strings.Contains(errs, "nothing is proven") {
		t.Errorf("broken off: exit %d %s", code, errs)
	}
}

type reporter struct {
	pb.UnimplementedReportServiceServer
	asked *pb.ReportQuery
	cut   bool
}

func (s *reporter) GetReport(_ context.Context, r *pb.GetReportRequest) (*pb.GetReportResponse, error) {
	s.asked = r.GetQuery()
	row := func(key string, attempts, connects float64) *pb.ReportRow {
		rate := &pb.Figure{Name: "connect_rate", Numerator: connects, Denominator: attempts}
		if attempts > 0 {
			rate.Value = new(connects / attempts)
		}
		return &pb.ReportRow{Key: key, Figures: []*pb.Figure{{Name: "attempts", Value: &attempts, Numerator: attempts}, rate}}
	}
	q := s.asked
	q.Zone = "Asia/Shanghai"
	return &pb.GetReportResponse{Report: &pb.Report{
		Query: q, From: utc("2026-03-01T16:00:00Z"), To: utc("2026-03-03T16:00:00Z"), At: utc("2026-03-04T00:00:00Z"),
		Definitions: []*pb.Definition{{Name: "attempts", Label: "Attempts", Unit: "calls", Formula: "calls placed"},
			{Name: "connect_rate", Label: "Connect rate", Unit: "ratio", Formula: "connects / attempts", Denominator: "attempts"}},
		Rows: []*pb.ReportRow{row("2026-03-02", 8, 2), row("2026-03-03", 0, 0)}, Total: row("total", 8, 2),
	}}, nil
}

func (s *reporter) ExportReport(_ *pb.ExportReportRequest, stream grpc.ServerStreamingServer[pb.ExportReportResponse]) error {
	for _, part := range []string{"a,b\n", "1,2\n"} {
		if err := stream.Send(&pb.ExportReportResponse{Data: []byte(part)}); err != nil {
			return err
		}
	}
	if s.cut {
		return status.Error(codes.Unavailable, "cut")
	}
	return nil
}

func TestReportStatesItsFiguresAndFormulas(t *testing.T) {
	t.Parallel()
	s := &reporter{}
	dial := serve(t, fakes{reports: s, campaigns: &campaigns{}})
	code, out, _ := ctl(t, dial, "report", "day", "--campaign", "spring", "--from", "2026-03-02", "--to", "2026-03-03")
	if code != 0 || s.asked.GetCampaignId() != 4 || s.asked.GetFrom() != "2026-03-02" || s.asked.GetKind() != pb.ReportKind_REPORT_KIND_DAY {
		t.Errorf("exit %d, asked %v", code, s.asked)
	}
	same(t, "report", out, `report    day
from      2026-03-02 00:00 CST (2026-03-01T16:00:00Z)
to        2026-03-04 00:00 CST (2026-03-03T16:00:00Z)
zone      Asia/Shanghai
computed  2026-03-04 08:00 CST (2026-03-04T00:00:00Z)

FIGURE        2026-03-02  2026-03-03  TOTAL   HOW IT IS MADE
Attempts      8           0           8       calls placed
Connect rate  25.0 %      -           25.0 %  connects / attempts
`)
	_, out, _ = ctl(t, dial, "report", "--json")
	o := objects(t, out)[0]
	total := o["total"].(map[string]any)["figures"].(map[string]any)
	second := o["rows"].([]any)[1].(map[string]any)["figures"].(map[string]any)
	if o["kind"] != "campaign" || total["attempts"] != 8.0 || total["connect_rate"] != 0.25 || second["connect_rate"] != nil {
		t.Errorf("as JSON: %s", out)
	}
}

func TestAFileThatBrokeOffIsNotLeftBehind(t *testing.T) {
	t.Parallel()
	s := &reporter{}
	dial := serve(t, fakes{reports: s})
	path := filepath.Join(t.TempDir(), "r.csv")
	if code, out, _ := ctl(t, dial, "report", "--csv", path); code != 0 || out != "saved "+path+"\n" {
		t.Errorf("exit %d %s", code, out)
	}
	if raw, err := os.ReadFile(path); err != nil || string(raw) != "a,b\n1,2\n" {
		t.Errorf("%q %v", raw, err)
	}
	s.cut = true
	other := filepath.Join(t.TempDir(), "r.csv")
	if code, _, _ := ctl(t, dial, "report", "--csv", other); code != exitFailed {
		t.Errorf("cut: exit %d", code)
	}
	if left, _ := filepath.Glob(filepath.Dir(other) + "/*"); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	s.cut = false
	if _, out, _ := ctl(t, dial, "report", "--csv", "-"); out != "a,b\n1,2\n" {
		t.Errorf("standard output: %q", out)
	}
}

type explainer struct {
	schedulerv1.UnimplementedScheduleServiceServer
	asked *schedulerv1.ExplainLeadRequest
}

func (s *explainer) ExplainLead(_ context.Context, r *schedulerv1.ExplainLeadRequest) (*schedulerv1.ExplainLeadResponse, error) {
	s.asked = r
	if r.GetLeadId() > 100 {
		return nil, campaign.NotFound("lead", r.GetLeadId())
	}
	return &schedulerv1.ExplainLeadResponse{
		Lead: &pb.Lead{Id: 5, Name: "Ann", State: pb.LeadState_LEAD_STATE_OPEN, Zones: []string{"Asia/Shanghai"}}, Now: utc("2026-03-02T07:00:00Z"),
		Plan:    &pb.Plan{Verdict: pb.Verdict_VERDICT_CALL, At: utc("2026-03-02T08:00:00Z"), Reason: "interval"},
		Gates:   []*pb.Gate{{Name: "campaign", Open: true}, {Name: "interval", OpensAt: utc("2026-03-02T08:00:00Z"), Detail: "4 h after the last call"}},
		Binding: "interval", OpensAt: utc("2026-03-02T08:00:00Z"),
	}, nil
}

func TestExplainTellsWhichGateBinds(t *testing.T) {
	t.Parallel()
	s := &explainer{}
	dial := serve(t, fakes{schedule: s, campaigns: &campaigns{}})
	_, out, _ := ctl(t, dial, "explain", "5")
	same(t, "explain", out, `lead            5 Ann
state           open
now             2026-03-02 15:00 CST (2026-03-02T07:00:00Z)
may be offered  no: interval, until 2026-03-02 16:00 CST (2026-03-02T08:00:00Z)
plan            call at 2026-03-02 16:00 CST (2026-03-02T08:00:00Z), reason interval

GATE      NOW     OPENS                                        WHY
campaign  open
interval  closed  2026-03-02 16:00 CST (2026-03-02T08:00:00Z)  4 h after the last call  binds
`)
	ctl(t, dial, "explain", "+8613800138000")
	if s.asked.GetNumber() != "+8613800138000" || s.asked.GetLeadId() != 0 {
		t.Errorf("asked %v", s.asked)
	}
	ctl(t, dial, "explain", "13800138000", "--campaign", "spring")
	if s.asked.GetNumber() != "13800138000" || s.asked.GetCampaignId() != 4 {
		t.Errorf("asked %v", s.asked)
	}
}
