package rpc

import (
	"fmt"
	"time"

	"google.golang.org/grpc"

	"redial/campaign"
	"redial/campaign/wire"
	pb "redial/proto/scheduler/v1"
	"redial/scheduler"
)

// How many leads a preview shows of what it moves.
const (
	examplesUsual = 10
	examplesMost  = 100
)

// progressEvery is how often work that takes long tells how far it is.
const progressEvery = 500 * time.Millisecond

// waiting are the leads that rules can move: those that wait, and those that a limit of the rules has ended.
var waiting = []campaign.LeadState{campaign.LeadOpen, campaign.LeadExhausted}

// PreviewRules says what other rules would move.
func (s *Server) PreviewRules(r *pb.PreviewRulesRequest, out grpc.ServerStreamingServer[pb.PreviewRulesResponse]) error {
	ctx := out.Context()
	rules, err := wire.FromRules(r.GetRules())
	if err != nil {
		return err
	}
	if err := s.sound(&rules); err != nil {
		return fmt.Errorf("preview rules: %w", err)
	}
	n := int(r.GetExamples())
	switch {
	case n < 0 || n > examplesMost:
		return campaign.Invalid("examples", "must be from 1 to 100, or 0 for 10")
	case n == 0:
		n = examplesUsual
	}
	id := campaign.CampaignID(r.GetCampaignId())
	c, err := s.record.Campaign(ctx, id)
	if err != nil {
		return err
	}
	counts, err := s.deps.Whole.LeadCounts(ctx, id, 0)
	if err != nil {
		return err
	}
	p := previewing{server: s, out: out, rules: &rules, effect: scheduler.Effect{Examples: n}, now: s.now()}
	p.total = counts[campaign.LeadOpen] + counts[campaign.LeadExhausted]
	if err := s.deps.Whole.SnapshotUnder(ctx, id, waiting, &rules, p.look); err != nil {
		return err
	}
	last := &pb.PreviewRulesResponse{Done: p.done, Total: max(p.total, p.done), Result: p.result(&c)}
	if err := s.hide(ctx, id, last); err != nil {
		return err
	}
	return out.Send(last)
}

// sound refuses rules that an update would refuse, calendars apart, which the snapshot knows.
func (s *Server) sound(rules *campaign.Rules) error {
	if err := rules.Validate(); err != nil {
		return err
	}
	if s.deps.Law != nil {
		if err := s.deps.Law.Check(rules); err != nil {
			return err
		}
	}
	return rules.Contradictions(s.now())
}

// previewing is one preview under way.
type previewing struct {
	server      *Server
	out         grpc.ServerStreamingServer[pb.PreviewRulesResponse]
	rules       *campaign.Rules
	effect      scheduler.Effect
	done, total int64
	now, told   time.Time
}

func (p *previewing) look(all []*campaign.Facts) error {
	for _, f := range all {
		now, then := p.server.deps.Rules.Compare(f, p.rules)
		p.effect.Add(f, now, then)
		p.now = f.Now
	}
	p.done += int64(len(all))
	if at := p.server.now(); at.Sub(p.told) >= progressEvery {
		p.told = at
		return p.out.Send(&pb.PreviewRulesResponse{Done: p.done, Total: max(p.total, p.done)})
	}
	return nil
}

func (p *previewing) result(c *campaign.Campaign) *pb.RulesEffect {
	e := &p.effect
	out := &pb.RulesEffect{
		Now: wire.Time(p.now), Version: c.Version, Waiting: e.Waiting, Earlier: e.Earlier, Later: e.Later, Unchanged: e.Unchanged, Ending: e.Ending,
		OverCap: e.OverCap, Reviving: e.Reviving, PromisesForbidden: e.PromisesForbidden, Warnings: p.rules.Warnings(p.now),
	}
	for _, m := range e.Moves() {
		out.Examples = append(out.Examples, &pb.MovedLead{
			LeadId: int64(m.Lead), Name: m.Name, Now: wire.Plan(m.Now), Then: wire.Plan(m.Then), Kind: string(m.Kind),
		})
	}
	return out
}

// WatchReplan follows how leads are planned anew, until all are.
func (s *Server) WatchReplan(r *pb.WatchReplanRequest, out grpc.ServerStreamingServer[pb.WatchReplanResponse]) error {
	ctx := out.Context()
	id := campaign.CampaignID(r.GetCampaignId())
	if _, err := s.record.Campaign(ctx, id); err != nil {
		return err
	}
	tick := time.NewTicker(progressEvery)
	defer tick.Stop()
	total := int64(-1)
	for {
		version, left, err := s.deps.Whole.ReplanLeft(ctx, id)
		if err != nil {
			return err
		}
		total = max(total, left)
		if err := out.Send(&pb.WatchReplanResponse{RulesVersion: version, Remaining: left, Total: total}); err != nil || left == 0 {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}
