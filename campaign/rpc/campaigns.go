package rpc

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"redial/campaign"
	"redial/campaign/wire"
	pb "redial/proto/campaign/v1"
)

// Campaigns keeps campaigns.
type Campaigns interface {
	CreateCampaign(ctx context.Context, c campaign.Campaign) (campaign.Campaign, error)
	Campaign(ctx context.Context, id campaign.CampaignID) (campaign.Campaign, error)
	CampaignByName(ctx context.Context, name string) (campaign.Campaign, error)
	// Campaigns are those with an id above after, by id.
	Campaigns(ctx context.Context, after campaign.CampaignID, limit int) ([]campaign.Campaign, error)
	// UpdateCampaign replaces what people give; c.Version is the one that was seen.
	UpdateCampaign(ctx context.Context, c campaign.Campaign) (campaign.Campaign, error)
	// Now is the clock that counts.
	Now() time.Time
}

// CampaignLife moves campaigns through their states, and counts what is in them.
type CampaignLife interface {
	StartCampaign(ctx context.Context, id campaign.CampaignID) (campaign.Campaign, error)
	// PauseCampaign also counts the cards taken back and the promises that stand.
	PauseCampaign(ctx context.Context, id campaign.CampaignID) (c campaign.Campaign, revoked, promises int64, err error)
	// FinishCampaign also counts the promises cancelled and kept. An empty policy is refused while any is open.
	FinishCampaign(ctx context.Context, id campaign.CampaignID, policy campaign.PromisePolicy) (c campaign.Campaign, cancelled, kept int64, err error)
	CampaignCounts(ctx context.Context, id campaign.CampaignID) (leads campaign.LeadCounts, promises int64, err error)
}

// CampaignServer serves CampaignService.
type CampaignServer struct {
	pb.UnimplementedCampaignServiceServer
	campaigns Campaigns
	life      CampaignLife
	floor     Floor
	replan    func(campaign.CampaignID)
	law       Law          // nil: none is known, and none asked for
	log       *slog.Logger // with law
}

// NewCampaigns makes the service. replan is told of a campaign whose rules changed, so that its waiting leads are
// planned anew; it returns at once. A nil floor or replan is nobody to tell.
func NewCampaigns(c Campaigns, life CampaignLife, floor Floor, replan func(campaign.CampaignID)) *CampaignServer {
	if replan == nil {
		replan = func(campaign.CampaignID) {}
	}
	return &CampaignServer{campaigns: c, life: life, floor: orNobody(floor), replan: replan}
}

// CreateCampaign makes a draft.
func (s *CampaignServer) CreateCampaign(ctx context.Context, r *pb.CreateCampaignRequest) (*pb.CreateCampaignResponse, error) {
	if r.GetCampaign() == nil {
		return nil, campaign.Invalid("campaign", "is missing: give at least its name and zone")
	}
	c, err := wire.FromCampaign(r.GetCampaign())
	if err != nil {
		return nil, err
	}
	now := s.campaigns.Now()
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if err := s.checkRules(&c.Rules, now); err != nil {
		return nil, err
	}
	if err := c.Rules.Short(now); err != nil {
		return nil, err
	}
	if err := mayShow(ctx, &campaign.Campaign{}, &c); err != nil {
		return nil, err
	}
	made, err := s.campaigns.CreateCampaign(ctx, c)
	if err != nil {
		return nil, err
	}
	return &pb.CreateCampaignResponse{Campaign: wire.Campaign(&made), Warnings: s.warnings(ctx, nil, &made)}, nil
}

// GetCampaign is a campaign and how it stands.
func (s *CampaignServer) GetCampaign(ctx context.Context, r *pb.GetCampaignRequest) (*pb.GetCampaignResponse, error) {
	if err := exactlyOne(r.GetId(), r.GetName(), "name"); err != nil {
		return nil, err
	}
	c, err := s.find(ctx, r.GetId(), r.GetName())
	if err != nil {
		return nil, err
	}
	leads, promises, err := s.life.CampaignCounts(ctx, c.ID)
	if err != nil {
		return nil, err
	}
	return &pb.GetCampaignResponse{Campaign: wire.Campaign(&c), Leads: wire.LeadCounts(leads), OpenPromises: promises}, nil
}

// checkRules refuses rules that somebody gives and cannot mean.
func (s *CampaignServer) checkRules(r *campaign.Rules, now time.Time) error {
	if err := s.checkLaw(r); err != nil {
		return err
	}
	return r.Contradictions(now)
}

func (s *CampaignServer) find(ctx context.Context, id int64, name string) (campaign.Campaign, error) {
	if id != 0 {
		return s.campaigns.Campaign(ctx, campaign.CampaignID(id))
	}
	c, err := s.campaigns.CampaignByName(ctx, name)
	if caller := campaign.CallerFrom(ctx); err == nil && !caller.Sees(c.ID) {
		return campaign.Campaign{}, fmt.Errorf("read a campaign: %w", campaign.NotFound("campaign", name))
	}
	return c, err
}

// ListCampaigns is a page of campaigns by id.
func (s *CampaignServer) ListCampaigns(ctx context.Context, r *pb.ListCampaignsRequest) (*pb.ListCampaignsResponse, error) {
	type query struct{ State pb.CampaignState }
	q := query{r.GetState()}
	size, err := wire.PageSize(r.GetPageSize())
	if err != nil {
		return nil, err
	}
	var after campaign.CampaignID
	if err := wire.FromPageToken(r.GetPageToken(), q, &after); err != nil {
		return nil, err
	}
	state := wire.FromCampaignState(r.GetState())
	if state == "" && r.GetState() != pb.CampaignState_CAMPAIGN_STATE_UNSPECIFIED {
		return nil, campaign.Invalid("state", "is no state of a campaign: draft, running, paused, finished")
	}
	caller := campaign.CallerFrom(ctx)
	var rows []campaign.Campaign
	for len(rows) <= size {
		some, err := s.campaigns.Campaigns(ctx, after, size+1)
		if err != nil {
			return nil, err
		}
		for _, c := range some {
			if after = c.ID; (state == "" || c.State == state) && caller.Sees(c.ID) {
				rows = append(rows, c)
			}
		}
		if len(some) <= size {
			break
		}
	}
	rows, next := wire.Cut(rows[:min(len(rows), size+1)], size, q, func(c *campaign.Campaign) any { return c.ID })
	out := &pb.ListCampaignsResponse{NextPageToken: next}
	for i := range rows {
		out.Campaigns = append(out.Campaigns, wire.Campaign(&rows[i]))
	}
	return out, nil
}

// UpdateCampaign changes the fields that the mask names.
func (s *CampaignServer) UpdateCampaign(ctx context.Context, r *pb.UpdateCampaignRequest) (*pb.UpdateCampaignResponse, error) {
	take, err := masked(r.GetUpdateMask(), "name", "zone", "region", "rules", "floor", "script", "skills", "codes", "mask_numbers", "pre_call")
	if err != nil {
		return nil, err
	}
	given, err := wire.FromCampaign(r.GetCampaign())
	if err != nil {
		return nil, err
	}
	c, err := s.campaigns.Campaign(ctx, given.ID)
	if err != nil {
		return nil, err
	}
	before := c
	c.Version = given.Version
	for field, set := range map[string]func(){
		"name":   func() { c.Name = given.Name },
		"zone":   func() { c.Zone = given.Zone },
		"region": func() { c.Region = given.Region },
		"rules":  func() { c.Rules = given.Rules },
		"floor":  func() { c.Floor = given.Floor },
		"script": func() { c.Script = given.Script },
		"skills": func() { c.Skills = given.Skills },
		"codes":  func() { c.Codes = given.Codes },

		"mask_numbers": func() { c.MaskNumbers = given.MaskNumbers },
		"pre_call":     func() { c.PreCall = given.PreCall },
	} {
		if take[field] {
			set()
		}
	}
	if take["rules"] {
		if err := s.checkRules(&c.Rules, s.campaigns.Now()); err != nil {
			return nil, err
		}
	}
	if err := mayShow(ctx, &before, &c); err != nil {
		return nil, err
	}
	after, err := s.campaigns.UpdateCampaign(ctx, c)
	if err != nil {
		return nil, err
	}
	if after.RulesVersion != before.RulesVersion {
		s.replan(after.ID)
	}
	s.floor.Wake(after.ID)
	return &pb.UpdateCampaignResponse{Campaign: wire.Campaign(&after), Warnings: s.warnings(ctx, &before, &after)}, nil
}

// mayShow refuses changes by which a caller would learn what it may not see, or send it elsewhere: full numbers of a
// campaign that masks them, and the operator's own tokens to CRMs. A caller of no role is this process itself.
func mayShow(ctx context.Context, before, after *campaign.Campaign) error {
	c := campaign.CallerFrom(ctx)
	asks := after.PreCall != before.PreCall && after.PreCall.Address != ""
	switch {
	case c.Role == "" || c.Role == campaign.RoleAdmin:
		return nil
	case asks && after.PreCall.TokenName != "":
		return campaign.Denied("pre_call.token_name shows one of the operator's tokens to the address: that is for an admin to set, or leave it empty")
	case before.MaskNumbers && (asks || !after.MaskNumbers) && !c.May(campaign.PermitNumbers):
		return campaign.Denied("this campaign masks numbers: who unmasks them, or has a CRM asked by them, needs the permission numbers")
	}
	return nil
}

// StartCampaign begins offering.
func (s *CampaignServer) StartCampaign(ctx context.Context, r *pb.StartCampaignRequest) (*pb.StartCampaignResponse, error) {
	c, err := s.life.StartCampaign(ctx, campaign.CampaignID(r.GetId()))
	if err != nil {
		return nil, err
	}
	s.floor.Wake(c.ID)
	return &pb.StartCampaignResponse{Campaign: wire.Campaign(&c)}, nil
}

// PauseCampaign stops offering at once.
func (s *CampaignServer) PauseCampaign(ctx context.Context, r *pb.PauseCampaignRequest) (*pb.PauseCampaignResponse, error) {
	c, revoked, promises, err := s.life.PauseCampaign(ctx, campaign.CampaignID(r.GetId()))
	if err != nil {
		return nil, err
	}
	s.floor.Wake(c.ID)
	return &pb.PauseCampaignResponse{Campaign: wire.Campaign(&c), Revoked: revoked, OpenPromises: promises}, nil
}

// FinishCampaign ends a campaign for good.
func (s *CampaignServer) FinishCampaign(ctx context.Context, r *pb.FinishCampaignRequest) (*pb.FinishCampaignResponse, error) {
	policy, err := wire.FromPromisePolicy("promises", r.GetPromises())
	if err != nil {
		return nil, err
	}
	c, cancelled, kept, err := s.life.FinishCampaign(ctx, campaign.CampaignID(r.GetId()), policy)
	if err != nil {
		return nil, err
	}
	s.floor.Wake(c.ID)
	return &pb.FinishCampaignResponse{Campaign: wire.Campaign(&c), Cancelled: cancelled, Kept: kept}, nil
}
