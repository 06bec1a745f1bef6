package bench

import (
	"fmt"
	"strconv"
)

// Goal is one thing that the plan of record asks of a measure, and what became of it. What was reached is the median of
// the rounds.
type Goal struct {
	What   string  `json:"what"`    // value, ratio, p50_ms, p99_ms, or a word of the measure's own
	AtMost bool    `json:"at_most"` // no more than Want; else no less
	Want   float64 `json:"want"`
	Got    float64 `json:"got"`
	Met    bool    `json:"met"`
}

// String is the goal as the table shows it.
func (g Goal) String() string {
	sign := "≥"
	if g.AtMost {
		sign = "≤"
	}
	return fmt.Sprintf("%s %s %s", goalWord(g.What), sign, plain(g.Want))
}

// goalWords are the names of goals that a reader would not guess.
var goalWords = map[string]string{
	"p50_ms": "p50 ms", "p99_ms": "p99 ms", "p99_ratio": "p99 / the limit's", "first_s": "first offer s", "redis_ratio": "Redis memory ratio",
}

func goalWord(what string) string {
	if w, ok := goalWords[what]; ok {
		return w
	}
	return what
}

// atLeast and atMost ask something of the series; what names a sample.
func (s *series) atLeast(what string, want float64) *series {
	return s.ask(Goal{What: what, Want: want})
}
func (s *series) atMost(what string, want float64) *series {
	return s.ask(Goal{What: what, Want: want, AtMost: true})
}

func (s *series) ask(g Goal) *series {
	for _, old := range s.Goals {
		if old.What == g.What {
			return s
		}
	}
	s.Goals = append(s.Goals, g)
	return s
}

// sample notes a figure of a round by its name.
func (s *series) sample(what string, v float64) {
	if s.samples == nil {
		s.samples = make(map[string][]float64)
	}
	s.samples[what] = append(s.samples[what], v)
}

// judge says of each goal whether it was met; one of which nothing was noted is not.
func (s *series) judge() []Goal {
	var out []Goal
	for _, g := range s.Goals {
		if all := s.samples[g.What]; len(all) > 0 {
			g.Got = rounded(median(all))
			g.Met = g.AtMost && median(all) <= g.Want || !g.AtMost && median(all) >= g.Want
		}
		out = append(out, g)
	}
	return out
}

// plain writes a number as people do: no exponent.
func plain(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }
