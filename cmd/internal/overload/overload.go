// Package overload asks a server for more than it can do, as agents would: a floor that works as fast as it is
// answered, and arrivals that do not wait for anybody. It tells what was let in, what was shed and how long each took.
// It judges nothing.
package overload

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	pb "redial/proto/dialer/v1"
)

// Agents are the callers: each has a token of its own and does one thing after the other.
type Agents struct {
	Conns  []*grpc.ClientConn // shared by all in turn
	Tokens []string
	Code   string // of every outcome, such as NO_ANSWER
}

// Result is what came of a time of load.
type Result struct {
	Took      time.Duration
	Cycles    int // leads taken, called and recorded
	Arrivals  int // cycles that were asked for; of a closed loop those that were begun
	Cards     int // leads taken
	Started   int // calls begun
	Shed      int // calls refused with RESOURCE_EXHAUSTED
	Mute      int // of them without a time to come back after
	Dry       int // calls that found no lead
	Failed    int // calls that failed otherwise
	Why       error
	Accepted  []time.Duration // how long each call took that was let in
	Shedding  []time.Duration // and each that was not
	AgentsOut int             // arrivals that found every agent at work
}

// Goodput is cycles a second.
func (r *Result) Goodput() float64 { return float64(r.Cycles) / r.Took.Seconds() }

// P is the time within which the share p of the calls let in were answered; 0 if there were none.
func (r *Result) P(p float64) time.Duration { return percentile(r.Accepted, p) }

// ShedP is the same of the calls that were shed.
func (r *Result) ShedP(p float64) time.Duration { return percentile(r.Shedding, p) }

func percentile(all []time.Duration, p float64) time.Duration {
	if len(all) == 0 {
		return 0
	}
	all = slices.Sorted(slices.Values(all))
	return all[min(int(p*float64(len(all))), len(all)-1)]
}

// run is one time of load.
type run struct {
	a     *Agents
	until time.Time
	mu    sync.Mutex
	r     Result
}

// Closed lets n agents work as fast as they are answered.
func (a *Agents) Closed(ctx context.Context, n int, d time.Duration) Result {
	began := time.Now()
	x := &run{a: a, until: began.Add(d)}
	var wg sync.WaitGroup
	for i := range min(n, len(a.Tokens)) {
		wg.Go(func() {
			for ctx.Err() == nil && time.Now().Before(x.until) {
				x.count(func(r *Result) { r.Arrivals++ })
				x.cycle(ctx, i, true)
			}
		})
	}
	wg.Wait()
	x.r.Took = time.Since(began)
	return x.r
}

// Open lets cycles arrive at a rate a second, at random, whatever becomes of those before. An arrival whose first call
// is shed goes away; what was begun is finished, after the time that the server asks for. Each arrival takes an agent
// who is free.
func (a *Agents) Open(ctx context.Context, rate float64, d time.Duration) Result {
	began := time.Now()
	x := &run{a: a, until: began.Add(d)}
	free := make(chan int, len(a.Tokens))
	for i := range a.Tokens {
		free <- i
	}
	var wg sync.WaitGroup
	for next := began; ctx.Err() == nil; {
		next = next.Add(time.Duration(rand.ExpFloat64() / rate * float64(time.Second)))
		if next.After(x.until) {
			break
		}
		if wait := time.Until(next); wait > 0 {
			time.Sleep(wait) //nolint:forbidigo // arrivals keep their own time
		}
		x.count(func(r *Result) { r.Arrivals++ })
		select {
		case i := <-free:
			wg.Go(func() { x.cycle(ctx, i, false); free <- i })
		default:
			x.count(func(r *Result) { r.AgentsOut++ })
		}
	}
	took := time.Since(began)
	wg.Wait()
	x.r.Took = took
	return x.r
}

func (x *run) count(change func(*Result)) {
	x.mu.Lock()
	defer x.mu.Unlock()
	change(&x.r)
}

// cycle is one call of an agent. One whose first call is shed comes back only if patient.
func (x *run) cycle(ctx context.Context, i int, patient bool) {
	ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+x.a.Tokens[i])
	desk := pb.NewAgentServiceClient(x.a.Conns[i%len(x.a.Conns)])
	var card *pb.Card
	ok := x.call(ctx, patient, func() error {
		got, err := desk.NextCall(ctx, &pb.NextCallRequest{Wait: durationpb.New(time.Second)})
		card = got.GetCard()
		return err
	})
	if !ok {
		return
	}
	if card == nil {
		x.count(func(r *Result) { r.Dry++ })
		return
	}
	x.count(func(r *Result) { r.Cards++ })
	id := card.GetAssignmentId()
	if !x.call(ctx, true, func() error {
		_, err := desk.StartCall(ctx, &pb.StartCallRequest{AssignmentId: id})
		return err
	}) {
		return
	}
	x.count(func(r *Result) { r.Started++ })
	if !x.call(ctx, true, func() error {
		_, err := desk.RecordOutcome(ctx, &pb.RecordOutcomeRequest{AssignmentId: id, Code: x.a.Code})
		return err
	}) {
		return
	}
	x.count(func(r *Result) {
		if time.Now().Before(x.until) {
			r.Cycles++
		}
	})
}

// call makes one call, and if it is shed again and again when it is patient, each time after what the server said.
func (x *run) call(ctx context.Context, patient bool, do func() error) bool {
	for {
		began := time.Now()
		err := do()
		took := time.Since(began)
		if err == nil {
			x.count(func(r *Result) { r.Accepted = append(r.Accepted, took) })
			return true
		}
		if status.Code(err) != codes.ResourceExhausted {
			x.count(func(r *Result) { r.Failed++; r.Why = errors.Join(r.Why, first(r.Failed, err)) })
			return false
		}
		after := retryAfter(err)
		x.count(func(r *Result) {
			r.Shed++
			r.Shedding = append(r.Shedding, took)
			if after <= 0 {
				r.Mute++
			}
		})
		if !patient {
			return false
		}
		select {
		case <-ctx.Done():
			return false
		case <-time.After(max(after, 10*time.Millisecond)):
		}
	}
}

// first keeps a few errors: they are all alike.
func first(n int, err error) error {
	if n > 5 {
		return nil
	}
	return err
}

// retryAfter is the wait that a refusal asks for; 0: none.
func retryAfter(err error) time.Duration {
	for _, d := range status.Convert(err).Details() {
		if r, ok := d.(*errdetails.RetryInfo); ok {
			return r.GetRetryDelay().AsDuration()
		}
	}
	return 0
}
