package app

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// lockRecord keeps a second process away from an SQLite file, whose node would wake nobody in the first. The lock goes
// with the process, however that ends. Path is the file's; the lock is beside it.
func lockRecord(path string) (release func() error, err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("make the data folder: %w", err)
	}
	f, err := os.OpenFile(strings.TrimSuffix(path, filepath.Ext(path))+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock the data folder: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("another dialerd works in %s: stop it, or give this one a folder of its own with --data", filepath.Dir(path)), f.Close())
	}
	return f.Close, nil
}
