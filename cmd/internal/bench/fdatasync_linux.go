package bench

import (
	"os"
	"syscall"
)

// fdatasync flushes a file's data to the disk, as the databases do at a commit.
func fdatasync(f *os.File) error { return syscall.Fdatasync(int(f.Fd())) }
