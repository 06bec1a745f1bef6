package bench

import (
	"context"
	"fmt"
	"time"
)

// deed is one transaction as the record sent it to the database, its beginning and its end included.
type deed struct {
	flights []flight
}

// flight is what went to the database at once, for one way there and back: statements that were sent together, or one
// text, on SQLite with the values of its parameters.
type flight struct {
	text       string
	values     []any
	statements []statement
}

// statement is one of a flight's, with its parameters as they went over the wire: their bytes and formats.
type statement struct {
	sql            string
	args           [][]byte
	formats, asked []int16
}

// shape is how many statements the deeds are, and in how many flights, on average; beginnings and ends count.
func shape(deeds []deed) (statements, flights float64) {
	if len(deeds) == 0 {
		return 0, 0
	}
	for _, d := range deeds {
		flights += float64(len(d.flights))
		for i := range d.flights {
			statements += float64(max(len(d.flights[i].statements), 1))
		}
	}
	return statements / float64(len(deeds)), flights / float64(len(deeds))
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

// replayer sends deeds to a database with nothing round them: what went together goes together again, answers are read
// and thrown away.
type replayer interface {
	// prepare does beforehand what the record has done long ago.
	prepare(ctx context.Context, deeds []deed) error
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
	if err := r.prepare(ctx, deeds); err != nil {
		return slice{}, fmt.Errorf("prepare the recorded statements: %w", err)
	}
	w := startWatch()
	began := time.Now()
	_, err := r.replay(ctx, deeds)
	if err != nil {
		err = fmt.Errorf("send the recorded statements again: %w", err)
	}
	return slice{done: done, took: time.Since(began), outside: w.outside()}, err
}
