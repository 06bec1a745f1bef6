package rpc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"google.golang.org/grpc"

	"redial/campaign"
	"redial/campaign/wire"
	pb "redial/proto/campaign/v1"
)

// Uploads takes files in.
type Uploads interface {
	// BeginUpload opens an upload; the same request id gives the same one again.
	BeginUpload(ctx context.Context, u campaign.Upload, requestID string) (campaign.Upload, error)
	// AppendPiece is the size received when it returns: on disk. A piece that came before changes nothing.
	AppendPiece(ctx context.Context, id campaign.UploadID, offset int64, data []byte) (size int64, err error)
	// CommitUpload queues the import; a nil options leaves what there is, a size of 0 is not checked.
	CommitUpload(ctx context.Context, id campaign.UploadID, options *campaign.ImportOptions, size int64) (campaign.Upload, error)
	DiscardUpload(ctx context.Context, id campaign.UploadID) error
	UploadByID(ctx context.Context, id campaign.UploadID) (campaign.Upload, error)
}

// Intake makes leads of uploads.
type Intake interface {
	// Preview reads what was received as an import would, every row if whole, and changes nothing.
	Preview(ctx context.Context, u campaign.Upload, o campaign.ImportOptions, whole bool) (campaign.ImportPreview, error)
	// Queued says that an upload was committed. It returns at once; who hears nothing finds it a little later.
	Queued(campaign.UploadID)
}

// watchEvery is how often WatchImport looks, at most four times a second.
const watchEvery = 250 * time.Millisecond

// BeginUpload opens an upload.
func (s *ListServer) BeginUpload(ctx context.Context, r *pb.BeginUploadRequest) (*pb.BeginUploadResponse, error) {
	o, err := wire.FromOptions(r.GetOptions())
	if err != nil {
		return nil, err
	}
	u := campaign.Upload{CampaignID: campaign.CampaignID(r.GetCampaignId()), FileName: r.GetFileName()}
	if o != nil {
		u.Options = *o
	}
	if u, err = s.uploads.BeginUpload(ctx, u, r.GetRequestId()); err != nil {
		return nil, err
	}
	return &pb.BeginUploadResponse{Upload: wire.Upload(&u)}, nil
}

// Upload takes pieces until the client has sent all it has. What was taken before an error stays taken.
func (s *ListServer) Upload(stream grpc.ClientStreamingServer[pb.UploadRequest, pb.UploadResponse]) error {
	var id campaign.UploadID
	size := int64(-1)
	for {
		r, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		switch asked := campaign.UploadID(r.GetUploadId()); {
		case id == 0 && asked <= 0:
			return campaign.Invalid("upload_id", "is missing in the first piece: give the id that BeginUpload answered")
		case id == 0:
			id = asked
		case asked != 0 && asked != id:
			return campaign.Invalid("upload_id", "changed in the middle of a stream: send another file in a stream of its own")
		}
		if r.GetOffset() < 0 {
			return campaign.Invalid("offset", "is negative: count bytes from 0")
		}
		if err := s.fits(r.GetOffset(), len(r.GetData())); err != nil {
			return err
		}
		if size, err = s.uploads.AppendPiece(stream.Context(), id, r.GetOffset(), r.GetData()); err != nil {
			return err
		}
	}
	if size < 0 {
		return campaign.Invalid("upload_id", "is missing: the stream held no piece")
	}
	return stream.SendAndClose(&pb.UploadResponse{Size: size})
}

// fits refuses a piece that ends beyond the largest upload.
func (s *ListServer) fits(offset int64, n int) error {
	if s.largest == 0 || offset <= s.largest-int64(n) {
		return nil
	}
	return campaign.Invalid("data", fmt.Sprintf("would make the upload larger than %d bytes, the most that this server takes (--max-upload): "+
		"split the file, or ask an operator for more", s.largest))
}

// PreviewImport says what an import would do.
func (s *ListServer) PreviewImport(ctx context.Context, r *pb.PreviewImportRequest) (*pb.PreviewImportResponse, error) {
	o, err := wire.FromOptions(r.GetOptions())
	if err != nil {
		return nil, err
	}
	u, err := s.uploads.UploadByID(ctx, campaign.UploadID(r.GetUploadId()))
	if err != nil {
		return nil, err
	}
	if o == nil {
		o = &u.Options
	}
	p, err := s.intake.Preview(ctx, u, *o, r.GetWhole())
	if err != nil {
		return nil, err
	}
	out := wire.Preview(&p)
	if s.hidesRows(ctx, u.CampaignID) {
		wire.HideRows(out)
	}
	return out, nil
}

// CommitUpload queues the import.
func (s *ListServer) CommitUpload(ctx context.Context, r *pb.CommitUploadRequest) (*pb.CommitUploadResponse, error) {
	o, err := wire.FromOptions(r.GetOptions())
	if err != nil {
		return nil, err
	}
	if r.GetSize() < 0 {
		return nil, campaign.Invalid("size", "is negative: give the file's bytes, or 0 for not checked")
	}
	u, err := s.uploads.CommitUpload(ctx, campaign.UploadID(r.GetUploadId()), o, r.GetSize())
	if err != nil {
		return nil, err
	}
	if u.State == campaign.UploadQueued {
		s.intake.Queued(u.ID)
	}
	return &pb.CommitUploadResponse{Upload: wire.Upload(&u)}, nil
}

// DiscardUpload drops an upload.
func (s *ListServer) DiscardUpload(ctx context.Context, r *pb.DiscardUploadRequest) (*pb.DiscardUploadResponse, error) {
	if err := s.uploads.DiscardUpload(ctx, campaign.UploadID(r.GetUploadId())); err != nil {
		return nil, err
	}
	return &pb.DiscardUploadResponse{}, nil
}

// GetUpload is how an upload stands.
func (s *ListServer) GetUpload(ctx context.Context, r *pb.GetUploadRequest) (*pb.GetUploadResponse, error) {
	u, err := s.uploads.UploadByID(ctx, campaign.UploadID(r.GetUploadId()))
	if err != nil {
		return nil, err
	}
	return &pb.GetUploadResponse{Upload: wire.Upload(&u)}, nil
}

// WatchImport sends an upload now and whenever it moved, until it is done or failed.
func (s *ListServer) WatchImport(r *pb.WatchImportRequest, stream grpc.ServerStreamingServer[pb.WatchImportResponse]) error {
	ctx := stream.Context()
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	var last campaign.Upload
	for {
		u, err := s.uploads.UploadByID(ctx, campaign.UploadID(r.GetUploadId()))
		if err != nil {
			return err
		}
		if moved(&last, &u) {
			if err := stream.Send(&pb.WatchImportResponse{Upload: wire.Upload(&u)}); err != nil {
				return err
			}
			last = u
		}
		if u.State == campaign.UploadDone || u.State == campaign.UploadFailed {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

func moved(a, b *campaign.Upload) bool {
	return a.State != b.State || a.Size != b.Size || a.RowsDone != b.RowsDone || a.BytesDone != b.BytesDone || a.Tally != b.Tally
}
