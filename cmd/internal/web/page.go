package web

import (
	"bytes"
	"cmp"
	"fmt"
	"html/template"
	"net/http"
	"time"

	"redial/campaign"
)

// readPages reads the templates once for each language.
func readPages(langs map[string]lang) (map[string]*template.Template, error) {
	pages := map[string]*template.Template{}
	for name, l := range langs {
		t, err := template.New("").Funcs(template.FuncMap{
			"t": l.text, "why": l.why, "lang": func() string { return name }, "clock": clock, "when": when, "ago": ago, "bars": bars, "tally": tally,
		}).ParseFS(files, "templates/*.html")
		if err != nil {
			return nil, fmt.Errorf("read the pages: %w", err)
		}
		pages[name] = t
	}
	return pages, nil
}

// render answers with a page; a page that cannot be drawn is an error page, never half a page.
func (s *Site) render(w http.ResponseWriter, r *http.Request, code int, page string, data any) {
	var b bytes.Buffer
	if err := s.pages[s.langOf(r)].ExecuteTemplate(&b, page, data); err != nil {
		s.Log.ErrorContext(r.Context(), "a page cannot be drawn", "page", page, "error", err)
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Vary", "Accept-Language, Cookie")
	w.WriteHeader(code)
	_, _ = w.Write(b.Bytes()) // a reader who went away needs no answer
}

// clock is the time of day in a zone; in UTC if the zone is unknown.
func clock(t time.Time, zone string) string { return in(t, zone).Format("15:04:05") }

// when is a day and time in a zone, the day left out when it is that of now.
func when(t, now time.Time, zone string) string {
	if t.IsZero() {
		return ""
	}
	local, today := in(t, zone), in(now, zone)
	if campaign.DateOf(local) == campaign.DateOf(today) {
		return local.Format("15:04:05")
	}
	return local.Format("2006-01-02 15:04")
}

func in(t time.Time, zone string) time.Time {
	loc, err := time.LoadLocation(cmp.Or(zone, "UTC"))
	if err != nil {
		loc = time.UTC
	}
	return t.In(loc)
}

// ago is how long t is before now, as 4:05 or 1:04:05.
func ago(t, now time.Time) string {
	d := max(0, now.Sub(t)) / time.Second
	if d >= 3600 {
		return fmt.Sprintf("%d:%02d:%02d", d/3600, d/60%60, d%60)
	}
	return fmt.Sprintf("%d:%02d", d/60, d%60)
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
