package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"redial/campaign"
)

// suppressionColumns are those of either table joined with subjects u; scoped says whether x is scoped_suppressions.
func suppressionColumns(scoped bool) string {
	if scoped {
		return `u.key, x.campaign_id, x.country, x.reason, x.source, x.created_at, x.expires_at, x.subject_id`
	}
	return `u.key, 0, '', x.reason, x.source, x.created_at, x.expires_at, x.subject_id`
}

// suppressionsOf reads both tables in one statement: those of the subjects, of u and x under the condition.
func suppressionsOf(condition string) string {
	return `SELECT ` + suppressionColumns(false) + ` FROM suppressions x JOIN subjects u ON u.id = x.subject_id WHERE ` + condition +
		` UNION ALL SELECT ` + suppressionColumns(true) + ` FROM scoped_suppressions x JOIN subjects u ON u.id = x.subject_id WHERE ` + condition
}

func scanSuppression(r scanner) (s campaign.Suppression, subject campaign.SubjectID, err error) {
	err = r.Scan(&s.Phone, &s.Campaign, &s.Country, &s.Reason, &s.Source, usTime{&s.CreatedAt}, usTime{&s.ExpiresAt}, &subject)
	s.Place()
	return s, subject, err
}

// shut are the suppressions of numbers, of every scope: which of them bind is the lead's question.
type shut map[campaign.Phone][]campaign.Suppression

// readSuppressions reads those in force of the subjects.
func (k *work) readSuppressions(of which, into shut) statement {
	n := parameter(len(of.args) + 1)
	return statement{suppressionsOf(`x.subject_id ` + of.in + ` AND (x.expires_at = 0 OR x.expires_at > ` + n + `)`), of.and(us(k.t.now)), func(r scanner) error {
		s, _, err := scanSuppression(r)
		into[s.Phone] = append(into[s.Phone], s)
		return err
	}}
}

// suppressedBy adds those that bind for the lead in its campaign.
func suppressedBy(f *campaign.Facts, all shut) {
	for _, p := range phonesOf(f.Lead) {
		for i := range all[p] {
			if s := &all[p][i]; s.InForce(f.Now) && s.Binds(f.Lead, f.Campaign, p) {
				f.Suppressions = append(f.Suppressions, *s)
			}
		}
	}
}

// Suppressed are the suppressions in force of the numbers, of every scope, in order of number.
func (s *Store) Suppressed(ctx context.Context, phones []campaign.Phone) ([]campaign.Suppression, error) {
	var out []campaign.Suppression
	err := s.peek(ctx, "look up suppressions", func(t *tx) error {
		out = nil
		return t.each(`SELECT * FROM (`+suppressionsOf(`u.kind = 'number' AND u.key `+t.d.inText(1)+` AND (x.expires_at = 0 OR x.expires_at > $2)`)+
			`) e ORDER BY 1, 3, 2`, []any{js(list(phones)), us(t.now)}, func(r *sql.Rows) error {
			one, _, err := scanSuppression(r)
			out = append(out, one)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("%d numbers: %w", len(phones), err)
	}
	return out, nil
}

// Suppressions are those in force that match, by number, then those of the whole system, of campaigns, of countries; a
// Limit of 0 is 100. Errors: KindInvalid on page_token when From is no suppression, or none that the filter's campaigns let
// its asker see.
func (s *Store) Suppressions(ctx context.Context, f campaign.SuppressionFilter) ([]campaign.Suppression, error) {
	if f.Limit <= 0 {
		f.Limit = 100
	}
	var out []campaign.Suppression
	err := s.peek(ctx, "list suppressions", func(t *tx) error {
		out = nil
		if err := t.placeOf(&f); err != nil {
			return err
		}
		q, args := t.listSuppressions(&f)
		return t.each(q, args, func(r *sql.Rows) error {
			one, subject, err := scanSuppression(r)
			one.Subject = subject
			out = append(out, one)
			return err
		})
	})
	return out, err
}

// placeOf finds the number of the suppression that a page begins after. A place that is made up tells no more than the list
// itself: it must be of a suppression that its asker is shown.
func (t *tx) placeOf(f *campaign.SuppressionFilter) error {
	at := f.From
	if at.Subject == 0 {
		return nil
	}
	table, seen := `suppressions x WHERE x.subject_id = $1`, true
	args := []any{int64(at.Subject)}
	if at.Campaign != 0 || at.Country != "" {
		table += ` AND x.campaign_id = $2 AND x.country = $3`
		table, args = "scoped_"+table, append(args, int64(at.Campaign), at.Country)
		seen = !f.Restricted || at.Campaign == 0 || slices.Contains(f.Campaigns, at.Campaign)
	}
	err := sql.ErrNoRows
	if seen {
		err = t.row(`SELECT u.key FROM subjects u WHERE u.id = $1 AND EXISTS (SELECT 1 FROM `+table+`)`, args, &f.After.Phone)
	}
	if errors.Is(err, sql.ErrNoRows) {
		return campaign.Invalid("page_token", "the last suppression of the page before is gone: begin again without a token")
	}
	f.After.Campaign, f.After.Country = at.Campaign, at.Country
	return err
}

// listSuppressions asks each table for a page and merges the two.
func (t *tx) listSuppressions(f *campaign.SuppressionFilter) (string, []any) {
	args := []any{us(t.now), string(f.After.Phone), f.After.Country, int64(f.After.Campaign), f.Source, int64(f.Limit)}
	page := func(scoped bool, campaignID, country, and string) string {
		table := "suppressions"
		if scoped {
			table = "scoped_suppressions"
		}
		return `SELECT * FROM (SELECT ` + suppressionColumns(scoped) + ` FROM subjects u JOIN ` + table + ` x ON x.subject_id = u.id
			WHERE u.kind = 'number' AND u.key >= $2 AND (u.key, ` + country + `, ` + campaignID + `) > ($2, $3, $4)
			AND (x.expires_at = 0 OR x.expires_at > $1) AND ($5 = '' OR x.source = $5)` + and + `
			ORDER BY u.key, ` + country + `, ` + campaignID + ` LIMIT $6) `
	}
	scopes, and := "", ""
	if f.Campaign != 0 || f.Scope == campaign.ScopeCampaign {
		and += ` AND x.campaign_id > 0`
	}
	if f.Country != "" || f.Scope == campaign.ScopeCountry {
		and += ` AND x.country <> ''`
	}
	if f.Campaign != 0 {
		args = append(args, int64(f.Campaign))
		and += ` AND x.campaign_id = ` + parameter(len(args))
	}
	if f.Country != "" {
		args = append(args, f.Country)
		and += ` AND x.country = ` + parameter(len(args))
	}
	if f.Restricted {
		args = append(args, js(list(f.Campaigns)))
		and += ` AND (x.campaign_id = 0 OR x.campaign_id ` + t.d.in(len(args)) + `)`
	}
	if f.Scope == "" || f.Scope != campaign.ScopeSystem {
		scopes = page(true, "x.campaign_id", "x.country", and) + "b"
	}
	if f.Campaign == 0 && f.Country == "" && (f.Scope == "" || f.Scope == campaign.ScopeSystem) {
		wide := page(false, "CAST(0 AS bigint)", "CAST('' AS text)", "") + "a"
		if scopes != "" {
			wide += " UNION ALL "
		}
		scopes = wide + scopes
	}
	return `SELECT * FROM (` + scopes + `) e ORDER BY 1, 3, 2 LIMIT $6`, args
}
