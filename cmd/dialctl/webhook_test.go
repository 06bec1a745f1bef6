package main

import (
	"context"
	"strings"
	"testing"

	"google.golang.org/protobuf/types/known/timestamppb"

	"redial/campaign"
	pb "redial/proto/campaign/v1"
)

// hooks is a WebhookService with one webhook, number 3, which keeps what it was asked for.
type hooks struct {
	pb.UnimplementedWebhookServiceServer
	pb.UnimplementedCampaignServiceServer
	created *pb.Webhook
	updated *pb.UpdateWebhookRequest
	replay  *pb.ReplayDeliveriesRequest
	deleted int64
	dead    bool
	fault   string
}

func (h *hooks) GetCampaign(_ context.Context, r *pb.GetCampaignRequest) (*pb.GetCampaignResponse, error) {
	if r.GetName() != "spring" {
		return nil, campaign.NotFound("campaign", r.GetName())
	}
	return &pb.GetCampaignResponse{Campaign: &pb.Campaign{Id: 7, Name: "spring"}}, nil
}

func (h *hooks) CreateWebhook(_ context.Context, r *pb.CreateWebhookRequest) (*pb.CreateWebhookResponse, error) {
	h.created = r.GetWebhook()
	r.GetWebhook().Id = 3
	return &pb.CreateWebhookResponse{Webhook: r.GetWebhook(), Secret: "whsec_c2VjcmV0"}, nil
}

func (h *hooks) GetWebhook(context.Context, *pb.GetWebhookRequest) (*pb.GetWebhookResponse, error) {
	return &pb.GetWebhookResponse{Webhook: &pb.Webhook{Id: 3, Version: 5, Name: "crm"}}, nil
}

func (h *hooks) ListWebhooks(context.Context, *pb.ListWebhooksRequest) (*pb.ListWebhooksResponse, error) {
	return &pb.ListWebhooksResponse{Webhooks: []*pb.Webhook{{Id: 3, Name: "crm", Url: "https://crm.example/", Owner: "ann", Waiting: 4, Dead: 1, Fault: "answered 500"}}}, nil
}

func (h *hooks) UpdateWebhook(_ context.Context, r *pb.UpdateWebhookRequest) (*pb.UpdateWebhookResponse, error) {
	h.updated = r
	return &pb.UpdateWebhookResponse{Webhook: r.GetWebhook()}, nil
}

func (h *hooks) RotateWebhookSecret(context.Context, *pb.RotateWebhookSecretRequest) (*pb.RotateWebhookSecretResponse, error) {
	return &pb.RotateWebhookSecretResponse{Secret: "whsec_bmV3"}, nil
}

func (h *hooks) DeleteWebhook(_ context.Context, r *pb.DeleteWebhookRequest) (*pb.DeleteWebhookResponse, error) {
	h.deleted = r.GetId()
	return &pb.DeleteWebhookResponse{}, nil
}

func (h *hooks) TestWebhook(context.Context, *pb.TestWebhookRequest) (*pb.TestWebhookResponse, error) {
	return &pb.TestWebhookResponse{Delivered: h.fault == "", Status: 204, Fault: h.fault}, nil
}

func (h *hooks) ListDeliveries(_ context.Context, r *pb.ListDeliveriesRequest) (*pb.ListDeliveriesResponse, error) {
	h.dead = r.GetDead()
	if r.GetPageToken() == "" {
		return &pb.ListDeliveriesResponse{Deliveries: []*pb.Delivery{{Id: 11, Events: 100, Tries: 2, Fault: "answered 503", NextAt: &timestamppb.Timestamp{Seconds: 1772442000}}}, NextPageToken: "p"}, nil
	}
	return &pb.ListDeliveriesResponse{Deliveries: []*pb.Delivery{{Id: 12, Events: 7}}}, nil
}

func (h *hooks) ReplayDeliveries(_ context.Context, r *pb.ReplayDeliveriesRequest) (*pb.ReplayDeliveriesResponse, error) {
	h.replay = r
	return &pb.ReplayDeliveriesResponse{Deliveries: 1}, nil
}

func TestWebhooksAreMadeChangedAndEnded(t *testing.T) {
	t.Parallel()
	h := &hooks{}
	at := serve(t, fakes{webhooks: h, campaigns: h})
	code, out, errs := ctl(t, at, "webhook", "create", "crm", "https://crm.example/hook", "--campaign", "spring", "--type", "attempt", "--type", "lead_finished")
	if code != 0 || !strings.Contains(out, "whsec_c2VjcmV0") || len(h.created.GetTypes()) != 2 || h.created.GetCampaignIds()[0] != 7 || !h.created.GetOn() {
		t.Errorf("create: exit %d %s%s, asked %v", code, out, errs, h.created)
	}
	if code, _, errs := ctl(t, at, "webhook", "create", "crm", "https://crm.example/", "--type", "lunch"); code != exitUsage || !strings.Contains(errs, "lead_finished") {
		t.Errorf("an unknown type: exit %d %s", code, errs)
	}
	if code, out, _ := ctl(t, at, "webhook", "list"); code != 0 || !strings.Contains(out, "answered 500") || !strings.Contains(out, "ann") {
		t.Errorf("list: exit %d %s", code, out)
	}
	if code, out, _ := ctl(t, at, "webhook", "list", "--json"); code != 0 || !strings.HasPrefix(out, `{"webhook":3,`) {
		t.Errorf("list: exit %d %s", code, out)
	}
	if code, _, errs := ctl(t, at, "webhook", "update", "3", "--off", "--all"); code != 0 || h.updated.GetWebhook().GetVersion() != 5 ||
		strings.Join(h.updated.GetUpdateMask().GetPaths(), " ") != "on campaign_ids types" || h.updated.GetWebhook().GetOn() {
		t.Errorf("update: exit %d %s, asked %v", code, errs, h.updated)
	}
	for _, bad := range [][]string{{"3"}, {"3", "--on", "--off"}, {"3", "--all", "--type", "attempt"}, {"x", "--on"}} {
		if code, _, errs := ctl(t, at, append([]string{"webhook", "update"}, bad...)...); code != exitUsage {
			t.Errorf("update %v: exit %d %s", bad, code, errs)
		}
	}
	if code, out, _ := ctl(t, at, "webhook", "rotate", "3"); code != 0 || !strings.Contains(out, "whsec_bmV3") {
		t.Errorf("rotate: exit %d %s", code, out)
	}
	if code, _, _ := ctl(t, at, "webhook", "delete", "3"); code != 0 || h.deleted != 3 {
		t.Errorf("delete: exit %d, asked %d", code, h.deleted)
	}
}

func TestWebhooksAreTestedAndReplayed(t *testing.T) {
	t.Parallel()
	h := &hooks{}
	at := serve(t, fakes{webhooks: h})
	if code, out, _ := ctl(t, at, "webhook", "test", "3"); code != 0 || !strings.Contains(out, "204") {
		t.Errorf("test: exit %d %s", code, out)
	}
	h.fault = "its host's name is not known"
	if code, _, errs := ctl(t, at, "webhook", "test", "3"); code == 0 || !strings.Contains(errs, h.fault) {
		t.Errorf("test: exit %d %s", code, errs)
	}
	if code, out, _ := ctl(t, at, "webhook", "deliveries", "3", "--dead"); code != 0 || !h.dead || !strings.Contains(out, "answered 503") || !strings.Contains(out, "12") {
		t.Errorf("deliveries: exit %d %s", code, out)
	}
	if code, out, _ := ctl(t, at, "webhook", "replay", "3", "--dead"); code != 0 || !h.replay.GetDead() || !strings.Contains(out, "1 delivery waits") {
		t.Errorf("replay: exit %d %s", code, out)
	}
	if code, _, errs := ctl(t, at, "webhook", "replay", "3", "--since", "2026-03-02T09:00:00Z"); code != 0 || h.replay.GetDead() || h.replay.GetSince().GetSeconds() == 0 {
		t.Errorf("replay: exit %d %s", code, errs)
	}
	for _, bad := range [][]string{{"3"}, {"3", "--dead", "--since", "2026-03-02T09:00:00Z"}} {
		if code, _, errs := ctl(t, at, append([]string{"webhook", "replay"}, bad...)...); code != exitUsage {
			t.Errorf("replay %v: exit %d %s", bad, code, errs)
		}
	}
}
