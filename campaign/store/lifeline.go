package store

import (
	"context"
	"io"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Bounds of noticing that the way to the database is cut. TCP alone takes a quarter of an hour.
const (
	lineQuiet = time.Second     // an answer that is waited for so long is looked after
	lineEvery = time.Second     // between looks
	lineProbe = 3 * time.Second // a server that lives answers a greeting within that, however laden
)

// lifelines are the connections to the database. One that waits for long may belong to a long statement or to a machine
// that is gone; the server is greeted on a connection of its own to know which.
type lifelines struct {
	log  *slog.Logger
	dial pgconn.DialFunc
	mu   sync.Mutex
	open map[*lifeline]bool
}

// lifeline is a connection that knows since when it waits.
type lifeline struct {
	net.Conn
	of            *lifelines
	network, addr string
	began         time.Time
	reading       atomic.Int64 // when a Read began that has not ended, since began; 0: none
	writing       atomic.Int64
}

// guard has every connection that is made by cfg watched over.
func (l *lifelines) guard(cfg *pgx.ConnConfig) {
	l.dial, l.open = cfg.DialFunc, make(map[*lifeline]bool)
	cfg.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := l.dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		line := &lifeline{Conn: c, of: l, network: network, addr: addr, began: time.Now()}
		l.mu.Lock()
		defer l.mu.Unlock()
		l.open[line] = true
		return line, nil
	}
}

// Read implements net.Conn.
func (l *lifeline) Read(b []byte) (int, error) {
	l.reading.Store(int64(time.Since(l.began)))
	defer l.reading.Store(0)
	return l.Conn.Read(b)
}

// Write implements net.Conn.
func (l *lifeline) Write(b []byte) (int, error) {
	l.writing.Store(int64(time.Since(l.began)))
	defer l.writing.Store(0)
	return l.Conn.Write(b)
}

// Close implements net.Conn.
func (l *lifeline) Close() error {
	l.of.mu.Lock()
	delete(l.of.open, l)
	l.of.mu.Unlock()
	return l.Conn.Close()
}

// waits is for how long it has waited; 0: not.
func (l *lifeline) waits() time.Duration {
	now := time.Since(l.began)
	var longest time.Duration
	for _, since := range []int64{l.reading.Load(), l.writing.Load()} {
		if since > 0 {
			longest = max(longest, now-time.Duration(since))
		}
	}
	return longest
}

// quiet are the connections that wait, by where they go.
func (l *lifelines) quiet(atLeast time.Duration) map[string][]*lifeline {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out map[string][]*lifeline
	for c := range l.open {
		if c.waits() >= atLeast {
			if out == nil {
				out = make(map[string][]*lifeline)
			}
			out[c.addr] = append(out[c.addr], c)
		}
	}
	return out
}

// watch cuts connections to servers that no longer answer, until ctx is done: who waits on them hears of it.
func (l *lifelines) watch(ctx context.Context) {
	tick := time.NewTicker(lineEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		var probes sync.WaitGroup
		for addr, waiting := range l.quiet(lineQuiet) {
			probes.Go(func() { l.look(ctx, addr, waiting) })
		}
		probes.Wait()
	}
}

// look greets a server and cuts the connections that have waited for it ever since, if it does not answer.
func (l *lifelines) look(ctx context.Context, addr string, waiting []*lifeline) {
	began := time.Now()
	err := l.greet(ctx, waiting[0].network, addr)
	if err == nil || ctx.Err() != nil {
		return
	}
	var n int
	for _, c := range waiting {
		if c.waits() >= time.Since(began) {
			_ = c.Close() // whoever waits on it hears of that
			n++
		}
	}
	l.log.WarnContext(ctx, "the database does not answer; its connections are cut", "address", addr, "connections", n, "error", err)
}

// greet asks whether the server speaks TLS: it answers that to anybody at once, whatever goes on in it.
func (l *lifelines) greet(ctx context.Context, network, addr string) error {
	ctx, cancel := context.WithTimeout(ctx, lineProbe)
	defer cancel()
	c, err := l.dial(ctx, network, addr)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(lineProbe)); err != nil {
		return err
	}
	if _, err := c.Write([]byte{0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f}); err != nil { // SSLRequest
		return err
	}
	_, err = io.ReadFull(c, make([]byte, 1))
	return err
}
