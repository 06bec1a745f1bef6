package store

import (
	"database/sql"
	"sync"

	"redial/campaign"
)

// calendarCache keeps calendars as they were last read: they are long and change seldom. Name and version tell them
// apart for ever.
type calendarCache struct{ m sync.Map }

// calendars reads calendars by name, which are shared with other transactions: nobody may change them. Those that are
// not there are missing.
func (t *tx) calendars(names []string) (map[string]*campaign.Calendar, error) {
	if len(names) == 0 {
		return nil, nil
	}
	look, rest := t.calendarStamps(names)
	if err := t.together(look); err != nil {
		return nil, err
	}
	return rest()
}

// calendarStamps looks whether the calendars are as they were last read; rest then gives them, read anew if not.
func (t *tx) calendarStamps(names []string) (_ statement, rest func() (map[string]*campaign.Calendar, error)) {
	out := make(map[string]*campaign.Calendar, len(names))
	stale := []string{}
	look := statement{`SELECT q.name, q.version FROM calendars q WHERE q.name ` + t.d.inText(1), []any{js(list(names))}, func(r scanner) error {
		var name string
		var version int64
		if err := r.Scan(&name, &version); err != nil {
			return err
		}
		if c, ok := t.days.m.Load(name); ok && c.(*campaign.Calendar).Version == version {
			out[name] = c.(*campaign.Calendar)
			return nil
		}
		stale = append(stale, name)
		return nil
	}}
	return look, func() (map[string]*campaign.Calendar, error) { return out, t.readCalendars(stale, out) }
}

func (t *tx) readCalendars(names []string, into map[string]*campaign.Calendar) error {
	if len(names) == 0 {
		return nil
	}
	return t.each(`SELECT `+calendarColumns+` FROM calendars q WHERE q.name `+t.d.inText(1), []any{js(names)}, func(r *sql.Rows) error {
		c, err := scanCalendar(r)
		if err != nil {
			return err
		}
		into[c.Name] = c
		t.days.m.Store(c.Name, c)
		return nil
	})
}
