package rpc

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"

	"google.golang.org/grpc"

	"redial/campaign"
	"redial/campaign/wire"
	pb "redial/proto/campaign/v1"
)

// Backups copies the record.
type Backups interface {
	// Backup copies the embedded record as it stands at one instant.
	Backup(ctx context.Context) (*campaign.Backup, error)
}

// pieceSize is how much of a copy one message carries, in bytes.
const pieceSize = 256 << 10

// Backup copies the embedded record as it stands at one instant.
func (s *AdminServer) Backup(_ *pb.BackupRequest, stream grpc.ServerStreamingServer[pb.BackupResponse]) (err error) {
	b, err := s.record.Backup(stream.Context())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.Data.Close()) }()
	if err := stream.Send(&pb.BackupResponse{Size: b.Size, At: wire.Time(b.At), Schema: int32(b.Schema)}); err != nil {
		return err
	}
	sum, buf := sha256.New(), make([]byte, pieceSize)
	for {
		n, err := io.ReadFull(b.Data, buf)
		if n > 0 {
			sum.Write(buf[:n])
			if err := stream.Send(&pb.BackupResponse{Data: buf[:n]}); err != nil {
				return err
			}
		}
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return stream.Send(&pb.BackupResponse{Sha256: sum.Sum(nil)})
		case err != nil:
			return fmt.Errorf("read the copy: %w", err)
		}
	}
}
