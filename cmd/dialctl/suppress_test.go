package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/grpc"

	pb "redial/proto/campaign/v1"
)

// suppressor takes files in and tells of them in two answers.
type suppressor struct {
	pb.UnimplementedSuppressionServiceServer
	begin *pb.SuppressionFile
	file  strings.Builder
	cut   bool
}

func (s *suppressor) ImportSuppressions(stream grpc.BidiStreamingServer[pb.ImportSuppressionsRequest, pb.ImportSuppressionsResponse]) error {
	for {
		m, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if b := m.GetBegin(); b != nil {
			s.begin = b
		}
		s.file.Write(m.GetPiece())
	}
	if err := stream.Send(&pb.ImportSuppressionsResponse{Rows: 2, Suppressed: 1, Problems: []*pb.SuppressionProblem{{Line: 2, Value: "x", Message: "is no number"}}}); err != nil {
		return err
	}
	if s.cut {
		return nil
	}
	return stream.Send(&pb.ImportSuppressionsResponse{Rows: 3, Suppressed: 2, Known: 1, Revoked: 1, Done: true})
}

func TestSuppressImportSendsTheFileAndTellsOfIt(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "register.csv")
	text := strings.Repeat("+8613800138000\n", 80_000)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s := &suppressor{}
	dial := serve(t, fakes{suppressions: s})
	code, out, errs := ctl(t, dial, "suppress", "import", path, "--country", "fr", "--source", "bloctel", "--column", "tel", "--region", "CN")
	if code != exitFailed || !strings.Contains(errs, "1 number could not be read") {
		t.Errorf("exit %d, %s", code, errs)
	}
	same(t, "suppress import", out, "line 2: \"x\": is no number\n3 rows read; 2 numbers are in force, 1 of them before; 1 card was taken back from agents\n")
	b := s.begin
	if b.GetName() != "register.csv" || b.GetCountry() != "FR" || b.GetScope() != pb.SuppressionScope_SUPPRESSION_SCOPE_COUNTRY || b.GetSource() != "bloctel" ||
		b.GetColumn() != "tel" || b.GetRegion() != "CN" {
		t.Errorf("begun with %v", b)
	}
	if s.file.String() != text {
		t.Errorf("%d bytes came of %d", s.file.Len(), len(text))
	}
	if code, _, errs = ctl(t, dial, "suppress", "import", path, "--country", "FR", "--campaign", "spring"); code != exitUsage || !strings.Contains(errs, "not both") {
		t.Errorf("exit %d, %s", code, errs)
	}
	s.cut = true
	if code, _, errs = ctl(t, dial, "suppress", "import", path); code != exitFailed || !strings.Contains(errs, "give the file again") {
		t.Errorf("cut: exit %d, %s", code, errs)
	}
}
