package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"redial/campaign"
)

// KeepWebSession keeps a new session under the hash of its secret id. Of one caller at most so many are kept: the oldest
// make room.
func (s *Store) KeepWebSession(ctx context.Context, id string, w campaign.WebSession, most int) error {
	return s.write(ctx, "keep a session of the pages", func(t *tx) error {
		if _, err := t.exec(`DELETE FROM web_sessions WHERE ends_at <= $1`, us(t.now)); err != nil {
			return err
		}
		if w.BeganAt.IsZero() {
			w.BeganAt = t.now
		}
		_, err := t.exec(`INSERT INTO web_sessions (hash, token_id, owner, body, began_at, ends_at) VALUES ($1, $2, $3, $4, $5, $6)`,
			campaign.HashSecret(id), w.Caller.Token, whoseSession(&w.Caller), js(w), us(w.BeganAt), us(w.EndsAt))
		if err != nil {
			return err
		}
		_, err = t.exec(`DELETE FROM web_sessions WHERE hash IN (SELECT hash FROM web_sessions WHERE token_id = $1 AND owner = $2
			ORDER BY began_at DESC, hash LIMIT 1000 OFFSET $3)`, w.Caller.Token, whoseSession(&w.Caller), most)
		return err
	})
}

// ChangeWebSession changes what a session is, as long as it goes on. Error: KindStranger when it is over; it stays over.
func (s *Store) ChangeWebSession(ctx context.Context, id string, w campaign.WebSession) error {
	return s.write(ctx, "change a session of the pages", func(t *tx) error {
		n, err := t.exec(`UPDATE web_sessions SET body = $1 WHERE hash = $2 AND ends_at > $3`, js(w), campaign.HashSecret(id), us(t.now))
		if err == nil && n == 0 {
			return sessionOver()
		}
		return err
	})
}

// whoseSession is the owner of sessions that count together. A token's or a person's own count by its id.
func whoseSession(c *campaign.Caller) string {
	if c.Token != 0 {
		return "-"
	}
	return c.Owner
}

// WebSession is the session with this secret id, with the caller as its token lets it in now. Errors: KindStranger when it
// is over, or its token is not in force.
func (s *Store) WebSession(ctx context.Context, id string) (w campaign.WebSession, err error) {
	var body string
	row := s.reader.QueryRowContext(ctx, `SELECT body, began_at, ends_at FROM web_sessions WHERE hash = $1`, campaign.HashSecret(id))
	err = row.Scan(&body, usTime{&w.BeganAt}, usTime{&w.EndsAt})
	began, ends := w.BeganAt, w.EndsAt
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return campaign.WebSession{}, sessionOver()
	case err != nil:
		return campaign.WebSession{}, doing("look up a session of the pages", err)
	}
	if err := json.Unmarshal([]byte(body), &w); err != nil {
		return campaign.WebSession{}, fmt.Errorf("look up a session of the pages: %w", err)
	}
	w.BeganAt, w.EndsAt = began, ends
	if !s.Now().Before(ends) {
		return campaign.WebSession{}, sessionOver()
	}
	if w.Caller.Token <= 0 {
		return w, nil
	}
	tok, err := scanToken(s.reader.QueryRowContext(ctx, `SELECT `+tokenColumns+` FROM tokens WHERE id = $1`, w.Caller.Token))
	switch {
	case errors.Is(err, sql.ErrNoRows), err == nil && !tok.InForce(s.Now()):
		return campaign.WebSession{}, sessionOver()
	case err != nil:
		return campaign.WebSession{}, doing("look up a session of the pages", err)
	}
	w.Caller = tok.Caller()
	return w, nil
}

func sessionOver() error {
	return &campaign.Error{Kind: campaign.KindStranger, Message: "this session is over: sign in again"}
}

// EndWebSession ends a session; again it changes nothing.
func (s *Store) EndWebSession(ctx context.Context, id string) error {
	return s.write(ctx, "end a session of the pages", func(t *tx) error {
		n, err := t.exec(`DELETE FROM web_sessions WHERE hash = $1`, campaign.HashSecret(id))
		if err != nil || n == 0 {
			return err
		}
		return t.audit("sign_out", "", nil, nil, "")
	})
}

// EndWebSessions ends every session of a caller, wherever it began, and says how many there were.
func (s *Store) EndWebSessions(ctx context.Context, c campaign.Caller) (n int, err error) {
	err = s.write(ctx, "end a caller's sessions of the pages", func(t *tx) error {
		ended, err := t.exec(`DELETE FROM web_sessions WHERE token_id = $1 AND owner = $2`, c.Token, whoseSession(&c))
		if n = int(ended); err != nil || n == 0 {
			return err
		}
		return t.audit("sign_out_everywhere", fmt.Sprint("sessions of ", c.Owner), nil, map[string]int{"sessions": n}, "")
	})
	return n, err
}

// EndWebSessionsOf ends every session of the callers with this owner, by whichever token or account they signed in, and
// says how many there were.
func (s *Store) EndWebSessionsOf(ctx context.Context, owner string) (n int, err error) {
	err = s.write(ctx, "end somebody's sessions of the pages", func(t *tx) error {
		n = 0
		all, err := t.sessionsOf(owner)
		if err != nil || len(all) == 0 {
			return err
		}
		for _, hash := range all {
			ended, err := t.exec(`DELETE FROM web_sessions WHERE hash = $1`, hash)
			if err != nil {
				return err
			}
			n += int(ended)
		}
		if n == 0 {
			return nil
		}
		return t.audit("end_sessions", fmt.Sprint("sessions of ", owner), nil, map[string]int{"sessions": n}, "")
	})
	return n, err
}

// sessionsOf are the hashes of an owner's sessions.
func (t *tx) sessionsOf(owner string) (all []string, err error) {
	err = t.each(`SELECT hash, body FROM web_sessions`, nil, func(r *sql.Rows) error {
		var hash, body string
		if err := r.Scan(&hash, &body); err != nil {
			return err //nolint:wrapcheck // by each
		}
		var w campaign.WebSession
		if err := json.Unmarshal([]byte(body), &w); err != nil {
			return fmt.Errorf("read a session of the pages: %w", err)
		}
		if w.Caller.Owner == owner {
			all = append(all, hash)
		}
		return nil
	})
	return all, err
}
