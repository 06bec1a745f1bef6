package rpc

import (
	"cmp"
	"context"
	"slices"
	"time"

	"redial/campaign"
	"redial/campaign/wire"
	pb "redial/proto/scheduler/v1"
	"redial/scheduler"
)

// How many leads ListDue lists.
const (
	dueUsual = 20
	dueMost  = 500
)

// ListDue looks into the future at widening steps, so often and so far at most.
const (
	lookSteps = 24
	lookAhead = 31 * 24 * time.Hour
)

// ListDue lists the leads that go next: those due now in the order of offering, then by the instant they become so.
func (s *Server) ListDue(ctx context.Context, r *pb.ListDueRequest) (*pb.ListDueResponse, error) {
	n := int(r.GetLimit())
	switch {
	case n < 0 || n > dueMost:
		return nil, campaign.Invalid("limit", "must be from 1 to 500, or 0 for 20")
	case n == 0:
		n = dueUsual
	}
	id := campaign.CampaignID(r.GetCampaignId())
	if _, err := s.record.Campaign(ctx, id); err != nil {
		return nil, err
	}
	now := s.now()
	leads, err := s.upcoming(ctx, id, n, now)
	if err != nil {
		return nil, err
	}
	facts, err := s.record.FactsMany(ctx, leads)
	if err != nil {
		return nil, err
	}
	next, err := s.judged(facts, now)
	if err != nil {
		return nil, err
	}
	out := &pb.ListDueResponse{Now: wire.Time(now)}
	for _, l := range next[:min(n, len(next))] {
		out.Leads = append(out.Leads, l.row)
	}
	return out, s.hide(ctx, id, out)
}

// upcoming are the leads of the campaign's next promises, and those that the finder finds now and at later instants,
// until there are n or nothing waits. It may find more than n.
func (s *Server) upcoming(ctx context.Context, id campaign.CampaignID, n int, now time.Time) ([]campaign.LeadID, error) {
	promises, err := s.promises.DuePromises(ctx, []campaign.CampaignID{id}, now.Add(lookAhead), n)
	if err != nil {
		return nil, err
	}
	var leads []campaign.LeadID
	seen := make(map[campaign.LeadID]bool)
	add := func(l campaign.LeadID) {
		if !seen[l] {
			seen[l] = true
			leads = append(leads, l)
		}
	}
	for i := range promises {
		add(promises[i].LeadID)
	}
	promised := len(leads)
	step := 15 * time.Minute
	for at, k := now, 0; k < lookSteps && at.Sub(now) < lookAhead; k++ {
		f := scheduler.Finder{Record: s.due, Now: func() time.Time { return at }, Rules: s.deps.Rules}
		found, err := f.Find(ctx, id, n, n)
		if err != nil {
			return nil, err
		}
		for _, d := range slices.Concat(found.Tried, found.Fresh) {
			add(d.Lead)
		}
		if len(leads)-promised >= n || found.Next.IsZero() {
			break
		}
		at = found.Next
		if len(found.Tried)+len(found.Fresh) > 0 {
			at = later(at, now.Add(step))
			step *= 2
		}
	}
	return leads, nil
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// nextLead is a lead with its place in the list.
type nextLead struct {
	due   bool
	order scheduler.Candidate
	row   *pb.DueLead
}

// judged are the leads that are still to be called, in order, by the dispatcher's own judgement.
func (s *Server) judged(all []*campaign.Facts, now time.Time) ([]nextLead, error) {
	var out []nextLead
	for _, f := range all {
		f.Now = now
		facts, err := s.deps.Rules.FactsOf(f)
		if err != nil {
			return nil, err
		}
		j := scheduler.Judge(facts)
		if !j.Plan.Open() || f.Lead.State != campaign.LeadOpen {
			continue
		}
		tier := scheduler.TierOf(f.Lead.Tries, j.Plan, facts.Zones, now, f.Lead.Owner, f.Lead.Owner)
		out = append(out, nextLead{
			due: j.Callable,
			order: scheduler.Candidate{
				Tier: tier, At: j.Plan.At, Earliest: f.Lead.Plan.Earliest, ListPriority: f.List.Priority,
				Priority: f.Lead.Priority, Turn: turnOf(f), Lead: f.Lead.ID,
			},
			row: &pb.DueLead{
				LeadId: int64(f.Lead.ID), Name: f.Lead.Name, ListId: int64(f.Lead.ListID), Reason: tier.String(),
				Plan: wire.Plan(j.Plan), Due: j.Callable, OwnerId: int64(f.Lead.Owner),
			},
		})
	}
	slices.SortFunc(out, func(a, b nextLead) int {
		if a.due != b.due {
			return cmp.Compare(rank(a.due), rank(b.due))
		}
		if !a.due {
			if c := a.order.At.Compare(b.order.At); c != 0 {
				return c
			}
		}
		return scheduler.Compare(a.order, b.order)
	})
	return out, nil
}

// turnOf is the lead's turn where its campaign mixes hours, as the record orders leads by it; else 0.
func turnOf(f *campaign.Facts) int64 {
	if f.Campaign.Rules.MixHours {
		return f.Lead.Plan.Turn
	}
	return 0
}

func rank(due bool) int {
	if due {
		return 0
	}
	return 1
}
