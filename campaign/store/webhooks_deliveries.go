package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"redial/campaign"
)

const deliveryColumns = `d.id, d.webhook_id, d.from_seq, d.to_seq, d.event_count, d.at, d.tries, d.next_at, d.held_until, d.fault`

func scanDelivery(r scanner) (campaign.Delivery, error) {
	var d campaign.Delivery
	err := r.Scan(&d.ID, &d.WebhookID, &d.From, &d.To, &d.Events, usTime{&d.At}, &d.Tries, usTime{&d.NextAt}, usTime{&d.HeldUntil}, &d.Fault)
	return d, err
}

// Deliveries are a webhook's that wait, or the dead ones, with an id above after, by id. Errors: KindNotFound.
func (s *Store) Deliveries(ctx context.Context, of campaign.WebhookID, dead bool, after campaign.DeliveryID, limit int) (out []campaign.Delivery, err error) {
	which := `d.next_at > 0`
	if dead {
		which = `d.next_at = 0`
	}
	err = s.read(ctx, "list deliveries", func(t *tx) error {
		out = nil
		if _, err := t.webhook(of, "", ""); err != nil {
			return err
		}
		return t.each(`SELECT `+deliveryColumns+` FROM deliveries d WHERE d.webhook_id = $1 AND d.id > $2 AND `+which+` ORDER BY d.id LIMIT $3`,
			[]any{int64(of), int64(after), limit}, func(r *sql.Rows) error {
				d, err := scanDelivery(r)
				out = append(out, d)
				return err
			})
	})
	return out, err
}

const dueDelivery = `d.next_at > 0 AND d.next_at <= $1 AND d.held_until <= $1`

// DueDeliveries are those that are due and that nobody is sending, of each webhook the oldest few, in all up to limit.
func (s *Store) DueDeliveries(ctx context.Context, limit int) (out []campaign.Delivery, err error) {
	err = s.peek(ctx, "find due deliveries", func(t *tx) error {
		out = nil
		return t.each(`SELECT `+deliveryColumns+` FROM (SELECT d.*, row_number() OVER (PARTITION BY d.webhook_id ORDER BY d.id) AS place
			FROM deliveries d JOIN webhooks w ON w.id = d.webhook_id WHERE w.is_on AND `+dueDelivery+`) AS d WHERE d.place <= 4 ORDER BY d.place, d.id LIMIT $2`,
			[]any{us(t.now), limit}, func(r *sql.Rows) error {
				d, err := scanDelivery(r)
				out = append(out, d)
				return err
			})
	})
	return out, err
}

// TakeDelivery takes a delivery to send it: nobody else does until hold is over. nil: it is not due, somebody sends it, or
// enough of its webhook's are being sent. Errors: KindNotFound when it was delivered.
func (s *Store) TakeDelivery(ctx context.Context, id campaign.DeliveryID, hold time.Duration) (*campaign.Sending, error) {
	var of campaign.WebhookID
	err := s.peek(ctx, "find a delivery", func(t *tx) error {
		return none(t.row(`SELECT d.webhook_id FROM deliveries d WHERE d.id = $1`, []any{int64(id)}, &of), "delivery", id)
	})
	if err != nil {
		return nil, err
	}
	return s.take(ctx, of, id, hold)
}

// NextDelivery takes the oldest of a webhook's that is due, as TakeDelivery does.
func (s *Store) NextDelivery(ctx context.Context, of campaign.WebhookID, hold time.Duration) (*campaign.Sending, error) {
	return s.take(ctx, of, 0, hold)
}

func (s *Store) take(ctx context.Context, of campaign.WebhookID, id campaign.DeliveryID, hold time.Duration) (out *campaign.Sending, err error) {
	err = s.write(ctx, "take a delivery", func(t *tx) error {
		out = nil
		var g campaign.Sending
		if g.Webhook, err = t.lockWebhook(of, signingColumns, signingOf(&g.Signing)...); err != nil || !g.Webhook.On {
			return err
		}
		now := us(t.now)
		var held int
		if err := t.row(`SELECT count(*) FROM deliveries d WHERE d.webhook_id = $1 AND d.held_until > $2`, []any{int64(of), now}, &held); err != nil {
			return err
		}
		if held >= campaign.DeliveriesAtOnce(g.Webhook.Failures) {
			return nil
		}
		g.Delivery, err = scanDelivery(t.QueryRowContext(t.ctx, `SELECT `+deliveryColumns+` FROM deliveries d WHERE d.webhook_id = $2 AND `+dueDelivery+`
			AND (CAST($3 AS BIGINT) = 0 OR d.id = $3) ORDER BY d.id LIMIT 1`, now, int64(of), int64(id)))
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		g.Delivery.HeldUntil = fromUS(us(t.now.Add(hold)))
		if _, err := t.exec(`UPDATE deliveries SET held_until = $2 WHERE id = $1`, int64(g.Delivery.ID), us(g.Delivery.HeldUntil)); err != nil {
			return err
		}
		out = &g
		return nil
	})
	return out, ignoreNotFound(err)
}

// DeliveryDone puts down that a delivery was taken by its receiver, or that there is nothing left of it to send. rest is
// the place in the stream from which on it was not sent, which becomes a delivery of its own; 0: it was sent whole. After
// failures all that waits is tried at once. fault is what was wrong all the same; empty: nothing.
func (s *Store) DeliveryDone(ctx context.Context, d *campaign.Delivery, rest int64, fault string) error {
	return s.write(ctx, "put a delivery down", func(t *tx) error {
		w, err := t.lockWebhook(d.WebhookID, "")
		if err != nil {
			return ignoreNotFound(err)
		}
		if n, err := t.exec(`DELETE FROM deliveries WHERE id = $1`, int64(d.ID)); err != nil || n == 0 {
			return err // another node delivered it, too
		}
		if rest > 0 {
			more := campaign.Delivery{WebhookID: d.WebhookID, From: rest, To: d.To, Events: max(1, d.Events-campaign.DeliveryEvents), At: d.At, NextAt: t.now}
			if err := t.addDelivery(&more); err != nil {
				return err
			}
		}
		if w.Failures > 0 {
			if err := t.tryAtOnce(w.ID); err != nil {
				return err
			}
		}
		_, err = t.exec(`UPDATE webhooks SET delivered_at = $2, fault = $3 WHERE id = $1`, int64(w.ID), us(t.now), fault)
		return err
	})
}

// tryAtOnce lets all that waits be tried now, as of a webhook that never failed.
func (t *tx) tryAtOnce(id campaign.WebhookID) error {
	if _, err := t.exec(`UPDATE deliveries SET next_at = $2 WHERE webhook_id = $1 AND next_at > $2`, int64(id), us(t.now)); err != nil {
		return err
	}
	_, err := t.exec(`UPDATE webhooks SET failures = 0 WHERE id = $1`, int64(id))
	return err
}

// DeliveryFailed puts down that a delivery failed and is to be tried again after wait; 0: it is dead. gone: the receiver
// said that it is no more, and the webhook is turned off. It answers the delivery as it is now; one that was taken by
// another node meanwhile is left to that one.
func (s *Store) DeliveryFailed(ctx context.Context, d *campaign.Delivery, fault string, wait time.Duration, gone bool) (after campaign.Delivery, err error) {
	err = s.write(ctx, "put a failed delivery down", func(t *tx) error {
		after = *d
		w, err := t.lockWebhook(d.WebhookID, "")
		if err != nil {
			return ignoreNotFound(err)
		}
		after.Tries, after.Fault, after.HeldUntil, after.NextAt = d.Tries+1, fault, time.Time{}, time.Time{}
		if wait > 0 {
			after.NextAt = fromUS(us(t.now.Add(wait)))
		}
		n, err := t.exec(`UPDATE deliveries SET tries = $3, next_at = $4, held_until = 0, fault = $5 WHERE id = $1 AND held_until = $2`,
			int64(d.ID), us(d.HeldUntil), after.Tries, us(after.NextAt), fault)
		if err != nil || n == 0 {
			return err
		}
		if _, err := t.exec(`UPDATE webhooks SET fault = $2, failures = failures + 1 WHERE id = $1`, int64(w.ID), fault); err != nil || !gone || !w.On {
			return err
		}
		if _, err := t.exec(`UPDATE webhooks SET is_on = FALSE, version = version + 1 WHERE id = $1`, int64(w.ID)); err != nil {
			return err
		}
		off := w
		off.On = false
		return t.audit("turn_webhook_off", webhookTarget(w.ID), webhookAudit(&w), webhookAudit(&off), fault)
	})
	return after, err
}

// ReplayDead has the dead deliveries of a webhook tried anew, from the first try. Errors: KindNotFound.
func (s *Store) ReplayDead(ctx context.Context, of campaign.WebhookID) error {
	return s.write(ctx, "replay dead deliveries", func(t *tx) error {
		if _, err := t.lockWebhook(of, ""); err != nil {
			return err
		}
		n, err := t.exec(`UPDATE deliveries SET next_at = $2, tries = 0 WHERE webhook_id = $1 AND next_at = 0`, int64(of), us(t.now))
		if err != nil || n == 0 {
			return err
		}
		return t.audit("replay_deliveries", webhookTarget(of), nil, map[string]any{"dead": n}, "")
	})
}

// ReplaySince moves a webhook back along the stream to the first event since an instant, as far as events are kept; what
// waits or is dead from there on is handed out anew with the rest. Errors: KindNotFound.
func (s *Store) ReplaySince(ctx context.Context, of campaign.WebhookID, since time.Time) error {
	err := s.write(ctx, "replay events", func(t *tx) error {
		var seq int64
		if _, err := t.lockWebhook(of, `, w.seq`, &seq); err != nil {
			return err
		}
		var first int64
		if err := t.row(`SELECT seq FROM events WHERE at >= $1 ORDER BY seq LIMIT 1`, []any{us(since)}, &first); err != nil {
			return ignoreNone(err)
		}
		if _, err := t.exec(`DELETE FROM deliveries WHERE webhook_id = $1 AND from_seq >= $2`, int64(of), first); err != nil {
			return err
		}
		if _, err := t.exec(`UPDATE webhooks SET seq = $2 WHERE id = $1 AND seq >= $2`, int64(of), first-1); err != nil {
			return err
		}
		return t.audit("replay_deliveries", webhookTarget(of), nil, map[string]any{"since": since.UTC()}, "")
	})
	if err != nil {
		return err
	}
	_, err = s.handOut(ctx, of)
	return err
}

// dropDeadDeliveries removes dead deliveries whose events retention has dropped: there is nothing left to replay.
func (s *Store) dropDeadDeliveries(ctx context.Context) error {
	return s.write(atLength(ctx), "remove dead deliveries", func(t *tx) error {
		_, err := t.exec(`DELETE FROM deliveries WHERE next_at = 0 AND to_seq <= (SELECT dropped FROM stream_edge)`)
		return err
	})
}

// DeliveryCounts are the deliveries of all webhooks that wait, and the dead ones.
func (s *Store) DeliveryCounts(ctx context.Context) (waiting, dead int64, err error) {
	err = s.peek(ctx, "count deliveries", func(t *tx) error {
		return t.row(`SELECT COALESCE(sum(CASE WHEN next_at > 0 THEN 1 ELSE 0 END), 0), COALESCE(sum(CASE WHEN next_at = 0 THEN 1 ELSE 0 END), 0) FROM deliveries`,
			nil, &waiting, &dead)
	})
	return waiting, dead, err
}
