package server

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"google.golang.org/grpc"

	"redial/campaign"
)

// uploadWait is how long a piece of an upload waits for its turn: its sender is held up, not sent away.
const uploadWait = 30 * time.Second

// Long work waits for its turn a while: a page of a manager asks for several tables at once.
const (
	tableWait  = 15 * time.Second // that it waits for a place, of its token and of all
	tablesLine = 8                // how much of it one token may have waiting
)

// admission takes calls up or sheds them, once their callers are known.
type admission struct {
	short, long *gate
	streams     *crowd
	asking      *crowd // NextCalls by agent
	tables      *crowd // long work by token
	ownTables   int    // how much of it one token may have
	meter       *shedMeter
	sizes       sizes
}

// newAdmission admits so much long work at once.
func newAdmission(log *slog.Logger, m *shedMeter, s sizes, places int) *admission {
	a := &admission{
		short: newGate(calmMost, newClimb(), shortShares), long: newGate(places, nil, longShares),
		streams: newCrowd(), asking: newCrowd(), tables: newCrowd(), ownTables: max(places-1, 1), meter: m, sizes: s,
	}
	a.short.shut, a.long.shut = m.sheds, m.sheds
	a.short.tell = func(begun bool, shed int64) {
		if begun {
			log.Warn("overloaded: calls are shed until there are fewer")
		} else {
			log.Info("the overload is over, or it is tried whether it is", "shed", shed)
		}
	}
	m.limits(a)
	return a
}

func (a *admission) gateOf(c class) *gate {
	if c == heavy {
		return a.long
	}
	return a.short
}

// turnAway is why a unary call will not be taken up, whoever makes it; nil: it may be.
func (a *admission) turnAway(method string) error {
	if c := classOf(method); c <= ask {
		return a.short.turnAway(c)
	}
	return nil
}

// enter takes up one call; leave gives its place back, at once when it only waits from then on.
func (a *admission) enter(ctx context.Context, c class, patience time.Duration) (leave func(idle bool), err error) {
	if c == free {
		return func(bool) {}, nil
	}
	var key string
	if c == heavy {
		key = fmt.Sprint(campaign.CallerFrom(ctx).Token)
		if patience, err = a.turn(ctx, key); err != nil {
			return nil, err
		}
	}
	g := a.gateOf(c)
	if err := g.enter(ctx, c, patience); err != nil {
		if c == heavy {
			a.tables.give(key)
		}
		return nil, err
	}
	var once sync.Once
	began := time.Now()
	return func(idle bool) {
		once.Do(func() {
			took := time.Since(began)
			if idle {
				took = 0
			}
			g.leave(c, took)
			if c == heavy {
				a.tables.give(key)
			}
		})
	}, nil
}

// turn waits until a token may begin more long work, and says how long that may wait for a place.
func (a *admission) turn(ctx context.Context, key string) (patience time.Duration, err error) {
	began := time.Now()
	ok, err := a.tables.await(ctx, key, a.ownTables, tablesLine, tableWait)
	switch {
	case err != nil:
		return 0, err
	case !ok:
		a.meter.sheds(heavy)
		return 0, busy(fmt.Sprintf("this token has %d reports, exports or simulations at work already, and others waiting", a.ownTables), retryUnit+time.Second)
	}
	return max(tableWait-time.Since(began), waitMin), nil
}

func (a *admission) unary(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	if err := a.sizes.request(info.FullMethod, req); err != nil {
		return nil, err
	}
	if info.FullMethod == agentService+"NextCall" {
		key := agentOf(ctx, req)
		if !a.asking.take(key, waitsOfAgent) {
			return nil, tooMany("this agent asks for its next call several times over", waitsOfAgent, "wait for the answer of one, or cancel it")
		}
		defer a.asking.give(key)
	}
	leave, err := a.enter(ctx, classOf(info.FullMethod), 0)
	if err != nil {
		return nil, err
	}
	defer leave(false)
	if waits(info.FullMethod) {
		ctx = campaign.WithIdle(ctx, func() { leave(true) })
	}
	resp, err := next(ctx, req)
	if err == nil {
		err = a.sizes.answer(info.FullMethod, resp)
	}
	return resp, err
}

// agentOf is whom a call of a desk is for.
func agentOf(ctx context.Context, req any) string {
	c := campaign.CallerFrom(ctx)
	if c.Agent != 0 {
		return fmt.Sprint(c.Agent)
	}
	if r, ok := req.(interface{ GetAgent() string }); ok && r.GetAgent() != "" {
		return "login " + r.GetAgent()
	}
	return fmt.Sprint("token ", c.Token)
}

// action admits what a desk asks for in its stream.
func (a *admission) action(ctx context.Context, action string) (func(), error) {
	leave, err := a.enter(ctx, inStream(action), 0)
	if err != nil {
		return nil, err
	}
	return func() { leave(false) }, nil
}
