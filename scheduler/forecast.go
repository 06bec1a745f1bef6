package scheduler

import (
	"math"
	"slices"
	"time"
)

// Stock is the leads of calendar groups that open and close together, as a forecast reckons with them.
type Stock struct {
	Zones string    // for people: the zones, joined by a comma
	Now   int64     // leads that wait for nothing but open hours
	Later []int64   // that come to wait in each step from now on, as they are planned today
	Open  []Stretch // when the group is open, in order, without overlaps
}

// Stretch is a stretch of time, half-open.
type Stretch struct{ From, To time.Time }

// Drain is how fast leads are called. Spread is the relative deviation of the rate; Back is the share of calls after
// which the lead is to be called again, After later.
type Drain struct {
	PerHour float64 // calls an hour of all agents together
	Spread  float64 // such as 0.15
	Back    float64 // 0..1
	After   time.Duration
}

// Run is when leads run out, and what is left hour by hour. Instants are zero where nothing happens in the time ahead.
type Run struct {
	Zones    string
	Callable int64 // now
	Coming   int64 // in the time ahead, as planned today
	Dry      time.Time
	Early    time.Time // one time in ten it is before
	Late     time.Time // one time in ten it is after, or never
	More     time.Time // when there is work again after Dry
	Steps    []Step
}

// Step is a stretch of a forecast.
type Step struct {
	From     time.Time
	Callable int64   // at its beginning, if none were called before
	Calls    float64 // expected
	Left     float64 // callable at its end, expected
}

// tenth is how many deviations from the mean one normal value in ten lies beyond.
const tenth = 1.2816

// forecastStep is the length of a step: short enough for a warning three quarters of an hour ahead.
const forecastStep = 5 * time.Minute

// Forecast says when the stocks run out if agents call as the drain says: for all together, and for those of the same
// zones, the first to run dry first. It is a flow, not a simulation: in each step the open stocks are called in proportion to what
// waits in them. Later of each stock has a number a ForecastSteps step. Stocks run dry when one is open and nothing waits
// in those that are; that hours close is no running dry.
func Forecast(stocks []Stock, d Drain, now time.Time, ahead time.Duration) (all Run, each []Run) {
	mean := newFlow(stocks, d, 1, now, ahead).run()
	fast := newFlow(stocks, d, 1+tenth*d.Spread, now, ahead).run()
	slow := newFlow(stocks, d, max(1-tenth*d.Spread, 0.05), now, ahead).run()
	last := len(mean.zones)
	all = mean.result(last)
	all.Early, all.Late = fast.dry[last], slow.dry[last]
	for i, zones := range mean.zones {
		r := mean.result(i)
		r.Zones, r.Early, r.Late = zones, fast.dry[i], slow.dry[i]
		each = append(each, r)
	}
	slices.SortStableFunc(each, func(a, b Run) int {
		switch {
		case a.Dry.IsZero() != b.Dry.IsZero():
			if a.Dry.IsZero() {
				return 1
			}
			return -1
		default:
			return a.Dry.Compare(b.Dry)
		}
	})
	return all, each
}

// ForecastSteps is how many steps the time ahead has, and how long each is: what Stock.Later is counted by.
func ForecastSteps(ahead time.Duration) (n int, step time.Duration) {
	return int((ahead + forecastStep - 1) / forecastStep), forecastStep
}

// flow is one run of the forecast.
type flow struct {
	stocks  []Stock
	zones   []string // that stocks have, each once
	of      []int    // by stock: which of zones
	d       Drain
	rate    float64 // calls a step
	now     time.Time
	n       int
	waiting []float64   // by stock, callable when open
	untried []float64   // the same if nobody called
	back    [][]float64 // by stock and step: leads that come back
	dry     []time.Time // by zones, all together last
	more    []time.Time
	steps   [][]Step
}

func newFlow(stocks []Stock, d Drain, factor float64, now time.Time, ahead time.Duration) *flow {
	n, step := ForecastSteps(ahead)
	f := &flow{
		stocks: stocks, d: d, rate: d.PerHour * factor * step.Hours(), now: now, n: n,
		waiting: make([]float64, len(stocks)), untried: make([]float64, len(stocks)), back: make([][]float64, len(stocks)),
	}
	for i := range stocks {
		at := slices.Index(f.zones, stocks[i].Zones)
		if at < 0 {
			at, f.zones = len(f.zones), append(f.zones, stocks[i].Zones)
		}
		f.of = append(f.of, at)
		f.waiting[i], f.untried[i] = float64(stocks[i].Now), float64(stocks[i].Now)
		f.back[i] = make([]float64, n)
	}
	f.dry, f.more, f.steps = make([]time.Time, len(f.zones)+1), make([]time.Time, len(f.zones)+1), make([][]Step, len(f.zones)+1)
	return f
}

func (f *flow) run() *flow {
	for k := range f.n {
		f.step(k)
	}
	return f
}

// share is what a step did with the stocks of the same zones, or with all.
type share struct{ open, waited, calls, callable float64 }

// step lets the leads of the step come, and the agents call.
func (f *flow) step(k int) {
	from := f.now.Add(time.Duration(k) * forecastStep)
	open := make([]float64, len(f.stocks)) // share of the step
	shares := make([]share, len(f.zones)+1)
	all := &shares[len(f.zones)]
	for i := range f.stocks {
		f.arrive(i, k)
		open[i] = f.openShare(i, from)
		for _, s := range []*share{&shares[f.of[i]], all} {
			if s.open = max(s.open, open[i]); open[i] > 0 {
				s.waited += f.waiting[i]
				s.callable += f.untried[i]
			}
		}
	}
	demand := f.rate * all.open
	all.calls = min(all.waited, demand)
	for i := range f.stocks {
		if open[i] > 0 && all.waited > 0 {
			calls := all.calls * f.waiting[i] / all.waited
			shares[f.of[i]].calls += calls
			f.called(i, k, calls)
		}
	}
	for i := range shares {
		mine := demand
		if shares[i].waited > 0 { // those in which nothing waits are asked for all of it
			mine = demand * shares[i].waited / all.waited
		}
		f.note(i, from, mine, &shares[i])
	}
}

func (f *flow) arrive(i, k int) {
	more := f.back[i][k]
	if k < len(f.stocks[i].Later) {
		more += float64(f.stocks[i].Later[k])
		f.untried[i] += float64(f.stocks[i].Later[k])
	}
	f.waiting[i] += more
}

// called takes the leads that were called, some of which come back.
func (f *flow) called(i, k int, calls float64) {
	f.waiting[i] = max(f.waiting[i]-calls, 0)
	if at := k + max(int((f.d.After+forecastStep-1)/forecastStep), 1); f.d.Back > 0 && at < f.n {
		f.back[i][at] += calls * f.d.Back
	}
}

// note keeps what a step did, and when nothing was left or there was work again.
func (f *flow) note(i int, from time.Time, demand float64, s *share) {
	const some = 0.5 // half a lead is none
	left := max(s.waited-s.calls, 0)
	f.steps[i] = append(f.steps[i], Step{From: from, Callable: int64(math.Round(s.callable)), Calls: s.calls, Left: left})
	switch {
	case s.open == 0:
	case f.dry[i].IsZero() && left < some && demand > 0:
		f.dry[i] = from.Add(time.Duration(min(s.calls/demand, 1) * float64(forecastStep))).Truncate(time.Second)
	case !f.dry[i].IsZero() && f.more[i].IsZero() && s.waited >= some:
		f.more[i] = from
	}
}

// openShare is how much of the step the stock is open.
func (f *flow) openShare(i int, from time.Time) float64 {
	to := from.Add(forecastStep)
	var open time.Duration
	for _, s := range f.stocks[i].Open {
		a, b := s.From, s.To
		if a.Before(from) {
			a = from
		}
		if b.IsZero() || b.After(to) {
			b = to
		}
		if b.After(a) {
			open += b.Sub(a)
		}
	}
	return float64(open) / float64(forecastStep)
}

// result is what came of the stocks of the same zones, or of all together.
func (f *flow) result(i int) Run {
	r := Run{Dry: f.dry[i], More: f.more[i], Steps: f.steps[i]}
	for j := range f.stocks {
		if f.of[j] != i && i < len(f.zones) {
			continue
		}
		if open := f.stocks[j].Open; len(open) > 0 && !open[0].From.After(f.now) {
			r.Callable += f.stocks[j].Now
		}
		for _, n := range f.stocks[j].Later {
			r.Coming += n
		}
	}
	return r
}
