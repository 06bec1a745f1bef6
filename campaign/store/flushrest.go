package store

import (
	"redial/campaign"
)

func (k *work) flushSessions() error {
	type row struct {
		Agent    campaign.AgentID      `json:"agent_id"`
		State    campaign.AgentState   `json:"state"`
		Since    int64                 `json:"since"`
		Reason   string                `json:"reason"`
		Deadline int64                 `json:"deadline"`
		Next     campaign.AgentState   `json:"next_state"`
		NextWhy  string                `json:"next_reason"`
		Node     string                `json:"node"`
		Epoch    int64                 `json:"epoch"`
		Beat     int64                 `json:"heartbeat_at"`
		Holds    campaign.AssignmentID `json:"assignment_id"`
	}
	var rows []row
	var ledger []stateRow
	for _, id := range inOrder(k.sessions) {
		m := k.sessions[id]
		if m.was == m.now {
			continue
		}
		s := m.now
		rows = append(rows, row{s.AgentID, s.State, us(s.Since), s.Reason, us(s.Deadline), s.Next, s.NextReason, s.Node, s.Epoch,
			us(s.HeartbeatAt), s.Assignment})
		ledger = append(ledger, m.steps...)
	}
	err := setRows(k.t, `UPDATE sessions AS s SET state = v.state, since = v.since, reason = v.reason, deadline = v.deadline,
		next_state = v.next_state, next_reason = v.next_reason, node = v.node, epoch = v.epoch, heartbeat_at = v.heartbeat_at,
		assignment_id = v.assignment_id FROM `+k.t.d.set(1, "v", "agent_id bigint", "state text", "since bigint", "reason text",
		"deadline bigint", "next_state text", "next_reason text", "node text", "epoch bigint", "heartbeat_at bigint", "assignment_id bigint")+
		` WHERE s.agent_id = v.agent_id`, rows)
	if err != nil {
		return err
	}
	return setRows(k.t, `INSERT INTO agent_states (agent_id, at, from_state, to_state, reason, campaign_id, assignment_id, spent_us)
		SELECT v.agent_id, v.at, v.from_state, v.to_state, v.reason, v.campaign_id, v.assignment_id, v.spent_us FROM `+
		k.t.d.set(1, "v", "agent_id bigint", "at bigint", "from_state text", "to_state text", "reason text", "campaign_id bigint",
			"assignment_id bigint", "spent_us bigint"), ledger)
}

type stateRow struct {
	Agent      campaign.AgentID      `json:"agent_id"`
	At         int64                 `json:"at"`
	From       campaign.AgentState   `json:"from_state"`
	To         campaign.AgentState   `json:"to_state"`
	Reason     string                `json:"reason"`
	Campaign   campaign.CampaignID   `json:"campaign_id"`
	Assignment campaign.AssignmentID `json:"assignment_id"`
	Spent      int64                 `json:"spent_us"`
}

func (k *work) flushPromises() error {
	type row struct {
		ID       campaign.AppointmentID    `json:"id"`
		Owner    campaign.AgentID          `json:"owner_id"`
		State    campaign.AppointmentState `json:"state"`
		Reason   string                    `json:"reason"`
		Reminded bool                      `json:"reminded"`
		Closed   int64                     `json:"closed_at"`
	}
	var rows []row
	for _, id := range inOrder(k.promises) {
		p := k.promises[id]
		rows = append(rows, row{p.ID, p.Owner, p.State, p.Reason, p.Reminded, us(p.ClosedAt)})
	}
	return setRows(k.t, `UPDATE appointments AS p SET owner_id = v.owner_id, state = v.state, reason = v.reason, reminded = v.reminded,
		closed_at = v.closed_at FROM `+k.t.d.set(1, "v", "id bigint", "owner_id bigint", "state text", "reason text", "reminded boolean",
		"closed_at bigint")+` WHERE p.id = v.id`, rows)
}

// flushBooked inserts the new promises; a lead has one open promise at most, so the lead tells which got which id.
func (k *work) flushBooked() error {
	type row struct {
		Lead     campaign.LeadID           `json:"lead_id"`
		Campaign campaign.CampaignID       `json:"campaign_id"`
		Owner    campaign.AgentID          `json:"owner_id"`
		State    campaign.AppointmentState `json:"state"` // not open: what was agreed could not stand
		Reason   string                    `json:"reason"`
		Closed   int64                     `json:"closed_at"`
		Local    string                    `json:"local"`
		Zone     string                    `json:"zone"`
		Insisted bool                      `json:"insisted"`
		At       int64                     `json:"at"`
		Grace    int64                     `json:"grace_end"`
		BookedBy campaign.AssignmentID     `json:"booked_by"`
		Replaces campaign.AppointmentID    `json:"replaces"`
		Created  int64                     `json:"created_at"`
	}
	rows := make([]row, 0, len(k.booked))
	byLead := make(map[campaign.LeadID]*campaign.Appointment, len(k.booked))
	for _, p := range k.booked {
		byLead[p.LeadID] = p
		rows = append(rows, row{p.LeadID, p.CampaignID, p.Owner, p.State, p.Reason, us(p.ClosedAt), p.Local, p.Zone, p.Insisted, us(p.At), us(p.GraceEnd), p.BookedBy, p.Replaces,
			us(p.CreatedAt)})
	}
	return setRowsBack(k.t, `INSERT INTO appointments (lead_id, campaign_id, owner_id, local, zone, insisted, at, grace_end, state, reason,
		closed_at, booked_by, replaces, created_at) SELECT v.lead_id, v.campaign_id, v.owner_id, v.local, v.zone, v.insisted, v.at, v.grace_end, v.state,
		v.reason, v.closed_at, v.booked_by, v.replaces, v.created_at FROM `+k.t.d.set(1, "v", "lead_id bigint", "campaign_id bigint", "owner_id bigint",
		"state text", "reason text", "closed_at bigint", "local text", "zone text",
		"insisted boolean", "at bigint", "grace_end bigint", "booked_by bigint", "replaces bigint", "created_at bigint")+
		` WHERE TRUE RETURNING id, lead_id`, rows, func(r scanner) error {
		var id campaign.AppointmentID
		var lead campaign.LeadID
		err := r.Scan(&id, &lead)
		byLead[lead].ID = id
		return err
	})
}

// attemptRow is an attempt with what the ledger keeps besides.
type attemptRow struct {
	*campaign.Attempt
	promise  campaign.AppointmentID
	insisted bool
	plan     campaign.Plan // what was decided after it
}

func (k *work) flushAttempts() error {
	type row struct {
		Assignment campaign.AssignmentID  `json:"assignment_id"`
		Placed     int64                  `json:"placed_at"`
		Lead       campaign.LeadID        `json:"lead_id"`
		Campaign   campaign.CampaignID    `json:"campaign_id"`
		List       campaign.ListID        `json:"list_id"`
		Agent      campaign.AgentID       `json:"agent_id"`
		Number     campaign.Phone         `json:"number"`
		Outcome    campaign.Outcome       `json:"outcome"`
		Code       string                 `json:"code"`
		NewNumber  campaign.Phone         `json:"new_number"`
		Note       string                 `json:"note"`
		Reason     string                 `json:"reason"`
		Promise    campaign.AppointmentID `json:"appointment_id"`
		Offered    int64                  `json:"offered_at"`
		Ended      int64                  `json:"ended_at"`
		Recorded   int64                  `json:"recorded_at"`
		Rules      int64                  `json:"rules_version"`
		Zones      string                 `json:"zones"`
		Calendar   string                 `json:"calendar"`
		Waived     bool                   `json:"waived"`
		Insisted   bool                   `json:"insisted"`
		Plan       string                 `json:"plan"`
	}
	rows := make([]row, 0, len(k.attempts))
	for _, a := range k.attempts {
		rows = append(rows, row{a.Assignment, us(a.PlacedAt), a.LeadID, a.CampaignID, a.ListID, a.AgentID, a.Number, a.Outcome, a.Code,
			a.NewNumber, a.Note, a.Reason, a.promise, us(a.OfferedAt), us(a.EndedAt), us(a.RecordedAt), a.RulesVersion, js(list(a.Zones)),
			lawText(a.Law), a.Waived, a.insisted, js(planOf(a.plan))})
	}
	const columns = `assignment_id, placed_at, lead_id, campaign_id, list_id, agent_id, number, outcome, code, new_number, note, reason,
		appointment_id, offered_at, ended_at, recorded_at, rules_version, zones, calendar, waived, insisted, plan`
	return setRows(k.t, `INSERT INTO attempts (`+columns+`) SELECT `+columns+` FROM `+k.t.d.set(1, "v", "assignment_id bigint",
		"placed_at bigint", "lead_id bigint", "campaign_id bigint", "list_id bigint", "agent_id bigint", "number text", "outcome text",
		"code text", "new_number text", "note text", "reason text", "appointment_id bigint", "offered_at bigint", "ended_at bigint",
		"recorded_at bigint", "rules_version bigint", "zones text", "calendar text", "waived boolean", "insisted boolean", "plan text"), rows)
}

// amendmentRow lays a correction or a late outcome over an attempt.
type amendmentRow struct {
	Assignment campaign.AssignmentID `json:"assignment_id"`
	Placed     int64                 `json:"placed_at"`
	Kind       string                `json:"kind"`
	Outcome    campaign.Outcome      `json:"outcome"`
	Code       string                `json:"code"`
	NewNumber  campaign.Phone        `json:"new_number"`
	Note       string                `json:"note"`
	Ended      int64                 `json:"ended_at"`
	By         string                `json:"by_owner"`
}

func (k *work) flushAmendments() error {
	return setRows(k.t, `INSERT INTO amendments (assignment_id, placed_at, kind, outcome, code, new_number, note, ended_at, by_owner, at)
		SELECT v.assignment_id, v.placed_at, v.kind, v.outcome, v.code, v.new_number, v.note, v.ended_at, v.by_owner, $2 FROM `+
		k.t.d.set(1, "v", "assignment_id bigint", "placed_at bigint", "kind text", "outcome text", "code text", "new_number text",
			"note text", "ended_at bigint", "by_owner text"), k.amendments, us(k.t.now))
}

// lateRow is an outcome that waits for a supervisor.
type lateRow struct {
	Assignment campaign.AssignmentID `json:"assignment_id"`
	Lead       campaign.LeadID       `json:"lead_id"`
	Campaign   campaign.CampaignID   `json:"campaign_id"`
	Agent      campaign.AgentID      `json:"agent_id"`
	Result     string                `json:"result"`
}

func (k *work) flushLate() error {
	return setRows(k.t, `INSERT INTO late_outcomes (assignment_id, lead_id, campaign_id, agent_id, result, received_at)
		SELECT v.assignment_id, v.lead_id, v.campaign_id, v.agent_id, v.result, $2 FROM `+k.t.d.set(1, "v", "assignment_id bigint",
		"lead_id bigint", "campaign_id bigint", "agent_id bigint", "result text"), k.lateRows, us(k.t.now))
}
