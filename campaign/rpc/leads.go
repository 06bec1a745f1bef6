package rpc

import (
	"context"
	"fmt"

	"redial/campaign"
	"redial/campaign/wire"
	pb "redial/proto/campaign/v1"
)

// Leads finds leads and changes them.
type Leads interface {
	Lead(ctx context.Context, id campaign.LeadID) (campaign.Lead, error)
	// FindLeads are those that match, by id, from above f.AfterID.
	FindLeads(ctx context.Context, f campaign.LeadFilter) ([]campaign.Lead, error)
	UpdateLead(ctx context.Context, u campaign.LeadUpdate) (campaign.Lead, error)
	// WithdrawLead and ReopenLead take a lead of whatever version for version 0.
	WithdrawLead(ctx context.Context, id campaign.LeadID, version int64, reason, by string) (campaign.Lead, error)
	ReopenLead(ctx context.Context, id campaign.LeadID, version int64, by string) (campaign.Lead, error)
	Upserts
	Persons
}

// LeadPast is what is known of a lead besides itself.
type LeadPast interface {
	// History are the attempts in the ledger, oldest first, amendments applied.
	History(ctx context.Context, id campaign.LeadID) ([]campaign.Attempt, error)
	// LeadPromises are the lead's promises, oldest first.
	LeadPromises(ctx context.Context, id campaign.LeadID) ([]campaign.Appointment, error)
	AgentLogins(ctx context.Context, ids []campaign.AgentID) (map[campaign.AgentID]string, error)
	// Suppressed are the suppressions in force of the numbers.
	Suppressed(ctx context.Context, phones []campaign.Phone) ([]campaign.Suppression, error)
	// FactsMany are the facts of leads; one that is not there is left out.
	FactsMany(ctx context.Context, ids []campaign.LeadID) ([]*campaign.Facts, error)
}

// LeadHome is where a lead belongs.
type LeadHome interface {
	Campaign(ctx context.Context, id campaign.CampaignID) (campaign.Campaign, error)
	List(ctx context.Context, id campaign.ListID) (campaign.List, error)
	// RulesAt are the campaign's rules as they were at a version.
	RulesAt(ctx context.Context, id campaign.CampaignID, version int64) (campaign.Rules, error)
}

// EncodeCase writes a lead's last decision as one line of the rule of time's case format: rules are those that it was
// made under. Empty: the decision does not follow from a case.
type EncodeCase func(f *campaign.Facts, rules *campaign.Rules) ([]byte, error)

// LeadServer serves LeadService.
type LeadServer struct {
	pb.UnimplementedLeadServiceServer
	leads    Leads
	past     LeadPast
	home     LeadHome
	consents Consents
	phones   Phones
	encode   EncodeCase
	floor    Floor
}

// NewLeads makes the service; a nil floor is nobody to tell.
func NewLeads(l Leads, past LeadPast, home LeadHome, consents Consents, phones Phones, encode EncodeCase, floor Floor) *LeadServer {
	return &LeadServer{leads: l, past: past, home: home, consents: consents, phones: phones, encode: encode, floor: orNobody(floor)}
}

// GetLead is a lead and all that is known of it.
func (s *LeadServer) GetLead(ctx context.Context, r *pb.GetLeadRequest) (*pb.GetLeadResponse, error) {
	l, err := s.leads.Lead(ctx, campaign.LeadID(r.GetId()))
	if err != nil {
		return nil, err
	}
	c, err := s.home.Campaign(ctx, l.CampaignID)
	if err != nil {
		return nil, err
	}
	list, err := s.home.List(ctx, l.ListID)
	if err != nil {
		return nil, err
	}
	out := &pb.GetLeadResponse{CampaignName: c.Name, ListName: list.Name, Tries: wire.Tries(l.Tries)}
	shown, err := s.shownAll(ctx, []campaign.Lead{l})
	if err != nil {
		return nil, err
	}
	out.Lead = shown[0]
	promises, err := s.past.LeadPromises(ctx, l.ID)
	if err != nil {
		return nil, err
	}
	if err := s.tell(ctx, out, &l, promises); err != nil {
		return nil, err
	}
	if err := s.decided(ctx, out, l.ID); err != nil {
		return nil, err
	}
	maskHistory(s.mask(ctx, leadTarget(l.ID)), out)
	return out, nil
}

// tell fills in the attempts and the promises.
func (s *LeadServer) tell(ctx context.Context, out *pb.GetLeadResponse, l *campaign.Lead, promises []campaign.Appointment) error {
	past, err := s.past.History(ctx, l.ID)
	if err != nil {
		return err
	}
	var ids []campaign.AgentID
	for i := range past {
		ids = append(ids, past[i].AgentID)
	}
	for i := range promises {
		ids = append(ids, promises[i].Owner)
	}
	logins, err := s.past.AgentLogins(ctx, ids)
	if err != nil {
		return err
	}
	for i := range past {
		out.Attempts = append(out.Attempts, wire.Attempt(&past[i], logins[past[i].AgentID]))
	}
	for i := range promises {
		out.Appointments = append(out.Appointments, wire.Appointment(&promises[i], logins[promises[i].Owner]))
	}
	return nil
}

// decided fills in the last decision as a case, under the rules of its time.
func (s *LeadServer) decided(ctx context.Context, out *pb.GetLeadResponse, id campaign.LeadID) error {
	all, err := s.past.FactsMany(ctx, []campaign.LeadID{id})
	if err != nil || len(all) == 0 {
		return err // erased a moment ago
	}
	f := all[0]
	if f.Lead.HeldOffUntil.After(f.Lead.DecidedAt) {
		return nil // what a CRM said is in no case
	}
	rules := f.Campaign.Rules
	if f.Lead.RulesVersion != f.Campaign.RulesVersion {
		if rules, err = s.home.RulesAt(ctx, f.Campaign.ID, f.Lead.RulesVersion); err != nil {
			return err
		}
	}
	line, err := s.encode(f, &rules)
	if err != nil {
		return fmt.Errorf("write lead %d as a case: %w", id, err)
	}
	out.CaseJson = string(line)
	return nil
}

// shown is a lead whose suppressed numbers are marked, with its numbers as the caller may see them.
func (s *LeadServer) shown(ctx context.Context, l *campaign.Lead) (*pb.Lead, error) {
	out, err := s.shownAll(ctx, []campaign.Lead{*l})
	if err != nil {
		return nil, err
	}
	maskLead(s.mask(ctx, leadTarget(l.ID)), out[0])
	return out[0], nil
}

// mask is how the caller may see numbers; target is what the entry in the audit log is on, empty: the campaign.
func (s *LeadServer) mask(ctx context.Context, target string) wire.Mask {
	return numberMask(ctx, masking{s.home, s.leads}, target)
}

// masking joins what tells of campaigns and what keeps deeds.
type masking struct {
	LeadHome
	Deeds
}

func (s *LeadServer) shownAll(ctx context.Context, leads []campaign.Lead) ([]*pb.Lead, error) {
	var phones []campaign.Phone
	for i := range leads {
		phones = append(phones, campaign.Phones(leads[i].Numbers)...)
	}
	found, err := s.past.Suppressed(ctx, phones)
	if err != nil {
		return nil, err
	}
	shut, at := byPhone(found), make(map[campaign.CampaignID]*campaign.Campaign)
	out := make([]*pb.Lead, len(leads))
	for i := range leads {
		out[i] = wire.Lead(&leads[i])
		for _, n := range out[i].GetNumbers() {
			p := campaign.Phone(n.GetPhone())
			if len(shut[p]) == 0 {
				continue
			}
			c, ok := at[leads[i].CampaignID]
			if !ok {
				home, err := s.home.Campaign(ctx, leads[i].CampaignID)
				if err != nil {
					return nil, err
				}
				c = &home
				at[leads[i].CampaignID] = c
			}
			n.Suppressed = binding(shut[p], &leads[i], c, p) != nil
		}
	}
	return out, nil
}

// FindLeads is a page of leads that match every filter given.
func (s *LeadServer) FindLeads(ctx context.Context, r *pb.FindLeadsRequest) (*pb.FindLeadsResponse, error) {
	f, err := s.filter(ctx, r)
	if err != nil {
		return nil, err
	}
	size, err := wire.PageSize(r.GetPageSize())
	if err != nil {
		return nil, err
	}
	query := f
	if err := wire.FromPageToken(r.GetPageToken(), query, &f.AfterID); err != nil {
		return nil, err
	}
	f.Limit = size + 1
	rows, err := s.leads.FindLeads(ctx, f)
	if err != nil {
		return nil, err
	}
	rows, next := wire.Cut(rows, size, query, func(l *campaign.Lead) any { return l.ID })
	leads, err := s.shownAll(ctx, rows)
	if err != nil {
		return nil, err
	}
	mask := s.mask(ctx, "")
	for _, l := range leads {
		maskLead(mask, l)
	}
	return &pb.FindLeadsResponse{Leads: leads, NextPageToken: next}, nil
}

func (s *LeadServer) filter(ctx context.Context, r *pb.FindLeadsRequest) (campaign.LeadFilter, error) {
	f := campaign.LeadFilter{
		Campaign: campaign.CampaignID(r.GetCampaignId()), List: campaign.ListID(r.GetListId()),
		State: wire.FromLeadState(r.GetState()), ExternalID: r.GetExternalId(), Text: r.GetName(),
	}
	if f.State == "" && r.GetState() != pb.LeadState_LEAD_STATE_UNSPECIFIED {
		return f, campaign.Invalid("state", "is no state of a lead: open, held, finished, exhausted, suppressed, withdrawn")
	}
	if r.GetNumber() != "" {
		n, err := s.phones(r.GetNumber(), r.GetRegion())
		if err != nil && r.GetRegion() == "" && f.Campaign != 0 {
			c, e := s.home.Campaign(ctx, f.Campaign)
			if e != nil {
				return f, e
			}
			n, err = s.phones(r.GetNumber(), c.Region)
		}
		if err != nil {
			return f, wire.Named("number", err)
		}
		f.Phone = n.Phone
	}
	f.Among = campaign.CallerFrom(ctx).Campaigns
	if f.Empty() {
		return f, &campaign.Error{Kind: campaign.KindInvalid, Message: "no filter at all: give a campaign, a list, a state, a number, an external id or a part of the name"}
	}
	return f, nil
}
