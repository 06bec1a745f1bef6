package store

import (
	"slices"

	"redial/campaign"
)

// changes are what a transaction will write, by table; each kind is one statement whatever the number of rows.
type changes struct {
	planned    map[campaign.LeadID]bool                         // decided, tried or owned anew
	moved      map[campaign.LeadID]bool                         // state and assignment alone
	closed     map[campaign.AssignmentID]bool                   // started, ended or renewed, too
	promises   map[campaign.AppointmentID]*campaign.Appointment // closed, handed over, reminded of
	booked     []*campaign.Appointment                          // to be inserted; they get their ids by flush
	renumbered map[campaign.LeadID]bool                         // got a number of their own by a call
	regrouped  map[campaign.LeadID]bool
	useRows    []useRow
	freed      []freedRow // uses that are gone: nothing was dialled
	attempts   []attemptRow
	amendments []amendmentRow
	lateRows   []lateRow
	numbers    []numberRow
	events     []campaign.Event
	told       []func()                  // events that need the ids of what was inserted
	alive      map[campaign.AgentID]bool // who gave a sign of life
}

type useRow struct {
	Subject    campaign.SubjectID    `json:"subject_id"`
	Assignment campaign.AssignmentID `json:"assignment_id"`
	Placed     int64                 `json:"placed_at"`
	Outcome    campaign.Outcome      `json:"outcome"`
	Counted    bool                  `json:"counted"`
	Talk       int64                 `json:"talk_us"`
}

type freedRow struct {
	Subject    campaign.SubjectID    `json:"subject_id"`
	Assignment campaign.AssignmentID `json:"assignment_id"`
}

// use writes what is known of a call on every subject that it counts on.
func (k *work) use(a *campaign.Assignment, u useRow) {
	u.Assignment = a.ID
	for _, id := range a.Subjects {
		u.Subject = id
		k.useRows = append(k.useRows, u)
	}
}

// free takes a reservation back from every subject that it counted on.
func (k *work) free(a *campaign.Assignment) {
	for _, id := range a.Subjects {
		k.freed = append(k.freed, freedRow{id, a.ID})
	}
}

type numberRow struct {
	Subject campaign.SubjectID `json:"subject_id"`
	Lead    campaign.LeadID    `json:"lead_id"`
}

func mark[K comparable](m *map[K]bool, key K) {
	if *m == nil {
		*m = make(map[K]bool)
	}
	(*m)[key] = true
}

// flush writes everything that changed.
func (k *work) flush() error {
	k.finishLeads()
	return k.t.gathered(func() error {
		for _, write := range []func() error{
			k.flushSessions, k.flushAssignments, k.flushPlanned, k.flushMoved, k.flushGroups, k.flushUses, k.flushPromises, k.flushBooked,
			k.flushAttempts, k.flushAmendments, k.flushLate, k.flushNumbers, k.flushOwnNumbers,
		} {
			if err := write(); err != nil {
				return err
			}
		}
		if len(k.told) > 0 {
			if err := k.t.send(); err != nil {
				return err
			}
		}
		for _, tell := range k.told {
			tell()
		}
		return k.t.emit(k.events...)
	})
}

// finishLeads tells of the leads that will not be called again.
func (k *work) finishLeads() {
	for _, id := range inOrder(k.facts) {
		l := k.facts[id].Lead
		if !k.planned[id] && !k.moved[id] {
			continue
		}
		if over(l.State) && !over(k.was[id]) {
			k.event(campaign.EventLeadFinished, l, 0, map[string]any{"state": l.State, "reason": whyOver(l)})
		}
	}
}

// whyOver is why a lead will not be called again: by its plan, or whatever that says.
func whyOver(l *campaign.Lead) string {
	if l.State == campaign.LeadWithdrawn || l.State == campaign.LeadSuppressed && l.Plan.Open() {
		return string(l.State)
	}
	return l.Plan.Reason
}

func over(s campaign.LeadState) bool { return s != campaign.LeadOpen && s != campaign.LeadHeld }

func (k *work) event(kind campaign.EventType, l *campaign.Lead, agent campaign.AgentID, data map[string]any) {
	if l.ExternalID != "" {
		data["external_id"], data["source"] = l.ExternalID, l.Source
	}
	k.events = append(k.events, campaign.Event{Type: kind, At: k.t.now, CampaignID: l.CampaignID, ListID: l.ListID,
		LeadID: l.ID, AgentID: agent, Data: js(data)})
}

func (k *work) flushPlanned() error {
	type row struct {
		ID       campaign.LeadID       `json:"id"`
		State    campaign.LeadState    `json:"state"`
		Tries    string                `json:"tries"`
		Dial     campaign.SubjectID    `json:"dial_subject"`
		Decided  int64                 `json:"decided_at"`
		Rules    int64                 `json:"rules_version"`
		Placed   int64                 `json:"last_placed"`
		Owner    campaign.AgentID      `json:"owner_id"`
		Holder   campaign.AssignmentID `json:"assignment_id"`
		Earliest int64                 `json:"earliest"` // apart from planJSON, which leaves out zeros
		At       int64                 `json:"at"`
		Until    int64                 `json:"until"`
		Verdict  string                `json:"verdict"`
		Number   campaign.Phone        `json:"number"`
		Reason   string                `json:"reason"`
		Turn     int64                 `json:"turn"`
	}
	var rows []row
	for _, id := range inOrder(k.planned) {
		l := k.facts[id].Lead
		var last int64
		if n := len(l.Tries); n > 0 {
			last = us(l.Tries[n-1].PlacedAt)
		}
		rows = append(rows, row{l.ID, l.State, js(list(l.Tries)), k.subjects[l.Plan.Number], us(l.DecidedAt), l.RulesVersion, last, l.Owner,
			l.Assignment, us(l.Plan.Earliest), us(l.Plan.At), us(l.Plan.Until), l.Plan.Verdict.String(), l.Plan.Number, l.Plan.Reason,
			l.Plan.Turn})
	}
	return setRows(k.t, `UPDATE leads AS l SET state = v.state, tries = v.tries, dial_subject = v.dial_subject, decided_at = v.decided_at,
		rules_version = v.rules_version, last_placed = v.last_placed, owner_id = v.owner_id, assignment_id = v.assignment_id,
		earliest = v.earliest, at = v.at, until = v.until, verdict = v.verdict, number = v.number, reason = v.reason, turn = v.turn,
		version = l.version + 1, updated_at = $2 FROM `+k.t.d.set(1, "v", "id bigint", "state text", "tries text", "dial_subject bigint",
		"decided_at bigint", "rules_version bigint", "last_placed bigint", "owner_id bigint", "assignment_id bigint", "earliest bigint",
		"at bigint", "until bigint", "verdict text", "number text", "reason text", "turn bigint")+` WHERE l.id = v.id`, rows, us(k.t.now))
}

func (k *work) flushMoved() error {
	type row struct {
		ID     campaign.LeadID       `json:"id"`
		State  campaign.LeadState    `json:"state"`
		Holder campaign.AssignmentID `json:"assignment_id"`
	}
	var rows []row
	for _, id := range inOrder(k.moved) {
		if !k.planned[id] {
			l := k.facts[id].Lead
			rows = append(rows, row{l.ID, l.State, l.Assignment})
		}
	}
	return setRows(k.t, `UPDATE leads AS l SET state = v.state, assignment_id = v.assignment_id, version = l.version + 1, updated_at = $2
		FROM `+k.t.d.set(1, "v", "id bigint", "state text", "assignment_id bigint")+` WHERE l.id = v.id`, rows, us(k.t.now))
}

func (k *work) flushAssignments() error {
	type row struct {
		ID      campaign.AssignmentID    `json:"id"`
		State   campaign.AssignmentState `json:"state"`
		Lease   int64                    `json:"lease_until"`
		Started int64                    `json:"started_at"`
		Placed  int64                    `json:"placed_at"`
		Ended   int64                    `json:"ended_at"`
		Closed  int64                    `json:"closed_at"`
		Reason  string                   `json:"close_reason"`
		Rules   int64                    `json:"rules_version"`
		Law     string                   `json:"calendar"`
	}
	var rows []row
	for _, id := range inOrder(k.closed) {
		a := k.assignments[id]
		rows = append(rows, row{a.ID, a.State, us(a.LeaseUntil), us(a.StartedAt), us(a.PlacedAt), us(a.EndedAt), us(a.ClosedAt), a.CloseReason,
			a.RulesVersion, lawText(a.Law)})
	}
	return setRows(k.t, `UPDATE assignments AS a SET state = v.state, lease_until = v.lease_until, started_at = v.started_at,
		placed_at = v.placed_at, ended_at = v.ended_at, closed_at = v.closed_at, close_reason = v.close_reason, rules_version = v.rules_version,
		calendar = v.calendar, start_no = CASE WHEN a.started_at = 0 AND v.started_at > 0 THEN `+k.t.d.startNo+` ELSE a.start_no END FROM `+
		k.t.d.set(1, "v", "id bigint", "state text", "lease_until bigint", "started_at bigint", "placed_at bigint", "ended_at bigint",
			"closed_at bigint", "close_reason text", "rules_version bigint", "calendar text")+` WHERE a.id = v.id`, rows)
}

func (k *work) flushUses() error {
	if err := setRows(k.t, `DELETE FROM subject_uses WHERE (subject_id, assignment_id) IN (SELECT v.subject_id, v.assignment_id FROM `+
		k.t.d.set(1, "v", "subject_id bigint", "assignment_id bigint")+`)`, k.freed); err != nil {
		return err
	}
	return setRows(k.t, `UPDATE subject_uses AS s SET placed_at = v.placed_at, placed = TRUE, outcome = v.outcome, counted = v.counted,
		talk_us = v.talk_us FROM `+k.t.d.set(1, "v", "subject_id bigint", "assignment_id bigint", "placed_at bigint", "outcome text",
		"counted boolean", "talk_us bigint")+` WHERE s.subject_id = v.subject_id AND s.assignment_id = v.assignment_id`, k.useRows)
}

func (k *work) flushNumbers() error {
	return setRows(k.t, `INSERT INTO lead_numbers (subject_id, lead_id) SELECT v.subject_id, v.lead_id FROM `+
		k.t.d.set(1, "v", "subject_id bigint", "lead_id bigint")+` WHERE TRUE ON CONFLICT DO NOTHING`, k.numbers)
}

// emit writes events; the sequencer numbers them after the commit.
func (t *tx) emit(events ...campaign.Event) error {
	type row struct {
		Type     campaign.EventType  `json:"type"`
		At       int64               `json:"at"`
		Campaign campaign.CampaignID `json:"campaign_id"`
		List     campaign.ListID     `json:"list_id"`
		Lead     campaign.LeadID     `json:"lead_id"`
		Agent    campaign.AgentID    `json:"agent_id"`
		Data     string              `json:"data"`
	}
	rows := make([]row, 0, len(events))
	for _, e := range events {
		if e.At.IsZero() {
			e.At = t.now
		}
		if e.Data == "" {
			e.Data = "{}"
		}
		rows = append(rows, row{e.Type, us(e.At), e.CampaignID, e.ListID, e.LeadID, e.AgentID, e.Data})
	}
	for part := range slices.Chunk(rows, 1000) {
		err := setRows(t, `INSERT INTO outbox (type, at, campaign_id, list_id, lead_id, agent_id, data)
			SELECT v.type, v.at, v.campaign_id, v.list_id, v.lead_id, v.agent_id, v.data FROM `+
			t.d.set(1, "v", "type text", "at bigint", "campaign_id bigint", "list_id bigint", "lead_id bigint", "agent_id bigint", "data text"), part)
		if err != nil {
			return err
		}
	}
	return nil
}
