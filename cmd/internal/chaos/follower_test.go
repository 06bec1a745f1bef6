package chaos

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"
)

// follower reads the stream of events from its cursor while everything is shaken, as a subscriber would.
type follower struct {
	w      *world
	cursor int64
	last   map[int64]int64            // by lead: the id of its newest event
	told   map[string]map[int64]int64 // by type: assignments, and how often
	events int64
}

func newFollower(w *world) *follower {
	return &follower{w: w, last: make(map[int64]int64), told: make(map[string]map[int64]int64)}
}

func (f *follower) work() {
	for !f.w.done() {
		_ = f.read(f.w.sql) // what fails is read again: the cursor stands
		pause(200 * time.Millisecond)
	}
}

// read takes what came after the cursor: places without a gap, and each lead's events in the order they were made in.
func (f *follower) read(db *sql.DB) error {
	ctx, cancel := context.WithTimeout(context.Background(), answerSoon)
	defer cancel()
	rows, err := db.QueryContext(ctx, `SELECT seq, id, type, lead_id, data FROM events WHERE seq > $1 ORDER BY seq`, f.cursor)
	if err != nil {
		return fmt.Errorf("reading events: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var seq, id, lead int64
		var kind, data string
		if err := rows.Scan(&seq, &id, &kind, &lead, &data); err != nil {
			return fmt.Errorf("reading an event: %w", err)
		}
		if seq != f.cursor+1 {
			f.w.breach(lead, "I2: after event %d of the stream comes %d", f.cursor, seq)
		}
		if lead != 0 && f.last[lead] >= id {
			f.w.breach(lead, "the events of lead %d are out of order: %d after %d", lead, id, f.last[lead])
		}
		f.cursor, f.last[lead] = seq, id
		f.take(kind, data)
	}
	return rows.Err()
}

func (f *follower) take(kind, data string) {
	var about struct{ Assignment int64 }
	_ = json.Unmarshal([]byte(data), &about) // most are about none
	f.events++
	if about.Assignment != 0 && !f.w.book.light {
		if f.told[kind] == nil {
			f.told[kind] = make(map[int64]int64)
		}
		f.told[kind][about.Assignment]++
	}
}

// behind is how many events have no place in the stream yet.
func (f *follower) behind(db *sql.DB) (n int64) {
	if db.QueryRow(`SELECT count(*) FROM outbox`).Scan(&n) != nil {
		return -1
	}
	return n
}
