package campaign

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ErrUnknownField is what the callback of StrictObject answers for a name it does not know.
var ErrUnknownField = errors.New("unknown field")

// unknownField is the same for a reader that can say which names there are.
func unknownField(what string, names ...string) error {
	return Invalid("", fmt.Sprintf("unknown field: %s %s", what, strings.Join(names, ", ")))
}

// Under puts the faults of an *Error below a field: Under("rules", err about "interval") is about "rules.interval".
// Other errors, and nil, are left as they are.
func Under(field string, err error) error {
	e, ok := errors.AsType[*Error](err)
	if !ok || len(e.Violations) == 0 {
		return err
	}
	moved := *e
	moved.Violations = make([]Violation, len(e.Violations))
	for i, v := range e.Violations {
		switch {
		case v.Field == "":
			v.Field = field
		case field != "" && v.Field[0] != '[':
			v.Field = field + "." + v.Field
		default:
			v.Field = field + v.Field
		}
		moved.Violations[i] = v
	}
	return &moved
}

// StrictObject gives each member of a JSON object to the callback, in order. It is stricter than encoding/json:
// names match by case, no name may come twice, and a name the callback answers with ErrUnknownField is an error.
// Errors are of kind KindInvalid and name the field. A value that is null is left out, as if it were absent.
func StrictObject(raw []byte, member func(name string, value []byte) error) error {
	w := jsonWalk{b: raw}
	if !w.enter('{') {
		return Invalid("", "must be an object, {…}")
	}
	var seen [24]string
	n := 0
	for !w.leave('}') {
		name, err := StrictString(w.value())
		if err != nil || !w.skip(':') {
			return Invalid("", "is not JSON")
		}
		if slices.Contains(seen[:min(n, len(seen))], name) {
			return Invalid(name, "is given twice")
		}
		if n < len(seen) {
			seen[n] = name
		}
		n++
		v := w.value()
		if v == nil {
			return Invalid(name, "is not JSON")
		}
		if string(v) == "null" {
			continue
		}
		if err := member(name, v); err != nil {
			if errors.Is(err, ErrUnknownField) {
				err = Invalid("", "unknown field: check its spelling, or leave it out")
			}
			return Under(name, err)
		}
	}
	return nil
}

// StrictArray gives each element of a JSON array to the callback, in order.
func StrictArray(raw []byte, element func(i int, value []byte) error) error {
	w := jsonWalk{b: raw}
	if !w.enter('[') {
		return Invalid("", "must be a list, […]")
	}
	for i := 0; !w.leave(']'); i++ {
		v := w.value()
		if v == nil {
			return Invalid("", "is not JSON")
		}
		if err := element(i, v); err != nil {
			return Under("["+strconv.Itoa(i)+"]", err)
		}
	}
	return nil
}

// StrictString reads a JSON string.
func StrictString(raw []byte) (string, error) {
	if len(raw) < 2 || raw[0] != '"' {
		return "", Invalid("", fmt.Sprintf("%s is no text: put it in quotes", shownJSON(raw)))
	}
	for _, c := range raw[1 : len(raw)-1] {
		if c == '\\' || c >= 0x80 {
			var s string
			if err := json.Unmarshal(raw, &s); err != nil {
				return "", Invalid("", "is not JSON text")
			}
			return s, nil
		}
	}
	return string(raw[1 : len(raw)-1]), nil
}

// StrictInt reads a whole number of at least 0.
func StrictInt(raw []byte) (int, error) {
	n, err := strconv.Atoi(string(raw))
	if err != nil {
		return 0, Invalid("", fmt.Sprintf("%s is no whole number", shownJSON(raw)))
	}
	if n < 0 {
		return 0, Invalid("", fmt.Sprintf("%d is negative: give 0 or more", n))
	}
	return n, nil
}

// StrictBool reads true or false.
func StrictBool(raw []byte) (bool, error) {
	switch string(raw) {
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	return false, Invalid("", fmt.Sprintf("%s is neither true nor false", shownJSON(raw)))
}

// StrictDuration reads a Go duration such as "4h" or "90m", not negative.
func StrictDuration(raw []byte) (time.Duration, error) {
	s, err := StrictString(raw)
	if err != nil {
		return 0, Invalid("", fmt.Sprintf("%s is no duration: write it as \"4h\" or \"90m\"", shownJSON(raw)))
	}
	d, err := time.ParseDuration(s)
	if err != nil {
		return 0, Invalid("", fmt.Sprintf("%q is no duration: write it as 4h or 90m", s))
	}
	if d < 0 {
		return 0, Invalid("", fmt.Sprintf("%q is negative: give 0s or more", s))
	}
	return d, nil
}

// StrictInstant reads an RFC 3339 instant in whole seconds; the answer is UTC.
func StrictInstant(raw []byte) (time.Time, error) {
	s, err := StrictString(raw)
	if err != nil {
		return time.Time{}, err
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return time.Time{}, Invalid("", fmt.Sprintf("%q is no instant: write it as 2026-03-02T02:00:00Z", s))
	}
	if t.Nanosecond() != 0 || strings.ContainsAny(s, ".,") {
		return time.Time{}, Invalid("", fmt.Sprintf("%q is not in whole seconds", s))
	}
	return t.UTC(), nil
}

// StrictEach reads a list; an empty one is nil.
func StrictEach[T any](raw []byte, read func([]byte) (T, error)) ([]T, error) {
	var all []T
	err := StrictArray(raw, func(_ int, v []byte) error {
		one, err := read(v)
		all = append(all, one)
		return err
	})
	return all, err
}

// readWord reads a text; whether it is one of those known is for Validate.
func readWord[T ~string](raw []byte) (T, error) {
	s, err := StrictString(raw)
	return T(s), err
}

func readDate(raw []byte) (Date, error) {
	s, err := StrictString(raw)
	if err != nil {
		return Date{}, err
	}
	return ParseDate(s)
}

// shownJSON quotes a value for an error message.
func shownJSON(raw []byte) string {
	if len(raw) > 40 {
		return string(bytes.ToValidUTF8(raw[:40], nil)) + "…"
	}
	return string(raw)
}

// jsonWalk steps over the values of JSON text that is known to be valid; on other text it ends early, never panics.
type jsonWalk struct {
	b []byte
	i int
}

func (w *jsonWalk) space() {
	for w.i < len(w.b) && (w.b[w.i] == ' ' || w.b[w.i] == '\n' || w.b[w.i] == '\t' || w.b[w.i] == '\r') {
		w.i++
	}
}

func (w *jsonWalk) skip(c byte) bool {
	w.space()
	if w.i < len(w.b) && w.b[w.i] == c {
		w.i++
		return true
	}
	return false
}

func (w *jsonWalk) enter(open byte) bool { return w.skip(open) }

// leave reports the end of the object or array, and steps over the comma before the next member.
func (w *jsonWalk) leave(end byte) bool {
	w.skip(',')
	return w.skip(end) || w.i >= len(w.b)
}

// value is the extent of the next value; nil when there is none.
func (w *jsonWalk) value() []byte {
	w.space()
	start := w.i
	if start >= len(w.b) {
		return nil
	}
	switch w.b[start] {
	case '"':
		w.text()
	case '{', '[':
		w.nested()
	default:
		for w.i < len(w.b) && !endsJSON(w.b[w.i]) {
			w.i++
		}
	}
	if w.i == start {
		return nil
	}
	return w.b[start:w.i]
}

// endsJSON says whether a byte ends a number, true, false or null.
func endsJSON(c byte) bool {
	switch c {
	case ',', ']', '}', ':', ' ', '\n', '\t', '\r':
		return true
	}
	return false
}

func (w *jsonWalk) text() {
	for w.i++; w.i < len(w.b); w.i++ {
		switch w.b[w.i] {
		case '\\':
			w.i++
		case '"':
			w.i++
			return
		}
	}
	w.i = len(w.b)
}

func (w *jsonWalk) nested() {
	depth := 0
	for w.i < len(w.b) {
		switch w.b[w.i] {
		case '"':
			w.text()
			continue
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		}
		w.i++
		if depth == 0 {
			return
		}
	}
}
