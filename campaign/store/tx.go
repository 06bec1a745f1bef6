package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"
)

// queries is what runs statements: a transaction, or the pool itself.
type queries interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
	PrepareContext(ctx context.Context, query string) (*sql.Stmt, error)
}

// tx is one transaction with one now.
type tx struct {
	queries
	conn  *sql.Conn // its connection; nil: of a single statement
	ctx   context.Context
	d     *dialect
	now   time.Time
	clock func() time.Time
	rules Rules
	known *campaignCache

	readOnly bool
	days     *calendarCache

	gathering bool
	unsent    []statement
	late      bool        // it is begun with its first statements and ended with its last
	pending   []statement // of such a one: sent with the next that is waited for
}

// write runs fn in one transaction, again if it lost against another. fn must not keep anything from a run that
// failed. Errors are wrapped with what.
func (s *Store) write(ctx context.Context, what string, fn func(*tx) error) error {
	return s.writeOn(ctx, s.writer, what, fn)
}

// writeOn is write on connections of the caller's choice.
func (s *Store) writeOn(ctx context.Context, db *sql.DB, what string, fn func(*tx) error) error {
	return s.inTime(ctx, what, func(ctx context.Context) error { return s.once(ctx, db, nil, fn) })
}

// writeCalls is write on the connections of calls, in as few ways to the database and back as may be.
func (s *Store) writeCalls(ctx context.Context, what string, fn func(*tx) error) error {
	if s.pool == nil || isAtLength(ctx) {
		return s.writeOn(ctx, s.groups.db, what, fn)
	}
	return s.inTime(ctx, what, func(ctx context.Context) error { return s.inFlights(ctx, s.groups.db, beginText, fn) })
}

// readTogether is read, in as few ways to the database and back as may be: what fn does not wait for is read when it is done.
func (s *Store) readTogether(ctx context.Context, what string, fn func(*tx) error) error {
	if s.pool == nil || isAtLength(ctx) {
		return s.read(ctx, what, fn)
	}
	return s.inTime(ctx, what, func(ctx context.Context) error { return s.inFlights(ctx, s.reader, snapshotText, fn) })
}

// read runs fn in one read-only transaction: all its statements see one state of the record.
func (s *Store) read(ctx context.Context, what string, fn func(*tx) error) error {
	opt := &sql.TxOptions{ReadOnly: true}
	if s.pool != nil {
		opt.Isolation = sql.LevelRepeatableRead
	}
	return s.inTime(ctx, what, func(ctx context.Context) error { return s.once(ctx, s.reader, opt, fn) })
}

// peek runs fn without a transaction, for reads of one statement: one way to the database and back instead of three.
func (s *Store) peek(ctx context.Context, what string, fn func(*tx) error) error {
	n := s.begun(ctx, s.reader)
	n.d = s.d.unlocked()
	return s.told(ctx, what, fn(n))
}

func (s *Store) once(ctx context.Context, db *sql.DB, opt *sql.TxOptions, fn func(*tx) error) error {
	known := s.kept(db)
	var missed []string
	err := s.onceOn(ctx, db, opt, func(n *tx, t *sql.Tx) error {
		if known == nil {
			return fn(n)
		}
		r := &rememberedTx{Tx: t, known: known}
		n.queries = r
		err := fn(n)
		missed = r.missed
		return err
	})
	if err == nil && len(missed) > 0 {
		known.learn(ctx, missed)
	}
	return err
}

func (s *Store) onceOn(ctx context.Context, db *sql.DB, opt *sql.TxOptions, fn func(*tx, *sql.Tx) error) error {
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	committing := false
	defer func() {
		if !committing {
			_ = conn.Close()
		}
	}()
	t, err := conn.BeginTx(s.lasting(ctx), opt)
	if err != nil {
		return &unbegun{err}
	}
	defer t.Rollback() // after a commit this does nothing
	n := s.begun(ctx, t)
	n.conn = conn
	if isAtLength(ctx) {
		if err := n.takeTime(); err != nil {
			return err
		}
	}
	if opt != nil && opt.ReadOnly {
		n.d, n.readOnly = s.d.unlocked(), true
	}
	if err := fn(n, t); err != nil {
		return err
	}
	committing = true
	return s.commit(ctx, conn, t, n.readOnly)
}

// kept are the statements that stay prepared for a pool; nil: its driver does that by itself.
func (s *Store) kept(db *sql.DB) *prepared {
	switch {
	case s.pool != nil:
		return nil
	case db == s.writer:
		return s.writes
	}
	return s.reads
}

func (s *Store) begun(ctx context.Context, q queries) *tx {
	n := &tx{queries: q, ctx: ctx, d: s.d, clock: s.Now, rules: s.rules, known: &s.known, days: &s.days}
	n.look()
	return n
}

// look reads the clock again: a transaction that waited for its rows takes the instant at which it had them.
func (t *tx) look() { t.now = t.clock().Truncate(time.Microsecond) }

// exec runs a statement and says how many rows it touched.
func (t *tx) exec(query string, args ...any) (int64, error) {
	r, err := t.ExecContext(t.ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

// lockWithin has the transaction wait so long at most for each lock. SQLite has none of rows.
func (t *tx) lockWithin(d time.Duration) error {
	if t.d.name != "postgres" {
		return nil
	}
	return t.soon(statement{query: fmt.Sprintf(`SET LOCAL lock_timeout = %d`, d.Milliseconds())})
}

// row reads one row; sql.ErrNoRows if there is none.
func (t *tx) row(query string, args []any, dest ...any) error {
	return t.QueryRowContext(t.ctx, query, args...).Scan(dest...)
}

// each calls scan for every row.
func (t *tx) each(query string, args []any, scan func(*sql.Rows) error) error {
	rows, err := t.QueryContext(t.ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// js is a value as JSON text, for set parameters and JSON columns. What the store writes is always encodable.
func js(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("store: %T is not JSON: %v", v, err))
	}
	return string(b)
}
