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
	return s.listSessions(ctx, ` WHERE s.state <> 'signed_out' AND ($1 = '' OR s.node = $1) ORDER BY s.agent_id`, node)
}

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

// MoveSession runs move while the agent's session is locked and writes what it returns, with the ledger's row. An
// error of move changes nothing. A move that lets go of an assignment gives it back, or gives it up as UNKNOWN if it was dialled,
// in the same transaction. A move cannot take an assignment: claims do. KindNotFound if there is no such agent.
func (s *Store) MoveSession(ctx context.Context, agent campaign.AgentID,
	move func(campaign.Session, time.Time) (campaign.Session, error)) (campaign.Session, error) {
	var out campaign.Session
	err := s.write(ctx, "move a session", func(t *tx) error {
		if err := t.makeSession(agent); err != nil {
			return err
		}
		k, err := t.load(want{agents: []campaign.AgentID{agent}, follow: true})
		if err != nil {
			return err
		}
		m := k.sessions[agent]
		if m == nil {
			return campaign.NotFound("agent", agent)
		}
		held := k.assignments[m.was.Assignment]
		if m.was.Assignment != 0 && held == nil {
			return errLost // claimed between looking and locking
		}
		next, err := move(m.was, t.now)
		if err != nil {
			return err
		}
		if err := k.moveBy(m, next, held); err != nil {
			return err
		}
		out = m.now
		return k.flush()
	})
	return out, err
}

// makeSession gives an agent that never signed in a session that is signed out.
func (t *tx) makeSession(agent campaign.AgentID) error {
	_, err := t.exec(`INSERT INTO sessions (agent_id, state, since) SELECT g.id, 'signed_out', $2 FROM agents g WHERE g.id = $1
		AND NOT EXISTS (SELECT 1 FROM sessions x WHERE x.agent_id = $1) ON CONFLICT DO NOTHING`, int64(agent), us(t.now))
	return err
}

// moveBy writes a move that the floor made, and ends what it let go of.
func (k *work) moveBy(m *moving, next campaign.Session, held *campaign.Assignment) error {
	next.AgentID = m.was.AgentID
	if next.Assignment != 0 && next.Assignment != m.was.Assignment {
		return fmt.Errorf("a move gave agent %d assignment %d: only a claim can", next.AgentID, next.Assignment)
	}
	m.move(next, held)
	if held == nil || next.Assignment != 0 || !held.State.Open() {
		return nil
	}
	reason := orElse(next.Reason, string(next.State))
	if held.State == campaign.AssignmentStarted {
		return k.giveUp(held, reason)
	}
	return k.release(held, campaign.AssignmentLapsed, reason, campaign.HappenedLapsed)
}

type beating struct {
	seq   int64
	beats []campaign.Beat
}

func (b beating) key() int64 { return b.seq }

type beaten []campaign.AgentID

// Heartbeat notes signs of life and renews the leases of calls being made. It returns the agents whose session has
// another epoch, or is signed out: their desktops are stale.
func (s *Store) Heartbeat(ctx context.Context, beats []campaign.Beat) ([]campaign.AgentID, error) {
	if len(beats) == 0 {
		return nil, nil
	}
	return s.groups.beats.do(ctx, beating{s.beatSeq.Add(1), beats})
}

func (s *Store) beatAll(ctx context.Context, asked []beating) ([]result[beaten], error) {
	var out []result[beaten]
	err := s.write(ctx, "note signs of life", func(t *tx) error {
		out = make([]result[beaten], len(asked))
		epochs := make(map[campaign.AgentID]int64)
		for _, b := range asked {
			for _, beat := range b.beats {
				epochs[beat.Agent] = max(epochs[beat.Agent], beat.Epoch)
			}
		}
		sessions, err := t.lockSessions(inOrder(epochs))
		if err != nil {
			return err
		}
		t.look()
		alive := make(map[campaign.AgentID]bool, len(epochs))
		for i, b := range asked {
			for _, beat := range b.beats {
				m := sessions[beat.Agent]
				if m == nil || m.was.State == campaign.AgentSignedOut || (beat.Epoch != 0 && beat.Epoch != m.was.Epoch) {
					out[i].a = append(out[i].a, beat.Agent)
					continue
				}
				alive[beat.Agent] = true
			}
		}
		return t.renew(inOrder(alive))
	})
	return out, err
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
