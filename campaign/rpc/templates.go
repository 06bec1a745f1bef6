package rpc

import (
	"context"

	"redial/campaign"
	"redial/campaign/wire"
	pb "redial/proto/campaign/v1"
)

// Templates keep how files of a kind are read.
type Templates interface {
	// SaveTemplate keeps one; the one of its name is replaced.
	SaveTemplate(ctx context.Context, id campaign.CampaignID, m campaign.ImportTemplate) (campaign.ImportTemplate, error)
	// Templates are a campaign's, by name.
	Templates(ctx context.Context, id campaign.CampaignID) ([]campaign.ImportTemplate, error)
	DeleteTemplate(ctx context.Context, id campaign.CampaignID, name string) error
}

// SaveTemplate keeps how a file was read.
func (s *ListServer) SaveTemplate(ctx context.Context, r *pb.SaveTemplateRequest) (*pb.SaveTemplateResponse, error) {
	o, err := wire.FromOptions(r.GetTemplate().GetOptions())
	if err != nil {
		return nil, err
	}
	m := campaign.ImportTemplate{Name: r.GetTemplate().GetName(), Headings: r.GetTemplate().GetHeadings()}
	if o != nil {
		m.Options = *o
	}
	if m, err = s.lists.SaveTemplate(ctx, campaign.CampaignID(r.GetCampaignId()), m); err != nil {
		return nil, err
	}
	return &pb.SaveTemplateResponse{Template: wire.Template(&m)}, nil
}

// ListTemplates lists a campaign's templates.
func (s *ListServer) ListTemplates(ctx context.Context, r *pb.ListTemplatesRequest) (*pb.ListTemplatesResponse, error) {
	all, err := s.lists.Templates(ctx, campaign.CampaignID(r.GetCampaignId()))
	if err != nil {
		return nil, err
	}
	out := &pb.ListTemplatesResponse{}
	for i := range all {
		out.Templates = append(out.Templates, wire.Template(&all[i]))
	}
	return out, nil
}

// DeleteTemplate forgets a template.
func (s *ListServer) DeleteTemplate(ctx context.Context, r *pb.DeleteTemplateRequest) (*pb.DeleteTemplateResponse, error) {
	if err := s.lists.DeleteTemplate(ctx, campaign.CampaignID(r.GetCampaignId()), r.GetName()); err != nil {
		return nil, err
	}
	return &pb.DeleteTemplateResponse{}, nil
}

// count adds to lists what is counted only when it is asked for.
func (s *ListServer) count(ctx context.Context, all []*pb.List) error {
	ids := make([]campaign.ListID, len(all))
	for i, l := range all {
		ids[i] = campaign.ListID(l.GetId())
	}
	counts, err := s.lists.ListCounts(ctx, ids)
	if err != nil {
		return err
	}
	for i, l := range all {
		c := counts[ids[i]]
		l.Counts, l.Called = wire.LeadCounts(c.Leads), c.Called
	}
	return nil
}
