package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"runtime/debug"
	"strings"
	"time"

	pb "redial/proto/campaign/v1"
	"redial/scheduler"
)

var toolCommands = []command{
	{
		name: "audit", args: "[--campaign NAME]", short: "walk the ledger: exit 1 with each broken invariant, 0 when there is none",
		bind: bindAudit,
	},
	{name: "decide", args: "[FILE]", short: "answer cases by the rule of time, offline", raw: runDecide},
	{name: "server", short: "what is running", bind: func(*flag.FlagSet) action { return showServer }},
	{name: "version", short: "this program's version", bind: func(*flag.FlagSet) action { return showVersion }},
}

func bindAudit(fs *flag.FlagSet) action {
	name := fs.String("campaign", "", "only this campaign, by its `NAME`")
	return func(ctx context.Context, c *cli, _ []string) error {
		r, err := c.connect()
		if err != nil {
			return err
		}
		campaignID, err := c.campaignID(ctx, *name)
		if err != nil {
			return err
		}
		stream, err := r.admin.Audit(ctx, &pb.AuditRequest{CampaignId: campaignID})
		if err != nil {
			return err
		}
		var sum *pb.AuditSummary
		breaches := int64(0)
		for {
			m, err := stream.Recv()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return err
			}
			if b := m.GetBreach(); b != nil {
				breaches++
				if err := c.showBreach(b); err != nil {
					return err
				}
			}
			if m.GetSummary() != nil {
				sum = m.GetSummary()
			}
		}
		if sum == nil {
			return errors.New("the audit broke off before its summary: nothing is proven, run it again")
		}
		return c.audited(sum, breaches)
	}
}

func (c *cli) showBreach(b *pb.Breach) error {
	if c.json {
		return c.emit(messageOf(b.ProtoReflect()))
	}
	where := ""
	if b.GetLeadId() != 0 {
		where += fmt.Sprintf(" lead %d", b.GetLeadId())
	}
	if b.GetAssignmentId() != 0 {
		where += fmt.Sprintf(" assignment %d", b.GetAssignmentId())
	}
	if b.GetAt() != nil {
		where += " at " + when(b.GetAt(), "")
	}
	c.say("%s%s: %s", b.GetInvariant(), where, b.GetDetail())
	return nil
}

func (c *cli) audited(sum *pb.AuditSummary, breaches int64) error {
	if c.json {
		if err := c.emit(messageOf(sum.ProtoReflect())); err != nil {
			return err
		}
	} else {
		c.say("%s in %d leads, %d attempts, %d promises; checked %s", plural(max(breaches, sum.GetBreaches()), "breach", "breaches"),
			sum.GetLeads(), sum.GetAttempts(), sum.GetAppointments(), strings.Join(sum.GetInvariants(), " "))
		for _, what := range sum.GetPassed() {
			c.say("not judged: %s", what)
		}
	}
	if breaches > 0 || sum.GetBreaches() > 0 {
		return errBreaches
	}
	return nil
}

func showServer(ctx context.Context, c *cli, _ []string) error {
	r, err := c.connect()
	if err != nil {
		return err
	}
	a, err := r.admin.GetServer(ctx, &pb.GetServerRequest{})
	if err != nil {
		return err
	}
	if c.json {
		return c.emit(messageOf(a.ProtoReflect()))
	}
	c.fields("version", a.GetVersion(), "node", a.GetNode(), "engine", a.GetEngine(), "schema", number(int64(a.GetSchema())),
		"redis", a.GetRedis()+map[bool]string{true: ", up", false: ", away"}[a.GetRedisUp()], "now", when(a.GetNow(), machineZone(c.env)),
		"since", when(a.GetStartedAt(), ""), "demo", yesNo(a.GetDemo()), "tzdata", a.GetTzdata(), "clock", clockWords(a.GetClockOffset().AsDuration()))
	return nil
}

// clockOff is from where on a node's clock is told to be wrong, as the node itself tells it.
const clockOff = 2 * time.Second

// clockWords say how a node's own clock stands to the one that counts.
func clockWords(ahead time.Duration) string {
	side := "ahead of"
	if ahead < 0 {
		side = "behind"
	}
	how := fmt.Sprintf("the database's is %v %s the node's", ahead.Abs().Round(time.Millisecond), side)
	if ahead.Abs() > clockOff {
		return how + ": see to the node's time service; calls and promises go by the database's"
	}
	return how
}

func showVersion(_ context.Context, c *cli, _ []string) error {
	version, commit, goVersion := "unknown", "", ""
	if info, ok := debug.ReadBuildInfo(); ok {
		version, goVersion = info.Main.Version, info.GoVersion
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				commit = s.Value
			}
		}
	}
	if c.json {
		return c.emit(object{{"version", version}, {"commit", commit}, {"go", goVersion}, {"tzdata", scheduler.TZData()}})
	}
	c.fields("dialctl", version, "commit", commit, "go", goVersion, "tzdata", scheduler.TZData())
	return nil
}
