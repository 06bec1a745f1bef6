package rpc

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"redial/campaign"
	"redial/campaign/wire"
	pb "redial/proto/scheduler/v1"
	"redial/scheduler"
)

// What a forecast looks at, and what it assumes where the campaign has no history.
const (
	aheadUsual  = 24 * time.Hour
	aheadMost   = 14 * 24 * time.Hour
	warnUsual   = 45 * time.Minute
	paceHistory = 7 * 24 * time.Hour
	usualRate   = 30.0 // calls an agent makes in an hour
	usualSpread = 0.3
	usualBack   = 0.7 // share of calls after which the lead is called again
)

// Forecast says when the callable leads run out.
func (s *Server) Forecast(ctx context.Context, r *pb.ForecastRequest) (*pb.ForecastResponse, error) {
	ahead, err := wire.FromDuration("ahead", r.GetAhead(), aheadUsual)
	if err != nil {
		return nil, err
	}
	warn, err := wire.FromDuration("warn", r.GetWarn(), warnUsual)
	switch {
	case err != nil:
		return nil, err
	case ahead <= 0 || ahead > aheadMost:
		return nil, campaign.Invalid("ahead", "must be above 0 and at most 14 days (336h)")
	case r.GetAgents() < 0:
		return nil, campaign.Invalid("agents", "must be 0 or more")
	}
	id := campaign.CampaignID(r.GetCampaignId())
	c, err := s.record.Campaign(ctx, id)
	if err != nil {
		return nil, err
	}
	f := forecasting{server: s, c: &c, now: s.now(), ahead: ahead, warn: warn, agents: int(r.GetAgents())}
	if f.agents == 0 {
		if f.agents, err = s.deps.Whole.AgentsAt(ctx, id); err != nil {
			return nil, err
		}
	}
	if f.pace, err = s.deps.Whole.Pace(ctx, id, f.now.Add(-paceHistory)); err != nil {
		return nil, err
	}
	stocks, err := f.stocks(ctx)
	if err != nil {
		return nil, err
	}
	drain, perAgent, basis := f.drain()
	all, each := scheduler.Forecast(stocks, drain, f.now, ahead)
	out := &pb.ForecastResponse{
		Now: wire.Time(f.now), All: forecastZone(&all), Agents: int32(f.agents), CallsPerAgentHour: perAgent, Basis: basis,
		Formula: f.formula(drain, perAgent), Warnings: f.warnings(&all, each),
	}
	for i := range each {
		out.Zones = append(out.Zones, forecastZone(&each[i]))
	}
	return out, nil
}

// forecasting is one forecast being made.
type forecasting struct {
	server *Server
	c      *campaign.Campaign
	now    time.Time
	ahead  time.Duration
	warn   time.Duration
	agents int
	pace   campaign.Pace

	waiting int64 // leads that wait, or come to in the time ahead, wherever
}

// stocks are the leads by the zones and the hours of their calendar groups: those that open and close together are one.
func (f *forecasting) stocks(ctx context.Context) ([]scheduler.Stock, error) {
	groups, err := f.server.due.Groups(ctx, f.c.ID)
	if err != nil {
		return nil, err
	}
	_, step := scheduler.ForecastSteps(f.ahead)
	supply, err := f.server.deps.Whole.Supply(ctx, f.c.ID, f.now, f.now.Add(f.ahead), step)
	if err != nil {
		return nil, err
	}
	of := make(map[campaign.GroupID]*campaign.Supply, len(supply))
	for i := range supply {
		of[supply[i].Group] = &supply[i]
	}
	calendars, err := f.calendars(ctx, groups)
	if err != nil {
		return nil, err
	}
	at := make(map[string]int)
	var out []scheduler.Stock
	for i := range groups {
		g := &groups[i]
		have := of[g.ID]
		if have == nil {
			continue
		}
		stock := scheduler.Stock{Zones: strings.Join(g.LeadZones(), ","), Open: f.open(g, calendars)}
		key := fmt.Sprint(stock.Zones, stock.Open)
		k, known := at[key]
		if !known {
			k = len(out)
			at[key], out = k, append(out, stock)
		}
		add(&out[k], have)
		f.waiting += have.Fresh + have.Tried
		for _, n := range have.Later {
			f.waiting += n
		}
	}
	return out, nil
}

// calendars are those that the campaign and its groups' lists name, read once for all.
func (f *forecasting) calendars(ctx context.Context, groups []campaign.Group) ([]*campaign.Calendar, error) {
	names := slices.Clone(f.c.Rules.Calendars)
	for i := range groups {
		names = append(names, groups[i].Calendars...)
	}
	if len(names) == 0 {
		return nil, nil
	}
	slices.Sort(names)
	return f.server.due.CalendarsNamed(ctx, slices.Compact(names))
}

// add puts a group's leads to a stock.
func add(to *scheduler.Stock, s *campaign.Supply) {
	to.Now += s.Fresh + s.Tried
	for i, n := range s.Later {
		if i == len(to.Later) {
			to.Later = append(to.Later, 0)
		}
		to.Later[i] += n
	}
}

// open are the stretches in which a group is open in the time ahead; none while the campaign does not run.
func (f *forecasting) open(g *campaign.Group, calendars []*campaign.Calendar) []scheduler.Stretch {
	if f.c.State != campaign.CampaignRunning {
		return nil
	}
	var out []scheduler.Stretch
	end := f.now.Add(f.ahead)
	if e := f.c.Rules.ExpiresAt; !e.IsZero() && e.Before(end) {
		end = e
	}
	for at := f.now; at.Before(end); {
		open, until := f.server.deps.Rules.Open(f.c, g, calendars, at)
		if until.IsZero() || until.After(end) {
			until = end
		}
		if open {
			out = append(out, scheduler.Stretch{From: at, To: until})
		}
		at = until
	}
	return out
}

// drain is how fast the agents call: by the campaign's last days where there were enough calls.
func (f *forecasting) drain() (d scheduler.Drain, perAgent float64, basis string) {
	perAgent, basis = usualRate, fmt.Sprintf("assumed: fewer than %d calls in the last 7 days", enoughCalls)
	d = scheduler.Drain{Spread: usualSpread, Back: usualBack, After: f.c.Rules.Interval}
	if signedIn := (f.pace.OnCalls + f.pace.Ready).Hours(); f.pace.Attempts >= enoughCalls && signedIn > 0 {
		// While leads are there to call agents hardly wait: their rate is over the time at work, not over idle time.
		work := f.pace.OnCalls.Hours()
		perAgent = float64(f.pace.Attempts) / max(work, signedIn/20)
		basis = fmt.Sprintf("%d calls in %.1f agent-hours of work in the last 7 days", f.pace.Attempts, work)
		d.Back = ratio(float64(f.pace.Retries), float64(f.pace.Attempts))
		if f.pace.HourlySpread > 0 {
			d.Spread = min(f.pace.HourlySpread, 0.7)
		}
	}
	d.PerHour = perAgent * float64(f.agents)
	return d, perAgent, basis
}

func (f *forecasting) formula(d scheduler.Drain, perAgent float64) string {
	return fmt.Sprintf("calls an hour = %d agents x %.1f = %.0f, give or take %.0f %%; %.0f %% of the leads called come back after %s; "+
		"leads come as they are planned; the band is of eight days in ten", f.agents, perAgent, d.PerHour, d.Spread*100, d.Back*100, campaign.Duration(d.After))
}

// warnings say what to see to: leads that run out within the time to be warned of.
func (f *forecasting) warnings(all *scheduler.Run, each []scheduler.Run) []string {
	var out []string
	switch {
	case f.c.State != campaign.CampaignRunning:
		out = append(out, fmt.Sprintf("the campaign is %s: nothing is called", f.c.State))
	case !f.c.Rules.ExpiresAt.IsZero() && !f.now.Before(f.c.Rules.ExpiresAt):
		out = append(out, fmt.Sprintf("the campaign's calls expired at %s (expires_at): nothing but promises is called", f.c.Rules.ExpiresAt.Format(time.RFC3339)))
	case f.waiting == 0:
		out = append(out, "no lead of the campaign, promises apart, comes due in the time ahead")
	case f.agents == 0:
		out = append(out, "no agent is signed in for the campaign: say how many are expected")
	}
	soon := func(r *scheduler.Run) bool { return !r.Early.IsZero() && r.Early.Sub(f.now) < f.warn }
	if soon(all) {
		return append(out, "the campaign's callable leads run out "+f.words(all))
	}
	for i := range each {
		if soon(&each[i]) && each[i].Callable > 0 {
			out = append(out, fmt.Sprintf("the callable leads of %s run out %s", each[i].Zones, f.words(&each[i])))
		}
	}
	return out
}

// words tell when a stock runs dry.
func (f *forecasting) words(r *scheduler.Run) string {
	loc, err := scheduler.LoadZone(f.c.Zone)
	if err != nil {
		loc = time.UTC
	}
	clock := func(t time.Time) string { return t.In(loc).Format("15:04 MST") }
	text := "not before " + clock(r.Early)
	if !r.Dry.IsZero() {
		text = "about " + clock(r.Dry) + ", maybe at " + clock(r.Early)
	}
	if !r.More.IsZero() {
		text = fmt.Sprintf("%s; there is more from %s on", text, clock(r.More))
	}
	return text
}

func forecastZone(r *scheduler.Run) *pb.ForecastZone {
	out := &pb.ForecastZone{
		Zones: r.Zones, Callable: r.Callable, Coming: r.Coming, DryAt: wire.Time(r.Dry), DryEarly: wire.Time(r.Early),
		DryLate: wire.Time(r.Late), MoreAt: wire.Time(r.More),
	}
	const hour = 12 // steps
	for i := 0; i < len(r.Steps); i += hour {
		part := r.Steps[i:min(i+hour, len(r.Steps))]
		h := &pb.ForecastHour{From: wire.Time(part[0].From), Callable: part[0].Callable, Left: part[len(part)-1].Left}
		for _, s := range part {
			h.Calls += s.Calls
		}
		out.Hours = append(out.Hours, h)
	}
	return out
}
