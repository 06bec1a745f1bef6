package browser_test

import (
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	campaignpb "redial/proto/campaign/v1"
)

func TestAnAgentsDayByKeyboard(t *testing.T) {
	t.Parallel()
	open(t, 98).play("desk")
}

func TestAnAgentIsRemindedOfAPromise(t *testing.T) {
	t.Parallel()
	o := open(t, 3)
	campaigns := campaignpb.NewCampaignServiceClient(o.conn)
	c, err := campaigns.GetCampaign(o.admin, &campaignpb.GetCampaignRequest{Id: o.world.Campaign})
	o.must(err)
	c.GetCampaign().Floor.RemindBefore = durationpb.New(2 * time.Hour)
	_, err = campaigns.UpdateCampaign(o.admin, &campaignpb.UpdateCampaignRequest{
		Campaign: c.GetCampaign(), UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"floor"}},
	})
	o.must(err)
	o.play("reminder")
}
