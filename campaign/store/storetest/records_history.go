package storetest

import (
	"time"

	"redial/campaign"
)

// reportCalls makes every outcome once, each in its own campaign's or agent's hands, and adds the parts.
func reportCalls(b *bundle) {
	ctx := b.Context()
	one, two := b.campaign(nil), b.campaign(nil)
	agents := b.agents(2)
	made := int64(0)
	for i, o := range campaign.Outcomes() {
		if o == campaign.Booked {
			continue
		}
		c := []campaign.Campaign{one, two}[i%2]
		lead := b.some(c, 1)[0]
		as := b.dial(agents[i%3%2], lead)
		b.wait(time.Duration(i) * time.Second)
		must[campaign.Recorded](b)(b.s.Conclude(ctx, result(as, o)))
		b.ready(agents[i%3%2])
		made++
	}
	for _, kind := range campaign.ReportKinds {
		rep := must[campaign.Report](b)(b.s.Report(ctx, campaign.ReportQuery{Kind: kind, Zone: "Asia/Shanghai"}))
		var sum campaign.Counts
		for i := range rep.Rows {
			sum.Add(&rep.Rows[i].Counts)
		}
		if sum.Attempts != made || rep.Total.Counts.Attempts != made || sum.Connects() != rep.Total.Counts.Connects() {
			b.Errorf("%s: %d attempts in the rows, %d in all, %d made", kind, sum.Attempts, rep.Total.Counts.Attempts, made)
		}
		if d := sum.SignedIn() - rep.Total.Counts.SignedIn(); d > time.Second || d < -time.Second || sum.SignedIn() == 0 {
			b.Errorf("%s: signed in for %v in the rows, %v in all", kind, sum.SignedIn(), rep.Total.Counts.SignedIn())
		}
		if sum.Leads != made || sum.Tried != made {
			b.Errorf("%s: %d leads, %d tried", kind, sum.Leads, sum.Tried)
		}
	}
	bad := must[[]campaign.BadNumber](b)(b.s.BadData(ctx, campaign.BadDataQuery{}))
	if len(bad) != 4 || bad[0].AgentLogin == "" || bad[0].Number == "" || bad[0].Line == 0 {
		b.Errorf("bad numbers %+v", bad)
	}
}

func dropHistory(b *bundle) {
	ctx := b.Context()
	leads := b.some(b.campaign(nil), 2)
	elsewhere := func(lead campaign.LeadID, key string) {
		b.Helper()
		if _, _, err := b.s.RecordOutsideCall(ctx, campaign.OutsideCall{LeadID: lead, Source: "crm", Key: key, PlacedAt: b.s.Now(), Outcome: campaign.Busy}); err != nil {
			b.Fatal(err)
		}
	}
	b.call(b.agent(), campaign.NoAnswer, leads[0])
	elsewhere(leads[0], "old")
	b.wait(200 * 24 * time.Hour)
	b.call(b.agent(), campaign.NoAnswer, leads[1])
	elsewhere(leads[1], "young")
	_, err := b.s.Retention(ctx, time.Hour)
	b.names(err, "keep")
	done := must[campaign.Purged](b)(b.s.Retention(ctx, 100*24*time.Hour))
	if done.Attempts != 1 || done.Assignments != 1 || done.States == 0 {
		b.Errorf("removed %+v", done)
	}
	if again := must[campaign.Purged](b)(b.s.Retention(ctx, 100*24*time.Hour)); again.Attempts+again.States != 0 {
		b.Errorf("again: %+v", again)
	}
	if old := must[[]campaign.Attempt](b)(b.s.History(ctx, leads[0])); len(old) != 0 || len(b.lead(leads[0]).Tries) != 1 {
		b.Errorf("history %+v, tries %+v", old, b.lead(leads[0]).Tries)
	}
	if young := must[[]campaign.Attempt](b)(b.s.History(ctx, leads[1])); len(young) != 1 {
		b.Errorf("young history %+v", young)
	}
	if n, uses := b.count(`SELECT count(*) FROM outside_calls`), b.count(`SELECT count(*) FROM subject_uses WHERE outside`); n != 1 || uses != 1 {
		b.Errorf("%d outside calls are left, %d of their uses; want those of the young one", n, uses)
	}
	rep := must[campaign.Report](b)(b.s.Report(ctx, campaign.ReportQuery{Kind: campaign.ReportCampaign}))
	if !rep.HistoryFrom.Equal(done.Before) || rep.Total.Counts.Attempts != 1 || rep.Total.Counts.Tried != 2 {
		b.Errorf("the report of what is left: history from %v, %d attempts, %d tried", rep.HistoryFrom, rep.Total.Counts.Attempts, rep.Total.Counts.Tried)
	}
}

func dropAbandoned(b *bundle) {
	ctx := b.Context()
	c := b.campaign(nil)
	old := b.upload(c)
	must[int64](b)(b.s.AppendPiece(ctx, old.ID, 0, []byte("x")))
	b.wait(8 * 24 * time.Hour)
	young := b.upload(c)
	if done := must[campaign.Swept](b)(b.s.DropAbandoned(ctx, 7*24*time.Hour)); done.Uploads != 1 {
		b.Errorf("dropped %+v", done)
	}
	_, err := b.s.UploadByID(ctx, old.ID)
	b.refused(err, campaign.KindNotFound, "")
	must[campaign.Upload](b)(b.s.UploadByID(ctx, young.ID))
	if n := b.count(`SELECT count(*) FROM upload_pieces`); n != 0 {
		b.Errorf("%d pieces are left", n)
	}
}
