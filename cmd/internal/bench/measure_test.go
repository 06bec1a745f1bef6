package bench

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestARatioIsTakenInEachRound(t *testing.T) {
	t.Parallel()
	s := series{Measure: Measure{Name: "x"}}
	for _, r := range [][2]float64{{100, 200}, {50, 500}, {90, 100}} {
		s.value(slice{waits: []time.Duration{time.Millisecond}, outside: 0.3}, r[0], r[1])
	}
	m := s.measure()
	if m.Value != 90 || *m.Limit != 200 || *m.Ratio != 0.5 || m.Spread != [2]float64{50, 100} || m.RatioSpread != [2]float64{0.1, 0.9} {
		t.Errorf("got %+v, limit %v, ratio %v", m, *m.Limit, *m.Ratio)
	}
	if m.Rounds != 3 || !m.Noisy || *m.P99ms != 1 {
		t.Errorf("got %+v, p99 %v", m, *m.P99ms)
	}
}

func TestGoalsAreJudgedByTheMedianOfTheRounds(t *testing.T) {
	t.Parallel()
	s := series{}
	for _, v := range []float64{80, 100, 300} {
		s.value(slice{waits: []time.Duration{time.Duration(v) * time.Millisecond}}, v, 100)
	}
	s.atLeast("ratio", 1).atMost("p99_ms", 99).atLeast("value", 100).atLeast("value", 100).atMost("never", 1)
	m := s.measure()
	want := []Goal{{"ratio", false, 1, 1, true}, {"p99_ms", true, 99, 100, false}, {"value", false, 100, 100, true}, {"never", true, 1, 0, false}}
	if !slices.Equal(m.Goals, want) {
		t.Errorf("got %+v, want %+v", m.Goals, want)
	}
	if got := m.met(); got != "no: p99 ms is 100, never is 0" {
		t.Errorf("met: %q", got)
	}
}

func TestALimitHasNoneItself(t *testing.T) {
	t.Parallel()
	s := series{}
	s.round(slice{done: 10, took: time.Second, outside: -1}, 0)
	if m := s.measure(); m.Limit != nil || m.Ratio != nil || m.P99ms != nil || m.Noisy || m.Value != 10 {
		t.Errorf("got %+v", m)
	}
}

func TestP99IsExceededByOneInAHundred(t *testing.T) {
	t.Parallel()
	var s slice
	for i := range 200 {
		s.waits = append(s.waits, time.Duration(200-i)*time.Millisecond)
	}
	if got := s.p99(); got != 199 {
		t.Errorf("got %v, want 199", got)
	}
}

func TestStretchesAreWeighedByTheirTime(t *testing.T) {
	t.Parallel()
	s := slice{done: 10, took: time.Second, outside: 1}
	s.add(slice{done: 50, took: 3 * time.Second, outside: 0})
	if s.done != 60 || s.rate() != 15 || s.outside != 0.25 {
		t.Errorf("got %+v, rate %v", s, s.rate())
	}
}

func TestCombined(t *testing.T) {
	t.Parallel()
	if got := combined(100, 25); math.Abs(got-20) > 1e-9 {
		t.Errorf("got %v, want 20", got)
	}
	if got := combined(100, 0); got != 0 {
		t.Errorf("without one of them: %v, want 0", got)
	}
}

func TestRoundedKeepsFourDigits(t *testing.T) {
	t.Parallel()
	for v, want := range map[float64]float64{462.9049: 462.9, 1234567: 1235000, 0.00123456: 0.001235, 0: 0, math.NaN(): 0} {
		if got := rounded(v); got != want {
			t.Errorf("%v: %v, want %v", v, got, want)
		}
	}
}

func TestProcessReadsNamesWithSpaces(t *testing.T) {
	t.Parallel()
	pid, parent, seconds, ok := process([]byte("42 (a) b) S 7 1 1 0 -1 0 0 0 0 0 100 50 30 20 20 0 1 0 0"))
	if !ok || pid != 42 || parent != 7 || seconds != 2 {
		t.Errorf("got %d, %d, %v, %v", pid, parent, seconds, ok)
	}
}

// TestWhatWasClaimedIsChecked claims on both engines' nearest relative, the embedded one, and then counts wrongly.
func TestWhatWasClaimedIsChecked(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	e := &engine{name: SQLite, dir: t.TempDir()}
	w, err := makeWorld(ctx, e, 40, staff{callers: 4})
	if err != nil {
		t.Fatal(err)
	}
	db, err := e.copy(w.of)
	if err != nil {
		t.Fatal(err)
	}
	d, err := newDesk(ctx, w, db, db.url)
	if err != nil {
		t.Fatal(err)
	}
	defer d.s.Close()
	held, _, err := d.claim(ctx, 4, 2)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.finish(ctx, held, 4); err != nil {
		t.Fatal(err)
	}
	if err := audit(ctx, d.s, w, 4, 4); err != nil {
		t.Errorf("a sound run: %v", err)
	}
	for _, wrong := range [][2]int{{5, 4}, {4, 3}} {
		if audit(ctx, d.s, w, wrong[0], wrong[1]) == nil {
			t.Errorf("%d claimed and %d finished were believed", wrong[0], wrong[1])
		}
	}
	d.used = 0 // as a bug would: the same leads again
	if _, _, err := d.claim(ctx, 4, 2); err == nil {
		t.Error("leads were claimed twice and nobody said so")
	}
	d.used = 38
	if _, _, err := d.claim(ctx, 4, 2); !errors.Is(err, errNoLeads) {
		t.Errorf("without leads: %v", err)
	}
}

// TestTheLimitSendsTheSameStatements compares what was recorded, sent again to another copy, with the record; then one
// transaction is left out.
func TestTheLimitSendsTheSameStatements(t *testing.T) {
	t.Parallel()
	for _, leaveOut := range []bool{false, true} {
		e := &engine{name: SQLite, dir: t.TempDir()}
		w, err := makeWorld(t.Context(), e, 40, staff{callers: 8})
		if err != nil {
			t.Fatal(err)
		}
		c := &calls{o: &Options{}, e: e, w: w, series: make(map[string]*series)}
		if err := c.openLimits(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := c.recordAndReplay(t.Context(), leaveOut); err != nil {
			t.Fatal(err)
		}
		err = c.close(context.WithoutCancel(t.Context()), true)
		if leaveOut && (err == nil || !strings.Contains(err.Error(), "wrong run")) {
			t.Errorf("a transaction was left out and the end was %v", err)
		}
		if !leaveOut && err != nil {
			t.Error(err)
		}
	}
}

func (c *calls) recordAndReplay(ctx context.Context, leaveOut bool) error {
	c.recorder.record()
	held, _, err := c.tape.claim(ctx, 8, 4)
	if err != nil {
		return err
	}
	deeds := c.recorder.take()
	if len(deeds) != 2 || len(held) != 8 {
		return errors.New("two batches are two transactions")
	}
	if leaveOut {
		deeds = deeds[:1]
	}
	_, err = c.replay.replay(ctx, deeds)
	return err
}
