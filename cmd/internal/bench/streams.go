package bench

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/grpc"
)

// streamsOfConn is how many streams share a connection.
const streamsOfConn = 100

// manyStreams is how many agents are signed in, and how long their calls last.
func (o *Options) manyStreams() (int, pace) {
	if o.Quick {
		return 30, pace{10 * time.Millisecond, 30 * time.Millisecond}
	}
	return 10_000, pace{10 * time.Second, 30 * time.Second} // 500 calls a second, more than such a floor makes
}

// measureStreams signs many agents in over streams, on a server in a process of its own: what a stream costs it in
// memory beside an idle stream of a bare gRPC server in a process of its own, and how long an offer takes among so many.
func measureStreams(ctx context.Context, o *Options, e *engine) (_ []Measure, err error) {
	n, calls := o.manyStreams()
	flush, err := flushTime(e.dir)
	if err != nil {
		return nil, err
	}
	s := series{Measure: Measure{Name: "streams", Unit: "bytes/stream", Engine: e.name, Callers: n, FdatasyncUS: flush,
		LimitIs: fmt.Sprintf("an idle stream of a bare gRPC server, %d streams a connection; heap and stacks of a process of its own, garbage collected", streamsOfConn)}}
	o.Log("%s: taking in %d agents", e.name, n)
	w, err := makeWorld(ctx, e, o.leads(e.name), staff{streamers: n})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, w.of.drop()) }()
	for round := range o.Rounds {
		o.Log("%s: %d streams, round %d", e.name, n, round+1)
		idle, err := idleStreams(ctx, o, n)
		if err != nil {
			return nil, err
		}
		got, per, err := agentStreams(ctx, o, e, w, calls)
		if err != nil {
			return nil, err
		}
		s.value(got, per.Heap+per.Stack, idle)
		s.Note = fmt.Sprintf("signed in, on a break; heap %.0f, stacks %.0f, resident %.0f bytes and %.1f goroutines a stream; p50 and p99 are from the outcome to the next offer with all at work, a call lasting %v: %.0f offers/s",
			per.Heap, per.Stack, per.Resident, per.Goroutines, calls, got.rate())
	}
	s.atMost("ratio", 2).atMost("p99_ms", 50)
	return []Measure{s.measure()}, nil
}

// connections opens as many as n streams need.
func connections(addr string, n int) (conns []*grpc.ClientConn, closeAll func() error, err error) {
	closeAll = func() error {
		var errs []error
		for _, c := range conns {
			errs = append(errs, c.Close())
		}
		return errors.Join(errs...)
	}
	for range (n + streamsOfConn - 1) / streamsOfConn {
		c, err := connect(addr)
		if err != nil {
			return conns, closeAll, err
		}
		conns = append(conns, c)
	}
	return conns, closeAll, nil
}

// idleStreams is the memory of an idle stream of a bare server.
func idleStreams(ctx context.Context, o *Options, n int) (per float64, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	c, err := o.startChild(context.WithoutCancel(ctx), childSpec{Echo: true})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, c.stop(ctx)) }()
	conns, closeAll, err := connections(c.addr(), n)
	defer func() { err = errors.Join(err, closeAll()) }()
	if err != nil {
		return 0, err
	}
	before, err := c.memory()
	if err != nil {
		return 0, err
	}
	for i := range n {
		if _, err := idle(ctx, conns[i%len(conns)]); err != nil {
			return 0, err
		}
	}
	after, err := c.memory()
	per = eachOf(before, after, n).Heap + eachOf(before, after, n).Stack
	return per, err
}

// agentStreams is the memory of an agent's stream, and the offers among all of them.
func agentStreams(ctx context.Context, o *Options, e *engine, w *world, calls pace) (got slice, per each, err error) {
	f, c, err := openOwnOffice(ctx, o, e, w)
	if err != nil {
		return got, per, err
	}
	defer func() { err = errors.Join(err, f.close(context.WithoutCancel(ctx), err == nil)) }()
	n := len(w.agents)
	conns, closeAll, err := connections(c.addr(), n)
	defer func() { err = errors.Join(err, closeAll()) }()
	if err != nil {
		return got, per, err
	}
	before, err := c.memory()
	if err != nil {
		return got, per, err
	}
	all, err := f.sitAll(ctx, conns, 0, n, false)
	if err != nil {
		return got, per, err
	}
	defer all.end()
	after, err := c.memory()
	if err != nil {
		return got, per, err
	}
	per = eachOf(before, after, n)
	got, err = all.paced(calls, max(2*o.Slice, calls.most), calls.most)
	return got, per, err
}

// each is what one of many costs a process, on average.
type each struct{ Heap, Stack, Resident, Goroutines float64 }

func eachOf(before, after memory, n int) each {
	per := func(a, b int64) float64 { return float64(a-b) / float64(n) }
	return each{per(after.Heap, before.Heap), per(after.Stack, before.Stack), per(after.Resident, before.Resident),
		per(int64(after.Goroutines), int64(before.Goroutines))}
}
