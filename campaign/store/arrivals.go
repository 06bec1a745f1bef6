package store

import (
	"context"
	"database/sql"
	"time"

	"redial/campaign"
)

// Arrivals are what a node has to know of agents who come to it: who they are, how their sessions stand, and what they
// own and have promised before until, at one instant. However many they are, it is the same few statements. Who does
// not exist is left out.
func (s *Store) Arrivals(ctx context.Context, agents []campaign.AgentID, until time.Time) (map[campaign.AgentID]campaign.Arrival, error) {
	var out map[campaign.AgentID]campaign.Arrival
	err := s.read(ctx, "read who comes", func(t *tx) error {
		out = make(map[campaign.AgentID]campaign.Arrival, len(agents))
		all, err := t.agents(`ag.id `+t.d.in(1), js(list(agents)))
		for _, a := range all {
			out[a.ID] = campaign.Arrival{Agent: a, Session: campaign.Session{AgentID: a.ID, State: campaign.AgentSignedOut}}
		}
		if err != nil || len(all) == 0 {
			return err
		}
		return t.arriving(out, js(inOrder(out)), until)
	})
	return out, err
}

// arriving adds sessions, and what agents own; ids are theirs.
func (t *tx) arriving(to map[campaign.AgentID]campaign.Arrival, ids string, until time.Time) error {
	err := t.each(`SELECT `+sessionColumns+` FROM sessions s WHERE s.agent_id `+t.d.in(1), []any{ids}, func(r *sql.Rows) error {
		s, err := scanSession(r)
		a := to[s.AgentID]
		a.Session = s
		to[s.AgentID] = a
		return err
	})
	if err != nil {
		return err
	}
	err = t.owned(ids, until, ownedMost, func(o campaign.Owned) {
		a := to[o.Agent]
		a.Owned = append(a.Owned, o)
		to[o.Agent] = a
	})
	if err != nil {
		return err
	}
	return t.each(`SELECT `+appointmentColumns+` FROM appointments p WHERE p.owner_id `+t.d.in(1)+` AND p.closed_at = 0 AND p.at < $2
		ORDER BY p.at, p.id`, []any{ids, us(until)}, func(r *sql.Rows) error {
		p, err := scanAppointment(r)
		a := to[p.Owner]
		a.Promises = append(a.Promises, *p)
		to[p.Owner] = a
		return err
	})
}

// ownedMost bounds how many leads of their own are read of agents who come together: those that wait longest. The next look ahead
// finds the rest.
const ownedMost = 5000
