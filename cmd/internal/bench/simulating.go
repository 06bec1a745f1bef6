package bench

import (
	"context"
	"fmt"
	"time"

	"redial/cmd/internal/simulate"
)

// simulateGoal is how long the largest simulation may take.
const simulateGoal = 60.0

// quickSimulation is what is simulated to show that it works.
const quickSimulation = `{"days": 2}`

// measureSimulate works campaigns in virtual time: what `dialctl simulate --bench` does.
func measureSimulate(ctx context.Context, o *Options, _ *engine) ([]Measure, error) {
	text := simulate.Largest()
	if o.Quick {
		text = []byte(quickSimulation)
	}
	s := series{Measure: Measure{Name: "simulate", Unit: "s", Callers: 1, LimitIs: "not a limit: the goal"}}
	for round := range o.Rounds {
		o.Log("simulation, round %d", round+1)
		scenario, err := simulate.Read(text)
		if err != nil {
			return nil, err
		}
		calls := 0
		w, began := startWatch(), time.Now()
		if _, err := simulate.Run(ctx, scenario, simulate.Options{Called: func(simulate.Call) { calls++ }}); err != nil {
			return nil, err
		}
		got := slice{done: calls, took: time.Since(began), outside: w.outside()}
		if calls == 0 {
			return nil, fmt.Errorf("%w: nobody was called", errWrong)
		}
		s.value(got, got.took.Seconds(), simulateGoal)
		s.Note = fmt.Sprintf("%d calls", calls)
	}
	if !o.Quick {
		s.Note += "; 200,000 leads, 100 agents, 30 days"
	}
	s.atMost("value", simulateGoal)
	return []Measure{s.measure()}, nil
}
