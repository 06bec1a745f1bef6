package campaign

import (
	"errors"
	"fmt"
	"time"
)

// Kind is the coarse class of an error, mapped once to a gRPC code at the edge.
type Kind uint8

// The kinds. An error that is not an *Error is KindInternal and its text is hidden from callers.
const (
	KindInternal  Kind = iota
	KindInvalid        // the input is wrong whatever the state: fix the named field
	KindNotFound       // no such thing
	KindConflict       // exists already, or the version given is not the current one
	KindUnready        // right input, wrong state: not now
	KindDenied         // the role or owner does not allow it
	KindExhausted      // too much at once: wait RetryAfter
	KindAway           // a part is away: try again after RetryAfter
	KindStranger       // no valid token was shown: nobody knows who is asking
)

// Stable reasons that programs may match on.
const (
	ReasonLeaseExpired   = "LEASE_EXPIRED"    // the assignment is no longer open
	ReasonNotStarted     = "NOT_STARTED"      // an outcome before StartCall: decline instead
	ReasonSuppressedNow  = "SUPPRESSED"       // the number was suppressed meanwhile
	ReasonNotCallable    = "NOT_CALLABLE_NOW" // hours, a cap or a state forbid the call at this instant
	ReasonVersion        = "VERSION_MISMATCH"
	ReasonNotReady       = "AGENT_NOT_READY"
	ReasonSignedInAnew   = "SIGNED_IN_ELSEWHERE"
	ReasonCorrectionOver = "CORRECTION_TIME_OVER"
	ReasonBadState       = "WRONG_STATE"
	ReasonOverloaded     = "OVERLOADED"   // more is asked than can be answered in time: nothing was begun, wait RetryAfter
	ReasonRateLimited    = "RATE_LIMITED" // the token makes more calls a second than its role may: wait RetryAfter
	ReasonRecordAway     = "RECORD_AWAY"  // the database does not answer, or not in time: send it again with the same id
	ReasonRecordFull     = "RECORD_FULL"  // the disk under the record is full, or may only be read: an operator must act
	ReasonWrongOffset    = "WRONG_OFFSET" // a piece of an upload that does not begin where the last one ended
	ReasonTooSlow        = "TOO_SLOW"     // answers of a stream were not read in time: come back where it ended
	ReasonCursorOld      = "CURSOR_TOO_OLD"
	ReasonCursorForeign  = "CURSOR_FOREIGN" // a place in another record's stream of events
)

// Error is an error that callers may see.
type Error struct {
	Kind       Kind
	Reason     string // stable word for programs; empty: none
	Message    string // for people: what is wrong and what to do
	Violations []Violation
	RetryAfter time.Duration     // 0: not said
	Meta       map[string]string // more for programs, keys by Reason; nil: none
}

// Violation names a field and what is wrong with it.
type Violation struct {
	Field   string
	Message string
}

// Error is the message with the fields that it concerns.
func (e *Error) Error() string {
	if e.Message == "" && len(e.Violations) > 0 {
		v := e.Violations[0]
		return v.Field + ": " + v.Message
	}
	return e.Message
}

// KindOf is the kind of err; KindInternal for errors from elsewhere.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return KindInternal
}

// ReasonOf is the stable reason of err; empty if it has none.
func ReasonOf(err error) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Reason
	}
	return ""
}

// Invalid is an error about one field of the input.
func Invalid(field, message string) *Error {
	return &Error{Kind: KindInvalid, Violations: []Violation{{Field: field, Message: message}}}
}

// NotFound says that there is no such thing.
func NotFound(what string, id any) *Error {
	return &Error{Kind: KindNotFound, Message: fmt.Sprintf("no %s %v", what, id)}
}

// Conflict says that the state of things forbids it.
func Conflict(reason, message string) *Error {
	return &Error{Kind: KindConflict, Reason: reason, Message: message}
}

// Unready says that it cannot be done now, and why.
func Unready(reason, message string) *Error {
	return &Error{Kind: KindUnready, Reason: reason, Message: message}
}

// Denied says that the caller may not.
func Denied(message string) *Error { return &Error{Kind: KindDenied, Message: message} }
