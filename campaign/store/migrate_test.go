package store_test

import (
	"database/sql"
	"io/fs"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"redial/campaign"
	"redial/campaign/store"
	"redial/campaign/store/storetest/testserver"
)

// next is a further migration, of both engines.
func next(text string) fs.FS {
	file := &fstest.MapFile{Data: []byte(text)}
	return fstest.MapFS{"migrations/sqlite/9001_next.sql": file, "migrations/postgres/9001_next.sql": file}
}

const grows = "ALTER TABLE agents ADD COLUMN note TEXT;\nCREATE TABLE notes (id BIGINT PRIMARY KEY);\nCREATE INDEX agents_note ON agents (note);\n"

// record is an empty one that may be opened again and again.
type record struct {
	*testing.T
	url string
}

func onEachEngine(t *testing.T, test func(r record)) {
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(record{t, "sqlite://" + filepath.Join(t.TempDir(), "r.db")})
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		test(record{t, testserver.Postgres(t)})
	})
}

func (r record) open(o store.Options) (*store.Store, error) {
	s, err := store.Open(r.Context(), r.url, o)
	if err == nil {
		r.Cleanup(func() { s.Close() })
	}
	return s, err
}

func (r record) must(o store.Options) *store.Store {
	r.Helper()
	s, err := r.open(o)
	if err != nil {
		r.Fatal(err)
	}
	return s
}

// raw is the database beside the store.
func (r record) raw() *sql.DB {
	r.Helper()
	driver, dsn := "pgx", r.url
	if path, ok := strings.CutPrefix(r.url, "sqlite://"); ok {
		driver, dsn = "sqlite", "file:"+path+"?_pragma=busy_timeout(5000)"
	}
	db, err := sql.Open(driver, dsn)
	if err != nil {
		r.Fatal(err)
	}
	r.Cleanup(func() { db.Close() })
	return db
}

func (r record) exec(db *sql.DB, query string) {
	r.Helper()
	if _, err := db.ExecContext(r.Context(), query); err != nil {
		r.Fatalf("%s: %v", query, err)
	}
}

func (r record) count(db *sql.DB, query string) (n int) {
	r.Helper()
	if err := db.QueryRowContext(r.Context(), query).Scan(&n); err != nil {
		r.Fatalf("%s: %v", query, err)
	}
	return n
}

func TestAProgramWorksOnASchemaThatOnlyGrew(t *testing.T) {
	onEachEngine(t, func(r record) {
		running := r.must(store.Options{})
		newer := r.must(store.Options{Migrations: next(grows)})
		started := r.must(store.Options{}) // an old node that crashed, beside the new ones
		for login, s := range map[string]*store.Store{"running": running, "newer": newer, "started": started} {
			if _, err := s.CreateAgent(r.Context(), campaign.Agent{Login: login, Name: login, Active: true}); err != nil {
				r.Errorf("%s: %v", login, err)
			}
		}
		if got, err := running.Agents(r.Context()); err != nil || len(got) != 3 {
			r.Errorf("%d agents, %v; want 3", len(got), err)
		}
	})
}

func TestAProgramThatASchemaIsTooNewForIsRefused(t *testing.T) {
	onEachEngine(t, func(r record) {
		r.must(store.Options{Migrations: next("-- needs 9001\nALTER TABLE agents DROP COLUMN skills;\n")})
		_, err := r.open(store.Options{})
		if err == nil || !strings.Contains(err.Error(), "9001") || !strings.Contains(err.Error(), "start a newer program") {
			r.Errorf("an old program that met it: %v", err)
		}
	})
}

func TestTheTableOfAnOlderProgramIsTakenOver(t *testing.T) {
	onEachEngine(t, func(r record) {
		r.must(store.Options{})
		db := r.raw()
		r.exec(db, `ALTER TABLE schema_migrations DROP COLUMN needs`)
		r.must(store.Options{})
		if n := r.count(db, `SELECT count(*) FROM schema_migrations WHERE needs = 0`); n != store.SchemaVersion() {
			r.Errorf("%d migrations, want %d", n, store.SchemaVersion())
		}
	})
}

func TestNodesThatStartTogetherMigrateOnce(t *testing.T) {
	t.Parallel()
	r := record{t, testserver.Postgres(t)}
	apart := "-- apart\nDROP INDEX CONCURRENTLY IF EXISTS agents_apart;\nCREATE INDEX CONCURRENTLY agents_apart ON agents (name);\n"
	for _, further := range []fs.FS{nil, next(apart)} {
		var nodes sync.WaitGroup
		for range 4 {
			nodes.Go(func() {
				if _, err := r.open(store.Options{Migrations: further, MaxConns: 4}); err != nil {
					t.Error(err)
				}
			})
		}
		nodes.Wait()
	}
	db := r.raw()
	if n := r.count(db, `SELECT count(*) FROM schema_migrations`); n != store.SchemaVersion()+1 {
		t.Errorf("%d migrations, want %d", n, store.SchemaVersion()+1)
	}
	if n := r.count(db, `SELECT count(*) FROM pg_index WHERE indexrelid = 'agents_apart'::regclass AND indisvalid`); n != 1 {
		t.Error("the index that was built apart is not valid")
	}
	fresh := record{t, testserver.Postgres(t)}
	fresh.must(store.Options{Migrations: next(apart)}) // all of it in one transaction
}

// TestAMigrationDoesNotHoldTheWorkUp has a migration wait for a table that a long transaction reads, while others write
// it: behind a waiting ALTER TABLE they would all wait as well.
func TestAMigrationDoesNotHoldTheWorkUp(t *testing.T) {
	t.Parallel()
	r := record{t, testserver.Postgres(t)}
	s := r.must(store.Options{})
	if _, err := s.CreateAgent(t.Context(), campaign.Agent{Login: "ann", Name: "Ann", Active: true}); err != nil {
		t.Fatal(err)
	}
	db := r.raw()
	long, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer long.Rollback()
	if _, err := long.ExecContext(t.Context(), `SELECT count(*) FROM agents`); err != nil {
		t.Fatal(err)
	}
	said, migrated := make(lines, 1000), make(chan error, 1)
	go func() {
		_, err := r.open(store.Options{Migrations: next(grows), Log: slog.New(slog.NewTextHandler(said, nil))})
		migrated <- err
	}()
	worker, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer worker.Close()
	if _, err := worker.ExecContext(t.Context(), `SET lock_timeout = '4s'`); err != nil {
		t.Fatal(err)
	}
	for waited := 0; waited < 2; { // it comes back, and work goes on all the time
		if _, err := worker.ExecContext(t.Context(), `UPDATE agents SET name = name`); err != nil {
			t.Fatalf("work waited behind the migration: %v", err)
		}
		select {
		case line := <-said:
			if strings.Contains(line, "the schema waits") {
				waited++
			}
		case err := <-migrated:
			t.Fatalf("it was not held up: %v", err)
		default:
		}
	}
	if err := long.Rollback(); err != nil {
		t.Fatal(err)
	}
	if err := <-migrated; err != nil {
		t.Fatal(err)
	}
	if n := r.count(db, `SELECT count(*) FROM agents WHERE note IS NULL`); n != 1 {
		t.Errorf("%d agents have the new column, want 1", n)
	}
}

// lines is a log that is read while it is written.
type lines chan string

func (l lines) Write(p []byte) (int, error) {
	l <- string(p)
	return len(p), nil
}
