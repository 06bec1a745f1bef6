package rpc

import (
	"context"
	"fmt"
	"io"

	"google.golang.org/grpc"

	"redial/campaign"
	"redial/campaign/wire"
	pb "redial/proto/campaign/v1"
)

// Persons erases persons and tells what is held on them.
type Persons interface {
	EraseLead(ctx context.Context, id campaign.LeadID, everywhere bool, reason string) (campaign.Erased, error)
	// PersonLeads are the leads of a person that the caller may see.
	PersonLeads(ctx context.Context, q campaign.PersonQuery) ([]campaign.LeadID, error)
	// ExportPerson writes one JSON object.
	ExportPerson(ctx context.Context, leads []campaign.LeadID, number campaign.Phone, w io.Writer) error
	Deeds
}

// permitted refuses callers without a permission.
func permitted(ctx context.Context, p campaign.Permission) error {
	caller := campaign.CallerFrom(ctx)
	if caller.May(p) {
		return nil
	}
	return &campaign.Error{Kind: campaign.KindDenied, Message: fmt.Sprintf("a token needs the permission %s for this: an admin can make one (dialctl token create)", p)}
}

func leadTarget(id campaign.LeadID) string { return fmt.Sprint("lead ", id) }

// EraseLead removes a person.
func (s *LeadServer) EraseLead(ctx context.Context, r *pb.EraseLeadRequest) (*pb.EraseLeadResponse, error) {
	if err := permitted(ctx, campaign.PermitPrivacy); err != nil {
		return nil, err
	}
	if err := checkReason(r.GetReason()); err != nil {
		return nil, err
	}
	got, err := s.leads.EraseLead(ctx, campaign.LeadID(r.GetId()), r.GetEverywhere(), r.GetReason())
	s.floor.Revoked(got.Revoked)
	for _, id := range got.Campaigns {
		s.floor.Wake(id)
	}
	if err != nil {
		return nil, err
	}
	out := &pb.EraseLeadResponse{Attempts: got.Attempts}
	for _, id := range got.Leads {
		out.LeadIds = append(out.LeadIds, int64(id))
	}
	return out, nil
}

// RevealNumbers tells the full numbers of a lead. It is in the audit log before they are told.
func (s *LeadServer) RevealNumbers(ctx context.Context, r *pb.RevealNumbersRequest) (*pb.RevealNumbersResponse, error) {
	if err := permitted(ctx, campaign.PermitNumbers); err != nil {
		return nil, err
	}
	if err := checkReason(r.GetReason()); err != nil {
		return nil, err
	}
	l, err := s.leads.Lead(ctx, campaign.LeadID(r.GetId()))
	if err != nil {
		return nil, err
	}
	if err := s.leads.LogDeed(ctx, "reveal_numbers", leadTarget(l.ID), nil, r.GetReason()); err != nil {
		return nil, err
	}
	return &pb.RevealNumbersResponse{Numbers: wire.Numbers(&l)}, nil
}

// toldLeads is how many leads an entry of the audit log names.
const toldLeads = 100

// ExportPerson is all that is held on a person, in pieces. It is in the audit log before the first.
func (s *LeadServer) ExportPerson(r *pb.ExportPersonRequest, stream grpc.ServerStreamingServer[pb.ExportPersonResponse]) error {
	ctx := stream.Context()
	if err := permitted(ctx, campaign.PermitPrivacy); err != nil {
		return err
	}
	q, err := s.personQuery(r)
	if err != nil {
		return err
	}
	leads, err := s.leads.PersonLeads(ctx, q)
	if err != nil {
		return err
	}
	target := ""
	if len(leads) > 0 {
		target = leadTarget(leads[0])
	}
	told := map[string]any{"count": len(leads), "leads": leads[:min(len(leads), toldLeads)]}
	if err := s.leads.LogDeed(ctx, "export_person", target, told, ""); err != nil {
		return err
	}
	return sendFile(func(w io.Writer) error { return s.leads.ExportPerson(ctx, leads, q.Number, w) }, func(_ bool, data []byte) error {
		return paced(ctx, func() error { return stream.Send(&pb.ExportPersonResponse{Piece: data}) })
	})
}

func (s *LeadServer) personQuery(r *pb.ExportPersonRequest) (campaign.PersonQuery, error) {
	q := campaign.PersonQuery{Lead: campaign.LeadID(r.GetLeadId()), ExternalID: r.GetExternalId(), Source: r.GetSource()}
	given := 0
	for _, is := range []bool{r.GetLeadId() != 0, r.GetNumber() != "", r.GetExternalId() != ""} {
		if is {
			given++
		}
	}
	switch {
	case r.GetLeadId() < 0:
		return q, campaign.Invalid("lead_id", "must be the number that lists show")
	case given != 1:
		return q, campaign.Invalid("lead_id", "name the person by exactly one of lead_id, number and external_id")
	case q.Source != "" && q.ExternalID == "":
		return q, campaign.Invalid("source", "goes with external_id")
	}
	if r.GetNumber() != "" {
		n, err := s.phones(r.GetNumber(), "")
		if err != nil {
			return q, wire.Named("number", err)
		}
		q.Number = n.Phone
	}
	return q, nil
}
