package store

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// Options of Open. The zero value is useful.
type Options struct {
	Now      func() time.Time // what passes by the process's steady clock; nil: time.Now. On PostgreSQL the server's clock is added as an offset
	Wall     func() time.Time // what the machine says the time is; nil: as Now says. Tests set it as operators do
	MaxConns int              // PostgreSQL connections; 0: 16
	Log      *slog.Logger     // nil: discarded
	Rules    Rules            // what decides; a store without them only keeps
	// Migrations are further ones than the program's own, as migrations/ENGINE/NNNN_name.sql: tests of an upgrade have the
	// next version's. nil: none.
	Migrations fs.FS

	tune func(*pgxpool.Config) // tests listen in; nil: nobody does
}

// Store is the record.
type Store struct {
	d       *dialect
	writer  *sql.DB // SQLite: one connection, transactions begin with the write lock
	reader  *sql.DB // PostgreSQL: the same pool
	path    string  // SQLite's file; empty: in memory
	pool    *pgxpool.Pool
	pools   []*pgxpool.Pool // all there are
	lines   lifelines       // their connections
	bound   time.Duration   // of a transaction on them, unless it is at length
	dropped atomic.Int64    // when they were last dropped, Unix nanoseconds
	clock   *clock
	log     *slog.Logger
	rules   Rules
	known   campaignCache
	days    calendarCache
	groups  groups    // of the writes that are committed together
	writes  *prepared // of SQLite
	reads   *prepared
	backing sync.Mutex // held while a backup is made
	stop    context.CancelFunc
	done    sync.WaitGroup
}

// Open opens the record, creates or migrates its schema and refuses one that asks for a newer program. The URL is sqlite:///path/file.db,
// sqlite://:memory: (tests), or postgres://user@host/db. Close it when done.
func Open(ctx context.Context, url string, o Options) (*Store, error) {
	s := &Store{clock: newClock(o.Now, o.Wall), log: o.Log, rules: o.Rules.orRefuse()}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	s.lines.log = s.log
	var err error
	switch {
	case strings.HasPrefix(url, "sqlite://"):
		err = s.openSQLite(ctx, strings.TrimPrefix(url, "sqlite://"))
	case strings.HasPrefix(url, "postgres://"), strings.HasPrefix(url, "postgresql://"):
		err = s.openPostgres(ctx, url, o.MaxConns, o.tune)
	default:
		err = fmt.Errorf("%q is no database URL: give sqlite:///path/file.db or postgres://user@host/db", url)
	}
	if err != nil {
		s.Close() //nolint:errcheck // why it could not open says more
		return nil, s.unopened(err)
	}
	if err := s.start(ctx, o.Migrations); err != nil {
		s.Close() //nolint:errcheck // why it could not start says more
		return nil, s.unopened(err)
	}
	return s, nil
}

func (s *Store) start(ctx context.Context, further fs.FS) error {
	if err := s.measureClock(ctx); err != nil {
		return err
	}
	if err := s.migrate(ctx, further); err != nil {
		return err
	}
	bg, cancel := context.WithCancel(context.Background())
	s.stop = cancel
	if err := s.startGroups(bg); err != nil {
		return err
	}
	if err := s.openPartitions(ctx); err != nil {
		return err
	}
	s.done.Go(func() { s.followClock(bg) })
	if s.pool != nil {
		s.done.Go(func() { s.lines.watch(bg) })
	}
	return nil
}

// Close ends the store's work and closes the database.
func (s *Store) Close() error {
	if s.stop != nil {
		s.stop()
	}
	s.done.Wait()
	s.groups.close()
	var err error
	if s.reader != nil && s.reader != s.writer {
		err = s.reader.Close()
	}
	if s.writer != nil {
		if e := s.writer.Close(); err == nil {
			err = e
		}
	}
	if s.pool != nil {
		closePool(s.pool)
	}
	return err
}

// Engine is "sqlite" or "postgres".
func (s *Store) Engine() string { return s.d.name }

// Ping says whether the database answers.
func (s *Store) Ping(ctx context.Context) error { return s.reader.PingContext(ctx) }

// us is an instant as the record keeps it: UTC microseconds, 0 for the zero time.
func us(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// fromUS is the inverse of us.
func fromUS(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.UnixMicro(n).UTC()
}
