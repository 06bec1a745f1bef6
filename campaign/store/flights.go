package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/jackc/pgx/v5/stdlib"
)

// What begins and ends a transaction on PostgreSQL whose beginning and end go to the database with its statements.
const (
	beginText    = "begin"
	snapshotText = "begin isolation level repeatable read read only"
	commitText   = "commit"
)

// undoTime bounds taking a transaction back; a connection that does not manage that is dropped.
const undoTime = 2 * time.Second

// errUndone says that the server answered a commit by taking the transaction back.
var errUndone = errors.New("the transaction was taken back instead of committed")

// inFlights runs fn in a transaction whose beginning goes to the database with its first statements, and whose end with
// its last: two ways there and back less. Nothing that fn does not wait for is sent before its end.
func (s *Store) inFlights(ctx context.Context, db *sql.DB, begin string, fn func(*tx) error) error {
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	n := s.begun(ctx, nil)
	n.conn, n.late, n.pending = conn, true, []statement{{query: begin}}
	n.queries = pendingFirst{n}
	if begin == snapshotText {
		n.d, n.readOnly = s.d.unlocked(), true
	}
	if err := fn(n); err != nil {
		n.undo()
		_ = conn.Close()
		return err
	}
	if len(n.pending) == 1 && n.pending[0].query == begin { // nothing was done
		return conn.Close()
	}
	return s.land(ctx, n)
}

// land sends what is left of a transaction with its end, and gives its connection back. As for commit, a writer whose time
// ends first leaves it to itself.
func (s *Store) land(ctx context.Context, t *tx) error {
	last := append(t.pending, statement{query: commitText})
	t.pending = nil
	if t.readOnly {
		return t.end(ctx, last)
	}
	if ctx.Err() != nil {
		t.undo()
		return errors.Join(context.Cause(ctx), t.conn.Close())
	}
	ended := make(chan error, 1)
	go func() { ended <- t.end(context.WithoutCancel(ctx), last) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	select {
	case err := <-ended:
		return err
	default:
		return context.Cause(ctx)
	}
}

// end sends the last statements of a transaction and gives its connection back.
func (t *tx) end(ctx context.Context, last []statement) error {
	err := t.fly(ctx, last)
	if err != nil {
		t.undo()
	}
	_ = t.conn.Close() // the pool drops it if it is of no use any more
	return err
}

// undo takes back what was begun.
func (t *tx) undo() {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.ctx), undoTime)
	defer cancel()
	_ = t.conn.Raw(func(c any) error { // a connection that is gone took it back
		if p := c.(*stdlib.Conn).Conn().PgConn(); !p.IsClosed() && p.TxStatus() != 'I' {
			_, err := p.Exec(ctx, "rollback").ReadAll()
			return err
		}
		return nil
	})
}

// depart sends what waits to go to the database with the next statement.
func (t *tx) depart() error {
	all := t.pending
	t.pending = nil
	if len(all) == 0 {
		return nil
	}
	err := t.fly(t.ctx, all)
	if err != nil && all[0].query == beginText && severed(err) {
		return &unbegun{err}
	}
	return err
}

// pendingFirst runs statements one by one, after those that wait to be sent.
type pendingFirst struct{ t *tx }

// before sends what waits. The connection is closed when that fails, so that nothing is done outside the transaction.
func (p pendingFirst) before() error {
	err := p.t.depart()
	if err != nil {
		_ = p.t.conn.Raw(func(c any) error { return c.(*stdlib.Conn).Conn().Close(p.t.ctx) })
	}
	return err
}

// ExecContext implements queries.
func (p pendingFirst) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if err := p.before(); err != nil {
		return nil, err
	}
	return p.t.conn.ExecContext(ctx, query, args...)
}

// QueryContext implements queries.
func (p pendingFirst) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if err := p.before(); err != nil {
		return nil, err
	}
	return p.t.conn.QueryContext(ctx, query, args...)
}

// QueryRowContext implements queries. When what waits cannot be sent the row's error is that of a closed connection.
func (p pendingFirst) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	_ = p.before()
	return p.t.conn.QueryRowContext(ctx, query, args...)
}

// PrepareContext implements queries.
func (p pendingFirst) PrepareContext(ctx context.Context, query string) (*sql.Stmt, error) {
	if err := p.before(); err != nil {
		return nil, err
	}
	return p.t.conn.PrepareContext(ctx, query)
}
