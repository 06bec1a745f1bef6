package store

import (
	"context"
	"database/sql"
	"fmt"

	"redial/campaign"
)

// Taking back what was given out or taken in. The state that stops new offers is written first, in a transaction of
// its own; whoever claims after it sees it, and whoever claimed meanwhile is refused at StartCall. What hangs on that
// state follows in transactions of bounded size, so that calling goes on beside it.

const (
	undoRows   = 5000 // leads of an undo in one transaction
	revokeRows = 500  // assignments or promises taken back in one
)

// revokeOffered takes back the cards not yet dialled that a condition on assignments a chooses.
func (s *Store) revokeOffered(ctx context.Context, where string, arg int64, reason string) (revoked int64, err error) {
	q := `SELECT a.id FROM assignments a WHERE a.closed_at = 0 AND a.state = 'offered' AND ` + where + ` ORDER BY a.id LIMIT $2`
	for {
		n := 0
		err := s.write(atLength(ctx), "take back cards", func(t *tx) error {
			n = 0
			ids, err := idsOf[campaign.AssignmentID](t, q, arg, revokeRows)
			if err != nil || len(ids) == 0 {
				return err
			}
			k, err := t.load(want{assignments: ids})
			if err != nil {
				return err
			}
			for _, id := range ids {
				if a := k.assignments[id]; a != nil && a.State == campaign.AssignmentOffered {
					n++
					if err := k.release(a, campaign.AssignmentRevoked, reason, campaign.HappenedRevoked); err != nil {
						return err
					}
				}
			}
			return k.flush()
		})
		revoked += int64(n)
		if err != nil || n == 0 {
			return revoked, err
		}
	}
}

func idsOf[T ~int64](t *tx, query string, args ...any) (ids []T, err error) {
	err = t.each(query, args, func(r *sql.Rows) error {
		var id T
		err := r.Scan(&id)
		ids = append(ids, id)
		return err
	})
	return ids, err
}

// cancelPromises cancels the open promises that a condition on appointments p chooses, and plans their leads anew
// unless then withdraws them.
func (s *Store) cancelPromises(ctx context.Context, where string, arg int64, reason string, withdraw bool) (cancelled int64, err error) {
	q := `SELECT p.lead_id FROM appointments p WHERE p.closed_at = 0 AND ` + where + ` ORDER BY p.lead_id LIMIT $2`
	for {
		n := 0
		err := s.write(atLength(ctx), "cancel promises", func(t *tx) error {
			n = 0
			leads, err := idsOf[campaign.LeadID](t, q, arg, revokeRows)
			if err != nil || len(leads) == 0 {
				return err
			}
			k, err := t.load(want{leads: leads})
			if err != nil {
				return err
			}
			for _, id := range leads {
				f := k.facts[id]
				if f == nil || f.Promise == nil {
					continue
				}
				n++
				k.closePromise(f, campaign.AppointmentCancelled, reason)
				if withdraw {
					f.Lead.State = campaign.LeadWithdrawn
					mark(&k.moved, id)
				} else if f.Lead.Assignment == 0 {
					k.decide(f)
				}
			}
			if err := k.flush(); err != nil || !withdraw {
				return err
			}
			return t.unlist(leads)
		})
		cancelled += int64(n)
		if err != nil || n == 0 {
			return cancelled, err
		}
	}
}

// unlist makes withdrawn leads impossible to find by their numbers.
func (t *tx) unlist(leads []campaign.LeadID) error {
	_, err := t.exec(`DELETE FROM lead_numbers WHERE lead_id `+t.d.in(1), js(list(leads)))
	return err
}

// UndoImport takes a list back: it is undone from the first moment, cards not yet dialled are taken back, and its
// leads never called are withdrawn, their promises cancelled with the reason list_undone. Leads that were called, or
// are being called, stay in the campaign. It counts every lead withdrawn and kept; a second time, or after a crash in
// between, it finishes what is left and answers the same. Errors: KindNotFound; KindUnready unless the list was
// active.
func (s *Store) UndoImport(ctx context.Context, id campaign.ListID) (l campaign.List, withdrawn, kept int64, err error) {
	l, err = s.changeList(ctx, "undo an import", "undo_import", id, func(t *tx, l *campaign.List) error {
		switch l.State {
		case campaign.ListUndone:
			return nil
		case campaign.ListActive:
		default:
			return campaign.Unready(campaign.ReasonBadState, fmt.Sprintf("the list is %s: only an active one can be undone", l.State))
		}
		if _, err := t.exec(`UPDATE lists SET state = 'undone', version = version + 1 WHERE id = $1`, id); err != nil {
			return err
		}
		return t.emit(campaign.Event{Type: campaign.EventListUndone, CampaignID: l.CampaignID, ListID: id, Data: js(l.Tally)})
	})
	if err != nil {
		return campaign.List{}, 0, 0, err
	}
	if _, err := s.revokeOffered(ctx, `a.list_id = $1`, int64(id), "list_undone"); err != nil {
		return campaign.List{}, 0, 0, err
	}
	const fresh = `p.lead_id IN (SELECT id FROM leads WHERE list_id = $1 AND last_placed = 0 AND state = 'open')`
	if _, err := s.cancelPromises(ctx, fresh, int64(id), "list_undone", true); err != nil {
		return campaign.List{}, 0, 0, err
	}
	for n := undoRows; n > 0; {
		if n, err = s.undoSome(ctx, id); err != nil {
			return campaign.List{}, 0, 0, err
		}
	}
	q := `SELECT count(*) FILTER (WHERE state = 'withdrawn' AND last_placed = 0), count(*) FILTER (WHERE state <> 'withdrawn' OR last_placed > 0)
		FROM leads WHERE list_id = $1`
	if err := s.reader.QueryRowContext(ctx, q, id).Scan(&withdrawn, &kept); err != nil {
		return campaign.List{}, 0, 0, doing("undo an import", err)
	}
	return l, withdrawn, kept, nil
}

const undoSome = `UPDATE leads SET state = 'withdrawn', version = version + 1, updated_at = $2 WHERE id IN (
	SELECT id FROM leads WHERE list_id = $1 AND last_placed = 0 AND state NOT IN ('held', 'withdrawn') ORDER BY id LIMIT $3%s) RETURNING id`

func (s *Store) undoSome(ctx context.Context, id campaign.ListID) (n int, err error) {
	err = s.write(atLength(ctx), "undo an import", func(t *tx) error {
		leads, err := idsOf[campaign.LeadID](t, fmt.Sprintf(undoSome, t.d.forUpdate), id, us(t.now), undoRows)
		n = len(leads)
		if err != nil || n == 0 {
			return err
		}
		return t.unlist(leads)
	})
	return n, err
}
