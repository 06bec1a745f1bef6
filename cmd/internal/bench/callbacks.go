package bench

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"redial/campaign"
	"redial/campaign/store"
)

// callbackLeads are to be called later, all from one instant on.
func (o *Options) callbackLeads(e *engine) int {
	switch {
	case o.Quick:
		return 400
	case o.Leads > 0:
		return o.Leads
	case e.name == SQLite:
		return 50_000
	default:
		return 200_000
	}
}

// callbackCallers drain them; a number above that of the callers is left out.
func (o *Options) callbackCallers() []int {
	if o.Quick {
		return []int{4, 16}
	}
	return []int{64, 256}
}

// callbacks is a server whose leads come due at one instant, and one beside it whose leads are fresh.
type callbacks struct {
	o     *Options
	e     *engine
	due   *office
	plain *office
	at    time.Time // when they come due
	first float64   // seconds after it until somebody was offered one
}

// measureCallbacks lets many leads come due at one instant: nobody is offered one before, all may be claimed then, and
// they are worked off as fast as fresh ones are in the same rounds. On PostgreSQL a queue with a task for each lead that
// does nothing stands beside it.
func measureCallbacks(ctx context.Context, o *Options, e *engine) (_ []Measure, err error) {
	c := &callbacks{o: o, e: e}
	defer func() { err = errors.Join(err, c.close(context.WithoutCancel(ctx), err == nil)) }()
	if err := c.prepare(ctx); err != nil {
		return nil, err
	}
	flush, err := flushTime(e.dir)
	if err != nil {
		return nil, err
	}
	all := make([]*series, len(o.callbackCallers()))
	for i, callers := range o.callbackCallers() {
		all[i] = &series{Measure: Measure{Name: "callbacks", Unit: "calls/s", Engine: e.name, Callers: callers, FdatasyncUS: flush,
			LimitIs: "the next call of fresh leads in the same round"}}
		all[i].sample("first_s", c.first)
		all[i].atLeast("ratio", 0.95).atMost("first_s", 0.3)
	}
	peer := &series{Measure: Measure{Name: "asynq", Unit: "tasks/s", Engine: "redis", Callers: asynqWorkers,
		LimitIs: "a peer, not a limit: callbacks in the same round"}}
	for round := range o.Rounds {
		o.Log("%s: %d callbacks of one instant, round %d", e.name, len(c.due.w.leads), round+1)
		var fastest slice
		for i, callers := range o.callbackCallers() {
			if fastest, err = c.round(ctx, all[i], callers); err != nil {
				return nil, fmt.Errorf("round %d: %w", round+1, err)
			}
		}
		if e.pg != nil && o.wants("asynq") {
			if err := asynqRound(ctx, o, e, peer, fastest.rate()); err != nil {
				return nil, fmt.Errorf("asynq, round %d: %w", round+1, err)
			}
		}
	}
	rest, err := c.due.drain(ctx, o.callbackCallers()[len(o.callbackCallers())-1])
	if err != nil {
		return nil, fmt.Errorf("work off the rest: %w", err)
	}
	var out []Measure
	for _, s := range all {
		s.Note = fmt.Sprintf("%d leads called before, due at one instant, when all could be claimed and none before; the first was offered %.3f s after it; "+
			"none lost, none twice; the rest of %d in %.1f s of whole cycles", len(c.due.w.leads), c.first, rest.done, rest.took.Seconds())
		if o.wants("callbacks") {
			out = append(out, s.measure())
		}
	}
	if len(peer.values) > 0 {
		out = append(out, peer.measure())
	}
	return out, nil
}

func (c *callbacks) close(ctx context.Context, sound bool) error {
	var errs []error
	for _, f := range []*office{c.due, c.plain} {
		if f != nil {
			errs = append(errs, f.close(ctx, sound))
		}
	}
	return errors.Join(errs...)
}

// prepare makes the leads, calls each once, and waits for their instant.
func (c *callbacks) prepare(ctx context.Context) error {
	n := c.o.callbackLeads(c.e)
	c.o.Log("%s: taking in %d leads and calling each once", c.e.name, n)
	w, err := makeWorld(ctx, c.e, n, staff{callers: c.o.staff().callers})
	if err != nil {
		return err
	}
	later := *w
	if later.of, err = c.e.copy(w.of); err != nil {
		return errors.Join(err, w.of.drop())
	}
	if c.plain, err = openOfficeAt(ctx, c.e, w, w.of, inProcess); err != nil {
		return errors.Join(err, later.of.drop())
	}
	if err := c.plain.warmUp(ctx); err != nil {
		return errors.Join(err, later.of.drop())
	}
	if err := callEach(ctx, &later); err != nil {
		return errors.Join(err, later.of.drop())
	}
	if err := c.setInstant(ctx, &later); err != nil {
		return errors.Join(err, later.of.drop())
	}
	if c.due, err = openOfficeAt(ctx, c.e, &later, later.of, inProcess); err != nil {
		return err
	}
	return c.meet(ctx)
}

// callEach calls every lead, and each is to be called later.
func callEach(ctx context.Context, w *world) error {
	d, err := newDesk(ctx, w, w.of, w.of.url)
	if err != nil {
		return err
	}
	const batch = 256
	for d.used < len(w.leads) && err == nil {
		var held []*campaign.Assignment
		if held, _, err = d.claim(ctx, min(w.callers, len(w.leads)-d.used), batch); err == nil {
			err = d.end(ctx, held, batch, campaign.CallLater, campaign.LeadOpen)
		}
	}
	w.called = d.used
	return errors.Join(err, d.s.Close())
}

// setInstant moves the earliest instant of every lead to one, as the record does with leads whose gate opens then; the
// server is up and the agents wait when it comes.
func (c *callbacks) setInstant(ctx context.Context, w *world) error {
	c.at = time.Now().Truncate(time.Millisecond).UTC().Add(c.o.instantIn(len(w.leads)))
	const move = `UPDATE leads SET earliest = $1 WHERE state = 'open'`
	var n int64
	err := c.e.exec(ctx, w.of, move, c.at.UnixMicro(), &n)
	if err == nil && n != int64(len(w.leads)) {
		err = fmt.Errorf("%w: %d of %d leads wait", errWrong, n, len(w.leads))
	}
	if err == nil {
		err = c.e.settle(ctx, w.of)
	}
	return err
}

// instantIn is how far ahead the instant lies: moving the leads, cleaning up and starting a server come first.
func (o *Options) instantIn(leads int) time.Duration {
	if o.Quick {
		return 6 * time.Second
	}
	return 15*time.Second + time.Duration(leads/10)*time.Millisecond
}

// exec runs one statement with one argument in a record that nobody has open.
func (e *engine) exec(ctx context.Context, d database, query string, arg int64, rows *int64) error {
	if e.pg != nil {
		c, err := pgx.Connect(ctx, d.url)
		if err != nil {
			return err
		}
		tag, err := c.Exec(ctx, query, arg)
		*rows = tag.RowsAffected()
		return errors.Join(err, c.Close(ctx))
	}
	db, err := sql.Open("sqlite", "file:"+strings.TrimPrefix(d.url, "sqlite://")+sqliteSettings)
	if err != nil {
		return err
	}
	r, err := db.ExecContext(ctx, query, arg)
	if err == nil {
		*rows, err = r.RowsAffected()
	}
	return errors.Join(err, db.Close())
}

// meet lets agents wait for the instant. Just before it nothing is callable and at it everything is; whoever is offered
// something before it makes the run void.
func (c *callbacks) meet(ctx context.Context) error {
	if !time.Now().Before(c.at.Add(-time.Second)) {
		return fmt.Errorf("the leads came due %v before the agents were ready: the machine is too slow for this size, give fewer with --leads", time.Since(c.at))
	}
	if err := c.claimable(ctx); err != nil {
		return err
	}
	callers := c.o.callbackCallers()[0]
	var mu sync.Mutex
	var held []card
	var firstAt time.Time
	g, waiting := errgroup.WithContext(ctx)
	for i := range callers {
		g.Go(func() error {
			card, err := c.due.nextWithin(waiting, i, time.Until(c.at)+nextWait)
			now := time.Now()
			if err != nil {
				return err
			}
			if now.Before(c.at) {
				return fmt.Errorf("%w: a lead was offered %v too early", errWrong, c.at.Sub(now))
			}
			mu.Lock()
			defer mu.Unlock()
			if held = append(held, card); firstAt.IsZero() || now.Before(firstAt) {
				firstAt = now
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return fmt.Errorf("at the instant: %w", err)
	}
	c.first = firstAt.Sub(c.at).Seconds()
	return c.due.finish(ctx, held)
}

// claimable asks the record, as the dispatcher does, what may be claimed just before the instant and at it.
func (c *callbacks) claimable(ctx context.Context) error {
	s, err := c.due.db.open(ctx)
	if err != nil {
		return err
	}
	before, err1 := supplied(ctx, s, c.due.w, c.at.Add(-time.Microsecond))
	at, err2 := supplied(ctx, s, c.due.w, c.at)
	err = errors.Join(err1, err2, s.Close())
	if want := int64(len(c.due.w.leads)); err == nil && (before != 0 || at != want) {
		err = fmt.Errorf("%w: %d leads may be claimed before their instant, and %d of %d at it", errWrong, before, at, want)
	}
	return err
}

func supplied(ctx context.Context, s *store.Store, w *world, at time.Time) (n int64, err error) {
	all, err := s.Supply(ctx, w.campaign, at, at.Add(time.Second), time.Second)
	for i := range all {
		n += all[i].Tried
	}
	return n, err
}

// round is the next call of callbacks and of fresh leads, one after the other.
func (c *callbacks) round(ctx context.Context, s *series, callers int) (slice, error) {
	got, err := c.due.nextCalls(ctx, callers, c.o.Slice)
	if err != nil {
		return got, err
	}
	plain, err := c.plain.nextCalls(ctx, callers, c.o.Slice)
	if err != nil {
		return got, fmt.Errorf("fresh leads: %w", err)
	}
	s.round(got, plain.rate())
	s.shed(c.due)
	return got, nil
}

// drain works off every lead that is left.
func (f *office) drain(ctx context.Context, callers int) (slice, error) {
	var left atomic.Int64
	left.Store(int64(f.left()))
	return inParallel(ctx, callers, func(ctx context.Context, i int, did func(time.Duration)) error {
		for left.Add(-1) >= 0 {
			began := time.Now()
			c, err := f.next(ctx, i)
			if err == nil {
				err = f.end(ctx, c)
			}
			if err != nil {
				return err
			}
			did(time.Since(began))
		}
		return nil
	})
}
