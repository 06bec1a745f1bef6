package store

import (
	"context"
	"fmt"
	"time"
)

// partitioned are the append-only tables that PostgreSQL keeps by month.
var partitioned = []string{"attempts", "agent_states", "events"}

// ensurePartitions makes this month's partition and the next three. A month whose rows already went to the rest
// keeps them there.
func (s *Store) ensurePartitions(ctx context.Context) error {
	return s.partitions(ctx, reshapeTries, nil)
}

// openPartitions is the same for a node that starts: what it cannot have now is made by the next Housekeep, as long as the rows
// have somewhere to go meanwhile.
func (s *Store) openPartitions(ctx context.Context) error {
	return s.partitions(ctx, 1, func(table string, from time.Time, err error) error {
		if !lockedOut(err) {
			return err
		}
		var taken bool
		if e := s.peek(ctx, "look where rows go", func(t *tx) error {
			return t.row(`SELECT to_regclass($1) IS NOT NULL OR to_regclass($2) IS NOT NULL`, []any{monthOf(table, from), table + "_rest"}, &taken)
		}); e != nil || !taken {
			return err
		}
		s.log.WarnContext(ctx, "the partition of a month could not be made: something holds its table; it is made within a day",
			"table", table, "month", from.Format("2006-01"), "error", err)
		return nil
	})
}

// partitions makes the partitions; excuse may say that one need not be, then the table's others wait, too. nil: all must be.
func (s *Store) partitions(ctx context.Context, tries int, excuse func(table string, from time.Time, err error) error) error {
	if s.pool == nil {
		return nil
	}
	now := s.Now()
	first := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, time.UTC)
	for _, table := range partitioned {
		for i := range 4 {
			from := first.AddDate(0, i, 0)
			err := s.ensurePartition(ctx, tries, table, from)
			excused := err != nil && excuse != nil
			if excused {
				err = excuse(table, from, err)
			}
			if err != nil {
				return fmt.Errorf("make the partition of %s for %s: %w", table, from.Format("2006-01"), err)
			}
			if excused {
				break
			}
		}
	}
	return nil
}

func monthOf(table string, from time.Time) string { return table + from.Format("_2006_01") }

func (s *Store) ensurePartition(ctx context.Context, tries int, table string, from time.Time) error {
	name := monthOf(table, from)
	to := from.AddDate(0, 1, 0)
	column := "at"
	if table == "attempts" {
		column = "placed_at"
	}
	var have bool
	err := s.peek(ctx, "look for a partition", func(t *tx) error { return t.row(`SELECT to_regclass($1) IS NOT NULL`, []any{name}, &have) })
	if err != nil || have {
		return err
	}
	return s.reshape(ctx, "make a partition", tries, func(t *tx) error {
		if _, err := t.exec(`SELECT pg_advisory_xact_lock(7265646962)`); err != nil {
			return err
		}
		var there, strayed bool
		if err := t.row(`SELECT to_regclass($1) IS NOT NULL`, []any{name}, &there); err != nil || there {
			return err
		}
		q := fmt.Sprintf(`SELECT EXISTS (SELECT 1 FROM %s_rest WHERE %s >= $1 AND %s < $2)`, table, column, column)
		if err := t.row(q, []any{us(from), us(to)}, &strayed); err != nil || strayed {
			return err
		}
		_, err := t.exec(fmt.Sprintf(`CREATE TABLE IF NOT EXISTS %s PARTITION OF %s FOR VALUES FROM (%d) TO (%d)`,
			name, table, us(from), us(to)))
		return err
	})
}

// reshapeTries is how often a change of tables asks for its locks, a pause apart.
const reshapeTries = 20

// reshape changes tables that are worked on. A change waits for everybody who uses its tables, and everybody who comes after it
// waits for the change: so it waits no longer than a migration does, and asks again after a pause.
func (s *Store) reshape(ctx context.Context, what string, tries int, fn func(*tx) error) error {
	for n := 1; ; n++ {
		err := s.write(atLength(ctx), what, func(t *tx) error {
			if err := t.lockWithin(migrateHold); err != nil {
				return err
			}
			return fn(t)
		})
		if !lockedOut(err) || n >= tries {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(migratePause):
		}
	}
}
