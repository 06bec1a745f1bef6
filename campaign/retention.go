package campaign

import "time"

// LeastKept is the least time that history is kept: caps and corrections look back less far.
const LeastKept = 62 * 24 * time.Hour

// LeastEventsKept is the least time that events are kept for those who follow the stream.
const LeastEventsKept = 24 * time.Hour

// Purged is what a purge removed.
type Purged struct {
	Before      time.Time // history before this instant is gone: the first of a month, UTC
	Attempts    int64     // and their amendments
	States      int64     // rows of the ledger of agent states
	Assignments int64     // closed ones
	Uses        int64     // of numbers, as caps count them
}

// Swept is what housekeeping removed.
type Swept struct {
	Uploads int64 // that were begun and never committed
	Lists   int64 // refused ones whose rows were still there
}
