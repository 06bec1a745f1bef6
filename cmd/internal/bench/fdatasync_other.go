//go:build !linux

package bench

import "os"

// fdatasync flushes a file to the disk; there is nothing nearer here to what the databases do.
func fdatasync(f *os.File) error { return f.Sync() }
