package store

import (
	"bytes"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"redial/campaign/store/storetest/testserver"
)

// freeze stops the clock at an instant.
func (c *clock) freeze(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now, c.wall, c.anchor, c.was, c.to, c.own = func() time.Time { return at }, nil, at, 0, 0, false
}

// lines is a log that is read while it is written.
type lines chan string

func (l lines) Write(p []byte) (int, error) {
	l <- string(p)
	return len(p), nil
}

// hands are a machine's clocks, moved by hand.
type hands struct{ passed, wall time.Duration }

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func (h *hands) clock() *clock {
	return newClock(func() time.Time { return noon.Add(h.passed) }, func() time.Time { return noon.Add(h.passed + h.wall) })
}

// look is a sample of a database's clock that is so far ahead of the steady one; the answer was on its way half of trip.
func (h *hands) look(ahead, trip time.Duration) sample {
	return sample{before: h.passed, after: h.passed + trip, said: noon.Add(h.passed + trip/2 + ahead)}
}

func (c *clock) at() time.Time {
	now, _ := c.read()
	return now
}

func TestTheShortestRoundTripTellsTheOffset(t *testing.T) {
	h := &hands{}
	c := h.clock()
	slow := sample{before: 0, after: 80 * time.Millisecond, said: noon.Add(time.Second + 79*time.Millisecond)} // all of it on the way there
	c.measured([]sample{slow, h.look(time.Second, 200*time.Microsecond), slow})
	if d := c.at().Sub(noon.Add(time.Second)); d.Abs() > 200*time.Microsecond {
		t.Errorf("the clock is %v off, want within the shortest trip", d)
	}
	before := c.to
	c.measured([]sample{slow})
	if c.to != before {
		t.Errorf("a slow look that says nothing new moved the clock by %v", c.to-before)
	}
}

func TestACorrectionBackwardIsMadeAtHalfSpeed(t *testing.T) {
	h := &hands{}
	c := h.clock()
	c.measured([]sample{h.look(10*time.Second, 0)})
	c.measured([]sample{h.look(4*time.Second, 0)}) // the database's clock was set back by 6 s
	begin := c.at()
	if d := begin.Sub(noon.Add(10 * time.Second)); d.Abs() > time.Millisecond {
		t.Errorf("at once the clock moved by %v, want 0", d)
	}
	h.passed += 4 * time.Second
	if d := c.at().Sub(begin.Add(2 * time.Second)); d.Abs() > time.Millisecond {
		t.Errorf("after 4 s it is %v from half of that", d)
	}
	h.passed += 20 * time.Second
	if d := c.at().Sub(noon.Add(28 * time.Second)); d.Abs() > time.Millisecond {
		t.Errorf("made up for, it is still %v off", d)
	}
	if d := c.stepped(); (d + 6*time.Second).Abs() > time.Millisecond {
		t.Errorf("a step of %v was noted, want -6s", d)
	}
}

// TestTheClockNeverGoesBack sets every clock at random.
func TestTheClockNeverGoesBack(t *testing.T) {
	for _, own := range []bool{false, true} {
		seed := rand.Uint64()
		r := rand.New(rand.NewPCG(seed, 1))
		h := &hands{}
		c := h.clock()
		if own {
			c.follow()
		} else {
			c.measured([]sample{h.look(0, 0)})
		}
		last := c.at()
		for range 2000 {
			switch r.IntN(3) {
			case 0:
				h.passed += time.Duration(r.Int64N(int64(time.Minute)))
			case 1:
				h.wall += time.Duration(r.Int64N(int64(4*time.Minute))) - 2*time.Minute
			case 2:
				if !own {
					c.measured([]sample{h.look(time.Duration(r.Int64N(int64(4*time.Minute)))-2*time.Minute, time.Duration(r.Int64N(int64(time.Second))))})
				}
			}
			now := c.at()
			if now.Before(last) {
				t.Fatalf("seed %d, own %v: it went from %v back to %v", seed, own, last, now)
			}
			last = now
		}
		h.passed += 2 * time.Hour // time to make up for what is left
		if own {
			if _, ahead := c.read(); ahead != 0 {
				t.Errorf("seed %d: the machine's own clock counts, and it is %v off", seed, ahead)
			}
		}
	}
}

// TestSettingTheMachinesClockMovesNothing holds the record's clock beside the database's while the machine's is set.
func TestSettingTheMachinesClockMovesNothing(t *testing.T) {
	t.Parallel()
	var set atomic.Int64
	said := make(lines, 100)
	set.Store(int64(-time.Minute))
	url := testserver.Postgres(t)
	open := func(wall func() time.Time) *Store {
		s, err := Open(t.Context(), url, Options{Wall: wall, Log: slog.New(slog.NewTextHandler(said, nil))})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		return s
	}
	s := open(func() time.Time { return time.Now().Add(time.Duration(set.Load())) })
	if d := s.ClockOffset() - time.Minute; d.Abs() > 100*time.Millisecond || !ClockOff(s.ClockOffset()) {
		t.Errorf("a clock a minute behind counts as %v behind, off: %v", s.ClockOffset(), ClockOff(s.ClockOffset()))
	}
	before := s.Now()
	set.Store(int64(time.Minute))
	if d := s.Now().Sub(before); d < 0 || d > 10*time.Second {
		t.Errorf("setting the machine's clock moved the record's by %v", d)
	}
	if d := s.ClockOffset() + time.Minute; d.Abs() > 100*time.Millisecond {
		t.Errorf("a clock a minute ahead counts as %v", s.ClockOffset())
	}
	for told := false; !told; { // as soon as it is open
		told = strings.Contains(<-said, "disagrees with the database's")
	}
	if other := open(nil); other.ClockOffset().Abs() > 100*time.Millisecond {
		t.Errorf("a good clock is %v off", other.ClockOffset())
	}
}

// TestAFilesClockIsTheMachines follows the machine's clock where there is no other.
func TestAFilesClockIsTheMachines(t *testing.T) {
	t.Parallel()
	var set atomic.Int64
	s, err := Open(t.Context(), "sqlite://"+filepath.Join(t.TempDir(), "r.db"), Options{
		Wall: func() time.Time { return time.Now().Add(time.Duration(set.Load())) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	set.Store(int64(time.Hour))
	if d := time.Until(s.Now()) - time.Hour; d.Abs() > 10*time.Second {
		t.Errorf("after the clock was set it is %v off", d)
	}
	if d := s.clock.stepped(); (d - time.Hour).Abs() > 10*time.Second {
		t.Errorf("a step of %v was noted, want an hour", d)
	}
}

func TestClocksThatDisagreeAreToldOfOnceAnHour(t *testing.T) {
	var said bytes.Buffer
	w := clockTeller{log: slog.New(slog.NewTextHandler(&said, nil))}
	count := func(what string) int { return strings.Count(said.String(), what) }
	for passed := time.Duration(0); passed < 150*time.Minute; passed += 15 * time.Second {
		w.tell(t.Context(), passed, -3*time.Second, 0)
	}
	if n := count("disagrees"); n != 3 {
		t.Errorf("told %d times in two hours and a half, want 3", n)
	}
	w.tell(t.Context(), 3*time.Hour, clockOff, 0)
	w.tell(t.Context(), 3*time.Hour, 0, 5*time.Second)
	if count("agrees with the database's again") != 1 || count("by=5s") != 1 {
		t.Error(said.String())
	}
}
