package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"modernc.org/sqlite"
)

// sqliteSettings: an acknowledgement means that the disk has it, and another process that holds the file is waited for 5 s.
const sqliteSettings = "?_pragma=journal_mode(WAL)&_pragma=busy_timeout(5000)&_pragma=foreign_keys(1)" +
	"&_pragma=synchronous(FULL)&_pragma=cache_size(-65536)&_pragma=temp_store(MEMORY)"

func (s *Store) openSQLite(ctx context.Context, path string) error {
	s.d = sqliteDialect
	if path != ":memory:" {
		s.path = path
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return err
		}
	}
	dsn := "file:" + path + sqliteSettings
	w, err := sql.Open("sqlite", dsn+"&_txlock=immediate")
	if err != nil {
		return err
	}
	w.SetMaxOpenConns(1)
	s.writer, s.reader = w, w
	if path != ":memory:" {
		r, err := sql.Open("sqlite", dsn)
		if err != nil {
			return err
		}
		r.SetMaxOpenConns(4)
		s.reader = r
	}
	s.writes = &prepared{db: s.writer, ready: make(map[string]*sql.Stmt)}
	s.reads = &prepared{db: s.reader, ready: make(map[string]*sql.Stmt)}
	return w.PingContext(ctx)
}

// unopened says of an error with which the record could not be opened what an operator must do.
func (s *Store) unopened(err error) error {
	e, ok := errors.AsType[*sqlite.Error](err)
	if !ok || s.path == "" {
		return fmt.Errorf("open the record: %w", err)
	}
	dir := filepath.Dir(s.path)
	var what string
	switch t := sqliteTrouble(e.Code()); {
	case t == unwritable:
		what = fmt.Sprintf("make the file, and the folder %s, writable for the user that dialerd runs as, or give another folder with --data", dir)
	case t == full:
		what = "the disk is full: make room there"
	case t == seized:
		what = "another process holds the file: end it"
	case t == failing:
		what = "the disk fails: see to it, or restore a backup with dialctl restore"
	case e.Code()&0xff == 11, e.Code()&0xff == 26: // CORRUPT, NOTADB
		what = "the file is damaged, or none of SQLite's: restore a backup with dialctl restore"
	default:
		return fmt.Errorf("open the record %s: %w", s.path, err)
	}
	return fmt.Errorf("open the record %s: %s: %w", s.path, what, err)
}
