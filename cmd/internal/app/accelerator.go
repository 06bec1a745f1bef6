package app

import (
	"context"
	"log/slog"
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

// hopperOptions tell of Redis: each failure and each change of state as a number, and lines so seldom that a Redis that
// comes and goes does not flood the log.
func (a *App) hopperOptions(m *hopperMeter) hopper.FallbackOptions {
	turns := turnLog{log: a.log, lines: seldom{every: turnEvery}, still: seldom{every: time.Minute}}
	stuck := seldom{every: time.Minute}
	return hopper.FallbackOptions{
		Warn: func(ctx context.Context, err error) {
			m.failures.Inc()
			if a.hot.Away() {
				turns.stays(ctx, err)
			}
		},
		Stuck: func(ctx context.Context, id campaign.CampaignID, err error) {
			if left, ok := stuck.due(time.Now()); ok {
				a.log.WarnContext(ctx, "a hopper could not be filled; trying again", "campaign", id, "error", err, "left_out", left)
			}
		},
		Turn: func(ctx context.Context, t hopper.Turn) {
			turns.turn(ctx, t)
			if t.Away {
				m.absences.Inc()
				return
			}
			if a.hot.tasks != a.redis {
				hopper.Weed(ctx, a.hot.tasks, 250*time.Millisecond) // or what is sent again now meets connections that died
			}
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

// passed counts campaigns whose wake-ups could not be sent. The sweeper writes why.
func (a *App) passed() func(context.Context, campaign.CampaignID, error) {
	n := prometheus.NewCounter(prometheus.CounterOpts{
		Name: "redial_sweep_campaigns_failed_total",
		Help: "How often a sweep could not look ahead in a campaign; its wake-ups were left to the next sweep.",
	})
	a.metrics.MustRegister(n)
	return func(context.Context, campaign.CampaignID, error) { n.Inc() }
}

// turnEvery is how often at most it is told that Redis went away and came back.
const turnEvery = 30 * time.Second

// turnLog tells of Redis's comings and goings: of a going and the coming after it both or neither.
type turnLog struct {
	log          *slog.Logger
	lines, still seldom

	mu   sync.Mutex
	told bool // of its last going
}

func (l *turnLog) turn(ctx context.Context, t hopper.Turn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !t.Away {
		if l.told {
			l.log.InfoContext(ctx, "Redis is back; what it held is built anew", "away_for", t.For.Round(time.Millisecond))
		}
		return
	}
	var left int
	if left, l.told = l.lines.due(time.Now()); l.told {
		l.still.start(time.Now())
		l.log.WarnContext(ctx, "Redis failed; leads come straight from SQL until it is back", "error", t.Err, "absences_left_out", left)
	}
}

func (l *turnLog) stays(ctx context.Context, err error) {
	if left, ok := l.still.due(time.Now()); ok {
		l.log.WarnContext(ctx, "Redis is still away; leads come straight from SQL", "error", err, "failures_left_out", left)
	}
}

// seldom says of something that happens often when it is worth another line, and how many went without one since.
type seldom struct {
	every time.Duration

	mu   sync.Mutex
	last time.Time
	left int
}

func (s *seldom) due(now time.Time) (left int, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.last.IsZero() && now.Sub(s.last) < s.every {
		s.left++
		return 0, false
	}
	left, s.left, s.last = s.left, 0, now
	return left, true
}

// start begins the time until the next line: something like it was just written.
func (s *seldom) start(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = now
}
