package chaos

import (
	"context"
	"math/rand/v2"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// Times of callers.
const (
	answerSoon   = 3 * time.Second  // of one request, its waiting apart
	answerAtLast = 90 * time.Second // of a request with all its repetitions, whatever the faults
)

// caller is a client program: it knows every node, and sends a request again, to another node, until it is answered.
type caller struct {
	w     *world
	name  string
	ctx   context.Context // with its token
	rng   *rand.Rand
	conns []*grpc.ClientConn
	at    int // the node it talks to
}

// caller makes a client with a token of its own.
func (w *world) caller(name, token string) *caller {
	c := &caller{
		w: w, name: name, at: len(w.callers), rng: rand.New(rand.NewPCG(w.seed, uint64(len(w.callers)))),
		ctx: metadata.AppendToOutgoingContext(context.Background(), "authorization", "Bearer "+token),
	}
	for _, n := range w.nodes {
		conn, err := grpc.NewClient("passthrough:///"+n.grpc, grpc.WithTransportCredentials(insecure.NewCredentials()),
			grpc.WithInitialWindowSize(64<<10), grpc.WithConnectParams(grpc.ConnectParams{
				Backoff:           backoff.Config{BaseDelay: 50 * time.Millisecond, Multiplier: 1.5, MaxDelay: 500 * time.Millisecond},
				MinConnectTimeout: 2 * time.Second,
			}))
		if err != nil {
			w.t.Fatal(err)
		}
		w.t.Cleanup(func() { conn.Close() })
		c.conns = append(c.conns, conn)
	}
	c.at %= len(c.conns)
	w.callers = append(w.callers, c)
	return c
}

// ask sends a request until it is answered for good: with what was asked for, or with a refusal. Each try may take
// limit.
func ask[A any](c *caller, limit time.Duration, send func(context.Context, grpc.ClientConnInterface) (A, error)) (A, error) {
	for began, try := time.Now(), 0; ; try++ {
		if try > 0 {
			c.w.count.retried.Add(1)
		}
		ctx, cancel := context.WithTimeout(c.ctx, limit)
		got, err := send(ctx, c.conns[c.at])
		cancel()
		if !c.again(err) {
			return got, err
		}
		if time.Since(began) > answerAtLast {
			c.w.breach(0, "%s got no answer in %v: %v", c.name, answerAtLast, err)
			return got, err
		}
	}
}

// again says whether a request is to be sent again, and makes the caller turn to the next node after a moment.
func (c *caller) again(err error) bool {
	c.w.count.requests.Add(1)
	code := status.Code(err)
	switch code {
	case codes.Unavailable, codes.DeadlineExceeded, codes.ResourceExhausted, codes.Canceled:
	case codes.Internal, codes.Unknown, codes.Unauthenticated, codes.Unimplemented:
		c.w.breach(0, "%s got an error that no fault excuses: %v", c.name, err)
	default:
		return false
	}
	c.w.count.failed.Add(1)
	c.w.nodes[c.at].felt.Add(1)
	after, said := retryAfter(err)
	if code == codes.Unavailable && reasonOf(err) != "" {
		c.w.count.away.Add(1)
		if !said {
			c.w.breach(0, "%s was not told when to come again: %v", c.name, err)
		}
	}
	c.at = (c.at + 1) % len(c.conns)
	pause(min(after, time.Second) + time.Duration(c.rng.IntN(50))*time.Millisecond)
	return true
}

// retryAfter is how long the server asks to wait. It says nothing where it is a way that is cut, or a node that is gone:
// then it is 20 ms.
func retryAfter(err error) (after time.Duration, said bool) {
	for _, d := range status.Convert(err).Details() {
		if r, ok := d.(*errdetails.RetryInfo); ok {
			return r.GetRetryDelay().AsDuration(), true
		}
	}
	return 20 * time.Millisecond, false
}

// reasonOf is the stable word of a refusal; empty: none.
func reasonOf(err error) string {
	for _, d := range status.Convert(err).Details() {
		if i, ok := d.(*errdetails.ErrorInfo); ok {
			return i.GetReason()
		}
	}
	return ""
}

// pause lets real processes and servers get on with it: these tests run in real time.
func pause(d time.Duration) { <-time.After(d) }

// chance is true so often, 0 to 1.
func (c *caller) chance(p float64) bool { return c.rng.Float64() < p }

// between is a random time.
func (c *caller) between(from, to time.Duration) time.Duration {
	return from + time.Duration(c.rng.Int64N(int64(to-from)))
}
