package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
)

// Bounds of what callers wait for on PostgreSQL. Its own defaults are none, so that whoever met a lock that somebody forgot,
// or a machine that is gone, would wait for ever. Those of the server are parameters of each connection; the database URL may
// give others by the same names.
const (
	defaultConns = 16

	connectTime   = 2 * time.Second  // of one host; connect_timeout in the URL
	acquireTime   = 3 * time.Second  // until a connection is free, connecting included
	pingTime      = 2 * time.Second  // of a connection that was idle for a second, before it is used
	lockTime      = 2 * time.Second  // lock_timeout: a transaction of ours takes milliseconds
	statementTime = 10 * time.Second // statement_timeout: the slowest of a call takes a tenth of a second
	idleTime      = 15 * time.Second // idle_in_transaction_session_timeout: what a node that stood still held is free again
	writeTime     = 12 * time.Second // of a whole transaction, its commit included, which waits for synchronous standbys

	closeTime = 5 * time.Second // when the store closes

	// The same of work at length: imports, plans made anew, audits, reports, undoing, retention.
	longLockTime      = 15 * time.Second
	longStatementTime = time.Hour
	longIdleTime      = 10 * time.Minute
)

func (s *Store) openPostgres(ctx context.Context, url string, conns int, tune func(*pgxpool.Config)) error {
	s.d, s.bound = postgresDialect, writeTime
	cfg, err := pgxpool.ParseConfig(url)
	if err != nil {
		return fmt.Errorf("the database URL cannot be read: %w", err)
	}
	if conns == 0 {
		conns = defaultConns
	}
	cfg.MaxConns = int32(conns)
	cfg.PingTimeout = pingTime
	bound(cfg.ConnConfig)
	s.lines.guard(cfg.ConnConfig)
	if tune != nil {
		tune(cfg)
	}
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return err
	}
	s.pool = pool
	s.writer = s.connections(pool)
	s.reader = s.writer
	if err := s.writer.PingContext(ctx); err != nil {
		return err
	}
	return s.askVacuum(ctx)
}

// vacuumEvery is how often a server should look for what autovacuum has to do at most. At 2,000 calls a second its default
// of a minute leaves 120,000 dead entries in each index of the claim before it comes: they grow to four times their size.
const vacuumEvery = 15 * time.Second

// askVacuum warns of a server whose autovacuum comes too seldom for a busy floor, or never.
func (s *Store) askVacuum(ctx context.Context) error {
	var on bool
	var seconds int
	err := s.writer.QueryRowContext(ctx, `SELECT current_setting('autovacuum')::boolean, setting::int FROM pg_settings WHERE name = 'autovacuum_naptime'`).Scan(&on, &seconds)
	if err != nil {
		return fmt.Errorf("read how often the database clears away what is dead: %w", err)
	}
	if nap := time.Duration(seconds) * time.Second; !on || nap > vacuumEvery {
		s.log.WarnContext(ctx, "PostgreSQL clears away dead rows too seldom for a busy floor, whose indexes will swell: set autovacuum on and autovacuum_naptime to 10s",
			"autovacuum", on, "autovacuum_naptime", nap)
	}
	return nil
}

// bound sets what the URL does not say.
func bound(cfg *pgx.ConnConfig) {
	cfg.DefaultQueryExecMode = pgx.QueryExecModeCacheStatement
	if cfg.ConnectTimeout == 0 {
		cfg.ConnectTimeout = connectTime
	}
	if cfg.ValidateConnect == nil { // target_session_attrs: a standby is passed over
		cfg.ValidateConnect = pgconn.ValidateConnectTargetSessionAttrsReadWrite
	}
	for name, d := range map[string]time.Duration{
		"lock_timeout": lockTime, "statement_timeout": statementTime, "idle_in_transaction_session_timeout": idleTime,
	} {
		if _, ok := cfg.RuntimeParams[name]; !ok {
			cfg.RuntimeParams[name] = milliseconds(d)
		}
	}
}

func milliseconds(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

// connections are a pool's, for database/sql. They are waited for acquireTime at most, and dropped when one of them tells
// that the server went.
func (s *Store) connections(pool *pgxpool.Pool) *sql.DB {
	s.pools = append(s.pools, pool)
	db := sql.OpenDB(impatient{stdlib.GetPoolConnector(pool)})
	db.SetMaxIdleConns(0) // the pool keeps them
	return db
}

// impatient is a connector that gives up in time.
type impatient struct{ driver.Connector }

// Connect gives a free connection; errBusy if there is none in time.
func (c impatient) Connect(ctx context.Context) (driver.Conn, error) {
	within, cancel := context.WithTimeout(ctx, acquireTime)
	defer cancel()
	conn, err := c.Connector.Connect(within)
	if err != nil && within.Err() != nil && ctx.Err() == nil {
		return nil, fmt.Errorf("%w: %v", errBusy, err) //nolint:errorlint // its deadline is none of the caller's
	}
	return conn, err
}

// heard looks at an error for what it says of the connections. When the server went or was demoted, those that are open
// are dropped all at once: they would fail one after the other.
func (s *Store) heard(err error) {
	if !severed(err) {
		return
	}
	now := time.Now().UnixNano()
	if was := s.dropped.Load(); now-was < int64(time.Second) || !s.dropped.CompareAndSwap(was, now) {
		return // the others that failed with it
	}
	for _, p := range s.pools {
		p.Reset()
	}
}

// severed says whether an error means that the other connections are of no use either.
func severed(err error) bool {
	switch troubleOf(err) { //nolint:exhaustive // the others say nothing of the connections
	case demoted:
		return true
	case absent:
		e, ok := errors.AsType[*pgconn.PgError](err)
		return !errors.Is(err, errBusy) && !errors.Is(err, errClosed) && (!ok || e.Code[:2] != "53")
	}
	return false
}

type lengthKey struct{}

// atLength gives the transactions that run with the context the bounds of long work.
func atLength(ctx context.Context) context.Context { return context.WithValue(ctx, lengthKey{}, true) }

func isAtLength(ctx context.Context) bool { return ctx.Value(lengthKey{}) != nil }

// takeAllTime lifts the bounds of what runs on this connection, without a transaction, until restore.
func (t *tx) takeAllTime() (restore func(), err error) {
	_, err = t.exec(`SET lock_timeout = 0; SET statement_timeout = 0`)
	return func() { _, _ = t.exec(`RESET lock_timeout; RESET statement_timeout`) }, err // a connection that is gone has none
}

// takeTime gives this transaction the bounds of long work.
func (t *tx) takeTime() error {
	if t.d.name != "postgres" {
		return nil
	}
	return t.one(longBounds())
}

// longBounds sets the bounds of long work for the transaction that it runs in.
func longBounds() statement {
	return statement{`SELECT set_config('lock_timeout', $1, true), set_config('statement_timeout', $2, true),
		set_config('idle_in_transaction_session_timeout', $3, true)`,
		[]any{milliseconds(longLockTime), milliseconds(longStatementTime), milliseconds(longIdleTime)}, func(scanner) error { return nil }}
}

// lasting is the context of a transaction as a whole. On PostgreSQL its end would cancel a commit that waits for a
// synchronous standby, and a commit that is cancelled is seen by all though no standby has it: whoever asked again would be
// told that it was done, and a fail-over would lose it. Each statement has the caller's own context.
func (s *Store) lasting(ctx context.Context) context.Context {
	if s.pool == nil {
		return ctx
	}
	return context.WithoutCancel(ctx)
}

// commit ends a transaction and gives its connection back. When the caller's time ends first the commit is left to itself:
// nobody knows yet what becomes of it, and it holds its rows until that is known.
func (s *Store) commit(ctx context.Context, conn *sql.Conn, t *sql.Tx, readOnly bool) error {
	if s.pool == nil || readOnly {
		defer conn.Close()
		return t.Commit()
	}
	if ctx.Err() != nil {
		defer conn.Close()
		return errors.Join(context.Cause(ctx), t.Rollback())
	}
	ended := make(chan error, 1)
	go func() {
		err := t.Commit()
		_ = conn.Close()
		ended <- err
	}()
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

// closePool closes a pool, and leaves to themselves the commits that are still waited for then.
func closePool(p *pgxpool.Pool) {
	closed := make(chan struct{})
	go func() {
		p.Close()
		close(closed)
	}()
	select {
	case <-closed:
	case <-time.After(closeTime):
	}
}
