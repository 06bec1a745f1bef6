package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"redial/campaign"
)

// maxClaims is how many agents one transaction serves.
const maxClaims = 256

// ClaimLeads answers every claim of a batch, in its order, in one transaction: the only way a lead reaches an agent.
// Of each claim the first candidate is taken that the rules judge callable under the locks of its numbers; caps are
// reserved with it, counting what the same batch took before (I1, I3-I5). A candidate that may not be offered yet
// waits in the due index until the gate opens. An error means that nothing was claimed.
func (s *Store) ClaimLeads(ctx context.Context, claims []campaign.Claim) ([]campaign.Claimed, error) {
	out := make([]campaign.Claimed, 0, len(claims))
	for part := range slices.Chunk(claims, maxClaims) {
		got, err := s.claim(ctx, part)
		if err != nil {
			return nil, err
		}
		out = append(out, got...)
	}
	return out, nil
}

// claim answers claims in one transaction. When somebody holds a row of theirs for too long they are asked again around
// what is held, so that only those wait who need it.
func (s *Store) claim(ctx context.Context, claims []campaign.Claim) ([]campaign.Claimed, error) {
	if !s.groups.claimsHeld.lately() {
		got, err := s.claimOnce(ctx, claims, false)
		if !lockedOut(err) {
			return got, err
		}
		s.groups.claimsHeld.note()
	}
	return s.claimAround(ctx, claims)
}

// claimAround passes over what others hold. Where that is not enough the claims are halved until those stand alone that
// wait: they are told so, one by one.
func (s *Store) claimAround(ctx context.Context, claims []campaign.Claim) ([]campaign.Claimed, error) {
	got, err := s.claimOnce(ctx, claims, true)
	switch {
	case !lockedOut(err):
		return got, err
	case len(claims) == 1:
		return []campaign.Claimed{{Err: err}}, nil
	}
	half := len(claims) / 2
	if got, err = s.claimAround(ctx, claims[:half]); err != nil {
		return nil, err
	}
	more, err := s.claimAround(ctx, claims[half:])
	if err != nil { // what the others got is theirs
		more = slices.Repeat([]campaign.Claimed{{Err: err}}, len(claims)-half)
	}
	return append(got, more...), nil
}

// claimOnce answers claims in one transaction. On PostgreSQL assignments have their ids before they are written, so that all
// is written at once. Where an open one stands in the way of one of them it begins again and writes them apart.
func (s *Store) claimOnce(ctx context.Context, claims []campaign.Claim, around bool) ([]campaign.Claimed, error) {
	got, err := s.claimNumbered(ctx, claims, around, s.pool != nil)
	if s.pool != nil && duplicate(err) {
		return s.claimNumbered(ctx, claims, around, false)
	}
	return got, err
}

func (s *Store) claimNumbered(ctx context.Context, claims []campaign.Claim, around, numbered bool) (got []campaign.Claimed, err error) {
	err = s.writeCalls(ctx, "claim leads", func(t *tx) error {
		if around {
			if err := t.lockWithin(aroundLock); err != nil {
				return err
			}
		}
		c, err := t.claims(claims, around, numbered)
		if err != nil {
			return err
		}
		got = c.out
		return c.take()
	})
	return got, err
}

// claiming is a batch of claims being answered.
type claiming struct {
	*work
	around   bool // held sessions were passed over
	numbered bool // assignments have their ids before they are written
	out      []campaign.Claimed
	taken    map[campaign.LeadID]int // by which of out
	wait     []waitRow
	ids      []campaign.AssignmentID // of numbered ones, one for each claim
}

// waitRow keeps a lead out of the dispatcher's sight until a gate opens.
type waitRow struct {
	Lead     campaign.LeadID `json:"id"`
	Earliest int64           `json:"earliest"`
}

func (t *tx) claims(claims []campaign.Claim, around, numbered bool) (*claiming, error) {
	w := want{offering: true, around: around}
	var ids []campaign.AssignmentID
	if numbered {
		if err := t.soon(newAssignments(len(claims), &ids)); err != nil {
			return nil, err
		}
	}
	for _, c := range claims {
		w.agents = append(w.agents, c.Agent)
		w.leads = append(w.leads, c.Candidates...)
	}
	k, err := t.load(w)
	if err != nil {
		return nil, err
	}
	c := &claiming{work: k, around: around, out: make([]campaign.Claimed, len(claims)), taken: make(map[campaign.LeadID]int), ids: ids, numbered: numbered}
	seen := make(map[campaign.AgentID]bool, len(claims))
	for i, claim := range claims {
		if err := c.ready(claim.Agent, seen[claim.Agent]); err != nil {
			c.out[i].Err = err
			continue
		}
		seen[claim.Agent] = true
		c.choose(i, claim)
	}
	return c, nil
}

// newAssignments numbers assignments to come. A number that is not used is none's.
func newAssignments(n int, into *[]campaign.AssignmentID) statement {
	return statement{`SELECT nextval(pg_get_serial_sequence('assignments', 'id')) FROM generate_series(1, $1::bigint)`, []any{n}, func(r scanner) error {
		var id campaign.AssignmentID
		err := r.Scan(&id)
		*into = append(*into, id)
		return err
	}}
}

func (c *claiming) ready(agent campaign.AgentID, twice bool) error {
	m := c.sessions[agent]
	switch {
	case m == nil && c.around:
		return campaign.Unready(campaign.ReasonNotReady, "your session is being changed: ask again in a moment")
	case m == nil:
		return campaign.Unready(campaign.ReasonNotReady, "you are not signed in: sign in first")
	case m.was.Assignment != 0:
		return campaign.Unready(campaign.ReasonNotReady, fmt.Sprintf("you hold assignment %d already", m.was.Assignment))
	case m.was.State != campaign.AgentReady:
		return campaign.Unready(campaign.ReasonNotReady, fmt.Sprintf("you are not ready but %s", m.was.State))
	case twice:
		return campaign.Unready(campaign.ReasonNotReady, "one lead at a time")
	}
	return nil
}

// choose takes the first candidate that may be offered.
func (c *claiming) choose(i int, claim campaign.Claim) {
	for _, id := range claim.Candidates {
		f := c.facts[id]
		if _, twice := c.taken[id]; twice || f == nil || f.Lead.State == campaign.LeadHeld || f.Campaign == nil {
			c.refuse(i, id, campaign.Judgement{Binding: "state", Detail: "somebody else has the lead, or it is being changed"})
			continue
		}
		c.useOf(f)
		j := c.t.rules.Judge(f, claim.Agent)
		if !j.Callable {
			c.refuse(i, id, j)
			c.putOff(f, j)
			continue
		}
		if f.Lead.State != campaign.LeadOpen || c.subjects[j.Plan.Number] == 0 {
			c.refuse(i, id, campaign.Judgement{Plan: j.Plan, Binding: "state", Detail: fmt.Sprintf("the lead is %s", f.Lead.State)})
			continue
		}
		c.offer(i, claim, f, j)
		return
	}
}

func (c *claiming) refuse(i int, id campaign.LeadID, j campaign.Judgement) {
	c.out[i].Refused = append(c.out[i].Refused, campaign.Refusal{Lead: id, Judgement: j})
}

// putOff moves a refused lead out of the way of those behind it: until its gate opens, an hour at most, or for good when
// all its numbers are suppressed. What was decided for it stays. A promise waits in its own index, whose order is its own.
func (c *claiming) putOff(f *campaign.Facts, j campaign.Judgement) {
	l := f.Lead
	switch {
	case l.State != campaign.LeadOpen:
	case len(f.Suppressions) > 0 && !callable(f):
		c.unhold(f)
	case l.Plan.Verdict == campaign.VerdictCall && !j.Plan.Open() && j.Plan.Verdict != campaign.NoVerdict:
		c.decide(f) // a limit was reached since it was planned
	case l.Plan.Verdict == campaign.VerdictCall && j.Binding != "promise":
		if at := c.waitUntil(j); at.After(c.t.now) && at.After(l.Plan.Earliest) {
			c.wait = append(c.wait, waitRow{l.ID, us(at)})
		}
	}
}

// hoursWait is how long a lead waits at most that was refused for its hours. Its calendar group keeps it out of sight for
// as long as it is closed, and calendars that change open the group at once: leads are not to wait longer than it.
const hoursWait = 10 * time.Minute

// limitWait is how long a lead waits at most that was refused for a limit. A cap of a week may be free in a minute: who was
// offered another lead of the person declines it, the call did not get through, a corrected outcome ends a cool-off, a consent
// comes in. A million leads under caps are refused 280 times a second by this, which is arithmetic and was not measured.
const limitWait = time.Hour

func (c *claiming) waitUntil(j campaign.Judgement) time.Time {
	most := c.t.now.Add(limitWait)
	if j.Binding == "hours" || j.Binding == "law_hours" {
		most = c.t.now.Add(hoursWait)
	}
	if j.OpenAt.After(most) {
		return most
	}
	return j.OpenAt
}

func (c *claiming) offer(i int, claim campaign.Claim, f *campaign.Facts, j campaign.Judgement) {
	l, agent := f.Lead, claim.Agent
	if claim.Manual {
		j.Reason = "manual"
	}
	a := &campaign.Assignment{LeadID: l.ID, CampaignID: l.CampaignID, ListID: l.ListID, AgentID: agent, State: campaign.AssignmentOffered,
		Reason: orElse(j.Reason, "fresh"), Number: j.Plan.Number, OfferedAt: c.t.now, RulesVersion: f.Campaign.RulesVersion,
		LeaseUntil: c.t.now.Add(min(f.Campaign.Floor.OfferTime, f.Campaign.Floor.Lease)), Zones: zonesOf(f, j.Plan.Number), Plan: l.Plan, Law: j.Law,
		Subjects: c.subjectsOf(l)}
	if f.Promise != nil {
		a.Appointment = f.Promise.ID
	}
	// The floor must agree before anything is taken; it is asked again when the assignment has its id.
	h := campaign.Happening{Kind: campaign.HappenedOffered, Assignment: unborn, Floor: f.Campaign.Floor}
	if _, err := c.t.rules.Step(c.sessions[agent].now, c.t.now, h); err != nil {
		c.out[i].Err = err
		return
	}
	c.taken[l.ID] = i
	c.reserve(f, a.Number)
	c.out[i].Assignment, c.out[i].Facts = a, f
}

// zonesOf are those of a number of the lead.
func zonesOf(f *campaign.Facts, p campaign.Phone) []string {
	return f.Lead.SiteOf(numberOf(f.Lead, p), nil, "", f.Now).Zones
}

// unborn stands for an assignment that has no id yet.
const unborn campaign.AssignmentID = -1

// take writes what was chosen.
func (c *claiming) take() error {
	if !c.numbered {
		if err := c.insert(); err != nil {
			return err
		}
	}
	err := c.t.gathered(func() error {
		if c.numbered {
			if err := c.insert(); err != nil {
				return err
			}
		}
		if err := c.follow(); err != nil {
			return err
		}
		if err := setRows(c.t, `UPDATE leads AS l SET earliest = v.earliest FROM `+c.t.d.set(1, "v", "id bigint", "earliest bigint")+
			` WHERE l.id = v.id`, c.wait); err != nil {
			return err
		}
		return c.flush()
	})
	if err != nil {
		return err
	}
	for i := range c.out {
		if a := c.out[i].Assignment; a != nil {
			c.out[i].Session = c.sessions[a.AgentID].now
		}
	}
	return nil
}

// insert writes the assignments.
func (c *claiming) insert() error {
	type row struct {
		ID       campaign.AssignmentID  `json:"id"`
		Lead     campaign.LeadID        `json:"lead_id"`
		Campaign campaign.CampaignID    `json:"campaign_id"`
		List     campaign.ListID        `json:"list_id"`
		Agent    campaign.AgentID       `json:"agent_id"`
		Reason   string                 `json:"reason"`
		Number   campaign.Phone         `json:"number"`
		Subject  campaign.SubjectID     `json:"subject_id"`
		Promise  campaign.AppointmentID `json:"appointment_id"`
		Lease    int64                  `json:"lease_until"`
		Rules    int64                  `json:"rules_version"`
		Zones    string                 `json:"zones"`
		Plan     string                 `json:"plan"`
		Law      string                 `json:"calendar"`
		Subjects string                 `json:"subjects"`
	}
	rows := make([]row, 0, len(c.taken))
	for _, out := range c.out {
		if a := out.Assignment; a != nil {
			if c.numbered {
				a.ID, c.ids = c.ids[0], c.ids[1:]
			}
			rows = append(rows, row{a.ID, a.LeadID, a.CampaignID, a.ListID, a.AgentID, a.Reason, a.Number, c.subjects[a.Number], a.Appointment,
				us(a.LeaseUntil), a.RulesVersion, js(list(a.Zones)), js(planOf(a.Plan)), lawText(a.Law), js(list(a.Subjects))})
		}
	}
	const columns = `lead_id, campaign_id, list_id, agent_id, state, reason, number, subject_id, appointment_id, offered_at, lease_until,
		rules_version, zones, plan, calendar, subjects`
	const values = `v.lead_id, v.campaign_id, v.list_id, v.agent_id, 'offered', v.reason, v.number, v.subject_id, v.appointment_id, $2, v.lease_until,
		v.rules_version, v.zones, v.plan, v.calendar, v.subjects`
	from := c.t.d.set(1, "v", "id bigint", "lead_id bigint", "campaign_id bigint", "list_id bigint", "agent_id bigint", "reason text", "number text",
		"subject_id bigint", "appointment_id bigint", "lease_until bigint", "rules_version bigint", "zones text", "plan text", "calendar text", "subjects text")
	if c.numbered {
		return setRows(c.t, `INSERT INTO assignments (id, `+columns+`) SELECT v.id, `+values+` FROM `+from, rows, us(c.t.now))
	}
	return setRowsBack(c.t, `INSERT INTO assignments (`+columns+`) SELECT `+values+` FROM `+from+
		` WHERE TRUE ON CONFLICT DO NOTHING RETURNING id, lead_id`, rows, func(r scanner) error {
		var id campaign.AssignmentID
		var lead campaign.LeadID
		err := r.Scan(&id, &lead)
		c.out[c.taken[lead]].Assignment.ID = id
		return err
	}, us(c.t.now))
}

// follow lets lead, session and reservation follow each new assignment.
func (c *claiming) follow() error {
	type row struct {
		Subject    campaign.SubjectID    `json:"subject_id"`
		Assignment campaign.AssignmentID `json:"assignment_id"`
		Campaign   campaign.CampaignID   `json:"campaign_id"`
		Lead       campaign.LeadID       `json:"lead_id"`
		Phone      campaign.Phone        `json:"phone"`
		Matter     string                `json:"matter"`
	}
	var rows []row
	for i := range c.out {
		a := c.out[i].Assignment
		if a == nil {
			continue
		}
		if a.ID == 0 { // an open assignment stood in the way of the unique indexes
			c.out[i].Assignment, c.out[i].Facts = nil, nil
			c.refuse(i, a.LeadID, campaign.Judgement{Binding: "state", Detail: "somebody else has the lead"})
			continue
		}
		c.t.known.put(a.ID, place{a.LeadID, a.AgentID})
		l := c.facts[a.LeadID].Lead
		l.State, l.Assignment = campaign.LeadHeld, a.ID
		mark(&c.moved, l.ID)
		if err := c.step(a, campaign.HappenedOffered, ""); err != nil {
			return err
		}
		for _, id := range a.Subjects {
			rows = append(rows, row{id, a.ID, a.CampaignID, a.LeadID, a.Number, c.facts[a.LeadID].Campaign.Rules.Matter})
		}
	}
	return setRows(c.t, `INSERT INTO subject_uses (subject_id, assignment_id, campaign_id, lead_id, placed_at, phone, matter)
		SELECT v.subject_id, v.assignment_id, v.campaign_id, v.lead_id, $2, v.phone, v.matter FROM `+
		c.t.d.set(1, "v", "subject_id bigint", "assignment_id bigint", "campaign_id bigint", "lead_id bigint", "phone text", "matter text"), rows, us(c.t.now))
}

// OpenAssignment is what the agent holds, with all that is known of the lead; nil: nothing.
func (s *Store) OpenAssignment(ctx context.Context, agent campaign.AgentID) (*campaign.Claimed, error) {
	var some bool
	err := s.peek(ctx, "read the open assignment", func(t *tx) error {
		return t.row(`SELECT EXISTS (SELECT 1 FROM assignments a WHERE a.agent_id = $1 AND a.closed_at = 0)`, []any{int64(agent)}, &some)
	})
	if err != nil || !some {
		return nil, err
	}
	var out *campaign.Claimed
	err = s.read(ctx, "read the open assignment", func(t *tx) error {
		out = nil
		a, err := scanAssignment(t.QueryRowContext(t.ctx, `SELECT `+assignmentColumns+` FROM assignments a
			WHERE a.agent_id = $1 AND a.closed_at = 0`, agent))
		if err != nil {
			return ignoreNone(err)
		}
		facts, err := t.factsOf([]campaign.LeadID{a.LeadID})
		if err != nil {
			return err
		}
		session, err := t.session(agent)
		if err != nil {
			return err
		}
		out = &campaign.Claimed{Assignment: a, Facts: facts[a.LeadID], Session: session}
		return nil
	})
	return out, err
}

// oldest is the earlier of two instants, where zero is none.
func oldest(a, b time.Time) time.Time {
	if a.IsZero() || (!b.IsZero() && b.Before(a)) {
		return b
	}
	return a
}
