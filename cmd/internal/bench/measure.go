package bench

import (
	"math"
	"slices"
	"strconv"
	"time"
)

// noisyCPU is the CPU used outside the benchmark, in cores, above which a measure is marked as noisy.
const noisyCPU = 0.25

// Measure is one line of the answer: what was reached, beside what the parts below allow in the same minute. Value,
// limit and ratio are medians over the rounds; the ratio is taken in each round and is not that of the medians.
type Measure struct {
	Name        string     `json:"name"`
	Value       float64    `json:"value"`
	Unit        string     `json:"unit"`
	Limit       *float64   `json:"limit"`           // nil: it is a limit itself
	Ratio       *float64   `json:"ratio"`           // of the limit that was reached; nil without one
	P50ms       *float64   `json:"p50_ms"`          // median over the rounds of each one's own; nil: nobody waits
	P99ms       *float64   `json:"p99_ms"`          // the same
	Engine      string     `json:"engine"`          // sqlite, postgres; empty: no database
	Callers     int        `json:"callers"`         // at once; also the claims in a batch
	Rounds      int        `json:"rounds"`          // how often it was measured
	Spread      [2]float64 `json:"spread"`          // smallest and largest value
	RatioSpread [2]float64 `json:"ratio_spread"`    // smallest and largest ratio; zeros without a limit
	Noisy       bool       `json:"noisy"`           // somebody else used more than a quarter of a core
	OutsideCPU  float64    `json:"outside_cpu"`     // by others meanwhile, in cores; -1: not known
	FdatasyncUS float64    `json:"fdatasync_us"`    // one flush of the disk that the database is on, in that run; 0: no database
	LimitIs     string     `json:"limit_is"`        // what the limit is, in words
	Goals       []Goal     `json:"goals,omitempty"` // what the plan of record asks of it; empty: nothing
	Sheds       int64      `json:"sheds,omitempty"` // requests that an overloaded server sent away and that came again, in all rounds
	Note        string     `json:"note,omitempty"`
}

// slice is one stretch of work under the clock.
type slice struct {
	done    int           // what was finished and checked
	took    time.Duration // under the clock
	waits   []time.Duration
	outside float64 // cores used by others; below 0: not known
}

func (s *slice) rate() float64 {
	if s.took <= 0 {
		return 0
	}
	return float64(s.done) / s.took.Seconds()
}

// add puts two stretches together.
func (s *slice) add(o slice) {
	total := s.took + o.took
	if total > 0 {
		s.outside = (s.outside*s.took.Seconds() + o.outside*o.took.Seconds()) / total.Seconds()
	}
	s.done, s.took, s.waits = s.done+o.done, total, append(s.waits, o.waits...)
}

// p99 is the wait that one in a hundred exceeds, in milliseconds.
func (s *slice) p99() float64 { return s.exceededBy(1) }

// p50 is the wait that half of them exceed, in milliseconds.
func (s *slice) p50() float64 { return s.exceededBy(50) }

func (s *slice) exceededBy(percent int) float64 {
	if len(s.waits) == 0 {
		return math.NaN()
	}
	w := slices.Sorted(slices.Values(s.waits))
	return float64(w[min(len(w)-1, len(w)*(100-percent)/100)].Microseconds()) / 1000
}

// series is a measure as its rounds come in.
type series struct {
	Measure
	values, limits, ratios, outside []float64
	samples                         map[string][]float64 // what goals speak of, by name
}

// round adds what one round reached; limit 0: it has none.
func (s *series) round(got slice, limit float64) { s.value(got, got.rate(), limit) }

// value is round for a value that is no rate.
func (s *series) value(got slice, value, limit float64) {
	s.values = append(s.values, value)
	s.sample("value", value)
	if limit > 0 {
		s.limits, s.ratios = append(s.limits, limit), append(s.ratios, value/limit)
		s.sample("ratio", value/limit)
	}
	if len(got.waits) > 0 {
		s.sample("p50_ms", got.p50())
		s.sample("p99_ms", got.p99())
	}
	s.outside = append(s.outside, got.outside)
}

// measure is the series in one line.
func (s *series) measure() Measure {
	m := s.Measure
	m.Rounds, m.Value = len(s.values), rounded(median(s.values))
	m.Spread = spread(s.values)
	if len(s.limits) > 0 {
		m.Limit, m.Ratio = new(rounded(median(s.limits))), new(rounded(median(s.ratios)))
		m.RatioSpread = spread(s.ratios)
	}
	if len(s.samples["p99_ms"]) > 0 {
		m.P50ms, m.P99ms = new(rounded(median(s.samples["p50_ms"]))), new(rounded(median(s.samples["p99_ms"])))
	}
	m.Goals = s.judge()
	m.OutsideCPU = rounded(median(s.outside))
	m.Noisy = m.OutsideCPU > noisyCPU
	return m
}

// combined is the rate of two things done one after the other by everybody: 1/(1/a + 1/b).
func combined(rates ...float64) float64 {
	sum := 0.0
	for _, r := range rates {
		if r <= 0 {
			return 0
		}
		sum += 1 / r
	}
	return 1 / sum
}

func median(v []float64) float64 {
	if len(v) == 0 {
		return 0
	}
	s := slices.Sorted(slices.Values(v))
	if n := len(s); n%2 == 0 {
		return (s[n/2-1] + s[n/2]) / 2
	}
	return s[len(s)/2]
}

func spread(v []float64) [2]float64 {
	if len(v) == 0 {
		return [2]float64{}
	}
	return [2]float64{rounded(slices.Min(v)), rounded(slices.Max(v))}
}

// rounded keeps four digits: more would be invented.
func rounded(v float64) float64 {
	if v == 0 || math.IsNaN(v) || math.IsInf(v, 0) {
		return 0
	}
	r, err := strconv.ParseFloat(strconv.FormatFloat(v, 'e', 3, 64), 64)
	if err != nil {
		return v
	}
	return r
}
