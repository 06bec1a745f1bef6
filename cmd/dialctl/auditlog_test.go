package main

import (
	"context"
	"strings"
	"testing"

	"google.golang.org/grpc"

	pb "redial/proto/campaign/v1"
)

const someHash = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

// chained is a server with an audit log.
type chained struct {
	pb.UnimplementedAdminServiceServer
	answers []*pb.VerifyAuditLogResponse
	asked   *pb.VerifyAuditLogRequest
	listed  []*pb.ListAuditLogRequest
}

func (s *chained) VerifyAuditLog(r *pb.VerifyAuditLogRequest, stream grpc.ServerStreamingServer[pb.VerifyAuditLogResponse]) error {
	s.asked = r
	for _, m := range s.answers {
		if err := stream.Send(m); err != nil {
			return err
		}
	}
	return nil
}

func (s *chained) ListAuditLog(_ context.Context, r *pb.ListAuditLogRequest) (*pb.ListAuditLogResponse, error) {
	s.listed = append(s.listed, r)
	if r.GetPageToken() != "" {
		return &pb.ListAuditLogResponse{Entries: []*pb.AuditEntry{{Seq: 1, At: utc("2026-03-02T07:00:00Z"), Action: "erase_by_age", After: `{"leads":3}`}}}, nil
	}
	return &pb.ListAuditLogResponse{NextPageToken: "more", Entries: []*pb.AuditEntry{{Seq: 2, At: utc("2026-03-02T08:00:00Z"), Owner: "mei", Role: pb.Role_ROLE_MANAGER,
		From: "10.0.0.9", Action: "erase_lead", Target: "lead 12", Reason: "asked for it"}}}, nil
}

func TestAuditLogVerifyPrintsWhatToKeepElsewhere(t *testing.T) {
	t.Parallel()
	s := &chained{answers: []*pb.VerifyAuditLogResponse{{Verified: 1000}, {Verified: 1203, Done: true, LastHash: someHash}}}
	code, out, errs := ctl(t, serve(t, fakes{admin: s}), "auditlog", "verify", "--anchor", "12:"+someHash)
	if code != 0 || errs != "" || !strings.Contains(out, "keep this elsewhere: 1203:"+someHash) {
		t.Errorf("exit %d %s%s", code, out, errs)
	}
	if s.asked.GetSeq() != 12 || s.asked.GetHash() != someHash {
		t.Errorf("the anchor came as %v", s.asked)
	}
	if code, _, errs := ctl(t, serve(t, fakes{admin: s}), "auditlog", "verify", "--anchor", "12:zz"); code == 0 || !strings.Contains(errs, "--anchor") {
		t.Errorf("a torn anchor: exit %d %s", code, errs)
	}
}

func TestAuditLogVerifyExits1AtABreak(t *testing.T) {
	t.Parallel()
	s := &chained{answers: []*pb.VerifyAuditLogResponse{{Verified: 6, BrokenAt: 7, Fault: "entry 7 is missing", Done: true, LastHash: someHash}}}
	if code, out, _ := ctl(t, serve(t, fakes{admin: s}), "auditlog", "verify"); code != exitFailed || !strings.HasPrefix(out, "broken at entry 7: entry 7 is missing\n") {
		t.Errorf("exit %d %s", code, out)
	}
	if code, out, _ := ctl(t, serve(t, fakes{admin: s}), "auditlog", "verify", "--json"); code != exitFailed || objects(t, out)[0]["broken_at"] != 7.0 {
		t.Errorf("as JSON: exit %d %s", code, out)
	}
	s.answers = s.answers[:0]
	if code, _, errs := ctl(t, serve(t, fakes{admin: s}), "auditlog", "verify"); code != exitFailed || !strings.Contains(errs, "nothing is proven") {
		t.Errorf("broken off: exit %d %s", code, errs)
	}
}

func TestAuditLogListPagesAndFilters(t *testing.T) {
	t.Parallel()
	s := &chained{}
	code, out, errs := ctl(t, serve(t, fakes{admin: s}), "auditlog", "list", "--owner", "mei", "--since", "2026-03-01T00:00:00Z")
	if code != 0 || errs != "" || !strings.Contains(out, "erase_lead") || !strings.Contains(out, "the server") {
		t.Errorf("exit %d\n%s%s", code, out, errs)
	}
	if r := s.listed[1]; r.GetOwner() != "mei" || r.GetPageToken() != "more" || r.GetSince() == nil {
		t.Errorf("the second page was asked for by %v", r)
	}
	if _, out, _ := ctl(t, serve(t, fakes{admin: s}), "auditlog", "list", "--limit", "1", "--json"); len(objects(t, out)) != 1 {
		t.Errorf("one entry: %s", out)
	}
}
