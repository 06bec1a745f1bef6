package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"strconv"
	"strings"

	"redial/campaign"
	schedulerv1 "redial/proto/scheduler/v1"
)

var explainCommands = []command{
	{
		name: "explain", args: "LEAD|NUMBER [--campaign NAME]", short: "why a lead is offered now, or not, by the dispatcher's own code",
		long: "A telephone number is written +86… or, with --campaign, nationally; digits alone are a lead's number.",
		min:  1, max: 1, bind: bindExplain,
	},
	{name: "due", args: "--campaign NAME [--limit N]", short: "the leads that go next, in the order of offering", bind: bindDue},
}

func bindExplain(fs *flag.FlagSet) action {
	name := fs.String("campaign", "", "the campaign of the lead with this number, by its `NAME`")
	return func(ctx context.Context, c *cli, args []string) error {
		r, err := c.connect()
		if err != nil {
			return err
		}
		q := &schedulerv1.ExplainLeadRequest{}
		if q.CampaignId, err = c.campaignID(ctx, *name); err != nil {
			return err
		}
		lead, notID := strconv.ParseInt(args[0], 10, 64)
		byID := notID == nil && lead > 0 && !strings.HasPrefix(args[0], "+")
		if byID {
			q.LeadId, q.CampaignId = lead, 0
		} else {
			q.Number = args[0]
		}
		answer, err := r.schedule.ExplainLead(ctx, q)
		if byID && campaign.KindOf(err) == campaign.KindNotFound && *name != "" && len(args[0]) > 5 {
			q.LeadId, q.Number = 0, args[0] // digits that are no lead's: a number written nationally
			if q.CampaignId, err = c.campaignID(ctx, *name); err != nil {
				return err
			}
			answer, err = r.schedule.ExplainLead(ctx, q)
		}
		if campaign.ReasonOf(err) == "AMBIGUOUS" {
			return fmt.Errorf("%w\n  name one: dialctl explain LEAD, or --campaign NAME", err)
		}
		if err != nil {
			return err
		}
		if c.json {
			return c.emit(explanation(answer))
		}
		c.explain(answer)
		return nil
	}
}

// explanation is the answer with the lead's number in front, as every other command names it.
func explanation(a *schedulerv1.ExplainLeadResponse) object {
	out := object{{"lead", a.GetLead().GetId()}, {"state", word(a.GetLead().GetState())}}
	for _, m := range messageOf(a.ProtoReflect()) {
		if m.name == "lead" {
			m.name = "record"
		}
		out = append(out, m)
	}
	return out
}

func (c *cli) explain(a *schedulerv1.ExplainLeadResponse) {
	l := a.GetLead()
	zone := first(l.GetZones())
	offered := "yes, as " + a.GetOfferReason()
	if !a.GetOfferable() {
		offered = "no: " + cmp.Or(a.GetBinding(), "a gate is closed")
		if a.GetOpensAt() != nil {
			offered += ", until " + when(a.GetOpensAt(), zone)
		}
	}
	c.fields("lead", strings.TrimSpace(fmt.Sprintf("%d %s", l.GetId(), l.GetName())), "state", word(l.GetState()),
		"now", when(a.GetNow(), zone), "may be offered", offered, "plan", planText(a.GetPlan(), zone))
	var rows [][]string
	for _, g := range a.GetGates() {
		mark := ""
		if g.GetName() == a.GetBinding() {
			mark = "binds"
		}
		rows = append(rows, []string{g.GetName(), map[bool]string{true: "open", false: "closed"}[g.GetOpen()], when(g.GetOpensAt(), zone), g.GetDetail(), mark})
	}
	c.say("")
	c.table([]string{"gate", "now", "opens", "why", ""}, rows)
	if len(a.GetPast()) > 0 {
		rows = nil
		for _, p := range a.GetPast() {
			rows = append(rows, []string{
				when(p.GetAttempt().GetPlacedAt(), zone), p.GetAttempt().GetAgentLogin(), word(p.GetAttempt().GetOutcome()), planText(p.GetPlan(), zone),
			})
		}
		c.say("")
		c.table([]string{"called", "agent", "outcome", "decided then"}, rows)
	}
	c.showPromises(a.GetAppointments())
}

func bindDue(fs *flag.FlagSet) action {
	name := fs.String("campaign", "", "the campaign, by its `NAME`")
	limit := fs.Int("limit", 20, "how many, at most 500")
	return func(ctx context.Context, c *cli, _ []string) error {
		if *name == "" {
			return misused("say which campaign: --campaign NAME")
		}
		r, got, err := c.campaign(ctx, *name)
		if err != nil {
			return err
		}
		a, err := r.schedule.ListDue(ctx, &schedulerv1.ListDueRequest{CampaignId: got.GetCampaign().GetId(), Limit: int32(*limit)})
		if err != nil {
			return err
		}
		var rows [][]string
		for _, l := range a.GetLeads() {
			if c.json {
				if err := c.emit(messageOf(l.ProtoReflect())); err != nil {
					return err
				}
				continue
			}
			rows = append(rows, []string{number(l.GetLeadId()), l.GetName(), yesNo(l.GetDue()), l.GetReason(), planText(l.GetPlan(), got.GetCampaign().GetZone())})
		}
		switch {
		case c.json:
		case len(rows) == 0:
			c.say("nothing is planned")
		default:
			c.table([]string{"lead", "name", "due now", "offered as", "plan"}, rows)
		}
		return nil
	}
}
