package bench

import (
	"context"
	"errors"
	"fmt"
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
	desk     *desk   // claimed by the record itself
	office   *office // a whole server; nil: not asked for

	flush  float64
	series map[string]*series // by name and callers
	order  []*series
}

// measureCalls makes the world, measures, and audits what was done.
func measureCalls(ctx context.Context, o *Options, e *engine) (_ []Measure, err error) {
	o.Log("%s: taking in %d leads and %d agents", e.name, o.leads(e.name), o.agents())
	w, err := makeWorld(ctx, e, o.leads(e.name), o.agents())
	if err != nil {
		return nil, err
	}
	c := &calls{o: o, e: e, w: w, series: make(map[string]*series)}
	defer func() { err = errors.Join(err, c.close(context.WithoutCancel(ctx), err == nil)) }()
	if err := c.open(ctx); err != nil {
		return nil, err
	}
	for round := range o.Rounds {
		for _, callers := range o.Callers {
			o.Log("%s: round %d, %d callers", e.name, round+1, callers)
			if err := c.round(ctx, callers); err != nil {
				return nil, fmt.Errorf("round %d, %d callers: %w", round+1, callers, err)
			}
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

// open makes the copies of the world.
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
	if c.wantsSQL() {
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
	if c.o.wants("next_call", "cycle") {
		c.office, err = openOffice(ctx, c.e, c.w)
	}
	return err
}

func (c *calls) wantsSQL() bool {
	return c.o.wants("sql_claim", "sql_cycle", "claim", "next_call", "cycle")
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
	if c.desk != nil {
		errs = append(errs, c.desk.close(ctx, sound), c.desk.db.drop())
	}
	if c.office != nil {
		errs = append(errs, c.office.close(ctx, sound))
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

// round measures everything once with so many callers.
func (c *calls) round(ctx context.Context, callers int) error {
	echo, err := c.echo.slice(ctx, callers, c.o.Slice/2)
	if err != nil {
		return err
	}
	c.add("echo", callers, "calls/s", echo, 0, "")
	if c.bare != nil {
		got, err := c.bare.slice(ctx, callers, c.o.Slice/2)
		if err != nil {
			return err
		}
		c.add("sql_bare", callers, "claims/s", got, 0, "")
	}
	if !c.wantsSQL() {
		return nil
	}
	sql, err := c.sql(ctx, callers)
	if err != nil {
		return err
	}
	if c.desk != nil {
		got, err := c.claims(ctx, callers)
		if err != nil {
			return err
		}
		c.add("claim", callers, "claims/s", got, sql.claim.rate(), "sql_claim: the statements of the same batches, sent with nothing round them")
	}
	return c.overAPI(ctx, callers, echo.rate(), sql)
}

func (c *calls) overAPI(ctx context.Context, callers int, echo float64, sql sqlRates) error {
	if c.office == nil {
		return nil
	}
	if c.o.wants("next_call") {
		got, err := c.office.nextCalls(ctx, callers, c.o.Slice)
		if err != nil {
			return fmt.Errorf("next_call: %w", err)
		}
		c.add("next_call", callers, "calls/s", got, combined(echo, sql.claim.rate()), "combined: 1/(1/echo + 1/sql_claim)")
	}
	if c.o.wants("cycle") {
		got, err := c.office.cycles(ctx, callers, c.o.Slice)
		if err != nil {
			return fmt.Errorf("cycle: %w", err)
		}
		c.add("cycle", callers, "cycles/s", got, combined(echo/3, sql.cycle.rate()), "combined: 1/(3/echo + 1/sql_cycle), for next call, start and outcome are three calls")
	}
	return nil
}

// add notes what a round reached.
func (c *calls) add(name string, callers int, unit string, got slice, limit float64, is string) {
	key := fmt.Sprint(name, callers)
	s := c.series[key]
	if s == nil {
		s = &series{Measure: Measure{Name: name, Unit: unit, Engine: c.e.name, Callers: callers, FdatasyncUS: c.flush, LimitIs: is}}
		c.series[key] = s
		c.order = append(c.order, s)
	}
	s.round(got, limit)
}

// sqlRates are what the database does of claims and cycles with nothing round it.
type sqlRates struct{ claim, cycle slice }

// passes cuts a round's claims into passes over the agents. The number is fixed beforehand, for the recorded and the
// sent again must be the same: a fraction of a slice on a machine of two cores.
func (c *calls) passes(callers int) []int {
	n := int(c.o.Slice.Seconds() * 60 * float64(min(callers, 32)))
	n = max(n/callers, 1) * callers
	most := len(c.w.agents) / callers * callers
	var out []int
	for n > 0 {
		out = append(out, min(n, most))
		n -= most
	}
	return out
}

// sql records what the record sends for a round of claims and cycles, and sends it again.
func (c *calls) sql(ctx context.Context, callers int) (r sqlRates, err error) {
	statements, deeds := 0, 0
	for _, n := range c.passes(callers) {
		c.recorder.record()
		held, _, err := c.tape.claim(ctx, n, callers)
		claims := c.recorder.take()
		if err != nil {
			return r, err
		}
		c.recorder.record()
		err = c.tape.finish(ctx, held, callers)
		rest := c.recorder.take()
		if err != nil {
			return r, err
		}
		got, err := timed(ctx, c.replay, claims, n)
		if err != nil {
			return r, err
		}
		ends, err := timed(ctx, c.replay, rest, 0)
		if err != nil {
			return r, err
		}
		r.claim.add(got)
		r.cycle.add(got)
		r.cycle.add(ends)
		for _, d := range claims {
			statements, deeds = statements+len(d.statements), deeds+1
		}
	}
	if deeds == 0 {
		return r, errors.New("no claim was heard on its way to the database")
	}
	c.add("sql_claim", callers, "claims/s", r.claim, 0, "")
	c.add("sql_cycle", callers, "cycles/s", r.cycle, 0, "")
	c.series[fmt.Sprint("sql_claim", callers)].Note = fmt.Sprintf("%.1f statements a batch, besides begin and commit", float64(statements)/float64(deeds))
	return r, nil
}

// claims is a round of claims by the record itself.
func (c *calls) claims(ctx context.Context, callers int) (total slice, err error) {
	for _, n := range c.passes(callers) {
		held, got, err := c.desk.claim(ctx, n, callers)
		if err != nil {
			return total, err
		}
		total.add(got)
		if err := c.desk.finish(ctx, held, max(callers, 16)); err != nil {
			return total, err
		}
	}
	return total, nil
}
