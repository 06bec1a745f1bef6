package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	pb "redial/proto/campaign/v1"
	dialerv1 "redial/proto/dialer/v1"
)

var floorCommands = []command{
	{name: "floor", args: "[--campaign NAME] [--watch]", short: "agents, campaigns and what happened last", bind: bindFloor},
	{name: "floor missed", args: "[--campaign NAME]", short: "promises that were not kept", bind: bindMissed},
	{name: "floor late", args: "[--campaign NAME]", short: "outcomes that came too late and wait to be judged", bind: bindLate},
	{name: "floor judge", args: "ASSIGNMENT apply|dismiss [--note T]", short: "judge a late outcome", min: 2, max: 2, bind: bindJudge},
}

func bindFloor(fs *flag.FlagSet) action {
	name := fs.String("campaign", "", "only this campaign, by its `NAME`")
	watch := fs.Bool("watch", false, "go on showing what changes")
	every := fs.Duration("every", time.Second, "with --watch: how long changes are gathered")
	return func(ctx context.Context, c *cli, _ []string) error {
		r, err := c.connect()
		if err != nil {
			return err
		}
		campaignID, err := c.campaignID(ctx, *name)
		if err != nil {
			return err
		}
		if *watch {
			return c.watchFloor(ctx, r, campaignID, *every)
		}
		a, err := r.floor.GetFloor(ctx, &dialerv1.GetFloorRequest{CampaignId: campaignID})
		if err != nil {
			return err
		}
		if c.json {
			return c.emit(messageOf(a.GetFloor().ProtoReflect()))
		}
		c.showFloor(a.GetFloor())
		return nil
	}
}

func (c *cli) watchFloor(ctx context.Context, r remote, campaignID int64, every time.Duration) error {
	stream, err := r.floor.WatchFloor(ctx, &dialerv1.WatchFloorRequest{CampaignId: campaignID, Every: durationpb.New(every)})
	if err != nil {
		return err
	}
	view := floorView{agents: map[int64]*dialerv1.FloorAgent{}, campaigns: map[int64]*dialerv1.FloorCampaign{}}
	for {
		m, err := stream.Recv()
		if errors.Is(err, io.EOF) || ctx.Err() != nil {
			return nil //nolint:nilerr // Ctrl-C is how a watch ends
		}
		if err != nil {
			return err
		}
		if c.json {
			if err := c.emit(messageOf(m.ProtoReflect())); err != nil {
				return err
			}
			continue
		}
		view.take(m)
		c.say("")
		c.showFloor(view.floor(m.GetFloor()))
	}
}

// floorView puts the floor together from what changed.
type floorView struct {
	agents    map[int64]*dialerv1.FloorAgent
	campaigns map[int64]*dialerv1.FloorCampaign
}

func (v *floorView) take(m *dialerv1.WatchFloorResponse) {
	if m.GetWhole() {
		clear(v.agents)
		clear(v.campaigns)
	}
	for _, a := range m.GetFloor().GetAgents() {
		v.agents[a.GetSession().GetAgentId()] = a
		if a.GetSession().GetState() == pb.AgentState_AGENT_STATE_SIGNED_OUT {
			delete(v.agents, a.GetSession().GetAgentId())
		}
	}
	for _, f := range m.GetFloor().GetCampaigns() {
		v.campaigns[f.GetCampaignId()] = f
	}
}

// floor is all that is known, with what is new in latest.
func (v *floorView) floor(latest *dialerv1.Floor) *dialerv1.Floor {
	out := &dialerv1.Floor{At: latest.GetAt(), Events: latest.GetEvents(), LateOutcomes: latest.GetLateOutcomes(), Missed: latest.GetMissed()}
	for _, k := range slices.Sorted(maps.Keys(v.agents)) {
		out.Agents = append(out.Agents, v.agents[k])
	}
	for _, k := range slices.Sorted(maps.Keys(v.campaigns)) {
		out.Campaigns = append(out.Campaigns, v.campaigns[k])
	}
	return out
}

func (c *cli) showFloor(f *dialerv1.Floor) {
	zone := machineZone(c.env)
	c.say("floor at %s; %s signed in", when(f.GetAt(), zone), plural(int64(len(f.GetAgents())), "agent", "agents"))
	var rows [][]string
	for _, m := range f.GetCampaigns() {
		rows = append(rows, []string{
			m.GetName(), number(m.GetDue()), number(m.GetOpen()), number(m.GetHeld()), number(m.GetClosed()), number(m.GetPromises()),
			number(m.GetAttemptsToday()), number(m.GetConnectsToday()), when(m.GetNextDue(), zone),
		})
	}
	if len(rows) > 0 {
		c.table([]string{"campaign", "due", "open", "held", "closed", "promises", "calls today", "connects", "next due"}, rows)
	}
	rows = nil
	for _, a := range f.GetAgents() {
		s := a.GetSession()
		rows = append(rows, []string{
			s.GetLogin(), stateText(s.GetState()), when(s.GetSince(), zone), s.GetReason(),
			strings.TrimSpace(ref(a.GetLeadId()) + " " + a.GetLeadName()),
		})
	}
	if len(rows) > 0 {
		c.table([]string{"agent", "state", "since", "reason", "lead"}, rows)
	}
	for _, e := range f.GetEvents() {
		c.say("%s  %s  %s %s", when(e.GetAt(), ""), e.GetType(), cmp.Or(e.GetAgentLogin(), "-"), cmp.Or(e.GetDetail(), e.GetLeadName()))
	}
	if n := f.GetLateOutcomes(); n > 0 {
		c.say("%s to be judged: dialctl floor late", plural(n, "late outcome waits", "late outcomes wait"))
	}
	if n := f.GetMissed(); n > 0 {
		c.say("%s in the last 24 h: dialctl floor missed", plural(n, "promise was missed", "promises were missed"))
	}
}

func bindMissed(fs *flag.FlagSet) action {
	name := fs.String("campaign", "", "only this campaign's, by its `NAME`")
	return func(ctx context.Context, c *cli, _ []string) error {
		r, err := c.connect()
		if err != nil {
			return err
		}
		campaignID, err := c.campaignID(ctx, *name)
		if err != nil {
			return err
		}
		all, err := pages(func(token string) ([]*dialerv1.Missed, string, error) {
			a, err := r.floor.ListMissed(ctx, &dialerv1.ListMissedRequest{CampaignId: campaignID, PageSize: pageSize, PageToken: token})
			return a.GetMissed(), a.GetNextPageToken(), err
		})
		if err != nil {
			return err
		}
		var rows [][]string
		for _, m := range all {
			p := m.GetAppointment()
			if c.json {
				if err := c.emit(messageOf(m.ProtoReflect())); err != nil {
					return err
				}
				continue
			}
			rows = append(rows, []string{number(p.GetId()), number(p.GetLeadId()), m.GetLeadName(), when(p.GetAt(), p.GetZone()), cmp.Or(p.GetOwnerLogin(), "anybody"), planText(m.GetPlan(), p.GetZone())})
		}
		switch {
		case c.json:
		case len(rows) == 0:
			c.say("no promise was missed")
		default:
			c.table([]string{"promise", "lead", "name", "was for", "owner", "now planned"}, rows)
		}
		return nil
	}
}

func bindLate(fs *flag.FlagSet) action {
	name := fs.String("campaign", "", "only this campaign's, by its `NAME`")
	return func(ctx context.Context, c *cli, _ []string) error {
		r, err := c.connect()
		if err != nil {
			return err
		}
		campaignID, err := c.campaignID(ctx, *name)
		if err != nil {
			return err
		}
		all, err := pages(func(token string) ([]*dialerv1.LateOutcome, string, error) {
			a, err := r.floor.ListLateOutcomes(ctx, &dialerv1.ListLateOutcomesRequest{CampaignId: campaignID, PageSize: pageSize, PageToken: token})
			return a.GetOutcomes(), a.GetNextPageToken(), err
		})
		if err != nil {
			return err
		}
		var rows [][]string
		for _, o := range all {
			if c.json {
				if err := c.emit(messageOf(o.ProtoReflect())); err != nil {
					return err
				}
				continue
			}
			rows = append(rows, []string{number(o.GetAssignmentId()), number(o.GetLeadId()), o.GetLeadName(), o.GetAgentLogin(), o.GetCode(), when(o.GetPlacedAt(), ""), when(o.GetReceivedAt(), ""), o.GetNote()})
		}
		switch {
		case c.json:
		case len(rows) == 0:
			c.say("no late outcome waits")
		default:
			c.table([]string{"assignment", "lead", "name", "agent", "outcome", "called", "came", "note"}, rows)
			c.next("floor judge ASSIGNMENT apply|dismiss")
		}
		return nil
	}
}

func bindJudge(fs *flag.FlagSet) action {
	note := fs.String("note", "", "for the record")
	return func(ctx context.Context, c *cli, args []string) error {
		judgement, err := enumNamed[dialerv1.Judgement]("judgement", args[1], dialerv1.Judgement_value)
		if err != nil {
			return err
		}
		n, r, err := c.assignment(args[0])
		if err != nil {
			return err
		}
		a, err := r.floor.ResolveLateOutcome(ctx, &dialerv1.ResolveLateOutcomeRequest{AssignmentId: n, Judgement: judgement, Note: *note})
		if err != nil {
			return err
		}
		if c.json {
			return c.emit(messageOf(a.ProtoReflect()))
		}
		c.say("assignment %d: %s; the lead is planned: %s", n, word(a.GetAttempt().GetOutcome()), planText(a.GetPlan(), first(a.GetAttempt().GetZones())))
		if judgement == dialerv1.Judgement_JUDGEMENT_APPLY && a.GetPlan().GetVerdict() == pb.Verdict_VERDICT_CALL {
			c.next("lead withdraw %d if it needs no more calls (a later call decided the plan)", a.GetAttempt().GetLeadId())
		}
		return nil
	}
}
