package rpc

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"redial/campaign"
	"redial/campaign/wire"
	pb "redial/proto/campaign/v1"
)

// UpdateLead changes the fields that the mask names and plans the lead again.
func (s *LeadServer) UpdateLead(ctx context.Context, r *pb.UpdateLeadRequest) (*pb.UpdateLeadResponse, error) {
	take, err := masked(r.GetUpdateMask(), "name", "numbers", "zones", "attributes", "priority", "account", "places")
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
	if take["account"] {
		if u.Account, err = account(m.GetAccount()); err != nil {
			return nil, err
		}
	}
	if take["places"] {
		if u.Places, err = places(m.GetPlaces()); err != nil {
			return nil, err
		}
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

// accountMost bounds the name of an account, in characters.
const accountMost = 200

func account(s string) (*string, error) {
	if utf8.RuneCountInString(s) > accountMost || strings.TrimSpace(s) != s {
		return nil, campaign.Invalid("lead.account", fmt.Sprintf("must be at most %d characters, without spaces at its ends", accountMost))
	}
	return &s, nil
}

// places reads where a lead may live, each once and sorted.
func places(given []string) (*[]string, error) {
	for i, p := range given {
		if !campaign.KnownPlace(p) {
			return nil, campaign.Invalid(fmt.Sprintf("lead.places[%d]", i), fmt.Sprintf("%q is no place: give a country (ISO 3166-1), such as FR, or a part of it (ISO 3166-2), such as US-FL", p))
		}
	}
	out := slices.Clone(given)
	slices.Sort(out)
	return new(slices.Compact(out)), nil
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
	out, follow := wire.FromNumbers(given), s.zonesOfNumbers(&l, &c)
	for i := range out {
		n, err := s.phones(string(out[i].Phone), c.Region)
		if err != nil {
			return nil, wire.Named(fmt.Sprintf("lead.numbers[%d].phone", i), err)
		}
		for k, z := range out[i].Zones {
			if !campaign.KnownZone(z) {
				return nil, campaign.Invalid(fmt.Sprintf("lead.numbers[%d].zones[%d]", i, k), fmt.Sprintf("%q is no time zone: write it as America/New_York", z))
			}
		}
		out[i].Phone, out[i].Places = n.Phone, n.Places
		if len(out[i].Zones) == 0 && follow && !slices.Equal(n.Zones, l.Zones) {
			out[i].Zones = n.Zones
		}
		if out[i].Extension == "" {
			out[i].Extension = n.Extension
		}
	}
	return out, nil
}

// zonesOfNumbers says whether the lead's zones are those of its first number, so that a number elsewhere keeps its own;
// zones that somebody gave hold for all its numbers.
func (s *LeadServer) zonesOfNumbers(l *campaign.Lead, c *campaign.Campaign) bool {
	if len(l.Numbers) == 0 {
		return false
	}
	n, err := s.phones(string(l.Numbers[0].Phone), "")
	if err == nil && len(n.Zones) == 0 {
		n.Zones = []string{c.Zone} // of leads whose number tells none
	}
	return err == nil && slices.Equal(n.Zones, l.Zones)
}

// WithdrawLead takes a lead out.
func (s *LeadServer) WithdrawLead(ctx context.Context, r *pb.WithdrawLeadRequest) (*pb.WithdrawLeadResponse, error) {
	if err := checkReason(r.GetReason()); err != nil {
		return nil, err
	}
	l, err := s.leads.WithdrawLead(ctx, campaign.LeadID(r.GetId()), r.GetVersion(), r.GetReason(), by(ctx))
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
	l, err := s.leads.ReopenLead(ctx, campaign.LeadID(r.GetId()), r.GetVersion(), because(ctx, r.GetReason()))
	if err != nil {
		return nil, err
	}
	s.floor.Wake(l.CampaignID)
	shown, err := s.shown(ctx, &l)
	return &pb.ReopenLeadResponse{Lead: shown, DecidedAt: wire.Time(l.DecidedAt)}, err
}

// MoveLead lets a lead go on in another campaign.
func (s *LeadServer) MoveLead(ctx context.Context, r *pb.MoveLeadRequest) (*pb.MoveLeadResponse, error) {
	done, err := s.leads.MoveLead(ctx, campaign.LeadID(r.GetId()), r.GetVersion(), campaign.CampaignID(r.GetCampaignId()), campaign.CallerFrom(ctx).Campaigns, by(ctx))
	if err != nil {
		return nil, err
	}
	s.moved(&done)
	l, err := s.leads.Lead(ctx, done.Results[0].Lead)
	if err != nil {
		return nil, err
	}
	shown, err := s.shown(ctx, &l)
	return &pb.MoveLeadResponse{Lead: shown}, err
}
