package tasks

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"redial/campaign"
	"redial/scheduler"
)

// Chore is a piece of the sweep: it does up to limit of what is overdue, each once, and says how many it did. As many as
// limit: there may be more.
type Chore struct {
	Name string // the act, such as "lapse leases"
	Do   func(ctx context.Context, limit int) (done int, err error)
	// Apart is for what may take long: it holds up neither the other chores nor the wake-ups. While it is under way the
	// next sweeps leave it alone. The end of the sweeper ends its context and waits for it.
	Apart bool
}

// Backlog is what a lost wake-up would have been for.
type Backlog interface {
	// Offering are the campaigns that offer anything at all.
	Offering(ctx context.Context) ([]campaign.Campaign, error)
	// DuePromises are the open ones of the campaigns with an instant before until, earliest first.
	DuePromises(ctx context.Context, campaigns []campaign.CampaignID, until time.Time, limit int) ([]campaign.Appointment, error)
	// QueuedUploads wait for their import, or are in it.
	QueuedUploads(ctx context.Context) ([]campaign.Upload, error)
}

// Forecast says when a campaign's next lead comes due by itself; zero: none waits.
type Forecast interface {
	Next(ctx context.Context, id campaign.CampaignID) (time.Time, error)
}

const (
	choreLimit   = 256              // of one call of a chore: one short transaction
	choreRounds  = 400              // of one sweep: 100,000 rows; the next goes on
	promiseLimit = 5000             // of one look ahead
	nearAhead    = 2 * time.Minute  // every sweep sends what is due within this again,
	farEvery     = 5 * time.Minute  // so often the promises of the next hour,
	dailyEvery   = 30 * time.Minute // and so often the periodic work of the day
)

// Sweep does what is overdue and sends again what may have been lost. Its fields are all needed, but for Waker, Away and
// Passed: without Redis there is nothing to send, and while it is away nothing is. It belongs to the elected node: twice at a
// time it would do no harm, only work. Not safe for concurrent use.
type Sweep struct {
	Chores   []Chore
	Backlog  Backlog
	Forecast Forecast
	Waker    *Waker
	Away     func() bool // whether Redis is known to be away; nil: nobody knows
	// Passed hears of each campaign whose wake-ups could not be sent for a fault of its own: the next sweep tries again,
	// and the others have theirs. nil: nobody does.
	Passed func(ctx context.Context, id campaign.CampaignID, err error)

	far   time.Time // when the whole hour was last looked at
	daily map[string]sent
	apart apart
}

// apart is the long work under way, by the name of its chore.
type apart struct {
	mu   sync.Mutex
	busy map[string]bool
	work sync.WaitGroup
	tell func(ctx context.Context, act string, err error) // hears of failures; nil: nobody does
}

// start begins a chore unless it is under way.
func (a *apart) start(ctx context.Context, c Chore) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.busy[c.Name] {
		return
	}
	if a.busy == nil {
		a.busy = make(map[string]bool)
	}
	a.busy[c.Name] = true
	a.work.Go(func() {
		err := drain(ctx, c)
		a.mu.Lock()
		defer a.mu.Unlock()
		a.busy[c.Name] = false
		if err != nil && a.tell != nil {
			a.tell(ctx, c.Name, err)
		}
	})
}

// sent is periodic work that was sent.
type sent struct {
	day campaign.Date
	at  time.Time
}

func (s *Sweep) away() bool { return s.Away != nil && s.Away() }

// anew makes the next sweep send everything again: Redis lost it.
func (s *Sweep) anew() {
	s.far, s.daily = time.Time{}, nil
	if s.Waker != nil {
		s.Waker.renew()
	}
}

// runOnce sweeps. A step that fails does not keep the others from their work.
func (s *Sweep) runOnce(ctx context.Context, now time.Time) error {
	var errs []error
	for _, c := range s.Chores {
		if c.Apart {
			s.apart.start(ctx, c)
			continue
		}
		if err := drain(ctx, c); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", c.Name, err))
		}
	}
	return errors.Join(append(errs, s.rearm(ctx, now))...)
}

func drain(ctx context.Context, c Chore) error {
	for range choreRounds {
		n, err := c.Do(ctx, choreLimit)
		if err != nil || n < choreLimit {
			return err
		}
	}
	return nil
}

// rearm sends every wake-up that should be under way. The first that cannot be sent ends it: Redis is away. What fails at
// the record, or is a campaign's own fault, keeps nothing else from being sent.
func (s *Sweep) rearm(ctx context.Context, now time.Time) error {
	if s.Waker == nil || s.away() {
		return nil
	}
	offering, err := s.Backlog.Offering(ctx)
	if err != nil {
		return fmt.Errorf("list campaigns: %w", err)
	}
	var errs []error
	steps := []func() error{
		func() error { return s.rearmUploads(ctx) },
		func() error { return s.rearmPromises(ctx, offering, now) },
		func() error {
			return s.onceADay("purge", now, func(day campaign.Date) error { return s.Waker.Purge(ctx, day) })
		},
	}
	for i := range offering {
		steps = append(steps, func() error { return s.rearmCampaign(ctx, &offering[i], now) })
	}
	for _, step := range steps {
		err := step()
		if _, away := errors.AsType[*unsent](err); away || ctx.Err() != nil {
			return errors.Join(append(errs, err)...)
		}
		errs = append(errs, err)
	}
	// Those that failed wait for the next sweep: without the mark everything would be sent again every other second.
	return errors.Join(append(errs, s.Waker.mark(ctx))...)
}

func (s *Sweep) rearmUploads(ctx context.Context) error {
	uploads, err := s.Backlog.QueuedUploads(ctx)
	if err != nil {
		return fmt.Errorf("list queued uploads: %w", err)
	}
	for _, u := range uploads {
		if err := s.Waker.Import(ctx, u.ID); err != nil {
			return err
		}
	}
	return nil
}

func (s *Sweep) rearmPromises(ctx context.Context, offering []campaign.Campaign, now time.Time) error {
	ids := make([]campaign.CampaignID, len(offering))
	before := make(map[campaign.CampaignID]time.Duration, len(offering))
	until, far := now.Add(nearAhead), now.Sub(s.far) >= farEvery
	for i, c := range offering {
		ids[i], before[c.ID] = c.ID, c.Floor.RemindBefore
		if reminded := now.Add(nearAhead + c.Floor.RemindBefore); reminded.After(until) {
			until = reminded
		}
	}
	if limit := now.Add(Ahead); far || until.After(limit) {
		until = limit
	}
	promises, err := s.Backlog.DuePromises(ctx, ids, until, promiseLimit)
	if err != nil {
		return fmt.Errorf("look ahead to promises: %w", err)
	}
	for i := range promises {
		if err := s.Waker.Promise(ctx, &promises[i], before[promises[i].CampaignID]); err != nil {
			return err
		}
	}
	if far {
		s.far = now
	}
	return nil
}

// rearmCampaign sends a campaign's wake-ups: the one for its next lead also when its day cannot be told, and the other way
// round.
func (s *Sweep) rearmCampaign(ctx context.Context, c *campaign.Campaign, now time.Time) error {
	next, lost := s.Forecast.Next(ctx, c.ID)
	if lost != nil {
		lost = fmt.Errorf("look ahead in campaign %d: %w", c.ID, lost)
	} else if !next.IsZero() {
		if err := s.Waker.Release(ctx, c.ID, next); err != nil {
			return err
		}
	}
	zone, err := scheduler.LoadZone(c.Zone)
	if err != nil {
		lost = errors.Join(lost, fmt.Errorf("find the day of campaign %d: %w", c.ID, err))
	} else if err := s.onceADay(fmt.Sprint(c.ID), now.In(zone), func(day campaign.Date) error {
		return s.Waker.Rollover(ctx, c.ID, day)
	}); err != nil {
		return err
	}
	if lost != nil && s.Passed != nil && ctx.Err() == nil {
		s.Passed(ctx, c.ID, lost)
	}
	return lost
}

// onceADay sends the work of the day of local, and again now and then in case its task was lost: the slot in the record
// makes it run once.
func (s *Sweep) onceADay(what string, local time.Time, send func(campaign.Date) error) error {
	day := campaign.DateOf(local)
	if last := s.daily[what]; last.day == day && local.Sub(last.at) < dailyEvery {
		return nil
	}
	if err := send(day); err != nil {
		return err
	}
	if s.daily == nil {
		s.daily = make(map[string]sent)
	}
	s.daily[what] = sent{day: day, at: local}
	return nil
}
