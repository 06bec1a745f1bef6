package store

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"
	"time"
)

//go:embed migrations
var migrations embed.FS

type migration struct {
	version   int
	name, sql string
}

func (m migration) sum() string {
	h := sha256.Sum256([]byte(m.sql))
	return hex.EncodeToString(h[:])
}

// SchemaVersion is the newest schema that this program knows.
func SchemaVersion() int {
	ms, err := load("sqlite")
	if err != nil || len(ms) == 0 {
		return 0
	}
	return ms[len(ms)-1].version
}

func load(engine string) ([]migration, error) {
	names, err := fs.Glob(migrations, path.Join("migrations", engine, "*.sql"))
	if err != nil {
		return nil, err
	}
	out := make([]migration, 0, len(names))
	for _, n := range names {
		text, err := migrations.ReadFile(n)
		if err != nil {
			return nil, err
		}
		base := path.Base(n)
		number, _, _ := strings.Cut(base, "_")
		v, err := strconv.Atoi(number)
		if err != nil {
			return nil, fmt.Errorf("migration %s has no number", base)
		}
		out = append(out, migration{version: v, name: base, sql: string(text)})
	}
	return out, nil
}

// migrate brings the schema forward, one transaction a step; nodes starting together wait for one another.
func (s *Store) migrate(ctx context.Context) error {
	steps, err := load(s.d.name)
	if err != nil {
		return err
	}
	return s.write(ctx, "migrate the schema", func(t *tx) error {
		if t.d.name == "postgres" {
			if _, err := t.exec(`SELECT pg_advisory_xact_lock(7265646961)`); err != nil {
				return err
			}
		}
		if _, err := t.exec(`CREATE TABLE IF NOT EXISTS schema_migrations (
			version INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at BIGINT NOT NULL)`); err != nil {
			return err
		}
		return t.apply(steps)
	})
}

func (t *tx) apply(steps []migration) error {
	done, newest, err := t.applied()
	if err != nil {
		return err
	}
	if known := steps[len(steps)-1].version; newest > known {
		return fmt.Errorf("the schema is version %d and this program knows up to %d: start a newer program", newest, known)
	}
	for _, m := range steps {
		sum, ok := done[m.version]
		if ok && sum != m.sum() {
			return fmt.Errorf("migration %s was changed after it had been applied", m.name)
		}
		if ok {
			continue
		}
		if _, err := t.exec(m.sql); err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
		if _, err := t.exec(`INSERT INTO schema_migrations (version, name, checksum, applied_at) VALUES ($1, $2, $3, $4)`,
			m.version, m.name, m.sum(), us(t.now)); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) applied() (sums map[int]string, newest int, err error) {
	rows, err := t.QueryContext(t.ctx, `SELECT version, checksum FROM schema_migrations ORDER BY version`)
	if err != nil {
		return nil, 0, err
	}
	defer rows.Close()
	sums = make(map[int]string)
	for rows.Next() {
		var sum string
		if err := rows.Scan(&newest, &sum); err != nil {
			return nil, 0, err
		}
		sums[newest] = sum
	}
	return sums, newest, rows.Err()
}

// partitioned are the append-only tables that PostgreSQL keeps by month.
var partitioned = []string{"attempts", "agent_states", "events"}

// ensurePartitions makes this month's partition and the next three. A month whose rows already went to the rest
// keeps them there.
func (s *Store) ensurePartitions(ctx context.Context) error {
	if s.pool == nil {
		return nil
	}
	now := s.Now()
	first := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, time.UTC)
	for _, table := range partitioned {
		for i := range 4 {
			from := first.AddDate(0, i, 0)
			if err := s.ensurePartition(ctx, table, from); err != nil {
				return fmt.Errorf("make the partition of %s for %s: %w", table, from.Format("2006-01"), err)
			}
		}
	}
	return nil
}

func (s *Store) ensurePartition(ctx context.Context, table string, from time.Time) error {
	name := table + from.Format("_2006_01")
	to := from.AddDate(0, 1, 0)
	column := "at"
	if table == "attempts" {
		column = "placed_at"
	}
	return s.write(ctx, "partition", func(t *tx) error {
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
