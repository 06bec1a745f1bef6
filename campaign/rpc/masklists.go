package rpc

import (
	"context"

	"redial/campaign"
	"redial/campaign/wire"
)

// someNumber is what a mask is tried with, to know whether it hides.
const someNumber = "+10000000000"

// maskBad masks a bad number, the one that it was changed to, and what the agent wrote of them.
func maskBad(mask wire.Mask, of campaign.CampaignID, b *campaign.BadNumber) {
	b.Note = mask.Text(of, b.Note)
	b.Number, b.NewNumber = campaign.Phone(mask(of, string(b.Number))), campaign.Phone(mask(of, string(b.NewNumber)))
}

// maskProblems masks what may be a number in rows of a file.
func maskProblems(rows []campaign.Problem) {
	for i := range rows {
		p := &rows[i]
		p.Value, p.Message, p.Suggestion = wire.HideTyped(p.Value), wire.HideTyped(p.Message), wire.HideTyped(p.Suggestion)
		for j, c := range p.Row {
			p.Row[j] = wire.HideTyped(c)
		}
	}
}

// hidesRows says whether the caller may not see the numbers in a campaign's files.
func (s *ListServer) hidesRows(ctx context.Context, of campaign.CampaignID) bool {
	return numberMask(ctx, s.lists, "")(of, someNumber) != someNumber
}
