package leads

import (
	"html"
	"net/url"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	pb "redial/proto/campaign/v1"
)

func TestPagesOfASearchAskTheSameAgain(t *testing.T) {
	a, ask := site(t, manager)
	a.on("ListCampaigns", &pb.ListCampaignsResponse{Campaigns: []*pb.Campaign{{Id: 2, Name: "cn", Region: "CN"}}}, nil)
	a.says["FindLeads"] = func(m proto.Message) (proto.Message, error) {
		r := m.(*pb.FindLeadsRequest)
		if r.GetExternalId() == "" {
			return &pb.FindLeadsResponse{}, nil
		}
		if r.GetPageToken() == "" {
			return &pb.FindLeadsResponse{Leads: []*pb.Lead{{Id: 9, CampaignId: 2, Name: "Mei"}}, NextPageToken: "p 2&"}, nil
		}
		return &pb.FindLeadsResponse{Leads: []*pb.Lead{{Id: 10, CampaignId: 2, Name: "Li"}}}, nil
	}
	w := ask("GET", "/leads?q=a%26b&campaign=2&list=4&state=open", nil)
	must(t, w, 200, `href="/leads/9"`, `rel="next"`)
	_, next, _ := strings.Cut(w.Body.String(), `rel="next" href="`)
	next, _, _ = strings.Cut(next, `"`)
	w = ask("GET", html.UnescapeString(next), nil)
	must(t, w, 200, `href="/leads/10"`, `value="a&b"`, `<option value="2" selected>`, `<option value="open" selected>`, `name="list" inputmode="numeric" pattern="[0-9]*" value="4"`, "Back to the first page")
	all := a.asked["FindLeads"]
	got := all[len(all)-1].(*pb.FindLeadsRequest)
	if got.GetExternalId() != "a&b" || got.GetName() != "" || got.GetPageToken() != "p 2&" || got.GetCampaignId() != 2 || got.GetListId() != 4 || got.GetState() != pb.LeadState_LEAD_STATE_OPEN {
		t.Errorf("the next page asks %v", got)
	}
	_, first, _ := strings.Cut(w.Body.String(), `<a class="button" href="`)
	first, _, _ = strings.Cut(first, `"`)
	if u, err := url.Parse(html.UnescapeString(first)); err != nil || u.Query().Get("q") != "a&b" || u.Query().Get("campaign") != "2" || u.Query().Has("page") {
		t.Errorf("the first page is at %s (%v)", first, err)
	}
}

func TestASearchThatFindsNothingSaysWhatToDo(t *testing.T) {
	a, ask := site(t, manager)
	must(t, ask("GET", "/leads", nil), 200, "Write a name, a number or an external id")
	must(t, ask("GET", "/leads?q=Zed&state=open", nil), 200, "No lead matches", `href="/leads?q=Zed"`, "only a part of the name")
	w := ask("GET", "/leads?q=138+0013+8000", nil)
	must(t, w, 200, "country's code, such as +86")
	if strings.Contains(w.Body.String(), "without the filters") {
		t.Error("filters that are none are to be left out")
	}
	a.on("FindLeads", nil, status.Error(codes.InvalidArgument, "page_token: is of another query"))
	must(t, ask("GET", "/leads?q=Zed&page=torn", nil), 400, "is of another query", `value="Zed"`)
}

func TestOnlyLeadsThatMayBeCalledAgainHaveAPlan(t *testing.T) {
	a, ask := site(t, manager)
	at := timestamppb.New(time.Date(2026, 3, 2, 6, 0, 0, 0, time.UTC))
	a.on("FindLeads", &pb.FindLeadsResponse{Leads: []*pb.Lead{
		{Id: 1, State: pb.LeadState_LEAD_STATE_OPEN, Plan: &pb.Plan{At: at}, Zones: []string{"Europe/London"}},
		{Id: 2, State: pb.LeadState_LEAD_STATE_WITHDRAWN, Plan: &pb.Plan{At: at}, Zones: []string{"Europe/London"}},
		{Id: 3, State: pb.LeadState_LEAD_STATE_SUPPRESSED, Plan: &pb.Plan{At: at}, Zones: []string{"Europe/London"}},
	}}, nil)
	if n := strings.Count(ask("GET", "/leads?campaign=1", nil).Body.String(), "2026-03-02 06:00:00"); n != 1 {
		t.Errorf("%d leads are planned, not the open one alone", n)
	}
}
