package rpc

import (
	"context"
	"fmt"

	"redial/campaign"
	"redial/campaign/wire"
	pb "redial/proto/campaign/v1"
)

// UpdateLead changes the fields that the mask names and plans the lead again.
func (s *LeadServer) UpdateLead(ctx context.Context, r *pb.UpdateLeadRequest) (*pb.UpdateLeadResponse, error) {
	take, err := masked(r.GetUpdateMask(), "name", "numbers", "zones", "attributes", "priority")
	if err != nil {
		return nil, err
	}
	m := r.GetLead()
	u := campaign.LeadUpdate{ID: campaign.LeadID(m.GetId()), Version: m.GetVersion(), By: by(ctx)}
	if u.Version == 0 {
		return nil, campaign.Invalid("lead.version", "is missing: give the version that you saw, so that nobody's change is lost")
	}
	if take["name"] {
		u.Name = new(m.GetName())
	}
	if take["zones"] {
		u.Zones = new(m.GetZones())
	}
	if take["attributes"] {
		u.Attributes = new(wire.FromAttributes(m.GetAttributes()))
	}
	if take["priority"] {
		u.Priority = new(int(m.GetPriority()))
	}
	if take["numbers"] {
		numbers, err := s.numbers(ctx, u.ID, m.GetNumbers())
		if err != nil {
			return nil, err
		}
		u.Numbers = &numbers
	}
	l, err := s.leads.UpdateLead(ctx, u)
	if err != nil {
		return nil, err
	}
	s.floor.Wake(l.CampaignID)
	shown, err := s.shown(ctx, &l)
	return &pb.UpdateLeadResponse{Lead: shown}, err
}

// numbers reads numbers that may be written nationally, of the campaign's region.
func (s *LeadServer) numbers(ctx context.Context, id campaign.LeadID, given []*pb.Number) ([]campaign.Number, error) {
	l, err := s.leads.Lead(ctx, id)
	if err != nil {
		return nil, err
	}
	c, err := s.home.Campaign(ctx, l.CampaignID)
	if err != nil {
		return nil, err
	}
	out := wire.FromNumbers(given)
	for i := range out {
		n, err := s.phones(string(out[i].Phone), c.Region)
		if err != nil {
			return nil, wire.Named(fmt.Sprintf("lead.numbers[%d].phone", i), err)
		}
		out[i].Phone = n.Phone
		if out[i].Extension == "" {
			out[i].Extension = n.Extension
		}
	}
	return out, nil
}

// WithdrawLead takes a lead out.
func (s *LeadServer) WithdrawLead(ctx context.Context, r *pb.WithdrawLeadRequest) (*pb.WithdrawLeadResponse, error) {
	if err := checkReason(r.GetReason()); err != nil {
		return nil, err
	}
	l, err := s.leads.WithdrawLead(ctx, campaign.LeadID(r.GetId()), 0, r.GetReason(), by(ctx))
	if err != nil {
		return nil, err
	}
	s.floor.Wake(l.CampaignID)
	shown, err := s.shown(ctx, &l)
	return &pb.WithdrawLeadResponse{Lead: shown}, err
}

// ReopenLead plans a lead again.
func (s *LeadServer) ReopenLead(ctx context.Context, r *pb.ReopenLeadRequest) (*pb.ReopenLeadResponse, error) {
	if err := checkReason(r.GetReason()); err != nil {
		return nil, err
	}
	l, err := s.leads.ReopenLead(ctx, campaign.LeadID(r.GetId()), 0, because(ctx, r.GetReason()))
	if err != nil {
		return nil, err
	}
	s.floor.Wake(l.CampaignID)
	shown, err := s.shown(ctx, &l)
	return &pb.ReopenLeadResponse{Lead: shown, DecidedAt: wire.Time(l.DecidedAt)}, err
}
