package store

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"

	"redial/campaign"
)

// SaveTemplate keeps how files of a kind are read for a campaign; one of that name is replaced. Errors: KindInvalid by
// field; KindNotFound the campaign; KindUnready when it has as many as it may.
func (s *Store) SaveTemplate(ctx context.Context, id campaign.CampaignID, m campaign.ImportTemplate) (campaign.ImportTemplate, error) {
	m.Options.ListName, m.Options.Priority = "", 0
	if err := m.Validate(); err != nil {
		return campaign.ImportTemplate{}, fmt.Errorf("save a template: %w", err)
	}
	err := s.write(ctx, "save a template", func(t *tx) error {
		if _, err := t.campaign(id, t.d.forUpdate); err != nil {
			return err
		}
		var others int
		if err := t.row(`SELECT count(*) FROM import_templates WHERE campaign_id = $1 AND name <> $2`, []any{id, m.Name}, &others); err != nil {
			return err
		}
		if others >= campaign.TemplatesMost {
			return campaign.Unready("", fmt.Sprintf("the campaign has %d templates, the most that are kept: delete one first", others))
		}
		m.UpdatedAt = t.now
		if _, err := t.exec(`INSERT INTO import_templates (campaign_id, name, headings, options, updated_at) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (campaign_id, name) DO UPDATE SET headings = excluded.headings, options = excluded.options, updated_at = excluded.updated_at`,
			id, m.Name, js(m.Headings), js(m.Options), us(t.now)); err != nil {
			return err
		}
		return t.audit("save_template", fmt.Sprint("campaign ", id), nil, deedFields{"name": m.Name, "options": m.Options}, "")
	})
	return m, err
}

// Templates are a campaign's, by name. Errors: KindNotFound the campaign.
func (s *Store) Templates(ctx context.Context, id campaign.CampaignID) (all []campaign.ImportTemplate, err error) {
	err = s.read(ctx, "list templates", func(t *tx) error {
		all = nil
		if _, err := t.campaign(id, ""); err != nil {
			return err
		}
		return t.each(`SELECT name, headings, options, updated_at FROM import_templates WHERE campaign_id = $1 ORDER BY name LIMIT $2`,
			[]any{id, campaign.TemplatesMost}, func(r *sql.Rows) error {
				var m campaign.ImportTemplate
				err := r.Scan(&m.Name, jsonCol{&m.Headings}, jsonCol{&m.Options}, usTime{&m.UpdatedAt})
				all = append(all, m)
				return err
			})
	})
	return all, err
}

// DeleteTemplate forgets a template. Errors: KindNotFound.
func (s *Store) DeleteTemplate(ctx context.Context, id campaign.CampaignID, name string) error {
	return s.write(ctx, "delete a template", func(t *tx) error {
		n, err := t.exec(`DELETE FROM import_templates WHERE campaign_id = $1 AND name = $2`, id, name)
		if err != nil {
			return err
		}
		if n == 0 {
			return campaign.NotFound("template", strconv.Quote(name))
		}
		return t.audit("delete_template", fmt.Sprint("campaign ", id), deedFields{"name": name}, nil, "")
	})
}
