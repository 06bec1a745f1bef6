package storetest

import (
	"fmt"
	"maps"
	"slices"

	"redial/campaign"
)

func init() {
	cases = append(cases,
		testCase{"a template is kept by its campaign and its name", templates},
		testCase{"lists are counted by the states of their leads and the reasons of their problems", listCounts},
	)
}

func templates(b *bundle) {
	ctx := b.Context()
	one, other := b.campaign(nil), b.campaign(nil)
	m := campaign.ImportTemplate{Name: "crm", Headings: []string{"Name", "Tel"}, Options: campaign.ImportOptions{
		Region: "GB", ListName: "not kept", Priority: 3, Map: map[string]string{"2": "phone"}}}
	kept := must[campaign.ImportTemplate](b)(b.s.SaveTemplate(ctx, one.ID, m))
	if kept.UpdatedAt.IsZero() || kept.Options.ListName != "" || kept.Options.Priority != 0 {
		b.Errorf("kept as %+v", kept)
	}
	must[campaign.ImportTemplate](b)(b.s.SaveTemplate(ctx, one.ID, campaign.ImportTemplate{Name: "a", Headings: []string{"x"}}))
	m.Options.Region = "US"
	must[campaign.ImportTemplate](b)(b.s.SaveTemplate(ctx, one.ID, m))
	all := must[[]campaign.ImportTemplate](b)(b.s.Templates(ctx, one.ID))
	if len(all) != 2 || all[0].Name != "a" || all[1].Options.Region != "US" || all[1].Options.Map["2"] != "phone" || !slices.Equal(all[1].Headings, m.Headings) {
		b.Errorf("templates %+v", all)
	}
	if all := must[[]campaign.ImportTemplate](b)(b.s.Templates(ctx, other.ID)); len(all) != 0 {
		b.Errorf("another campaign has %+v", all)
	}
	b.refused(b.s.DeleteTemplate(ctx, other.ID, "crm"), campaign.KindNotFound, "")
	b.ok(b.s.DeleteTemplate(ctx, one.ID, "crm"))
	b.refused(b.s.DeleteTemplate(ctx, one.ID, "crm"), campaign.KindNotFound, "")
	_, err := b.s.SaveTemplate(ctx, one.ID+100, m)
	b.refused(err, campaign.KindNotFound, "")
	_, err = b.s.Templates(ctx, one.ID+100)
	b.refused(err, campaign.KindNotFound, "")
	for i := range campaign.TemplatesMost - 1 {
		must[campaign.ImportTemplate](b)(b.s.SaveTemplate(ctx, one.ID, campaign.ImportTemplate{Name: fmt.Sprint("t", i), Headings: []string{"x"}}))
	}
	_, err = b.s.SaveTemplate(ctx, one.ID, campaign.ImportTemplate{Name: "one more", Headings: []string{"x"}})
	b.refused(err, campaign.KindUnready, "")
	must[campaign.ImportTemplate](b)(b.s.SaveTemplate(ctx, one.ID, campaign.ImportTemplate{Name: "a", Headings: []string{"y"}}))
}

func listCounts(b *bundle) {
	ctx := b.Context()
	c := b.campaign(nil)
	id, leads := b.list(c, []campaign.Phone{phone(1)}, []campaign.Phone{phone(2)}, []campaign.Phone{phone(3)}, []campaign.Phone{phone(4)})
	other, _ := b.list(c, []campaign.Phone{phone(5)})
	b.call(b.agent(), campaign.Refused, leads[0])
	b.call(b.agent(), campaign.NoAnswer, leads[1])
	got := must[map[campaign.ListID]campaign.ListCounts](b)(b.s.ListCounts(ctx, []campaign.ListID{id, other}))
	if want := (campaign.LeadCounts{campaign.LeadOpen: 3, campaign.LeadFinished: 1}); !maps.Equal(got[id].Leads, want) || got[id].Called != 2 {
		b.Errorf("counted %+v, want %+v with 2 called", got[id], want)
	}
	if want := (campaign.LeadCounts{campaign.LeadOpen: 1}); !maps.Equal(got[other].Leads, want) || got[other].Called != 0 {
		b.Errorf("the other: %+v, want %+v", got[other], want)
	}
	if none := must[map[campaign.ListID]campaign.ListCounts](b)(b.s.ListCounts(ctx, nil)); len(none) != 0 {
		b.Errorf("of no list: %+v", none)
	}
	u := b.upload(c)
	must[int64](b)(b.s.AppendPiece(ctx, u.ID, 0, []byte("x")))
	u = must[campaign.Upload](b)(b.s.CommitUpload(ctx, u.ID, nil, 1))
	in := campaign.ImportBatch{Upload: u.ID, List: u.ListID, RowsDone: 3}
	for i, p := range []campaign.Problem{{Reason: campaign.ProblemBadPhone}, {Reason: campaign.ProblemNoPhone}, {Reason: campaign.ProblemBadPhone}, {Reason: campaign.ProblemBadZone, Warning: true}} {
		p.Line, p.Message = i+2, "m"
		in.Problems = append(in.Problems, p)
	}
	must[campaign.Tally](b)(b.s.ImportRows(ctx, in))
	counts := must[[]campaign.ProblemCount](b)(b.s.ProblemCounts(ctx, u.ListID))
	want := []campaign.ProblemCount{{Reason: campaign.ProblemBadPhone, Count: 2}, {Reason: campaign.ProblemBadZone, Warning: true, Count: 1}, {Reason: campaign.ProblemNoPhone, Count: 1}}
	if !slices.Equal(counts, want) {
		b.Errorf("problems %+v, want %+v", counts, want)
	}
}
