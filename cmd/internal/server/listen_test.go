package server

import (
	"errors"
	"net"
	"testing"
)

// visitors is a listener whose connections come from where a test says.
type visitors struct {
	net.Listener
	from chan string
}

func (v *visitors) Addr() net.Addr { return address("here") }
func (v *visitors) Close() error   { return nil }

func (v *visitors) Accept() (net.Conn, error) {
	from, ok := <-v.from
	if !ok {
		return nil, net.ErrClosed
	}
	mine, theirs := net.Pipe()
	theirs.Close()
	return &visitor{mine, address(from)}, nil
}

type visitor struct {
	net.Conn
	at address
}

func (v *visitor) RemoteAddr() net.Addr { return v.at }

type address string

func (a address) Network() string { return "tcp" }
func (a address) String() string  { return string(a) }

func TestOneAddressLeavesRoomForOthers(t *testing.T) {
	t.Parallel()
	v := &visitors{from: make(chan string, 100)}
	l := Limit(v, 8, discard)
	come := func(from ...string) []net.Conn {
		t.Helper()
		for _, f := range from {
			v.from <- f
		}
		v.from <- "127.0.0.1:9" // this machine comes in last, and tells that the others were seen to
		var in []net.Conn
		for {
			c, err := l.Accept()
			if err != nil {
				t.Fatal(err)
			}
			if c.RemoteAddr().String() == "127.0.0.1:9" {
				c.Close()
				return in
			}
			in = append(in, c)
		}
	}
	greedy := []string{
		"[2001:db8::1]:1", "[2001:db8::2]:1", "[2001:db8::3]:1", "[2001:db8::4]:1", "[2001:db8::5]:1", "[2001:db8::6]:1", "[2001:db8::7]:1", "[2001:db8::8]:1",
	}
	held := come(greedy...)
	if len(held) != 6 {
		t.Errorf("one network has %d of 8 connections, want 6", len(held))
	}
	if n := len(come("203.0.113.5:1")); n != 1 {
		t.Errorf("%d of another's", n)
	}
	held[0].Close()
	held[0].Close() // twice counts once
	if n := len(come(greedy[0], greedy[1])); n != 1 {
		t.Errorf("%d after one was closed, want 1", n)
	}
	close(v.from)
	if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Error(err)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
}

func TestSourceIsWhatOneCustomerHas(t *testing.T) {
	t.Parallel()
	for at, want := range map[string]string{
		"203.0.113.5:1": "203.0.113.5/32", "[::ffff:203.0.113.5]:1": "203.0.113.5/32", "[2001:db8:1:2:3::4]:1": "2001:db8:1:2::/64",
		"[fe80::1%eth0]:1": "fe80::/64", "[::1]:1": "::1/128", "bufconn": "invalid Prefix",
	} {
		if got := source(address(at)).String(); got != want {
			t.Errorf("%s comes from %s, want %s", at, got, want)
		}
	}
}
