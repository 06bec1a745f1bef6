package bench

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"
)

// locker is the peer that every queue on PostgreSQL is compared with: each caller takes one row with FOR UPDATE SKIP
// LOCKED and updates it, in a transaction of its own, and does nothing else.
type locker struct {
	db    database
	group int64
	conns []*pgx.Conn

	mu    sync.Mutex
	known map[int64]bool
}

const (
	lockOne = `SELECT id FROM leads WHERE group_id = $1 AND state = 'open' AND verdict = 'call' AND last_placed = 0
		ORDER BY priority DESC, id LIMIT 1 FOR UPDATE SKIP LOCKED`
	holdOne = `UPDATE leads SET state = 'held', assignment_id = id WHERE id = $1`
)

func openLocker(ctx context.Context, e *engine, w *world) (*locker, error) {
	db, err := e.copy(w.of)
	if err != nil {
		return nil, err
	}
	l := &locker{db: db, known: make(map[int64]bool)}
	c, err := l.conn(ctx)
	if err == nil {
		err = c.QueryRow(ctx, `SELECT min(group_id) FROM leads`).Scan(&l.group)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open the record for skip_locked: %w", err), l.close())
	}
	return l, nil
}

func (l *locker) conn(ctx context.Context) (*pgx.Conn, error) {
	c, err := pgx.Connect(ctx, l.db.url)
	if err == nil {
		l.conns = append(l.conns, c)
	}
	return c, err
}

// slice lets callers claim for a while, each over a connection of its own.
func (l *locker) slice(ctx context.Context, callers int, for_ time.Duration) (slice, error) {
	for len(l.conns) < callers {
		if _, err := l.conn(ctx); err != nil {
			return slice{}, fmt.Errorf("connect %d callers: %w", callers, err)
		}
	}
	warm, warming := errgroup.WithContext(ctx)
	for _, c := range l.conns[:callers] {
		warm.Go(func() error { return l.claim(warming, c) }) // its statements are prepared
	}
	if err := warm.Wait(); err != nil {
		return slice{}, err
	}
	until := time.Now().Add(for_)
	return inParallel(ctx, callers, func(ctx context.Context, i int, did func(time.Duration)) error {
		for n := 0; n == 0 || time.Now().Before(until); n++ {
			began := time.Now()
			if err := l.claim(ctx, l.conns[i]); err != nil {
				return err
			}
			did(time.Since(began))
		}
		return nil
	})
}

func (l *locker) claim(ctx context.Context, c *pgx.Conn) error {
	var id int64
	err := pgx.BeginFunc(ctx, c, func(t pgx.Tx) error {
		if err := t.QueryRow(ctx, lockOne, l.group).Scan(&id); err != nil {
			return err
		}
		_, err := t.Exec(ctx, holdOne, id)
		return err
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return errNoLeads
	}
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.known[id] {
		return fmt.Errorf("%w: lead %d was claimed twice", errWrong, id)
	}
	l.known[id] = true
	return nil
}

func (l *locker) close() error {
	var errs []error
	for _, c := range l.conns {
		errs = append(errs, c.Close(context.Background()))
	}
	return errors.Join(append(errs, l.db.drop())...)
}
