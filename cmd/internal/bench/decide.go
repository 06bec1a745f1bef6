package bench

import (
	"bufio"
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"math"
	"runtime"
	"time"

	"redial/campaign"
	"redial/scheduler"
)

// cases are the shared cases of the rule of time, as the scheduler's tests have them; a test holds the two equal.
//
//go:embed cases.jsonl
var cases []byte

// decideGoal is what DESIGN asks for, in decisions a second.
const decideGoal = 1.5e6

// question is a case that is read and whose promise is derived, so that deciding alone is measured.
type question struct {
	scheduler.Question
	id string
}

func (q *question) decide() campaign.Plan {
	return scheduler.Decide(&q.Question)
}

func questions() ([]question, error) {
	var all []question
	for lines := bufio.NewScanner(bytes.NewReader(cases)); lines.Scan(); {
		c, err := scheduler.ParseCase(lines.Bytes())
		if err != nil {
			return nil, fmt.Errorf("case %d: %w", len(all)+1, err)
		}
		q := question{Question: c.Question(), id: c.ID}
		if b := c.Booking; b != nil {
			at, plan := scheduler.JudgeBooking(&q.Question, *b)
			if plan.Verdict == campaign.VerdictInvalid {
				continue // answered by JudgeBooking, not by Decide
			}
			q.Promise = &campaign.Appointment{At: at, Insisted: b.Insisted, State: campaign.AppointmentOpen}
		}
		all = append(all, q)
	}
	return all, nil
}

// measureDecide decides all cases again and again on one core, and counts what is allocated for it.
func measureDecide(ctx context.Context, o *Options, _ *engine) ([]Measure, error) {
	all, err := questions()
	if err != nil {
		return nil, err
	}
	want := make([]campaign.Plan, len(all))
	for i := range all {
		want[i] = all[i].decide()
	}
	s := series{Measure: Measure{Name: "decide", Unit: "decisions/s", Callers: 1, LimitIs: "not a limit: the goal"}}
	for range o.Rounds {
		w, allocated := startWatch(), mallocs()
		began := time.Now()
		got := slice{}
		for got.done == 0 || time.Since(began) < o.Slice {
			for i := range all {
				if all[i].decide() != want[i] {
					return nil, fmt.Errorf("%w: case %s was decided otherwise before", errWrong, all[i].id)
				}
			}
			got.done += len(all)
			if err := ctx.Err(); err != nil {
				return nil, err
			}
		}
		got.took = time.Since(began)
		s.sample("allocations", math.Round(float64(mallocs()-allocated)/float64(got.done)*100)/100)
		got.outside = w.outside()
		s.round(got, decideGoal)
	}
	s.atLeast("value", decideGoal).atMost("allocations", 0)
	s.Note = "inputs parsed; allocations of a decision are counted over the whole process"
	return []Measure{s.measure()}, nil
}

// mallocs is how often memory was taken from the heap since the process began.
func mallocs() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.Mallocs
}
