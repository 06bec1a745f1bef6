package store

import (
	"context"
	"database/sql"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// statement is one of several that go to the database together.
type statement struct {
	query string
	args  []any
	scan  func(scanner) error // for every row; nil: it gives none
}

// together runs statements in their order. On PostgreSQL they are sent at once: one way there and back, whatever their
// number. Each still sees what those before it did, and what others committed before it began.
func (t *tx) together(all ...statement) error {
	switch {
	case t.late:
		t.pending = append(t.pending, all...)
		return t.depart()
	case t.conn == nil || t.d.name != "postgres" || len(all) < 2:
		for _, s := range all {
			if err := t.one(s); err != nil {
				return err
			}
		}
		return nil
	}
	return t.fly(t.ctx, all)
}

// soon runs statements that nobody waits for, before the next that is waited for: now, or together with that one.
func (t *tx) soon(all ...statement) error {
	if t.late {
		t.pending = append(t.pending, all...)
		return nil
	}
	return t.together(all...)
}

// fly sends statements at once.
func (t *tx) fly(ctx context.Context, all []statement) error {
	return t.conn.Raw(func(c any) error {
		var b pgx.Batch
		for _, s := range all {
			b.Queue(s.query, s.args...)
		}
		r := c.(*stdlib.Conn).Conn().SendBatch(ctx, &b)
		defer r.Close() //nolint:errcheck // after an error; else it was closed with its error looked at
		for _, s := range all {
			if err := answer(r, s); err != nil {
				return err
			}
		}
		return r.Close()
	})
}

func answer(r pgx.BatchResults, s statement) error {
	if s.scan == nil {
		done, err := r.Exec()
		if err == nil && s.query == commitText && done.String() != "COMMIT" {
			return errUndone
		}
		return err
	}
	rows, err := r.Query()
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := s.scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

func (t *tx) one(s statement) error {
	if t.late {
		return t.together(s)
	}
	if s.scan == nil {
		_, err := t.exec(s.query, s.args...)
		return err
	}
	return t.each(s.query, s.args, func(r *sql.Rows) error { return s.scan(r) })
}

// gathered collects what fn writes by setRows and sends it together in the end, or by send; with the end of the transaction
// if that is to be and nothing of it is waited for.
func (t *tx) gathered(fn func() error) error {
	if t.gathering {
		return fn()
	}
	t.gathering = true
	defer func() { t.gathering, t.unsent = false, nil }()
	if err := fn(); err != nil {
		return err
	}
	if slices.ContainsFunc(t.unsent, func(s statement) bool { return s.scan != nil }) {
		return t.send()
	}
	return t.soon(t.unsent...)
}

// send sends what was gathered so far.
func (t *tx) send() error {
	all := t.unsent
	t.unsent = nil
	return t.together(all...)
}

// setRows runs a statement over rows given as parameter $1; nothing if there are none.
func setRows[T any](t *tx, query string, rows []T, more ...any) error {
	return setRowsBack(t, query, rows, nil, more...)
}

// setRowsBack is setRows for a statement that returns rows.
func setRowsBack[T any](t *tx, query string, rows []T, scan func(scanner) error, more ...any) error {
	if len(rows) == 0 {
		return nil
	}
	s := statement{query, append([]any{js(rows)}, more...), scan}
	if t.gathering {
		t.unsent = append(t.unsent, s)
		return nil
	}
	return t.one(s)
}
