package server

import (
	"context"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// Limits of saying no to a connection.
const (
	farewells   = 64 // at once; others are closed without a word
	farewell    = time.Second
	tellRefused = time.Minute // between two lines of the log
)

// refusal is what a connection over the limit is told, in words that a browser and curl show; a gRPC client sees that
// it is no HTTP/2, and tries again later and later.
const refusal = "HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain; charset=utf-8\r\nRetry-After: 5\r\nConnection: close\r\n\r\n" +
	"too many connections: this node takes no more just now, try another or come back; --max-connections sets how many\n"

// A single address, another than this machine's own, may have so much of the connections: whoever opens all they can
// leaves a quarter to everybody else. A load balancer has one address, too, and should be more than one machine.
const shareNum, shareDen = 3, 4

// limited is a listener that has so many connections open at most.
type limited struct {
	net.Listener
	most    int64
	share   int64
	mu      sync.Mutex
	of      map[netip.Prefix]int64 // open, by where they come from; without this machine's own
	open    atomic.Int64
	refused atomic.Int64
	log     *slog.Logger
	last    time.Time // when it was logged
	no      chan struct{}
	wg      sync.WaitGroup
}

// Limit is a listener on which at most so many connections are open at once, three quarters of them from one address; what
// comes beyond is told so and closed.
func Limit(lis net.Listener, most int, log *slog.Logger) net.Listener {
	return &limited{Listener: lis, most: int64(most), share: max(1, int64(most)*shareNum/shareDen), of: map[netip.Prefix]int64{}, log: log, no: make(chan struct{}, farewells)}
}

// Accept waits for a connection that there is room for.
func (l *limited) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err //nolint:wrapcheck // servers look at what kind it is
		}
		from := source(c.RemoteAddr())
		if l.open.Add(1) <= l.most && l.enter(from) {
			return &counted{Conn: c, of: l, from: from}, nil
		}
		l.open.Add(-1)
		l.refuse(c)
	}
}

// enter counts a connection of an address, if it may have another.
func (l *limited) enter(from netip.Prefix) bool {
	if !from.IsValid() || from.Addr().IsLoopback() {
		return true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.of[from] >= l.share {
		return false
	}
	l.of[from]++
	return true
}

func (l *limited) leave(from netip.Prefix) {
	l.open.Add(-1)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.of[from]--; l.of[from] <= 0 {
		delete(l.of, from)
	}
}

// source is where a connection comes from as one customer has it: an address of IPv4, 64 bits of IPv6; the zero Prefix
// where there is no such address.
func source(addr net.Addr) netip.Prefix {
	at, err := netip.ParseAddrPort(addr.String())
	if err != nil {
		return netip.Prefix{}
	}
	ip, bits := at.Addr().Unmap().WithZone(""), 32
	if ip.Is6() && !ip.IsLoopback() {
		bits = 64
	} else if ip.Is6() {
		bits = 128
	}
	p, err := ip.Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return p
}

// Close takes no more connections, and waits until the last that was refused has heard so.
func (l *limited) Close() error {
	err := l.Listener.Close()
	l.wg.Wait()
	return err //nolint:wrapcheck // as above
}

func (l *limited) refuse(c net.Conn) {
	n := l.refused.Add(1)
	if now := time.Now(); now.Sub(l.last) > tellRefused {
		l.last = now
		l.log.WarnContext(context.Background(), "connections are refused: there are as many as --max-connections allows, or three quarters of them from one address",
			"address", l.Addr().String(), "limit", l.most, "refused", n)
	}
	select {
	case l.no <- struct{}{}:
	default:
		_ = c.Close() // there is nobody to tell
		return
	}
	l.wg.Go(func() {
		defer func() { <-l.no }()
		defer c.Close()
		_ = c.SetDeadline(time.Now().Add(farewell))
		if _, err := c.Write([]byte(refusal)); err != nil {
			return
		}
		if half, ok := c.(interface{ CloseWrite() error }); ok {
			_ = half.CloseWrite()
		}
		// What the other side sent is read: closed over it, the words would be lost.
		var waste [512]byte
		for {
			if _, err := c.Read(waste[:]); err != nil {
				return
			}
		}
	})
}

// counted is a connection that makes room when it is closed.
type counted struct {
	net.Conn
	of   *limited
	from netip.Prefix
	once sync.Once
}

func (c *counted) Close() error {
	c.once.Do(func() { c.of.leave(c.from) })
	return c.Conn.Close() //nolint:wrapcheck // as above
}
