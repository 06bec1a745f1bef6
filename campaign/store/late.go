package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"redial/campaign"
)

func ignoreNone(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	return err
}

// recorded reads an attempt as it was written, with the plan that followed; nil: there is none.
func (t *tx) recorded(a *campaign.Assignment) (*campaign.Attempt, campaign.Plan, error) {
	var p planJSON
	at, err := scanAttempt(t.QueryRowContext(t.ctx, `SELECT `+attemptColumns+`, t.plan FROM attempts t
		WHERE t.assignment_id = $1 AND t.placed_at = $2`, a.ID, us(a.PlacedAt)), jsonCol{&p})
	if err != nil {
		return nil, campaign.Plan{}, ignoreNone(err)
	}
	return at, p.plan(), nil
}

// replay answers a result that came again.
func (k *work) replay(r campaign.Result, a *campaign.Assignment, f *campaign.Facts) (campaign.Recorded, error) {
	t, plan, err := k.t.recorded(a)
	if err != nil {
		return campaign.Recorded{}, err
	}
	if t == nil {
		return campaign.Recorded{}, expired(a)
	}
	same := t.Outcome == r.Outcome && t.Code == r.Code && t.NewNumber == r.NewNumber && t.Note == r.Note
	if same && r.Booking != nil {
		if same, err = k.t.bookedSame(a, *r.Booking); err != nil {
			return campaign.Recorded{}, err
		}
	}
	if !same {
		return campaign.Recorded{}, campaign.Conflict("", fmt.Sprintf("assignment %d has its outcome already, %s: correct it instead", a.ID, t.Code))
	}
	return campaign.Recorded{Attempt: *t, Plan: plan, Lead: a.LeadID, State: stateAfter(plan, f), Replay: true}, nil
}

// stateAfter is the state that a plan left its lead in.
func stateAfter(p campaign.Plan, f *campaign.Facts) campaign.LeadState {
	if f.Lead.Assignment == 0 && f.Lead.Plan.Verdict == p.Verdict {
		return f.Lead.State
	}
	return p.LeadState()
}

func (t *tx) bookedSame(a *campaign.Assignment, b campaign.Booking) (bool, error) {
	var n int
	err := t.row(`SELECT count(*) FROM appointments WHERE booked_by = $1 AND booked_by > 0 AND local = $2 AND insisted = $3 AND (zone = $4 OR $4 = '')`,
		[]any{int64(a.ID), b.Local, b.Insisted, b.Zone}, &n)
	return n > 0, err
}

// late takes an outcome whose assignment was given up. It amends the UNKNOWN attempt if nobody has the lead since;
// else it waits for a supervisor.
func (k *work) late(r campaign.Result, a *campaign.Assignment, f *campaign.Facts) (campaign.Recorded, error) {
	if !f.Lead.ErasedAt.IsZero() {
		return campaign.Recorded{}, campaign.Unready(campaign.ReasonBadState, "the lead's person was erased meanwhile: nothing more is kept of it")
	}
	if rec, told, err := k.lateAgain(r, a, f); told || err != nil {
		return rec, err
	}
	t, plan, err := k.t.recorded(a)
	if err != nil || t == nil {
		return campaign.Recorded{}, err
	}
	alone, err := k.untouched(a, f)
	if err != nil {
		return campaign.Recorded{}, err
	}
	if alone {
		rec, err := k.amend(f, a, t, r, "late", "")
		if err == nil || isFault(err) {
			rec.Late = campaign.LateAmended
			return rec, err
		}
		// A booking that can no longer be made is not thrown away either.
	}
	k.lateRows = append(k.lateRows, lateRow{a.ID, a.LeadID, a.CampaignID, a.AgentID, js(r)})
	return campaign.Recorded{Attempt: *t, Plan: plan, Lead: f.Lead.ID, State: f.Lead.State, Late: campaign.LateWaits}, nil
}

// lateAgain answers a late result that came before.
func (k *work) lateAgain(r campaign.Result, a *campaign.Assignment, f *campaign.Facts) (campaign.Recorded, bool, error) {
	rec := campaign.Recorded{Lead: a.LeadID, State: f.Lead.State, Plan: f.Lead.Plan, Replay: true}
	t, _, err := k.t.recorded(a)
	if err != nil || t == nil {
		return rec, false, err
	}
	rec.Attempt = *t
	differs := campaign.Conflict("", fmt.Sprintf("assignment %d has a late outcome already: correct it instead", a.ID))
	var was amendmentRow
	err = k.t.row(`SELECT outcome, code, new_number, note FROM amendments WHERE assignment_id = $1 AND kind = 'late' ORDER BY id LIMIT 1`,
		[]any{int64(a.ID)}, outcomeCol{&was.Outcome}, &was.Code, &was.NewNumber, &was.Note)
	switch {
	case err == nil && (was.Outcome != r.Outcome || was.Code != r.Code || was.NewNumber != r.NewNumber || was.Note != r.Note):
		return rec, true, differs
	case err == nil:
		rec.Late = campaign.LateAmended
		lay(&rec.Attempt, was)
		return rec, true, nil
	case !errors.Is(err, sql.ErrNoRows):
		return rec, true, err
	}
	var text string
	err = k.t.row(`SELECT result FROM late_outcomes WHERE assignment_id = $1`, []any{int64(a.ID)}, &text)
	if err != nil {
		return rec, false, ignoreNone(err)
	}
	if text != js(r) {
		return rec, true, differs
	}
	rec.Late = campaign.LateWaits
	return rec, true, nil
}

// lay puts an amendment over an attempt.
func lay(t *campaign.Attempt, m amendmentRow) {
	t.Outcome, t.Code, t.NewNumber, t.Note, t.Amended = m.Outcome, m.Code, m.NewNumber, m.Note, true
	if m.Ended != 0 {
		t.EndedAt = fromUS(m.Ended)
	}
}

// untouched says whether nobody had the lead since the assignment and its attempt is the lead's last.
func (k *work) untouched(a *campaign.Assignment, f *campaign.Facts) (bool, error) {
	l := f.Lead
	if n := len(l.Tries); l.Assignment != 0 || l.State == campaign.LeadWithdrawn || n == 0 || !l.Tries[n-1].PlacedAt.Equal(a.PlacedAt) {
		return false, nil
	}
	var later bool
	err := k.t.row(`SELECT EXISTS (SELECT 1 FROM assignments WHERE lead_id = $1 AND id > $2)`, []any{int64(a.LeadID), int64(a.ID)}, &later)
	return !later, err
}

// amend replaces an attempt's outcome in what the rule knows and decides the lead anew. The ledger's row stays; the
// amendment is laid over it.
func (k *work) amend(f *campaign.Facts, a *campaign.Assignment, t *campaign.Attempt, r campaign.Result, kind, by string) (campaign.Recorded, error) {
	promise, err := k.booking(f, a, r)
	if err != nil {
		return campaign.Recorded{}, err
	}
	l := f.Lead
	m := amendmentRow{Assignment: a.ID, Placed: us(a.PlacedAt), Kind: kind, Outcome: r.Outcome, Code: r.Code, NewNumber: r.NewNumber,
		Note: r.Note, By: by}
	if !r.EndedAt.IsZero() {
		m.Ended = us(within(r.EndedAt, a.PlacedAt, k.t.now))
	}
	k.amendments = append(k.amendments, m)
	lay(t, m)
	for i := len(l.Tries) - 1; i >= 0; i-- {
		if try := &l.Tries[i]; try.PlacedAt.Equal(a.PlacedAt) && try.Number == a.Number {
			brought := try.NewNumber
			try.Outcome, try.NewNumber, try.Talk = r.Outcome, r.NewNumber, talked(t)
			k.displace(l, brought)
			break
		}
	}
	k.consequences(f, a, t)
	if p := f.Promise; p != nil && p.BookedBy == a.ID && promise == nil {
		k.closePromise(f, campaign.AppointmentCancelled, "corrected")
	}
	k.keep(f, a, r.Outcome)
	if promise != nil {
		k.closePromise(f, campaign.AppointmentRescheduled, "booked_anew")
		k.book(f, promise)
	}
	own(f, a.AgentID, r.Outcome)
	k.decide(f)
	mark(&k.planned, l.ID) // a withdrawn lead, which is not decided, still knows what came of its calls
	k.event(campaign.EventAttemptAmended, l, a.AgentID, map[string]any{"assignment": a.ID, "kind": kind, "by": by, "outcome": t.Outcome,
		"code": t.Code, "number": t.Number, "new_number": t.NewNumber, "placed_at": t.PlacedAt, "ended_at": t.EndedAt, "note": t.Note, "why": t.Reason, "verdict": l.Plan.Verdict.String(), "at": l.Plan.At, "reason": l.Plan.Reason})
	return campaign.Recorded{Attempt: *t, Plan: l.Plan, Lead: l.ID, State: l.State}, nil
}

// Correct amends an outcome within the campaign's time for it, while nobody has the lead or had it since. The same
// correction again answers the same with Replay set. The suppression that a DO_NOT_CALL made stays: lift it by name.
// Errors: KindUnready with CORRECTION_TIME_OVER or WRONG_STATE, and those of Conclude.
func (s *Store) Correct(ctx context.Context, c campaign.Correction) (campaign.Recorded, error) {
	r := campaign.Result{Assignment: c.Assignment, Agent: c.Agent, Outcome: c.Outcome, Code: c.Code, NewNumber: c.NewNumber, Note: c.Note,
		Booking: c.Booking}
	if err := checkResult(&r); err != nil {
		return campaign.Recorded{}, err
	}
	var rec campaign.Recorded
	err := s.write(ctx, "correct an outcome", func(t *tx) (err error) {
		k, dnc, err := t.loadDeeds([]*deed{outcomeDeed(r)}, false)
		if err != nil {
			return err
		}
		if rec, err = k.correct(r, c.By); err != nil || (rec.Replay && k.obeyed(rec.Lead, dnc)) {
			return err
		}
		if err := k.suppressAll(dnc, true); err != nil {
			return err
		}
		if f := k.facts[rec.Lead]; f != nil {
			rec.Plan, rec.State = f.Lead.Plan, f.Lead.State
		}
		return k.flush()
	})
	return rec, err
}

func (k *work) correct(r campaign.Result, by string) (campaign.Recorded, error) {
	a, err := k.mine(r.Assignment, r.Agent)
	if err != nil {
		return campaign.Recorded{}, err
	}
	f := k.facts[a.LeadID]
	if a.State.Open() || f == nil {
		return campaign.Recorded{}, campaign.Unready(campaign.ReasonBadState, fmt.Sprintf("assignment %d has no outcome yet: record it", a.ID))
	}
	t, _, err := k.t.recorded(a)
	if err != nil {
		return campaign.Recorded{}, err
	}
	if t == nil {
		return campaign.Recorded{}, campaign.Unready(campaign.ReasonNotStarted, fmt.Sprintf("assignment %d was never dialled", a.ID))
	}
	if was, err := k.corrected(r, a, t); was != nil || err != nil {
		return campaign.Recorded{Attempt: *t, Plan: f.Lead.Plan, Lead: f.Lead.ID, State: f.Lead.State, Replay: true}, err
	}
	if limit := f.Campaign.Floor.CorrectWithin; k.t.now.After(t.RecordedAt.Add(limit)) {
		return campaign.Recorded{}, campaign.Unready(campaign.ReasonCorrectionOver,
			fmt.Sprintf("outcomes may be corrected for %s: ask a supervisor", strings.TrimSuffix(limit.String(), "0m0s")))
	}
	alone, err := k.untouched(a, f)
	if err != nil {
		return campaign.Recorded{}, err
	}
	if !alone {
		return campaign.Recorded{}, campaign.Unready(campaign.ReasonBadState, "the lead has gone on since: its earlier outcome stands")
	}
	return k.amend(f, a, t, r, "correction", by)
}

// LateOutcomes are those that wait for a supervisor, oldest first; 0: of all campaigns.
func (s *Store) LateOutcomes(ctx context.Context, of campaign.CampaignID) ([]campaign.LateOutcome, error) {
	var out []campaign.LateOutcome
	err := s.read(ctx, "list late outcomes", func(t *tx) error {
		out = nil
		return t.each(`SELECT o.result, o.lead_id, l.name, o.campaign_id, g.login, a.placed_at, o.received_at
			FROM late_outcomes o JOIN leads l ON l.id = o.lead_id JOIN agents g ON g.id = o.agent_id JOIN assignments a ON a.id = o.assignment_id
			WHERE o.resolved_at = 0 AND ($1 = 0 OR o.campaign_id = $1) ORDER BY o.id`, []any{int64(of)}, func(r *sql.Rows) error {
			var o campaign.LateOutcome
			err := r.Scan(jsonCol{&o.Result}, &o.Lead, &o.LeadName, &o.Campaign, &o.Agent, usTime{&o.PlacedAt}, usTime{&o.ReceivedAt})
			out = append(out, o)
			return err
		})
	})
	return out, err
}

// bookElsewhere says that a withdrawn lead takes no promise, which nobody would keep, and who does.
func (k *work) bookElsewhere(l *campaign.Lead) error {
	next, err := k.t.successor(l)
	if err != nil {
		return err
	}
	if next == 0 {
		return campaign.Unready(campaign.ReasonBadState, "the lead was withdrawn, so that nobody would keep the promise: reopen it first, or dismiss the outcome")
	}
	return campaign.Unready(campaign.ReasonBadState,
		fmt.Sprintf("the lead was withdrawn and goes on as lead %d: book the promise there, and dismiss the outcome", next))
}
