package intake_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"redial/campaign"
	"redial/cmd/internal/intake"
	pb "redial/proto/campaign/v1"
)

// frail is a sink that fails at its n-th batch, before or after the record took it.
type frail struct {
	intake.Sink
	after int
	took  bool
}

var errCrash = errors.New("the power went out")

func (f *frail) ImportRows(ctx context.Context, b campaign.ImportBatch) (campaign.Tally, error) {
	if f.after--; f.after >= 0 {
		return f.Sink.ImportRows(ctx, b)
	}
	if f.took {
		if _, err := f.Sink.ImportRows(ctx, b); err != nil {
			return campaign.Tally{}, err
		}
	}
	return campaign.Tally{}, errCrash
}

func TestI2AnImportThatCrashesGoesOnElsewhereAndTakesEachRowOnce(t *testing.T) {
	t.Parallel()
	for _, took := range []bool{false, true} {
		for after := range 4 {
			t.Run(fmt.Sprintf("at batch %d, taken %v", after+1, took), func(t *testing.T) {
				t.Parallel()
				b := setup(t)
				u := b.queued(t, "spring.csv", spring(1000), nil)
				torn := intake.New(b.store, opened(b.store), &frail{b.store, after, took}, b.store, intake.Options{Node: "torn", Rows: 300})
				if err := torn.Drain(t.Context()); !errors.Is(err, errCrash) {
					t.Fatalf("the crash answers %v", err)
				}
				if got := b.upload(t, u.GetId()); got.GetState() != pb.UploadState_UPLOAD_STATE_QUEUED || len(b.found(t, u.GetListId())) != 0 {
					t.Errorf("after the crash the upload is %v", got)
				}
				// Another size of batch, so that no boundary is where it was.
				other := intake.New(b.store, opened(b.store), b.store, b.store, intake.Options{Node: "other", Rows: 170})
				if err := other.Drain(t.Context()); err != nil {
					t.Fatal(err)
				}
				if got := tallyOf(b.upload(t, u.GetId())); got != "1000 = 981 + 10 + 9, 0 suppressed" {
					t.Error(got)
				}
				seen := map[string]bool{}
				for _, l := range b.found(t, u.GetListId()) {
					if p := l.GetNumbers()[0].GetPhone(); seen[p] {
						t.Errorf("%s is there twice", p)
					} else {
						seen[p] = true
					}
				}
				if len(seen) != 981 {
					t.Errorf("%d leads", len(seen))
				}
			})
		}
	}
}

func TestAnImportWhoseLeaseRanOutIsTakenOver(t *testing.T) {
	t.Parallel()
	b := setup(t)
	u := b.queued(t, "spring.csv", spring(50), nil)
	if got, err := b.store.TakeUpload(t.Context(), "dead", time.Hour); err != nil || got == nil {
		t.Fatal(got, err)
	}
	if err := b.intake.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s := b.upload(t, u.GetId()).GetState(); s != pb.UploadState_UPLOAD_STATE_QUEUED {
		t.Errorf("an upload that another node holds is %v", s)
	}
	if err := b.store.HoldUpload(t.Context(), campaign.UploadID(u.GetId()), "dead", 0); err != nil {
		t.Fatal(err)
	}
	if err := b.intake.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s := b.upload(t, u.GetId()).GetState(); s != pb.UploadState_UPLOAD_STATE_DONE {
		t.Errorf("an upload that nobody holds is %v", s)
	}
}

func TestWorkImportsWhatIsQueuedWhenItIsTold(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx, stop := context.WithCancel(t.Context())
	worked := make(chan struct{})
	go func() { b.intake.Work(ctx, time.Hour); close(worked) }()
	u := b.queued(t, "spring.csv", spring(20), nil) // the commit rings the bell
	stream, err := b.lists.WatchImport(t.Context(), &pb.WatchImportRequest{UploadId: u.GetId()})
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := stream.Recv(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	stop()
	<-worked
	if got := tallyOf(b.upload(t, u.GetId())); got != "20 = 19 + 1 + 0, 0 suppressed" {
		t.Error(got)
	}
}

func TestPreviewSaysWhatAnImportWouldDoAndChangesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	file := spring(1500)
	u := b.begin(t, "spring.csv", nil)
	if _, err := b.send(t, u.GetId(), 0, file, 100_000); err != nil {
		t.Fatal(err)
	}
	before := b.upload(t, u.GetId())
	p, err := b.lists.PreviewImport(t.Context(), &pb.PreviewImportRequest{UploadId: u.GetId()})
	if err != nil {
		t.Fatal(err)
	}
	if p.GetTally().GetRows() != 1000 || p.GetComplete() || p.GetFormat() != "csv" || p.GetEncoding() != "utf-8" || p.GetHeaderLine() != 1 {
		t.Errorf("%v", p)
	}
	var fields []string
	for _, c := range p.GetColumns() {
		fields = append(fields, c.GetHeading()+"="+c.GetField())
	}
	if got := strings.Join(fields, " "); got != "姓名=name 手机=phone 备注=attribute 时区=zone" {
		t.Error(got)
	}
	if s := p.GetColumns()[1].GetSamples(); len(s) == 0 || s[0] != "13801000000" {
		t.Errorf("samples %v", s)
	}
	if len(p.GetLeads()) == 0 || p.GetLeads()[0].GetId() != 0 || p.GetLeads()[0].GetNumbers()[0].GetPhone() != "+8613801000000" {
		t.Errorf("leads %v", p.GetLeads())
	}
	whole, err := b.lists.PreviewImport(t.Context(), &pb.PreviewImportRequest{
		UploadId: u.GetId(), Whole: true, Options: &pb.ImportOptions{Map: map[string]string{"备注": "ignore"}},
	})
	if err != nil || whole.GetTally().GetRows() != 1500 || !whole.GetComplete() || len(whole.GetLeads()[0].GetAttributes()) != 0 {
		t.Errorf("%v, %v", whole.GetTally(), err)
	}
	if after := b.upload(t, u.GetId()); after.String() != before.String() {
		t.Errorf("the upload was %v and is %v", before, after)
	}
	lists, err := b.lists.ListLists(t.Context(), &pb.ListListsRequest{CampaignId: int64(b.campaign.ID)})
	if err != nil || len(lists.GetLists()) != 0 {
		t.Errorf("lists %v, %v", lists, err)
	}
	for field, o := range map[string]*pb.ImportOptions{
		"map": {Map: map[string]string{"Telephone": "phone"}}, "region": {Region: "China"}, "zone": {Zone: "Shanghai"}, "encoding": {Encoding: "klingon"},
	} {
		_, err := b.lists.PreviewImport(t.Context(), &pb.PreviewImportRequest{UploadId: u.GetId(), Options: o})
		if code, fields, _, _ := refusal(err); code != codes.InvalidArgument || !strings.HasSuffix(strings.Join(fields, " "), field) {
			t.Errorf("%s: %v", field, err)
		}
	}
}

func TestAFileThatIsNoListIsRefusedWithTheReason(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for name, c := range map[string]struct {
		file string
		o    *pb.ImportOptions
	}{
		"photo.jpg":  {file: "\xff\xd8\xff\xe0\x00\x10JFIF" + strings.Repeat("\x00\x01\x02", 500)},
		"letter.pdf": {file: "%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"},
		"torn.xlsx":  {file: "PK\x03\x04" + strings.Repeat("\x14\x00", 300)},
		"a.csv":      {file: "name,phone\nli,13800138000\n", o: &pb.ImportOptions{Map: map[string]string{"Handy": "phone"}}},
	} {
		u := b.imported(t, name, []byte(c.file), c.o)
		if u.GetState() != pb.UploadState_UPLOAD_STATE_FAILED || u.GetFailure() == "" {
			t.Errorf("%s: %v", name, u)
			continue
		}
		l, err := b.lists.GetList(t.Context(), &pb.GetListRequest{Id: u.GetListId()})
		if err != nil || l.GetList().GetState() != pb.ListState_LIST_STATE_FAILED || l.GetList().GetFailure() != u.GetFailure() {
			t.Errorf("%s: %v, %v", name, l, err)
		}
		t.Logf("%s: %s", name, u.GetFailure())
	}
	if queued, err := b.store.QueuedUploads(t.Context()); err != nil || len(queued) != 0 {
		t.Errorf("%v still queued, %v", queued, err)
	}
}

// away is a file whose bytes cannot be had beyond a place.
type away struct {
	intake.File
	from int64
}

var errAway = errors.New("the database is away")

func (a away) ReadAt(p []byte, off int64) (int, error) {
	if off+int64(len(p)) > a.from {
		return 0, errAway
	}
	return a.File.ReadAt(p, off)
}

func TestAListIsNotRefusedBecauseTheRecordIsAway(t *testing.T) {
	t.Parallel()
	for _, from := range []int64{0, 100_000} {
		b := setup(t)
		u := b.queued(t, "spring.csv", spring(20_000), nil)
		torn := intake.New(b.store, func(ctx context.Context, id campaign.UploadID) (intake.File, error) {
			f, err := b.store.UploadReader(ctx, id)
			return away{f, from}, err
		}, b.store, b.store, intake.Options{})
		if err := torn.Drain(t.Context()); !errors.Is(err, errAway) {
			t.Errorf("from %d: %v", from, err)
		}
		if s := b.upload(t, u.GetId()).GetState(); s != pb.UploadState_UPLOAD_STATE_QUEUED {
			t.Errorf("from %d: the upload is %v", from, s)
		}
	}
}

func TestUndoTakesBackWhatWasNotCalled(t *testing.T) {
	t.Parallel()
	b := setup(t)
	file := spring(100)
	u := b.imported(t, "spring.csv", file, nil)
	b.floor.heard(b.campaign.ID)
	r, err := b.lists.UndoImport(t.Context(), &pb.UndoImportRequest{ListId: u.GetListId()})
	if err != nil || r.GetWithdrawn() != 99 || r.GetKept() != 0 || r.GetList().GetState() != pb.ListState_LIST_STATE_UNDONE {
		t.Errorf("%v, %v", r, err)
	}
	if b.floor.heard(b.campaign.ID) == 0 {
		t.Error("nobody told the floor")
	}
	if again := b.imported(t, "spring.csv", file, nil); tallyOf(again) != "100 = 99 + 1 + 0, 0 suppressed" {
		t.Errorf("the same file after an undo: %s", tallyOf(again))
	}
	if twice := b.imported(t, "spring.csv", file, nil); tallyOf(twice) != "100 = 0 + 1 + 99, 0 suppressed" {
		t.Errorf("the same file twice: %s", tallyOf(twice))
	}
}

func TestProblemsGoOutInTheFilesOwnColumnsAndComeBackMended(t *testing.T) {
	t.Parallel()
	b := setup(t)
	file := "客户名称,手机,座机,备注\n" +
		"李一,1380013800,010-12,=1+1\n" + // two bad numbers: one line
		"李二,13800138001,,ok\n" +
		"李三,1.38E+10,,\"quoted, \"\"twice\"\"\"\n" +
		"李四,13800138001,,twin\n"
	u := b.imported(t, "march.csv", []byte(file), nil)
	if tallyOf(u) != "4 = 1 + 2 + 1, 0 suppressed" {
		t.Fatal(tallyOf(u))
	}
	out := b.problemsCSV(t, u.GetListId())
	rows, err := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(out, []byte("\uFEFF")))).ReadAll()
	if err != nil || len(rows) != 4 {
		t.Fatalf("%v\n%s", err, out)
	}
	if got := strings.Join(rows[0][:4], ","); got != "客户名称,手机,座机,备注" {
		t.Error(got)
	}
	if rows[1][3] != "'=1+1" {
		t.Errorf("a formula goes out as %q", rows[1][3])
	}
	mended := strings.ReplaceAll(string(out), ",1380013800,010-12,", ",13800138002,,")
	mended = strings.ReplaceAll(mended, "1.38E+10", "13800138003")
	again := b.imported(t, "march-problems.csv", []byte(mended), nil)
	if tallyOf(again) != "3 = 2 + 0 + 1, 0 suppressed" {
		t.Fatalf("%s\n%s", tallyOf(again), mended)
	}
	var names []string
	for _, l := range b.found(t, again.GetListId()) {
		names = append(names, l.GetName())
		for _, a := range l.GetAttributes() {
			if strings.HasPrefix(a.GetName(), "redial") {
				t.Errorf("the lead has our own column %v", a)
			}
		}
	}
	if slices.Sort(names); strings.Join(names, " ") != "李一 李三" {
		t.Error(names)
	}
}

func TestListProblemsPagesByLine(t *testing.T) {
	t.Parallel()
	b := setup(t)
	u := b.imported(t, "spring.csv", spring(2000), nil)
	var lines []int64
	token := ""
	for {
		r, err := b.lists.ListProblems(t.Context(), &pb.ListProblemsRequest{ListId: u.GetListId(), PageSize: 7, PageToken: token})
		if err != nil {
			t.Fatal(err)
		}
		if len(r.GetProblems()) > 7 || strings.Join(r.GetHeadings(), ",") != "姓名,手机,备注,时区" {
			t.Fatalf("%d problems under %v", len(r.GetProblems()), r.GetHeadings())
		}
		for _, p := range r.GetProblems() {
			lines = append(lines, p.GetLine())
			if p.GetReason() == "" || p.GetMessage() == "" || p.GetSuggestion() == "" {
				t.Errorf("%v says too little", p)
			}
		}
		if token = r.GetNextPageToken(); token == "" {
			break
		}
	}
	if len(lines) != 39 || !slices.IsSorted(lines) || len(slices.Compact(lines)) != 39 {
		t.Errorf("%d lines %v", len(lines), lines)
	}
	for _, bad := range []string{"x", "AAAA", "!!!!", "bm9uc2Vuc2U"} {
		_, err := b.lists.ListProblems(t.Context(), &pb.ListProblemsRequest{ListId: u.GetListId(), PageToken: bad})
		if code, fields, _, _ := refusal(err); code != codes.InvalidArgument || !slices.Equal(fields, []string{"page_token"}) {
			t.Errorf("token %q: %v", bad, err)
		}
	}
	_, err := b.lists.ListProblems(t.Context(), &pb.ListProblemsRequest{ListId: 99})
	if code, _, _, _ := refusal(err); code != codes.NotFound {
		t.Errorf("a list that is not there: %v", err)
	}
}
