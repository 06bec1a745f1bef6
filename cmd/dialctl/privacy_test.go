package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/grpc"

	"redial/campaign"
	pb "redial/proto/campaign/v1"
)

// persons is a server that holds one person, lead 5.
type persons struct {
	pb.UnimplementedLeadServiceServer
	erased *pb.EraseLeadRequest
}

func (s *persons) ExportPerson(r *pb.ExportPersonRequest, stream grpc.ServerStreamingServer[pb.ExportPersonResponse]) error {
	if r.GetLeadId() != 5 && r.GetNumber() != "+8613800000001" {
		return &campaign.Error{Kind: campaign.KindNotFound, Message: "nothing is held on such a person"}
	}
	for _, piece := range []string{`{"leads":[{"na`, `me":"王"}]}`} {
		if err := stream.Send(&pb.ExportPersonResponse{Piece: []byte(piece)}); err != nil {
			return err
		}
	}
	return nil
}

func (s *persons) EraseLead(_ context.Context, r *pb.EraseLeadRequest) (*pb.EraseLeadResponse, error) {
	s.erased = r
	return &pb.EraseLeadResponse{LeadIds: []int64{5, 9}, Attempts: 3}, nil
}

func (s *persons) RevealNumbers(_ context.Context, r *pb.RevealNumbersRequest) (*pb.RevealNumbersResponse, error) {
	return &pb.RevealNumbersResponse{Numbers: []*pb.Number{{Phone: "+8613800000001", Label: r.GetReason()}}}, nil
}

func TestPersonExportWritesThePiecesAsOneDocument(t *testing.T) {
	t.Parallel()
	dial := serve(t, fakes{leads: &persons{}})
	want := `{"leads":[{"name":"王"}]}`
	if code, out, errs := ctl(t, dial, "person", "export", "5"); code != 0 || out != want {
		t.Errorf("exit %d %s%s", code, out, errs)
	}
	file := filepath.Join(t.TempDir(), "person.json")
	if code, out, errs := ctl(t, dial, "person", "export", "--number", "+8613800000001", "--out", file); code != 0 || out != "" {
		t.Errorf("exit %d %s%s", code, out, errs)
	}
	got, err := os.ReadFile(file)
	if err != nil || string(got) != want {
		t.Errorf("the file holds %s, %v", got, err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("others may read it: %v, %v", info.Mode(), err)
	}
	if code, _, _ := ctl(t, dial, "person", "export", "5", "--out", file); code == 0 {
		t.Error("a file that was there is written over")
	}
	none := filepath.Join(t.TempDir(), "none.json")
	if code, _, errs := ctl(t, dial, "person", "export", "6", "--out", none); code == 0 || !strings.Contains(errs, "nothing is held") {
		t.Errorf("exit %d %s", code, errs)
	}
	if _, err := os.Stat(none); !os.IsNotExist(err) {
		t.Error("a file is left of nobody")
	}
}

func TestPersonEraseAndRevealAskWhy(t *testing.T) {
	t.Parallel()
	s := &persons{}
	dial := serve(t, fakes{leads: s})
	for _, args := range [][]string{{"person", "erase", "5"}, {"person", "reveal", "5"}} {
		if code, _, errs := ctl(t, dial, args...); code == 0 || !strings.Contains(errs, "--reason") || s.erased != nil {
			t.Errorf("%v without a reason: exit %d %s", args, code, errs)
		}
	}
	if code, out, errs := ctl(t, dial, "person", "erase", "5", "--reason", "she asked", "--everywhere"); code != 0 || !strings.Contains(out, "2 leads are erased, 3 attempts") {
		t.Errorf("exit %d %s%s", code, out, errs)
	}
	if !s.erased.GetEverywhere() || s.erased.GetReason() != "she asked" {
		t.Errorf("asked for %v", s.erased)
	}
	if code, out, errs := ctl(t, dial, "person", "reveal", "5", "--reason", "call back"); code != 0 || !strings.Contains(out, "+8613800000001") {
		t.Errorf("exit %d %s%s", code, out, errs)
	}
}
