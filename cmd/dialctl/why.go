package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"io"
	"strconv"
	"strings"

	schedulerv1 "redial/proto/scheduler/v1"
)

var whyCommands = []command{
	{
		name: "why", args: "--campaign NAME [--list ID] [--gate GATE]", short: "why leads are not callable now, counted by the gate that binds each",
		long: "With --gate the leads that it keeps back, one by one; --gate callable lists those that may be called now.\n" +
			"dialctl explain LEAD then tells all about one.", bind: bindWhy,
	},
	{name: "timeline", args: "LEAD", short: "all that ever happened to a lead", min: 1, max: 1, bind: bindTimeline},
}

func bindWhy(fs *flag.FlagSet) action {
	name := fs.String("campaign", "", "the campaign, by its `NAME`")
	list := fs.Int64("list", 0, "only the list with this `ID`")
	gate := fs.String("gate", "", "the leads that this `GATE` keeps back")
	limit := fs.Int("limit", 50, "with --gate, how many leads")
	return func(ctx context.Context, c *cli, _ []string) error {
		if *name == "" {
			return misused("say which campaign: --campaign NAME")
		}
		r, got, err := c.campaign(ctx, *name)
		if err != nil {
			return err
		}
		id, zone := got.GetCampaign().GetId(), got.GetCampaign().GetZone()
		if *gate != "" {
			return c.blocked(ctx, r, &schedulerv1.ListBlockedRequest{CampaignId: id, ListId: *list, Gate: strings.TrimPrefix(*gate, "callable")}, *limit, zone)
		}
		a, err := r.schedule.ExplainCampaign(ctx, &schedulerv1.ExplainCampaignRequest{CampaignId: id, ListId: *list})
		if err != nil {
			return err
		}
		if c.json {
			return c.emit(messageOf(a.ProtoReflect()))
		}
		c.fields("leads", number(a.GetLeads()), "callable now", number(a.GetCallable()), "now", when(a.GetNow(), zone))
		var rows [][]string
		for _, g := range a.GetGates() {
			rows = append(rows, []string{
				g.GetGate(), number(g.GetLeads()), share(g.GetLeads(), a.GetLeads()), when(g.GetOpensAt(), zone), ref(g.GetExampleLeadId()), g.GetDetail(),
			})
		}
		c.say("")
		c.table([]string{"gate", "leads", "share", "first opens", "lead", "why that one"}, rows)
		if len(a.GetGates()) > 0 {
			c.next("why --campaign %s --gate %s", quoted(*name), a.GetGates()[0].GetGate())
		}
		return nil
	}
}

// share is a part of a whole for people.
func share(part, whole int64) string {
	if whole == 0 {
		return ""
	}
	return fmt.Sprintf("%.1f %%", float64(part)/float64(whole)*100)
}

// blocked lists leads that a gate keeps back, as many as are wanted.
func (c *cli) blocked(ctx context.Context, r remote, q *schedulerv1.ListBlockedRequest, limit int, zone string) error {
	var rows [][]string
	for n := 0; n < limit; {
		q.PageSize = int32(min(limit-n, pageSize))
		a, err := r.schedule.ListBlocked(ctx, q)
		if err != nil {
			return err
		}
		for _, l := range a.GetLeads() {
			n++
			if c.json {
				if err := c.emit(messageOf(l.ProtoReflect())); err != nil {
					return err
				}
				continue
			}
			rows = append(rows, []string{number(l.GetLeadId()), l.GetName(), number(l.GetListId()), when(l.GetOpensAt(), zone), l.GetDetail()})
		}
		if q.PageToken = a.GetNextPageToken(); q.GetPageToken() == "" {
			break
		}
	}
	switch {
	case c.json:
	case len(rows) == 0:
		c.say("no lead")
	default:
		c.table([]string{"lead", "name", "list", "opens", "why"}, rows)
	}
	return nil
}

func bindTimeline(*flag.FlagSet) action {
	return func(ctx context.Context, c *cli, args []string) error {
		id, err := strconv.ParseInt(args[0], 10, 64)
		if err != nil || id <= 0 {
			return misused("%q is no lead: give the number that lists show", args[0])
		}
		r, err := c.connect()
		if err != nil {
			return err
		}
		a, err := r.schedule.GetTimeline(ctx, &schedulerv1.GetTimelineRequest{LeadId: id})
		if err != nil {
			return err
		}
		var rows [][]string
		for _, e := range a.GetEntries() {
			if c.json {
				if err := c.emit(messageOf(e.ProtoReflect())); err != nil {
					return err
				}
				continue
			}
			rows = append(rows, []string{when(e.GetAt(), first(a.GetLead().GetZones())), e.GetKind(), e.GetText(), e.GetBy()})
		}
		if !c.json {
			c.table([]string{"when", "what", "", "by"}, rows)
		}
		return nil
	}
}

// streamed reads a stream to its end and gives each message to the callback.
func streamed[T any](stream interface{ Recv() (T, error) }, each func(T) error) error {
	for {
		m, err := stream.Recv()
		if err == io.EOF { //nolint:errorlint // the stream's own sign of its end, never wrapped
			return nil
		}
		if err != nil {
			return err
		}
		if err := each(m); err != nil {
			return err
		}
	}
}

// percent draws how far something long is, on a terminal alone.
func (c *cli) percent(what string, done, total int64) {
	if !c.terminal || c.json {
		return
	}
	if done >= total {
		fmt.Fprintf(c.stderr, "\r%s: done          \n", what)
		return
	}
	fmt.Fprintf(c.stderr, "\r%s: %d of %d (%d %%)", what, done, total, 100*done/cmp.Or(total, 1))
}
