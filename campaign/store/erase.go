package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"redial/campaign"
)

// How a person is erased: first the rows of files that did not become leads, then the lead with everything that hangs
// on it, in one transaction, then what was told of it. Whatever is cut short is finished by erasing again: what was
// erased is found by the lead's id.

const erasedReason = "erased"

// EraseLead erases the person of a lead: what tells who it was goes, attempts stay as counts, the lead is withdrawn
// and never comes back, with the withdrawn leads that it went on from. A suppression of its numbers stands. Everywhere: so are leads with the same source and external
// id or one of its numbers, of the campaigns that the caller in ctx may see. Again: no change. Errors: KindInvalid
// without a reason; KindUnready while one of them is on a call, and then none was erased; KindNotFound.
func (s *Store) EraseLead(ctx context.Context, id campaign.LeadID, everywhere bool, reason string) (campaign.Erased, error) {
	if strings.TrimSpace(reason) == "" {
		return campaign.Erased{}, campaign.Invalid("reason", "is missing: say why, for the record")
	}
	ids := []campaign.LeadID{id}
	err := s.read(atLength(ctx), "find a person's leads", func(t *tx) error {
		l, err := t.again(id)
		if err != nil {
			return err
		}
		if everywhere && l.ErasedAt.IsZero() {
			more, err := t.samePerson(&l)
			if err != nil {
				return err
			}
			ids = unique(append([]campaign.LeadID{id}, more...))
		} else if l.ErasedAt.IsZero() {
			before, err := t.predecessors(&l)
			if err != nil {
				return err
			}
			ids = unique(append([]campaign.LeadID{id}, before...))
		}
		return t.noneOnCall(ids)
	})
	if err != nil {
		return campaign.Erased{}, err
	}
	return s.erase(ctx, ids, erasure{reason: reason})
}

// erasure is why persons are erased.
type erasure struct {
	reason string // in somebody's words; empty: by age, which is no deed of its own
	before int64  // by age: only who was not touched since; 0: whoever it is
}

// spares says whether a lead is left after all: it was touched meanwhile.
func (e erasure) spares(f *campaign.Facts) bool {
	return e.before != 0 && (us(f.Lead.UpdatedAt) >= e.before || f.Promise != nil || f.Lead.State == campaign.LeadOpen || f.Lead.State == campaign.LeadHeld)
}

// predecessors are the withdrawn leads that one went on from when it was moved: the same lead to its CRM, or those that
// were moved by their own ids.
func (t *tx) predecessors(l *campaign.Lead) ([]campaign.LeadID, error) {
	q, args := `SELECT l.id, l.campaign_id FROM leads l WHERE l.source = $1 AND l.source <> '' AND l.external_id = $2 AND l.id < $3
		AND l.erased_at = 0 AND l.state = 'withdrawn' ORDER BY l.id`, []any{l.Source, l.ExternalID, int64(l.ID)}
	if !l.Keyed() {
		q, args = `WITH RECURSIVE earlier (id) AS (SELECT m.lead_id FROM lead_moves m WHERE m.next_id = $1
			UNION SELECT m.lead_id FROM lead_moves m JOIN earlier ON m.next_id = earlier.id)
			SELECT l.id, l.campaign_id FROM leads l JOIN earlier ON earlier.id = l.id
			WHERE l.erased_at = 0 AND l.state = 'withdrawn' ORDER BY l.id`, []any{int64(l.ID)}
	}
	caller := campaign.CallerFrom(t.ctx)
	var out []campaign.LeadID
	err := t.each(q, args, func(r *sql.Rows) error {
		var id campaign.LeadID
		var of campaign.CampaignID
		err := r.Scan(&id, &of)
		if caller.Sees(of) {
			out = append(out, id)
		}
		return err
	})
	return out, err
}

// samePerson are the leads that are known by the same source and external id, or by one of the numbers, withdrawn ones
// too, of the campaigns that the caller may see.
func (t *tx) samePerson(l *campaign.Lead) ([]campaign.LeadID, error) {
	caller := campaign.CallerFrom(t.ctx)
	var out []campaign.LeadID
	err := t.each(`SELECT l.id, l.campaign_id FROM leads l WHERE l.erased_at = 0 AND (
		(l.source = $1 AND l.external_id = $2 AND $1 <> '' AND $2 <> '')
		OR l.id IN (SELECT n.lead_id FROM lead_numbers n JOIN subjects u ON u.id = n.subject_id WHERE u.kind = 'number' AND u.key `+t.d.inText(3)+`)
		OR l.first_subject IN (SELECT u.id FROM subjects u WHERE u.kind = 'number' AND u.key `+t.d.inText(3)+`)) ORDER BY l.id`,
		[]any{l.Source, l.ExternalID, js(list(phonesOf(l)))}, func(r *sql.Rows) error {
			var id campaign.LeadID
			var of campaign.CampaignID
			err := r.Scan(&id, &of)
			if caller.Sees(of) {
				out = append(out, id)
			}
			return err
		})
	return out, err
}

// noneOnCall refuses what has to wait for a call.
func (t *tx) noneOnCall(ids []campaign.LeadID) error {
	var id campaign.LeadID
	err := t.row(`SELECT COALESCE(min(a.lead_id), 0) FROM assignments a WHERE a.closed_at = 0 AND a.state = 'started' AND a.lead_id `+t.d.in(1),
		[]any{js(list(ids))}, &id)
	if err == nil && id != 0 {
		err = onCallError(id)
	}
	return err
}

func onCallError(id campaign.LeadID) error {
	return campaign.Unready(campaign.ReasonBadState, fmt.Sprintf("an agent has lead %d on a call: erase it when the call is over", id))
}

// erase erases leads one by one; those that are erased already are told again of nothing.
func (s *Store) erase(ctx context.Context, ids []campaign.LeadID, why erasure) (campaign.Erased, error) {
	var out campaign.Erased
	known, err := s.eraseRows(ctx, ids)
	if err != nil {
		return out, err
	}
	for _, id := range ids {
		one, err := s.eraseOne(ctx, id, why)
		if err != nil {
			return out, err
		}
		out.Leads = append(out.Leads, one.Leads...)
		out.Attempts += one.Attempts
		out.Revoked = append(out.Revoked, one.Revoked...)
		out.Campaigns = unique(append(out.Campaigns, one.Campaigns...))
	}
	return out, s.eraseTold(ctx, out.Leads, known)
}

// eraseOne erases one lead; what it answers holds, the second time, no attempts, and no lead if that was spared.
func (s *Store) eraseOne(ctx context.Context, id campaign.LeadID, why erasure) (out campaign.Erased, err error) {
	err = s.write(atLength(ctx), "erase a person", func(t *tx) error {
		out = campaign.Erased{}
		phones, others, err := t.ownSubjects(id)
		if err != nil {
			return err
		}
		k, err := t.load(want{leads: []campaign.LeadID{id}, phones: phones, others: others})
		if err != nil {
			return err
		}
		f := k.facts[id]
		if f == nil {
			return campaign.NotFound("lead", id)
		}
		if why.spares(f) {
			return nil
		}
		out.Leads, out.Campaigns = []campaign.LeadID{id}, []campaign.CampaignID{f.Lead.CampaignID}
		if !f.Lead.ErasedAt.IsZero() {
			return nil
		}
		if err := k.leaveErased(f); err != nil {
			return err
		}
		out.Revoked = k.takenBack()
		if err := k.flush(); err != nil {
			return err
		}
		e := &eraser{t: t, lead: f.Lead}
		if out.Attempts, err = e.erase(); err != nil || why.reason == "" {
			return err
		}
		return t.audit("erase_lead", leadTarget(id), nil, deedFields{"attempts": out.Attempts}, why.reason)
	})
	return out, err
}

// leaveErased withdraws a lead for good.
func (k *work) leaveErased(f *campaign.Facts) error {
	l := f.Lead
	if a := k.open[l.ID]; a != nil {
		if a.State == campaign.AssignmentStarted {
			return onCallError(l.ID)
		}
		if err := k.release(a, campaign.AssignmentRevoked, erasedReason, campaign.HappenedRevoked); err != nil {
			return err
		}
	}
	k.closePromise(f, campaign.AppointmentCancelled, erasedReason)
	if l.State != campaign.LeadWithdrawn {
		l.State = campaign.LeadWithdrawn
		mark(&k.moved, l.ID)
	}
	k.event(campaign.EventLeadErased, l, 0, map[string]any{"state": l.State})
	return nil
}

// eraser takes off one locked lead what tells who it is.
type eraser struct {
	t    *tx
	lead *campaign.Lead
}

// erase answers with how many attempts it made anonymous.
func (e *eraser) erase() (attempts int64, err error) {
	subjects, err := e.subjects()
	if err != nil {
		return 0, err
	}
	numbers, err := e.numbers()
	if err != nil {
		return 0, err
	}
	for _, step := range []func() error{
		func() error { return e.eraseLead(numbers) },
		func() error { return e.rename(numbers) },
		e.eraseCalls, e.eraseKnown,
		func() error { return e.drop(subjects) },
	} {
		if err := step(); err != nil {
			return 0, err
		}
	}
	err = e.t.row(`SELECT count(*) FROM attempts WHERE lead_id = $1`, []any{int64(e.lead.ID)}, &attempts)
	return attempts, err
}

// subjects are those by which the lead is or was known or called.
func (e *eraser) subjects() ([]campaign.SubjectID, error) {
	return idsOf[campaign.SubjectID](e.t, `SELECT subject_id FROM lead_numbers WHERE lead_id = $1
		UNION SELECT first_subject FROM leads WHERE id = $1 UNION SELECT dial_subject FROM leads WHERE id = $1
		UNION SELECT subject_id FROM assignments WHERE lead_id = $1 UNION SELECT subject_id FROM subject_uses WHERE lead_id = $1
		UNION SELECT subject_id FROM consents WHERE lead_id = $1
		UNION SELECT u.id FROM subjects u WHERE u.kind = 'person' AND u.key = $2
		UNION SELECT u.id FROM subjects u WHERE u.kind = 'account' AND u.key = $3`,
		int64(e.lead.ID), e.lead.Source+"\x1f"+e.lead.ExternalID, e.lead.Account)
}

// numbers are all that its history names, each with what stands for it.
func (e *eraser) numbers() (map[campaign.Phone]campaign.Phone, error) {
	var all []campaign.Phone
	for _, n := range e.lead.Numbers {
		all = append(all, n.Phone)
	}
	for i := range e.lead.Tries {
		all = append(all, e.lead.Tries[i].Number, e.lead.Tries[i].NewNumber)
	}
	err := e.t.each(`SELECT number FROM assignments WHERE lead_id = $1 UNION SELECT number FROM attempts WHERE lead_id = $1
		UNION SELECT new_number FROM attempts WHERE lead_id = $1 UNION SELECT m.new_number FROM amendments m
		JOIN assignments a ON a.id = m.assignment_id WHERE a.lead_id = $1 ORDER BY 1`, []any{int64(e.lead.ID)}, func(r *sql.Rows) error {
		var p campaign.Phone
		err := r.Scan(&p)
		all = append(all, p)
		return err
	})
	out := make(map[campaign.Phone]campaign.Phone)
	for _, p := range all {
		if p != "" && out[p] == "" {
			out[p] = campaign.ErasedNumber(e.lead.ID, len(out)+1)
		}
	}
	return out, err
}

// eraseLead empties the lead itself. Its attempts stay as the rule counted them.
func (e *eraser) eraseLead(numbers map[campaign.Phone]campaign.Phone) error {
	tries := slices.Clone(e.lead.Tries)
	for i := range tries {
		tries[i].Number, tries[i].NewNumber = numbers[tries[i].Number], numbers[tries[i].NewNumber]
	}
	_, err := e.t.exec(`UPDATE leads SET external_id = '', name = '', numbers = '[]', attributes = '[]', account = '', places = '[]',
		hold_until = 0, hold_reason = '', tries = $2, number = '', first_subject = 0, first_extension = '', dial_subject = 0, revision = 0, line = 0, owner_id = 0,
		erased_at = $3, updated_at = $3, version = version + 1 WHERE id = $1`, int64(e.lead.ID), js(list(tries)), us(e.t.now))
	return err
}

// rename puts what stands for the numbers into the history.
func (e *eraser) rename(numbers map[campaign.Phone]campaign.Phone) error {
	for _, p := range inOrder(numbers) {
		for _, q := range []string{
			`UPDATE assignments SET number = $3 WHERE lead_id = $1 AND number = $2`,
			`UPDATE attempts SET number = $3 WHERE lead_id = $1 AND number = $2`,
			`UPDATE attempts SET new_number = $3 WHERE lead_id = $1 AND new_number = $2`,
			`UPDATE amendments SET new_number = $3 WHERE new_number = $2 AND assignment_id IN (SELECT a.id FROM assignments a WHERE a.lead_id = $1)`,
		} {
			if _, err := e.t.exec(q, int64(e.lead.ID), string(p), string(numbers[p])); err != nil {
				return err
			}
		}
	}
	return nil
}

// eraseCalls empties what agents wrote. A call counts on a subject of its own from now on, which nobody else has: minus
// the lead's id.
func (e *eraser) eraseCalls() error {
	return e.each(
		`UPDATE attempts SET note = '', plan = '{}' WHERE lead_id = $1`,
		`UPDATE amendments SET note = '' WHERE assignment_id IN (SELECT a.id FROM assignments a WHERE a.lead_id = $1)`,
		`DELETE FROM subject_uses WHERE lead_id = $1 AND (outside OR NOT EXISTS (SELECT 1 FROM assignments a
			WHERE a.id = subject_uses.assignment_id AND a.subject_id = subject_uses.subject_id))`,
		`UPDATE subject_uses SET subject_id = -lead_id, phone = '', matter = '' WHERE lead_id = $1`,
		`UPDATE assignments SET plan = '{}', subject_id = -lead_id, subjects = '[]' WHERE lead_id = $1`,
		`UPDATE appointments SET reason = 'erased' WHERE lead_id = $1 AND state IN ('cancelled', 'rescheduled')`,
	)
}

// eraseKnown removes what else is held on the person.
func (e *eraser) eraseKnown() error {
	if e.lead.ExternalID != "" {
		if _, err := e.t.exec(`DELETE FROM upsert_gone WHERE source = $1 AND external_id = $2`, e.lead.Source, e.lead.ExternalID); err != nil {
			return err
		}
	}
	if _, err := e.t.exec(`UPDATE late_outcomes SET result = '{}', resolved_at = CASE WHEN resolved_at = 0 THEN $2 ELSE resolved_at END,
		resolution = CASE WHEN resolution = '' THEN 'dismissed' ELSE resolution END,
		resolved_by = CASE WHEN resolved_by = '' THEN 'erased' ELSE resolved_by END WHERE lead_id = $1`, int64(e.lead.ID), us(e.t.now)); err != nil {
		return err
	}
	return e.each(`DELETE FROM outside_calls WHERE lead_id = $1`, `DELETE FROM consents WHERE lead_id = $1`, `DELETE FROM lead_numbers WHERE lead_id = $1`)
}

func (e *eraser) each(queries ...string) error {
	for _, q := range queries {
		if _, err := e.t.exec(q, int64(e.lead.ID)); err != nil {
			return err
		}
	}
	return nil
}

// drop removes the subjects that nobody else has. A suppression keeps its number, for it protects the person. They are locked
// first, for a statement that has waited for a lock does not see whom those before it gave the subject to; the next one does.
func (e *eraser) drop(subjects []campaign.SubjectID) error {
	const unused = ` AND NOT EXISTS (SELECT 1 FROM suppressions x WHERE x.subject_id = subjects.id)
		AND NOT EXISTS (SELECT 1 FROM scoped_suppressions x WHERE x.subject_id = subjects.id)
		AND NOT EXISTS (SELECT 1 FROM lead_numbers n WHERE n.subject_id = subjects.id)
		AND NOT EXISTS (SELECT 1 FROM subject_uses n WHERE n.subject_id = subjects.id)
		AND NOT EXISTS (SELECT 1 FROM consents n WHERE n.subject_id = subjects.id)
		AND NOT EXISTS (SELECT 1 FROM leads l WHERE l.first_subject = subjects.id AND l.state = 'withdrawn')
		AND NOT EXISTS (SELECT 1 FROM campaigns c JOIN leads l ON l.campaign_id = c.id AND l.first_subject = subjects.id WHERE l.state <> 'withdrawn')`
	alone, err := idsOf[campaign.SubjectID](e.t, `SELECT subjects.id FROM subjects WHERE subjects.id `+e.t.d.in(1)+unused+` ORDER BY subjects.id`+e.t.d.forUpdate,
		js(list(subjects)))
	if err != nil || len(alone) == 0 {
		return err
	}
	_, err = e.t.exec(`DELETE FROM subjects WHERE id `+e.t.d.in(1)+unused, js(alone))
	return err
}
