package bench

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
)

// wiretap stands between a record and its PostgreSQL and keeps what goes to the database.
type wiretap struct {
	lis    net.Listener
	server string
	at     string
	wg     sync.WaitGroup

	mu    sync.Mutex
	on    bool
	deeds []deed
	conns map[net.Conn]bool
}

func newWiretap(raw string) (*wiretap, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return nil, fmt.Errorf("listen to the database: %w", err)
	}
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen to the database: %w", err)
	}
	w := &wiretap{lis: lis, server: u.Host, conns: make(map[net.Conn]bool)}
	u.Host = lis.Addr().String()
	w.at = u.String()
	w.wg.Go(w.accept)
	return w, nil
}

func (w *wiretap) url() string { return w.at }

func (w *wiretap) record() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.on, w.deeds = true, nil
}

func (w *wiretap) take() []deed {
	w.mu.Lock()
	defer w.mu.Unlock()
	d := w.deeds
	w.on, w.deeds = false, nil
	return d
}

func (w *wiretap) close() error {
	err := w.lis.Close()
	w.mu.Lock()
	for c := range w.conns {
		_ = c.Close() // its other end has gone already
	}
	w.mu.Unlock()
	w.wg.Wait()
	return err
}

func (w *wiretap) accept() {
	for {
		in, err := w.lis.Accept()
		if err != nil {
			return
		}
		out, err := net.Dial("tcp", w.server)
		if err != nil {
			_ = in.Close() // the record is told by that
			continue
		}
		w.mu.Lock()
		w.conns[in], w.conns[out] = true, true
		w.mu.Unlock()
		w.wg.Go(func() { _, _ = io.Copy(in, out); _ = in.Close() }) // ends with either side
		w.wg.Go(func() {
			t := tap{w: w, sql: make(map[string]string)}
			t.follow(in, out)
			_ = out.Close()
		})
	}
}

// tap follows one connection.
type tap struct {
	w       *wiretap
	sql     map[string]string // prepared statements by name
	now     *deed             // the open transaction; nil: none, or one that only reads
	pending statement
}

// follow passes messages on until a side ends. The first has no type.
func (t *tap) follow(in io.Reader, out io.Writer) {
	head := make([]byte, 5)
	first := true
	for {
		h := head
		if first {
			h = head[1:]
		}
		if _, err := io.ReadFull(in, h); err != nil {
			return
		}
		body := make([]byte, binary.BigEndian.Uint32(head[1:])-4)
		if _, err := io.ReadFull(in, body); err != nil {
			return
		}
		if !first {
			t.hear(head[0], body)
		}
		first = false
		if _, err := out.Write(append(slices.Clip(h), body...)); err != nil {
			return
		}
	}
}

func (t *tap) hear(kind byte, body []byte) {
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
		if t.now != nil {
			t.now.statements = append(t.now.statements, t.pending)
		}
	case 'Q':
		t.simple(strings.TrimRight(string(body), "\x00"))
	}
}

// simple is how transactions begin and end.
func (t *tap) simple(sql string) {
	t.w.mu.Lock()
	defer t.w.mu.Unlock()
	switch word := strings.ToLower(sql); {
	case strings.HasPrefix(word, "begin"):
		t.now = nil
		if t.w.on && !strings.Contains(word, "read only") {
			t.now = &deed{begin: sql}
		}
	case strings.HasPrefix(word, "commit") && t.now != nil:
		t.w.deeds = append(t.w.deeds, *t.now)
		t.now = nil
	case strings.HasPrefix(word, "rollback"):
		t.now = nil
	}
}

// postgresReplay sends deeds over one connection, each statement prepared once, as pgx does.
type postgresReplay struct {
	conn  *pgconn.PgConn
	names map[string]string
}

func newPostgresReplay(ctx context.Context, url string) (*postgresReplay, error) {
	c, err := pgconn.Connect(ctx, url)
	if err != nil {
		return nil, fmt.Errorf("connect for the limit: %w", err)
	}
	return &postgresReplay{c, make(map[string]string)}, nil
}

func (r *postgresReplay) close() error { return r.conn.Close(context.Background()) }

func (r *postgresReplay) replay(ctx context.Context, deeds []deed) (rows int, err error) {
	for i := range deeds {
		if err := r.simple(ctx, deeds[i].begin); err != nil {
			return rows, err
		}
		for j := range deeds[i].statements {
			n, err := r.one(ctx, &deeds[i].statements[j])
			if err != nil {
				return rows, err
			}
			rows += n
		}
		if err := r.simple(ctx, "commit"); err != nil {
			return rows, err
		}
	}
	return rows, nil
}

func (r *postgresReplay) simple(ctx context.Context, sql string) error {
	_, err := r.conn.Exec(ctx, sql).ReadAll()
	return err
}

func (r *postgresReplay) one(ctx context.Context, s *statement) (rows int, err error) {
	name, known := r.names[s.sql]
	if !known {
		if s.sql == "" {
			return 0, errors.New("a statement was not heard being prepared")
		}
		name = fmt.Sprint("s", len(r.names))
		if _, err := r.conn.Prepare(ctx, name, s.sql, nil); err != nil {
			return 0, err
		}
		r.names[s.sql] = name
	}
	res := r.conn.ExecPrepared(ctx, name, s.args, s.formats, s.asked)
	for res.NextRow() {
		rows++
	}
	_, err = res.Close()
	return rows, err
}
