package rpc_test

import (
	"slices"
	"testing"

	"redial/campaign"
	pb "redial/proto/campaign/v1"
)

func TestTemplatesComeBackAsTheyWereKept(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx, id := asMei(t), int64(b.campaign.ID)
	m := &pb.ImportTemplate{Name: "crm", Headings: []string{"Name", "Tel"}, Options: &pb.ImportOptions{
		Region: "GB", Encoding: "gb18030", Header: pb.HeaderMode_HEADER_MODE_YES, Map: map[string]string{"2": "phone"}, ListName: "not kept"}}
	must[*pb.SaveTemplateResponse](t)(b.lists.SaveTemplate(ctx, &pb.SaveTemplateRequest{CampaignId: id, Template: m}))
	all := must[*pb.ListTemplatesResponse](t)(b.lists.ListTemplates(ctx, &pb.ListTemplatesRequest{CampaignId: id})).GetTemplates()
	if len(all) != 1 {
		t.Fatalf("templates %v", all)
	}
	o := all[0].GetOptions()
	if all[0].GetName() != "crm" || !slices.Equal(all[0].GetHeadings(), m.GetHeadings()) || !all[0].GetUpdatedAt().AsTime().Equal(monday) || o.GetRegion() != "GB" ||
		o.GetEncoding() != "gb18030" || o.GetHeader() != pb.HeaderMode_HEADER_MODE_YES || o.GetMap()["2"] != "phone" || o.GetListName() != "" {
		t.Errorf("came back as %v", all[0])
	}
	m.Options.Header = 9
	_, err := b.lists.SaveTemplate(ctx, &pb.SaveTemplateRequest{CampaignId: id, Template: m})
	refused(t, "a header that is none", err, campaign.KindInvalid, "options.header")
	_, err = b.lists.SaveTemplate(ctx, &pb.SaveTemplateRequest{CampaignId: id, Template: &pb.ImportTemplate{Name: "crm"}})
	refused(t, "no columns", err, campaign.KindInvalid, "template.headings")
	must[*pb.DeleteTemplateResponse](t)(b.lists.DeleteTemplate(ctx, &pb.DeleteTemplateRequest{CampaignId: id, Name: "crm"}))
	_, err = b.lists.DeleteTemplate(ctx, &pb.DeleteTemplateRequest{CampaignId: id, Name: "crm"})
	if campaign.KindOf(err) != campaign.KindNotFound {
		t.Errorf("deleted twice: %v", err)
	}
}

func TestListsAreCountedWhenAsked(t *testing.T) {
	t.Parallel()
	b := setup(t, "+8613800138000", "+8613800138001")
	ctx := asMei(t)
	plain := must[*pb.GetListResponse](t)(b.lists.GetList(ctx, &pb.GetListRequest{Id: int64(b.list)})).GetList()
	if len(plain.GetCounts()) != 0 {
		t.Errorf("counted unasked: %v", plain)
	}
	one := must[*pb.GetListResponse](t)(b.lists.GetList(ctx, &pb.GetListRequest{Id: int64(b.list), Counted: true})).GetList()
	all := must[*pb.ListListsResponse](t)(b.lists.ListLists(ctx, &pb.ListListsRequest{Counted: true})).GetLists()
	for _, l := range append(all, one) {
		if l.GetId() == int64(b.list) && (len(l.GetCounts()) != 1 || l.GetCounts()[0].GetState() != pb.LeadState_LEAD_STATE_OPEN || l.GetCounts()[0].GetCount() != 2 || l.GetCalled() != 0) {
			t.Errorf("counted %v", l)
		}
	}
}
