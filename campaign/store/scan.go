package store

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"redial/campaign"
)

// How the rows of the record become nouns. Every SELECT of a noun takes its columns in this order and under the
// alias that the columns name.

// scanner is a row or rows.
type scanner interface{ Scan(dest ...any) error }

// usTime scans a column of microseconds.
type usTime struct{ to *time.Time }

// Scan implements sql.Scanner.
func (u usTime) Scan(v any) error {
	n, ok := v.(int64)
	if !ok {
		return fmt.Errorf("an instant is %T, not a number of microseconds", v)
	}
	*u.to = fromUS(n)
	return nil
}

// jsonCol scans a column of JSON text.
type jsonCol struct{ to any }

// Scan implements sql.Scanner.
func (c jsonCol) Scan(v any) error {
	switch s := v.(type) {
	case string:
		return json.Unmarshal([]byte(s), c.to)
	case []byte:
		return json.Unmarshal(s, c.to)
	}
	return fmt.Errorf("a column of JSON is %T", v)
}

// listCol scans a JSON list; an empty one, which most are, is left as it is.
type listCol struct{ to any }

// Scan implements sql.Scanner.
func (c listCol) Scan(v any) error {
	if s, ok := v.(string); ok && s == "[]" {
		return nil
	}
	return jsonCol(c).Scan(v)
}

// outcomeCol scans an outcome's name; empty is NoOutcome.
type outcomeCol struct{ to *campaign.Outcome }

// Scan implements sql.Scanner.
func (c outcomeCol) Scan(v any) error {
	name, ok := v.(string)
	if !ok {
		return fmt.Errorf("an outcome is %T", v)
	}
	*c.to = campaign.NoOutcome
	if name == "" {
		return nil
	}
	return c.to.UnmarshalText([]byte(name))
}

// verdictCol scans a verdict's name.
type verdictCol struct{ to *campaign.Verdict }

// Scan implements sql.Scanner.
func (c verdictCol) Scan(v any) error {
	name, ok := v.(string)
	if !ok {
		return fmt.Errorf("a verdict is %T", v)
	}
	*c.to = campaign.ParseVerdict(name)
	return nil
}

// none turns sql.ErrNoRows into the kind error that names what is missing; a database that is away says so.
func none(err error, what string, id any) error {
	if errors.Is(err, sql.ErrNoRows) {
		return campaign.NotFound(what, id)
	}
	if err == nil || campaign.KindOf(err) != campaign.KindInternal {
		return err
	}
	return doing("read the "+what, err)
}

const campaignColumns = `c.id, c.name, c.state, c.version, c.zone, c.region, c.rules, c.rules_version, c.floor, c.script, c.skills, c.codes,
	c.created_at, c.updated_at, c.pre_call, c.mask_numbers`

func scanCampaign(r scanner, more ...any) (*campaign.Campaign, error) {
	c := new(campaign.Campaign)
	err := r.Scan(append([]any{&c.ID, &c.Name, &c.State, &c.Version, &c.Zone, &c.Region, jsonCol{&c.Rules}, &c.RulesVersion,
		jsonCol{&c.Floor}, &c.Script, jsonCol{&c.Skills}, jsonCol{&c.Codes}, usTime{&c.CreatedAt}, usTime{&c.UpdatedAt},
		jsonCol{&c.PreCall}, &c.MaskNumbers}, more...)...)
	return c, err
}

const listColumns = `k.id, k.campaign_id, k.name, k.state, k.is_on, k.priority, k.version, k.failure, k.row_count, k.lead_count,
	k.problem_count, k.duplicate_count, k.suppressed_count, k.created_at, k.loaded_at, k.hours, k.calendars`

func scanList(r scanner, more ...any) (*campaign.List, error) { //nolint:unparam // scanners have one shape
	l := new(campaign.List)
	err := r.Scan(append([]any{&l.ID, &l.CampaignID, &l.Name, &l.State, &l.On, &l.Priority, &l.Version, &l.Failure, &l.Tally.Rows,
		&l.Tally.Leads, &l.Tally.Problems, &l.Tally.Duplicates, &l.Tally.Suppressed, usTime{&l.CreatedAt}, usTime{&l.LoadedAt},
		listCol{&l.Hours}, listCol{&l.Calendars}}, more...)...)
	return l, err
}

// leadFrom joins what a lead's columns need; a lead's zones are its calendar group's.
const leadFrom = ` FROM leads l JOIN calendar_groups g ON g.id = l.group_id`

const leadColumns = `l.id, l.campaign_id, l.list_id, l.group_id, l.state, l.version, l.source, l.external_id, l.name, g.zones, l.numbers,
	l.attributes, l.priority, l.line, l.tries, l.verdict, l.at, l.until, l.number, l.reason, l.earliest, l.decided_at, l.rules_version,
	l.owner_id, l.assignment_id, l.created_at, l.updated_at, l.account, l.places, l.turn, l.revision, l.hold_until, l.hold_reason, l.erased_at`

// scanLead reads a lead. Its Plan.Earliest is the column's, which the dispatcher may have moved on.
func scanLead(r scanner, more ...any) (*campaign.Lead, error) {
	l := new(campaign.Lead)
	p := &l.Plan
	err := r.Scan(append([]any{&l.ID, &l.CampaignID, &l.ListID, &l.GroupID, &l.State, &l.Version, &l.Source, &l.ExternalID, &l.Name,
		jsonCol{&l.Zones}, jsonCol{&l.Numbers}, jsonCol{&l.Attributes}, &l.Priority, &l.Line, jsonCol{&l.Tries},
		verdictCol{&p.Verdict}, usTime{&p.At}, usTime{&p.Until}, &p.Number, &p.Reason, usTime{&p.Earliest},
		usTime{&l.DecidedAt}, &l.RulesVersion, &l.Owner, &l.Assignment, usTime{&l.CreatedAt}, usTime{&l.UpdatedAt},
		&l.Account, listCol{&l.Places}, &p.Turn, &l.Revision, usTime{&l.HeldOffUntil}, &l.HeldOffReason, usTime{&l.ErasedAt}}, more...)...)
	return l, err
}

const assignmentColumns = `a.id, a.lead_id, a.campaign_id, a.list_id, a.agent_id, a.state, a.reason, a.number, a.appointment_id,
	a.offered_at, a.lease_until, a.started_at, a.placed_at, a.ended_at, a.closed_at, a.close_reason, a.rules_version, a.zones, a.plan,
	a.calendar, CASE WHEN a.subjects = '[]' THEN '[' || a.subject_id || ']' ELSE a.subjects END`

// scanAssignment reads an assignment; one that an older node made has its number alone for a subject.
func scanAssignment(r scanner, more ...any) (*campaign.Assignment, error) { //nolint:unparam // scanners have one shape
	a := new(campaign.Assignment)
	var p planJSON
	err := r.Scan(append([]any{&a.ID, &a.LeadID, &a.CampaignID, &a.ListID, &a.AgentID, &a.State, &a.Reason, &a.Number, &a.Appointment,
		usTime{&a.OfferedAt}, usTime{&a.LeaseUntil}, usTime{&a.StartedAt}, usTime{&a.PlacedAt}, usTime{&a.EndedAt}, usTime{&a.ClosedAt},
		&a.CloseReason, &a.RulesVersion, jsonCol{&a.Zones}, jsonCol{&p}, lawCol{&a.Law}, jsonCol{&a.Subjects}}, more...)...)
	a.Plan = p.plan()
	return a, err
}

const appointmentColumns = `p.id, p.lead_id, p.campaign_id, p.owner_id, p.local, p.zone, p.insisted, p.at, p.grace_end, p.state, p.reason,
	p.reminded, p.booked_by, p.replaces, p.created_at, p.closed_at`

func scanAppointment(r scanner, more ...any) (*campaign.Appointment, error) {
	a := new(campaign.Appointment)
	err := r.Scan(append([]any{&a.ID, &a.LeadID, &a.CampaignID, &a.Owner, &a.Local, &a.Zone, &a.Insisted, usTime{&a.At}, usTime{&a.GraceEnd},
		&a.State, &a.Reason, &a.Reminded, &a.BookedBy, &a.Replaces, usTime{&a.CreatedAt}, usTime{&a.ClosedAt}}, more...)...)
	return a, err
}

const sessionColumns = `s.agent_id, s.state, s.since, s.reason, s.deadline, s.next_state, s.next_reason, s.node, s.epoch, s.heartbeat_at,
	s.assignment_id`

func scanSession(r scanner, more ...any) (campaign.Session, error) {
	var s campaign.Session
	err := r.Scan(append([]any{&s.AgentID, &s.State, usTime{&s.Since}, &s.Reason, usTime{&s.Deadline}, &s.Next, &s.NextReason, &s.Node,
		&s.Epoch, usTime{&s.HeartbeatAt}, &s.Assignment}, more...)...)
	return s, err
}

const attemptColumns = `t.assignment_id, t.lead_id, t.campaign_id, t.list_id, t.agent_id, t.number, t.outcome, t.code, t.new_number, t.note,
	t.reason, t.offered_at, t.placed_at, t.ended_at, t.recorded_at, t.rules_version, t.zones, t.calendar, t.waived`

// scanAttempt reads an attempt as it was written; amendments are laid over it by whoever wants them.
func scanAttempt(r scanner, more ...any) (*campaign.Attempt, error) {
	a := new(campaign.Attempt)
	err := r.Scan(append([]any{&a.Assignment, &a.LeadID, &a.CampaignID, &a.ListID, &a.AgentID, &a.Number, outcomeCol{&a.Outcome}, &a.Code,
		&a.NewNumber, &a.Note, &a.Reason, usTime{&a.OfferedAt}, usTime{&a.PlacedAt}, usTime{&a.EndedAt}, usTime{&a.RecordedAt},
		&a.RulesVersion, jsonCol{&a.Zones}, lawCol{&a.Law}, &a.Waived}, more...)...)
	return a, err
}

const eventColumns = `e.seq, e.id, e.type, e.at, e.campaign_id, e.list_id, e.lead_id, e.agent_id, e.data`

func scanEvent(r scanner, more ...any) (campaign.Event, error) {
	var e campaign.Event
	err := r.Scan(append([]any{&e.Seq, &e.ID, &e.Type, usTime{&e.At}, &e.CampaignID, &e.ListID, &e.LeadID, &e.AgentID, &e.Data}, more...)...)
	return e, err
}

// planJSON is a plan as columns of JSON keep it.
type planJSON struct {
	Verdict  string `json:"verdict"`
	At       int64  `json:"at,omitempty"`
	Until    int64  `json:"until,omitempty"`
	Number   string `json:"number,omitempty"`
	Reason   string `json:"reason"`
	Earliest int64  `json:"earliest,omitempty"`
	Turn     int64  `json:"turn,omitempty"`
}

func planOf(p campaign.Plan) planJSON {
	return planJSON{p.Verdict.String(), us(p.At), us(p.Until), string(p.Number), p.Reason, us(p.Earliest), p.Turn}
}

func (p planJSON) plan() campaign.Plan {
	return campaign.Plan{Verdict: campaign.ParseVerdict(p.Verdict), At: fromUS(p.At), Until: fromUS(p.Until),
		Number: campaign.Phone(p.Number), Reason: p.Reason, Earliest: fromUS(p.Earliest), Turn: p.Turn}
}

// unlocked is the dialect of transactions that only read.
func (d *dialect) unlocked() *dialect { return &dialect{name: d.name} }

// lock is the clause that locks the rows of one alias of a join; skip passes over rows that others hold.
func (d *dialect) lock(alias string, skip bool) string {
	switch {
	case d.forUpdate == "":
		return ""
	case skip:
		return " FOR UPDATE OF " + alias + " SKIP LOCKED"
	default:
		return " FOR UPDATE OF " + alias
	}
}

// lockKeyed locks as lock does rows that nobody deletes under it: who only needs that they stay, and locks them so
// (keyShare), does not wait.
func (d *dialect) lockKeyed(alias string, skip bool) string {
	return strings.Replace(d.lock(alias, skip), " FOR UPDATE", " FOR NO KEY UPDATE", 1)
}

// keyShare keeps rows from being deleted.
func (d *dialect) keyShare(alias string) string {
	if d.forShare == "" {
		return ""
	}
	return " FOR KEY SHARE OF " + alias
}
