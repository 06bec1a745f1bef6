package store

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"slices"

	"redial/campaign"
)

const webhookColumns = `w.id, w.version, w.name, w.url, w.campaigns, w.types, w.is_on, w.owner, w.granted, w.full_numbers, w.created_at,
	w.delivered_at, w.fault, w.failures,
	(SELECT count(*) FROM deliveries d WHERE d.webhook_id = w.id AND d.next_at > 0),
	(SELECT count(*) FROM deliveries d WHERE d.webhook_id = w.id AND d.next_at = 0)`

func scanWebhook(r scanner, more ...any) (campaign.Webhook, error) {
	var w campaign.Webhook
	err := r.Scan(append([]any{&w.ID, &w.Version, &w.Name, &w.URL, listCol{&w.Campaigns}, listCol{&w.Types}, &w.On, &w.Owner, listCol{&w.Granted},
		&w.FullNumbers, usTime{&w.CreatedAt}, usTime{&w.DeliveredAt}, &w.Fault, &w.Failures, &w.Waiting, &w.Dead}, more...)...)
	return w, err
}

// webhook reads one that the caller may see, more columns after it; lock is a clause after the SELECT.
func (t *tx) webhook(id campaign.WebhookID, lock, columns string, more ...any) (campaign.Webhook, error) {
	w, err := scanWebhook(t.QueryRowContext(t.ctx, `SELECT `+webhookColumns+columns+` FROM webhooks w WHERE w.id = $1`+lock, int64(id)), more...)
	caller := campaign.CallerFrom(t.ctx)
	if err == nil && !w.SeenBy(&caller) {
		err = sql.ErrNoRows
	}
	return w, none(err, "webhook", id)
}

// lockWebhook is webhook for who will change it or its deliveries: one at a time does. The instant is taken after the wait.
func (t *tx) lockWebhook(id campaign.WebhookID, columns string, more ...any) (campaign.Webhook, error) {
	w, err := t.webhook(id, t.d.forUpdate, columns, more...)
	t.look()
	return w, err
}

// CreateWebhook makes a webhook of the caller's, which hears of what is put into the stream from now on and of no more
// than the caller sees. Errors: KindInvalid by field; KindUnready when there are too many.
func (s *Store) CreateWebhook(ctx context.Context, w campaign.Webhook, secret campaign.WebhookSecret) (made campaign.Webhook, err error) {
	caller := campaign.CallerFrom(ctx)
	w.Owner, w.Granted, w.FullNumbers = caller.Owner, caller.Campaigns, caller.May(campaign.PermitNumbers)
	if err := w.Validate(); err != nil {
		return campaign.Webhook{}, fmt.Errorf("create a webhook: %w", err)
	}
	err = s.write(ctx, "create a webhook", func(t *tx) error {
		if err := t.knownCampaigns(w.Campaigns); err != nil {
			return err
		}
		var n int
		if err := t.row(`SELECT count(*) FROM webhooks`, nil, &n); err != nil {
			return err
		}
		if n >= campaign.WebhooksMost {
			return campaign.Unready(campaign.ReasonBadState, fmt.Sprintf("there are %d webhooks, the most there may be: delete one that is not needed", n))
		}
		var id campaign.WebhookID
		if err := t.row(`INSERT INTO webhooks (name, url, secret, campaigns, granted, types, full_numbers, is_on, owner, seq, created_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, (SELECT COALESCE(max(seq), 0) FROM events), $10) RETURNING id`,
			[]any{w.Name, w.URL, secret.Reveal(), js(list(w.Campaigns)), js(list(w.Granted)), js(list(w.Types)), w.FullNumbers, w.On, w.Owner, us(t.now)}, &id); err != nil {
			return err
		}
		if made, err = t.webhook(id, "", ""); err != nil {
			return err
		}
		return t.audit("create_webhook", webhookTarget(id), nil, webhookAudit(&made), "")
	})
	return made, err
}

// knownCampaigns checks that campaigns are there and that the caller sees them. The error does not tell which it was.
func (t *tx) knownCampaigns(ids []campaign.CampaignID) error {
	if len(ids) == 0 {
		return nil
	}
	found, err := idsOf[campaign.CampaignID](t, `SELECT c.id FROM campaigns c WHERE c.id `+t.d.in(1), js(ids))
	if err != nil {
		return err
	}
	caller := campaign.CallerFrom(t.ctx)
	for i, id := range ids {
		if !slices.Contains(found, id) || !caller.Sees(id) {
			return campaign.Invalid(fmt.Sprintf("campaign_ids[%d]", i), fmt.Sprintf("no campaign %d", id))
		}
	}
	return nil
}

func webhookTarget(id campaign.WebhookID) string { return fmt.Sprint("webhook ", id) }

// webhookAudit is what the audit log has of a webhook: of its URL the host alone, for some have a password in the path.
func webhookAudit(w *campaign.Webhook) map[string]any {
	host := ""
	if u, err := url.Parse(w.URL); err == nil {
		host = u.Scheme + "://" + u.Host
	}
	return map[string]any{"name": w.Name, "host": host, "campaigns": list(w.Campaigns), "types": list(w.Types), "on": w.On, "full_numbers": w.FullNumbers}
}

// Webhook is one that the caller may see. Errors: KindNotFound.
func (s *Store) Webhook(ctx context.Context, id campaign.WebhookID) (w campaign.Webhook, err error) {
	err = s.peek(ctx, "read a webhook", func(t *tx) error {
		w, err = t.webhook(id, "", "")
		return err
	})
	return w, err
}

// Webhooks are all that the caller may see, by id.
func (s *Store) Webhooks(ctx context.Context) (all []campaign.Webhook, err error) {
	caller := campaign.CallerFrom(ctx)
	err = s.peek(ctx, "list webhooks", func(t *tx) error {
		all = nil
		return t.each(`SELECT `+webhookColumns+` FROM webhooks w ORDER BY w.id`, nil, func(r *sql.Rows) error {
			w, err := scanWebhook(r)
			if w.SeenBy(&caller) {
				all = append(all, w)
			}
			return err
		})
	})
	return all, err
}

// UpdateWebhook changes a webhook. It never hears of more than its maker saw, nor may it hear of more than the caller
// sees. One that is turned on goes on from its place in the stream; a new URL is tried at once. Errors: KindInvalid by
// field; KindNotFound; KindConflict with VERSION_MISMATCH.
func (s *Store) UpdateWebhook(ctx context.Context, c campaign.WebhookChange) (w campaign.Webhook, err error) {
	err = s.write(ctx, "update a webhook", func(t *tx) error {
		before, err := t.lockWebhook(c.ID, "")
		if err != nil {
			return err
		}
		if before.Version != c.Version {
			return wrongVersion("webhook", c.Version, before.Version)
		}
		w = before
		c.Into(&w)
		if err := w.Validate(); err != nil {
			return err
		}
		if c.Campaigns != nil {
			if err := t.knownCampaigns(w.Campaigns); err != nil {
				return err
			}
		}
		if caller := campaign.CallerFrom(ctx); !w.SeenBy(&caller) {
			return campaign.Invalid("campaign_ids", "would let the webhook hear of campaigns that you do not see: name some that you do")
		}
		if caller := campaign.CallerFrom(ctx); w.URL != before.URL && !caller.May(campaign.PermitNumbers) {
			w.FullNumbers = false // they are not sent elsewhere by who may not see them
		}
		if _, err := t.exec(`UPDATE webhooks SET name = $2, url = $3, campaigns = $4, types = $5, is_on = $6, full_numbers = $7, version = version + 1 WHERE id = $1`,
			int64(c.ID), w.Name, w.URL, js(list(w.Campaigns)), js(list(w.Types)), w.On, w.FullNumbers); err != nil {
			return err
		}
		if w.URL != before.URL || w.On && !before.On {
			if err := t.tryAtOnce(c.ID); err != nil {
				return err
			}
		}
		if w, err = t.webhook(c.ID, "", ""); err != nil {
			return err
		}
		return t.audit("update_webhook", webhookTarget(c.ID), webhookAudit(&before), webhookAudit(&w), "")
	})
	return w, err
}

// RotateWebhook gives a webhook another secret; the old one signs beside it for a while. Errors: KindNotFound.
func (s *Store) RotateWebhook(ctx context.Context, id campaign.WebhookID, secret campaign.WebhookSecret) error {
	return s.write(ctx, "change a webhook's secret", func(t *tx) error {
		if _, err := t.lockWebhook(id, ""); err != nil {
			return err
		}
		if _, err := t.exec(`UPDATE webhooks SET old_secret = secret, old_until = $2, secret = $3 WHERE id = $1`,
			int64(id), us(t.now.Add(campaign.OldSecretLasts)), secret.Reveal()); err != nil {
			return err
		}
		return t.audit("rotate_webhook_secret", webhookTarget(id), nil, nil, "")
	})
}

// DeleteWebhook ends a webhook and drops what was not delivered; one that is not there is no error.
func (s *Store) DeleteWebhook(ctx context.Context, id campaign.WebhookID) error {
	return s.write(ctx, "delete a webhook", func(t *tx) error {
		w, err := t.lockWebhook(id, "")
		if campaign.KindOf(err) == campaign.KindNotFound {
			return nil
		}
		if err != nil {
			return err
		}
		if _, err := t.exec(`DELETE FROM deliveries WHERE webhook_id = $1`, int64(id)); err != nil {
			return err
		}
		if _, err := t.exec(`DELETE FROM webhooks WHERE id = $1`, int64(id)); err != nil {
			return err
		}
		return t.audit("delete_webhook", webhookTarget(id), webhookAudit(&w), nil, "")
	})
}

// WebhookSigning is a webhook that the caller may see and what it is signed with. Errors: KindNotFound.
func (s *Store) WebhookSigning(ctx context.Context, id campaign.WebhookID) (w campaign.Webhook, sign campaign.Signing, err error) {
	err = s.peek(ctx, "read a webhook", func(t *tx) error {
		w, err = t.webhook(id, "", signingColumns, signingOf(&sign)...)
		return err
	})
	return w, sign, err
}

const signingColumns = `, w.secret, w.old_secret, w.old_until`

func signingOf(s *campaign.Signing) []any {
	return []any{(*string)(&s.Secret), (*string)(&s.Old), usTime{&s.OldUntil}}
}
