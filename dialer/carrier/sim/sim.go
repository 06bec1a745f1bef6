// Package sim is the simulated carrier: seeded outcomes and times from a table of assumptions, no network.
//
// Table.Sample is pure, for whoever has virtual time; Carrier plays samples as live calls, for demos and for tests
// in fake time. It decides what the invented far end does. It never says anything about real people: every figure in
// default.json is made up, with the assumption written beside it.
package sim

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"redial/campaign"
	"redial/dialer"
)

// Options of the carrier. The zero value plays the default table at real pace.
type Options struct {
	Table  *Table                    // nil: Default()
	Seed   uint64                    // the same seed and assignment always give the same call
	Zone   *time.Location            // whose hours the called parties keep; nil: UTC
	Speed  float64                   // how much quicker than life; 0: 1
	Script map[campaign.Phone]Sample // numbers that always do the same
}

// Carrier plays calls. Make it with New and Close it when done.
type Carrier struct {
	o Options

	mu     sync.Mutex
	up     map[campaign.AssignmentID]*call
	closed bool
	wg     sync.WaitGroup
}

var _ dialer.Carrier = (*Carrier)(nil)

// New makes the carrier. A Speed below 0 is an error of kind KindInvalid.
func New(o Options) (*Carrier, error) {
	if !(o.Speed >= 0) {
		return nil, campaign.Invalid("speed", "must be above 0, or 0 for real pace")
	}
	if o.Table == nil {
		o.Table = Default()
	}
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	if o.Speed == 0 {
		o.Speed = 1
	}
	return &Carrier{o: o, up: map[campaign.AssignmentID]*call{}}, nil
}

// Name is "sim".
func (c *Carrier) Name() string { return "sim" }

// Sample is what the far end will do with a call dialled at now.
func (c *Carrier) Sample(d dialer.Dialling, now time.Time) Sample {
	s, scripted := c.o.Script[d.To.Phone]
	if !scripted {
		rng := rand.New(rand.NewPCG(c.o.Seed, uint64(d.Assignment)))
		s = c.o.Table.Sample(rng, now.In(c.o.Zone).Hour(), d.Before)
	}
	return s
}

// Dial begins a call. CallOver's Cause carries the simulated outcome, talked or not, unless our side hung up.
func (c *Carrier) Dial(ctx context.Context, d dialer.Dialling) (dialer.Call, error) {
	if err := d.Validate(); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("dial for assignment %d: %w", d.Assignment, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, &campaign.Error{Kind: campaign.KindAway, Message: "the simulated carrier is closed", RetryAfter: time.Second}
	}
	if open, ok := c.up[d.Assignment]; ok && !open.ended() {
		return open, nil
	}
	now := time.Now()
	k := &call{CallLine: dialer.NewCallLine(now)}
	c.up[d.Assignment] = k
	s := c.Sample(d, now)
	c.wg.Go(func() {
		c.play(k, s, d.RingTime)
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.up[d.Assignment] == k {
			delete(c.up, d.Assignment)
		}
	})
	return k, nil
}

// play lives through a call.
func (c *Carrier) play(k *call, s Sample, ring time.Duration) {
	if ring == 0 {
		ring = dialer.DefaultRingTime
	}
	cause := dialer.Cause{HungUpBy: dialer.PartyThem, Text: "simulated"}
	if s.Ring >= ring {
		cause.HungUpBy = dialer.PartyUs
	}
	s = s.Within(ring)
	if s.Answered() || s.Outcome == campaign.NoAnswer {
		k.Ring(time.Now())
	}
	if !c.wait(k, s.Ring) {
		return
	}
	if s.Answered() {
		if !k.Answer(time.Now()) || !c.wait(k, s.Talk) {
			return
		}
	}
	cause.Outcome = s.Outcome
	k.End(time.Now(), cause)
}

// wait lets time of the simulated world pass; false: the call was hung up.
func (c *Carrier) wait(k *call, d time.Duration) bool {
	timer := time.NewTimer(time.Duration(float64(d) / c.o.Speed))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-k.Over():
		return false
	}
}

// Close hangs up every call and waits until all are over. Dial refuses from now on.
func (c *Carrier) Close() {
	c.mu.Lock()
	c.closed = true
	for _, k := range c.up {
		k.hangup()
	}
	c.mu.Unlock()
	c.wg.Wait()
}

type call struct{ *dialer.CallLine }

// Hangup ends the call; what came of it is then the agent's to say.
func (k *call) Hangup(context.Context) error {
	k.hangup()
	return nil
}

func (k *call) ended() bool {
	select {
	case <-k.Over():
		return true
	default:
		return false
	}
}

func (k *call) hangup() { k.End(time.Now(), dialer.Cause{HungUpBy: dialer.PartyUs, Text: "simulated"}) }
