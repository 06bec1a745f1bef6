package bench

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	pb "redial/proto/dialer/v1"
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
		LimitIs: "the same server at full load, 256 agents who never rest, in a process of its own; both are asked by the same client"}}
	for round := range o.Rounds {
		o.Log("%s: overload, round %d", e.name, round+1)
		if err := overloadRound(ctx, o, e, w, &s); err != nil {
			return nil, fmt.Errorf("round %d: %w", round+1, err)
		}
	}
	s.atMost("p99_ratio", 2)
	ratios := s.samples["p99_ratio"]
	s.Note = fmt.Sprintf("medians: p99 of a next call at full load %.4g ms, under overload %.3g of that (%.3g .. %.3g); once it was over %.2f of what was asked for was given, "+
		"%.2f of full load; last round: %s", median(s.samples["p99_full"]), median(ratios), slices.Min(ratios), slices.Max(ratios), median(s.samples["after"]), overloadAfter, s.Note)
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
	var full flooded
	for _, for_ := range []time.Duration{o.Slice / 2, o.Slice} { // the first warms up: a cold server's p99 would excuse the flood's
		if full, err = f.full(ctx, min(overloadCallers, w.callers), for_); err != nil {
			return fmt.Errorf("full load: %w", err)
		}
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
	s.sample("p99_full", full.p99())
	s.sample("after", after.rate()/(overloadAfter*full.rate()))
	s.sample("p99_ratio", many.p99()/full.p99())
	s.Note = fmt.Sprintf("asked for %.0f calls/s, %.0f times full load: %.0f %% sent away with the time to come again, %.0f %% not asked for want of agents; "+
		"the last call ended %.1f s after the asking; at full load %d were sent away",
		many.asked(), many.asked()/full.rate(), 100*many.part(many.shed), 100*many.part(many.unasked), (many.took - many.over).Seconds(), full.shed)
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
func (f *office) flood(ctx context.Context, rate float64, for_ time.Duration) (flooded, error) {
	w := &flooding{f: f, free: make(chan int, f.w.callers)}
	return w.run(ctx, f.w.callers, func(ctx context.Context, h *hammer, message []byte) error { return w.ask(ctx, h, message, rate, for_) })
}

// full has agents work who never rest, and come again when they are told to if they are sent away. They ask as the flood
// does, so that the waits of both are measured alike.
func (f *office) full(ctx context.Context, callers int, for_ time.Duration) (flooded, error) {
	w := &flooding{f: f, free: make(chan int, callers), obey: true}
	return w.run(ctx, callers, func(ctx context.Context, h *hammer, message []byte) error { return w.chase(ctx, h, message, for_) })
}

// run lets so many agents be asked for until that is over, and waits for the calls.
func (w *flooding) run(ctx context.Context, agents int, ask func(context.Context, *hammer, []byte) error) (flooded, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	w.fail = cancel
	for i := range agents {
		w.free <- i
	}
	message, err := proto.Marshal(&pb.NextCallRequest{Wait: durationpb.New(overloadWait)})
	if err != nil {
		return flooded{}, fmt.Errorf("a call to ask for: %w", err)
	}
	h, err := openHammer(ctx, w.f.served.addr(), pb.AgentService_NextCall_FullMethodName, func(a answered) { w.hear(ctx, a) })
	if err != nil {
		return flooded{}, err
	}
	watch, began := startWatch(), time.Now()
	err = ask(ctx, h, message)
	w.out.over = time.Since(began)
	if err != nil {
		cancel(err)
	} else {
		w.work.Wait()
	}
	err = errors.Join(context.Cause(ctx), h.close())
	w.work.Wait()
	w.out.took, w.out.outside = time.Since(began), watch.outside()
	if err == nil && w.out.done == 0 {
		err = fmt.Errorf("%w: of %d calls none was given", errWrong, w.out.calls)
	}
	return w.out, err
}

// flooding is a flood under way.
type flooding struct {
	f    *office
	free chan int // agents
	fail context.CancelCauseFunc
	obey bool           // who is sent away comes again when told to, not at once
	work sync.WaitGroup // calls that were asked for

	mu  sync.Mutex
	out flooded
}

// ask asks for as many calls as are due, each millisecond.
func (w *flooding) ask(ctx context.Context, h *hammer, message []byte, rate float64, for_ time.Duration) error {
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	began, calls, unasked := time.Now(), 0, 0
	for over := false; !over && ctx.Err() == nil; <-tick.C {
		elapsed := time.Since(began)
		over = elapsed >= for_
		for due := int(rate*elapsed.Seconds()) + 1; calls < due && w.f.left() > w.f.w.callers; calls++ {
			if !w.askOne(h, message) {
				unasked++
			}
		}
		if err := h.send(); err != nil {
			return err
		}
	}
	w.asked(calls, unasked)
	return nil
}

// chase asks for a call for everybody who is free.
func (w *flooding) chase(ctx context.Context, h *hammer, message []byte, for_ time.Duration) error {
	over := time.NewTimer(for_)
	defer over.Stop()
	for calls := 0; w.f.left() > w.f.w.callers; calls++ {
		select {
		case agent := <-w.free:
			w.work.Add(1)
			if !h.ask(agent, w.f.w.tokens[agent], message) {
				w.work.Done()
				return fmt.Errorf("%w: at full load the server reads no more", errWrong)
			}
		case <-over.C:
			w.asked(calls, 0)
			return nil
		case <-ctx.Done():
			return nil
		}
		if len(w.free) == 0 {
			if err := h.send(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *flooding) asked(calls, unasked int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.out.calls, w.out.unasked = calls, unasked
}

// askOne asks for one call, unless no agent is free or the server takes no more.
func (w *flooding) askOne(h *hammer, message []byte) bool {
	select {
	case agent := <-w.free:
		w.work.Add(1)
		if h.ask(agent, w.f.w.tokens[agent], message) {
			return true
		}
		w.free <- agent
		w.work.Done()
		return false
	default:
		return false
	}
}

// hear takes an answer, and has the call made that came with it.
func (w *flooding) hear(ctx context.Context, a answered) {
	if a.err != nil {
		w.sentAway(a)
		return
	}
	go func() {
		defer w.work.Done()
		if err := w.call(ctx, a); err != nil {
			w.fail(err)
		}
		w.free <- a.caller
	}()
}

// sentAway frees the agent of a call that was not given.
func (w *flooding) sentAway(a answered) {
	after, err := sentAway(a.err)
	if err != nil {
		w.fail(err)
	}
	w.mu.Lock()
	w.out.shed++
	w.mu.Unlock()
	if w.obey {
		time.AfterFunc(after, func() { w.free <- a.caller })
	} else {
		w.free <- a.caller
	}
	w.work.Done()
}

// call makes the call that came.
func (w *flooding) call(ctx context.Context, a answered) error {
	var got pb.NextCallResponse
	if err := proto.Unmarshal(a.reply, &got); err != nil {
		return fmt.Errorf("what came for a call: %w", err)
	}
	c, err := w.f.card(&got, a.caller, overloadWait)
	if err != nil {
		return err
	}
	if err := w.f.end(ctx, c); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.out.done++
	w.out.waits = append(w.out.waits, a.wait)
	return nil
}
