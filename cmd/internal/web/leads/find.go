package leads

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"redial/cmd/internal/web/page"
	pb "redial/proto/campaign/v1"
)

// search is what a page of found leads shows.
type search struct {
	Query    string
	Campaign int64
	List     int64
	State    string
	Choices  []*pb.Campaign
	States   []string
	Asked    bool
	Rows     []*pb.Lead
	Names    map[int64]string // of campaigns
	Next     string           // address of the next page; empty: that was all
	First    string           // address of the first page; empty: this is it
	Problem  *page.Problem    // why nothing was looked for; nil: it was
}

// Filtered says whether more than what was typed narrows the search.
func (s search) Filtered() bool { return s.Campaign != 0 || s.List != 0 || stateOf(s.State) != 0 }

// Numeric says whether a number was typed.
func (s search) Numeric() bool { return numberLike.MatchString(s.Query) }

// Bare is the address of the search for what was typed alone.
func (s search) Bare() string { return s.address(url.Values{"q": {s.Query}}) }

func (s search) address(q url.Values) string {
	return (&url.URL{Path: "/leads", RawQuery: q.Encode()}).String()
}

// ways to read what was typed, in the order in which they are tried.
const (
	byNumber   = "number"
	byExternal = "external"
	byName     = "name"
	byNothing  = "filters" // nothing was typed
)

// numberLike is what people write where they mean a telephone number.
var numberLike = regexp.MustCompile(`^[+0-9０-９ ()\-./　]{5,}$`)

// waysOf are the ways to read what was typed.
func waysOf(typed string) []string {
	switch {
	case typed == "":
		return []string{byNothing}
	case numberLike.MatchString(typed):
		return []string{byNumber, byExternal, byName}
	}
	return []string{byName, byExternal}
}

// find lists the leads that match.
func (p *pages) find(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	s := search{Query: strings.TrimSpace(q.Get("q")), State: q.Get("state"), States: stateWords, Names: map[int64]string{}}
	s.Campaign, _ = strconv.ParseInt(q.Get("campaign"), 10, 64) // one that is none is any
	s.List, _ = strconv.ParseInt(q.Get("list"), 10, 64)
	all, err := p.campaigns.ListCampaigns(r.Context(), &pb.ListCampaignsRequest{PageSize: campaignsMost})
	if err != nil {
		p.views.Fail(w, r, err)
		return
	}
	s.Choices = all.GetCampaigns()
	for _, c := range s.Choices {
		s.Names[c.GetId()] = c.GetName()
	}
	code := http.StatusOK
	if s.Asked = s.Query != "" || s.Filtered(); s.Asked {
		ways := waysOf(s.Query)
		if by := q.Get("by"); slices.Contains(ways, by) {
			ways = []string{by}
		}
		if q.Get("page") != "" {
			s.First = s.address(s.filters())
		}
		switch err := p.search(r.Context(), &s, ways, q.Get("page")); {
		case status.Code(err) == codes.InvalidArgument || status.Code(err) == codes.NotFound:
			problem := p.views.ProblemOf(r, err)
			s.Problem, code = &problem, problem.Status
		case err != nil:
			p.views.Fail(w, r, err)
			return
		}
	}
	p.views.Page(w, r, code, "leads", sheet("nav_leads", s))
}

// search tries the ways until one finds something.
func (p *pages) search(ctx context.Context, s *search, ways []string, token string) error {
	for _, by := range ways {
		for _, region := range s.regions(by) {
			req := &pb.FindLeadsRequest{CampaignId: s.Campaign, ListId: s.List, State: stateOf(s.State), PageSize: rowsMost, PageToken: token}
			switch by {
			case byNumber:
				req.Number, req.Region = s.Query, region
			case byExternal:
				req.ExternalId = s.Query
			case byName:
				req.Name = s.Query
			}
			a, err := p.leads.FindLeads(ctx, req)
			if by == byNumber && status.Code(err) == codes.InvalidArgument {
				continue // it is no number there
			}
			if err != nil {
				return err
			}
			if s.Rows = a.GetLeads(); len(s.Rows) > 0 {
				s.Next = s.next(by, a.GetNextPageToken())
				return nil
			}
		}
	}
	return nil
}

// regions are the countries in which a number that was typed may be meant: the chosen campaign's, else those of all.
func (s *search) regions(by string) []string {
	if by != byNumber || s.Campaign != 0 || strings.HasPrefix(s.Query, "+") {
		return []string{""}
	}
	var all []string
	seen := map[string]bool{}
	for _, c := range s.Choices {
		if region := c.GetRegion(); region != "" && !seen[region] {
			seen[region] = true
			all = append(all, region)
		}
	}
	return append(all, "")
}

// filters are what was asked, as an address has it.
func (s search) filters() url.Values {
	q := url.Values{"q": {s.Query}, "state": {s.State}}
	if s.Campaign != 0 {
		q.Set("campaign", strconv.FormatInt(s.Campaign, 10))
	}
	if s.List != 0 {
		q.Set("list", strconv.FormatInt(s.List, 10))
	}
	return q
}

// next is the address of the next page, which reads what was typed in the same way.
func (s search) next(by, token string) string {
	if token == "" {
		return ""
	}
	q := s.filters()
	q.Set("by", by)
	q.Set("page", token)
	return s.address(q)
}
