package bench

import (
	"encoding/hex"
	"strconv"
	"strings"
)

// parameters reads the values of a statement's parameters ($1 and so on) out of its text with the values in their
// places, for SQLite tells of them in no other way. ok is false where the two do not fit together.
func parameters(text, expanded string) (values []any, ok bool) {
	for len(text) > 0 {
		switch c := text[0]; c {
		case '\'', '"':
			n := quoted(text)
			if n == 0 || !strings.HasPrefix(expanded, text[:n]) {
				return nil, false
			}
			text, expanded = text[n:], expanded[n:]
		case '$', '?':
			n := 1 + digits(text[1:])
			at, err := strconv.Atoi(text[1:n])
			v, used := literal(expanded)
			if err != nil || at < 1 || used == 0 {
				return nil, false
			}
			for len(values) < at {
				values = append(values, nil)
			}
			values[at-1] = v
			text, expanded = text[n:], expanded[used:]
		default:
			if expanded == "" || expanded[0] != c {
				return nil, false
			}
			text, expanded = text[1:], expanded[1:]
		}
	}
	return values, expanded == ""
}

// literal reads a value as SQLite writes it, and says how long it is; 0: it is none.
func literal(s string) (v any, used int) {
	switch {
	case strings.HasPrefix(s, "NULL"):
		return nil, 4
	case strings.HasPrefix(s, "'"):
		n := quoted(s)
		if n == 0 {
			return nil, 0
		}
		return strings.ReplaceAll(s[1:n-1], "''", "'"), n
	case strings.HasPrefix(s, "x'"):
		n := quoted(s[1:])
		if n == 0 {
			return nil, 0
		}
		b, err := hex.DecodeString(s[2:n])
		if err != nil {
			return nil, 0
		}
		return b, n + 1
	}
	n := strings.IndexFunc(s, func(r rune) bool { return !strings.ContainsRune("+-.0123456789eE", r) })
	if n < 0 {
		n = len(s)
	}
	if i, err := strconv.ParseInt(s[:n], 10, 64); err == nil {
		return i, n
	}
	if f, err := strconv.ParseFloat(s[:n], 64); err == nil {
		return f, n
	}
	return nil, 0
}

// quoted is how long the quoted piece is with which s begins; a doubled quote does not end it. 0: it has no end.
func quoted(s string) int {
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] != s[0]:
		case i+1 < len(s) && s[i+1] == s[0]:
			i++
		default:
			return i + 1
		}
	}
	return 0
}

func digits(s string) int {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return n
}
