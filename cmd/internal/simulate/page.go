package simulate

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"time"
)

//go:embed page.html
var pageText string

var pageTemplate = template.Must(template.New("page").Funcs(template.FuncMap{
	"n":       func(v any) string { return grouped(float(v)) },
	"percent": func(v float64) string { return fmt.Sprintf("%.1f%%", v*100) },
	"tenth":   func(v float64) string { return grouped(round(v, 1)) },
	"when":    whenIn,
	"words":   words,
}).Parse(pageText))

// WritePage writes the result as one HTML page that needs nothing else: no script, no font, no picture.
func WritePage(w io.Writer, r *Result) error {
	if err := pageTemplate.Execute(w, page{Result: r}); err != nil {
		return fmt.Errorf("write the page: %w", err)
	}
	return nil
}

// page is the result as the template asks for it.
type page struct{ *Result }

func float(v any) float64 {
	switch v := v.(type) {
	case int:
		return float64(v)
	case int64:
		return float64(v)
	case uint64:
		return float64(v)
	case float64:
		return v
	default:
		return 0
	}
}

// words is a stable word for people: law_hours is law hours.
func words(s string) string {
	b := []byte(s)
	for i := range b {
		if b[i] == '_' {
			b[i] = ' '
		}
	}
	return string(b)
}

// whenIn is an instant on the scenario's clock; a dash for none.
func whenIn(t *time.Time, zone string) string {
	if t == nil {
		return "–"
	}
	loc, err := time.LoadLocation(zone)
	if err != nil {
		loc = time.UTC
	}
	return t.In(loc).Format("Mon 2006-01-02 15:04")
}

// Span is the scenario's time for people.
func (p page) Span() string {
	loc, err := time.LoadLocation(p.Scenario.Zone)
	if err != nil {
		loc = time.UTC
	}
	return p.Scenario.Start.In(loc).Format("2 January 2006 15:04") + " to " + p.Scenario.End.In(loc).Format("2 January 2006 15:04") + ", " + p.Scenario.Zone
}

// DayChart is calls, conversations and successes by day; of long simulations by several days at a time.
func (p page) DayChart() template.HTML {
	const most = 62
	by := (len(p.Days) + most - 1) / most
	var labels []string
	all := []series{{name: "calls", class: "a"}, {name: "conversations", class: "b"}, {name: "successes", class: "c"}}
	for i, d := range p.Days {
		if i%max(by, 1) == 0 {
			labels = append(labels, d.Date[5:])
			for k := range all {
				all[k].values = append(all[k].values, 0)
			}
		}
		last := len(labels) - 1
		for k, v := range []int64{d.Calls, d.Conversations, d.Successes} {
			all[k].values[last] += float64(v)
		}
	}
	return bars(wholeRow, "Calls, conversations and successes by day", labels, all...)
}

// HourChart is calls and conversations an hour, by hour of the day.
func (p page) HourChart() template.HTML {
	calls, talks := series{name: "calls an hour", class: "a"}, series{name: "conversations an hour", class: "b"}
	var labels []string
	for _, h := range p.Hours {
		labels = append(labels, fmt.Sprintf("%02d:00", h.Hour))
		calls.values, talks.values = append(calls.values, h.CallsHour), append(talks.values, h.TalksHour)
	}
	return bars(halfRow, "Calls and conversations an hour, by hour of the day", labels, calls, talks)
}

// RateChart is the share of time that agents are at work on calls, and of calls that reach a human, by hour of the day.
func (p page) RateChart() template.HTML {
	busy, reached := series{name: "% occupancy", class: "a"}, series{name: "% connect rate", class: "b"}
	var labels []string
	for _, h := range p.Hours {
		labels = append(labels, fmt.Sprintf("%02d:00", h.Hour))
		busy.values, reached.values = append(busy.values, round(h.Occupancy*100, 1)), append(reached.values, round(h.ConnectRate*100, 1))
	}
	return bars(halfRow, "Occupancy and connect rate by hour of the day", labels, busy, reached)
}

// AttemptChart is how many leads were called how often.
func (p page) AttemptChart() template.HTML {
	leads := series{name: "leads", class: "a"}
	var labels []string
	for _, a := range p.Attempts {
		label := fmt.Sprint(a.Attempts)
		if a.Attempts == manyAttempts {
			label += "+"
		}
		labels, leads.values = append(labels, label), append(leads.values, float64(a.Leads))
	}
	return bars(halfRow, "Leads by the number of calls made to them", labels, leads)
}

// Share is a part of a stacked bar.
type Share struct {
	Name    string
	Count   int64
	Percent float64
	Class   string
}

// States are a campaign's leads by their state at the end.
func (p page) States(c CampaignResult) []Share {
	sum := int64(0)
	for _, x := range c.Leads {
		sum += x.Count
	}
	classes := map[string]string{"finished": "c", "open": "a", "held": "a2", "exhausted": "d", "suppressed": "e", "withdrawn": "f"}
	out := make([]Share, 0, len(c.Leads))
	for _, x := range c.Leads {
		out = append(out, Share{x.Name, x.Count, round(100*float64(x.Count)/float64(max(sum, 1)), 1), classes[x.Name]})
	}
	return out
}
