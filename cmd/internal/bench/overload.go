package bench

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// What agents do under overload.
const (
	overloadCallers = 256 // who are full load: as many agents, who never rest, as the gate takes for a full floor
	overloadTimes   = 10
	overloadAfter   = 0.75            // of full load, once the overload is over: arrivals that do not wait fill no more for long
	overloadWait    = 5 * time.Second // of an agent for a lead
)

// measureOverload asks for ten times as many calls as the server can give, whatever it answers: how many it gives all
// the same, how long those wait that it takes up, and whether those that it sends away are told when to come again.
func measureOverload(ctx context.Context, o *Options, e *engine) (_ []Measure, err error) {
	o.Log("%s: taking in %d leads for an overload", e.name, o.leads(e.name))
	w, err := makeWorld(ctx, e, o.leads(e.name), staff{callers: o.staff().callers})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, w.of.drop()) }()
	flush, err := flushTime(e.dir)
	if err != nil {
		return nil, err
	}
	s := series{Measure: Measure{Name: "overload", Unit: "cycles/s", Engine: e.name, Callers: w.callers, FdatasyncUS: flush,
		LimitIs: "the same server at full load, 256 agents who never rest, in a process of its own"}}
	for round := range o.Rounds {
		o.Log("%s: overload, round %d", e.name, round+1)
		if err := overloadRound(ctx, o, e, w, &s); err != nil {
			return nil, fmt.Errorf("round %d: %w", round+1, err)
		}
	}
	s.atMost("p99_ratio", 2)
	return []Measure{s.measure()}, nil
}

func overloadRound(ctx context.Context, o *Options, e *engine, w *world, s *series) (err error) {
	f, _, err := openOwnOffice(ctx, o, e, w)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.close(context.WithoutCancel(ctx), err == nil)) }()
	if err := f.warmUp(ctx); err != nil {
		return err
	}
	full, err := f.full(ctx, min(overloadCallers, w.callers), o.Slice)
	if err != nil {
		return fmt.Errorf("full load: %w", err)
	}
	many, err := f.flood(ctx, overloadTimes*full.rate(), 4*o.Slice)
	if err != nil {
		return fmt.Errorf("%d times the load: %w", overloadTimes, err)
	}
	after, err := f.flood(ctx, overloadAfter*full.rate(), o.Slice)
	if err != nil {
		return fmt.Errorf("afterwards: %w", err)
	}
	s.round(many.slice, full.rate())
	s.sample("p99_ratio", many.p99()/full.p99())
	s.Note = fmt.Sprintf("asked for %.0f calls/s, %.0f times full load: %.0f %% sent away with the time to come again, %.0f %% not asked for want of agents; "+
		"the last call ended %.1f s after the asking; p99 of a next call at full load %.1f ms; afterwards %.2f of what was asked for was given, %.2f of full load",
		many.asked(), many.asked()/full.rate(), 100*many.part(many.shed), 100*many.part(many.unasked), (many.took - many.over).Seconds(), full.p99(), after.rate()/(overloadAfter*full.rate()), overloadAfter)
	return nil
}

// flooded is what came of asking without waiting for answers.
type flooded struct {
	slice         // whole cycles; the waits are those for the call
	shed, unasked int
	calls         int // that were to be made
	over          time.Duration
}

// asked is how many calls were really asked for, a second.
func (f *flooded) asked() float64 { return float64(f.calls-f.unasked) / f.over.Seconds() }

func (f *flooded) part(n int) float64 { return float64(n) / float64(max(f.calls, 1)) }

// flood asks for calls at a rate, whatever is answered, each for an agent who is free; a call that comes is begun and
// ended, however often that must be tried.
func (f *office) flood(ctx context.Context, rate float64, for_ time.Duration) (out flooded, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	free := make(chan int, f.w.callers)
	for i := range f.w.callers {
		free <- i
	}
	var mu sync.Mutex
	var work sync.WaitGroup
	w, began := startWatch(), time.Now()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for over := false; !over && ctx.Err() == nil; <-tick.C {
		elapsed := time.Since(began)
		over = elapsed >= for_
		for due := int(rate*elapsed.Seconds()) + 1; out.calls < due && f.left() > f.w.callers; out.calls++ {
			select {
			case agent := <-free:
				work.Go(func() {
					wait, shed, err := f.oneCall(ctx, agent)
					mu.Lock()
					defer mu.Unlock()
					switch {
					case err != nil:
						cancel(err)
					case shed:
						out.shed++
					case wait > 0:
						out.done++
						out.waits = append(out.waits, wait)
					}
					free <- agent
				})
			default:
				out.unasked++
			}
		}
	}
	out.over = time.Since(began)
	work.Wait()
	out.took, out.outside = time.Since(began), w.outside()
	if err = context.Cause(ctx); err == nil && out.done == 0 {
		err = fmt.Errorf("%w: of %d calls none was given", errWrong, out.calls)
	}
	return out, err
}

// full has agents work who never rest: the waits are those for the next call.
func (f *office) full(ctx context.Context, callers int, for_ time.Duration) (slice, error) {
	until := time.Now().Add(for_)
	return inParallel(ctx, callers, func(ctx context.Context, i int, did func(time.Duration)) error {
		for n := 0; n == 0 || time.Now().Before(until) && f.left() > callers; n++ {
			began := time.Now()
			c, err := f.next(ctx, i)
			if err != nil {
				return err
			}
			wait := time.Since(began)
			if err := f.end(ctx, c); err != nil {
				return err
			}
			did(wait)
		}
		return nil
	})
}

// oneCall asks once for a call, and makes it if it comes. wait 0 without shed: none came in time.
func (f *office) oneCall(ctx context.Context, agent int) (wait time.Duration, shed bool, err error) {
	began := time.Now()
	c, err := f.nextOnce(ctx, agent, overloadWait)
	if wait = time.Since(began); err != nil {
		_, shed, err = sentAway(err)
		return 0, shed, err
	}
	return wait, false, f.end(ctx, c)
}
