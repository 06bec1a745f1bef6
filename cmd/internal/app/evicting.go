package app

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"
)

// evicting watches whether Redis throws keys away by itself, which costs speed: what is lost is built anew.
type evicting struct {
	app      *App
	policy   string // as last seen; empty: not told
	evicting prometheus.Gauge
	keys     prometheus.Gauge
}

const (
	evictingEvery   = 15 * time.Second
	evictingTimeout = 2 * time.Second
	noEviction      = "noeviction"
)

func newEvicting(a *App) *evicting {
	e := &evicting{
		app: a,
		evicting: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "redial_redis_evicting", Help: "1 while Redis's maxmemory-policy is another than noeviction: it may throw away what it holds.",
		}),
		keys: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "redial_redis_evicted_keys", Help: "Keys that Redis has thrown away for want of memory since its start, ours or others'.",
		}),
	}
	a.metrics.MustRegister(e.evicting, e.keys)
	return e
}

// run looks now and then until ctx ends.
func (e *evicting) run(ctx context.Context) error {
	tick := time.NewTicker(evictingEvery)
	defer tick.Stop()
	for {
		e.look(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// look asks every master. One that is away, or forbids the question, is told of elsewhere or by nobody.
func (e *evicting) look(ctx context.Context) {
	if e.app.hot.Away() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, evictingTimeout)
	defer cancel()
	policy, keys := "", 0
	ask := func(ctx context.Context, c *redis.Client) error {
		memory, err := c.Info(ctx, "memory").Result()
		if err != nil {
			return err
		}
		stats, err := c.Info(ctx, "stats").Result()
		if p := field(memory, "maxmemory_policy"); p != "" && (policy == "" || policy == noEviction) {
			policy = p
		}
		n, _ := strconv.Atoi(field(stats, "evicted_keys")) // not told: none
		keys += n
		return err
	}
	var err error
	switch c := e.app.redis.(type) {
	case *redis.ClusterClient:
		err = eachMaster(ctx, c, ask)
	case *redis.Client:
		err = ask(ctx, c)
	}
	if err == nil && policy != "" {
		e.note(ctx, policy, keys)
	}
}

// eachMaster asks one after the other; the client's own does it at the same time.
func eachMaster(ctx context.Context, c *redis.ClusterClient, ask func(context.Context, *redis.Client) error) error {
	turn := make(chan struct{}, 1)
	return c.ForEachMaster(ctx, func(ctx context.Context, m *redis.Client) error {
		turn <- struct{}{}
		defer func() { <-turn }()
		return ask(ctx, m)
	})
}

// note tells of a policy once, and again when it changes.
func (e *evicting) note(ctx context.Context, policy string, keys int) {
	e.keys.Set(float64(keys))
	evicts := policy != noEviction
	e.evicting.Set(0)
	if evicts {
		e.evicting.Set(1)
	}
	was := e.policy
	e.policy = policy
	switch {
	case policy == was:
	case evicts:
		e.app.log.WarnContext(ctx, "Redis may throw away what it holds, which costs speed: set maxmemory-policy to noeviction", "maxmemory_policy", policy)
	case was != "":
		e.app.log.InfoContext(ctx, "Redis no longer throws away what it holds", "maxmemory_policy", policy)
	}
}

// field is a value of Redis's INFO; empty: it is not there.
func field(info, name string) string {
	for line := range strings.Lines(info) {
		if rest, ok := strings.CutPrefix(line, name+":"); ok {
			return strings.TrimSpace(rest)
		}
	}
	return ""
}
