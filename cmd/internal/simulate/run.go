package simulate

import (
	"context"
	"math"
	"math/rand/v2"
	"runtime"
	"time"

	"redial/campaign"
	"redial/scheduler"
)

// Options of Run. The zero value is useful.
type Options struct {
	Law      scheduler.Law                   // the packs that campaigns may switch on; nil: none
	Full     bool                            // check everything at every step: slower, for tests
	Gentle   bool                            // leave half of a core to others
	Progress func(done, total time.Duration) // of virtual time, some hundred times; nil: nobody asks
	Called   func(Call)                      // hears of every call when its outcome is recorded; nil: nobody asks
}

// Call is a call of the simulation.
type Call struct {
	Lead     campaign.LeadID
	Campaign campaign.CampaignID
	Agent    campaign.AgentID
	Number   campaign.Phone
	Reason   string    // why this lead then: appointment, own_callback, rolled_over, retry, fresh
	PlacedAt time.Time // whole seconds
	Outcome  campaign.Outcome
	Talk     time.Duration // from placing to the end of talking or ringing
}

// Run plays a scenario to its end. The error is ctx's, of kind KindInvalid for what the scenario asks and cannot be,
// or a *Breach: what must always hold did not.
func Run(ctx context.Context, s *Scenario, o Options) (*Result, error) {
	w, err := newWorld(ctx, s, o)
	if err != nil {
		return nil, err
	}
	if err := w.play(ctx, o); err != nil {
		return nil, err
	}
	return w.result(), nil
}

// looksEvery is how many events pass between looks at the context.
const looksEvery = 4096

func (w *world) play(ctx context.Context, o Options) error {
	pace := pace{gentle: o.Gentle}
	total := time.Duration(w.end-w.start) * time.Millisecond
	step, told := max((w.end-w.start)/200, 1), w.start
	for n := 0; len(w.events.all) > 0; n++ {
		if n%looksEvery == 0 {
			if err := pace.rest(ctx); err != nil {
				return err
			}
		}
		e := w.events.pop()
		if e.at >= w.end {
			break
		}
		if err := w.check.time(e.at); err != nil {
			return err
		}
		w.at(e.at)
		if o.Progress != nil && w.ms-told >= step {
			told = w.ms
			o.Progress(time.Duration(w.ms-w.start)*time.Millisecond, total)
		}
		if err := w.on(e); err != nil {
			return err
		}
	}
	w.at(w.end)
	for _, a := range w.agents {
		w.tally.spent(a.session.State, a.session.Since, w.now)
	}
	if o.Progress != nil {
		o.Progress(total, total)
	}
	return w.check.end()
}

// on lets one event act, and then those whom it serves.
func (w *world) on(e event) error {
	var err error
	switch e.kind {
	case evTurn:
		if err = w.turned(e.agent); err == nil {
			w.arm(e.agent)
		}
	case evAct:
		if e.gen == e.agent.gen {
			err = w.acted(e.agent)
		}
	case evPromise:
		w.vowed(e.promise)
	case evWake:
		w.dirty = true
	}
	if err == nil && w.dirty {
		err = w.dispatch()
	}
	if err == nil {
		err = w.check.failed
	}
	return err
}

func (w *world) push(e event) {
	w.seq++
	e.seq = w.seq
	w.events.push(e)
}

// at draws an amount.
func (s Spread) at(rng *rand.Rand) float64 {
	return min(max(s[0]*math.Exp(s[1]*rng.NormFloat64()), s[2]), s[3])
}

func seconds(v float64) time.Duration { return time.Duration(v * float64(time.Second)) }

// pace keeps a simulation from taking a whole core: it rests as long as it worked. It is the one thing here that looks
// at a real clock, and nothing depends on it.
type pace struct {
	gentle bool
	since  time.Time
}

// workFor is how long a gentle simulation works before it rests.
const workFor = 10 * time.Millisecond

func (p *pace) rest(ctx context.Context) error {
	if err := ctx.Err(); err != nil || !p.gentle {
		return err
	}
	now := time.Now()
	worked := now.Sub(p.since)
	if p.since.IsZero() || worked < workFor {
		if p.since.IsZero() {
			p.since = now
		}
		runtime.Gosched()
		return nil
	}
	timer := time.NewTimer(min(worked, 10*workFor))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		p.since = time.Now()
		return nil
	}
}
