package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"strings"

	"redial/campaign"
)

// visibleList is the condition on lists k under which their leads are to be seen: not while they load, and not when
// the file was refused.
const visibleList = `k.state IN ('active', 'undone')`

// Lists are a campaign's lists, newest first; campaign 0: of all campaigns. before is the id to go on below, 0: from
// the newest; a limit of 0 is 1000.
func (s *Store) Lists(ctx context.Context, id campaign.CampaignID, before campaign.ListID, limit int) ([]campaign.List, error) {
	if limit <= 0 {
		limit = 1000
	}
	var out []campaign.List
	err := s.read(ctx, "list the lists", func(t *tx) error {
		out = nil
		q := `SELECT ` + listColumns + ` FROM lists k WHERE (CAST($1 AS BIGINT) = 0 OR k.campaign_id = $1) AND (CAST($2 AS BIGINT) = 0 OR k.id < $2) ORDER BY k.id DESC LIMIT $3`
		return t.each(q, []any{int64(id), int64(before), limit}, func(r *sql.Rows) error {
			l, err := scanList(r)
			if err == nil {
				out = append(out, *l)
			}
			return err
		})
	})
	return out, err
}

// List is one list. Errors: KindNotFound.
func (s *Store) List(ctx context.Context, id campaign.ListID) (campaign.List, error) {
	l, err := scanList(s.reader.QueryRowContext(ctx, `SELECT `+listColumns+` FROM lists k WHERE k.id = $1`, id))
	if err != nil {
		return campaign.List{}, fmt.Errorf("read a list: %w", none(err, "list", id))
	}
	return *l, nil
}

// list reads one; lock is a clause after the SELECT.
func (t *tx) list(id campaign.ListID, lock string) (*campaign.List, error) {
	l, err := scanList(t.QueryRowContext(t.ctx, `SELECT `+listColumns+` FROM lists k WHERE k.id = $1`+lock, id))
	return l, none(err, "list", id)
}

// ListTally is what became of a list's rows. Errors: KindNotFound.
func (s *Store) ListTally(ctx context.Context, id campaign.ListID) (campaign.Tally, error) {
	l, err := s.List(ctx, id)
	return l.Tally, err
}

// SetPriority places a list among the fresh leads of its campaign, higher first. Errors: KindNotFound.
func (s *Store) SetPriority(ctx context.Context, id campaign.ListID, priority int) (campaign.List, error) {
	return s.changeList(ctx, "set a list's priority", "set_list_priority", id, func(t *tx, l *campaign.List) error {
		if l.Priority == priority {
			return nil
		}
		_, err := t.exec(`UPDATE lists SET priority = $2, version = version + 1 WHERE id = $1`, id, priority)
		return err
	})
}

// SwitchOn offers a list again. Errors: KindNotFound.
func (s *Store) SwitchOn(ctx context.Context, id campaign.ListID) (campaign.List, error) {
	return s.changeList(ctx, "switch a list on", "switch_list_on", id, func(t *tx, l *campaign.List) error {
		if l.On {
			return nil
		}
		_, err := t.exec(`UPDATE lists SET is_on = TRUE, version = version + 1 WHERE id = $1`, id)
		return err
	})
}

// SwitchOff stops offering a list at once and takes back cards not yet dialled; revoked says how many. Promises to
// its leads stand and are kept: a promise is a promise. Errors: KindNotFound.
func (s *Store) SwitchOff(ctx context.Context, id campaign.ListID) (l campaign.List, revoked int64, err error) {
	l, err = s.changeList(ctx, "switch a list off", "switch_list_off", id, func(t *tx, l *campaign.List) error {
		if !l.On {
			return nil
		}
		_, err := t.exec(`UPDATE lists SET is_on = FALSE, version = version + 1 WHERE id = $1`, id)
		return err
	})
	if err == nil {
		revoked, err = s.revokeOffered(ctx, `a.list_id = $1 AND a.appointment_id = 0`, int64(id), "list_off")
	}
	return l, revoked, err
}

// SetListHours says when a list's leads may be called within their campaign's hours, and which calendars apply to them
// besides the campaign's; version is the one that was seen. No lead is rewritten: those that had no callable time are
// planned anew. Errors: KindInvalid by field, also a calendar that is not there; KindConflict with VERSION_MISMATCH;
// KindNotFound.
func (s *Store) SetListHours(ctx context.Context, id campaign.ListID, version int64, hours []campaign.Window, calendars []string) (campaign.List, error) {
	if err := hoursFault(hours); err != nil {
		return campaign.List{}, fmt.Errorf("set a list's hours: %w", err)
	}
	var of []campaign.CampaignID
	l, err := s.changeList(ctx, "set a list's hours", "set_list_hours", id, func(t *tx, l *campaign.List) error {
		of = []campaign.CampaignID{l.CampaignID}
		if l.Version != version {
			return wrongVersion("list", version, l.Version)
		}
		if err := t.knownCalendars(calendars, "calendars"); err != nil {
			return err
		}
		if _, err := t.exec(`UPDATE lists SET hours = $2, calendars = $3, version = version + 1 WHERE id = $1`,
			id, js(list(hours)), js(list(calendars))); err != nil {
			return err
		}
		return t.reopen(of)
	})
	if err == nil {
		s.reopened(ctx, of)
	}
	return l, err
}

// hoursFault says what is wrong with weekly hours, as rules would.
func hoursFault(hours []campaign.Window) error {
	r := campaign.DefaultRules()
	r.Hours = hours
	err := r.Validate()
	if e, ok := errors.AsType[*campaign.Error](err); ok {
		for i := range e.Violations {
			e.Violations[i].Field = strings.TrimPrefix(e.Violations[i].Field, "rules.")
		}
	}
	return err
}

// changeList runs change with the list locked and returns it as it then is; what changed is an entry of the audit log.
func (s *Store) changeList(ctx context.Context, what, action string, id campaign.ListID, change func(*tx, *campaign.List) error) (campaign.List, error) {
	var after *campaign.List
	err := s.write(atLength(ctx), what, func(t *tx) error {
		l, err := t.list(id, t.d.forUpdate)
		if err != nil {
			return err
		}
		if err := change(t, l); err != nil {
			return err
		}
		if after, err = t.list(id, ""); err != nil {
			return err
		}
		return t.auditChange(action, fmt.Sprint("list ", id), listDeed(l), listDeed(after), "")
	})
	if err != nil {
		return campaign.List{}, err
	}
	return *after, nil
}

// Problems are a page of what did not become a lead, by line, and where the next one begins; a zero next means that
// this was all. A limit of 0 is 1000. Errors: KindNotFound the list.
func (s *Store) Problems(ctx context.Context, id campaign.ListID, after campaign.ProblemCursor, limit int) (page []campaign.Problem, next campaign.ProblemCursor, err error) {
	if limit <= 0 {
		limit = 1000
	}
	err = s.read(ctx, "list problems", func(t *tx) error {
		page, next = nil, campaign.ProblemCursor{}
		if _, err := t.list(id, ""); err != nil {
			return err
		}
		var last campaign.ProblemCursor
		q := `SELECT line, n, heading, value, reason, message, suggestion, warning, cells FROM problems
			WHERE list_id = $1 AND (line, n) > ($2, $3) ORDER BY line, n LIMIT $4`
		return t.each(q, []any{id, after.Line, after.N, limit + 1}, func(r *sql.Rows) error {
			if len(page) == limit {
				next = last
				return nil
			}
			var p campaign.Problem
			if err := r.Scan(&p.Line, &last.N, &p.Column, &p.Value, &p.Reason, &p.Message, &p.Suggestion, &p.Warning, jsonCol{&p.Row}); err != nil {
				return err
			}
			last.Line = p.Line
			page = append(page, p)
			return nil
		})
	})
	return page, next, err
}

// AllProblems yields every problem of a list by line, reading page by page.
func (s *Store) AllProblems(ctx context.Context, id campaign.ListID) iter.Seq2[campaign.Problem, error] {
	return func(yield func(campaign.Problem, error) bool) {
		var at campaign.ProblemCursor
		for {
			page, next, err := s.Problems(ctx, id, at, 1000)
			if err != nil {
				yield(campaign.Problem{}, err)
				return
			}
			for _, p := range page {
				if !yield(p, nil) {
					return
				}
			}
			if next == (campaign.ProblemCursor{}) {
				return
			}
			at = next
		}
	}
}

// Headings are the columns of the file a list came from; none for a feed. Errors: KindNotFound.
func (s *Store) Headings(ctx context.Context, id campaign.ListID) ([]string, error) {
	var h []string
	err := s.reader.QueryRowContext(ctx, `SELECT headings FROM lists WHERE id = $1`, id).Scan(jsonCol{&h})
	if err != nil {
		return nil, fmt.Errorf("read a list's headings: %w", none(err, "list", id))
	}
	return h, nil
}
