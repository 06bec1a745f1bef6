package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"redial/campaign"
)

// Suppress forbids a number everywhere. Once it is acknowledged nothing is offered or dialled on the number (I5):
// offers not yet dialled are taken back, promises of leads left without a number are cancelled with the reason
// suppressed, and whoever claims or starts locks the same row and sees it. A call that was started goes on. A
// suppression in force is never weakened. Errors: KindInvalid.
func (s *Store) Suppress(ctx context.Context, x campaign.Suppression) (campaign.Suppressed, error) {
	if x.Phone == "" {
		return campaign.Suppressed{}, campaign.Invalid("phone", "give the number to suppress")
	}
	if !x.ExpiresAt.IsZero() && !x.ExpiresAt.After(s.Now()) {
		return campaign.Suppressed{}, campaign.Invalid("expires_at", "is past: it would suppress nothing")
	}
	x.Reason = orElse(x.Reason, campaign.ReasonDoNotCall)
	var out campaign.Suppressed
	err := s.write(ctx, "suppress a number", func(t *tx) error {
		k, err := t.load(want{phones: []campaign.Phone{x.Phone}, spread: true})
		if err != nil {
			return err
		}
		if err := k.suppressAll([]campaign.Suppression{x}); err != nil {
			return err
		}
		out = campaign.Suppressed{}
		for _, id := range inOrder(k.closed) {
			out.Revoked = append(out.Revoked, *k.assignments[id])
		}
		for _, f := range k.facts {
			if slices.Contains(phonesOf(f.Lead), x.Phone) {
				out.Leads++
			}
		}
		if err := k.flush(); err != nil {
			return err
		}
		return t.audit("suppress", "", nil, suppressionDeed(&x), x.Reason)
	})
	return out, err
}

// suppressAll suppresses numbers whose leads are all loaded.
func (k *work) suppressAll(all []campaign.Suppression) error {
	type row struct {
		Subject campaign.SubjectID `json:"subject_id"`
		Reason  string             `json:"reason"`
		Source  string             `json:"source"`
		Created int64              `json:"created_at"`
		Expires int64              `json:"expires_at"`
	}
	var rows []row
	seen := make(map[campaign.Phone]bool)
	for _, x := range all {
		if seen[x.Phone] {
			continue
		}
		seen[x.Phone] = true
		x.CreatedAt = k.afterCalls(x.Phone)
		rows = append(rows, row{k.subjects[x.Phone], x.Reason, x.Source, us(x.CreatedAt), us(x.ExpiresAt)})
		k.events = append(k.events, campaign.Event{Type: campaign.EventSuppressed,
			Data: js(map[string]any{"number": x.Phone, "reason": x.Reason, "source": x.Source, "expires_at": x.ExpiresAt})})
		for _, id := range inOrder(k.facts) {
			if err := k.suppressLead(k.facts[id], x); err != nil {
				return err
			}
		}
	}
	return setRows(k.t, `INSERT INTO suppressions AS x (subject_id, reason, source, created_at, expires_at)
		SELECT v.subject_id, v.reason, v.source, v.created_at, v.expires_at FROM `+
		k.t.d.set(1, "v", "subject_id bigint", "reason text", "source text", "created_at bigint", "expires_at bigint")+` WHERE TRUE
		ON CONFLICT (subject_id) DO UPDATE SET reason = excluded.reason, source = excluded.source, expires_at = excluded.expires_at,
			created_at = CASE WHEN x.expires_at > 0 AND x.expires_at <= $2 THEN excluded.created_at ELSE x.created_at END
		WHERE x.expires_at > 0 AND (excluded.expires_at = 0 OR excluded.expires_at > x.expires_at)`, rows, us(k.t.now))
}

// afterCalls is now, or just after the last call started on the number by a node whose clock is ahead: that call came
// first.
func (k *work) afterCalls(p campaign.Phone) time.Time {
	at := k.t.now
	for _, a := range k.assignments {
		if a.Number == p {
			at = later(at, a.StartedAt)
		}
	}
	return at
}

// suppressLead lets a lead follow the suppression of one of its numbers.
func (k *work) suppressLead(f *campaign.Facts, x campaign.Suppression) error {
	l := f.Lead
	if l.State == campaign.LeadWithdrawn || !slices.Contains(phonesOf(l), x.Phone) {
		return nil
	}
	if i := slices.IndexFunc(f.Suppressions, func(s campaign.Suppression) bool { return s.Phone == x.Phone }); i < 0 {
		f.Suppressions = append(f.Suppressions, x)
	}
	if a := k.open[l.ID]; a != nil {
		if a.State == campaign.AssignmentOffered && a.Number == x.Phone {
			return k.release(a, campaign.AssignmentRevoked, "suppressed", campaign.HappenedRevoked)
		}
		return nil
	}
	if l.State == campaign.LeadOpen {
		k.unhold(f)
	}
	return nil
}

// Lift allows a number again and plans its leads anew. KindNotFound if it is not suppressed.
func (s *Store) Lift(ctx context.Context, phone campaign.Phone, by string) error {
	return s.write(ctx, "lift a suppression", func(t *tx) error {
		k, err := t.load(want{phones: []campaign.Phone{phone}, spread: true})
		if err != nil {
			return err
		}
		n, err := t.exec(`DELETE FROM suppressions WHERE subject_id = $1`, int64(k.subjects[phone]))
		if err != nil {
			return err
		}
		if n == 0 {
			return campaign.NotFound("suppression of", phone)
		}
		k.lifted(phone, by)
		if err := k.flush(); err != nil {
			return err
		}
		return t.audit("lift_suppression", "", suppressionDeed(&campaign.Suppression{Phone: phone}), nil, "")
	})
}

// lifted plans the leads anew that a suppression kept back.
func (k *work) lifted(phone campaign.Phone, by string) {
	k.events = append(k.events, campaign.Event{Type: campaign.EventLifted, Data: js(map[string]any{"number": phone, "by": by})})
	for _, id := range inOrder(k.facts) {
		f := k.facts[id]
		f.Suppressions = slices.DeleteFunc(f.Suppressions, func(s campaign.Suppression) bool { return s.Phone == phone })
		if f.Lead.State == campaign.LeadSuppressed {
			k.decide(f)
		}
	}
}

// ExpireSuppressions ends up to limit suppressions whose time is over, as Lift would, and says how many.
func (s *Store) ExpireSuppressions(ctx context.Context, limit int) (int, error) {
	var ended int
	err := s.write(ctx, "end suppressions", func(t *tx) error {
		ended = 0
		var phones []campaign.Phone
		err := t.each(`SELECT u.key FROM suppressions x JOIN subjects u ON u.id = x.subject_id WHERE x.expires_at > 0 AND x.expires_at <= $1
			ORDER BY x.expires_at, u.id LIMIT $2`, []any{us(t.now), limit}, func(r *sql.Rows) error {
			var p campaign.Phone
			err := r.Scan(&p)
			phones = append(phones, p)
			return err
		})
		if err != nil || len(phones) == 0 {
			return err
		}
		k, err := t.load(want{phones: phones, spread: true})
		if err != nil {
			return err
		}
		for _, p := range unique(phones) {
			n, err := t.exec(`DELETE FROM suppressions WHERE subject_id = $1 AND expires_at > 0 AND expires_at <= $2`, int64(k.subjects[p]), us(t.now))
			if err != nil {
				return err
			}
			if n > 0 {
				ended++
				k.lifted(p, "expired")
			}
		}
		return k.flush()
	})
	return ended, err
}

// Suppressed are those of the numbers that are suppressed now, in order of number.
func (s *Store) Suppressed(ctx context.Context, phones []campaign.Phone) ([]campaign.Suppression, error) {
	var out []campaign.Suppression
	err := s.peek(ctx, "look up suppressions", func(t *tx) error {
		out = nil
		return t.each(`SELECT `+suppressionColumns+` FROM suppressions x JOIN subjects u ON u.id = x.subject_id
			WHERE u.kind = 'number' AND u.key `+t.d.inText(1)+` AND (x.expires_at = 0 OR x.expires_at > $2) ORDER BY u.key`,
			[]any{js(list(phones)), us(t.now)}, func(r *sql.Rows) error {
				one, err := scanSuppression(r)
				out = append(out, one)
				return err
			})
	})
	if err != nil {
		return nil, fmt.Errorf("%d numbers: %w", len(phones), err)
	}
	return out, nil
}
