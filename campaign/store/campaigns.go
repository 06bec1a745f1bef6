package store

import (
	"context"
	"database/sql"
	"fmt"

	"redial/campaign"
)

const insertCampaign = `INSERT INTO campaigns (name, state, zone, region, rules, floor, script, skills, codes, created_at, updated_at, mask_numbers, pre_call)
	VALUES ($1, 'draft', $2, $3, $4, $5, $6, $7, $8, $9, $9, $10, $11) RETURNING id`

// CreateCampaign makes a draft of c; its id, state, versions and instants are given here. Errors: KindInvalid by
// field, also a calendar that is not there; KindConflict if the name is taken.
func (s *Store) CreateCampaign(ctx context.Context, c campaign.Campaign) (campaign.Campaign, error) {
	if err := c.Validate(); err != nil {
		return campaign.Campaign{}, fmt.Errorf("create a campaign: %w", err)
	}
	var made *campaign.Campaign
	err := s.write(ctx, "create a campaign", func(t *tx) error {
		if err := t.knownCalendars(c.Rules.Calendars, "rules.calendars"); err != nil {
			return err
		}
		var id campaign.CampaignID
		args := []any{c.Name, c.Zone, c.Region, js(c.Rules), js(c.Floor), c.Script, js(list(c.Skills)), js(list(c.Codes)), us(t.now), c.MaskNumbers, js(c.PreCall)}
		if err := t.row(insertCampaign, args, &id); err != nil {
			return taken(err, "campaign", c.Name)
		}
		if err := t.keepRules(id, 1, c.Rules); err != nil {
			return err
		}
		var err error
		if made, err = t.campaign(id, ""); err != nil {
			return err
		}
		return t.audit("create_campaign", campaignTarget(id), nil, campaignDeed(made), "")
	})
	if err != nil {
		return campaign.Campaign{}, err
	}
	return *made, nil
}

// taken names what a violated unique constraint was about.
func taken(err error, what, name string) error {
	if duplicate(err) {
		return campaign.Conflict("", fmt.Sprintf("the %s %s exists already: choose another name", what, name))
	}
	return err
}

func (t *tx) keepRules(id campaign.CampaignID, version int64, rules campaign.Rules) error {
	_, err := t.exec(`INSERT INTO campaign_rules (campaign_id, version, rules, created_at) VALUES ($1, $2, $3, $4)`,
		id, version, js(rules), us(t.now))
	return err
}

// campaign reads one; lock is a clause after the SELECT.
func (t *tx) campaign(id campaign.CampaignID, lock string) (*campaign.Campaign, error) {
	row := t.QueryRowContext(t.ctx, `SELECT `+campaignColumns+` FROM campaigns c WHERE c.id = $1`+lock, id)
	c, err := scanCampaign(row)
	return c, none(err, "campaign", id)
}

// Campaign is one campaign. Errors: KindNotFound.
func (s *Store) Campaign(ctx context.Context, id campaign.CampaignID) (campaign.Campaign, error) {
	return s.oneCampaign(ctx, `c.id = $1`, id)
}

// CampaignByName is the campaign of that name. Errors: KindNotFound.
func (s *Store) CampaignByName(ctx context.Context, name string) (campaign.Campaign, error) {
	return s.oneCampaign(ctx, `c.name = $1`, name)
}

func (s *Store) oneCampaign(ctx context.Context, where string, arg any) (campaign.Campaign, error) {
	c, err := scanCampaign(s.reader.QueryRowContext(ctx, `SELECT `+campaignColumns+` FROM campaigns c WHERE `+where, arg))
	if err != nil {
		return campaign.Campaign{}, fmt.Errorf("read a campaign: %w", none(err, "campaign", arg))
	}
	return *c, nil
}

// Campaigns are those with an id above after, by id; a limit of 0 is 1000.
func (s *Store) Campaigns(ctx context.Context, after campaign.CampaignID, limit int) ([]campaign.Campaign, error) {
	if limit <= 0 {
		limit = 1000
	}
	var out []campaign.Campaign
	err := s.peek(ctx, "list campaigns", func(t *tx) error {
		out = nil
		q := `SELECT ` + campaignColumns + ` FROM campaigns c WHERE c.id > $1 ORDER BY c.id LIMIT $2`
		return t.each(q, []any{after, limit}, func(r *sql.Rows) error {
			c, err := scanCampaign(r)
			if err == nil {
				out = append(out, *c)
			}
			return err
		})
	})
	return out, err
}

// RulesAt are a campaign's rules as they were at a version. Errors: KindNotFound.
func (s *Store) RulesAt(ctx context.Context, id campaign.CampaignID, version int64) (campaign.Rules, error) {
	var r campaign.Rules
	row := s.reader.QueryRowContext(ctx, `SELECT rules FROM campaign_rules WHERE campaign_id = $1 AND version = $2`, id, version)
	if err := row.Scan(jsonCol{&r}); err != nil {
		return campaign.Rules{}, fmt.Errorf("read old rules: %w", none(err, "rules of the campaign at version", version))
	}
	return r, nil
}

// LeadCounts are a campaign's leads by state, those of lists that are still loading apart; list 0: of all its lists.
// States without leads are absent.
func (s *Store) LeadCounts(ctx context.Context, id campaign.CampaignID, in campaign.ListID) (map[campaign.LeadState]int64, error) {
	var out map[campaign.LeadState]int64
	err := s.peek(ctx, "count leads", func(t *tx) (err error) {
		out, err = t.leadCounts(id, in)
		return err
	})
	return out, err
}

func (t *tx) leadCounts(id campaign.CampaignID, in campaign.ListID) (map[campaign.LeadState]int64, error) {
	out := make(map[campaign.LeadState]int64)
	err := t.each(`SELECT l.state, count(*) FROM leads l JOIN lists k ON k.id = l.list_id
		WHERE k.campaign_id = $1 AND (CAST($2 AS BIGINT) = 0 OR k.id = $2) AND `+visibleList+` GROUP BY l.state`, []any{int64(id), int64(in)},
		func(r *sql.Rows) error {
			var state campaign.LeadState
			var n int64
			err := r.Scan(&state, &n)
			out[state] = n
			return err
		})
	return out, err
}

// CampaignCounts are a campaign's leads by state, those of lists that are still loading apart, and its open promises.
func (s *Store) CampaignCounts(ctx context.Context, id campaign.CampaignID) (leads campaign.LeadCounts, promises int64, err error) {
	err = s.read(atLength(ctx), "count a campaign's leads", func(t *tx) error {
		counts, err := t.leadCounts(id, 0)
		if err != nil {
			return err
		}
		leads = counts
		promises, err = t.openPromises(id)
		return err
	})
	return leads, promises, err
}

func (t *tx) openPromises(id campaign.CampaignID) (n int64, err error) {
	err = t.row(`SELECT count(*) FROM appointments WHERE campaign_id = $1 AND closed_at = 0`, []any{id}, &n)
	return n, err
}

const updateCampaign = `UPDATE campaigns SET name = $2, zone = $3, region = $4, rules = $5, rules_version = $6, floor = $7, script = $8,
	skills = $9, codes = $10, updated_at = $11, mask_numbers = $12, pre_call = $13, version = version + 1 WHERE id = $1`

// UpdateCampaign replaces what people give of a campaign: name, zone, region, rules, floor, script, skills, codes,
// mask_numbers, pre_call.
// c.Version must be the current one. Changed rules get a new version; leads keep their plans until they are planned
// again. Errors: KindInvalid by field; KindConflict with VERSION_MISMATCH, or if the name is taken; KindUnready when
// it has finished.
func (s *Store) UpdateCampaign(ctx context.Context, c campaign.Campaign) (campaign.Campaign, error) {
	if err := c.Validate(); err != nil {
		return campaign.Campaign{}, fmt.Errorf("update a campaign: %w", err)
	}
	var after *campaign.Campaign
	err := s.write(atLength(ctx), "update a campaign", func(t *tx) error {
		now, err := t.campaign(c.ID, t.d.forUpdate)
		if err != nil {
			return err
		}
		if now.Version != c.Version {
			return wrongVersion("campaign", c.Version, now.Version)
		}
		if now.State == campaign.CampaignFinished {
			return campaign.Unready(campaign.ReasonBadState, "the campaign has finished and does not change any more")
		}
		if err := t.knownCalendars(c.Rules.Calendars, "rules.calendars"); err != nil {
			return err
		}
		version := now.RulesVersion
		if js(now.Rules) != js(c.Rules) {
			version++
			if err := t.keepRules(c.ID, version, c.Rules); err != nil {
				return err
			}
		}
		if _, err := t.exec(updateCampaign, c.ID, c.Name, c.Zone, c.Region, js(c.Rules), version, js(c.Floor), c.Script,
			js(list(c.Skills)), js(list(c.Codes)), us(t.now), c.MaskNumbers, js(c.PreCall)); err != nil {
			return taken(err, "campaign", c.Name)
		}
		if after, err = t.campaign(c.ID, ""); err != nil {
			return err
		}
		return t.auditChange("update_campaign", campaignTarget(c.ID), campaignDeed(now), campaignDeed(after), "")
	})
	if err != nil {
		return campaign.Campaign{}, err
	}
	return *after, nil
}

// wrongVersion says that somebody else was quicker.
func wrongVersion(what string, given, now int64) error {
	return campaign.Conflict(campaign.ReasonVersion,
		fmt.Sprintf("the %s is at version %d, not %d: somebody changed it meanwhile; read it again and repeat the change", what, now, given))
}
