package rpc

import (
	"context"
	"fmt"

	"google.golang.org/grpc"

	"redial/campaign"
	"redial/campaign/wire"
	pb "redial/proto/campaign/v1"
)

// Masking says which campaigns mask numbers, and keeps who read them all the same.
type Masking interface {
	Campaign(ctx context.Context, id campaign.CampaignID) (campaign.Campaign, error)
	Deeds
}

// NumberMasks is how callers may see numbers: masked in campaigns that mask them, unless they are permitted to see them;
// then the audit log has an entry for each campaign of a request or stream. A number of no campaign, which was suppressed
// everywhere, is masked for a caller one of whose campaigns masks: it may be one of theirs. A campaign that cannot be
// read masks, and so does an audit log that cannot be written.
func NumberMasks(from Masking) func(context.Context) wire.Mask {
	return func(ctx context.Context) wire.Mask { return numberMask(ctx, from, "") }
}

// numberMask is for one request; target is what its entry in the audit log is on, empty: the campaign.
func numberMask(ctx context.Context, from Masking, target string) wire.Mask {
	caller := campaign.CallerFrom(ctx)
	known := make(map[campaign.CampaignID]bool)
	masks := func(id campaign.CampaignID) bool {
		hides, ok := known[id]
		if !ok {
			c, err := from.Campaign(ctx, id)
			hides = err != nil || c.MaskNumbers
			if hides && caller.May(campaign.PermitNumbers) {
				hides = !readNoted(ctx, from, target, id)
			}
			known[id] = hides
		}
		return hides
	}
	return func(of campaign.CampaignID, number string) string {
		if number == "" {
			return ""
		}
		hides := of != 0 && masks(of)
		for i := 0; of == 0 && i < len(caller.Campaigns) && !hides && !caller.May(campaign.PermitNumbers); i++ {
			hides = masks(caller.Campaigns[i])
		}
		if hides {
			return campaign.Phone(number).Masked()
		}
		return number
	}
}

// readNoted puts into the audit log that a caller reads numbers of a campaign that masks them. What is no request of
// somebody, such as a webhook's post, was noted when it was set up.
func readNoted(ctx context.Context, log Deeds, target string, id campaign.CampaignID) bool {
	method, asked := grpc.Method(ctx)
	if !asked {
		return true
	}
	if target == "" {
		target = fmt.Sprint("campaign ", id)
	}
	return log.LogDeed(ctx, "read_numbers", target, map[string]any{"method": method}, "") == nil
}

// maskLead masks the numbers of a lead's message, but for its key at a CRM, which is an identity; a masked number has no extension, which would be digits of it.
func maskLead(mask wire.Mask, l *pb.Lead) {
	of := campaign.CampaignID(l.GetCampaignId())
	for _, n := range l.GetNumbers() {
		if shown := mask(of, n.GetPhone()); shown != n.GetPhone() {
			n.Phone, n.Extension = shown, ""
		}
	}
	for _, a := range l.GetAttributes() {
		a.Value = mask.Text(of, a.GetValue())
	}
	l.Name = mask.Text(of, l.GetName())
	if p := l.GetPlan(); p != nil {
		mask.Texts(of, p)
	}
}

// maskHistory masks the numbers of a lead's whole history.
func maskHistory(mask wire.Mask, m *pb.GetLeadResponse) {
	maskLead(mask, m.GetLead())
	of := campaign.CampaignID(m.GetLead().GetCampaignId())
	for _, t := range m.GetTries() {
		mask.Texts(of, t)
	}
	for _, t := range m.GetAttempts() {
		mask.Texts(of, t)
	}
	for _, a := range m.GetAppointments() {
		mask.Texts(of, a)
	}
	if mask(of, someNumber) != someNumber {
		m.CaseJson = "" // it is written with the numbers
	}
}
