package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"redial/campaign"
)

// Lead is one lead. Errors: KindNotFound, also while its list is loading.
func (s *Store) Lead(ctx context.Context, id campaign.LeadID) (campaign.Lead, error) {
	l, err := scanLead(s.reader.QueryRowContext(ctx, `SELECT `+leadColumns+leadFrom+` JOIN lists k ON k.id = l.list_id WHERE l.id = $1 AND `+visibleList, id))
	if err != nil {
		return campaign.Lead{}, fmt.Errorf("read a lead: %w", none(err, "lead", id))
	}
	return *l, nil
}

// FindLeads searches by all the filters given, by id. Without any filter it lists all leads.
func (s *Store) FindLeads(ctx context.Context, f campaign.LeadFilter) ([]campaign.Lead, error) {
	if f.Limit <= 0 {
		f.Limit = 100
	}
	where := []string{visibleList}
	var args []any
	add := func(condition string, arg any) {
		args = append(args, arg)
		where = append(where, strings.ReplaceAll(condition, "?", fmt.Sprintf("$%d", len(args))))
	}
	if f.Campaign != 0 {
		add(`l.list_id IN (SELECT id FROM lists WHERE campaign_id = ?)`, f.Campaign)
	}
	if len(f.Among) > 0 {
		where = append(where, `l.list_id IN (SELECT id FROM lists WHERE `+among("campaign_id", f.Among)+`)`)
	}
	if f.List != 0 {
		add(`l.list_id = ?`, f.List)
	}
	if f.State != "" {
		add(`l.state = ?`, string(f.State))
	}
	if f.Phone != "" {
		add(`(l.id IN (SELECT n.lead_id FROM lead_numbers n JOIN subjects u ON u.id = n.subject_id WHERE u.kind = 'number' AND u.key = ?))`, string(f.Phone))
	}
	if f.ExternalID != "" {
		add(`l.external_id = ? AND l.external_id <> ''`, f.ExternalID)
	}
	if f.Text != "" {
		add(`lower(l.name) LIKE ? ESCAPE '\'`, "%"+likeEscape.Replace(strings.ToLower(f.Text))+"%")
	}
	if f.AfterID != 0 {
		add(`l.id > ?`, f.AfterID)
	}
	args = append(args, f.Limit)
	q := `SELECT ` + leadColumns + leadFrom + ` JOIN lists k ON k.id = l.list_id WHERE ` + strings.Join(where, " AND ") +
		fmt.Sprintf(" ORDER BY l.id LIMIT $%d", len(args))
	var out []campaign.Lead
	err := s.read(ctx, "find leads", func(t *tx) error {
		out = nil
		return t.each(q, args, func(r *sql.Rows) error {
			l, err := scanLead(r)
			if err == nil {
				out = append(out, *l)
			}
			return err
		})
	})
	return out, err
}

var likeEscape = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// changeLead runs change on a lead that is locked, of the version given (0: any), and returns it as it then is. deed is
// its name in the audit log, where it stands with what change notes of it unless the lead stayed as it was.
// more are the numbers, person and account that it will have besides.
func (s *Store) changeLead(ctx context.Context, what string, d leadDeed, id campaign.LeadID, version int64, more want, change func(*work, *campaign.Facts, *leadDeed) error) (campaign.Lead, error) {
	var after *campaign.Lead
	err := s.write(ctx, what, func(t *tx) error {
		own, others, err := t.ownSubjects(id)
		if err != nil {
			return err
		}
		k, err := t.load(want{leads: []campaign.LeadID{id}, phones: append(own, more.phones...), others: append(others, more.others...)})
		if err != nil {
			return err
		}
		f := k.facts[id]
		if f == nil {
			return campaign.NotFound("lead", id)
		}
		if version != 0 && f.Lead.Version != version {
			return wrongVersion("lead", version, f.Lead.Version)
		}
		told, was := d, f.Lead.Version
		if err := change(k, f, &told); err != nil {
			return err
		}
		if err := k.flush(); err != nil {
			return err
		}
		after, err = scanLead(t.QueryRowContext(t.ctx, `SELECT `+leadColumns+leadFrom+` WHERE l.id = $1`, id))
		if err != nil || after.Version == was {
			return err
		}
		return t.audit(told.action, leadTarget(id), told.before, told.after, told.reason)
	})
	if err != nil {
		return campaign.Lead{}, err
	}
	return *after, nil
}

// ownSubjects are those of a lead that is to be seen, even of one that was withdrawn and cannot be found by them.
func (t *tx) ownSubjects(id campaign.LeadID) ([]campaign.Phone, []subjectKey, error) {
	l, err := scanLead(t.QueryRowContext(t.ctx, `SELECT `+leadColumns+leadFrom+` JOIN lists k ON k.id = l.list_id WHERE l.id = $1 AND `+visibleList, id))
	if err != nil {
		return nil, nil, none(err, "lead", id)
	}
	return phonesOf(l), leadOthers(l), nil
}

// WithdrawLead takes a lead out: it is not called any more, its card is taken back before dialling, its open promise
// is cancelled with the reason. A withdrawn lead stays as it is. Errors: KindInvalid without a reason; KindUnready on
// a call; KindConflict with VERSION_MISMATCH (version 0: any); KindNotFound.
func (s *Store) WithdrawLead(ctx context.Context, id campaign.LeadID, version int64, reason, by string) (campaign.Lead, error) {
	if strings.TrimSpace(reason) == "" {
		return campaign.Lead{}, campaign.Invalid("reason", "is missing: say why, for the record")
	}
	return s.changeLead(ctx, "withdraw a lead", leadDeed{action: "withdraw_lead", reason: reason}, id, version, want{}, func(k *work, f *campaign.Facts, d *leadDeed) error {
		l := f.Lead
		if l.State == campaign.LeadWithdrawn {
			return nil
		}
		if a := k.open[id]; a != nil {
			if a.State == campaign.AssignmentStarted {
				return campaign.Unready(campaign.ReasonBadState, "an agent has the lead on a call: withdraw it when the call is over")
			}
			if err := k.release(a, campaign.AssignmentRevoked, "withdrawn", campaign.HappenedRevoked); err != nil {
				return err
			}
		}
		k.closePromise(f, campaign.AppointmentCancelled, reason)
		d.moved(l.State, campaign.LeadWithdrawn)
		l.State = campaign.LeadWithdrawn
		mark(&k.moved, id)
		k.event(campaign.EventLeadUpdated, l, 0, map[string]any{"change": "withdrawn", "state": l.State, "reason": reason, "by": by})
		return k.t.unlist([]campaign.LeadID{id})
	})
}

// ReopenLead plans a lead again that was finished, exhausted or withdrawn; an open or held one stays as it is. The
// ledger is not touched: the last try is taken by the rule for CALL_LATER from now on, if it had ended the lead (see
// campaign.Try). The rule of time still decides. Errors: KindUnready with SUPPRESSED when no number may be called,
// or with WRONG_STATE, saying why, when the rule would not call it all the same: no good number, a limit reached;
// KindConflict when it was withdrawn and its number is another lead's now, or it goes on as another, or with VERSION_MISMATCH;
// KindNotFound.
func (s *Store) ReopenLead(ctx context.Context, id campaign.LeadID, version int64, by string) (campaign.Lead, error) {
	return s.changeLead(ctx, "reopen a lead", leadDeed{action: "reopen_lead", reason: by}, id, version, want{}, func(k *work, f *campaign.Facts, d *leadDeed) error {
		l := f.Lead
		if l.State == campaign.LeadOpen || l.State == campaign.LeadHeld {
			return nil
		}
		if !l.ErasedAt.IsZero() {
			return campaign.Unready(campaign.ReasonBadState, "the lead's person was erased: it never comes back, make another lead")
		}
		was := l.State
		d.moved(was, campaign.LeadOpen)
		l.State = campaign.LeadOpen
		if n := len(l.Tries); n > 0 {
			l.Tries[n-1] = l.Tries[n-1].Reopened()
		}
		k.decide(f)
		switch {
		case !l.Plan.Open():
			return campaign.Unready(campaign.ReasonBadState, fmt.Sprintf("the rules would not call it all the same (%v, %s): %s",
				l.Plan.Verdict, l.Plan.Reason, reopenAdvice(l.Plan.Reason)))
		case l.State == campaign.LeadSuppressed:
			return campaign.Unready(campaign.ReasonSuppressedNow, "every number of the lead is suppressed: lift the suppression first, or give it another number")
		}
		if was == campaign.LeadWithdrawn {
			if err := k.enlist(f); err != nil {
				return err
			}
		}
		k.event(campaign.EventLeadUpdated, l, 0, map[string]any{"change": "reopened", "state": l.State, "was": was, "by": by})
		return nil
	})
}

func reopenAdvice(reason string) string {
	if reason == campaign.ReasonBadData {
		return "give it a good number first"
	}
	return "change the campaign's rules first"
}

// enlist makes a lead that comes back to be found by its numbers again.
func (k *work) enlist(f *campaign.Facts) error {
	next, err := k.t.successor(f.Lead)
	if err != nil {
		return err
	}
	if next != 0 {
		return campaign.Conflict("", fmt.Sprintf("it goes on as lead %d: withdraw that one first", next))
	}
	var twin campaign.LeadID
	err = k.t.row(`SELECT o.id FROM leads l JOIN leads o ON o.campaign_id = l.campaign_id AND o.id <> l.id AND o.state <> 'withdrawn' AND (
		o.first_subject = l.first_subject AND o.first_extension = l.first_extension OR l.external_id <> '' AND o.external_id = l.external_id
		AND o.source = l.source AND (l.source <> '' OR o.list_id = l.list_id)) WHERE l.id = $1 LIMIT 1`, []any{f.Lead.ID}, &twin)
	if err == nil {
		return campaign.Conflict("", fmt.Sprintf("its number or external id is lead %d's now", twin))
	}
	k.enrol(f.Lead)
	return ignoreNone(err)
}

// successor is the lead that goes on in place of one as its CRM has it: of the same source and external id, kept by
// UpsertLeads, and not withdrawn; or that it was moved to by its own id. 0: there is none.
func (t *tx) successor(l *campaign.Lead) (campaign.LeadID, error) {
	var id campaign.LeadID
	if !l.Keyed() {
		err := t.row(`WITH RECURSIVE later (id) AS (SELECT m.next_id FROM lead_moves m WHERE m.lead_id = $1
			UNION SELECT m.next_id FROM lead_moves m JOIN later ON m.lead_id = later.id)
			SELECT COALESCE(max(l.id), 0) FROM leads l JOIN later ON later.id = l.id WHERE l.state <> 'withdrawn'`, []any{int64(l.ID)}, &id)
		return id, err
	}
	err := t.row(`SELECT COALESCE(max(l.id), 0) FROM leads l JOIN lists k ON k.id = l.list_id AND k.source <> ''
		WHERE l.source = $1 AND l.source <> '' AND l.external_id = $2 AND l.id > $3 AND l.state <> 'withdrawn'`, []any{l.Source, l.ExternalID, int64(l.ID)}, &id)
	return id, err
}
