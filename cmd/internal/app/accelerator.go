package app

import (
	"context"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"

	"redial/campaign"
	"redial/scheduler"
	"redial/scheduler/hopper"
	"redial/scheduler/tasks"
)

// accelerator is what a node has of Redis besides its first client. The zero value is a node without Redis.
type accelerator struct {
	tasks    redis.UniversalClient // Asynq's own
	guard    *tasks.Guard          // of it
	fallback *hopper.Fallback
}

// Away says whether leads come straight from SQL now, because Redis is away or slow.
func (x *accelerator) Away() bool { return x.fallback != nil && x.fallback.Away() }

// wireTime makes the source of leads: a window in Redis filled from SQL, or SQL alone.
func (a *App) wireTime() error {
	direct := scheduler.NewDirect(a.finder)
	if a.redis == nil {
		a.source = bare{direct, a.finder}
		return nil
	}
	limits := hopper.Limits{}
	if a.embedded {
		limits = hopper.EmbeddedLimits
	}
	window, err := hopper.New(a.redis, hopper.Options{Limits: limits, Now: a.store.Now})
	if err != nil {
		return err
	}
	m := newHopperMeter(a.metrics)
	filler := &hopper.Filler{Window: window, Finder: a.finder, Ready: func(id campaign.CampaignID) int { return a.floor.Waiting(id) }}
	fallback := hopper.NewFallback(filler, direct, a.hopperOptions(m))
	a.source, a.hot.fallback = fallback, fallback
	a.stops.add("hopper", func(context.Context) error { fallback.Close(); return nil })
	a.metrics.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "redial_redis_away", Help: "1 while Redis does not answer, refuses writes or is slow, and leads come straight from SQL.",
	}, func() float64 {
		if fallback.Away() {
			return 1
		}
		return 0
	}))
	return nil
}

// hopperOptions tell of Redis: each failure as a number, a change of state as a line, and one line a minute between.
func (a *App) hopperOptions(m *hopperMeter) hopper.FallbackOptions {
	var failed, stuck seldom
	return hopper.FallbackOptions{
		Warn: func(ctx context.Context, err error) {
			m.failures.Inc()
			if a.hot.Away() && failed.due() {
				a.log.WarnContext(ctx, "Redis is still away; leads come straight from SQL", "error", err)
			}
		},
		Stuck: func(ctx context.Context, id campaign.CampaignID, err error) {
			if stuck.due() {
				a.log.WarnContext(ctx, "a hopper could not be filled; trying again", "campaign", id, "error", err)
			}
		},
		Turn: func(ctx context.Context, t hopper.Turn) {
			if t.Away {
				failed.start()
				m.absences.Inc()
				a.log.WarnContext(ctx, "Redis failed; leads come straight from SQL until it is back", "error", t.Err)
				return
			}
			a.log.InfoContext(ctx, "Redis is back; what it held is built anew", "away_for", t.For.Round(time.Millisecond))
			a.lost()
		},
		Took: m.took,
		Lost: func(ctx context.Context, id campaign.CampaignID) {
			m.lost.Inc()
			a.log.DebugContext(ctx, "Redis lost a hopper; it is filled anew", "campaign", id)
			a.lost()
		},
		Arm: func(ctx context.Context, id campaign.CampaignID, at time.Time) { a.arm(ctx, id, at) },
	}
}

// lookEvery is how often it is asked whether Redis was flushed; one in the process never is.
func (a *App) lookEvery() time.Duration {
	if a.embedded {
		return -1
	}
	return 0
}

// lost has every wake-up sent again.
func (a *App) lost() {
	if s := a.sweeper; s != nil {
		s.Lost()
	}
}

// hopperMeter counts what Redis does to the hopper.
type hopperMeter struct {
	failures, absences, slow, lost prometheus.Counter
	seconds                        prometheus.Histogram
}

// slowCall is how long a call to Redis takes at most that is not counted as slow; half of the last ones slower, and
// Redis is passed by.
const slowCall = 100 * time.Millisecond

func newHopperMeter(r prometheus.Registerer) *hopperMeter {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
	}
	m := &hopperMeter{
		failures: counter("redial_redis_failures_total", "Calls to Redis that failed; leads came straight from SQL instead."),
		absences: counter("redial_redis_absences_total", "How often Redis was left because it failed or was slow."),
		slow:     counter("redial_redis_slow_total", "Calls to Redis that took 100 ms or longer and were answered."),
		lost:     counter("redial_redis_lost_total", "Hoppers that Redis lost, because it was flushed or evicts, and that were filled anew."),
		seconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "redial_redis_seconds", Help: "How long calls to Redis for leads took that were answered.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25},
		}),
	}
	r.MustRegister(m.failures, m.absences, m.slow, m.lost, m.seconds)
	return m
}

func (m *hopperMeter) took(d time.Duration) {
	m.seconds.Observe(d.Seconds())
	if d >= slowCall {
		m.slow.Inc()
	}
}

// seldom says of something that happens often when it is worth another line: once a minute.
type seldom struct {
	mu   sync.Mutex
	last time.Time
}

func (s *seldom) due() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if time.Since(s.last) < time.Minute {
		return false
	}
	s.last = time.Now()
	return true
}

// start begins the minute: a line was just written.
func (s *seldom) start() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = time.Now()
}
