package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"redial/campaign"
)

// Session is the agent's live state; signed out if there never was one.
func (s *Store) Session(ctx context.Context, agent campaign.AgentID) (campaign.Session, error) {
	var out campaign.Session
	err := s.peek(ctx, "read a session", func(t *tx) (err error) {
		out, err = t.session(agent)
		return err
	})
	return out, err
}

func (t *tx) session(agent campaign.AgentID) (campaign.Session, error) {
	out, err := scanSession(t.QueryRowContext(t.ctx, `SELECT `+sessionColumns+` FROM sessions s WHERE s.agent_id = $1`, int64(agent)))
	if ignoreNone(err) == nil && err != nil {
		return campaign.Session{AgentID: agent, State: campaign.AgentSignedOut}, nil //nolint:nilerr // no row is no fault: never signed in
	}
	return out, err
}

// Sessions are those at a node, or everywhere when node is empty, that are not signed out, in order of agent.
func (s *Store) Sessions(ctx context.Context, node string) ([]campaign.Session, error) {
	if node == "" {
		return s.listSessions(ctx, sessionsThere)
	}
	return s.listSessions(ctx, sessionsAt, node)
}

// What every node asks every other second is answered by the index on the node: one text for both questions would be
// answered by reading every session there ever was.
const (
	sessionsThere = ` WHERE s.state <> 'signed_out' ORDER BY s.agent_id`
	sessionsAt    = ` WHERE s.state <> 'signed_out' AND s.node = $1 ORDER BY s.agent_id`
)

// OverdueSessions are up to limit whose deadline has passed, the longest overdue first.
func (s *Store) OverdueSessions(ctx context.Context, limit int) ([]campaign.Session, error) {
	return s.listSessions(ctx, ` WHERE s.deadline > 0 AND s.deadline <= $1 ORDER BY s.deadline, s.agent_id LIMIT $2`, us(s.Now()), limit)
}

func (s *Store) listSessions(ctx context.Context, where string, args ...any) ([]campaign.Session, error) {
	var out []campaign.Session
	err := s.peek(ctx, "list sessions", func(t *tx) error {
		out = nil
		return t.each(`SELECT `+sessionColumns+` FROM sessions s`+where, args, func(r *sql.Rows) error {
			one, err := scanSession(r)
			out = append(out, one)
			return err
		})
	})
	return out, err
}

// moveBy writes a move that the floor made, and ends what it let go of.
func (k *work) moveBy(m *moving, next campaign.Session, held *campaign.Assignment) error {
	next.AgentID = m.now.AgentID
	if next.Assignment != 0 && next.Assignment != m.now.Assignment {
		return fmt.Errorf("a move gave agent %d assignment %d: only a claim can", next.AgentID, next.Assignment)
	}
	last := m.now.HeartbeatAt
	m.move(next, held)
	if held == nil || !held.State.Open() {
		return nil
	}
	if next.Assignment != 0 {
		k.renew(m, last, held)
		return nil
	}
	reason := orElse(next.Reason, string(next.State))
	if held.State == campaign.AssignmentStarted {
		return k.giveUp(held, reason)
	}
	return k.release(held, campaign.AssignmentLapsed, reason, campaign.HappenedLapsed)
}

// Heartbeat notes signs of life and renews the leases of calls being made. It answers the session of each beat's agent, in
// their order; a beat that is stale for it was not noted. Who never signed in is signed out.
func (s *Store) Heartbeat(ctx context.Context, beats []campaign.Beat) ([]campaign.Session, error) {
	if len(beats) == 0 {
		return nil, nil
	}
	return ask[[]campaign.Session](ctx, s, &deed{what: "note signs of life", beats: beats, do: func(k *work) (result[any], error) {
		return result[any]{a: k.beat(beats)}, nil
	}})
}

// beat notes signs of life and answers the sessions as they are then.
func (k *work) beat(beats []campaign.Beat) []campaign.Session {
	left := make([]campaign.Session, len(beats))
	for i, b := range beats {
		left[i] = campaign.Session{AgentID: b.Agent, State: campaign.AgentSignedOut}
		if m := k.sessions[b.Agent]; m != nil {
			left[i] = m.now
		}
		if !b.Stale(left[i]) {
			mark(&k.alive, b.Agent)
			left[i].HeartbeatAt = later(k.t.now, left[i].HeartbeatAt)
		}
	}
	return left
}

// renew moves the lease of a placed call on if the step was a sign of life of its agent, who was last heard at an instant.
func (k *work) renew(m *moving, last time.Time, a *campaign.Assignment) {
	f := k.facts[a.LeadID]
	if f == nil || a.State != campaign.AssignmentStarted || m.now.Assignment != a.ID || !m.now.HeartbeatAt.After(last) {
		return
	}
	if until := m.now.HeartbeatAt.Add(f.Campaign.Floor.Lease); until.After(a.LeaseUntil) {
		a.LeaseUntil = until
		mark(&k.closed, a.ID)
	}
}

// renew notes the signs of life and moves the leases of calls on.
func (t *tx) renew(agents []campaign.AgentID) error {
	if len(agents) == 0 {
		return nil
	}
	if _, err := t.exec(`UPDATE sessions SET heartbeat_at = $2 WHERE heartbeat_at < $2 AND agent_id `+t.d.in(1), js(agents), us(t.now)); err != nil {
		return err
	}
	type row struct {
		ID    campaign.AssignmentID `json:"id"`
		Lease int64                 `json:"lease_until"`
	}
	calls := make(map[campaign.AssignmentID]campaign.CampaignID)
	err := t.each(`SELECT id, campaign_id FROM assignments WHERE closed_at = 0 AND state = 'started' AND agent_id `+t.d.in(1),
		[]any{js(agents)}, func(r *sql.Rows) error {
			var id campaign.AssignmentID
			var c campaign.CampaignID
			err := r.Scan(&id, &c)
			calls[id] = c
			return err
		})
	if err != nil || len(calls) == 0 {
		return err
	}
	ids := make([]campaign.CampaignID, 0, len(calls))
	for _, c := range calls {
		ids = append(ids, c)
	}
	campaigns, err := t.campaigns(unique(ids))
	if err != nil {
		return err
	}
	rows := make([]row, 0, len(calls))
	for _, id := range inOrder(calls) {
		if c := campaigns[calls[id]]; c != nil {
			rows = append(rows, row{id, us(t.now.Add(c.Floor.Lease))})
		}
	}
	return setRows(t, `UPDATE assignments AS a SET lease_until = v.lease_until FROM `+t.d.set(1, "v", "id bigint", "lease_until bigint")+
		` WHERE a.id = v.id AND a.closed_at = 0 AND a.lease_until < v.lease_until`, rows)
}
