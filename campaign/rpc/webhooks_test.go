package rpc_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/fieldmaskpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"redial/campaign"
	"redial/campaign/rpc"
	"redial/campaign/store"
	pb "redial/proto/campaign/v1"
)

// post is whoever sends to webhooks.
type post struct {
	told  int
	fault string
}

func (p *post) Told() { p.told++ }

func (p *post) CheckURL(url string) error {
	if strings.Contains(url, "10.0.0.1") {
		return errors.New("is private")
	}
	return nil
}

func (p *post) Test(_ context.Context, id campaign.WebhookID) (int, string, error) {
	if id != 1 {
		return 0, "", campaign.NotFound("webhook", id)
	}
	return 503, p.fault, nil
}

func TestAWebhookIsKeptAsGivenAndItsSecretToldOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := &post{}
	s := rpc.NewWebhooks(b.Store, p)
	ctx := campaign.WithCaller(t.Context(), campaign.Caller{Owner: "ann", Role: campaign.RoleManager})
	made, err := s.CreateWebhook(ctx, &pb.CreateWebhookRequest{Webhook: &pb.Webhook{
		Name: "crm", Url: "https://crm.example/h", On: true, CampaignIds: []int64{int64(b.campaign.ID)},
		Types: []pb.EventType{pb.EventType_EVENT_TYPE_ATTEMPT, pb.EventType_EVENT_TYPE_LEAD_FINISHED}, Owner: "eve", Waiting: 7, Fault: "x",
	}})
	if err != nil || !strings.HasPrefix(made.GetSecret(), "whsec_") {
		t.Fatal(made, err)
	}
	got, err := s.GetWebhook(ctx, &pb.GetWebhookRequest{Id: made.GetWebhook().GetId()})
	w := got.GetWebhook()
	if err != nil || w.GetOwner() != "ann" || w.GetWaiting() != 0 || w.GetFault() != "" || !w.GetOn() || w.GetCreatedAt() == nil || len(w.GetTypes()) != 2 ||
		!slices.Equal(w.GetCampaignIds(), []int64{int64(b.campaign.ID)}) || w.GetUrl() != "https://crm.example/h" {
		t.Errorf("kept %v, %v", w, err)
	}
	rotated, err := s.RotateWebhookSecret(ctx, &pb.RotateWebhookSecretRequest{Id: w.GetId()})
	if err != nil || rotated.GetSecret() == made.GetSecret() || !strings.HasPrefix(rotated.GetSecret(), "whsec_") {
		t.Errorf("rotated: %v", err)
	}
	all, err := s.ListWebhooks(ctx, &pb.ListWebhooksRequest{})
	if err != nil || strings.Contains(all.String()+got.String(), "whsec_") {
		t.Errorf("an answer tells a secret: %v %v", all, err)
	}
	after, err := s.UpdateWebhook(ctx, &pb.UpdateWebhookRequest{Webhook: &pb.Webhook{Id: w.GetId(), Version: w.GetVersion(), Name: "not taken"},
		UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"on", "campaign_ids"}}})
	if u := after.GetWebhook(); err != nil || u.GetOn() || len(u.GetCampaignIds()) != 0 || u.GetName() != "crm" || len(u.GetTypes()) != 2 || p.told == 0 {
		t.Errorf("updated to %v, %v", u, err)
	}
	p.fault = "answered 503"
	tested, err := s.TestWebhook(ctx, &pb.TestWebhookRequest{Id: w.GetId()})
	if err != nil || tested.GetDelivered() || tested.GetStatus() != 503 || tested.GetFault() != p.fault {
		t.Errorf("tested: %v %v", tested, err)
	}
	for range 2 {
		if _, err := s.DeleteWebhook(ctx, &pb.DeleteWebhookRequest{Id: w.GetId()}); err != nil {
			t.Error(err)
		}
	}
}

func TestI12AWebhookThatCannotBeMeantIsRefusedByField(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := rpc.NewWebhooks(b.Store, &post{})
	for _, c := range []struct {
		w     *pb.Webhook
		field string
	}{
		{nil, "webhook"},
		{&pb.Webhook{Url: "https://x.example/"}, "webhook.name"},
		{&pb.Webhook{Name: "a\x00", Url: "https://x.example/"}, "webhook.name"},
		{&pb.Webhook{Name: "a"}, "webhook.url"},
		{&pb.Webhook{Name: "a", Url: "https://x.example/" + strings.Repeat("a", 2000)}, "webhook.url"},
		{&pb.Webhook{Name: "a", Url: "https://10.0.0.1/"}, "webhook.url"},
		{&pb.Webhook{Name: "a", Url: "https://x.example/", CampaignIds: []int64{int64(b.campaign.ID), 999}}, "webhook.campaign_ids[1]"},
		{&pb.Webhook{Name: "a", Url: "https://x.example/", CampaignIds: []int64{-1}}, "webhook.campaign_ids[0]"},
		{&pb.Webhook{Name: "a", Url: "https://x.example/", Types: []pb.EventType{0}}, "webhook.types[0]"},
		{&pb.Webhook{Name: "a", Url: "https://x.example/", Types: []pb.EventType{4, 4}}, "webhook.types[1]"},
		{&pb.Webhook{Name: "a", Url: "https://x.example/", Types: []pb.EventType{999}}, "webhook.types[0]"},
	} {
		_, err := s.CreateWebhook(t.Context(), &pb.CreateWebhookRequest{Webhook: c.w})
		if e, ok := errors.AsType[*campaign.Error](err); !ok || e.Kind != campaign.KindInvalid || len(e.Violations) == 0 || e.Violations[0].Field != c.field {
			t.Errorf("%v: %v, want a fault of %s", c.w, err, c.field)
		}
	}
	if all, err := b.Webhooks(t.Context()); err != nil || len(all) != 0 {
		t.Errorf("kept all the same: %v %v", all, err)
	}
	for _, mask := range []*fieldmaskpb.FieldMask{nil, {Paths: []string{"owner"}}, {Paths: []string{"fault"}}} {
		if _, err := s.UpdateWebhook(t.Context(), &pb.UpdateWebhookRequest{Webhook: &pb.Webhook{Id: 1}, UpdateMask: mask}); campaign.KindOf(err) != campaign.KindInvalid {
			t.Errorf("mask %v: %v", mask, err)
		}
	}
}

func TestDeliveriesArePagedAndReplayed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := &post{}
	s := rpc.NewWebhooks(b.Store, p)
	ctx := campaign.WithCaller(t.Context(), campaign.Caller{Owner: "ann", Role: campaign.RoleAdmin})
	made, err := s.CreateWebhook(ctx, &pb.CreateWebhookRequest{Webhook: &pb.Webhook{Name: "crm", Url: "https://crm.example/h", On: true}})
	if err != nil {
		t.Fatal(err)
	}
	id := made.GetWebhook().GetId()
	for i := range 3 { // each look makes a delivery
		if _, err := b.Suppress(ctx, campaign.Suppression{Phone: campaign.Phone("+861380013800" + string(rune('0'+i))), Reason: "x"}); err != nil {
			t.Fatal(err)
		}
		epoch, _, err := b.Elect(ctx, store.Elected, "n", time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.Sequence(ctx, epoch, 100); err != nil {
			t.Fatal(err)
		}
		if _, err := b.HandOut(ctx); err != nil {
			t.Fatal(err)
		}
	}
	var ids []int64
	for token := ""; ; {
		page, err := s.ListDeliveries(ctx, &pb.ListDeliveriesRequest{WebhookId: id, PageSize: 2, PageToken: token})
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range page.GetDeliveries() {
			if d.GetEvents() == 0 || d.GetAt() == nil || d.GetNextAt() == nil {
				t.Errorf("delivery %v", d)
			}
			ids = append(ids, d.GetId())
		}
		if token = page.GetNextPageToken(); token == "" {
			break
		}
		if _, err := s.ListDeliveries(ctx, &pb.ListDeliveriesRequest{WebhookId: id, Dead: true, PageSize: 2, PageToken: token}); campaign.KindOf(err) != campaign.KindInvalid {
			t.Errorf("the token of another list: %v", err)
		}
	}
	if len(ids) != 3 || !slices.IsSorted(ids) {
		t.Errorf("deliveries %v", ids)
	}
	g, err := b.NextDelivery(ctx, campaign.WebhookID(id), time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.DeliveryFailed(ctx, &g.Delivery, "answered 500", 0, false); err != nil {
		t.Fatal(err)
	}
	dead, err := s.ListDeliveries(ctx, &pb.ListDeliveriesRequest{WebhookId: id, Dead: true})
	if err != nil || len(dead.GetDeliveries()) != 1 || dead.GetDeliveries()[0].GetNextAt() != nil || dead.GetDeliveries()[0].GetFault() != "answered 500" {
		t.Errorf("dead: %v %v", dead, err)
	}
	told := p.told
	replayed, err := s.ReplayDeliveries(ctx, &pb.ReplayDeliveriesRequest{WebhookId: id, Dead: true})
	if err != nil || replayed.GetDeliveries() != 3 || p.told == told {
		t.Errorf("replayed %v %v", replayed, err)
	}
	past, ahead := timestamppb.New(b.Now().Add(-time.Hour)), timestamppb.New(b.Now().Add(time.Hour))
	if since, err := s.ReplayDeliveries(ctx, &pb.ReplayDeliveriesRequest{WebhookId: id, Since: past}); err != nil || since.GetDeliveries() == 0 {
		t.Errorf("replayed %v %v", since, err)
	}
	for _, bad := range []*pb.ReplayDeliveriesRequest{{WebhookId: id}, {WebhookId: id, Dead: true, Since: past}, {WebhookId: id, Since: ahead}, {Dead: true}} {
		if _, err := s.ReplayDeliveries(ctx, bad); campaign.KindOf(err) != campaign.KindInvalid {
			t.Errorf("%v: %v", bad, err)
		}
	}
	if _, err := s.ReplayDeliveries(ctx, &pb.ReplayDeliveriesRequest{WebhookId: 999, Dead: true}); campaign.KindOf(err) != campaign.KindNotFound {
		t.Errorf("of none: %v", err)
	}
}
