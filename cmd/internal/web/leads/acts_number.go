package leads

import (
	"context"
	"strconv"
	"strings"

	pb "redial/proto/campaign/v1"
)

// numberChoice is how a form names a lead's number: its place, from 0, and how the page showed it. The API knows the
// number where it is masked here.
func numberChoice(place int, n *pb.Number) string { return strconv.Itoa(place) + " " + n.GetPhone() }

// place is which of the lead's numbers a form means, from 1, and the lead. Another number that stands there meanwhile is
// not taken for it.
func (p *pages) place(ctx context.Context, o order) (int32, *pb.Lead, error) {
	at, _, _ := strings.Cut(o.get("number"), " ")
	place, err := strconv.Atoi(at)
	if err != nil || place < 0 {
		return 0, nil, fault{"number", "leads_wrong_choice"}
	}
	got, err := p.leads.GetLead(ctx, &pb.GetLeadRequest{Id: o.id})
	if err != nil {
		return 0, nil, err
	}
	numbers := got.GetLead().GetNumbers()
	if place >= len(numbers) || numberChoice(place, numbers[place]) != o.get("number") {
		return 0, nil, errStale
	}
	return int32(place) + 1, got.GetLead(), nil //nolint:gosec // of a few numbers
}

// scopeIn is where a suppression binds, as the form says.
func scopeIn(o order, l *pb.Lead) (scope pb.SuppressionScope, campaignID int64, country string, err error) {
	switch o.get("scope") {
	case "system":
		return pb.SuppressionScope_SUPPRESSION_SCOPE_SYSTEM, 0, "", nil
	case "campaign":
		return pb.SuppressionScope_SUPPRESSION_SCOPE_CAMPAIGN, l.GetCampaignId(), "", nil
	case "country":
		if country = strings.ToUpper(o.get("country")); len(country) != 2 {
			return 0, 0, "", fault{"country", "leads_wrong_country"}
		}
		return pb.SuppressionScope_SUPPRESSION_SCOPE_COUNTRY, 0, country, nil
	}
	return 0, 0, "", fault{"scope", "leads_wrong_choice"}
}

func (p *pages) suppress(ctx context.Context, o order, _ *shown) error {
	number, lead, err := p.place(ctx, o)
	if err != nil {
		return err
	}
	req := &pb.SuppressRequest{LeadId: o.id, Number: number, Reason: o.get("reason")}
	if req.Scope, req.CampaignId, req.Country, err = scopeIn(o, lead); err != nil {
		return err
	}
	_, err = p.bans.Suppress(ctx, req)
	return err
}

func (p *pages) lift(ctx context.Context, o order, _ *shown) error {
	number, lead, err := p.place(ctx, o)
	if err != nil {
		return err
	}
	req := &pb.LiftRequest{LeadId: o.id, Number: number, Reason: o.get("reason")}
	if req.Scope, req.CampaignId, req.Country, err = scopeIn(o, lead); err != nil {
		return err
	}
	_, err = p.bans.Lift(ctx, req)
	return err
}
