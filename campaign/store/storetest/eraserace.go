package storetest

import (
	"fmt"
	"sync"

	"redial/campaign"
)

func init() {
	cases = append(cases, testCase{"I7 a person who is taken in while being erased is known by all that names them", eraseRace})
}

// eraseRace erases persons while a file and a CRM bring them into another campaign.
func eraseRace(b *bundle) {
	ctx, rounds := b.Context(), 16
	c, other := b.campaign(nil), b.campaign(nil)
	node := b.open()
	list := func(of campaign.Campaign, d campaign.Draft) {
		u, err := node.BeginUpload(ctx, campaign.Upload{CampaignID: of.ID, FileName: "a.csv"}, fmt.Sprint("r", b.made.Add(1)))
		if err == nil {
			_, err = node.AppendPiece(ctx, u.ID, 0, []byte("x"))
		}
		if err == nil {
			u, err = node.CommitUpload(ctx, u.ID, nil, 1)
		}
		if err == nil {
			_, err = node.ImportRows(ctx, campaign.ImportBatch{Upload: u.ID, List: u.ListID, Drafts: []campaign.Draft{d}, RowsDone: 1})
		}
		if err == nil {
			_, err = node.FinishImport(ctx, u.ID)
		}
		if err != nil {
			b.Error(err)
		}
	}
	for i := range rounds {
		p := func(n int, ext string) campaign.Draft {
			return campaign.Draft{Line: 2, Source: "crm", ExternalID: ext, Account: "acct " + ext, Zones: []string{"Asia/Shanghai"}, Numbers: []campaign.Number{{Phone: phone(n)}}}
		}
		filed, sent := p(1000+i, fmt.Sprint("f", i)), put(other.ID, fmt.Sprint("v", i), 1, "Li", phone(2000+i))
		there := []campaign.LeadID{b.load(c, filed)[0], b.load(c, p(2000+i, fmt.Sprint("u", i)))[0]}
		var race sync.WaitGroup
		for _, id := range there {
			race.Go(func() {
				if _, err := b.s.EraseLead(ctx, id, false, "asked"); err != nil {
					b.Error(err)
				}
			})
		}
		race.Go(func() { list(other, filed) })
		race.Go(func() {
			if _, err := node.UpsertLeads(ctx, campaign.UpsertBatch{Source: "crm", By: "crm", Items: []campaign.UpsertItem{sent}, Number: number}); err != nil {
				b.Error(err)
			}
		})
		race.Wait()
	}
	if n := b.count(`SELECT count(*) FROM lead_numbers n WHERE NOT EXISTS (SELECT 1 FROM subjects u WHERE u.id = n.subject_id)`); n != 0 {
		b.Errorf("%d links of leads are to nobody", n)
	}
	if n := b.count(`SELECT count(*) FROM leads l WHERE l.erased_at = 0 AND l.state <> 'withdrawn' AND
		(SELECT count(*) FROM lead_numbers n JOIN subjects u ON u.id = n.subject_id WHERE n.lead_id = l.id) < 2`); n != 0 {
		b.Errorf("%d leads are not found by their number and their person", n)
	}
	if n := b.count(`SELECT count(*) FROM leads l WHERE l.erased_at = 0`); n != int64(2*rounds) {
		b.Errorf("%d leads are left, want %d", n, 2*rounds)
	}
	a := b.agent()
	for _, l := range must[[]campaign.Lead](b)(b.s.FindLeads(ctx, campaign.LeadFilter{Campaign: other.ID, Limit: 100})) {
		b.call(a, campaign.NoAnswer, l.ID)
		b.ready(a)
	}
	b.sound()
}
