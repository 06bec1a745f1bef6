package server

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/grpc/codes"

	"redial/campaign"
)

// meter counts and times calls. Its labels are methods and codes alone: neither grows with the data.
type meter struct {
	calls    *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	inFlight *prometheus.GaugeVec
	panics   prometheus.Counter
}

func newMeter(r prometheus.Registerer) (*meter, error) {
	m := &meter{
		calls: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "redial_grpc_calls_total", Help: "Calls that ended, by method and code.",
		}, []string{"method", "code"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "redial_grpc_call_seconds", Help: "Time a unary call took, by method and code; streams are not timed.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}, []string{"method", "code"}),
		inFlight: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "redial_grpc_calls_in_flight", Help: "Calls and streams now, by method.",
		}, []string{"method"}),
		panics: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "redial_grpc_panics_total", Help: "Calls that panicked: each is a defect, its stack is in the log.",
		}),
	}
	if r == nil {
		return m, nil
	}
	for _, c := range []prometheus.Collector{m.calls, m.seconds, m.inFlight, m.panics} {
		if err := r.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func (m *meter) panicked() { m.panics.Inc() }

// measure is one call being measured.
type measure struct {
	meter  *meter
	method string
	start  time.Time
}

func (m *meter) begin(method string) measure {
	m.inFlight.WithLabelValues(method).Inc()
	return measure{m, method, time.Now()}
}

// turned counts a call that was not begun.
func (m *meter) turned(method string, code codes.Code) {
	m.calls.WithLabelValues(method, code.String()).Inc()
}

// end counts the call and is how long it took; timed also puts that into the histogram.
func (b measure) end(code codes.Code, timed bool) time.Duration {
	took := time.Since(b.start)
	b.meter.inFlight.WithLabelValues(b.method).Dec()
	b.meter.calls.WithLabelValues(b.method, code.String()).Inc()
	if timed {
		b.meter.seconds.WithLabelValues(b.method, code.String()).Observe(took.Seconds())
	}
	return took
}

// shedMeter counts what is shed and what is open, by classes and kinds: both are few.
type shedMeter struct {
	shed    *prometheus.CounterVec
	streams *prometheus.GaugeVec
	rates   *prometheus.CounterVec
	r       prometheus.Registerer
	err     error
}

func newShedMeter(r prometheus.Registerer) *shedMeter {
	m := &shedMeter{
		shed: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "redial_grpc_shed_total", Help: "Calls refused before anything was begun because there were too many, by class.",
		}, []string{"class"}),
		streams: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "redial_streams", Help: "Streams open now, by what they are for.",
		}, []string{"kind"}),
		rates: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "redial_grpc_rate_limited_total", Help: "Calls refused because their token made too many a second, by role.",
		}, []string{"role"}),
		r: r,
	}
	m.register(m.shed)
	m.register(m.streams)
	m.register(m.rates)
	for c := range numClasses {
		m.shed.WithLabelValues(c.String())
	}
	return m
}

func (m *shedMeter) register(c prometheus.Collector) {
	if m.r != nil && m.err == nil {
		m.err = m.r.Register(c)
	}
}

// limits measures how many calls of each class may be in work now.
func (m *shedMeter) limits(a *admission) {
	for c := range numClasses {
		m.register(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "redial_grpc_limit", Help: "Calls that may be in work at once now, by class; it falls in an overload.",
			ConstLabels: prometheus.Labels{"class": c.String()},
		}, func() float64 { return a.gateOf(c).limit(c) }))
	}
}

func (m *shedMeter) sheds(c class) { m.shed.WithLabelValues(c.String()).Inc() }

// limited counts a call that its token's rate forbids.
func (m *shedMeter) limited(r campaign.Role) { m.rates.WithLabelValues(string(r)).Inc() }

// stream counts one until the function is called.
func (m *shedMeter) stream(kind string) func() {
	g := m.streams.WithLabelValues(kind)
	g.Inc()
	return g.Dec
}
