package wire

import (
	"fmt"

	"redial/campaign"
	pb "redial/proto/campaign/v1"
)

// Webhook is a webhook as a message.
func Webhook(w *campaign.Webhook) *pb.Webhook {
	m := &pb.Webhook{
		Id: int64(w.ID), Version: w.Version, Name: w.Name, Url: w.URL, On: w.On, Owner: w.Owner, CreatedAt: Time(w.CreatedAt),
		Waiting: w.Waiting, Dead: w.Dead, DeliveredAt: Time(w.DeliveredAt), Fault: w.Fault,
	}
	for _, id := range w.Campaigns {
		m.CampaignIds = append(m.CampaignIds, int64(id))
	}
	for _, t := range w.Types {
		m.Types = append(m.Types, EventType(t))
	}
	return m
}

// FromWebhook is what people give of a webhook. Errors name the field.
func FromWebhook(m *pb.Webhook) (campaign.Webhook, error) {
	w := campaign.Webhook{ID: campaign.WebhookID(m.GetId()), Version: m.GetVersion(), Name: m.GetName(), URL: m.GetUrl(), On: m.GetOn()}
	seen := make(map[int64]bool)
	for i, id := range m.GetCampaignIds() {
		if id <= 0 || seen[id] {
			return w, campaign.Invalid(fmt.Sprintf("campaign_ids[%d]", i), "must be the id of a campaign, each once")
		}
		seen[id] = true
		w.Campaigns = append(w.Campaigns, campaign.CampaignID(id))
	}
	told := make(map[pb.EventType]bool)
	for i, n := range m.GetTypes() {
		t := FromEventType(n)
		if t == "" || told[n] {
			return w, campaign.Invalid(fmt.Sprintf("types[%d]", i), "must be a type of event that this server knows, each once")
		}
		told[n] = true
		w.Types = append(w.Types, t)
	}
	return w, nil
}

// Delivery is a delivery as a message.
func Delivery(d *campaign.Delivery) *pb.Delivery {
	return &pb.Delivery{Id: int64(d.ID), Events: int32(d.Events), At: Time(d.At), Tries: int32(d.Tries), NextAt: Time(d.NextAt), Fault: d.Fault}
}
