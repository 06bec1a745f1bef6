package hopper_test

import (
	"io"
	"net"
	"runtime"
	"testing"
	"time"
)

// TestARedisThatHangsForLongLeavesNothingBehind counts what waits while a Redis that takes every word and never answers is
// tried again and again. It is not parallel, for it counts every goroutine of the process.
func TestARedisThatHangsForLongLeavesNothingBehind(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	go func() {
		for {
			c, err := silent.Accept()
			if err != nil {
				return
			}
			go func() { defer c.Close(); _, _ = io.Copy(io.Discard, c) }()
		}
	}()
	r := newRecord(500, 0)
	f := newFloor(t, dial(t, silent.Addr().String()), r)
	var counts []int
	for range 3 {
		for range 20 {
			r.claim(f.take(t, 1, 0))
			<-time.After(100 * time.Millisecond)
		}
		counts = append(counts, runtime.NumGoroutine())
	}
	if counts[2] > counts[0]+4 {
		t.Errorf("goroutines pile up: %v after two, four and six seconds", counts)
	}
	if n := f.warned.Load(); n < 4 || !f.Away() {
		t.Errorf("Redis hangs, and was found to %d times", n)
	}
}
