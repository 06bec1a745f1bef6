package intake_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	"redial/campaign"
	pb "redial/proto/campaign/v1"
)

// spring is a list of n people of a Chinese city, with a bad number, a number written twice, and a zone of its own.
func spring(n int) []byte {
	var b strings.Builder
	b.WriteString("姓名,手机,备注,时区\r\n")
	for i := range n {
		number := fmt.Sprintf("138%08d", 1_000_000+i)
		switch {
		case i%100 == 7:
			number = "12"
		case i%100 == 8 && i > 100:
			number = fmt.Sprintf("138%08d", 1_000_000+i-99)
		}
		fmt.Fprintf(&b, "王%d,%s,\"第 %d 行, 备注\",\r\n", i, number, i+2)
	}
	return []byte(b.String())
}

func tallyOf(u *pb.Upload) string {
	n := u.GetTally()
	return fmt.Sprintf("%d = %d + %d + %d, %d suppressed", n.GetRows(), n.GetLeads(), n.GetProblems(), n.GetDuplicates(), n.GetSuppressed())
}

func TestAFileComesInInPiecesAndItsLeadsAppearTogether(t *testing.T) {
	t.Parallel()
	b := setup(t)
	file := spring(1000)
	u := b.queued(t, "spring.csv", file, &pb.ImportOptions{ListName: "Spring 市场", Priority: 3})
	if got := b.found(t, u.GetListId()); len(got) != 0 {
		t.Errorf("%d leads are seen before the import", len(got))
	}
	if err := b.intake.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	done := b.upload(t, u.GetId())
	if done.GetState() != pb.UploadState_UPLOAD_STATE_DONE || tallyOf(done) != "1000 = 981 + 10 + 9, 0 suppressed" {
		t.Errorf("%v, %s", done.GetState(), tallyOf(done))
	}
	if done.GetRowsDone() != 1000 || done.GetBytesDone() != int64(len(file)) {
		t.Errorf("progress ends at %d rows, %d of %d bytes", done.GetRowsDone(), done.GetBytesDone(), len(file))
	}
	if b.floor.heard(b.campaign.ID) == 0 {
		t.Error("nobody told the floor of new leads")
	}
	leads := b.found(t, u.GetListId())
	if len(leads) != 981 {
		t.Fatalf("%d leads", len(leads))
	}
	l := leads[0]
	if l.GetName() != "王0" || l.GetNumbers()[0].GetPhone() != "+8613801000000" || !slices.Equal(l.GetZones(), []string{"Asia/Shanghai"}) || l.GetLine() != 2 {
		t.Errorf("the first lead is %v", l)
	}
	if at := l.GetAttributes(); len(at) != 1 || at[0].GetName() != "备注" || at[0].GetValue() != "第 2 行, 备注" {
		t.Errorf("its attributes are %v", at)
	}
	list, err := b.lists.GetList(t.Context(), &pb.GetListRequest{Id: u.GetListId()})
	if err != nil || list.GetList().GetName() != "Spring 市场" || list.GetList().GetPriority() != 3 || !list.GetList().GetOn() {
		t.Errorf("the list is %v, %v", list, err)
	}
}

func TestAnUploadGoesOnWhereItsConnectionBroke(t *testing.T) {
	t.Parallel()
	b := setup(t)
	file := spring(500)
	u := b.begin(t, "spring.csv", nil)
	ctx, cut := context.WithCancel(t.Context())
	stream, err := b.lists.Upload(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.Send(&pb.UploadRequest{UploadId: u.GetId(), Data: file[:5001]}); err != nil {
		t.Fatal(err)
	}
	for b.upload(t, u.GetId()).GetSize() != 5001 { // until the piece is on disk
		if t.Context().Err() != nil {
			t.Fatal("the piece never arrived")
		}
	}
	cut()
	if _, err := stream.CloseAndRecv(); err == nil {
		t.Error("a stream that was cut answered")
	}
	if _, err := b.send(t, u.GetId(), 6000, file, 1000); err == nil {
		t.Error("a piece that leaves a hole was taken")
	} else if code, _, reason, meta := refusal(err); code != codes.OutOfRange || reason != "WRONG_OFFSET" || meta["size"] != "5001" {
		t.Errorf("%v %s %v", code, reason, meta)
	}
	size, err := b.send(t, u.GetId(), 5001, file, 1000)
	if err != nil || size != int64(len(file)) {
		t.Fatalf("%d, %v", size, err)
	}
	if again, err := b.send(t, u.GetId(), 5001, file[:6001], 1000); err != nil || again != size {
		t.Errorf("a piece sent twice: %d, %v", again, err)
	}
	_, err = b.lists.CommitUpload(t.Context(), &pb.CommitUploadRequest{UploadId: u.GetId(), Size: size + 1})
	if code, _, reason, _ := refusal(err); code != codes.FailedPrecondition || reason != "WRONG_SIZE" {
		t.Errorf("%v %s: %v", code, reason, err)
	}
	one, err := b.lists.CommitUpload(t.Context(), &pb.CommitUploadRequest{UploadId: u.GetId(), Size: size})
	if err != nil {
		t.Fatal(err)
	}
	two, err := b.lists.CommitUpload(t.Context(), &pb.CommitUploadRequest{UploadId: u.GetId(), Size: size})
	if err != nil || !proto.Equal(one, two) {
		t.Errorf("a second commit answers %v, %v", two, err)
	}
	_, err = b.send(t, u.GetId(), size, append(slices.Clone(file), "more"...), 1000)
	if code, _, reason, _ := refusal(err); code != codes.FailedPrecondition || reason != campaign.ReasonBadState {
		t.Errorf("a piece after the commit: %v %s", code, reason)
	}
	if err := b.intake.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := tallyOf(b.upload(t, u.GetId())); got != "500 = 491 + 5 + 4, 0 suppressed" {
		t.Error(got)
	}
}

func TestUploadSaysWhatIsWrongWithAPiece(t *testing.T) {
	t.Parallel()
	b := setup(t)
	u := b.begin(t, "a.csv", nil)
	for what, c := range map[string]struct {
		pieces []*pb.UploadRequest
		code   codes.Code
		field  string
	}{
		"no piece":       {nil, codes.InvalidArgument, "upload_id"},
		"no upload":      {[]*pb.UploadRequest{{Data: []byte("x")}}, codes.InvalidArgument, "upload_id"},
		"another upload": {[]*pb.UploadRequest{{UploadId: 99, Data: []byte("x")}}, codes.NotFound, ""},
		"below 0":        {[]*pb.UploadRequest{{UploadId: u.GetId(), Offset: -1}}, codes.InvalidArgument, "offset"},
		"too large":      {[]*pb.UploadRequest{{UploadId: u.GetId(), Data: make([]byte, 1<<20+1)}}, codes.InvalidArgument, "data"},
		"two uploads": {[]*pb.UploadRequest{
			{UploadId: u.GetId(), Data: nil}, {UploadId: u.GetId() + 1},
		}, codes.InvalidArgument, "upload_id"},
	} {
		stream, err := b.lists.Upload(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range c.pieces {
			if err := stream.Send(p); err != nil && !errors.Is(err, io.EOF) {
				t.Fatal(err)
			}
		}
		_, err = stream.CloseAndRecv()
		code, fields, _, _ := refusal(err)
		if code != c.code || strings.Join(fields, " ") != c.field {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestTheSameRequestIDOpensTheSameUpload(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := &pb.BeginUploadRequest{CampaignId: int64(b.campaign.ID), FileName: "a.csv", RequestId: "monday"}
	one, err := b.lists.BeginUpload(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	if two, err := b.lists.BeginUpload(t.Context(), r); err != nil || !proto.Equal(one, two) {
		t.Errorf("%v, %v", two, err)
	}
	r.RequestId = ""
	if other, err := b.lists.BeginUpload(t.Context(), r); err != nil || other.GetUpload().GetId() == one.GetUpload().GetId() {
		t.Errorf("%v, %v", other, err)
	}
	if _, err := b.lists.DiscardUpload(t.Context(), &pb.DiscardUploadRequest{UploadId: one.GetUpload().GetId()}); err != nil {
		t.Error(err)
	}
	_, err = b.lists.GetUpload(t.Context(), &pb.GetUploadRequest{UploadId: one.GetUpload().GetId()})
	if code, _, _, _ := refusal(err); code != codes.NotFound {
		t.Errorf("a discarded upload: %v", err)
	}
}

func TestWatchImportFollowsAnUploadToItsEnd(t *testing.T) {
	t.Parallel()
	b := setup(t)
	u := b.queued(t, "spring.csv", spring(300), nil)
	stream, err := b.lists.WatchImport(t.Context(), &pb.WatchImportRequest{UploadId: u.GetId()})
	if err != nil {
		t.Fatal(err)
	}
	first, err := stream.Recv()
	if err != nil || first.GetUpload().GetState() != pb.UploadState_UPLOAD_STATE_QUEUED {
		t.Fatalf("%v, %v", first, err)
	}
	if err := b.intake.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	last := first
	for {
		r, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		last = r
	}
	if last.GetUpload().GetState() != pb.UploadState_UPLOAD_STATE_DONE || last.GetUpload().GetTally().GetRows() != 300 {
		t.Errorf("the last word is %v", last)
	}
}
