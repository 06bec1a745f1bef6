package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"redial/campaign"
)

// Calendar is one, with its weeks and days. Errors: KindNotFound.
func (s *Store) Calendar(ctx context.Context, name string) (campaign.Calendar, error) {
	var out campaign.Calendar
	err := s.peek(ctx, "read a calendar", func(t *tx) (err error) {
		out, err = t.calendar(name, "")
		return err
	})
	return out, err
}

// calendar reads one; lock is a clause after the SELECT.
func (t *tx) calendar(name, lock string) (campaign.Calendar, error) {
	c, err := scanCalendar(t.QueryRowContext(t.ctx, `SELECT `+calendarColumns+` FROM calendars q WHERE q.name = $1`+lock, name))
	if err != nil {
		return campaign.Calendar{}, none(err, "calendar", name)
	}
	return *c, nil
}

// Calendars are all of them by name, without their weeks and days.
func (s *Store) Calendars(ctx context.Context) ([]campaign.Calendar, error) {
	var out []campaign.Calendar
	err := s.peek(ctx, "list calendars", func(t *tx) error {
		out = nil
		return t.each(`SELECT q.id, q.name, q.version, q.updated_at FROM calendars q ORDER BY q.name`, nil, func(r *sql.Rows) error {
			var c campaign.Calendar
			err := r.Scan(&c.ID, &c.Name, &c.Version, usTime{&c.UpdatedAt})
			out = append(out, c)
			return err
		})
	})
	return out, err
}

// PutCalendar makes a calendar, with Version 0, or replaces what the one of that name holds, with Version the one that
// was seen. Every version is kept. No lead is rewritten: those that had no callable time are found by the next look
// for leads to plan anew (ReplanLeft) in every campaign that CampaignsNaming tells. Errors: KindInvalid by field;
// KindConflict if the name is taken, or with VERSION_MISMATCH; KindNotFound.
func (s *Store) PutCalendar(ctx context.Context, c campaign.Calendar) (campaign.Calendar, error) {
	if err := calendarFault(&c); err != nil {
		return campaign.Calendar{}, fmt.Errorf("keep a calendar: %w", err)
	}
	var after campaign.Calendar
	var users []campaign.CampaignID
	err := s.write(ctx, "keep a calendar", func(t *tx) error {
		version, err := t.nextCalendar(c)
		if err != nil {
			return err
		}
		data := calendarText(&c)
		if c.Version == 0 {
			_, err = t.exec(`INSERT INTO calendars (name, version, data, updated_at) VALUES ($1, $2, $3, $4)`, c.Name, version, data, us(t.now))
		} else {
			_, err = t.exec(`UPDATE calendars SET version = $2, data = $3, updated_at = $4 WHERE name = $1`, c.Name, version, data, us(t.now))
		}
		if err != nil {
			return taken(err, "calendar", c.Name)
		}
		if after, err = t.calendar(c.Name, ""); err != nil {
			return err
		}
		if _, err := t.exec(`INSERT INTO calendar_versions (calendar_id, name, version, data, created_at) VALUES ($1, $2, $3, $4, $5)`,
			int64(after.ID), c.Name, version, data, us(t.now)); err != nil {
			return err
		}
		if users, err = t.naming(c.Name); err != nil {
			return err
		}
		if err := t.reopen(users); err != nil {
			return err
		}
		var was any
		if c.Version != 0 {
			was = map[string]any{"version": c.Version}
		}
		return t.audit("put_calendar", "calendar "+c.Name, was, calendarDeed(&after), "")
	})
	if err != nil {
		return campaign.Calendar{}, err
	}
	s.reopened(ctx, users)
	return after, nil
}

// nextCalendar is the version to write. It goes on counting where a calendar of the name was deleted, so that name and
// version mean one thing for ever.
func (t *tx) nextCalendar(c campaign.Calendar) (version int64, err error) {
	if c.Version == 0 {
		err = t.row(`SELECT COALESCE(max(version), 0) + 1 FROM calendar_versions WHERE name = $1`, []any{c.Name}, &version)
		return version, err
	}
	now, err := t.calendar(c.Name, t.d.forUpdate)
	if err == nil && now.Version != c.Version {
		err = wrongVersion("calendar", c.Version, now.Version)
	}
	return now.Version + 1, err
}

// DeleteCalendar removes a calendar that no campaign and no list names; its versions are kept. Errors: KindNotFound;
// KindUnready with WRONG_STATE, which says who names it.
func (s *Store) DeleteCalendar(ctx context.Context, name string) error {
	return s.write(ctx, "delete a calendar", func(t *tx) error {
		was, err := t.calendar(name, t.d.forUpdate)
		if err != nil {
			return err
		}
		users, err := t.namers(name)
		if err != nil {
			return err
		}
		if len(users) > 0 {
			return campaign.Unready(campaign.ReasonBadState, fmt.Sprintf("the calendar %s is named by %s: take it out there first",
				name, strings.Join(users[:min(len(users), 10)], ", ")))
		}
		if _, err = t.exec(`DELETE FROM calendars WHERE name = $1`, name); err != nil {
			return err
		}
		return t.audit("delete_calendar", "calendar "+name, calendarDeed(&was), nil, "")
	})
}

// namers says who names a calendar, for people.
func (t *tx) namers(name string) (users []string, err error) {
	err = t.each(`SELECT `+campaignColumns+` FROM campaigns c ORDER BY c.id`, nil, func(r *sql.Rows) error {
		c, err := scanCampaign(r)
		if err == nil && slices.Contains(c.Rules.Calendars, name) {
			users = append(users, "campaign "+c.Name)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	err = t.eachNamingList(func(id campaign.ListID, _ campaign.CampaignID, calendars []string) {
		if slices.Contains(calendars, name) {
			users = append(users, fmt.Sprintf("list %d", id))
		}
	})
	return users, err
}

func (t *tx) eachNamingList(see func(campaign.ListID, campaign.CampaignID, []string)) error {
	return t.each(`SELECT k.id, k.campaign_id, k.calendars FROM lists k WHERE k.calendars <> '[]' ORDER BY k.id`, nil, func(r *sql.Rows) error {
		var id campaign.ListID
		var of campaign.CampaignID
		var names []string
		err := r.Scan(&id, &of, jsonCol{&names})
		see(id, of, names)
		return err
	})
}

// CampaignsNaming are the campaigns that name a calendar, themselves or by one of their lists, by id: those whose leads
// may be due at other times after it changed.
func (s *Store) CampaignsNaming(ctx context.Context, calendar string) ([]campaign.CampaignID, error) {
	var out []campaign.CampaignID
	err := s.read(ctx, "find who names a calendar", func(t *tx) (err error) {
		out, err = t.naming(calendar)
		return err
	})
	return out, err
}

func (t *tx) naming(calendar string) (users []campaign.CampaignID, err error) {
	err = t.each(`SELECT `+campaignColumns+` FROM campaigns c`, nil, func(r *sql.Rows) error {
		c, err := scanCampaign(r)
		if err == nil && slices.Contains(c.Rules.Calendars, calendar) {
			users = append(users, c.ID)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	err = t.eachNamingList(func(_ campaign.ListID, of campaign.CampaignID, calendars []string) {
		if slices.Contains(calendars, calendar) {
			users = append(users, of)
		}
	})
	return unique(users), err
}

// reopen has leads of the campaigns planned anew that were exhausted for want of a callable time.
func (t *tx) reopen(ids []campaign.CampaignID) error {
	for _, id := range unique(ids) {
		if _, err := t.exec(`UPDATE campaigns SET reopened_at = $2 WHERE id = $1 AND reopened_at < $2`, int64(id), us(t.now)); err != nil {
			return err
		}
	}
	return nil
}

// reopened is reopen once more after the commit: a plan that was made from the calendars as they were was made before.
func (s *Store) reopened(ctx context.Context, ids []campaign.CampaignID) {
	if len(ids) == 0 {
		return
	}
	if err := s.write(atLength(ctx), "plan leads anew after a change of calendars", func(t *tx) error { return t.reopen(ids) }); err != nil {
		s.log.WarnContext(ctx, "a lead that was planned during the change of a calendar may wait for the next change", "error", err)
	}
}

// CalendarsNamed are the calendars of the names given, in their order, each once; those that are not there are left
// out. They are shared: do not change them.
func (s *Store) CalendarsNamed(ctx context.Context, names []string) ([]*campaign.Calendar, error) {
	var out []*campaign.Calendar
	err := s.peek(ctx, "read calendars", func(t *tx) error {
		all, err := t.calendars(names)
		out = pick(all, names)
		return err
	})
	return out, err
}

// pick are those named, in the order of the names, each once.
func pick(all map[string]*campaign.Calendar, names []string) (out []*campaign.Calendar) {
	for i, n := range names {
		if c := all[n]; c != nil && !slices.Contains(names[:i], n) {
			out = append(out, c)
		}
	}
	return out
}

// knownCalendars says whether calendars are there, and holds them until the transaction's end; the fault names the field.
func (t *tx) knownCalendars(names []string, field string) error {
	if len(names) == 0 {
		return nil
	}
	there := make(map[string]bool)
	err := t.each(`SELECT q.name FROM calendars q WHERE q.name `+t.d.inText(1)+` ORDER BY q.id`+t.d.forShare, []any{js(names)}, func(r *sql.Rows) error {
		var n string
		err := r.Scan(&n)
		there[n] = true
		return err
	})
	if err != nil {
		return err
	}
	var bad []campaign.Violation
	for i, n := range names {
		if !there[n] {
			bad = append(bad, campaign.Violation{Field: fmt.Sprintf("%s[%d]", field, i), Message: fmt.Sprintf("there is no calendar %q: import it first", n)})
		}
	}
	if len(bad) > 0 {
		return &campaign.Error{Kind: campaign.KindInvalid, Violations: bad}
	}
	return nil
}

// calendarFault says what is wrong with a calendar's name; what it holds was read by campaign.ReadCalendar or is
// judged with it.
func calendarFault(c *campaign.Calendar) error {
	ok := len(c.Name) >= 1 && len(c.Name) <= 50
	for _, r := range c.Name {
		ok = ok && (r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' || r == '_')
	}
	if !ok {
		return campaign.Invalid("name", fmt.Sprintf("%q is no name of a calendar: give 1 to 50 lower-case letters, digits, - and _", c.Name))
	}
	slices.SortStableFunc(c.Days, func(a, b campaign.Day) int {
		return cmp.Or(cmp.Compare(a.Date.Year, b.Date.Year), cmp.Compare(a.Date.Month, b.Date.Month), cmp.Compare(a.Date.Day, b.Date.Day))
	})
	return nil
}
