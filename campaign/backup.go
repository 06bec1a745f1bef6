package campaign

import (
	"io"
	"time"
)

// Backup is a copy of the embedded record as it stood at one instant.
type Backup struct {
	Data   io.ReadCloser // the file; closing it removes the copy
	Size   int64         // bytes
	At     time.Time     // what was acknowledged before this instant is in the copy
	Schema int           // number of the last migration
}

// Restored is what was done to a record that came from a backup, so that nobody is harmed by what it does not know.
type Restored struct {
	Paused []string // names of the campaigns that ran and are paused now
	Leap   int64    // numbers that were passed over: none that was given after the backup is given again
}
