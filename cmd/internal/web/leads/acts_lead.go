package leads

import (
	"context"
	"strings"

	"google.golang.org/protobuf/types/known/fieldmaskpb"

	pb "redial/proto/campaign/v1"
)

func (p *pages) edit(ctx context.Context, o order, _ *shown) error {
	version, err := o.version()
	if err != nil {
		return err
	}
	lead := &pb.Lead{Id: o.id, Version: version, Name: o.get("name")}
	mask := []string{"name"}
	if names, values := o.PostForm["attribute"], o.PostForm["value"]; len(names) > 0 && len(names) == len(values) {
		mask = append(mask, "attributes")
		for i, name := range names {
			if name = strings.TrimSpace(name); name != "" {
				lead.Attributes = append(lead.Attributes, &pb.Attribute{Name: name, Value: strings.TrimSpace(values[i])})
			}
		}
	}
	_, err = p.leads.UpdateLead(ctx, &pb.UpdateLeadRequest{Lead: lead, UpdateMask: &fieldmaskpb.FieldMask{Paths: mask}})
	return err
}

func (p *pages) withdraw(ctx context.Context, o order, _ *shown) error {
	version, err := o.version()
	if err != nil {
		return err
	}
	_, err = p.leads.WithdrawLead(ctx, &pb.WithdrawLeadRequest{Id: o.id, Version: version, Reason: o.get("reason")})
	return err
}

func (p *pages) reopen(ctx context.Context, o order, _ *shown) error {
	version, err := o.version()
	if err != nil {
		return err
	}
	_, err = p.leads.ReopenLead(ctx, &pb.ReopenLeadRequest{Id: o.id, Version: version, Reason: o.get("reason")})
	return err
}

// seen is the lead, if it is still of the version that the page showed.
func (p *pages) seen(ctx context.Context, o order) (*pb.Lead, error) {
	version, err := o.version()
	if err != nil {
		return nil, err
	}
	got, err := p.leads.GetLead(ctx, &pb.GetLeadRequest{Id: o.id})
	if err != nil {
		return nil, err
	}
	if got.GetLead().GetVersion() != version {
		return nil, errStale
	}
	return got.GetLead(), nil
}

// erase removes the person, as the page showed it; the lead's id in the second field is the second yes.
func (p *pages) erase(ctx context.Context, o order, _ *shown) error {
	if again, err := o.number("again"); err != nil || again != o.id {
		return fault{"again", "leads_wrong_again"}
	}
	if _, err := p.seen(ctx, o); err != nil {
		return err
	}
	_, err := p.leads.EraseLead(ctx, &pb.EraseLeadRequest{Id: o.id, Reason: o.get("reason"), Everywhere: o.get("everywhere") != ""})
	return err
}

func (p *pages) reveal(ctx context.Context, o order, s *shown) error {
	a, err := p.leads.RevealNumbers(ctx, &pb.RevealNumbersRequest{Id: o.id, Reason: o.get("reason")})
	s.Revealed = a.GetNumbers()
	return err
}

// move lets a lead go on in another campaign.
func (p *pages) move(ctx context.Context, o order, s *shown) error {
	to, err := o.number("to")
	if err != nil {
		return err
	}
	version, err := o.version()
	if err != nil {
		return err
	}
	a, err := p.leads.MoveLead(ctx, &pb.MoveLeadRequest{Id: o.id, CampaignId: to, Version: version})
	s.Moved = a.GetLead().GetId()
	return err
}
