package bench

import (
	"context"
	"errors"
	"fmt"
)

// callNames are measured together, for each is another's limit.
var callNames = []string{"echo", "echo_stream", "sql_bare", "sql_claim", "sql_cycle", "claim", "skip_locked", "next_call", "cycle", "cycle_next", "stream_cycle", "offer"}

// Those that need the parts below them.
var (
	overSQL  = []string{"skip_locked", "next_call", "cycle", "cycle_next", "stream_cycle"}
	apiNames = append([]string{"offer"}, overSQL...)
	sqlNames = append([]string{"sql_claim", "sql_cycle", "claim"}, overSQL...)
)

// calls measures everything from the bare SQL of a claim to whole cycles over the API, round by round.
type calls struct {
	o    *Options
	e    *engine
	w    *world
	echo *echo

	tape     *desk // whose statements are recorded
	recorder recorder
	again    database // to which they are sent again
	replay   replayer
	bare     *bare   // nil: not asked for
	peer     *locker // claims with SKIP LOCKED; nil: not asked for
	desk     *desk   // claimed by the record itself
	office   *office // a whole server, anew in each round; nil: not asked for

	flush  float64
	series map[string]*series // by name and callers
	order  []*series
}

// measureCalls makes the world, measures, and audits what was done.
func measureCalls(ctx context.Context, o *Options, e *engine) (_ []Measure, err error) {
	o.Log("%s: taking in %d leads and %d agents", e.name, o.leads(e.name), o.staff().callers+o.staff().streamers)
	w, err := makeWorld(ctx, e, o.leads(e.name), o.staff())
	if err != nil {
		return nil, err
	}
	c := &calls{o: o, e: e, w: w, series: make(map[string]*series)}
	defer func() { err = errors.Join(err, c.close(context.WithoutCancel(ctx), err == nil)) }()
	if err := c.open(ctx); err != nil {
		return nil, err
	}
	for round := range o.Rounds {
		if err := c.allCallers(ctx, round); err != nil {
			return nil, fmt.Errorf("round %d, %w", round+1, err)
		}
	}
	var out []Measure
	for _, s := range c.order {
		if o.wants(s.Name) {
			out = append(out, s.measure())
		}
	}
	return out, nil
}

// allCallers is a round: a server over a fresh copy of the world, and every number of callers.
func (c *calls) allCallers(ctx context.Context, round int) (err error) {
	if c.o.wants(apiNames...) {
		if c.office, err = openOffice(ctx, c.e, c.w); err != nil {
			return fmt.Errorf("the server: %w", err)
		}
		defer func() {
			err = errors.Join(err, c.office.close(context.WithoutCancel(ctx), err == nil))
			c.office = nil
		}()
		if err := c.office.warmUp(ctx); err != nil {
			return err
		}
	}
	for _, callers := range c.o.Callers {
		c.o.Log("%s: round %d, %d callers", c.e.name, round+1, callers)
		if err := c.round(ctx, callers); err != nil {
			return fmt.Errorf("%d callers: %w", callers, err)
		}
	}
	if c.o.wants("offer") {
		if err := c.offers(ctx); err != nil {
			return fmt.Errorf("offer: %w", err)
		}
	}
	return nil
}

// open makes the copies of the world that last for the whole run.
func (c *calls) open(ctx context.Context) (err error) {
	if c.flush, err = flushTime(c.e.dir); err != nil {
		return err
	}
	if c.echo, err = startEcho(); err != nil {
		return err
	}
	if c.o.wants("sql_bare") {
		if c.bare, err = openBare(ctx, c.e, c.w); err != nil {
			return err
		}
	}
	if c.o.wants("skip_locked") && c.e.pg != nil {
		if c.peer, err = openLocker(ctx, c.e, c.w); err != nil {
			return err
		}
	}
	if c.o.wants(sqlNames...) {
		if err := c.openLimits(ctx); err != nil {
			return err
		}
	}
	if c.o.wants("claim") {
		db, err := c.e.copy(c.w.of)
		if err != nil {
			return err
		}
		if c.desk, err = newDesk(ctx, c.w, db, db.url); err != nil {
			return err
		}
	}
	return nil
}

func (c *calls) openLimits(ctx context.Context) error {
	taped, err := c.e.copy(c.w.of)
	if err != nil {
		return err
	}
	if c.again, err = c.e.copy(c.w.of); err != nil {
		return err
	}
	if c.recorder, err = c.e.recorder(taped); err != nil {
		return err
	}
	if c.tape, err = newDesk(ctx, c.w, taped, c.recorder.url()); err != nil {
		return err
	}
	c.replay, err = c.e.replayer(ctx, c.again)
	return err
}

// close audits each record that was worked on, and takes everything down.
func (c *calls) close(ctx context.Context, sound bool) error {
	var errs []error
	if c.replay != nil && sound {
		errs = append(errs, c.sameAsTape(ctx))
	}
	if c.replay != nil {
		errs = append(errs, c.replay.close())
	}
	if c.tape != nil {
		errs = append(errs, c.tape.close(ctx, false), c.recorder.close(), c.tape.db.drop(), c.again.drop())
	}
	if c.bare != nil {
		errs = append(errs, c.bare.close())
	}
	if c.peer != nil {
		errs = append(errs, c.peer.close())
	}
	if c.desk != nil {
		errs = append(errs, c.desk.close(ctx, sound), c.desk.db.drop())
	}
	if c.echo != nil {
		errs = append(errs, c.echo.stop())
	}
	return errors.Join(append(errs, c.w.of.drop())...)
}

// sameAsTape compares what sending the statements again left behind with the record they were taken from.
func (c *calls) sameAsTape(ctx context.Context) error {
	again, err := c.again.open(ctx)
	if err != nil {
		return err
	}
	a, _, err1 := c.tape.s.CampaignCounts(ctx, c.w.campaign)
	b, _, err2 := again.CampaignCounts(ctx, c.w.campaign)
	err = errors.Join(err1, err2, again.Close())
	if err == nil && fmt.Sprint(a) != fmt.Sprint(b) {
		err = fmt.Errorf("%w: the statements sent again left %v, recorded was %v", errWrong, b, a)
	}
	return err
}

// add notes what a round reached.
func (c *calls) add(name string, callers int, unit string, got slice, limit float64, is string) *series {
	key := fmt.Sprint(name, callers)
	s := c.series[key]
	if s == nil {
		s = &series{Measure: Measure{Name: name, Unit: unit, Engine: c.e.name, Callers: callers, FdatasyncUS: c.flush, LimitIs: is}}
		c.series[key] = s
		c.order = append(c.order, s)
	}
	s.round(got, limit)
	if c.office != nil {
		s.shed(c.office)
	}
	return s
}
