package store

import (
	"context"
	"time"

	"redial/campaign"
)

// Arrivals are what a node has to know of agents who come to it: who they are, how their sessions stand, and what they
// own and have promised before until, at one instant. However many they are, it is the same few statements. Who does
// not exist is left out.
func (s *Store) Arrivals(ctx context.Context, agents []campaign.AgentID, until time.Time) (map[campaign.AgentID]campaign.Arrival, error) {
	if len(agents) == 0 {
		return map[campaign.AgentID]campaign.Arrival{}, nil
	}
	var out map[campaign.AgentID]campaign.Arrival
	err := s.readTogether(ctx, "read who comes", func(t *tx) error {
		out = make(map[campaign.AgentID]campaign.Arrival, len(agents))
		ids := js(list(agents))
		return t.soon(t.whoComes(ids, out), t.howTheyStand(ids, out), t.ownedBy(ids, until, ownedEach, func(o campaign.Owned) {
			if a, ok := out[o.Agent]; ok {
				a.Owned = append(a.Owned, o)
				out[o.Agent] = a
			}
		}), t.promisedBy(ids, until, out))
	})
	return out, err
}

// whoComes reads the agents themselves, signed out; each of their campaigns is a row.
func (t *tx) whoComes(ids string, into map[campaign.AgentID]campaign.Arrival) statement {
	return t.agentRows(func(a *campaign.Agent, m campaign.Membership) {
		one, ok := into[a.ID]
		if !ok {
			one = campaign.Arrival{Agent: *a, Session: campaign.Session{AgentID: a.ID, State: campaign.AgentSignedOut}}
		}
		if m.CampaignID != 0 {
			one.Agent.Campaigns = append(one.Agent.Campaigns, m)
		}
		into[a.ID] = one
	}, `ag.id `+t.d.in(1), ids)
}

// howTheyStand reads the sessions of those who come.
func (t *tx) howTheyStand(ids string, into map[campaign.AgentID]campaign.Arrival) statement {
	return statement{`SELECT ` + sessionColumns + ` FROM sessions s WHERE s.agent_id ` + t.d.in(1), []any{ids}, func(r scanner) error {
		s, err := scanSession(r)
		if a, ok := into[s.AgentID]; ok {
			a.Session = s
			into[s.AgentID] = a
		}
		return err
	}}
}

// promisedBy reads what those who come have promised.
func (t *tx) promisedBy(ids string, until time.Time, into map[campaign.AgentID]campaign.Arrival) statement {
	return statement{`SELECT ` + appointmentColumns + ` FROM appointments p WHERE p.owner_id ` + t.d.in(1) + ` AND p.closed_at = 0 AND p.at < $2
		ORDER BY p.at, p.id`, []any{ids, us(until)}, func(r scanner) error {
		p, err := scanAppointment(r)
		if err != nil {
			return err
		}
		if a, ok := into[p.Owner]; ok {
			a.Promises = append(a.Promises, *p)
			into[p.Owner] = a
		}
		return nil
	}}
}

// ownedEach bounds how many leads of their own are read of agents who come: those that wait longest. The next look ahead
// finds the rest.
const ownedEach = 8
