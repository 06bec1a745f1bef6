package floor

import (
	"cmp"
	"context"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strings"
	"time"

	"redial/cmd/internal/web/page"
	pb "redial/proto/scheduler/v1"
)

// agentsMost are the agents that may be expected; more are taken for so many.
const agentsMost = 100_000

// zonesMost are the sets of zones that the chart tells apart; the rest are one.
const zonesMost = 5

// aheadPage is the next day of a campaign: what is callable by hour and zone, and when it runs dry.
type aheadPage struct {
	Choices  []choice
	Campaign choice
	Now      time.Time
	Hours    []hour
	Zones    []zone
	Top      int64 // of the chart's axis
	All      zone
	Expected int64 // agents that the reader expects; 0: those who are signed in
	Agents   int32 // that were reckoned with
	Rate     float64
	Warnings []string
	Gates    []gate
	Callable int64
	Leads    int64
}

// hour is a bar of the chart.
type hour struct {
	At    time.Time
	X     float64
	Mark  bool // its hour is written below
	Odd   bool // but not where there is little room
	Parts []part
	Sum   int64
	Calls float64
}

// part is a piece of a bar, of one set of zones.
type part struct {
	Zone  int // its index
	Count int64
	Y, H  float64
}

// zone is a set of zones and when it runs dry.
type zone struct {
	Name     string // empty: the others, together
	Here     string // one of them, to tell times in
	Callable int64
	Coming   int64
	Dry      time.Time // zero: not in the time ahead
	Early    time.Time
	Late     time.Time
	More     time.Time
	hours    []int64
}

// gate is why leads are not callable now.
type gate struct {
	Name  string
	Leads int64
	Opens time.Time
	Lead  int64 // one of them
}

// Size of the chart, in units of its viewBox.
const (
	chartWide = 720.0
	chartHigh = 160.0
)

func (f *floors) ahead(w http.ResponseWriter, r *http.Request) {
	of, err := number("campaign", r.URL.Query().Get("campaign"))
	if err != nil {
		f.views.Fail(w, r, err)
		return
	}
	data := aheadPage{Now: f.Now()}
	if data.Expected, err = number("agents", r.URL.Query().Get("agents")); err != nil {
		f.views.Fail(w, r, err)
		return
	}
	data.Expected = min(data.Expected, agentsMost)
	if data.Choices, err = f.choices(r.Context()); err != nil {
		f.views.Fail(w, r, err)
		return
	}
	for _, c := range data.Choices {
		if c.ID == of || of == 0 && data.Campaign.ID == 0 {
			data.Campaign = c
		}
	}
	if data.Campaign.ID = cmp.Or(data.Campaign.ID, of); data.Campaign.ID != 0 {
		if err = f.look(r.Context(), &data); err != nil {
			f.views.Fail(w, r, err)
			return
		}
	}
	f.draw(w, r, "ahead", data)
}

// look asks what is ahead of a campaign, and why what is not callable is not.
func (f *floors) look(ctx context.Context, data *aheadPage) error {
	a, err := f.schedule.Forecast(ctx, &pb.ForecastRequest{CampaignId: data.Campaign.ID, Agents: int32(data.Expected)}) //nolint:gosec // at most agentsMost
	if err != nil {
		return err
	}
	why, err := f.schedule.ExplainCampaign(ctx, &pb.ExplainCampaignRequest{CampaignId: data.Campaign.ID})
	if err != nil {
		return err
	}
	data.Agents, data.Rate, data.All, data.Warnings = a.GetAgents(), a.GetCallsPerAgentHour(), zoneOf(a.GetAll()), a.GetWarnings()
	data.Leads, data.Callable = why.GetLeads(), why.GetCallable()
	for _, g := range why.GetGates() {
		one := gate{Name: g.GetGate(), Leads: g.GetLeads(), Lead: g.GetExampleLeadId()}
		if g.GetOpensAt() != nil {
			one.Opens = g.GetOpensAt().AsTime()
		}
		data.Gates = append(data.Gates, one)
	}
	for _, z := range a.GetZones() {
		data.Zones = append(data.Zones, zoneOf(z))
	}
	data.Zones = few(data.Zones)
	if len(data.Zones) == 0 {
		data.Zones = []zone{data.All}
	}
	data.chart(a.GetAll().GetHours())
	return nil
}

func zoneOf(z *pb.ForecastZone) zone {
	out := zone{Name: strings.ReplaceAll(z.GetZones(), ",", ", "), Here: first(z.GetZones()), Callable: z.GetCallable(), Coming: z.GetComing()}
	if z.GetDryAt() != nil {
		out.Dry = z.GetDryAt().AsTime()
	}
	if z.GetDryEarly() != nil {
		out.Early = z.GetDryEarly().AsTime()
	}
	if z.GetDryLate() != nil {
		out.Late = z.GetDryLate().AsTime()
	}
	if z.GetMoreAt() != nil {
		out.More = z.GetMoreAt().AsTime()
	}
	for _, h := range z.GetHours() {
		out.hours = append(out.hours, h.GetCallable())
	}
	return out
}

// few are the zones with the most leads, and the others as one.
func few(all []zone) []zone {
	slices.SortStableFunc(all, func(a, b zone) int { return cmp.Compare(b.Callable+b.Coming, a.Callable+a.Coming) })
	if len(all) <= zonesMost+1 {
		return all
	}
	rest := zone{}
	for _, z := range all[zonesMost:] {
		rest.Callable, rest.Coming = rest.Callable+z.Callable, rest.Coming+z.Coming
		for i, n := range z.hours {
			if i == len(rest.hours) {
				rest.hours = append(rest.hours, 0)
			}
			rest.hours[i] += n
		}
	}
	return append(slices.Clone(all[:zonesMost]), rest)
}

// chart stacks the hours' leads by zone, from below.
func (p *aheadPage) chart(hours []*pb.ForecastHour) {
	for i, h := range hours {
		one := hour{At: h.GetFrom().AsTime(), Calls: h.GetCalls(), Mark: i%3 == 0, Odd: i%6 == 3}
		for z := range p.Zones {
			n := int64(0)
			if i < len(p.Zones[z].hours) {
				n = p.Zones[z].hours[i]
			}
			one.Parts, one.Sum = append(one.Parts, part{Zone: z, Count: n}), one.Sum+n
		}
		p.Top = max(p.Top, one.Sum)
		p.Hours = append(p.Hours, one)
	}
	step := chartWide / max(1, float64(len(p.Hours)))
	for i := range p.Hours {
		h := &p.Hours[i]
		h.X = float64(i) * step
		y := chartHigh
		for j := range h.Parts {
			h.Parts[j].H = float64(h.Parts[j].Count) / max(1, float64(p.Top)) * chartHigh
			y -= h.Parts[j].H
			h.Parts[j].Y = max(0, y)
		}
	}
}

// Wide is the width of a bar.
func (p aheadPage) Wide() float64 { return chartWide / max(1, float64(len(p.Hours))) * 0.8 }

var funcs = template.FuncMap{
	"instant": instant, "noRow": func() row { return row{} }, "noLine": func() line { return line{} },
	"states":  func() []string { return states },
	"percent": percent, "agentsMost": func() int { return agentsMost },
	"px":    func(v float64) string { return fmt.Sprintf("%.1f", v) },
	"one":   func(v float64) string { return fmt.Sprintf("%.1f", v) },
	"about": about,
	"hourIn": func(t time.Time, zone string) string {
		return page.In(t, zone).Format("15:04")
	},
	"dayIn": func(t time.Time, zone string) string { return page.In(t, zone).Format("2006-01-02 15:04") },
	"ms":    func(t time.Time) int64 { return t.UnixMilli() },
	"hand":  func(hand, state string) string { return "floor_will_" + hand + "_" + state },
}

// about is a day and time in a zone to the minute, the day left out when it is that of now: forecasts know no seconds.
func about(t, now time.Time, zone string) string {
	local, today := page.In(t, zone), page.In(now, zone)
	if local.YearDay() == today.YearDay() && local.Year() == today.Year() {
		return local.Format("15:04")
	}
	return local.Format("2006-01-02 15:04")
}

func wall(local string) string { return strings.Replace(local, "T", " ", 1) }

func percent(n, of int64) string {
	if of <= 0 {
		return ""
	}
	return fmt.Sprintf("%d %%", n*100/of)
}

func first(zones string) string {
	one, _, _ := strings.Cut(zones, ",")
	return one
}

func trimmed(s, prefix string) string { return strings.TrimPrefix(s, prefix) }
