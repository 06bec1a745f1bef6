package store

import (
	"context"
	"fmt"

	"redial/campaign"
)

const (
	waitingMost   = 500 // deliveries of a webhook that wait at a time; the rest of the stream stays where it is
	handOutRounds = 10  // looks into the stream for one webhook; the next call goes on
)

// HandOut moves every webhook that is on along the stream of events: what it hears of becomes deliveries, in the same
// transaction. It answers those that it made. Two nodes may do it at once; each event is handed out once.
func (s *Store) HandOut(ctx context.Context) (made []campaign.Delivery, err error) {
	var ids []campaign.WebhookID
	err = s.peek(ctx, "find webhooks with news", func(t *tx) error {
		ids, err = idsOf[campaign.WebhookID](t, `SELECT w.id FROM webhooks w WHERE w.is_on AND w.seq < (SELECT COALESCE(max(e.seq), 0) FROM events e) ORDER BY w.id`)
		return err
	})
	for _, id := range ids {
		some, e := s.handOut(ctx, id)
		made = append(made, some...)
		if e != nil && err == nil {
			err = e
		}
	}
	return made, err
}

// handOut is HandOut for one webhook.
func (s *Store) handOut(ctx context.Context, id campaign.WebhookID) (made []campaign.Delivery, err error) {
	for range handOutRounds {
		var some []campaign.Delivery
		var more bool
		err := s.write(ctx, "hand events out to a webhook", func(t *tx) (err error) {
			some, more, err = t.handOut(id)
			return err
		})
		if err != nil {
			return made, ignoreNotFound(err) // it was deleted meanwhile
		}
		made = append(made, some...)
		if !more {
			break
		}
	}
	return made, nil
}

func ignoreNotFound(err error) error {
	if campaign.KindOf(err) == campaign.KindNotFound {
		return nil
	}
	return err
}

// handOut makes deliveries of what one look into the stream finds, and says whether there is more.
func (t *tx) handOut(id campaign.WebhookID) (made []campaign.Delivery, more bool, err error) {
	var seq int64
	w, err := t.lockWebhook(id, `, w.seq`, &seq)
	if err != nil || !w.On || w.Waiting >= waitingMost {
		return nil, false, err
	}
	var last int64
	if err := t.row(`SELECT COALESCE(max(seq), 0) FROM events`, nil, &last); err != nil || seq >= last {
		return nil, false, err
	}
	to := min(last, seq+lookRange)
	events, dropped, err := t.events(seq, &to, w.Filter())
	if err != nil {
		return nil, false, err
	}
	if len(events) == 0 { // perhaps a gap: behind a restore is one
		if err := t.row(`SELECT COALESCE(min(e.seq) - 1, $2), (SELECT x.dropped FROM stream_edge x) FROM events e WHERE e.seq > $1 AND e.seq <= $2`,
			[]any{to, last}, &to, &dropped); err != nil {
			return nil, false, err
		}
	}
	if seq < dropped {
		if err := t.lostEvents(id, seq, dropped); err != nil {
			return nil, false, err
		}
	}
	for len(events) > 0 {
		n := min(len(events), campaign.DeliveryEvents)
		d, err := t.insertDelivery(id, events[:n])
		if err != nil {
			return nil, false, err
		}
		made, events = append(made, d), events[n:]
	}
	_, err = t.exec(`UPDATE webhooks SET seq = $2 WHERE id = $1`, int64(id), to)
	return made, to < last, err
}

// lostEvents puts down that retention was quicker than the webhook.
func (t *tx) lostEvents(id campaign.WebhookID, after, dropped int64) error {
	_, err := t.exec(`UPDATE webhooks SET fault = $2 WHERE id = $1`, int64(id), lostText(after, dropped))
	return err
}

func lostText(after, dropped int64) string {
	return fmt.Sprintf("events %d to %d of the stream were dropped by retention before they were delivered: read the leads anew (FindLeads)", after+1, dropped)
}

func (t *tx) insertDelivery(id campaign.WebhookID, events []campaign.ToldEvent) (campaign.Delivery, error) {
	d := campaign.Delivery{WebhookID: id, From: events[0].Seq, To: events[len(events)-1].Seq, Events: len(events), At: events[0].At, NextAt: fromUS(us(t.now))}
	for i := range events {
		if events[i].At.Before(d.At) {
			d.At = events[i].At
		}
	}
	return d, t.addDelivery(&d)
}

func (t *tx) addDelivery(d *campaign.Delivery) error {
	return t.row(`INSERT INTO deliveries (webhook_id, from_seq, to_seq, event_count, at, next_at) VALUES ($1, $2, $3, $4, $5, $6) RETURNING id`,
		[]any{int64(d.WebhookID), d.From, d.To, d.Events, us(d.At), us(d.NextAt)}, &d.ID)
}
