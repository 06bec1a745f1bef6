package chaos

import (
	"context"
	"database/sql"
	"math/rand/v2"
	"time"
)

// failOver is felt when a node that is well answers that the record is away.
func (w *world) failOver(*rand.Rand) int64 {
	before := w.count.failed.Load()
	w.db.Stop()
	felt := until(300*time.Millisecond, feelMost, func() int64 { return w.count.failed.Load() - before })
	if err := w.standby.Promote(); err != nil {
		w.breach(0, "%v", err)
	}
	return felt
}

// endSessions ends every connection of the nodes, wherever they are in a transaction. How many there were counts: a node
// may connect again without anybody's hearing of it.
func (w *world) endSessions(*rand.Rand) (ended int64) {
	ctx, cancel := context.WithTimeout(context.Background(), lookFor)
	defer cancel()
	_ = w.sql.QueryRowContext(ctx, `SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
		WHERE backend_type = 'client backend' AND application_name <> $1`, outsider).Scan(&ended) // away: 0
	return ended
}

// fillPostgres takes every connection that there is, and those of the nodes as they end. It is felt when a node that is
// well answers that the record is away.
func (w *world) fillPostgres(rng *rand.Rand) int64 {
	ctx, cancel := context.WithTimeout(context.Background(), lookFor+feelMost)
	defer cancel()
	var taken []*sql.Conn
	defer func() {
		for _, c := range taken {
			c.Close()
		}
		w.sql.SetMaxIdleConns(2)
	}()
	w.sql.SetMaxIdleConns(0) // what is let go is ended
	before := w.count.failed.Load()
	felt := func() int64 { return w.count.failed.Load() - before }
	for felt() == 0 && ctx.Err() == nil {
		c, err := w.sql.Conn(ctx)
		if err == nil {
			taken = append(taken, c)
			continue
		}
		if len(taken) == 0 {
			return 0
		}
		_, _ = taken[0].ExecContext(ctx, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
			WHERE backend_type = 'client backend' AND application_name <> $1`, outsider)
	}
	pause(time.Duration(rng.IntN(1000)) * time.Millisecond)
	return felt()
}

// holdRows holds leads in agents' hands and their sessions for longer than a statement waits for a lock. It is felt by
// the statements that wait for it.
func (w *world) holdRows(*rand.Rand) (felt int64) {
	w.inTransaction(sql.LevelDefault, func(ctx context.Context, t *sql.Tx, me int) error {
		if !await(lookFor, func() bool { return w.holdSome(ctx, t) > 0 }) {
			return nil // nobody has a call in hand
		}
		held := time.Now()
		felt = until(0, lookFor, func() int64 { return w.waitFor(ctx, me) })
		pause(4*time.Second - time.Since(held))
		return nil
	})
	return felt
}

// holdSome locks up to three calls in hand with their sessions and returns how many.
func (w *world) holdSome(ctx context.Context, t *sql.Tx) (n int) {
	_ = t.QueryRowContext(ctx, `SELECT count(*) FROM (SELECT 1 FROM sessions s JOIN leads l ON l.assignment_id = s.assignment_id
		WHERE s.assignment_id > 0 ORDER BY s.agent_id LIMIT 3 FOR UPDATE) AS held`).Scan(&n) // away: 0
	return n
}

// holdSnapshot stands on what the record was for a while, in a transaction that has written, too: nothing that dies may be
// cleared away, and whoever numbers events by the oldest transaction there is would wait for this one. It is felt when
// events that were made since are numbered nevertheless.
func (w *world) holdSnapshot(*rand.Rand) (felt int64) {
	w.inTransaction(sql.LevelRepeatableRead, func(ctx context.Context, t *sql.Tx, _ int) error {
		if _, err := t.ExecContext(ctx, `SELECT pg_current_xact_id()`); err != nil {
			return err
		}
		var last int64
		err := t.QueryRowContext(ctx, `SELECT GREATEST((SELECT max(id) FROM events), (SELECT max(id) FROM outbox), 0)`).Scan(&last)
		if err == nil {
			felt = until(2*time.Second, 2*lookFor, func() int64 { return w.numberedSince(ctx, last) })
		}
		return err
	})
	return felt
}

// numberedSince is how many events behind that one have their place in the stream.
func (w *world) numberedSince(ctx context.Context, id int64) (n int64) {
	_ = w.sql.QueryRowContext(ctx, `SELECT count(*) FROM events WHERE id > $1`, id).Scan(&n) // away: 0
	return n
}

// deadlock locks numbers first and then sessions, while nodes lock sessions first: who began to wait first finds out, and
// that is a node, for the other waits without looking. It is felt when PostgreSQL counts one. A node that is hung may hold
// those rows meanwhile: it is looked for longer than that lasts.
func (w *world) deadlock(*rand.Rand) int64 {
	before := w.deadlocks()
	felt := int64(0)
	await(2*lookFor, func() bool {
		w.inTransaction(sql.LevelDefault, func(ctx context.Context, t *sql.Tx, me int) error {
			for _, q := range []string{`SET LOCAL deadlock_timeout = '1min'`, `SET LOCAL lock_timeout = '5s'`,
				`SELECT 1 FROM subjects WHERE id IN (SELECT n.subject_id FROM lead_numbers n JOIN leads l ON l.id = n.lead_id WHERE l.assignment_id > 0) FOR UPDATE`} {
				if _, err := t.ExecContext(ctx, q); err != nil {
					return err
				}
			}
			if !await(2*time.Second, func() bool { return w.waitFor(ctx, me) > 0 }) {
				return nil
			}
			_, err := t.ExecContext(ctx, `SELECT 1 FROM sessions ORDER BY agent_id FOR UPDATE`)
			return err
		})
		return await(2*time.Second, func() bool { felt = w.deadlocks() - before; return felt > 0 })
	})
	return felt
}

// inTransaction does something in a transaction that is undone. me is its process.
func (w *world) inTransaction(level sql.IsolationLevel, do func(ctx context.Context, t *sql.Tx, me int) error) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*lookFor)
	defer cancel()
	t, err := w.sql.BeginTx(ctx, &sql.TxOptions{Isolation: level})
	if err != nil {
		return // away, and so nothing is felt
	}
	defer func() { _ = t.Rollback() }()
	var me int
	if err := t.QueryRowContext(ctx, `SELECT pg_backend_pid()`).Scan(&me); err == nil {
		_ = do(ctx, t, me) // refused a lock, or away: what was felt counts
	}
}

// waitFor is how many wait for a lock of a process.
func (w *world) waitFor(ctx context.Context, process int) (n int64) {
	_ = w.sql.QueryRowContext(ctx, `SELECT count(*) FROM pg_locks l WHERE NOT l.granted AND $1 = ANY (pg_blocking_pids(l.pid))`, process).Scan(&n)
	return n
}

// deadlocks is how many PostgreSQL has counted in this record.
func (w *world) deadlocks() (n int64) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = w.sql.QueryRowContext(ctx, `SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()`).Scan(&n)
	return n
}
