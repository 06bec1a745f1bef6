package lists

import (
	"context"
	"net/http"
	"time"

	"redial/cmd/internal/web/page"
	pb "redial/proto/campaign/v1"
)

const (
	rowsMost      = 50     // lists or problems in a page
	countMost     = 50_000 // leads that are counted before a page is shown; more are counted when it is there
	campaignsMost = 500    // campaigns in a menu; those beyond are reached from their own pages
)

// indexPage is the lists of a campaign, or of all.
type indexPage struct {
	Now       time.Time
	Manages   bool
	Campaign  int64 // 0: of all
	Campaigns []*pb.Campaign
	Rows      []listRow
	Counted   bool   // the leads of the lists were counted
	Next      string // token of the next page; empty: that was all
	Later     bool   // this is not the first page
}

// listRow is a list with the campaign it is for.
type listRow struct {
	*pb.List
	Campaign *pb.Campaign
}

func (p *lists) index(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	of, err := asNumber("campaign", q.Get("campaign"), 64)
	if err != nil {
		p.views.Fail(w, r, err)
		return
	}
	data := indexPage{Now: p.now(), Manages: manages(r), Campaign: of, Later: q.Get("page") != ""}
	if data.Campaigns, err = p.allCampaigns(r.Context()); err != nil {
		p.views.Fail(w, r, err)
		return
	}
	a, err := p.some(r.Context(), &pb.ListListsRequest{CampaignId: of, PageSize: rowsMost, PageToken: q.Get("page"), Counted: q.Has("counted")})
	if err != nil {
		p.views.Fail(w, r, err)
		return
	}
	data.Next, data.Counted = a.GetNextPageToken(), q.Has("counted") || few(a.GetLists()...)
	for _, l := range a.GetLists() {
		data.Rows = append(data.Rows, listRow{l, campaignIn(data.Campaigns, l.GetCampaignId())})
	}
	p.page(w, r, "lists_index", "nav_lists", data)
}

// some is a page of lists, counted if that was asked for or takes no time.
func (p *lists) some(ctx context.Context, q *pb.ListListsRequest) (*pb.ListListsResponse, error) {
	a, err := p.lists.ListLists(ctx, q)
	if err != nil || q.GetCounted() || !few(a.GetLists()...) {
		return a, err
	}
	q.Counted = true
	return p.lists.ListLists(ctx, q)
}

// few says whether the leads of some lists are counted in no time.
func few(all ...*pb.List) bool {
	var leads int64
	for _, l := range all {
		leads += l.GetTally().GetLeads()
	}
	return leads <= countMost
}

// Finished are its leads that nobody will call again: done, at their limits, not to be called, or taken back.
func (l listRow) Finished() int64 { return finished(l.List) }

// Percent is the share of its leads that is finished.
func (l listRow) Percent() int64 {
	if all := l.GetTally().GetLeads(); all > 0 {
		return l.Finished() * 100 / all
	}
	return 0
}

func finished(l *pb.List) (n int64) {
	for _, c := range l.GetCounts() {
		if c.GetState() != pb.LeadState_LEAD_STATE_OPEN && c.GetState() != pb.LeadState_LEAD_STATE_HELD {
			n += c.GetCount()
		}
	}
	return n
}

// page answers with a page of this family.
func (p *lists) page(w http.ResponseWriter, r *http.Request, name, title string, data any) {
	p.views.Page(w, r, http.StatusOK, name, page.Sheet{Title: title, Style: "/static/lists/lists.css", Module: "/static/lists/" + modules[name], Data: data})
}

// modules are the scripts of pages.
var modules = map[string]string{
	"lists_index": "index.js", "lists_new": "upload.js", "lists_map": "map.js", "lists_progress": "progress.js", "lists_show": "show.js",
}

// allCampaigns are the campaigns that the caller sees, by id.
func (p *lists) allCampaigns(ctx context.Context) ([]*pb.Campaign, error) {
	var all []*pb.Campaign
	for token := ""; len(all) < campaignsMost; {
		a, err := p.campaigns.ListCampaigns(ctx, &pb.ListCampaignsRequest{PageSize: 100, PageToken: token})
		if err != nil {
			return nil, err
		}
		all = append(all, a.GetCampaigns()...)
		if token = a.GetNextPageToken(); token == "" {
			break
		}
	}
	return all, nil
}

// campaignIn is a campaign by its id; one that is not among them has its id alone.
func campaignIn(all []*pb.Campaign, id int64) *pb.Campaign {
	for _, c := range all {
		if c.GetId() == id {
			return c
		}
	}
	return &pb.Campaign{Id: id}
}
