package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"redial/campaign"
)

// Conclude records what came of a placed call: attempt, lead, next decision, promise, suppression, session and event
// in one transaction (I2). The same result again answers the same with Replay set; another one for a call that has
// its outcome is KindConflict. Late results, whose assignment lapsed, are taken as DESIGN §6 says: see Recorded.Late.
// Errors: KindNotFound, KindDenied, KindInvalid (outcome, booking), KindUnready with NOT_STARTED or LEASE_EXPIRED.
func (s *Store) Conclude(ctx context.Context, r campaign.Result) (campaign.Recorded, error) {
	if err := checkResult(&r); err != nil {
		return campaign.Recorded{}, err
	}
	rec, err := ask[campaign.Recorded](ctx, s, outcomeDeed(r))
	if err == nil && rec.Late == campaign.LateWaits && rec.State == campaign.LeadWithdrawn && r.Booking == nil {
		return s.concludeMoved(ctx, r, rec), nil
	}
	return rec, err
}

func outcomeDeed(r campaign.Result) *deed {
	return &deed{what: "record an outcome", agent: r.Agent, assignment: r.Assignment, newNumber: r.NewNumber, dnc: r.Outcome == campaign.DoNotCall,
		do: func(k *work) (result[any], error) {
			rec, err := k.conclude(r)
			if err == nil {
				rec.Session = k.session(r.Agent)
			}
			return answered(rec, err)
		}}
}

func checkResult(r *campaign.Result) error {
	switch {
	case r.Outcome == campaign.NoOutcome || int(r.Outcome) >= campaign.NumOutcomes:
		return campaign.Invalid("outcome", "say what came of the call")
	case r.Outcome == campaign.Booked && r.Booking == nil:
		return campaign.Invalid("booking", "an APPOINTMENT needs the time that was agreed")
	case r.Outcome != campaign.Booked && r.Booking != nil:
		return campaign.Invalid("booking", fmt.Sprintf("%v takes no booking: record APPOINTMENT for an agreed time", r.Outcome))
	}
	if r.Outcome != campaign.NumberChanged {
		r.NewNumber = ""
	}
	r.Code = orElse(r.Code, r.Outcome.String())
	r.Note = strings.ReplaceAll(r.Note, "\x00", "")
	return nil
}

// refusals are the suppressions that DO_NOT_CALL results ask for: of the numbers dialled. It is always obeyed, be the
// result late or not; but not for somebody else's assignment.
func (t *tx) refusals(refusing map[campaign.AssignmentID]campaign.AgentID) ([]campaign.Suppression, error) {
	if len(refusing) == 0 {
		return nil, nil
	}
	var out []campaign.Suppression
	rows, err := t.QueryContext(t.ctx, `SELECT a.id, a.number, a.agent_id, g.login FROM assignments a JOIN agents g ON g.id = a.agent_id
		WHERE a.state <> 'offered' AND a.id `+t.d.in(1)+` ORDER BY a.id`, js(inOrder(refusing)))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var id campaign.AssignmentID
		var agent campaign.AgentID
		s := campaign.Suppression{Reason: campaign.ReasonDoNotCall}
		if err := rows.Scan(&id, &s.Phone, &agent, &s.Source); err != nil {
			return nil, err
		}
		if refusing[id] == agent {
			out = append(out, s)
		}
	}
	return out, rows.Err()
}

func (k *work) conclude(r campaign.Result) (campaign.Recorded, error) {
	a, err := k.mine(r.Assignment, r.Agent)
	if err != nil {
		return campaign.Recorded{}, err
	}
	f := k.facts[a.LeadID]
	switch {
	case f == nil:
		return campaign.Recorded{}, campaign.NotFound("lead", a.LeadID)
	case a.State == campaign.AssignmentConcluded:
		return k.replay(r, a, f)
	case a.State == campaign.AssignmentOffered:
		return campaign.Recorded{}, campaign.Unready(campaign.ReasonNotStarted,
			fmt.Sprintf("the call of assignment %d was not started: start it, or decline it", a.ID))
	case a.State != campaign.AssignmentStarted && a.StartedAt.IsZero():
		return campaign.Recorded{}, expired(a)
	case a.State != campaign.AssignmentStarted:
		return k.late(r, a, f)
	}
	promise, err := k.booking(f, a, r)
	if err != nil {
		return campaign.Recorded{}, err
	}
	t := k.attempt(f, a, r)
	k.close(a, campaign.AssignmentConcluded, "")
	k.tried(f, a, t)
	k.keep(f, a, r.Outcome)
	if promise != nil {
		k.closePromise(f, campaign.AppointmentRescheduled, "booked_anew")
		k.book(f, promise)
	}
	own(f, a.AgentID, r.Outcome)
	k.decide(f)
	k.write(f, t)
	if err := k.step(a, campaign.HappenedConcluded, ""); err != nil {
		return campaign.Recorded{}, err
	}
	return campaign.Recorded{Attempt: *t.Attempt, Plan: f.Lead.Plan, Lead: f.Lead.ID, State: f.Lead.State}, nil
}

// booking judges what was agreed before anything is changed; nil: nothing was.
func (k *work) booking(f *campaign.Facts, a *campaign.Assignment, r campaign.Result) (*campaign.Appointment, error) {
	if r.Booking == nil {
		return nil, nil
	}
	p := &campaign.Appointment{Owner: a.AgentID, BookedBy: a.ID}
	return p, k.promise(f, p, *r.Booking)
}

// promise fills in what is promised; the error is the booker's.
func (k *work) promise(f *campaign.Facts, p *campaign.Appointment, b campaign.Booking) error {
	if b.Zone == "" && len(f.Lead.Zones) > 0 {
		b.Zone = f.Lead.Zones[0]
	}
	at, grace, err := k.t.rules.Book(f, b)
	p.Local, p.Zone, p.Insisted, p.At, p.GraceEnd = b.Local, b.Zone, b.Insisted, at, grace
	return err
}

// attempt is the ledger's row of a placed call.
func (k *work) attempt(f *campaign.Facts, a *campaign.Assignment, r campaign.Result) attemptRow {
	end := within(oldest(r.EndedAt, a.EndedAt), a.PlacedAt, k.t.now)
	if r.Outcome == campaign.Unknown && r.EndedAt.IsZero() && a.EndedAt.IsZero() {
		end = a.PlacedAt // nobody knows how long it was
	}
	t := attemptRow{promise: a.Appointment, Attempt: &campaign.Attempt{Assignment: a.ID, LeadID: a.LeadID, CampaignID: a.CampaignID,
		ListID: a.ListID, AgentID: a.AgentID, Number: a.Number, Outcome: r.Outcome, Code: r.Code, NewNumber: r.NewNumber, Note: r.Note,
		Reason: a.Reason, OfferedAt: a.OfferedAt, PlacedAt: a.PlacedAt, EndedAt: end, RecordedAt: later(k.t.now, end), RulesVersion: a.RulesVersion,
		Zones: a.Zones, Law: a.Law, Waived: a.Appointment != 0}}
	if f.Promise != nil && f.Promise.ID == a.Appointment {
		t.insisted = f.Promise.Insisted
	}
	return t
}

// tried adds the attempt to what the rule knows of the lead and to what the number was called.
func (k *work) tried(f *campaign.Facts, a *campaign.Assignment, t attemptRow) {
	l := f.Lead
	l.Tries = append(l.Tries, campaign.Try{PlacedAt: t.PlacedAt, Outcome: t.Outcome, Number: t.Number, NewNumber: t.NewNumber,
		Talk: talked(t.Attempt)})
	k.consequences(f, a, t.Attempt)
}

// talked is how long a call was talked on; 0: nobody answered.
func talked(t *campaign.Attempt) time.Duration {
	if !t.Outcome.Connect() {
		return 0
	}
	return t.Talk()
}

// consequences are what follows an outcome, told in time, late or corrected, besides the decision.
func (k *work) consequences(f *campaign.Facts, a *campaign.Assignment, t *campaign.Attempt) {
	l := f.Lead
	k.use(a, useRow{Placed: us(t.PlacedAt), Outcome: t.Outcome, Counted: t.Outcome.Counted(), Talk: talked(t).Microseconds()})
	if t.NewNumber != "" && k.subjects[t.NewNumber] != 0 {
		k.numbers = append(k.numbers, numberRow{k.subjects[t.NewNumber], l.ID})
		k.place(l, t.NewNumber)
	}
	if t.Outcome.BadData() {
		k.event(campaign.EventBadData, l, a.AgentID, map[string]any{"number": t.Number, "outcome": t.Outcome, "new_number": t.NewNumber})
	}
}

// keep closes the promise that the call kept: one placed at its time or after, or one whose lead is finished. A call
// before the time that leaves the lead open leaves the promise open, too.
func (k *work) keep(f *campaign.Facts, a *campaign.Assignment, o campaign.Outcome) {
	p := f.Promise
	if p == nil {
		return
	}
	switch {
	case !a.PlacedAt.Before(p.At.Truncate(time.Second)):
		k.closePromise(f, campaign.AppointmentKept, "called")
	case o.Follow() == campaign.FollowFinished, o.Follow() == campaign.FollowSuppress:
		k.closePromise(f, campaign.AppointmentKept, "finished_before")
	}
}

// own says whose the lead is after an outcome: the promise's owner's, else the agent's who was asked to call later.
func own(f *campaign.Facts, agent campaign.AgentID, o campaign.Outcome) {
	switch {
	case f.Promise != nil:
		f.Lead.Owner = f.Promise.Owner
	case o == campaign.CallLater || o == campaign.Booked:
		f.Lead.Owner = agent
	default:
		f.Lead.Owner = 0
	}
}

// write adds the attempt with what was decided after it.
func (k *work) write(f *campaign.Facts, t attemptRow) {
	t.plan = f.Lead.Plan
	k.attempts = append(k.attempts, t)
	k.event(campaign.EventAttempt, f.Lead, t.AgentID, map[string]any{"assignment": t.Assignment, "outcome": t.Outcome, "code": t.Code,
		"number": t.Number, "new_number": t.NewNumber, "placed_at": t.PlacedAt, "ended_at": t.EndedAt, "note": t.Note, "why": t.Reason, "verdict": f.Lead.Plan.Verdict.String(),
		"at": f.Lead.Plan.At, "reason": f.Lead.Plan.Reason})
}
