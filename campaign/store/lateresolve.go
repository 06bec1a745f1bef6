package store

import (
	"context"
	"encoding/json"
	"fmt"

	"redial/campaign"
)

// ResolveLate applies a late outcome to its attempt, or dismisses it. Where the lead was moved since it is applied to the
// lead that goes on in its place, too, unless that was called since: what came of a newer call tells more. Errors:
// KindNotFound; KindUnready when it was resolved already; those of a booking that can no longer be made.
func (s *Store) ResolveLate(ctx context.Context, id campaign.AssignmentID, apply bool, by string) (campaign.Recorded, error) {
	return s.resolveLate(ctx, id, lateAnswer{apply: apply, by: by})
}

// lateAnswer is what is to become of a late outcome.
type lateAnswer struct {
	apply bool
	by    string // empty: nobody says so. It is applied only if the lead was moved and the one in its place was not called since
}

// errNotMoved leaves a late outcome to a supervisor.
var errNotMoved = campaign.Unready(campaign.ReasonBadState, "a supervisor has to look at this late outcome")

// concludeMoved applies a late outcome that waits because its lead was moved meanwhile: nobody else had it since, so that
// there is nothing to weigh. Else rec stands, and so does the row in the supervisor's list.
func (s *Store) concludeMoved(ctx context.Context, r campaign.Result, rec campaign.Recorded) campaign.Recorded {
	got, err := s.resolveLate(ctx, r.Assignment, lateAnswer{apply: true})
	if err != nil {
		if isFault(err) {
			s.log.WarnContext(ctx, "a late outcome of a lead that was moved waits for a supervisor", "assignment", r.Assignment, "error", err)
		}
		return rec
	}
	got.Late, got.Replay, got.Session = campaign.LateAmended, rec.Replay, rec.Session
	return got
}

func (s *Store) resolveLate(ctx context.Context, id campaign.AssignmentID, how lateAnswer) (campaign.Recorded, error) {
	var rec campaign.Recorded
	err := s.write(ctx, "resolve a late outcome", func(t *tx) error {
		var text string
		var resolved int64
		var of campaign.LeadID
		if err := t.row(`SELECT result, resolved_at, lead_id FROM late_outcomes WHERE assignment_id = $1`+t.d.forUpdate, []any{int64(id)}, &text, &resolved, &of); err != nil {
			return none(err, "late outcome of assignment", id)
		}
		if resolved != 0 {
			return campaign.Unready(campaign.ReasonBadState, "this late outcome was resolved already")
		}
		var r campaign.Result
		if err := json.Unmarshal([]byte(text), &r); err != nil {
			return fmt.Errorf("late outcome of assignment %d: %w", id, err)
		}
		next, err := t.movedTo(of)
		if err != nil {
			return err
		}
		d := outcomeDeed(r)
		d.besides = next
		k, _, err := t.loadDeeds([]*deed{d}, false)
		if err != nil {
			return err
		}
		if rec, err = k.resolve(r, how, k.facts[next]); err != nil {
			return err
		}
		resolution := map[bool]string{true: "applied", false: "dismissed"}[how.apply]
		if _, err := t.exec(`UPDATE late_outcomes SET resolved_at = $2, resolution = $3, resolved_by = $4 WHERE assignment_id = $1`,
			int64(id), us(t.now), resolution, orElse(how.by, "moved")); err != nil {
			return err
		}
		return k.flush()
	})
	return rec, err
}

// movedTo is the lead that goes on in place of one that was withdrawn; 0: none does.
func (t *tx) movedTo(id campaign.LeadID) (campaign.LeadID, error) {
	l, err := t.again(id)
	if err != nil || l.State != campaign.LeadWithdrawn {
		return 0, err
	}
	return t.successor(&l)
}

func (k *work) resolve(r campaign.Result, how lateAnswer, next *campaign.Facts) (campaign.Recorded, error) {
	a := k.assignments[r.Assignment]
	if a == nil || k.facts[a.LeadID] == nil {
		return campaign.Recorded{}, campaign.NotFound("assignment", r.Assignment)
	}
	f := k.facts[a.LeadID]
	t, plan, err := k.t.recorded(a)
	if err != nil || t == nil {
		return campaign.Recorded{}, err
	}
	follows := k.wentOn(a, next)
	switch {
	case !how.apply:
		return campaign.Recorded{Attempt: *t, Plan: plan, Lead: f.Lead.ID, State: f.Lead.State}, nil
	case how.by == "" && !follows:
		return campaign.Recorded{}, errNotMoved
	case r.Booking != nil && f.Lead.State == campaign.LeadWithdrawn:
		return campaign.Recorded{}, k.bookElsewhere(f.Lead)
	}
	rec, err := k.amend(f, a, t, r, "late", how.by)
	if err != nil || !follows {
		return rec, err
	}
	return rec, k.goOn(next, a, t)
}

// wentOn says whether a lead goes on from an attempt as its last: nobody called it since, nor does now.
func (k *work) wentOn(a *campaign.Assignment, next *campaign.Facts) bool {
	if next == nil || len(next.Lead.Tries) == 0 {
		return false
	}
	open := k.open[next.Lead.ID]
	last := next.Lead.Tries[len(next.Lead.Tries)-1]
	return last.PlacedAt.Equal(a.PlacedAt) && last.Number == a.Number && (open == nil || open.State == campaign.AssignmentOffered)
}

// goOn lets the lead that goes on in place of another follow what came of the other's last attempt. One that is on offer is
// taken back: it was offered by what was known before.
func (k *work) goOn(f *campaign.Facts, a *campaign.Assignment, t *campaign.Attempt) error {
	l := f.Lead
	if open := k.open[l.ID]; open != nil {
		if err := k.release(open, campaign.AssignmentRevoked, "late_outcome", campaign.HappenedRevoked); err != nil {
			return err
		}
	}
	try := &l.Tries[len(l.Tries)-1]
	try.Outcome, try.NewNumber, try.Talk = t.Outcome, t.NewNumber, talked(t)
	if id := k.subjects[t.NewNumber]; t.NewNumber != "" && id != 0 {
		k.numbers = append(k.numbers, numberRow{id, l.ID})
		k.place(l, t.NewNumber)
	}
	k.keep(f, a, t.Outcome)
	own(f, a.AgentID, t.Outcome)
	k.decide(f)
	return nil
}
