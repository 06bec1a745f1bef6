package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"strconv"
	"strings"

	"google.golang.org/protobuf/types/known/fieldmaskpb"

	pb "redial/proto/campaign/v1"
	dialerv1 "redial/proto/dialer/v1"
)

var agentCommands = []command{
	{
		name: "agent add", args: "LOGIN --campaign NAME [--skill S]…", short: "add somebody who calls",
		long: "--campaign may be repeated; a --weight is of the campaign before it: its share of the agent's offers.\n\n" +
			"  dialctl agent add ann --campaign spring --weight 3 --campaign autumn --skill mandarin",
		min: 1, max: 1, bind: bindAddAgent,
	},
	{name: "agent list", args: "[--campaign NAME] [--all]", short: "list the agents", bind: bindListAgents},
	{name: "agent show", args: "LOGIN", short: "show an agent", min: 1, max: 1, bind: func(*flag.FlagSet) action { return showAgent }},
	{
		name: "agent update", args: "LOGIN [--campaign NAME]… [--skill S]… …", short: "change an agent; campaigns and skills are replaced whole",
		min: 1, max: 1, bind: bindUpdateAgent,
	},
	{name: "agent off", args: "LOGIN [--promises-to LOGIN]", short: "let an agent go: signed out, promises to somebody else", min: 1, max: 1, bind: bindAgentOff},
	{name: "agent on", args: "LOGIN", short: "let an agent come back", min: 1, max: 1, bind: func(*flag.FlagSet) action { return agentOn }},
	{name: "agent state", args: "LOGIN ready|break|signed_out [--reason TEXT]", short: "send an agent to a state", min: 2, max: 2, bind: bindAgentState},
	{
		name: "agent run", args: "[LOGIN]", short: "an agent's desk in this terminal",
		long: "Shows the card; keys for dialling, outcomes, notes, appointments and breaks (? lists them). A lost connection is\n" +
			"taken up again and the same card comes back. LOGIN may be left out with an agent's own token.",
		max: 1, bind: func(*flag.FlagSet) action { return runDesk },
	},
}

// memberships gathers --campaign and the --weight after each.
type memberships struct{ list []*pb.Membership }

type campaignFlag struct{ m *memberships }

func (f campaignFlag) String() string { return "" }
func (f campaignFlag) Set(v string) error {
	f.m.list = append(f.m.list, &pb.Membership{CampaignName: v})
	return nil
}

type weightFlag struct{ m *memberships }

func (f weightFlag) String() string { return "" }
func (f weightFlag) Set(v string) error {
	n, err := strconv.ParseInt(v, 10, 32)
	if err != nil || n < 1 {
		return fmt.Errorf("%q is no weight: give a whole number from 1", v)
	}
	if len(f.m.list) == 0 {
		return errors.New("put it after the --campaign that it is of")
	}
	f.m.list[len(f.m.list)-1].Weight = int32(n)
	return nil
}

func bindMemberships(fs *flag.FlagSet) *memberships {
	m := &memberships{}
	fs.Var(campaignFlag{m}, "campaign", "a campaign it works on, by its `NAME`; may be repeated")
	fs.Var(weightFlag{m}, "weight", "the share of the campaign before it among the agent's offers; 1 unless given")
	return m
}

// resolve finds the campaigns' numbers.
func (m *memberships) resolve(ctx context.Context, c *cli) error {
	for _, member := range m.list {
		n, err := c.campaignID(ctx, member.GetCampaignName())
		if err != nil {
			return err
		}
		member.CampaignId = n
	}
	return nil
}

func bindAddAgent(fs *flag.FlagSet) action {
	m := bindMemberships(fs)
	name := fs.String("name", "", "its `NAME` for people; the login unless given")
	skills := manyVar(fs, "skill", "a `SKILL` it has; may be repeated")
	return func(ctx context.Context, c *cli, args []string) error {
		if len(m.list) == 0 {
			return misused("say what the agent works on: --campaign NAME")
		}
		r, err := c.connect()
		if err != nil {
			return err
		}
		if err := m.resolve(ctx, c); err != nil {
			return err
		}
		answer, err := r.admin.CreateAgent(ctx, &pb.CreateAgentRequest{Agent: &pb.Agent{
			Login: args[0], Name: *name, Skills: *skills, Campaigns: m.list,
		}})
		if err != nil {
			return err
		}
		if err := c.aboutAgent(answer.GetAgent(), nil, "agent %s was added (number %d)", args[0], answer.GetAgent().GetId()); err != nil || c.json {
			return err
		}
		c.say("\nNext: dialctl agent run %s, or: dialctl next --agent %s --wait 10s\n"+
			"      dialctl token create %s --role agent lets them in with a token of their own", quoted(args[0]), quoted(args[0]), quoted(args[0]))
		return nil
	}
}

func (c *cli) aboutAgent(a *pb.Agent, extra object, format string, args ...any) error {
	if c.json {
		return c.emit(append(noun("agent", a), extra...))
	}
	c.say(format, args...)
	return nil
}

func bindListAgents(fs *flag.FlagSet) action {
	name := fs.String("campaign", "", "only those of this campaign, by its `NAME`")
	all := fs.Bool("all", false, "those who left, too")
	return func(ctx context.Context, c *cli, _ []string) error {
		r, err := c.connect()
		if err != nil {
			return err
		}
		campaignID, err := c.campaignID(ctx, *name)
		if err != nil {
			return err
		}
		agents, err := pages(func(token string) ([]*pb.Agent, string, error) {
			a, err := r.admin.ListAgents(ctx, &pb.ListAgentsRequest{CampaignId: campaignID, Inactive: *all, PageSize: pageSize, PageToken: token})
			return a.GetAgents(), a.GetNextPageToken(), err
		})
		if err != nil {
			return err
		}
		if c.json {
			for _, a := range agents {
				if err := c.emit(noun("agent", a)); err != nil {
					return err
				}
			}
			return nil
		}
		if len(agents) == 0 {
			c.say("no agents yet")
			c.next("agent add LOGIN --campaign NAME")
			return nil
		}
		var rows [][]string
		for _, a := range agents {
			rows = append(rows, []string{number(a.GetId()), a.GetLogin(), a.GetName(), campaignsOf(a), strings.Join(a.GetSkills(), ", "), map[bool]string{true: "yes", false: "left"}[a.GetActive()]})
		}
		c.table([]string{"no", "login", "name", "campaigns", "skills", "active"}, rows)
		return nil
	}
}

func campaignsOf(a *pb.Agent) string {
	var names []string
	for _, m := range a.GetCampaigns() {
		name := m.GetCampaignName()
		if name == "" {
			name = number(m.GetCampaignId())
		}
		if m.GetWeight() > 1 {
			name += fmt.Sprintf(" (weight %d)", m.GetWeight())
		}
		names = append(names, name)
	}
	return strings.Join(names, ", ")
}

// agent finds an agent by its login.
func (c *cli) agent(ctx context.Context, login string) (remote, *pb.Agent, error) {
	r, err := c.connect()
	if err != nil {
		return r, nil, err
	}
	answer, err := r.admin.GetAgent(ctx, &pb.GetAgentRequest{Login: login})
	return r, answer.GetAgent(), err
}

func showAgent(ctx context.Context, c *cli, args []string) error {
	_, a, err := c.agent(ctx, args[0])
	if err != nil {
		return err
	}
	if c.json {
		return c.emit(noun("agent", a))
	}
	c.fields("agent", fmt.Sprintf("%s (number %d)", a.GetLogin(), a.GetId()), "name", a.GetName(), "campaigns", campaignsOf(a),
		"skills", strings.Join(a.GetSkills(), ", "), "active", yesNo(a.GetActive()), "since", when(a.GetCreatedAt(), ""))
	return nil
}

func bindUpdateAgent(fs *flag.FlagSet) action {
	m := bindMemberships(fs)
	name := fs.String("name", "", "its `NAME` for people")
	skills := manyVar(fs, "skill", "a `SKILL` it has; may be repeated")
	return func(ctx context.Context, c *cli, args []string) error {
		var mask []string
		for flagName, field := range map[string]string{"campaign": "campaigns", "name": "name", "skill": "skills"} {
			if wasSet(fs, flagName) {
				mask = append(mask, field)
			}
		}
		if len(mask) == 0 {
			return misused("nothing to change: give --campaign, --skill or --name")
		}
		if err := m.resolve(ctx, c); err != nil {
			return err
		}
		return c.updateAgent(ctx, args[0], &pb.Agent{Name: *name, Skills: *skills, Campaigns: m.list}, mask, 0)
	}
}

func (c *cli) updateAgent(ctx context.Context, login string, to *pb.Agent, mask []string, promisesTo int64) error {
	r, a, err := c.agent(ctx, login)
	if err != nil {
		return err
	}
	to.Id, to.Version = a.GetId(), a.GetVersion()
	answer, err := r.admin.UpdateAgent(ctx, &pb.UpdateAgentRequest{
		Agent: to, UpdateMask: &fieldmaskpb.FieldMask{Paths: mask}, PromisesTo: promisesTo,
	})
	if err != nil {
		return err
	}
	return c.aboutAgent(answer.GetAgent(), object{{"moved", answer.GetMoved()}}, "agent %s: changed %s; promises moved: %d",
		login, strings.Join(mask, ", "), answer.GetMoved())
}

func bindAgentOff(fs *flag.FlagSet) action {
	to := fs.String("promises-to", "", "who gets its open promises, by `LOGIN`; any fit agent unless given")
	return func(ctx context.Context, c *cli, args []string) error {
		var heir int64
		if *to != "" {
			_, a, err := c.agent(ctx, *to)
			if err != nil {
				return err
			}
			heir = a.GetId()
		}
		return c.updateAgent(ctx, args[0], &pb.Agent{Active: false}, []string{"active"}, heir)
	}
}

func agentOn(ctx context.Context, c *cli, args []string) error {
	return c.updateAgent(ctx, args[0], &pb.Agent{Active: true}, []string{"active"}, 0)
}

func bindAgentState(fs *flag.FlagSet) action {
	reason := fs.String("reason", "sent with dialctl", "why")
	return func(ctx context.Context, c *cli, args []string) error {
		state, err := enumNamed[pb.AgentState]("state", args[1], pb.AgentState_value)
		switch state {
		case pb.AgentState_AGENT_STATE_READY, pb.AgentState_AGENT_STATE_BREAK, pb.AgentState_AGENT_STATE_SIGNED_OUT:
		default:
			err = misused("%q is no state an agent can be sent to: give ready, break or signed_out", args[1])
		}
		if err != nil {
			return err
		}
		r, err := c.connect()
		if err != nil {
			return err
		}
		answer, err := r.floor.SetAgentState(ctx, &dialerv1.SetAgentStateRequest{Agent: args[0], State: state, Reason: *reason})
		if err != nil {
			return err
		}
		return c.aboutSession(answer.GetSession())
	}
}

// aboutSession prints what an agent is doing now.
func (c *cli) aboutSession(s *dialerv1.Session) error {
	if c.json {
		return c.emit(messageOf(s.ProtoReflect()))
	}
	c.say("%s", sessionText(s))
	return nil
}

func sessionText(s *dialerv1.Session) string {
	text := fmt.Sprintf("agent %s is %s", s.GetLogin(), stateText(s.GetState()))
	if s.GetReason() != "" {
		text += " (" + s.GetReason() + ")"
	}
	if s.GetNext() != pb.AgentState_AGENT_STATE_UNSPECIFIED {
		text += ", afterwards " + stateText(s.GetNext())
	}
	return text
}

// stateText is what an agent is, such as ready or on break.
func stateText(s pb.AgentState) string {
	switch s {
	case pb.AgentState_AGENT_STATE_OFFERED:
		return "offered a lead"
	case pb.AgentState_AGENT_STATE_WRAP_UP:
		return "in wrap-up"
	case pb.AgentState_AGENT_STATE_BREAK:
		return "on break"
	default:
		return strings.ReplaceAll(word(s), "_", " ")
	}
}
