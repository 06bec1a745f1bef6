package campaign

import (
	"fmt"
	"strconv"
	"strings"
)

// Place is a place in the stream of events, after the event of that number; the zero value is before them all.
type Place struct {
	Epoch string // of the record that gave the number, since it was made or last restored; empty: of none
	Seq   int64
}

// String is the place as a cursor, which callers keep and give back; empty for the zero value.
func (p Place) String() string {
	if p == (Place{}) {
		return ""
	}
	return p.Epoch + "." + strconv.FormatInt(p.Seq, 36)
}

// ParsePlace is the inverse of String. The error is of the field cursor.
func ParsePlace(cursor string) (Place, error) {
	if cursor == "" {
		return Place{}, nil
	}
	epoch, number, _ := strings.Cut(cursor, ".")
	seq, err := strconv.ParseInt(number, 36, 64)
	p := Place{Epoch: epoch, Seq: seq}
	if err != nil || seq < 0 || epoch == "" || p.String() != cursor {
		return Place{}, Invalid("cursor", "is none: give the cursor of the last answer that was processed, now, or nothing for the oldest event kept")
	}
	return p, nil
}

// Stream is how the stream of events stands at one instant.
type Stream struct {
	Epoch   string // of the numbers that are given now
	Last    int64  // the last number; 0: there is no event
	Dropped int64  // events up to this one were dropped by retention; 0: none were
	// Of events that are committed and not numbered yet: the first and the last. They need not be numbered in the order of
	// their ids. 0: there are none.
	FirstWaiting, LastWaiting EventID
}

// End is the place behind the last event.
func (s *Stream) End() Place { return Place{Epoch: s.Epoch, Seq: s.Last} }

// EventFilter chooses events; the zero value all.
type EventFilter struct {
	Campaigns []CampaignID // of these, and suppressions and restores, which concern all of them; empty: of all, and those of none
	Types     []EventType  // and restores, without which what is held cannot be trusted; empty: all
}

// ToldEvent is an event with the names that those outside know its lead and agent by.
type ToldEvent struct {
	Event
	Source, ExternalID string // of the lead, as it is now; empty: none, or its person was erased
	AgentLogin         string // empty: none
	Erased             bool   // the lead's person was erased since: what is personal in Data is not to be told
}

// EventPage is some of the stream.
type EventPage struct {
	Events []ToldEvent // those that were asked for, in order
	Next   int64       // everything up to this number was looked at
}

// CursorTooOld says that events after a place were dropped; oldest is where the stream can be followed from.
func CursorTooOld(oldest Place) *Error {
	return &Error{Kind: KindInvalid, Reason: ReasonCursorOld, Meta: map[string]string{"oldest": oldest.String()}, Message: fmt.Sprintf(
		"events after this cursor were dropped by retention: read the leads anew (FindLeads), then watch from cursor %q", oldest)}
}

// ForeignCursor says that a place is of another record, or of a time that this one lost when it was restored.
func ForeignCursor() *Error {
	return &Error{Kind: KindInvalid, Reason: ReasonCursorForeign, Violations: []Violation{{Field: "cursor",
		Message: "is of another record, or of a time that this one lost when it was restored from a backup: " +
			"read the leads anew (FindLeads), then watch from now, or without a cursor from the oldest event kept"}}}
}
