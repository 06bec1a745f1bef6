package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"redial/campaign"
	pb "redial/proto/campaign/v1"
)

// intake is a ListService that keeps uploads in memory, and whose streams break off as often as breaks says.
type intake struct {
	pb.UnimplementedListServiceServer
	mu      sync.Mutex
	byID    map[string]*pb.Upload
	data    map[int64][]byte
	breaks  int
	cut     bool // the connection is cut for good
	streams int
	gone    int // discarded
}

func newIntake() *intake { return &intake{byID: map[string]*pb.Upload{}, data: map[int64][]byte{}} }

func (s *intake) BeginUpload(_ context.Context, r *pb.BeginUploadRequest) (*pb.BeginUploadResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.byID[r.GetRequestId()]
	if u == nil {
		u = &pb.Upload{Id: int64(len(s.byID) + 1), CampaignId: r.GetCampaignId(), FileName: r.GetFileName(), State: pb.UploadState_UPLOAD_STATE_RECEIVING, Options: r.GetOptions()}
		s.byID[r.GetRequestId()] = u
	}
	u.Size = int64(len(s.data[u.GetId()]))
	return &pb.BeginUploadResponse{Upload: u}, nil
}

func (s *intake) find(id int64) *pb.Upload {
	for _, u := range s.byID {
		if u.GetId() == id {
			return u
		}
	}
	return nil
}

func (s *intake) Upload(stream grpc.ClientStreamingServer[pb.UploadRequest, pb.UploadResponse]) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.streams++
	var id int64
	for n := 0; ; n++ {
		m, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return stream.SendAndClose(&pb.UploadResponse{Size: int64(len(s.data[id]))})
		}
		if err != nil {
			return err
		}
		if n > 0 && (s.breaks > 0 || s.cut) {
			s.breaks--
			return status.Error(codes.Unavailable, "the node stops")
		}
		id = m.GetUploadId()
		if m.GetOffset() != int64(len(s.data[id])) {
			return &campaign.Error{Kind: campaign.KindInvalid, Reason: campaign.ReasonWrongOffset, Message: fmt.Sprintf("go on at %d", len(s.data[id]))}
		}
		s.data[id] = append(s.data[id], m.GetData()...)
	}
}

func (s *intake) GetUpload(_ context.Context, r *pb.GetUploadRequest) (*pb.GetUploadResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.find(r.GetUploadId())
	u.Size = int64(len(s.data[u.GetId()]))
	return &pb.GetUploadResponse{Upload: u}, nil
}

func (s *intake) CommitUpload(_ context.Context, r *pb.CommitUploadRequest) (*pb.CommitUploadResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if int64(len(s.data[r.GetUploadId()])) != r.GetSize() {
		return nil, campaign.Unready("WRONG_SIZE", "not all of it came")
	}
	u := s.find(r.GetUploadId())
	u.State, u.ListId = pb.UploadState_UPLOAD_STATE_QUEUED, 40+u.GetId()
	return &pb.CommitUploadResponse{Upload: u}, nil
}

func (s *intake) WatchImport(r *pb.WatchImportRequest, stream grpc.ServerStreamingServer[pb.WatchImportResponse]) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.find(r.GetUploadId())
	if err := stream.Send(&pb.WatchImportResponse{Upload: u}); err != nil {
		return err
	}
	if s.breaks > 0 {
		s.breaks--
		return nil // ends without saying that it is over
	}
	u.State = pb.UploadState_UPLOAD_STATE_DONE
	u.Tally = &pb.Tally{Rows: 10, Leads: 6, Problems: 3, Duplicates: 1, Suppressed: 2}
	if strings.Contains(string(s.data[u.GetId()]), "\x00") {
		u.State, u.Failure = pb.UploadState_UPLOAD_STATE_FAILED, "it is a picture"
	}
	return stream.Send(&pb.WatchImportResponse{Upload: u})
}

func (s *intake) PreviewImport(context.Context, *pb.PreviewImportRequest) (*pb.PreviewImportResponse, error) {
	return &pb.PreviewImportResponse{Format: "csv", Tally: &pb.Tally{Rows: 10, Leads: 9, Problems: 1}, Complete: true,
		Columns: []*pb.PreviewColumn{{Index: 1, Heading: "Tel", Field: "phone", Why: "heading"}}}, nil
}

func (s *intake) DiscardUpload(_ context.Context, r *pb.DiscardUploadRequest) (*pb.DiscardUploadResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for k, u := range s.byID {
		if u.GetId() == r.GetUploadId() {
			delete(s.byID, k)
			s.gone++
		}
	}
	return &pb.DiscardUploadResponse{}, nil
}

func bigList(t *testing.T, rows int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "big.csv")
	if err := os.WriteFile(path, []byte("tel\n"+strings.Repeat("+8613800138000\n", rows)), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestImportPrintsWhatBecameOfTheRows(t *testing.T) {
	t.Parallel()
	s := newIntake()
	dial := serve(t, fakes{campaigns: &campaigns{}, lists: s})
	list := bigList(t, 10)
	code, out, errs := ctl(t, dial, "import", list, "--campaign", "spring", "--region", "CN", "--map", "Tel=phone", "--map", "a=b=ignore", "--header", "yes", "--priority", "-3")
	if code != 0 || errs != "" {
		t.Fatalf("exit %d, %s", code, errs)
	}
	same(t, "import", out, `list        41
rows        10
leads       6
problems    3
duplicates  1
suppressed  2

Next: dialctl problems 41 shows why rows were left out; --csv FILE saves them
`)
	o := s.find(1).GetOptions()
	if o.GetRegion() != "CN" || o.GetMap()["Tel"] != "phone" || o.GetMap()["a=b"] != "ignore" || o.GetHeader() != pb.HeaderMode_HEADER_MODE_YES || o.GetPriority() != -3 {
		t.Errorf("options %v", o)
	}
	_, out, _ = ctl(t, dial, "import", "--json", "--campaign", "spring", list)
	same(t, "import --json", out, `{"list":42,"rows":10,"leads":6,"problems":3,"duplicates":1,"suppressed":2}`+"\n")
	if code, out, errs = ctl(t, dial, "import", "--campaign", "spring", list); code != 0 || !strings.Contains(out, "43") || !strings.Contains(errs, "imported before, as list 42") {
		t.Errorf("the same file again: exit %d\n%s%s", code, out, errs)
	}
}

func TestAnImportGoesOnWhereItBrokeOff(t *testing.T) {
	t.Parallel()
	s := newIntake()
	s.breaks = 4
	dial := serve(t, fakes{lists: s})
	f, err := os.Open(bigList(t, 100_000)) // 1.5 MB: several pieces
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, _ := f.Stat()
	l := &cli{env: testEnv, dial: dial, stderr: io.Discard, stdout: io.Discard}
	r, err := l.connect()
	if err != nil {
		t.Fatal(err)
	}
	defer l.conn.Close()
	waits := 0
	up := &upload{c: l, lists: r.lists, file: f, size: info.Size(), campaign: 4, name: "big.csv", options: &pb.ImportOptions{},
		pause: func(context.Context, int) error { waits++; return nil }}
	state, err := up.whole(t.Context())
	if err != nil || state.GetListId() != 41 {
		t.Fatalf("%v, %v", state, err)
	}
	want, _ := os.ReadFile(f.Name())
	if string(s.data[1]) != string(want) || waits != 4 {
		t.Errorf("%d bytes of %d after %d waits", len(s.data[1]), len(want), waits)
	}
}

func TestTheSameCommandGoesOnWithWhatItBegan(t *testing.T) {
	t.Parallel()
	s := newIntake()
	s.cut = true
	dial := serve(t, fakes{campaigns: &campaigns{}, lists: s})
	list := bigList(t, 100_000)
	up := func(c *cli, r remote) *upload {
		f, err := os.Open(list)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		info, _ := f.Stat()
		return &upload{c: c, lists: r.lists, file: f, size: info.Size(), campaign: 4, name: filepath.Base(list), options: &pb.ImportOptions{},
			pause: func(context.Context, int) error { return errors.New("somebody pulled the plug") }}
	}
	l := &cli{env: testEnv, dial: dial, stderr: io.Discard}
	r, err := l.connect()
	if err != nil {
		t.Fatal(err)
	}
	defer l.conn.Close()
	if _, err := up(l, r).whole(t.Context()); err == nil || !strings.Contains(err.Error(), "plug") {
		t.Fatalf("it did not break: %v", err)
	}
	had := len(s.data[1])
	if had == 0 {
		t.Fatal("nothing was received before the break")
	}
	s.cut = false
	code, _, errs := ctl(t, dial, "import", "--campaign", "spring", list)
	if code != 0 || !strings.Contains(errs, fmt.Sprintf("broke off after %d of", had)) || len(s.byID) != 1 {
		t.Errorf("exit %d, %d uploads, %s", code, len(s.byID), errs)
	}
}

func TestAFileThatIsNoListIsRefusedWithTheReason(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "cat.png")
	if err := os.WriteFile(path, []byte("\x89PNG\x00"), 0o600); err != nil {
		t.Fatal(err)
	}
	dial := serve(t, fakes{campaigns: &campaigns{}, lists: newIntake()})
	if code, out, errs := ctl(t, dial, "import", "--campaign", "spring", path); code != exitUsage || out != "" || !strings.Contains(errs, "it is a picture") {
		t.Errorf("exit %d, %s%s", code, out, errs)
	}
	if code, _, errs := ctl(t, dial, "import", "--campaign", "spring", path+".none"); code != exitUsage || !strings.Contains(errs, "no such file") {
		t.Errorf("exit %d, %s", code, errs)
	}
}

func TestADryRunLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	s := newIntake()
	dial := serve(t, fakes{campaigns: &campaigns{}, lists: s})
	code, out, _ := ctl(t, dial, "import", "--dry-run", "--campaign", "spring", bigList(t, 3), "--json")
	o := objects(t, out)[0]
	if code != 0 || o["list"] != nil || o["rows"] != 10.0 || o["leads"] != 9.0 || o["dry_run"] != true || len(s.byID) != 0 || s.gone != 1 {
		t.Errorf("exit %d, %s, %d uploads left", code, out, len(s.byID))
	}
}
