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
// with the process, however that ends. Path is the file's; the lock is beside it, or beside what a link leads to.
func lockRecord(path string) (release func() error, err error) {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, unwritable("make the folder of the record", dir, err)
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	f, err := os.OpenFile(strings.TrimSuffix(path, filepath.Ext(path))+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, unwritable("lock the record", filepath.Dir(path), err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("another dialerd works in %s and has locked %s: stop it, or give this one a folder of its own with --data, "+
			"or a file of its own with --database", filepath.Dir(path), path), f.Close())
	}
	return f.Close, nil
}

func unwritable(act, dir string, err error) error {
	return fmt.Errorf("%s: %w: make %s and what is in it writable for the user that dialerd runs as, or give another folder with --data", act, err, dir)
}
