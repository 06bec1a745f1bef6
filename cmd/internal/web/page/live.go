package page

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// AnswerTime is how long a reader may take for an answer, or for each piece of a live page.
const AnswerTime = 30 * time.Second

// BeatEvery is how often a live page that has nothing to say says so, which also finds out who went away.
const BeatEvery = 10 * time.Second

// ErrSignedOut ends a live page whose reader is no longer signed in.
var ErrSignedOut = errors.New("no longer signed in")

// Live is a live page: server-sent events to one reader. Its methods are for one goroutine.
type Live struct {
	w     http.ResponseWriter
	out   *http.ResponseController
	still func() bool
}

// NewLive begins to answer r with events.
func NewLive(w http.ResponseWriter, r *http.Request) *Live {
	l := &Live{w: w, out: http.NewResponseController(w), still: func() bool { return true }}
	if g, ok := guestOf(r.Context()); ok && g.Still != nil {
		l.still = g.Still
	}
	_ = l.out.SetReadDeadline(time.Time{}) // a test's recorder has none
	w.Header().Set("Content-Type", "text/event-stream")
	return l
}

// Send sends an event; an empty name is the usual "message". A reader who is no longer signed in gets "bye" instead,
// and the error is ErrSignedOut.
func (l *Live) Send(event string, data []byte) error {
	if !l.still() {
		_ = l.write(bye) // it ends either way
		return ErrSignedOut
	}
	return l.write(Event(event, data))
}

// SendJSON sends an event whose data is a value as JSON.
func (l *Live) SendJSON(event string, value any) error {
	raw, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("send %s: %w", event, err)
	}
	return l.Send(event, raw)
}

// bye tells a live page that its reader is no longer signed in.
var bye = []byte("event: bye\ndata: signed out\n\n")

// Goodbye answers a live page whose reader is not signed in.
func Goodbye(w http.ResponseWriter, r *http.Request) { _ = NewLive(w, r).write(bye) }

// Beat says that the page still lives.
func (l *Live) Beat() error { return l.Send("beat", []byte("-")) }

func (l *Live) write(raw []byte) error {
	_ = l.out.SetWriteDeadline(time.Now().Add(AnswerTime)) // a test's recorder has none
	if _, err := l.w.Write(raw); err != nil {
		return fmt.Errorf("tell a live page: %w", err)
	}
	if err := l.out.Flush(); err != nil {
		return fmt.Errorf("tell a live page: %w", err)
	}
	return nil
}

// Event is a server-sent event of these lines; an empty name is the usual "message".
func Event(name string, data []byte) []byte {
	var b bytes.Buffer
	if name != "" {
		b.WriteString("event: " + name + "\n")
	}
	for line := range bytes.Lines(data) {
		b.WriteString("data: ")
		b.Write(bytes.TrimRight(line, "\r\n"))
		b.WriteByte('\n')
	}
	b.WriteByte('\n')
	return b.Bytes()
}
