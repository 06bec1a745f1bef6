package rpc

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"redial/campaign"
)

// Law knows the law packs that campaigns may switch on.
type Law interface {
	// Check says which packs and rules of packs are named that there are not, by fields such as rules.packs[0].
	Check(r *campaign.Rules) error
	// Warning is what must be told to whoever switches a pack on for calls of a purpose.
	Warning(pack string, purpose campaign.Purpose) string
}

// WithLaw has packs and waivers checked against the law there is, and told of in the log at WARN. Without it they are
// kept as they are given. It answers the server itself.
func (s *CampaignServer) WithLaw(l Law, log *slog.Logger) *CampaignServer {
	s.law, s.log = l, log
	return s
}

func (s *CampaignServer) checkLaw(r *campaign.Rules) error {
	if s.law == nil {
		return nil
	}
	return s.law.Check(r)
}

// warnings are what must be known of a campaign that was made, before being nil, or changed: which of its rules are
// unwise, and what the law says that it switched on.
func (s *CampaignServer) warnings(ctx context.Context, before, after *campaign.Campaign) []string {
	if before != nil && before.RulesVersion == after.RulesVersion {
		return nil
	}
	was := &campaign.Rules{}
	if before != nil {
		was = &before.Rules
	}
	return append(append(s.switched(ctx, was, after), s.lawless(after)...), after.Rules.Warnings(after.UpdatedAt)...)
}

// lawless says that the country of a campaign has a pack, and none is switched on.
func (s *CampaignServer) lawless(c *campaign.Campaign) []string {
	if s.law == nil || len(c.Rules.Packs) > 0 || c.Region == "" {
		return nil
	}
	name := strings.ToLower(c.Region)
	if name == "gb" {
		name = "uk"
	}
	if s.law.Warning(name, c.Rules.Purpose) == "" {
		return nil
	}
	return []string{fmt.Sprintf("rules.packs: no law pack is switched on, and there is one for %s, %s: calls are kept within the campaign's own rules alone", c.Region, name)}
}

// switched tells the log and the answer which packs were switched on and which rules are no longer kept.
func (s *CampaignServer) switched(ctx context.Context, before *campaign.Rules, after *campaign.Campaign) []string {
	if s.law == nil {
		return nil
	}
	var said []string
	r := &after.Rules
	for _, pack := range r.Packs {
		if slices.Contains(before.Packs, pack) && before.Purpose.OrSales() == r.Purpose.OrSales() {
			continue
		}
		warning := s.law.Warning(pack, r.Purpose)
		s.log.WarnContext(ctx, "a law pack is switched on", "campaign", after.Name, "pack", pack, "by", by(ctx), "warning", warning)
		said = append(said, fmt.Sprintf("law pack %s: %s", pack, warning))
	}
	for _, w := range r.Waivers {
		if slices.Contains(before.Waivers, w) {
			continue
		}
		s.log.WarnContext(ctx, "a law rule is waived", "campaign", after.Name, "rule", w.Rule, "by", by(ctx), "reason", w.Reason)
		said = append(said, fmt.Sprintf("law rule %s is not kept by this campaign from now on; %s answers for it: %s", w.Rule, by(ctx), w.Reason))
	}
	return said
}
