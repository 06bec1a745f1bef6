package web

import (
	"html/template"
	"net/http"

	"redial/campaign"
)

// funcs are what the templates of the overview ask besides those of every page.
var funcs = template.FuncMap{"bars": bars, "tally": tally}

// render answers with a page; a page that cannot be drawn is an error page, never half a page.
func (s *Site) render(w http.ResponseWriter, r *http.Request, code int, name string, data any) {
	s.views.Part(w, r, code, name, data)
}

// bar is a part of a row of parts that fill 100 together.
type bar struct {
	Name  string
	Count int64
	X, W  float64
}

// bars are a campaign's leads by state: those callable now first, the rest of the open ones as waiting.
func bars(c CampaignView) []bar {
	all := []bar{{Name: "callable", Count: min(c.Callable, c.Leads[campaign.LeadOpen])}, {Name: "waiting", Count: c.Waiting()}}
	for _, s := range campaign.LeadStates {
		if s != campaign.LeadOpen {
			all = append(all, bar{Name: string(s), Count: c.Leads[s]})
		}
	}
	total, x := float64(max(1, c.Total())), 0.0
	for i := range all {
		all[i].X, all[i].W = x, 100*float64(all[i].Count)/total
		x += all[i].W
	}
	return all
}

// tally are the outcomes that came, in the order of the rule's table.
func tally(t Today) []bar {
	var all []bar
	total := float64(max(1, t.Attempts()))
	for _, o := range campaign.Outcomes() {
		if n := t.Outcomes[o]; n > 0 {
			all = append(all, bar{Name: o.String(), Count: n, W: 100 * float64(n) / total})
		}
	}
	return all
}
