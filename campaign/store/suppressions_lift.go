package store

import (
	"context"
	"database/sql"
	"slices"

	"redial/campaign"
)

// Lift allows a number again where the suppression of that key forbade it, and plans its leads anew; others of the number
// stand. KindNotFound if it is not suppressed so.
func (s *Store) Lift(ctx context.Context, key campaign.SuppressionKey, by string) error {
	return s.write(ctx, "lift a suppression", func(t *tx) error {
		k, err := t.load(want{phones: []campaign.Phone{key.Phone}, spread: true})
		if err != nil {
			return err
		}
		n, err := k.unsuppress(key, "")
		if err != nil {
			return err
		}
		if n == 0 {
			return campaign.NotFound("suppression of", key.Phone)
		}
		k.lifted(key, by)
		if err := k.flush(); err != nil {
			return err
		}
		x := campaign.Suppression{Phone: key.Phone, Campaign: key.Campaign, Country: key.Country}
		return t.audit("lift_suppression", suppressionTarget(key), suppressionDeed(&x), nil, "")
	})
}

// unsuppress takes a suppression out, if the condition holds, whose parameters begin with $4.
func (k *work) unsuppress(key campaign.SuppressionKey, and string, args ...any) (int64, error) {
	q := `DELETE FROM scoped_suppressions WHERE subject_id = $1 AND campaign_id = $2 AND country = $3` + and
	if key.Campaign == 0 && key.Country == "" {
		q = `DELETE FROM suppressions WHERE subject_id = $1 AND $2 = 0 AND $3 = ''` + and
	}
	return k.t.exec(q, append([]any{int64(k.subjects[key.Phone]), int64(key.Campaign), key.Country}, args...)...)
}

// lifted plans the leads anew that a suppression kept back.
func (k *work) lifted(key campaign.SuppressionKey, by string) {
	k.events = append(k.events, suppressionEvent(campaign.EventLifted, key, map[string]any{"by": by}))
	for _, id := range inOrder(k.facts) {
		f := k.facts[id]
		f.Suppressions = slices.DeleteFunc(f.Suppressions, func(s campaign.Suppression) bool { return s.Key() == key })
		if f.Lead.State == campaign.LeadSuppressed {
			k.decide(f)
		}
	}
}

// ExpireSuppressions ends up to limit suppressions whose time is over, as Lift would, and says how many.
func (s *Store) ExpireSuppressions(ctx context.Context, limit int) (int, error) {
	var over []campaign.SuppressionKey
	err := s.peek(ctx, "find suppressions whose time is over", func(t *tx) (err error) {
		over, err = t.overSuppressions(limit)
		return err
	})
	if err != nil {
		return 0, err
	}
	var all, ended int
	err = sweep(ctx, s, "end suppressions", over, func(t *tx, part []campaign.SuppressionKey) error {
		ended = 0
		phones := make([]campaign.Phone, len(part))
		for i := range part {
			phones[i] = part[i].Phone
		}
		k, err := t.load(want{phones: unique(phones), spread: true})
		if err != nil {
			return err
		}
		for _, key := range part {
			n, err := k.unsuppress(key, ` AND expires_at > 0 AND expires_at <= $4`, us(t.now))
			if err != nil {
				return err
			}
			if n > 0 {
				ended++
				k.lifted(key, "expired")
			}
		}
		return k.flush()
	}, func() { all += ended })
	return all, err
}

// overSuppressions are those whose time is over, of both tables, in order of key.
func (t *tx) overSuppressions(limit int) (out []campaign.SuppressionKey, err error) {
	err = t.each(`SELECT u.key, e.campaign_id, e.country FROM (
			SELECT * FROM (SELECT x.subject_id, 0 AS campaign_id, '' AS country, x.expires_at FROM suppressions x
				WHERE x.expires_at > 0 AND x.expires_at <= $1 ORDER BY x.expires_at LIMIT $2) a
			UNION ALL SELECT * FROM (SELECT y.subject_id, y.campaign_id, y.country, y.expires_at FROM scoped_suppressions y
				WHERE y.expires_at > 0 AND y.expires_at <= $1 ORDER BY y.expires_at LIMIT $2) b
		) e JOIN subjects u ON u.id = e.subject_id ORDER BY e.expires_at, u.id LIMIT $2`, []any{us(t.now), limit}, func(r *sql.Rows) error {
		var k campaign.SuppressionKey
		err := r.Scan(&k.Phone, &k.Campaign, &k.Country)
		out = append(out, k)
		return err
	})
	slices.SortFunc(out, campaign.CompareSuppressions)
	return out, err
}
