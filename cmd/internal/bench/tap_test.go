package bench

import (
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"
)

// talk lets a tap hear messages of both sides.
type talk struct {
	t   *testing.T
	tap *tap
}

func newTalk(t *testing.T) *talk {
	w := &wiretap{}
	w.record()
	return &talk{t, &tap{w: w, sql: make(map[string]string)}}
}

func (k *talk) bytes(m pgproto3.Message) []byte {
	k.t.Helper()
	b, err := m.Encode(nil)
	if err != nil {
		k.t.Fatal(err)
	}
	return b
}

func (k *talk) asks(all ...pgproto3.FrontendMessage) {
	for _, m := range all {
		b := k.bytes(m)
		k.tap.asked(b[0], b[5:])
	}
}

func (k *talk) gets(status byte, tags ...string) {
	for _, tag := range tags {
		b := k.bytes(&pgproto3.CommandComplete{CommandTag: []byte(tag)})
		k.tap.answered(b[0], b[5:])
	}
	k.tap.answered('Z', []byte{status})
}

func run(name string) []pgproto3.FrontendMessage {
	return []pgproto3.FrontendMessage{&pgproto3.Bind{PreparedStatement: name, Parameters: [][]byte{[]byte(name)}}, &pgproto3.Execute{}}
}

func TestWhatWentTogetherIsKeptTogether(t *testing.T) {
	t.Parallel()
	k := newTalk(t)
	k.gets('I') // the connection is new
	for name, sql := range map[string]string{"a": "SELECT 1", "b": "UPDATE x", "c": "begin isolation level read committed", "d": "commit"} {
		k.asks(&pgproto3.Parse{Name: name, Query: sql}, &pgproto3.Describe{}, &pgproto3.Sync{})
		k.gets('I')
	}
	// A transaction of three flights, the middle one of two statements.
	k.asks(&pgproto3.Query{String: "begin"})
	k.gets('T', "BEGIN")
	k.asks(append(append(run("a"), run("b")...), &pgproto3.Sync{})...)
	k.gets('T', "SELECT 1", "UPDATE 1")
	k.asks(&pgproto3.Query{String: "commit"})
	k.gets('I', "COMMIT")
	// One whose beginning and end went with its statements.
	k.asks(append(append(append(run("c"), run("b")...), run("d")...), &pgproto3.Sync{})...)
	k.gets('I', "BEGIN", "UPDATE 1", "COMMIT")
	// One that was a single statement.
	k.asks(append(run("b"), &pgproto3.Sync{})...)
	k.gets('I', "UPDATE 1")

	got := k.tap.w.take()
	if len(got) != 3 {
		t.Fatalf("%d transactions, want 3: %+v", len(got), got)
	}
	if f := got[0].flights; len(f) != 3 || f[0].text != "begin" || len(f[1].statements) != 2 || f[1].statements[1].sql != "UPDATE x" || f[2].text != "commit" {
		t.Errorf("the first: %+v", f)
	}
	if f := got[1].flights; len(f) != 1 || len(f[0].statements) != 3 || string(f[0].statements[1].args[0]) != "b" {
		t.Errorf("the second: %+v", f)
	}
	if statements, flights := shape(got); statements != 8.0/3 || flights != 5.0/3 {
		t.Errorf("%v statements in %v flights", statements, flights)
	}
}

func TestWhatLeftNothingBehindIsNotSentAgain(t *testing.T) {
	t.Parallel()
	k := newTalk(t)
	k.asks(&pgproto3.Parse{Name: "a", Query: "SELECT 1"}, &pgproto3.Parse{Name: "b", Query: "UPDATE x"}, &pgproto3.Sync{})
	k.gets('I')
	k.asks(append(run("a"), &pgproto3.Sync{})...)
	k.gets('I', "SELECT 1")
	for begin, end := range map[string]string{"begin": "rollback", "begin read only": "commit"} {
		k.asks(&pgproto3.Query{String: begin})
		k.gets('T', "BEGIN")
		k.asks(append(run("b"), &pgproto3.Sync{})...)
		k.gets('T', "UPDATE 1")
		k.asks(&pgproto3.Query{String: end})
		k.gets('I', map[string]string{"rollback": "ROLLBACK", "commit": "COMMIT"}[end])
	}
	k.asks(append(run("b"), &pgproto3.Sync{})...)
	k.tap.answered('E', nil)
	k.gets('I')
	if got := k.tap.w.take(); len(got) != 0 {
		t.Errorf("kept %+v", got)
	}
}
