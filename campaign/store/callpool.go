package store

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// CallSettings are the settings of the PostgreSQL connections on which calls are claimed and recorded. Their statements find
// a few rows by index, always. Of a table that was not analysed since it grew PostgreSQL believes otherwise, reads all of
// it for every batch, and keeps to that plan until it looks again: of a record a minute old each statement took up to ten
// times as long.
const CallSettings = "SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; " +
	"SET plan_cache_mode = force_generic_plan; SET jit = off"

// callConnsMost is how many connections calls have of their own: for the committers, the dispatcher's batches and requests
// that are committed alone.
const callConnsMost = 4

// callConns are the connections on which calls are claimed and recorded. SQLite has one writer for all.
type callConns struct {
	db   *sql.DB
	pool *pgxpool.Pool // nil: they are the writer's
}

func (s *Store) openCallConns(ctx context.Context) (callConns, error) {
	if s.pool == nil {
		return callConns{db: s.writer}, nil
	}
	cfg := s.pool.Config()
	cfg.MaxConns, cfg.MinConns = min(cfg.MaxConns, callConnsMost), 0
	after := cfg.AfterConnect
	cfg.AfterConnect = func(ctx context.Context, c *pgx.Conn) error {
		if after != nil {
			if err := after(ctx, c); err != nil {
				return err
			}
		}
		if _, err := c.PgConn().Exec(ctx, CallSettings).ReadAll(); err != nil {
			return fmt.Errorf("set up a connection for calls: %w", err)
		}
		return nil
	}
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return callConns{}, fmt.Errorf("connections for calls: %w", err)
	}
	return callConns{s.connections(pool), pool}, nil
}

func (c *callConns) close() {
	if c.pool != nil {
		_ = c.db.Close() // its connections are the pool's
		closePool(c.pool)
	}
}
