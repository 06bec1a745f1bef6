package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"redial/campaign"
)

// backupName is what copies are called beside the record while they are read; one that a killed process left is
// removed by the next.
const backupName = "redial-backup-*.tmp"

// Backup copies the embedded record as it stands at one instant, while work goes on. Closing its data removes the
// copy. Errors: KindUnready on PostgreSQL; KindExhausted while another is made, or without room on the disk.
func (s *Store) Backup(ctx context.Context) (b *campaign.Backup, err error) {
	if s.pool != nil {
		return nil, campaign.Unready(campaign.ReasonBadState, "PostgreSQL has backups of its own (pg_basebackup and WAL archiving): see the runbook")
	}
	if !s.backing.TryLock() {
		return nil, &campaign.Error{Kind: campaign.KindExhausted, RetryAfter: 30 * time.Second, Message: "another backup is being made: wait for it"}
	}
	f := &backupFile{unlock: s.backing.Unlock}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.Close())
		}
	}()
	dir, err := s.roomFor(ctx)
	if err != nil {
		return nil, err
	}
	if f.path, err = emptyFile(dir); err != nil {
		return nil, fmt.Errorf("make a file for the backup: %w", err)
	}
	b = &campaign.Backup{Data: f, At: s.Now(), Schema: SchemaVersion()}
	// A reader's snapshot: writers go on, and so does the log, until it is copied.
	if _, err := s.reader.ExecContext(ctx, `VACUUM INTO $1`, f.path); err != nil {
		return nil, fmt.Errorf("copy the record: %w", err)
	}
	if f.File, err = os.Open(f.path); err != nil {
		return nil, fmt.Errorf("open the backup: %w", err)
	}
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("open the backup: %w", err)
	}
	b.Size = info.Size()
	return b, nil
}

// emptyFile makes room for a new copy and removes old ones.
func emptyFile(dir string) (string, error) {
	old, err := filepath.Glob(filepath.Join(dir, backupName))
	if err != nil {
		return "", err
	}
	for _, path := range old {
		if err := os.Remove(path); err != nil {
			return "", err
		}
	}
	f, err := os.CreateTemp(dir, backupName)
	if err != nil {
		return "", err
	}
	return f.Name(), f.Close()
}

// roomFor is the record's own folder, if a copy finds room there.
func (s *Store) roomFor(ctx context.Context) (string, error) {
	var path string
	var pages, size, free int64
	row := s.reader.QueryRowContext(ctx, `SELECT (SELECT file FROM pragma_database_list WHERE name = 'main'), page_count, page_size, freelist_count
		FROM pragma_page_count, pragma_page_size, pragma_freelist_count`)
	if err := row.Scan(&path, &pages, &size, &free); err != nil {
		return "", fmt.Errorf("measure the record: %w", err)
	}
	if path == "" {
		return os.TempDir(), nil
	}
	dir := filepath.Dir(path)
	var disk syscall.Statfs_t
	if err := syscall.Statfs(dir, &disk); err != nil {
		return "", fmt.Errorf("measure the disk: %w", err)
	}
	need, has := (pages-free)*size, int64(disk.Bavail)*disk.Bsize
	if has < need+need/10 {
		return "", &campaign.Error{Kind: campaign.KindExhausted, RetryAfter: time.Minute, Message: fmt.Sprintf(
			"the copy needs %d MB in %s and there are %d: make room, and ask again", need>>20, dir, has>>20)}
	}
	return dir, nil
}

// backupFile is a copy that goes when it is closed.
type backupFile struct {
	*os.File
	path   string
	unlock func()
}

// Close implements io.Closer.
func (f *backupFile) Close() error {
	defer f.unlock()
	var errs []error
	if f.File != nil {
		errs = append(errs, f.File.Close())
	}
	if f.path != "" {
		errs = append(errs, os.Remove(f.path))
	}
	return errors.Join(errs...)
}
