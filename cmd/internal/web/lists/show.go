package lists

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"redial/campaign"
	pb "redial/proto/campaign/v1"
)

// showPage is a list with what became of its rows, and what can be done with it.
type showPage struct {
	Now       time.Time
	Manages   bool
	List      *pb.List
	Campaign  *pb.Campaign
	Counted   bool         // its leads and problems were counted
	Did       string       // what was just done, in words; empty: nothing
	Figures   []*pb.Figure // of the report, those that are shown
	Headings  []string     // of the file
	Problems  []*pb.Problem
	Next      string // token of the next page of problems; empty: that was all
	Later     bool   // this is not the first page of problems
	Hours     []window
	Calendars []calendarChoice
}

// window is a stretch of hours in a form.
type window struct {
	N           int
	Days        []day
	Open, Close string // "09:00"; a day's end is "00:00", which is how a browser writes it
}

type day struct {
	Name string
	On   bool
}

// calendarChoice is a calendar that may apply to a list.
type calendarChoice struct {
	Name string
	On   bool
}

// Active says whether its leads are in the campaign.
func (s showPage) Active() bool { return s.List.GetState() == pb.ListState_LIST_STATE_ACTIVE }

// Untouched are its leads that were never called and are still to be.
func (s showPage) Untouched() int64 {
	return max(0, s.List.GetTally().GetLeads()-s.List.GetCalled()-withdrawn(s.List))
}

func withdrawn(l *pb.List) int64 {
	for _, c := range l.GetCounts() {
		if c.GetState() == pb.LeadState_LEAD_STATE_WITHDRAWN {
			return c.GetCount()
		}
	}
	return 0
}

// Loading says whether its rows are still being taken in.
func (s showPage) Loading() bool { return s.List.GetState() == pb.ListState_LIST_STATE_LOADING }

// shown are the figures of a list's report that its page shows, in order; their texts have the keys figure_NAME.
var shown = []string{"leads", "tried", "untried", "withdrawn_untried", "attempts", "connects", "successes", "bad_data"}

func (p *lists) show(w http.ResponseWriter, r *http.Request) {
	id, err := idOf(r)
	if err != nil {
		p.views.Fail(w, r, err)
		return
	}
	data := showPage{Now: p.now(), Manages: manages(r), Later: r.URL.Query().Get("page") != ""}
	for _, read := range []func(context.Context, *showPage, int64, *http.Request) error{p.readList, p.readProblems, p.readFigures, p.readHours} {
		if err := read(r.Context(), &data, id, r); err != nil {
			p.views.Fail(w, r, err)
			return
		}
	}
	data.Did = p.didOf(r)
	p.page(w, r, "lists_show", "lists_show", data)
}

// didOf are the words for what the page before has done; what nobody does has none.
func (p *lists) didOf(r *http.Request) string {
	q, l := r.URL.Query(), p.views.Lang(r)
	text, ok := l["did_"+q.Get("did")]
	if !ok {
		return ""
	}
	var numbers []any
	for _, s := range q["n"] {
		n, err := asNumber("n", s, 64)
		if err != nil {
			return ""
		}
		numbers = append(numbers, n)
	}
	if strings.Count(text, "%d") != len(numbers) {
		return ""
	}
	return fmt.Sprintf(text, numbers...)
}

func (p *lists) readList(ctx context.Context, data *showPage, id int64, r *http.Request) error {
	a, err := p.lists.GetList(ctx, &pb.GetListRequest{Id: id})
	if err != nil {
		return err
	}
	if data.List = a.GetList(); r.URL.Query().Has("counted") || few(data.List) {
		if a, err = p.lists.GetList(ctx, &pb.GetListRequest{Id: id, Counted: true}); err != nil {
			return err
		}
		data.List, data.Counted = a.GetList(), true
	}
	c, err := p.campaigns.GetCampaign(ctx, &pb.GetCampaignRequest{Id: data.List.GetCampaignId()})
	data.Campaign = c.GetCampaign()
	return err
}

func (p *lists) readProblems(ctx context.Context, data *showPage, id int64, r *http.Request) error {
	a, err := p.lists.ListProblems(ctx, &pb.ListProblemsRequest{ListId: id, PageSize: rowsMost, PageToken: r.URL.Query().Get("page")})
	data.Headings, data.Problems, data.Next = a.GetHeadings(), a.GetProblems(), a.GetNextPageToken()
	return err
}

func (p *lists) readFigures(ctx context.Context, data *showPage, id int64, _ *http.Request) error {
	if !data.Counted || !data.Active() && data.List.GetState() != pb.ListState_LIST_STATE_UNDONE {
		return nil
	}
	a, err := p.reports.GetReport(ctx, &pb.GetReportRequest{Query: &pb.ReportQuery{Kind: pb.ReportKind_REPORT_KIND_LIST, CampaignId: data.List.GetCampaignId(), ListId: id}})
	if err != nil {
		return err
	}
	byName := map[string]*pb.Figure{}
	for _, f := range a.GetReport().GetTotal().GetFigures() {
		byName[f.GetName()] = f
	}
	for _, name := range shown {
		if f, ok := byName[name]; ok {
			data.Figures = append(data.Figures, f)
		}
	}
	return nil
}

// readHours is what the form of hours holds: the list's own, and a row to fill in.
func (p *lists) readHours(ctx context.Context, data *showPage, _ int64, _ *http.Request) error {
	for i, own := range append(data.List.GetHours(), &pb.Window{}) {
		data.Hours = append(data.Hours, windowOf(i, own))
	}
	own := map[string]bool{}
	for _, name := range data.List.GetCalendars() {
		own[name] = true
	}
	if !data.Manages {
		return nil
	}
	a, err := p.calendars.ListCalendars(ctx, &pb.ListCalendarsRequest{})
	for _, c := range a.GetCalendars() {
		data.Calendars = append(data.Calendars, calendarChoice{c.GetName(), own[c.GetName()]})
	}
	return err
}

// week are the days of a form, from Monday on.
var week = []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}

func windowOf(n int, w *pb.Window) window {
	out := window{N: n, Open: w.GetOpen(), Close: w.GetClose()}
	if out.Close == "24:00" {
		out.Close = "00:00"
	}
	on := map[string]bool{}
	for _, d := range w.GetDays() {
		on[d] = true
	}
	for _, d := range week {
		out.Days = append(out.Days, day{d, on[d]})
	}
	return out
}

// duplicate says whether a problem's row is a lead already.
func duplicate(reason string) bool { return campaign.DuplicateReason(reason) }
