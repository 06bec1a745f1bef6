package leads

import (
	"context"
	"net/http"
	"net/url"
	"slices"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"redial/campaign"
	"redial/cmd/internal/web/page"
	pb "redial/proto/campaign/v1"
	dialerpb "redial/proto/dialer/v1"
	schedulerpb "redial/proto/scheduler/v1"
)

// shown is the page of a lead.
type shown struct {
	*pb.GetLeadResponse
	Why        *schedulerpb.ExplainLeadResponse
	Timeline   []*schedulerpb.TimelineEntry // newest first
	Consents   []*pb.Consent
	May        may
	Restricted bool           // the reader sees some campaigns only
	Zone       string         // of its times
	Masked     bool           // some number is
	Revealed   []*pb.Number   // all of it; empty: nobody asked
	Campaigns  []*pb.Campaign // to move it to; empty: it cannot be moved
	Logins     []login        // of agents, to choose from; empty: the reader is not told them
	Ask        string         // the dialog that stands open
	Of         string         // what it is about, of several
	Did        string         // key of what was just done
	Moved      int64          // the id under which it goes on elsewhere; 0: it stays

	Problem  *page.Problem         // why what was asked was not done; nil: it was
	Conflict bool                  // because somebody else was quicker
	Typed    url.Values            // of what was refused
	Wrong    map[string]page.Field // field of its form → what is wrong there
	Rest     []page.Field          // what is wrong elsewhere
}

// show is the page of a lead.
func (p *pages) show(w http.ResponseWriter, r *http.Request) {
	id, err := leadIn(r)
	if err != nil {
		p.views.Fail(w, r, err)
		return
	}
	q := r.URL.Query()
	p.draw(w, r, id, http.StatusOK, &shown{Ask: q.Get("ask"), Of: q.Get("of"), Did: didIn(r)})
}

// draw answers with the page of a lead, on top of what an act left there.
func (p *pages) draw(w http.ResponseWriter, r *http.Request, id int64, code int, s *shown) {
	if err := p.fill(r.Context(), id, s); err != nil {
		p.views.Fail(w, r, err)
		return
	}
	if !s.Draws(s.Ask) {
		s.Ask = ""
	}
	p.views.Page(w, r, code, "lead", sheet("leads_lead", s))
}

// fill asks all that is shown of a lead.
func (p *pages) fill(ctx context.Context, id int64, s *shown) (err error) {
	if s.GetLeadResponse, err = p.leads.GetLead(ctx, &pb.GetLeadRequest{Id: id}); err != nil {
		return err
	}
	c := campaign.CallerFrom(ctx)
	s.May, s.Restricted, s.Zone = mayOf(&c), c.Restricted(), zoneOf(s.GetLead())
	s.Masked = slices.ContainsFunc(s.GetLead().GetNumbers(), func(n *pb.Number) bool { return masked(n.GetPhone()) })
	if s.Why, err = p.schedule.ExplainLead(ctx, &schedulerpb.ExplainLeadRequest{LeadId: id}); err != nil && !gone(err) {
		return err
	}
	t, err := p.schedule.GetTimeline(ctx, &schedulerpb.GetTimelineRequest{LeadId: id})
	if err != nil && !gone(err) {
		return err
	}
	s.Timeline = slices.Clone(t.GetEntries())
	slices.Reverse(s.Timeline)
	a, err := p.leads.ListConsents(ctx, &pb.ListConsentsRequest{LeadId: id})
	if err != nil && !gone(err) {
		return err
	}
	s.Consents = a.GetConsents()
	return p.choices(ctx, s)
}

// choices asks what the menus of the dialogs offer.
func (p *pages) choices(ctx context.Context, s *shown) error {
	if s.May[needReassign] && s.GetLead().GetErasedAt() == nil {
		var err error
		if s.Logins, err = p.logins(ctx, s.May); err != nil {
			return err
		}
	}
	if !s.May[needChange] {
		return nil
	}
	all, err := p.campaigns.ListCampaigns(ctx, &pb.ListCampaignsRequest{PageSize: campaignsMost})
	s.Campaigns = slices.DeleteFunc(all.GetCampaigns(), func(c *pb.Campaign) bool {
		return c.GetId() == s.GetLead().GetCampaignId() || c.GetState() == pb.CampaignState_CAMPAIGN_STATE_FINISHED
	})
	return err
}

// login is an agent in a menu.
type login struct{ Login, Name string }

// logins are the agents to choose from: for whoever keeps agents all of them, for others those who are signed in.
func (p *pages) logins(ctx context.Context, m may) ([]login, error) {
	var all []login
	if m[needChange] {
		a, err := p.admin.ListAgents(ctx, &pb.ListAgentsRequest{PageSize: loginsMost})
		if err != nil && !gone(err) {
			return nil, err
		}
		for _, agent := range a.GetAgents() {
			all = append(all, login{agent.GetLogin(), agent.GetName()})
		}
		return all, nil
	}
	f, err := p.floor.GetFloor(ctx, &dialerpb.GetFloorRequest{})
	if err != nil && !gone(err) {
		return nil, err
	}
	for _, agent := range f.GetFloor().GetAgents() {
		all = append(all, login{agent.GetSession().GetLogin(), agent.GetName()})
	}
	return all, nil
}

// gone says whether there is nothing to tell, or not to this reader: the rest of the page is shown all the same.
func gone(err error) bool {
	return status.Code(err) == codes.NotFound || status.Code(err) == codes.PermissionDenied || status.Code(err) == codes.FailedPrecondition
}

// Numbers are the lead's numbers, in full if somebody asked for them.
func (s *shown) Numbers() []*pb.Number {
	if len(s.Revealed) > 0 {
		return s.Revealed
	}
	return s.GetLead().GetNumbers()
}
