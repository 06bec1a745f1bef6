package rpc_test

import (
	"context"
	"io"
	"strings"
	"testing"

	"google.golang.org/grpc"

	"redial/campaign"
	"redial/campaign/rpc"
	pb "redial/proto/campaign/v1"
)

// sending is a client's stream of pieces.
type sending struct {
	grpc.ServerStream
	ctx    context.Context
	pieces []*pb.UploadRequest
	size   int64
}

func (s *sending) Context() context.Context { return s.ctx }

func (s *sending) Recv() (*pb.UploadRequest, error) {
	if len(s.pieces) == 0 {
		return nil, io.EOF
	}
	p := s.pieces[0]
	s.pieces = s.pieces[1:]
	return p, nil
}

func (s *sending) SendAndClose(r *pb.UploadResponse) error {
	s.size = r.GetSize()
	return nil
}

func TestAnUploadIsAsLargeAsIsAllowedAndNoLarger(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c, err := b.CreateCampaign(t.Context(), campaign.Campaign{Name: "c", Zone: "Etc/UTC", Region: "US", Rules: campaign.DefaultRules(), Floor: campaign.DefaultFloor()})
	if err != nil {
		t.Fatal(err)
	}
	u, err := b.BeginUpload(t.Context(), campaign.Upload{CampaignID: c.ID, FileName: "leads.csv"}, "")
	if err != nil {
		t.Fatal(err)
	}
	const largest = 1000
	lists := rpc.NewLists(b, nil, b, b, nil, b.heard).WithLargest(largest)
	piece := func(at, n int64) *pb.UploadRequest {
		return &pb.UploadRequest{UploadId: int64(u.ID), Offset: at, Data: make([]byte, n)}
	}
	fits := &sending{ctx: t.Context(), pieces: []*pb.UploadRequest{piece(0, 400), piece(400, 600)}}
	if err := lists.Upload(fits); err != nil || fits.size != largest {
		t.Errorf("%d bytes: %d taken, %v", largest, fits.size, err)
	}
	for _, p := range []*pb.UploadRequest{piece(1000, 1), piece(1<<62, 1<<10)} {
		err := lists.Upload(&sending{ctx: t.Context(), pieces: []*pb.UploadRequest{p}})
		if campaign.KindOf(err) != campaign.KindInvalid || !strings.Contains(err.Error(), "1000 bytes") || !strings.Contains(err.Error(), "--max-upload") {
			t.Errorf("beyond the limit: %v", err)
		}
	}
	if got, err := b.UploadByID(t.Context(), u.ID); err != nil || got.Size != largest {
		t.Errorf("%d bytes are kept, %v", got.Size, err)
	}
}
