package bench

import (
	"fmt"
	"net"
	"net/url"
	"sync"
)

// wiretap stands between a record and its PostgreSQL and keeps what goes to the database, and what went together.
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
		t := &tap{w: w, sql: make(map[string]string)}
		follow := func(from, to net.Conn, hear func(byte, []byte), typed bool) {
			_ = pass(from, to, hear, typed) // either side's end is the other's
			_ = from.Close()
			_ = to.Close()
		}
		w.wg.Go(func() { follow(in, out, t.asked, false) })
		w.wg.Go(func() { follow(out, in, t.answered, true) })
	}
}

// keep takes a committed transaction.
func (w *wiretap) keep(d deed) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.on {
		w.deeds = append(w.deeds, d)
	}
}
