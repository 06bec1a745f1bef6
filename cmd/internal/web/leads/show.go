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
	schedulerpb "redial/proto/scheduler/v1"
)

// shown is the page of a lead.
type shown struct {
	*pb.GetLeadResponse
	Why       *schedulerpb.ExplainLeadResponse
	Timeline  []*schedulerpb.TimelineEntry // newest first
	Consents  []*pb.Consent
	May       may
	Zone      string         // of its times
	Masked    bool           // some number is
	Revealed  []*pb.Number   // all of it; empty: nobody asked
	Campaigns []*pb.Campaign // to move it to; empty: it cannot be moved
	Ask       string         // the dialog that stands open
	Did       string         // key of what was just done
	Typed     url.Values     // of a change that was refused
	Problem   *page.Problem  // why it was
	Conflict  bool           // because somebody else was quicker
}

// show is the page of a lead.
func (p *pages) show(w http.ResponseWriter, r *http.Request) {
	id, err := leadIn(r)
	if err != nil {
		p.views.Fail(w, r, err)
		return
	}
	p.draw(w, r, id, http.StatusOK, &shown{Ask: r.URL.Query().Get("ask"), Did: didIn(r)})
}

// draw answers with the page of a lead, on top of what an act left there.
func (p *pages) draw(w http.ResponseWriter, r *http.Request, id int64, code int, s *shown) {
	if err := p.fill(r.Context(), id, s); err != nil {
		p.views.Fail(w, r, err)
		return
	}
	p.views.Page(w, r, code, "lead", sheet("leads_lead", s))
}

// fill asks all that is shown of a lead.
func (p *pages) fill(ctx context.Context, id int64, s *shown) (err error) {
	if s.GetLeadResponse, err = p.leads.GetLead(ctx, &pb.GetLeadRequest{Id: id}); err != nil {
		return err
	}
	c := campaign.CallerFrom(ctx)
	s.May, s.Zone = mayOf(&c), zoneOf(s.GetLead())
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
	if !s.May.Change || s.GetLead().GetSource() == "" || s.GetLead().GetExternalId() == "" {
		return nil
	}
	all, err := p.campaigns.ListCampaigns(ctx, &pb.ListCampaignsRequest{PageSize: campaignsMost})
	s.Campaigns = slices.DeleteFunc(all.GetCampaigns(), func(c *pb.Campaign) bool { return c.GetId() == s.GetLead().GetCampaignId() })
	return err
}

// gone says whether there is nothing to tell, or not to this reader: the rest of the page is shown all the same.
func gone(err error) bool {
	return status.Code(err) == codes.NotFound || status.Code(err) == codes.PermissionDenied || status.Code(err) == codes.FailedPrecondition
}

// Was is a value that was typed into the form, or the lead's own.
func (s *shown) Was(field, own string) string {
	if s.Typed.Has(field) {
		return s.Typed.Get(field)
	}
	return own
}

// Attribute is the value of an attribute in the form.
func (s *shown) Attribute(i int, own string) string {
	if typed := s.Typed["value"]; i < len(typed) {
		return typed[i]
	}
	return own
}

// Numbers are the lead's numbers, in full if somebody asked for them.
func (s *shown) Numbers() []*pb.Number {
	if len(s.Revealed) > 0 {
		return s.Revealed
	}
	return s.GetLead().GetNumbers()
}
