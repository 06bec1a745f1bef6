package chaos

import (
	"context"
	"database/sql"
	"errors"
	"io"
	"time"

	"redial/campaign"
	campaignpb "redial/proto/campaign/v1"
)

// follower follows the stream of events from its cursor while everything is shaken, as a CRM would: at a node by chance,
// and at another whenever it is cut, or hears nothing, or for no reason.
type follower struct {
	*caller
	cursor campaign.Place                           // behind the last event that was taken; zero: none was
	last   map[int64]int64                          // by lead: the id of its newest event
	told   map[campaignpb.EventType]map[int64]int64 // by type: assignments, and how often
	events int64
	ids    int64 // the sum of those of all events
	cuts   int64 // streams that ended otherwise than by us
}

// silent is how long a stream may tell nothing before it is given up: somebody is always calling.
const silent = 2 * answerSoon

func newFollower(w *world) *follower {
	c := w.caller("follower", w.token("follower", campaignpb.Role_ROLE_CRM))
	return &follower{caller: c, last: make(map[int64]int64), told: make(map[campaignpb.EventType]map[int64]int64)}
}

func (f *follower) work() {
	for !f.w.done() {
		f.at = f.rng.IntN(len(f.conns))
		err := f.read(false, 1+f.rng.IntN(40)) // what fails is read again elsewhere: the cursor stands
		if err != nil && !f.w.done() {
			f.cuts++
			if !f.again(err) {
				f.w.breach(0, "the follower was told %v", err)
				return
			}
		}
	}
}

// read takes some answers, or all until everything was told.
func (f *follower) read(all bool, answers int) error {
	ctx, cancel := context.WithCancel(f.ctx)
	defer cancel()
	alarm := time.AfterFunc(silent, cancel)
	defer alarm.Stop()
	stream, err := campaignpb.NewEventServiceClient(f.conns[f.at]).WatchEvents(ctx, &campaignpb.WatchEventsRequest{Cursor: f.cursor.String(), UntilCaughtUp: all})
	if err != nil {
		return err
	}
	for level := false; all || answers > 0 && !f.w.done(); answers-- {
		m, err := stream.Recv()
		switch {
		case errors.Is(err, io.EOF) && level && all:
			return nil
		case err != nil:
			return err
		}
		alarm.Reset(silent)
		f.take(m)
		level = m.GetCaughtUp()
	}
	return nil
}

// take holds an answer against those before: places without a gap, and each lead's events in the order they were made in.
func (f *follower) take(m *campaignpb.WatchEventsResponse) {
	place, err := campaign.ParsePlace(m.GetCursor())
	if n := int64(len(m.GetEvents())); err != nil || place.Seq != f.cursor.Seq+n {
		f.w.breach(0, "I2: %d events lead from place %v to %q, %v", n, f.cursor, m.GetCursor(), err)
	}
	f.cursor = place
	for _, e := range m.GetEvents() {
		lead := e.GetLeadId()
		if lead != 0 && f.last[lead] >= e.GetId() {
			f.w.breach(lead, "the events of lead %d are out of order: %d after %d", lead, e.GetId(), f.last[lead])
		}
		f.last[lead] = e.GetId()
		f.events, f.ids = f.events+1, f.ids+e.GetId()
		if about := e.GetAttempt().GetAssignmentId(); about != 0 && !f.w.book.light {
			if f.told[e.GetType()] == nil {
				f.told[e.GetType()] = make(map[int64]int64)
			}
			f.told[e.GetType()][about]++
		}
	}
}

// finish takes what is left, from whichever node answers.
func (f *follower) finish() {
	if !await(lookFor*2, func() bool {
		f.at = (f.at + 1) % len(f.conns)
		return f.read(true, 0) == nil
	}) {
		f.w.breach(0, "I2: the follower could not catch up")
	}
	f.w.t.Logf("the follower was told %d events, and cut %d times", f.events, f.cuts)
}

// compare holds what was told against the record: the very same events.
func (f *follower) compare(db *sql.DB) {
	var n, ids int64
	err := db.QueryRow(`SELECT count(*), COALESCE(sum(id), 0) FROM events WHERE seq <= $1`, f.cursor.Seq).Scan(&n, &ids)
	if err != nil || n != f.events || ids != f.ids {
		f.w.breach(0, "I2: the record has %d events up to place %d, told were %d; the sums of their ids are %d and %d; %v", n, f.cursor.Seq, f.events, ids, f.ids, err)
	}
}
