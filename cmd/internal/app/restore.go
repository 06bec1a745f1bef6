package app

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"redial/campaign"
	"redial/campaign/store"
	"redial/cmd/internal/config"
)

// Restore puts the copy in file, which `dialctl backup` made, in the place of the embedded record and makes it safe
// (see store.Restored). A record that is there already is refused, or with replace moved aside: aside is then its new
// name. On PostgreSQL the database was restored by other means, and file is empty. No dialerd may be at work.
func Restore(ctx context.Context, cfg config.Config, file string, replace bool) (done campaign.Restored, aside string, err error) {
	if err := cfg.Validate(); err != nil {
		return done, "", err
	}
	path, embedded := strings.CutPrefix(cfg.DatabaseURL(), "sqlite://")
	if !embedded {
		if file != "" {
			return done, "", campaign.Invalid("file", "PostgreSQL is restored by its own means: do that first, then ask again without a file")
		}
		done, err = makeSafe(ctx, cfg.DatabaseURL())
		return done, "", err
	}
	if file == "" {
		return done, "", campaign.Invalid("file", "name the copy that dialctl backup made")
	}
	release, err := lockRecord(path)
	if err != nil {
		return done, "", err
	}
	defer func() { err = errors.Join(err, release()) }()
	if _, err := os.Stat(path); err == nil && !replace {
		return done, "", campaign.Conflict("", fmt.Sprintf("there is a record at %s already: say --replace to move it aside", path))
	}
	fresh := path + ".restoring"
	if err := copyRecord(ctx, file, fresh); err != nil {
		return done, "", errors.Join(err, remove(fresh))
	}
	if done, err = makeSafe(ctx, "sqlite://"+fresh); err != nil {
		return done, "", errors.Join(err, remove(fresh))
	}
	aside, err = swap(ctx, path, fresh)
	return done, aside, err
}

// makeSafe opens a record, which brings its schema forward, and lets nobody be harmed by what it does not know.
func makeSafe(ctx context.Context, url string) (campaign.Restored, error) {
	s, err := store.Open(ctx, url, store.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return campaign.Restored{}, err
	}
	done, err := s.Restored(ctx)
	return done, errors.Join(err, s.Close())
}

// copyRecord copies a record that is whole.
func copyRecord(ctx context.Context, from, to string) (err error) {
	if err := sound(ctx, from); err != nil {
		return err
	}
	if err := remove(to); err != nil {
		return err
	}
	in, err := os.Open(from)
	if err != nil {
		return fmt.Errorf("open the copy: %w", err)
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("restore the record: %w", err)
	}
	_, err = io.Copy(out, in)
	if err := errors.Join(err, out.Sync(), out.Close()); err != nil {
		return fmt.Errorf("restore the record: %w", err)
	}
	return nil
}

// sound says whether a file is a whole record. Whether this program may work on its schema is seen when it is opened.
func sound(ctx context.Context, file string) error {
	if _, err := os.Stat(file); err != nil {
		return campaign.Invalid("file", err.Error())
	}
	broken := func(why any) error {
		return campaign.Invalid("file", fmt.Sprintf("%s is no whole copy of a record (%v): nothing was changed, take another", file, why))
	}
	db, err := sql.Open("sqlite", "file:"+file+"?mode=ro&immutable=1")
	if err != nil {
		return broken(err)
	}
	defer db.Close()
	var verdict string
	var schema int
	if err := db.QueryRowContext(ctx, `PRAGMA integrity_check(1)`).Scan(&verdict); err != nil {
		return broken(err)
	}
	if verdict != "ok" {
		return broken(verdict)
	}
	if err := db.QueryRowContext(ctx, `SELECT max(version) FROM schema_migrations`).Scan(&schema); err != nil {
		return broken(err)
	}
	return nil
}

// swap puts a record in the place of another, which is moved aside. A log without its record is moved, too: SQLite would
// play it into the one that comes.
func swap(ctx context.Context, path, fresh string) (aside string, err error) {
	if info, err := os.Stat(fresh + "-wal"); err == nil && info.Size() > 0 {
		return "", fmt.Errorf("the restored record could not be closed whole: is there room on the disk? %s was left as it is", path)
	}
	if err := fold(ctx, path); err != nil {
		return "", err
	}
	at := path + "." + time.Now().UTC().Format("20060102T150405Z")
	for _, suffix := range []string{"", "-wal", "-shm"} { // the log is folded in: the record is whole by itself
		switch err := os.Rename(path+suffix, at+suffix); {
		case err == nil && suffix == "":
			aside = at
		case err != nil && !errors.Is(err, os.ErrNotExist):
			return aside, fmt.Errorf("move the present record aside: %w", err)
		}
	}
	if err := os.Rename(fresh, path); err != nil {
		return aside, fmt.Errorf("put the restored record in its place: %w", err)
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return aside, fmt.Errorf("put the restored record in its place: %w", err)
	}
	return aside, errors.Join(dir.Sync(), dir.Close())
}

// fold writes the log of the present record into it. One that cannot be read is moved aside as it is, log and all.
func fold(ctx context.Context, path string) error {
	if _, err := os.Stat(path); err != nil {
		return nil //nolint:nilerr // there is none
	}
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		return fmt.Errorf("open the present record: %w", err)
	}
	_, _ = db.ExecContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`)
	return db.Close()
}

// remove takes away what an earlier attempt left.
func remove(path string) error {
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(path + suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("remove what is left of an attempt: %w", err)
		}
	}
	return nil
}
