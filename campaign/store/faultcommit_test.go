package store_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"net"
	"slices"
	"sync/atomic"
	"testing"
)

// commitCutter passes connections on to PostgreSQL and cuts one of them in a commit.
type commitCutter struct {
	addr  string
	cut   atomic.Int64 // how many it has cut
	armed atomic.Int64 // 1: cut the next commit before the server hears of it; 2: before its answer is heard
}

func newCommitCutter(t testing.TB, target string) *commitCutter {
	t.Helper()
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &commitCutter{addr: lis.Addr().String()}
	t.Cleanup(func() { lis.Close() })
	go func() {
		for {
			in, err := lis.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", target)
			if err != nil {
				in.Close()
				continue
			}
			go c.pass(out, in, 1, []byte("commit\x00"), commitName()) // the statement's text, or its name once it is prepared
			go c.pass(in, out, 2, []byte("COMMIT\x00"))               // the tag of its completion
		}
	}()
	return c
}

// arm has the next commit cut.
func (c *commitCutter) arm(heard bool) {
	if heard {
		c.armed.Store(2)
	} else {
		c.armed.Store(1)
	}
}

// commitName is the name under which pgx prepares a commit that is sent with other statements.
func commitName() []byte {
	sum := sha256.Sum256([]byte("commit"))
	return []byte("stmtcache_" + hex.EncodeToString(sum[:24]) + "\x00")
}

// pass copies until it is to cut what it meets.
func (c *commitCutter) pass(to, from net.Conn, when int64, marks ...[]byte) {
	defer to.Close()
	defer from.Close()
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		met := slices.ContainsFunc(marks, func(mark []byte) bool { return bytes.Contains(buf[:n], mark) })
		if met && c.armed.CompareAndSwap(when, 0) {
			c.cut.Add(1)
			return
		}
		if _, e := to.Write(buf[:n]); e != nil || err != nil {
			return
		}
	}
}
