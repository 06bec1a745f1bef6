package store

import (
	"context"
	"sync"
	"time"

	"redial/campaign"
)

// moveRequest is a move that waits for its transaction. It may run again when the transaction does, but never once
// its caller has left: what it writes is the caller's.
type moveRequest struct {
	agent campaign.AgentID
	move  func(campaign.Session, time.Time) (campaign.Session, error)
	mu    sync.Mutex
	left  error // why the caller waits no more
}

func (r *moveRequest) deed() *deed {
	return &deed{what: "move a session", agent: r.agent, moves: true, do: func(k *work) (result[any], error) {
		got, err := k.moveOne(r)
		got.err = doing("move a session", got.err)
		return got, err
	}}
}

func (r *moveRequest) run(s campaign.Session, now time.Time) (campaign.Session, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.left != nil {
		return s, r.left
	}
	return r.move(s, now)
}

func (r *moveRequest) leave(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.left = err
}

// MoveSession runs move while the agent's session is locked and writes what it returns, with the ledger's row. An
// error of move changes nothing. A move that lets go of an assignment gives it back, or gives it up as UNKNOWN if it was dialled,
// in the same transaction. A move cannot take an assignment: claims do. Moves of several agents share a transaction: a
// move must not wait for another one. KindNotFound if there is no such agent.
func (s *Store) MoveSession(ctx context.Context, agent campaign.AgentID,
	move func(campaign.Session, time.Time) (campaign.Session, error)) (campaign.Session, error) {
	r := &moveRequest{agent: agent, move: move}
	out, err := ask[campaign.Session](ctx, s, r.deed())
	if err != nil {
		r.leave(err)
	}
	return out, err
}

// moveOne makes one move; what is refused is in the result, and a fault undoes the transaction.
func (k *work) moveOne(r *moveRequest) (result[any], error) {
	m := k.sessions[r.agent]
	if m == nil {
		return result[any]{err: campaign.NotFound("agent", r.agent)}, nil
	}
	held := k.assignments[m.now.Assignment]
	if m.now.Assignment != 0 && held == nil { // claimed between looking and locking
		return result[any]{again: true}, nil
	}
	next, err := r.run(m.now, k.t.now)
	if err != nil {
		return result[any]{err: err}, nil //nolint:nilerr // a refusal is its own caller's, not the batch's
	}
	err = k.moveBy(m, next, held)
	return result[any]{a: m.now}, err
}

// makeSessions gives agents that never signed in a session that is signed out, and locks it.
func (t *tx) makeSessions(agents []campaign.AgentID, have map[campaign.AgentID]*moving) []statement {
	var missing []campaign.AgentID
	for _, a := range agents {
		if have[a] == nil {
			missing = append(missing, a)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	made := statement{query: `INSERT INTO sessions (agent_id, state, since) SELECT g.id, 'signed_out', $2 FROM agents g WHERE g.id ` + t.d.in(1) +
		` ORDER BY g.id ON CONFLICT DO NOTHING`, args: []any{js(missing), us(t.now)}}
	return append([]statement{made}, t.lockSessions(missing, false, have)...)
}
