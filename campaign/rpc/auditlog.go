package rpc

import (
	"context"
	"encoding/hex"

	"google.golang.org/grpc"

	"redial/campaign"
	"redial/campaign/wire"
	pb "redial/proto/campaign/v1"
)

// AuditLog is who did what.
type AuditLog interface {
	// AuditLog are the entries asked for, newest first.
	AuditLog(ctx context.Context, q campaign.AuditQuery) ([]campaign.AuditEntry, error)
	// VerifyAuditLog follows the chain to its end or to the first entry that does not fit, and tells how far it is.
	VerifyAuditLog(ctx context.Context, anchor campaign.AuditAnchor, tell func(campaign.AuditProof) error) (campaign.AuditProof, error)
}

// Deeds adds to the audit log what changes no row, such as looking at numbers.
type Deeds interface {
	LogDeed(ctx context.Context, action, target string, after any, reason string) error
}

// ListAuditLog is a page of the audit log, newest first.
func (s *AdminServer) ListAuditLog(ctx context.Context, r *pb.ListAuditLogRequest) (*pb.ListAuditLogResponse, error) {
	q := campaign.AuditQuery{Owner: r.GetOwner(), Action: r.GetAction(), Target: r.GetTarget()}
	var err error
	if q.Since, err = wire.FromTime("since", r.GetSince()); err != nil {
		return nil, err
	}
	if q.Before, err = wire.FromTime("before", r.GetBefore()); err != nil {
		return nil, err
	}
	size, err := wire.PageSize(r.GetPageSize())
	if err != nil {
		return nil, err
	}
	query := q
	if err := wire.FromPageToken(r.GetPageToken(), query, &q.Below); err != nil {
		return nil, err
	}
	q.Limit = size + 1
	rows, err := s.record.AuditLog(ctx, q)
	if err != nil {
		return nil, err
	}
	rows, next := wire.Cut(rows, size, query, func(e *campaign.AuditEntry) any { return e.Seq })
	out := &pb.ListAuditLogResponse{NextPageToken: next}
	for i := range rows {
		out.Entries = append(out.Entries, wire.AuditEntry(&rows[i]))
	}
	return out, nil
}

// VerifyAuditLog follows the chain of the audit log, and tells of its progress and of the first break.
func (s *AdminServer) VerifyAuditLog(r *pb.VerifyAuditLogRequest, stream grpc.ServerStreamingServer[pb.VerifyAuditLogResponse]) error {
	anchor := campaign.AuditAnchor{Seq: r.GetSeq(), Hash: r.GetHash()}
	switch raw, err := hex.DecodeString(anchor.Hash); {
	case anchor.Seq < 0:
		return campaign.Invalid("seq", "must be the place of an entry, from 1, or 0 for none")
	case (anchor.Seq == 0) != (anchor.Hash == ""):
		return campaign.Invalid("hash", "goes with seq: give both or none")
	case anchor.Seq > 0 && (err != nil || len(raw) != 32):
		return campaign.Invalid("hash", "must be the 64 hexadecimal digits that a verification printed last")
	}
	ctx := stream.Context()
	send := func(p campaign.AuditProof, done bool) error {
		m := &pb.VerifyAuditLogResponse{Verified: p.Verified, BrokenAt: p.BrokenAt, Fault: p.Fault, Done: done}
		if done {
			m.LastHash = p.LastHash
		}
		return paced(ctx, func() error { return stream.Send(m) })
	}
	p, err := s.record.VerifyAuditLog(ctx, anchor, func(p campaign.AuditProof) error { return send(p, false) })
	if err != nil {
		return err
	}
	return send(p, true)
}
