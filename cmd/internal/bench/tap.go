package bench

import (
	"bufio"
	"encoding/binary"
	"io"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5/pgproto3"
)

// tap follows one connection of a record: each side's messages come by in their order. The server says after every
// flight where the transaction stands, so that it does not matter how one is begun and ended.
type tap struct {
	w       *wiretap
	sql     map[string]string // prepared statements by name
	pending statement
	gather  flight

	mu       sync.Mutex
	sent     []flight // not answered yet
	open     []flight // of the transaction
	begun    bool     // by a statement of its own
	readOnly bool
	wrote    bool
	failed   bool
}

// pass hands messages on and tells hear of each before it goes out. Only the first of a client has no type.
func pass(from io.Reader, to io.Writer, hear func(kind byte, body []byte), typed bool) error {
	in, out := bufio.NewReaderSize(from, 64<<10), bufio.NewWriterSize(to, 64<<10)
	head := make([]byte, 5)
	var body []byte
	for {
		h := head
		if !typed {
			h = head[1:]
		}
		if _, err := io.ReadFull(in, h); err != nil {
			return err
		}
		n := int(binary.BigEndian.Uint32(head[1:])) - 4
		if cap(body) < n {
			body = make([]byte, n)
		}
		body = body[:n]
		if _, err := io.ReadFull(in, body); err != nil {
			return err
		}
		if typed {
			hear(head[0], body)
		}
		typed = true
		if _, err := out.Write(h); err != nil {
			return err
		}
		if _, err := out.Write(body); err != nil {
			return err
		}
		if in.Buffered() == 0 {
			if err := out.Flush(); err != nil {
				return err
			}
		}
	}
}

// asked hears what the record sends.
func (t *tap) asked(kind byte, body []byte) {
	body = append([]byte(nil), body...) // what is decoded keeps pieces of it
	switch kind {
	case 'P':
		var m pgproto3.Parse
		if m.Decode(body) == nil {
			t.sql[m.Name] = m.Query
		}
	case 'B':
		var m pgproto3.Bind
		if m.Decode(body) == nil {
			t.pending = statement{t.sql[m.PreparedStatement], m.Parameters, m.ParameterFormatCodes, m.ResultFormatCodes}
		}
	case 'E':
		t.gather.statements = append(t.gather.statements, t.pending)
	case 'S':
		t.took(t.gather)
		t.gather = flight{}
	case 'Q':
		t.took(flight{text: strings.TrimRight(string(body), "\x00")})
	}
}

func (t *tap) took(f flight) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sent = append(t.sent, f)
}

// answered hears what the server sends.
func (t *tap) answered(kind byte, body []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch kind {
	case 'C':
		switch tag, _, _ := strings.Cut(strings.TrimRight(string(body), "\x00"), " "); tag {
		case "INSERT", "UPDATE", "DELETE", "MERGE":
			t.wrote = true
		case "ROLLBACK":
			t.failed = true
		}
	case 'E':
		t.failed = true
	case 'Z':
		t.ready(body[0])
	}
}

// ready ends a flight, and a transaction when the connection is idle after it.
func (t *tap) ready(status byte) {
	if len(t.sent) == 0 {
		return // the connection is new
	}
	f := t.sent[0]
	t.sent = t.sent[1:]
	if f.text != "" || len(f.statements) > 0 { // else something was prepared
		t.open = append(t.open, f)
		t.begins(f)
	}
	if status != 'I' {
		return
	}
	if len(t.open) > 0 && !t.failed && !t.readOnly && (t.begun || t.wrote) {
		t.w.keep(deed{t.open})
	}
	t.open, t.begun, t.readOnly, t.wrote, t.failed = nil, false, false, false, false
}

func (t *tap) begins(f flight) {
	texts := []string{f.text}
	for i := range f.statements {
		texts = append(texts, f.statements[i].sql)
	}
	for _, text := range texts {
		if word := strings.ToLower(strings.TrimSpace(text)); strings.HasPrefix(word, "begin") || strings.HasPrefix(word, "start transaction") {
			t.begun, t.readOnly = true, strings.Contains(word, "read only")
		}
	}
}
