package rpc_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"redial/campaign"
	pb "redial/proto/campaign/v1"
)

func TestACampaignComesBackAsItWasMade(t *testing.T) {
	t.Parallel()
	b := setup(t)
	want := &pb.Campaign{
		Name: "autumn", Zone: "Europe/London", Region: "GB", Script: "Hello {{name}}", Skills: []string{"english"},
		Rules: &pb.Rules{Interval: durationpb.New(2 * time.Hour), Hours: []*pb.Window{{Days: []string{"mon"}, Open: "09:00", Close: "17:00"}}},
		Floor: &pb.FloorSettings{FreshShare: 0.25},
		Codes: []*pb.OutcomeCode{{Code: "SOLD", Label: "Sold", Outcome: pb.Outcome_OUTCOME_SUCCESS}},
	}
	made := must[*pb.CreateCampaignResponse](t)(b.campaigns.CreateCampaign(asMei(t), &pb.CreateCampaignRequest{Campaign: want})).GetCampaign()
	if made.GetState() != pb.CampaignState_CAMPAIGN_STATE_DRAFT || made.GetVersion() != 1 || made.GetRulesVersion() != 1 ||
		made.GetRules().GetInterval().AsDuration() != 2*time.Hour || made.GetRules().GetMaxPerDay() != 3 ||
		made.GetFloor().GetLease().AsDuration() != 90*time.Second || made.GetFloor().GetFreshShare() != 0.25 || len(made.GetCodes()) != 1 {
		t.Errorf("%v", made)
	}
	for _, r := range []*pb.GetCampaignRequest{{Id: made.GetId()}, {Name: "autumn"}} {
		if got := must[*pb.GetCampaignResponse](t)(b.campaigns.GetCampaign(asMei(t), r)); !proto.Equal(got.GetCampaign(), made) {
			t.Errorf("%v gives %v", r, got)
		}
	}
}

func TestCampaignRequestsSayWhatIsWrong(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx, invalid := asMei(t), campaign.KindInvalid
	create := func(c *pb.Campaign) error {
		_, err := b.campaigns.CreateCampaign(ctx, &pb.CreateCampaignRequest{Campaign: c})
		return err
	}
	refused(t, "no campaign", create(nil), invalid, "campaign")
	refused(t, "no zone", create(&pb.Campaign{Name: "a"}), invalid, "zone")
	refused(t, "a bad window", create(&pb.Campaign{Name: "a", Zone: "UTC", Rules: &pb.Rules{Hours: []*pb.Window{{Days: []string{"mon"}, Open: "9", Close: "17:00"}}}}), invalid, "rules.hours[0].open")
	refused(t, "a bad share", create(&pb.Campaign{Name: "a", Zone: "UTC", Floor: &pb.FloorSettings{FreshShare: 2}}), invalid, "floor.fresh_share")
	refused(t, "a taken name", create(&pb.Campaign{Name: "spring", Zone: "UTC"}), campaign.KindConflict, "")
	get := func(id int64, name string) error {
		_, err := b.campaigns.GetCampaign(ctx, &pb.GetCampaignRequest{Id: id, Name: name})
		return err
	}
	refused(t, "neither", get(0, ""), invalid, "id")
	refused(t, "both", get(1, "spring"), invalid, "id")
	refused(t, "unknown id", get(99, ""), campaign.KindNotFound, "")
	refused(t, "unknown name", get(0, "winter"), campaign.KindNotFound, "")
}

func TestAnUpdateTakesWhatItsMaskNames(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := asMei(t)
	update := func(c *pb.Campaign, paths ...string) (*pb.Campaign, error) {
		r, err := b.campaigns.UpdateCampaign(ctx, &pb.UpdateCampaignRequest{Campaign: c, UpdateMask: mask(paths...)})
		return r.GetCampaign(), err
	}
	c := &pb.Campaign{Id: int64(b.campaign.ID), Version: b.campaign.Version, Name: "ignored", Script: "Good morning"}
	after := must[*pb.Campaign](t)(update(c, "script"))
	if after.GetName() != "spring" || after.GetScript() != "Good morning" || after.GetVersion() != c.GetVersion()+1 || after.GetRulesVersion() != 1 {
		t.Errorf("%v", after)
	}
	if len(b.heard.replanned) != 0 || !b.heard.wakes(b.campaign.ID) {
		t.Errorf("heard %+v", b.heard)
	}
	_, err := update(c, "script")
	refused(t, "an old version", err, campaign.KindConflict, campaign.ReasonVersion)
	c.Version, c.Rules = after.GetVersion(), &pb.Rules{MaxAttempts: 5}
	if after = must[*pb.Campaign](t)(update(c, "rules")); after.GetRulesVersion() != 2 || after.GetRules().GetMaxAttempts() != 5 {
		t.Errorf("%v", after)
	}
	if !slices.Equal(b.heard.replanned, []campaign.CampaignID{b.campaign.ID}) {
		t.Errorf("changed rules plan anew: %v", b.heard.replanned)
	}
	c.Version = after.GetVersion()
	for _, paths := range [][]string{nil, {"state"}, {"rules.interval"}, {"name", "nonsense"}} {
		_, err := update(c, paths...)
		refused(t, fmt.Sprint(paths), err, campaign.KindInvalid, "update_mask")
	}
}

func TestCampaignsPageByID(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := asMei(t)
	for i := range 6 {
		must[campaign.Campaign](t)(b.CreateCampaign(ctx, campaign.Campaign{
			Name: fmt.Sprint("draft ", i), Zone: "UTC", Rules: campaign.DefaultRules(), Floor: campaign.DefaultFloor(),
		}))
	}
	list := func(r *pb.ListCampaignsRequest) (names []string, pages int, tokens []string) {
		for {
			out := must[*pb.ListCampaignsResponse](t)(b.campaigns.ListCampaigns(ctx, r))
			for _, c := range out.GetCampaigns() {
				names = append(names, c.GetName())
			}
			pages++
			if r.PageToken = out.GetNextPageToken(); r.GetPageToken() == "" {
				return names, pages, tokens
			}
			tokens = append(tokens, r.GetPageToken())
		}
	}
	if names, pages, _ := list(&pb.ListCampaignsRequest{}); len(names) != 7 || pages != 1 || names[0] != "spring" {
		t.Error(names, pages)
	}
	drafts := &pb.ListCampaignsRequest{State: pb.CampaignState_CAMPAIGN_STATE_DRAFT, PageSize: 2}
	names, pages, tokens := list(drafts)
	if len(names) != 6 || pages != 3 || slices.Contains(names, "spring") || len(slices.Compact(slices.Sorted(slices.Values(names)))) != 6 {
		t.Error(names, pages)
	}
	for what, r := range map[string]*pb.ListCampaignsRequest{
		"of another query": {PageSize: 2, PageToken: tokens[0]}, "torn": {State: drafts.GetState(), PageToken: tokens[0][1:]},
		"edited": {State: drafts.GetState(), PageToken: tokens[0][:len(tokens[0])-2] + "AA"}, "none": {PageToken: "?"},
	} {
		_, err := b.campaigns.ListCampaigns(ctx, r)
		refused(t, what, err, campaign.KindInvalid, "page_token")
	}
	_, err := b.campaigns.ListCampaigns(ctx, &pb.ListCampaignsRequest{PageSize: -1})
	refused(t, "negative", err, campaign.KindInvalid, "page_size")
	_, err = b.campaigns.ListCampaigns(ctx, &pb.ListCampaignsRequest{State: 17})
	refused(t, "no state", err, campaign.KindInvalid, "state")
}

func TestPauseAndFinishSayWhatTheyTookBack(t *testing.T) {
	t.Parallel()
	b := setup(t, "+8613800138001", "+8613800138002")
	ctx, id := asMei(t), int64(b.campaign.ID)
	b.call(t, b.lead(t, 0).ID, campaign.Booked, &campaign.Booking{Local: "2026-03-02T15:00"})
	b.claim(t, b.lead(t, 1).ID)
	p := must[*pb.PauseCampaignResponse](t)(b.campaigns.PauseCampaign(ctx, &pb.PauseCampaignRequest{Id: id}))
	if p.GetRevoked() != 1 || p.GetOpenPromises() != 1 || p.GetCampaign().GetState() != pb.CampaignState_CAMPAIGN_STATE_PAUSED || !b.heard.wakes(b.campaign.ID) {
		t.Errorf("%v", p)
	}
	s := must[*pb.StartCampaignResponse](t)(b.campaigns.StartCampaign(ctx, &pb.StartCampaignRequest{Id: id}))
	if s.GetCampaign().GetState() != pb.CampaignState_CAMPAIGN_STATE_RUNNING || !b.heard.wakes(b.campaign.ID) {
		t.Errorf("%v", s)
	}
	g := must[*pb.GetCampaignResponse](t)(b.campaigns.GetCampaign(ctx, &pb.GetCampaignRequest{Id: id}))
	if len(g.GetLeads()) != 1 || g.GetLeads()[0].GetState() != pb.LeadState_LEAD_STATE_OPEN || g.GetLeads()[0].GetCount() != 2 || g.GetOpenPromises() != 1 {
		t.Errorf("%v", g)
	}
	finish := func(p pb.PromisePolicy) (*pb.FinishCampaignResponse, error) {
		return b.campaigns.FinishCampaign(ctx, &pb.FinishCampaignRequest{Id: id, Promises: p})
	}
	_, err := finish(pb.PromisePolicy_PROMISE_POLICY_UNSPECIFIED)
	refused(t, "nothing said", err, campaign.KindUnready, "PROMISES_OPEN")
	_, err = finish(9)
	refused(t, "no policy", err, campaign.KindInvalid, "promises")
	f := must[*pb.FinishCampaignResponse](t)(finish(pb.PromisePolicy_PROMISE_POLICY_CANCEL))
	if f.GetCancelled() != 1 || f.GetKept() != 0 || !b.heard.wakes(b.campaign.ID) {
		t.Errorf("%v", f)
	}
	_, err = b.campaigns.StartCampaign(ctx, &pb.StartCampaignRequest{Id: id})
	refused(t, "finished", err, campaign.KindUnready, campaign.ReasonBadState)
}
