package bench

import (
	"context"
	"fmt"
	"time"
)

// deed is one transaction as the record sent it to the database.
type deed struct {
	begin      string
	statements []statement
}

// statement is one of a deed's, with its parameters as they went over the wire: for PostgreSQL their bytes and
// formats, for SQLite none, for there they stand in the text.
type statement struct {
	sql            string
	args           [][]byte
	formats, asked []int16
}

// recorder keeps what a record sends to its database while it is on.
type recorder interface {
	// url is where the record must be opened for the recorder to hear of it.
	url() string
	// record hears until the next take.
	record()
	// take gives the deeds that were committed since, in order; from then on nothing is kept.
	take() []deed
	close() error
}

// replayer sends deeds to a database with nothing round them: answers are read and thrown away.
type replayer interface {
	replay(ctx context.Context, deeds []deed) (rows int, err error)
	close() error
}

func (e *engine) recorder(d database) (recorder, error) {
	if e.pg != nil {
		return newWiretap(d.url)
	}
	return newSQLiteTrace(d.url)
}

func (e *engine) replayer(ctx context.Context, d database) (replayer, error) {
	if e.pg != nil {
		return newPostgresReplay(ctx, d.url)
	}
	return newSQLiteReplay(ctx, d.url)
}

// timed replays under the clock; done is how many units of work the deeds were.
func timed(ctx context.Context, r replayer, deeds []deed, done int) (slice, error) {
	w := startWatch()
	began := time.Now()
	_, err := r.replay(ctx, deeds)
	if err != nil {
		err = fmt.Errorf("send the recorded statements again: %w", err)
	}
	return slice{done: done, took: time.Since(began), outside: w.outside()}, err
}
