package main

import (
	"context"
	"flag"
	"fmt"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	schedulerv1 "redial/proto/scheduler/v1"
)

var forecastCommands = []command{
	{
		name: "forecast", args: "--campaign NAME [--ahead 24h] [--agents N] [--warn 45m]", short: "when callable leads run out, by zone, and what to see to before",
		long: "The band is of eight days in ten. Exit code 3 when a warning is given: fit for an alarm.", bind: bindForecast,
	},
	{
		name: "staff", args: "[--campaign NAME] [--leads N] [--days N] …", short: "how many seats and people a list needs, with the formula",
		long: "What is not given is taken from the campaign's last 28 days, else assumed; the answer says which.", bind: bindStaff,
	},
}

func bindForecast(fs *flag.FlagSet) action {
	name := fs.String("campaign", "", "the campaign, by its `NAME`")
	ahead := fs.Duration("ahead", 24*time.Hour, "how far ahead, at most 336h")
	agents := fs.Int("agents", 0, "how many agents will call; 0: those who are signed in")
	warn := fs.Duration("warn", 45*time.Minute, "warn when leads last less than this")
	return func(ctx context.Context, c *cli, _ []string) error {
		if *name == "" {
			return misused("say which campaign: --campaign NAME")
		}
		r, got, err := c.campaign(ctx, *name)
		if err != nil {
			return err
		}
		a, err := r.schedule.Forecast(ctx, &schedulerv1.ForecastRequest{
			CampaignId: got.GetCampaign().GetId(), Ahead: durationpb.New(*ahead), Agents: int32(*agents), Warn: durationpb.New(*warn),
		})
		if err != nil {
			return err
		}
		if c.json {
			err = c.emit(messageOf(a.ProtoReflect()))
		} else {
			c.forecast(a, got.GetCampaign().GetZone())
		}
		if err == nil && len(a.GetWarnings()) > 0 {
			return errNothing
		}
		return err
	}
}

func (c *cli) forecast(a *schedulerv1.ForecastResponse, zone string) {
	c.fields("now", when(a.GetNow(), zone), "agents", number(int64(a.GetAgents())),
		"calls an agent-hour", fmt.Sprintf("%.1f (%s)", a.GetCallsPerAgentHour(), a.GetBasis()))
	for _, w := range a.GetWarnings() {
		c.say("warning: %s", w)
	}
	rows := [][]string{forecastRow("all", a.GetAll(), zone)}
	for _, z := range a.GetZones() {
		rows = append(rows, forecastRow(z.GetZones(), z, zone))
	}
	c.say("")
	c.table([]string{"zones", "callable", "coming", "run dry", "early", "late", "work again"}, rows)
	c.say("\n%s", a.GetFormula())
}

func forecastRow(name string, z *schedulerv1.ForecastZone, zone string) []string {
	return []string{
		name, number(z.GetCallable()), number(z.GetComing()), orDash(when(z.GetDryAt(), zone)), orDash(when(z.GetDryEarly(), zone)),
		orDash(when(z.GetDryLate(), zone)), orDash(when(z.GetMoreAt(), zone)),
	}
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func bindStaff(fs *flag.FlagSet) action {
	q := &schedulerv1.EstimateStaffRequest{}
	name := fs.String("campaign", "", "take what is not given from this campaign, by its `NAME`")
	fs.Int64Var(&q.Leads, "leads", 0, "leads to work; 0: those of the campaign that wait")
	fs.Float64Var(&q.AttemptsPerLead, "attempts", 0, "attempts a lead takes")
	fs.Float64Var(&q.ConnectRate, "connect-rate", 0, "share of attempts that are answered, such as 0.3")
	talk := fs.Duration("talk", 0, "talk time of a connect")
	wrap := fs.Duration("wrap-up", 0, "after-call work of an attempt")
	ring := fs.Duration("ring", 0, "time of an attempt that is not answered")
	fs.Float64Var(&q.InboundPerHour, "inbound", 0, "inbound calls an hour that the same people take")
	shift := fs.Duration("shift", 0, "a shift (8h)")
	shrinkage := fs.Float64("shrinkage", -1, "share of a shift that is breaks, training, absence (0.3)")
	fs.Float64Var(&q.Occupancy, "occupancy", 0, "share of the time signed in that is work on calls (0.85)")
	fs.Float64Var(&q.TargetDays, "days", 0, "calling days in which it is to be done (5)")
	return func(ctx context.Context, c *cli, _ []string) error {
		if *name == "" && q.GetLeads() == 0 && q.GetInboundPerHour() == 0 {
			return misused("say how many leads there are: --leads N, or those of --campaign NAME")
		}
		r, err := c.connect()
		if err != nil {
			return err
		}
		if q.CampaignId, err = c.campaignID(ctx, *name); err != nil {
			return err
		}
		q.Talk, q.WrapUp, q.Ring, q.Shift = given(*talk), given(*wrap), given(*ring), given(*shift)
		if *shrinkage >= 0 {
			q.Shrinkage = shrinkage
		}
		a, err := r.schedule.EstimateStaff(ctx, q)
		if err != nil {
			return err
		}
		if c.json {
			return c.emit(messageOf(a.ProtoReflect()))
		}
		c.staff(a)
		return nil
	}
}

// given is a duration as a request has it; 0 is not given.
func given(d time.Duration) *durationpb.Duration {
	if d == 0 {
		return nil
	}
	return durationpb.New(d)
}

func (c *cli) staff(a *schedulerv1.EstimateStaffResponse) {
	c.fields("seats", number(int64(a.GetSeats())), "people", number(int64(a.GetPeople())),
		"attempts", fmt.Sprintf("%.0f", a.GetAttempts()), "work", fmt.Sprintf("%.1f h", a.GetWorkHours()))
	for _, w := range a.GetWarnings() {
		c.say("warning: %s", w)
	}
	var rows [][]string
	for _, h := range a.GetHours() {
		rows = append(rows, []string{
			fmt.Sprintf("%02d:00", h.GetHour()), fmt.Sprintf("%.0f", h.GetAttempts()), fmt.Sprintf("%.1f", h.GetLoad()), number(int64(h.GetSeats())),
			strings.Repeat("▇", int(40*h.GetSeats()/max(a.GetSeats(), 1))),
		})
	}
	c.say("")
	c.table([]string{"hour", "attempts", "agents at work", "seats", ""}, rows)
	c.say("\n%s\n\n%s", strings.Join(a.GetFormula(), "\n"), strings.Join(a.GetBasis(), "\n"))
}
