package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/redis/go-redis/v9"

	"redial/campaign/store"
	"redial/campaign/store/storetest/testserver"
	"redial/dialer"
	"redial/scheduler"
)

// The engines.
const (
	SQLite   = "sqlite"
	Postgres = "postgres"
)

// engine is what a record is kept on: files in a folder, or a PostgreSQL that was started for this run, with a Redis.
type engine struct {
	name  string
	dir   string
	pg    *testserver.Server
	redis *testserver.Server
	files int
	used  int // databases of the Redis
}

// database is one record. drop removes it when nobody uses it any more.
type database struct {
	url  string
	drop func() error
}

// postgresSettings are those of the PostgreSQL that is started, besides its defaults: fsync and full_page_writes are on,
// but for a quick run.
var postgresSettings = []string{"shared_buffers=512MB", "max_wal_size=4GB", "synchronous_commit=on", "autovacuum=on", "max_connections=500"}

// startEngine starts what an engine needs; dir is a folder of this run. When durable, a commit waits for the disk.
func startEngine(name, dir string, durable bool) (*engine, error) {
	e := &engine{name: name, dir: dir}
	if name == SQLite {
		return e, nil
	}
	var err error
	if e.pg, err = testserver.StartPostgres(durable, postgresSettings...); err != nil {
		return nil, fmt.Errorf("start PostgreSQL: %w", err)
	}
	if e.redis, err = testserver.StartRedis(); err != nil {
		e.stop()
		return nil, fmt.Errorf("start Redis: %w", err)
	}
	return e, nil
}

func (e *engine) stop() {
	if e.redis != nil {
		e.redis.Close()
	}
	if e.pg != nil {
		e.pg.Close()
	}
}

// redisDatabases is how many a Redis has unless told otherwise.
const redisDatabases = 16

// redisURL is an empty database of the Redis beside the record, as the server's settings name it; empty: the one in the
// process.
func (e *engine) redisURL(ctx context.Context) (string, error) {
	if e.redis == nil {
		return "", nil
	}
	e.used++
	url := fmt.Sprintf("redis://%s/%d", e.redis.Addr, e.used%redisDatabases)
	c, err := redisClient(url)
	if err != nil {
		return "", err
	}
	defer c.Close()
	if err := c.FlushDB(ctx).Err(); err != nil {
		return "", fmt.Errorf("empty the Redis: %w", err)
	}
	return url, nil
}

func redisClient(url string) (*redis.Client, error) {
	o, err := redis.ParseURL(url)
	if err != nil {
		return nil, fmt.Errorf("read the address of Redis: %w", err)
	}
	return redis.NewClient(o), nil
}

// empty makes a record without anything in it.
func (e *engine) empty() (database, error) {
	if e.pg != nil {
		return e.postgres("template0")
	}
	path := e.file()
	return database{"sqlite://" + path, func() error { return removeSQLite(path) }}, nil
}

// copy makes a record that is like another, which nobody has open.
func (e *engine) copy(of database) (database, error) {
	if e.pg != nil {
		return e.postgres(of.url[strings.LastIndex(of.url, "/")+1 : strings.Index(of.url, "?")])
	}
	path := e.file()
	err := copyFile(path, strings.TrimPrefix(of.url, "sqlite://"))
	return database{"sqlite://" + path, func() error { return removeSQLite(path) }}, err
}

func (e *engine) postgres(from string) (database, error) {
	url, drop, err := e.pg.CreateDatabase(from)
	return database{url, drop}, err
}

func (e *engine) file() string {
	e.files++
	return filepath.Join(e.dir, "r"+strconv.Itoa(e.files)+".db")
}

func removeSQLite(path string) error {
	return errors.Join(ignoreMissing(os.Remove(path)), ignoreMissing(os.Remove(path+"-wal")), ignoreMissing(os.Remove(path+"-shm")))
}

func ignoreMissing(err error) error {
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

func copyFile(to, from string) error {
	in, err := os.Open(from)
	if err != nil {
		return fmt.Errorf("copy the record: %w", err)
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		return fmt.Errorf("copy the record: %w", err)
	}
	if _, err := io.Copy(out, in); err != nil {
		return errors.Join(fmt.Errorf("copy the record: %w", err), out.Close())
	}
	return errors.Join(out.Sync(), out.Close())
}

// settle does what the database would do by itself some time after so much was written: it counts, cleans up and
// flushes, so that no measure pays for it.
func (e *engine) settle(ctx context.Context, d database) error {
	if e.pg == nil {
		return nil
	}
	return withPostgres(ctx, d.url, func(c *pgconn.PgConn) error {
		for _, do := range []string{"VACUUM ANALYZE", "CHECKPOINT"} {
			if _, err := c.Exec(ctx, do).ReadAll(); err != nil {
				return fmt.Errorf("settle the database: %w", err)
			}
		}
		return nil
	})
}

// open opens a record with the rules that the server gives it.
func (d database) open(ctx context.Context) (*store.Store, error) {
	return store.Open(ctx, d.url, store.Options{Rules: store.Rules{
		Decide: new(scheduler.Rulebook).Plan, Judge: new(scheduler.Rulebook).Offer, Book: new(scheduler.Rulebook).Book, Step: dialer.Follow(dialer.DefaultHeartbeat),
	}})
}
