package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

//go:embed migrations
var migrations embed.FS

// migration is one step of the schema. The words that its text may begin with, each on a line of its own:
//
//	-- needs 7    programs that know fewer than 7 migrations no longer work on what it leaves. Without it any does:
//	              it only adds (expand), and nodes of both versions work side by side
//	-- apart      PostgreSQL runs it statement by statement, in no transaction, as CREATE INDEX CONCURRENTLY asks. Each
//	              statement must bear to be repeated, and ends with a semicolon at the end of its line
type migration struct {
	version   int
	name, sql string
	needs     int // 0: nothing
	apart     bool
}

func (m migration) sum() string {
	h := sha256.Sum256([]byte(m.sql))
	return hex.EncodeToString(h[:])
}

// SchemaVersion is the newest schema that this program knows.
func SchemaVersion() int {
	ms, err := load("sqlite", migrations)
	if err != nil || len(ms) == 0 {
		return 0
	}
	return ms[len(ms)-1].version
}

var needsLine = regexp.MustCompile(`(?m)^-- needs (\d+)$`)

// load reads the migrations of an engine, in their order.
func load(engine string, sources ...fs.FS) ([]migration, error) {
	var out []migration
	for _, source := range sources {
		names, err := fs.Glob(source, path.Join("migrations", engine, "*.sql"))
		if err != nil {
			return nil, err
		}
		for _, n := range names {
			text, err := fs.ReadFile(source, n)
			if err != nil {
				return nil, err
			}
			m := migration{name: path.Base(n), sql: string(text), apart: strings.HasPrefix(string(text), "-- apart\n") && engine == "postgres"}
			number, _, _ := strings.Cut(m.name, "_")
			if m.version, err = strconv.Atoi(number); err != nil {
				return nil, fmt.Errorf("migration %s has no number", m.name)
			}
			if found := needsLine.FindStringSubmatch(m.sql); found != nil {
				if m.needs, err = strconv.Atoi(found[1]); err != nil {
					return nil, fmt.Errorf("migration %s: %w", m.name, err)
				}
			}
			out = append(out, m)
		}
	}
	slices.SortFunc(out, func(a, b migration) int { return a.version - b.version })
	return out, nil
}

// Migrating beside nodes that work.
const (
	migrateLock  = 7265646961             // only one node at a time changes the schema
	migrateHold  = 500 * time.Millisecond // work waits no longer behind a migration that waits for a lock
	migrateApart = 20 * time.Millisecond  // how often it is asked whether another node is done
	migratePause = time.Second            // work goes on so long before a migration asks for its locks again
	migrateTries = 120                    // then whoever holds them holds them too long
)

// errOthers says that another node is changing the schema.
var errOthers = errors.New("another node is changing the schema")

// migrate brings the schema forward, a transaction a step; nodes that start together wait for one another, and what works
// already is not kept waiting.
func (s *Store) migrate(ctx context.Context, extra fs.FS) error {
	sources := []fs.FS{migrations}
	if extra != nil {
		sources = append(sources, extra)
	}
	steps, err := load(s.d.name, sources...)
	if err != nil {
		return err
	}
	for tries := 0; ; {
		done, err := s.advance(ctx, steps)
		pause := migrateApart
		switch {
		case err == nil && done:
			return nil
		case err == nil:
			continue
		case lockedOut(err) && tries < migrateTries:
			tries++
			pause = migratePause
			s.log.InfoContext(ctx, "the schema waits for work that holds its tables; trying again", "tries", tries)
		case lockedOut(err):
			return fmt.Errorf("the schema cannot be changed: something has held its tables for minutes, look for long transactions in pg_stat_activity: %w", err)
		case !errors.Is(err, errOthers):
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}

// advance makes the next step that the schema lacks, all of them where it has none; done: it lacks nothing.
func (s *Store) advance(ctx context.Context, steps []migration) (done bool, err error) {
	var apart *migration
	err = s.write(atLength(ctx), "migrate the schema", func(t *tx) error {
		done, apart = false, nil
		if err := t.lockSchema(); err != nil {
			return err
		}
		missing, fresh, err := t.missing(steps)
		done = err == nil && len(missing) == 0
		if err != nil || done {
			return err
		}
		if !fresh {
			missing = missing[:1]
		}
		for _, m := range missing {
			if m.apart && !fresh {
				apart = &m
				return nil
			}
			if err := t.applyWhole(m); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil && apart != nil {
		return false, s.applyApart(ctx, *apart)
	}
	return done, err
}

// lockSchema keeps other nodes from changing the schema until the transaction ends. Nobody waits in the database: an
// index that is built beside the work would wait for whoever waits.
func (t *tx) lockSchema() error {
	if t.d.name != "postgres" {
		return nil
	}
	var ours bool
	if err := t.row(`SELECT pg_try_advisory_xact_lock($1)`, []any{migrateLock}, &ours); err != nil {
		return err
	}
	if !ours {
		return errOthers
	}
	return t.lockWithin(migrateHold)
}

// missing are the steps that the schema lacks; fresh: it has none yet. It refuses a schema on which this program must not
// work.
func (t *tx) missing(steps []migration) (lacks []migration, fresh bool, err error) {
	if err := t.keepMigrations(); err != nil {
		return nil, false, err
	}
	have, newest, needs, err := t.applied()
	if err != nil {
		return nil, false, err
	}
	if known := steps[len(steps)-1].version; newest > known && needs > known {
		return nil, false, fmt.Errorf("the schema is version %d and asks for programs that know version %d; this one knows up to %d: start a newer program",
			newest, needs, known)
	}
	for _, m := range steps {
		sum, ok := have[m.version]
		if ok && sum != m.sum() {
			return nil, false, fmt.Errorf("migration %s was changed after it had been applied", m.name)
		}
		if !ok {
			lacks = append(lacks, m)
		}
	}
	return lacks, len(have) == 0, nil
}

// keepMigrations makes the table of migrations, or gives that of an older program the column it lacks.
func (t *tx) keepMigrations() error {
	there := `SELECT count(*) FROM pragma_table_info('schema_migrations') WHERE name = 'needs'`
	if t.d.name == "postgres" {
		there = `SELECT count(*) FROM pg_attribute WHERE attrelid = to_regclass('schema_migrations') AND attname = 'needs'`
	}
	var n int
	if err := t.row(there, nil, &n); err != nil || n > 0 {
		return err
	}
	if _, err := t.exec(`CREATE TABLE IF NOT EXISTS schema_migrations (
		version INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at BIGINT NOT NULL)`); err != nil {
		return err
	}
	_, err := t.exec(`ALTER TABLE schema_migrations ADD COLUMN needs INTEGER NOT NULL DEFAULT 0`)
	return err
}

func (t *tx) applied() (sums map[int]string, newest, needs int, err error) {
	sums = make(map[int]string)
	err = t.each(`SELECT version, checksum, needs FROM schema_migrations`, nil, func(r *sql.Rows) error {
		var version, asks int
		var sum string
		err := r.Scan(&version, &sum, &asks)
		sums[version], newest, needs = sum, max(newest, version), max(needs, asks)
		return err
	})
	return sums, newest, needs, err
}

// applyWhole makes a step within the transaction; one that asks to be apart only where nobody works yet.
func (t *tx) applyWhole(m migration) error {
	text := m.sql
	if m.apart {
		text = strings.ReplaceAll(text, " CONCURRENTLY", "")
	}
	if _, err := t.exec(text); err != nil {
		return fmt.Errorf("%s: %w", m.name, err)
	}
	return t.noteApplied(m)
}

func (t *tx) noteApplied(m migration) error {
	_, err := t.exec(`INSERT INTO schema_migrations (version, name, checksum, applied_at, needs) VALUES ($1, $2, $3, $4, $5)`,
		m.version, m.name, m.sum(), us(t.now), m.needs)
	return err
}

// applyApart makes a step without a transaction; a node that dies in the middle leaves it to the next.
func (s *Store) applyApart(ctx context.Context, m migration) error {
	conn, err := s.writer.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	t := s.begun(ctx, conn)
	var ours bool
	if err := t.row(`SELECT pg_try_advisory_lock($1)`, []any{migrateLock}, &ours); err != nil {
		return err
	}
	if !ours {
		return errOthers
	}
	defer func() { _, _ = t.exec(`SELECT pg_advisory_unlock($1)`, migrateLock) }() // a connection that is gone holds no lock
	have, _, _, err := t.applied()
	if _, ok := have[m.version]; ok || err != nil {
		return err // another node was quicker
	}
	restore, err := t.takeAllTime()
	if err != nil {
		return err
	}
	defer restore()
	for text := range strings.SplitSeq(m.sql, ";\n") {
		if strings.TrimSpace(text) == "" {
			continue
		}
		if _, err := t.exec(text); err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
	}
	return t.noteApplied(m)
}
