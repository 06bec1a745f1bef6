package store

import (
	"context"
	"fmt"

	"redial/campaign"
)

const agentColumns = `ag.id, ag.login, ag.name, ag.skills, ag.active, ag.version, ag.created_at`

func scanAgent(r scanner, more ...any) (*campaign.Agent, error) {
	a := new(campaign.Agent)
	err := r.Scan(append([]any{&a.ID, &a.Login, &a.Name, jsonCol{&a.Skills}, &a.Active, &a.Version, usTime{&a.CreatedAt}}, more...)...)
	return a, err
}

// agents reads the agents that a condition chooses, by login, with their campaigns, in one statement.
func (t *tx) agents(where string, args ...any) ([]campaign.Agent, error) {
	var out []campaign.Agent
	err := t.one(t.agentRows(func(a *campaign.Agent, m campaign.Membership) {
		if len(out) == 0 || out[len(out)-1].ID != a.ID {
			out = append(out, *a)
		}
		if last := &out[len(out)-1]; m.CampaignID != 0 {
			last.Campaigns = append(last.Campaigns, m)
		}
	}, where, args...))
	return out, err
}

// agentRows tells of agents by login, once for each of their campaigns, at least once.
func (t *tx) agentRows(tell func(*campaign.Agent, campaign.Membership), where string, args ...any) statement {
	q := `SELECT ` + agentColumns + `, COALESCE(m.campaign_id, 0), COALESCE(m.weight, 0) FROM agents ag
		LEFT JOIN agent_campaigns m ON m.agent_id = ag.id WHERE ` + where + ` ORDER BY ag.login, m.campaign_id`
	return statement{q, args, func(r scanner) error {
		var m campaign.Membership
		a, err := scanAgent(r, &m.CampaignID, &m.Weight)
		if err != nil {
			return err
		}
		tell(a, m)
		return nil
	}}
}

func (t *tx) agent(what any, where string, args ...any) (campaign.Agent, error) {
	all, err := t.agents(where, args...)
	if err != nil {
		return campaign.Agent{}, err
	}
	if len(all) == 0 {
		return campaign.Agent{}, campaign.NotFound("agent", what)
	}
	return all[0], nil
}

// CreateAgent adds somebody who calls, active. A membership's weight of 0 is 1. Errors: KindInvalid by field, a
// campaign that does not exist among them; KindConflict if the login is taken.
func (s *Store) CreateAgent(ctx context.Context, a campaign.Agent) (campaign.Agent, error) {
	a.Campaigns = weighted(a.Campaigns)
	if err := a.Validate(); err != nil {
		return campaign.Agent{}, fmt.Errorf("create an agent: %w", err)
	}
	err := s.write(ctx, "create an agent", func(t *tx) error {
		err := t.row(`INSERT INTO agents (login, name, skills, created_at) VALUES ($1, $2, $3, $4) RETURNING id`,
			[]any{a.Login, a.Name, js(list(a.Skills)), us(t.now)}, &a.ID)
		if err != nil {
			return taken(err, "agent with the login", a.Login)
		}
		if err := t.setMemberships(a.ID, a.Campaigns); err != nil {
			return err
		}
		a.Active = true
		return t.audit("create_agent", fmt.Sprint("agent ", a.ID), nil, agentDeed(&a), "")
	})
	if err != nil {
		return campaign.Agent{}, err
	}
	return s.Agent(ctx, a.ID)
}

func weighted(ms []campaign.Membership) []campaign.Membership {
	out := make([]campaign.Membership, len(ms))
	for i, m := range ms {
		if m.Weight == 0 {
			m.Weight = 1
		}
		out[i] = m
	}
	return out
}

func (t *tx) setMemberships(id campaign.AgentID, ms []campaign.Membership) error {
	if _, err := t.exec(`DELETE FROM agent_campaigns WHERE agent_id = $1`, id); err != nil {
		return err
	}
	for i, m := range ms {
		n, err := t.exec(`INSERT INTO agent_campaigns (agent_id, campaign_id, weight) SELECT $1, id, $3 FROM campaigns WHERE id = $2`,
			id, m.CampaignID, m.Weight)
		if err != nil {
			return err
		}
		if n == 0 {
			return campaign.Invalid(fmt.Sprintf("campaigns[%d].campaign_id", i), fmt.Sprintf("there is no campaign %d", m.CampaignID))
		}
	}
	return nil
}

// Agent is one agent with its campaigns. Errors: KindNotFound.
func (s *Store) Agent(ctx context.Context, id campaign.AgentID) (a campaign.Agent, err error) {
	err = s.peek(ctx, "read an agent", func(t *tx) error {
		a, err = t.agent(id, `ag.id = $1`, id)
		return err
	})
	return a, err
}

// AgentByLogin is the agent of that login. Errors: KindNotFound.
func (s *Store) AgentByLogin(ctx context.Context, login string) (a campaign.Agent, err error) {
	err = s.peek(ctx, "read an agent", func(t *tx) error {
		a, err = t.agent(login, `ag.login = $1`, login)
		return err
	})
	return a, err
}

// Agents are all agents, those who left too, by login.
func (s *Store) Agents(ctx context.Context) (all []campaign.Agent, err error) {
	err = s.peek(ctx, "list agents", func(t *tx) error {
		all, err = t.agents(`TRUE`)
		return err
	})
	return all, err
}

// UpdateAgent replaces an agent's name, skills, campaigns and whether it is active; the login stays. a.Version must
// be the current one. When it is made inactive its open promises and the callbacks it owns go to the agent to, or
// with 0 to nobody in particular, any fit agent; moved counts them, and each is told by an event. Its session is left
// to the floor. Errors: KindInvalid by field; KindNotFound; KindConflict with VERSION_MISMATCH.
func (s *Store) UpdateAgent(ctx context.Context, a campaign.Agent, to campaign.AgentID) (after campaign.Agent, moved int64, err error) {
	a.Campaigns = weighted(a.Campaigns)
	err = s.write(ctx, "update an agent", func(t *tx) error {
		moved = 0
		now, err := t.agent(a.ID, `ag.id = $1`, a.ID)
		if err != nil {
			return err
		}
		a.Login = now.Login
		if err := a.Validate(); err != nil {
			return err
		}
		n, err := t.exec(`UPDATE agents SET name = $3, skills = $4, active = $5, version = version + 1 WHERE id = $1 AND version = $2`,
			a.ID, a.Version, a.Name, js(list(a.Skills)), a.Active)
		if err != nil {
			return err
		}
		if n == 0 {
			return wrongVersion("agent", a.Version, now.Version)
		}
		if err := t.setMemberships(a.ID, a.Campaigns); err != nil {
			return err
		}
		if now.Active && !a.Active {
			if moved, err = t.handOver(a.ID, to); err != nil {
				return err
			}
		}
		if after, err = t.agent(a.ID, `ag.id = $1`, a.ID); err != nil {
			return err
		}
		return t.auditChange("update_agent", fmt.Sprint("agent ", a.ID), agentDeed(&now), agentDeed(&after), "")
	})
	if err != nil {
		return campaign.Agent{}, 0, err
	}
	return after, moved, nil
}

// handOver gives a leaving agent's promises and callbacks to another; 0: to any.
func (t *tx) handOver(from, to campaign.AgentID) (int64, error) {
	if to != 0 {
		heir, err := t.agent(to, `ag.id = $1`, to)
		if err != nil {
			return 0, err
		}
		if !heir.Active || to == from {
			return 0, campaign.Invalid("promises_to", fmt.Sprintf("%s cannot take them: name an active agent", heir.Login))
		}
	}
	const owned = `SELECT id FROM leads WHERE owner_id = $1 AND state = 'open' AND verdict = 'call'
		UNION SELECT lead_id FROM appointments WHERE owner_id = $1 AND closed_at = 0`
	if _, err := t.exec(`SELECT 1 FROM leads WHERE id IN (`+owned+`) ORDER BY id`+t.d.forUpdate, from); err != nil {
		return 0, err
	}
	told := fmt.Sprintf(`{"owner":%d,"was":%d,"reason":"agent_left"}`, to, from)
	n, err := t.exec(`INSERT INTO outbox (type, at, campaign_id, list_id, lead_id, agent_id, data)
		SELECT '`+string(campaign.EventLeadUpdated)+`', $2, campaign_id, list_id, id, $1, $3 FROM leads WHERE id IN (`+owned+`) ORDER BY id`,
		int64(from), us(t.now), told)
	if err != nil || n == 0 {
		return n, err
	}
	if _, err := t.exec(`UPDATE leads SET owner_id = $2, version = version + 1, updated_at = $3 WHERE id IN (`+owned+`)`,
		int64(from), int64(to), us(t.now)); err != nil {
		return 0, err
	}
	_, err = t.exec(`UPDATE appointments SET owner_id = $2 WHERE owner_id = $1 AND closed_at = 0`, int64(from), int64(to))
	return n, err
}
