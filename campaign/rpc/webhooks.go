package rpc

import (
	"context"
	"time"

	"redial/campaign"
	"redial/campaign/wire"
	pb "redial/proto/campaign/v1"
)

// Webhooks keeps webhooks. Of those that the caller in the context may not see it knows nothing.
type Webhooks interface {
	// CreateWebhook makes one of the caller's. Errors name the field.
	CreateWebhook(ctx context.Context, w campaign.Webhook, secret campaign.WebhookSecret) (campaign.Webhook, error)
	Webhook(ctx context.Context, id campaign.WebhookID) (campaign.Webhook, error)
	Webhooks(ctx context.Context) ([]campaign.Webhook, error)
	UpdateWebhook(ctx context.Context, c campaign.WebhookChange) (campaign.Webhook, error)
	RotateWebhook(ctx context.Context, id campaign.WebhookID, secret campaign.WebhookSecret) error
	DeleteWebhook(ctx context.Context, id campaign.WebhookID) error
	// Deliveries are a webhook's that wait, or the dead ones, with an id above after, by id.
	Deliveries(ctx context.Context, of campaign.WebhookID, dead bool, after campaign.DeliveryID, limit int) ([]campaign.Delivery, error)
	ReplayDead(ctx context.Context, of campaign.WebhookID) error
	ReplaySince(ctx context.Context, of campaign.WebhookID, since time.Time) error
	// Now is the clock that counts.
	Now() time.Time
}

// Posts sends to webhooks.
type Posts interface {
	// CheckURL says what is wrong with where a webhook is to lead, in words that follow the field's name.
	CheckURL(url string) error
	// Test posts to a webhook without events: the status that came back, 0 for none, and what was wrong.
	Test(ctx context.Context, id campaign.WebhookID) (status int, fault string, err error)
	// Told says that there may be deliveries to send. It returns at once.
	Told()
}

// WebhookServer serves WebhookService.
type WebhookServer struct {
	pb.UnimplementedWebhookServiceServer
	webhooks Webhooks
	posts    Posts
}

// NewWebhooks makes the service.
func NewWebhooks(w Webhooks, p Posts) *WebhookServer { return &WebhookServer{webhooks: w, posts: p} }

func webhookID(field string, id int64) (campaign.WebhookID, error) {
	if id <= 0 {
		return 0, campaign.Invalid(field, "names no webhook: give the id that ListWebhooks shows")
	}
	return campaign.WebhookID(id), nil
}

func (s *WebhookServer) checkURL(url string) error {
	if url == "" || len(url) > campaign.WebhookURLMost {
		return nil // Validate tells
	}
	if err := s.posts.CheckURL(url); err != nil {
		return campaign.Invalid("webhook.url", err.Error())
	}
	return nil
}

// CreateWebhook makes a webhook and tells its secret this once.
func (s *WebhookServer) CreateWebhook(ctx context.Context, r *pb.CreateWebhookRequest) (*pb.CreateWebhookResponse, error) {
	if r.GetWebhook() == nil {
		return nil, campaign.Invalid("webhook", "is missing: give its name and url")
	}
	w, err := wire.FromWebhook(r.GetWebhook())
	if err == nil {
		err = w.Validate()
	}
	if err != nil {
		return nil, campaign.Under("webhook", err)
	}
	if err := s.checkURL(w.URL); err != nil {
		return nil, err
	}
	secret := campaign.NewWebhookSecret()
	made, err := s.webhooks.CreateWebhook(ctx, w, secret)
	if err != nil {
		return nil, campaign.Under("webhook", err)
	}
	return &pb.CreateWebhookResponse{Webhook: wire.Webhook(&made), Secret: secret.Reveal()}, nil
}

// GetWebhook is one.
func (s *WebhookServer) GetWebhook(ctx context.Context, r *pb.GetWebhookRequest) (*pb.GetWebhookResponse, error) {
	id, err := webhookID("id", r.GetId())
	if err != nil {
		return nil, err
	}
	w, err := s.webhooks.Webhook(ctx, id)
	if err != nil {
		return nil, err
	}
	return &pb.GetWebhookResponse{Webhook: wire.Webhook(&w)}, nil
}

// ListWebhooks is all that the caller may see.
func (s *WebhookServer) ListWebhooks(ctx context.Context, _ *pb.ListWebhooksRequest) (*pb.ListWebhooksResponse, error) {
	all, err := s.webhooks.Webhooks(ctx)
	if err != nil {
		return nil, err
	}
	out := &pb.ListWebhooksResponse{}
	for i := range all {
		out.Webhooks = append(out.Webhooks, wire.Webhook(&all[i]))
	}
	return out, nil
}

// UpdateWebhook changes the fields that the mask names.
func (s *WebhookServer) UpdateWebhook(ctx context.Context, r *pb.UpdateWebhookRequest) (*pb.UpdateWebhookResponse, error) {
	take, err := masked(r.GetUpdateMask(), "name", "url", "campaign_ids", "types", "on")
	if err != nil {
		return nil, err
	}
	id, err := webhookID("webhook.id", r.GetWebhook().GetId())
	if err != nil {
		return nil, err
	}
	w, err := wire.FromWebhook(r.GetWebhook())
	if err != nil {
		return nil, campaign.Under("webhook", err)
	}
	c := campaign.WebhookChange{ID: id, Version: w.Version}
	if take["url"] {
		if err := s.checkURL(w.URL); err != nil {
			return nil, err
		}
		c.URL = &w.URL
	}
	if take["name"] {
		c.Name = &w.Name
	}
	if take["campaign_ids"] {
		c.Campaigns = &w.Campaigns
	}
	if take["types"] {
		c.Types = &w.Types
	}
	if take["on"] {
		c.On = &w.On
	}
	after, err := s.webhooks.UpdateWebhook(ctx, c)
	if err != nil {
		return nil, campaign.Under("webhook", err)
	}
	s.posts.Told()
	return &pb.UpdateWebhookResponse{Webhook: wire.Webhook(&after)}, nil
}

// RotateWebhookSecret makes another secret and tells it this once.
func (s *WebhookServer) RotateWebhookSecret(ctx context.Context, r *pb.RotateWebhookSecretRequest) (*pb.RotateWebhookSecretResponse, error) {
	id, err := webhookID("id", r.GetId())
	if err != nil {
		return nil, err
	}
	secret := campaign.NewWebhookSecret()
	if err := s.webhooks.RotateWebhook(ctx, id, secret); err != nil {
		return nil, err
	}
	return &pb.RotateWebhookSecretResponse{Secret: secret.Reveal()}, nil
}

// DeleteWebhook ends one; again it changes nothing.
func (s *WebhookServer) DeleteWebhook(ctx context.Context, r *pb.DeleteWebhookRequest) (*pb.DeleteWebhookResponse, error) {
	id, err := webhookID("id", r.GetId())
	if err != nil {
		return nil, err
	}
	if err := s.webhooks.DeleteWebhook(ctx, id); err != nil {
		return nil, err
	}
	return &pb.DeleteWebhookResponse{}, nil
}

// TestWebhook posts without events.
func (s *WebhookServer) TestWebhook(ctx context.Context, r *pb.TestWebhookRequest) (*pb.TestWebhookResponse, error) {
	id, err := webhookID("id", r.GetId())
	if err != nil {
		return nil, err
	}
	status, fault, err := s.posts.Test(ctx, id)
	if err != nil {
		return nil, err
	}
	return &pb.TestWebhookResponse{Delivered: fault == "", Status: int32(status), Fault: fault}, nil
}

// ListDeliveries is a page of what waits, or is dead.
func (s *WebhookServer) ListDeliveries(ctx context.Context, r *pb.ListDeliveriesRequest) (*pb.ListDeliveriesResponse, error) {
	id, err := webhookID("webhook_id", r.GetWebhookId())
	if err != nil {
		return nil, err
	}
	type query struct {
		Webhook campaign.WebhookID
		Dead    bool
	}
	q := query{id, r.GetDead()}
	size, err := wire.PageSize(r.GetPageSize())
	if err != nil {
		return nil, err
	}
	var after campaign.DeliveryID
	if err := wire.FromPageToken(r.GetPageToken(), q, &after); err != nil {
		return nil, err
	}
	rows, err := s.webhooks.Deliveries(ctx, id, q.Dead, after, size+1)
	if err != nil {
		return nil, err
	}
	rows, next := wire.Cut(rows, size, q, func(d *campaign.Delivery) any { return d.ID })
	out := &pb.ListDeliveriesResponse{NextPageToken: next}
	for i := range rows {
		out.Deliveries = append(out.Deliveries, wire.Delivery(&rows[i]))
	}
	return out, nil
}

// ReplayDeliveries sends again.
func (s *WebhookServer) ReplayDeliveries(ctx context.Context, r *pb.ReplayDeliveriesRequest) (*pb.ReplayDeliveriesResponse, error) {
	id, err := webhookID("webhook_id", r.GetWebhookId())
	if err != nil {
		return nil, err
	}
	since, err := wire.FromTime("since", r.GetSince())
	switch {
	case err != nil:
		return nil, err
	case r.GetDead() == !since.IsZero():
		return nil, campaign.Invalid("dead", "and since: give one of them, what is to be sent again")
	case since.After(s.webhooks.Now()):
		return nil, campaign.Invalid("since", "is after now: there is nothing to send again")
	case r.GetDead():
		err = s.webhooks.ReplayDead(ctx, id)
	default:
		err = s.webhooks.ReplaySince(ctx, id, since)
	}
	if err != nil {
		return nil, err
	}
	w, err := s.webhooks.Webhook(ctx, id)
	if err != nil {
		return nil, err
	}
	s.posts.Told()
	return &pb.ReplayDeliveriesResponse{Deliveries: w.Waiting}, nil
}
