package rpc_test

import (
	"log/slog"
	"strings"
	"testing"

	"google.golang.org/protobuf/types/known/fieldmaskpb"

	"redial/campaign"
	pb "redial/proto/campaign/v1"
	"redial/scheduler/law"
)

// lawful is the bench with the packs of the program, and what its log says.
func lawful(t *testing.T) (*bench, *strings.Builder) {
	t.Helper()
	b, said := setup(t), &strings.Builder{}
	b.campaigns.WithLaw(must[*law.Library](t)(law.Open("")), slog.New(slog.NewTextHandler(said, nil)))
	return b, said
}

func TestSwitchingAPackOnIsWarnedOf(t *testing.T) {
	t.Parallel()
	b, said := lawful(t)
	made := must[*pb.CreateCampaignResponse](t)(b.campaigns.CreateCampaign(asMei(t), &pb.CreateCampaignRequest{Campaign: &pb.Campaign{
		Name: "autumn", Zone: "America/New_York", Rules: &pb.Rules{Packs: []string{"us"}, Purpose: "sales"},
	}}))
	if w := made.GetWarnings(); len(w) != 1 || !strings.Contains(w[0], "law pack us: ") || !strings.Contains(w[0], "not legal advice") {
		t.Errorf("warnings %q", w)
	}
	if s := said.String(); strings.Count(s, "level=WARN") != 1 || !strings.Contains(s, "campaign=autumn pack=us by=mei") {
		t.Errorf("the log says %q", s)
	}

	said.Reset()
	update := func(r *pb.Rules, fields ...string) *pb.UpdateCampaignResponse {
		t.Helper()
		c := must[campaign.Campaign](t)(b.Campaign(t.Context(), campaign.CampaignID(made.GetCampaign().GetId())))
		return must[*pb.UpdateCampaignResponse](t)(b.campaigns.UpdateCampaign(asMei(t), &pb.UpdateCampaignRequest{
			Campaign: &pb.Campaign{Id: int64(c.ID), Version: c.Version, Name: "winter", Rules: r}, UpdateMask: &fieldmaskpb.FieldMask{Paths: fields},
		}))
	}
	if w := update(&pb.Rules{Packs: []string{"us"}, Purpose: "sales"}, "rules", "name").GetWarnings(); len(w) != 0 || said.Len() != 0 {
		t.Errorf("nothing was switched on, and it says %q, %q", w, said)
	}
	w := update(&pb.Rules{
		Packs: []string{"us", "us-debt"}, Waivers: []*pb.Waiver{{Rule: "us-ct.hours", Reason: "counsel's letter of 3 May"}},
	}, "rules").GetWarnings()
	if len(w) != 3 || !strings.Contains(w[0], "law pack us-debt: ") || !strings.Contains(w[1], "us-ct.hours") || !strings.Contains(w[1], "mei") ||
		!strings.HasPrefix(w[2], "rules.purpose: is not given") {
		t.Errorf("warnings %q", w)
	}
	if w := update(nil, "name").GetWarnings(); len(w) != 0 {
		t.Errorf("the rules did not change, and it says %q", w)
	}
	if s := said.String(); strings.Count(s, "level=WARN") != 2 || !strings.Contains(s, "campaign=winter pack=us-debt") || !strings.Contains(s, `rule=us-ct.hours by=mei reason="counsel's letter of 3 May"`) {
		t.Errorf("the log says %q", s)
	}
}

func TestPacksAndRulesThatAreNotThereAreRefused(t *testing.T) {
	t.Parallel()
	b, said := lawful(t)
	create := func(r *pb.Rules) error {
		_, err := b.campaigns.CreateCampaign(asMei(t), &pb.CreateCampaignRequest{Campaign: &pb.Campaign{Name: "autumn", Zone: "UTC", Rules: r}})
		return err
	}
	err := create(&pb.Rules{Packs: []string{"usa"}})
	refused(t, "an unknown pack", err, campaign.KindInvalid, "rules.packs[0]")
	if !strings.Contains(err.Error(), "us, us-debt") {
		t.Errorf("%v: want the packs there are", err)
	}
	unknown := []*pb.Waiver{{Rule: "us-xx.hours", Reason: "because"}}
	refused(t, "an unknown rule", create(&pb.Rules{Packs: []string{"us"}, Waivers: unknown}), campaign.KindInvalid, "rules.waivers[0].rule")
	_, err = b.campaigns.UpdateCampaign(asMei(t), &pb.UpdateCampaignRequest{
		Campaign:   &pb.Campaign{Id: int64(b.campaign.ID), Version: b.campaign.Version, Rules: &pb.Rules{Packs: []string{"us", "usa"}}},
		UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"rules"}},
	})
	refused(t, "an unknown pack later", err, campaign.KindInvalid, "rules.packs[1]")
	if c := must[campaign.Campaign](t)(b.Campaign(t.Context(), b.campaign.ID)); c.Version != b.campaign.Version || said.Len() != 0 {
		t.Errorf("version %d, the log says %q: want nothing changed", c.Version, said)
	}
}
