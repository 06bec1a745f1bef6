package testserver

import (
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Proxy passes TCP connections on to a server and does harm to them on demand. Its methods may be called at any time.
type Proxy struct {
	// Addr is where it listens, "127.0.0.1:port".
	Addr string

	target string
	lis    net.Listener
	delay  atomic.Int64 // of each piece, nanoseconds
	hung   atomic.Pointer[chan struct{}]
	bitten atomic.Int64
	halve  atomic.Bool // the next reply is cut

	mu     sync.Mutex
	closed bool
	refuse bool
	conns  map[net.Conn]bool
	work   sync.WaitGroup
}

// NewProxy starts a proxy before addr for this test.
func NewProxy(t testing.TB, addr string) *Proxy {
	t.Helper()
	p, err := StartProxy(addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

// StartProxy starts one for a program that is no test; Close ends it.
func StartProxy(addr string) (*Proxy, error) {
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listening for a proxy: %w", err)
	}
	p := &Proxy{Addr: lis.Addr().String(), target: addr, lis: lis, conns: make(map[net.Conn]bool)}
	p.work.Go(p.accept)
	return p, nil
}

// Delay holds every piece back for so long from now on; 0: no longer.
func (p *Proxy) Delay(d time.Duration) {
	p.delay.Store(int64(d))
}

// Hang lets nothing through, in either direction, and closes nothing, as a cut cable would, until Heal.
func (p *Proxy) Hang() {
	hung := make(chan struct{})
	p.hung.CompareAndSwap(nil, &hung)
}

// Refuse resets every connection and each new one until Heal.
func (p *Proxy) Refuse() {
	p.mu.Lock()
	p.refuse = true
	p.mu.Unlock()
	p.Reset()
}

// Heal ends Hang, Refuse and Delay.
func (p *Proxy) Heal() {
	p.delay.Store(0)
	p.mu.Lock()
	p.refuse = false
	p.mu.Unlock()
	if hung := p.hung.Swap(nil); hung != nil {
		close(*hung)
	}
}

// Reset cuts every connection there is, wherever it stands, with a TCP reset.
func (p *Proxy) Reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		cut(c)
		p.bitten.Add(1)
	}
}

// CutReply passes on only the first half of the next piece that the server says, and cuts that connection with a TCP
// reset: its client cannot know what became of what it asked for.
func (p *Proxy) CutReply() { p.halve.Store(true) }

// Bitten is how many connections and pieces it has done harm to.
func (p *Proxy) Bitten() int64 { return p.bitten.Load() }

// Close ends the proxy and every connection.
func (p *Proxy) Close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.lis.Close()
	p.Reset()
	p.Heal()
	p.work.Wait()
}

func (p *Proxy) accept() {
	for {
		in, err := p.lis.Accept()
		if err != nil {
			return
		}
		p.work.Go(func() { p.pass(in) })
	}
}

func (p *Proxy) pass(in net.Conn) {
	defer in.Close()
	if !p.enter(in) {
		return
	}
	defer p.leave(in)
	out, err := net.Dial("tcp", p.target)
	if err != nil {
		cut(in)
		return
	}
	defer out.Close()
	if !p.enter(out) {
		return
	}
	defer p.leave(out)
	done := make(chan struct{})
	go func() {
		defer close(done)
		p.copy(in, out, true)
	}()
	p.copy(out, in, false)
	<-done
}

// copy passes pieces on until one side ends, which ends the other. A reply is what the server says.
func (p *Proxy) copy(to, from net.Conn, reply bool) {
	buf := make([]byte, 16<<10)
	for {
		n, err := from.Read(buf)
		if d := time.Duration(p.delay.Load()); d > 0 && n > 0 {
			p.bitten.Add(1)
			<-time.After(d)
		}
		if hung := p.hung.Load(); hung != nil {
			p.bitten.Add(1)
			<-*hung
		}
		if reply && n > 0 && p.halve.CompareAndSwap(true, false) {
			p.bitten.Add(1)
			n, err = n/2, errCut
		}
		if n > 0 {
			if _, e := to.Write(buf[:n]); e != nil {
				err = e
			}
		}
		if err != nil {
			if !errors.Is(err, io.EOF) {
				cut(to)
			}
			to.Close()
			from.Close()
			return
		}
	}
}

var errCut = errors.New("cut half-way")

func (p *Proxy) enter(c net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || p.refuse {
		p.bitten.Add(1)
		cut(c)
		return false
	}
	p.conns[c] = true
	return true
}

func (p *Proxy) leave(c net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.conns, c)
}

// cut closes with a reset: what is under way is lost.
func cut(c net.Conn) {
	if t, ok := c.(*net.TCPConn); ok {
		_ = t.SetLinger(0)
	}
	c.Close()
}
