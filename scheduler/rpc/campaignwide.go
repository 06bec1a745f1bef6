package rpc

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"redial/campaign"
	"redial/campaign/wire"
	pb "redial/proto/scheduler/v1"
	"redial/scheduler"
)

// alive are the states whose leads may still be called; the others are counted without a look at each.
var alive = []campaign.LeadState{campaign.LeadOpen, campaign.LeadHeld}

// ExplainCampaign says why leads are not callable now, by the gate that binds each.
func (s *Server) ExplainCampaign(ctx context.Context, r *pb.ExplainCampaignRequest) (*pb.ExplainCampaignResponse, error) {
	id, list, err := s.scope(ctx, r.GetCampaignId(), r.GetListId())
	if err != nil {
		return nil, err
	}
	counts, err := s.deps.Whole.LeadCounts(ctx, id, list)
	if err != nil {
		return nil, err
	}
	var h scheduler.Histogram
	now := s.now()
	err = s.deps.Whole.SnapshotFacts(ctx, id, list, alive, func(all []*campaign.Facts) error {
		for _, f := range all {
			now = f.Now
			j := s.deps.Rules.Offer(f, 0)
			h.Add(f.Lead, &j)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, state := range campaign.LeadStates {
		if state != campaign.LeadOpen && state != campaign.LeadHeld {
			h.Ended(state, counts[state])
		}
	}
	out := &pb.ExplainCampaignResponse{Now: wire.Time(now), Leads: h.Leads, Callable: h.Callable}
	for _, b := range h.Bars() {
		out.Gates = append(out.Gates, &pb.GateCount{
			Gate: b.Gate, Leads: b.Leads, OpensAt: wire.Time(b.First), LastOpensAt: wire.Time(b.Last), ExampleLeadId: int64(b.Example), Detail: b.Detail,
		})
	}
	return out, nil
}

// scope is the campaign, which must be there, and the list of it, if one is named.
func (s *Server) scope(ctx context.Context, c, l int64) (campaign.CampaignID, campaign.ListID, error) {
	id, list := campaign.CampaignID(c), campaign.ListID(l)
	if _, err := s.record.Campaign(ctx, id); err != nil {
		return 0, 0, err
	}
	if list < 0 {
		return 0, 0, campaign.Invalid("list_id", "must be the number that lists show, or 0 for all")
	}
	return id, list, nil
}

// gateNames are what ListBlocked may be asked for: the gates, and the states in which nothing is called any more.
func gateNames() map[string]bool {
	names := map[string]bool{"": true}
	for _, g := range scheduler.GateNames() {
		names[g] = true
	}
	for _, state := range campaign.LeadStates {
		if state != campaign.LeadOpen && state != campaign.LeadHeld {
			names[string(state)] = true
		}
	}
	return names
}

// blockedPlace is where a page of blocked leads ends.
type blockedPlace struct {
	After campaign.LeadID `json:"after"`
}

// lookedAt is how many leads one page looks at, at most: few of many may be kept back by the gate that is asked for.
const lookedAt = 20_000

// ListBlocked lists the leads that one gate keeps back now.
func (s *Server) ListBlocked(ctx context.Context, r *pb.ListBlockedRequest) (*pb.ListBlockedResponse, error) {
	id, list, err := s.scope(ctx, r.GetCampaignId(), r.GetListId())
	if err != nil {
		return nil, err
	}
	if known := gateNames(); !known[r.GetGate()] {
		delete(known, "")
		return nil, campaign.Invalid("gate", fmt.Sprintf("%q is no gate: there are %s", r.GetGate(), strings.Join(slices.Sorted(maps.Keys(known)), ", ")))
	}
	size, err := wire.PageSize(r.GetPageSize())
	if err != nil {
		return nil, err
	}
	query := []any{id, list, r.GetGate()}
	var at blockedPlace
	if err := wire.FromPageToken(r.GetPageToken(), query, &at); err != nil {
		return nil, err
	}
	out := &pb.ListBlockedResponse{}
	for looked := 0; ; {
		ids, err := s.deps.Whole.LeadsAfter(ctx, id, list, at.After, 500)
		if err != nil {
			return nil, err
		}
		if len(ids) == 0 {
			return out, s.hide(ctx, id, out)
		}
		facts, err := s.record.FactsMany(ctx, ids)
		if err != nil {
			return nil, err
		}
		for _, f := range facts {
			at.After = f.Lead.ID
			if out.Leads = s.blocked(out.GetLeads(), f, r.GetGate()); len(out.GetLeads()) == size {
				break
			}
		}
		if looked += len(ids); len(out.GetLeads()) == size || looked >= lookedAt {
			out.NextPageToken = wire.PageToken(query, at)
			return out, s.hide(ctx, id, out)
		}
		at.After = ids[len(ids)-1]
	}
}

// blocked adds the lead if the gate is the one that binds it.
func (s *Server) blocked(to []*pb.BlockedLead, f *campaign.Facts, gate string) []*pb.BlockedLead {
	j := s.deps.Rules.Offer(f, 0)
	if scheduler.Binds(f.Lead, &j) != gate {
		return to
	}
	return append(to, &pb.BlockedLead{
		LeadId: int64(f.Lead.ID), Name: f.Lead.Name, ListId: int64(f.Lead.ListID), OpensAt: wire.Time(j.OpenAt), Detail: j.Detail, Plan: wire.Plan(j.Plan),
	})
}
