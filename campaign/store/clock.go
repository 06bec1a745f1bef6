package store

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// Bounds of the clock.
const (
	clockEvery   = 15 * time.Second // between looks at the database's clock
	clockSamples = 5                // round trips of a look; the shortest tells most
	clockOff     = 2 * time.Second  // a node's own clock that is further off is told of, and so is a step
	clockAgain   = time.Hour        // and told again so often while it lasts
	clockGrain   = time.Millisecond // what a record that goes by its process's own clock does not follow
)

// clock is the clock that counts, in this process: what passes by the process's monotonic clock, plus an offset that is
// measured. Whatever is done to the machine's wall clock moves it by nothing. It never goes back: a correction forward is
// taken at once, one backward by running at half speed until it is made up.
type clock struct {
	now  func() time.Time // what passes
	wall func() time.Time // what the machine says the time is; nil: as now says
	own  bool             // the machine's wall clock is the one that counts: there is no other

	mu     sync.Mutex
	anchor time.Time // reading of now from which elapsed counts
	set    bool      // the offset is known
	from   time.Duration
	was    time.Duration // offset to the anchor's wall clock, at from
	to     time.Duration // and what it is to become
	step   time.Duration // a correction that is not told of yet; 0: none
}

func newClock(now, wall func() time.Time) *clock {
	if now == nil {
		now = time.Now
	}
	return &clock{now: now, wall: wall, anchor: now()}
}

// machine is what the machine says the time is, at a reading of now.
func (c *clock) machine(t time.Time) time.Time {
	if c.wall != nil {
		t = c.wall()
	}
	return t.Round(0)
}

// read is the clock that counts, UTC, and how far it is ahead of the machine's.
func (c *clock) read() (now time.Time, ahead time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := c.now()
	passed, machine := t.Sub(c.anchor), c.machine(t)
	if c.own {
		ours := c.anchor.Round(0).Add(passed + c.to)
		if d := machine.Sub(ours); d.Abs() >= clockGrain {
			c.aim(passed, c.to+d)
		}
	}
	now = c.anchor.Round(0).Add(passed + c.offset(passed)).UTC()
	return now, now.Sub(machine)
}

// offset is what is added to the anchor's wall clock after so long; the caller holds the lock.
func (c *clock) offset(passed time.Duration) time.Duration {
	return max(c.to, c.was-max(passed-c.from, 0)/2)
}

// aim has the offset become another; the caller holds the lock.
func (c *clock) aim(passed, to time.Duration) {
	if !c.set { // nobody has asked for the time yet
		c.was, c.to, c.set = to, to, true
		return
	}
	if d := to - c.to; d.Abs() >= clockOff {
		c.step += d
	}
	c.was, c.from, c.to = c.offset(passed), passed, to
}

// sample is one look at another clock: what it said, and by what had passed here before and after it was asked.
type sample struct {
	before, after time.Duration
	said          time.Time
}

// measured takes over what the other clock said. The offset lies where the shortest sample says that it must; one that
// lies there already stays.
func (c *clock) measured(samples []sample) {
	best := samples[0]
	for _, s := range samples[1:] {
		if s.after-s.before < best.after-best.before {
			best = s
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	ahead := best.said.Sub(c.anchor.Round(0))
	low, high := ahead-best.after, ahead-best.before+time.Microsecond // it is told in whole ones
	if !c.set || c.to < low || c.to > high {
		c.aim(c.now().Sub(c.anchor), low+(high-low)/2)
	}
}

// follow has the machine's own clock be the one that counts.
func (c *clock) follow() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.own, c.set = true, true
}

func (c *clock) passed() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now().Sub(c.anchor)
}

// stepped is how far the clock that counts was set since this was last asked; 0: not.
func (c *clock) stepped() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	d := c.step
	c.step = 0
	return d
}

// Now is the clock that counts: the database's, UTC. It never goes back, and nothing that is done to the clock of this
// machine moves it, unless the database is a file of this machine.
func (s *Store) Now() time.Time {
	now, _ := s.clock.read()
	return now
}

// ClockOffset is how far the clock that counts is ahead of this machine's; negative: behind.
func (s *Store) ClockOffset() time.Duration {
	_, ahead := s.clock.read()
	return ahead
}

// ClockOff says whether an offset is so large that somebody should see to the machine's clock.
func ClockOff(offset time.Duration) bool { return offset.Abs() > clockOff }

// followClock measures the offset to the database's clock again and again, for clocks drift, and tells of what an
// operator should know.
func (s *Store) followClock(ctx context.Context) {
	tick := time.NewTicker(clockEvery)
	defer tick.Stop()
	t := clockTeller{log: s.log}
	for {
		t.tell(ctx, s.clock.passed(), s.ClockOffset(), s.clock.stepped())
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := s.measureClock(ctx); err != nil && ctx.Err() == nil {
			s.log.WarnContext(ctx, "cannot read the database's clock; going on with the last offset", "error", err)
		}
	}
}

// measureClock looks at the database's clock, if that is not this machine's.
func (s *Store) measureClock(ctx context.Context) error {
	if s.pool == nil {
		s.clock.follow()
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, clockEvery)
	defer cancel()
	conn, err := s.reader.Conn(ctx)
	if err != nil {
		return fmt.Errorf("read the database's clock: %w", err)
	}
	defer conn.Close()
	samples := make([]sample, clockSamples)
	for i := range samples {
		p := &samples[i]
		var us int64
		p.before = s.clock.passed()
		if err := conn.QueryRowContext(ctx, `SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint`).Scan(&us); err != nil {
			return fmt.Errorf("read the database's clock: %w", err)
		}
		p.after, p.said = s.clock.passed(), fromUS(us)
	}
	s.clock.measured(samples)
	return nil
}

// clockTeller tells of clocks that disagree: when that begins, again while it lasts, and when it ends.
type clockTeller struct {
	log  *slog.Logger
	off  bool
	told time.Duration
}

func (t *clockTeller) tell(ctx context.Context, passed, offset, stepped time.Duration) {
	if stepped != 0 {
		t.log.WarnContext(ctx, "the clock that counts was set; forward is taken at once, backward at half speed: restart the nodes one by one to have it at once",
			"by", stepped)
	}
	switch off := ClockOff(offset); {
	case off && (!t.off || passed-t.told >= clockAgain):
		t.off, t.told = true, passed
		t.log.WarnContext(ctx, "this machine's clock disagrees with the database's, which counts: see to its time service; calls and promises are not affected",
			"database_ahead_by", offset.Round(time.Millisecond))
	case !off && t.off:
		t.off = false
		t.log.InfoContext(ctx, "this machine's clock agrees with the database's again")
	}
}
