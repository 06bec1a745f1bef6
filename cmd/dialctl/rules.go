package main

import (
	"context"
	"flag"
	"fmt"

	"google.golang.org/protobuf/types/known/fieldmaskpb"

	"redial/campaign"
	"redial/campaign/wire"
	pb "redial/proto/campaign/v1"
	schedulerv1 "redial/proto/scheduler/v1"
)

var rulesCommands = []command{
	{
		name: "rules preview", args: "--campaign NAME --rules FILE.json [--examples N]", short: "what other rules would move, before anybody feels it",
		long: "Nothing changes. Fields that the file leaves out are the defaults: begin with what stands,\n" +
			"dialctl rules show --campaign NAME > rules.json.", bind: bindPreviewRules,
	},
	{
		name: "rules apply", args: "--campaign NAME --rules FILE.json [--version N]", short: "give a campaign other rules, and watch its leads being planned anew",
		long: "--version is the one that the preview showed: if somebody changed the campaign since, nothing happens.", bind: bindApplyRules,
	},
	{name: "rules show", args: "--campaign NAME", short: "print a campaign's rules as a file that preview and apply take", bind: bindShowRules},
}

// rulesFile is the rules in a file.
func rulesFile(file string) (*pb.Rules, error) {
	if file == "" {
		return nil, misused("say which rules: --rules FILE.json")
	}
	raw, err := readJSON(file)
	if err != nil {
		return nil, err
	}
	rules, err := readRules(raw)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return rules, nil
}

// otherRules are those of a file, with the campaign that they are for.
func (c *cli) otherRules(ctx context.Context, name, file string) (*pb.Rules, remote, *pb.GetCampaignResponse, error) {
	if name == "" {
		return nil, remote{}, nil, misused("say which campaign: --campaign NAME")
	}
	rules, err := rulesFile(file)
	if err != nil {
		return nil, remote{}, nil, err
	}
	r, got, err := c.campaign(ctx, name)
	return rules, r, got, err
}

func bindPreviewRules(fs *flag.FlagSet) action {
	name := fs.String("campaign", "", "the campaign, by its `NAME`")
	file := fs.String("rules", "", "`FILE` of JSON with the rules")
	examples := fs.Int("examples", 10, "how many leads to show, at most 100")
	return func(ctx context.Context, c *cli, _ []string) error {
		rules, r, got, err := c.otherRules(ctx, *name, *file)
		if err != nil {
			return err
		}
		stream, err := r.schedule.PreviewRules(ctx, &schedulerv1.PreviewRulesRequest{CampaignId: got.GetCampaign().GetId(), Rules: rules, Examples: int32(*examples)})
		if err != nil {
			return err
		}
		return streamed(stream, func(m *schedulerv1.PreviewRulesResponse) error {
			c.percent("leads looked at", m.GetDone(), m.GetTotal())
			switch {
			case m.GetResult() == nil:
				return nil
			case c.json:
				return c.emit(messageOf(m.GetResult().ProtoReflect()))
			}
			c.effect(m.GetResult(), got.GetCampaign())
			c.next("rules apply --campaign %s --rules %s --version %d", quoted(*name), quoted(*file), m.GetResult().GetVersion())
			return nil
		})
	}
}

// effect shows what other rules would move.
func (c *cli) effect(e *schedulerv1.RulesEffect, of *pb.Campaign) {
	c.table([]string{"leads that wait", number(e.GetWaiting()), ""}, [][]string{
		{"called earlier", number(e.GetEarlier()), share(e.GetEarlier(), e.GetWaiting())},
		{"called later", number(e.GetLater()), share(e.GetLater(), e.GetWaiting())},
		{"  of those, over a new cap", number(e.GetOverCap()), share(e.GetOverCap(), e.GetWaiting())},
		{"no longer called", number(e.GetEnding()), share(e.GetEnding(), e.GetWaiting())},
		{"as they are", number(e.GetUnchanged()), share(e.GetUnchanged(), e.GetWaiting())},
		{"exhausted leads called again", number(e.GetReviving()), ""},
		{"promises forbidden", number(e.GetPromisesForbidden()), ""},
	})
	for _, w := range e.GetWarnings() {
		c.say("warning: %s", w)
	}
	if len(e.GetExamples()) == 0 {
		return
	}
	var rows [][]string
	for _, m := range e.GetExamples() {
		rows = append(rows, []string{number(m.GetLeadId()), m.GetName(), m.GetKind(), planText(m.GetNow(), of.GetZone()), planText(m.GetThen(), of.GetZone())})
	}
	c.say("")
	c.table([]string{"lead", "name", "moves", "now", "then"}, rows)
}

func bindApplyRules(fs *flag.FlagSet) action {
	name := fs.String("campaign", "", "the campaign, by its `NAME`")
	file := fs.String("rules", "", "`FILE` of JSON with the rules")
	version := fs.Int64("version", 0, "the campaign's `VERSION` that the preview showed")
	return func(ctx context.Context, c *cli, _ []string) error {
		rules, r, got, err := c.otherRules(ctx, *name, *file)
		if err != nil {
			return err
		}
		change := &pb.Campaign{Id: got.GetCampaign().GetId(), Version: got.GetCampaign().GetVersion(), Rules: rules}
		if *version != 0 {
			change.Version = *version
		}
		after, err := r.campaigns.UpdateCampaign(ctx, &pb.UpdateCampaignRequest{Campaign: change, UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"rules"}}})
		if err != nil {
			return err
		}
		for _, w := range after.GetWarnings() {
			c.note("warning: %s", w)
		}
		return c.watchReplan(ctx, r, after.GetCampaign())
	}
}

// watchReplan follows the leads being planned anew.
func (c *cli) watchReplan(ctx context.Context, r remote, of *pb.Campaign) error {
	stream, err := r.schedule.WatchReplan(ctx, &schedulerv1.WatchReplanRequest{CampaignId: of.GetId()})
	if err != nil {
		return err
	}
	var total int64
	err = streamed(stream, func(m *schedulerv1.WatchReplanResponse) error {
		total = max(total, m.GetTotal())
		c.percent("leads planned anew", total-m.GetRemaining(), total)
		return nil
	})
	if err != nil {
		return err
	}
	if c.json {
		return c.emit(object{{"campaign", of.GetId()}, {"version", of.GetVersion()}, {"rules_version", of.GetRulesVersion()}, {"replanned", total}})
	}
	c.say("%s has rules version %d; every lead is planned by it", of.GetName(), of.GetRulesVersion())
	return nil
}

func bindShowRules(fs *flag.FlagSet) action {
	name := fs.String("campaign", "", "the campaign, by its `NAME`")
	return func(ctx context.Context, c *cli, _ []string) error {
		if *name == "" {
			return misused("say which campaign: --campaign NAME")
		}
		_, got, err := c.campaign(ctx, *name)
		if err != nil {
			return err
		}
		rules, err := wire.FromRules(got.GetCampaign().GetRules())
		if err != nil {
			return err
		}
		return c.emit(rulesJSON{rules})
	}
}

// rulesJSON prints rules as files have them.
type rulesJSON struct{ campaign.Rules }
