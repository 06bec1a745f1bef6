package main

import (
	"fmt"
	"strings"
	"time"

	"redial/cmd/internal/simulate"
)

// simulationTables shows a simulation's result to people.
func (c *cli) simulationTables(r *simulate.Result) {
	t := &r.Total
	c.fields(
		"simulated", fmt.Sprintf("%d leads, %d agents, %s for %d days (%s), seed %d", r.Scenario.Leads, r.Scenario.Agents,
			r.Scenario.Start.Format(time.RFC3339), r.Scenario.Days, r.Scenario.Zone, r.Scenario.Seed),
		"calls", fmt.Sprintf("%d, %s an hour, %s an agent-hour", t.Calls, tenth(t.CallsHour), tenth(t.CallsAgent)),
		"conversations", fmt.Sprintf("%d, %s an hour", t.Conversations, tenth(t.TalksHour)),
		"connect rate", shareOf(t.ConnectRate), "success rate", fmt.Sprintf("%s (%d)", shareOf(t.SuccessRate), t.Successes),
		"occupancy", shareOf(t.Occupancy), "agent hours", fmt.Sprintf("%s, breaks apart", tenth(t.AgentHours)),
		"promises", fmt.Sprintf("%d made, %d kept, %d missed, %d rescheduled, %d cancelled, %d still open; late by %s s in the median, %s s at most",
			r.Promises.Made, r.Promises.Kept, r.Promises.Missed, r.Promises.Rescheduled, r.Promises.Cancelled, r.Promises.Open,
			tenth(r.Promises.LateMedian), tenth(r.Promises.LateMost)),
	)
	heading := []string{"", "calls", "an hour", "talks", "an hour", "connect", "success", "occupancy", "agent h"}
	var hours, days, lists [][]string
	for _, h := range r.Hours {
		hours = append(hours, stretchRow(fmt.Sprintf("%02d:00", h.Hour), &h.Figures))
	}
	for _, d := range r.Days {
		days = append(days, stretchRow(d.Date, &d.Figures))
	}
	c.titled("by hour of the day", heading, hours)
	c.titled("by day", heading, days)
	for _, l := range r.Lists {
		lists = append(lists, []string{
			l.Name, fmt.Sprint(l.Leads), fmt.Sprint(l.Calls), fmt.Sprint(l.Successes), fmt.Sprint(l.Untried), fmt.Sprint(l.Open),
			wallOf(l.DryAt, r.Scenario.Zone), wallOf(l.LastFresh, r.Scenario.Zone), wallOf(l.DoneAt, r.Scenario.Zone),
		})
	}
	c.titled("lists", []string{"", "leads", "calls", "successes", "untried", "open", "first dry", "last untried called", "all ended"}, lists)
	for _, k := range r.Campaigns {
		c.say("\ncampaign %s", k.Name)
		c.fields("leads", countsOf(k.Leads), "decided by", countsOf(k.Decisions), "now because", countsOf(k.Reasons), "kept back by", countsOf(k.Refused),
			"at dialling by", countsOf(k.RefusedStart), "given back", countsOf(k.Released))
	}
	var tried []string
	for _, a := range r.Attempts {
		tried = append(tried, fmt.Sprintf("%d×%d", a.Leads, a.Attempts))
	}
	c.say("\nleads by calls made  %s", strings.Join(tried, "  "))
	c.say("outcomes             %s", countsOf(r.Outcomes))
	c.say("checked              %d calls and %d steps of sessions: %s held", r.Checked.Calls, r.Checked.Steps, strings.Join(r.Checked.Invariants, ", "))
}

func (c *cli) titled(title string, heading []string, rows [][]string) {
	if len(rows) > 0 {
		heading[0] = title
		c.say("")
		c.table(heading, rows)
	}
}

func stretchRow(name string, f *simulate.Figures) []string {
	return []string{
		name, fmt.Sprint(f.Calls), tenth(f.CallsHour), fmt.Sprint(f.Conversations), tenth(f.TalksHour), shareOf(f.ConnectRate), shareOf(f.SuccessRate),
		shareOf(f.Occupancy), tenth(f.AgentHours),
	}
}

func countsOf(all []simulate.Count) string {
	var out []string
	for _, k := range all {
		out = append(out, fmt.Sprintf("%s %d", k.Name, k.Count))
	}
	return strings.Join(out, ", ")
}

// wallOf is an instant on the clock of a zone; a dash for none.
func wallOf(t *time.Time, zone string) string {
	if t == nil {
		return "-"
	}
	loc, err := time.LoadLocation(zone)
	if err != nil {
		loc = time.UTC
	}
	return t.In(loc).Format("2006-01-02 15:04")
}

func tenth(v float64) string { return fmt.Sprintf("%.1f", v) }

func shareOf(v float64) string { return fmt.Sprintf("%.1f%%", v*100) }
