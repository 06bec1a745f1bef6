package bench

import (
	"context"
	"errors"
	"fmt"
)

// limits are what the parts below reached in a round.
type limits struct {
	echo   slice
	stream float64 // echoes a second over streams; 0: not measured
	sql    sqlRates
}

// round measures everything once with so many callers.
func (c *calls) round(ctx context.Context, callers int) (err error) {
	var l limits
	if l.echo, err = c.echo.slice(ctx, callers, c.o.Slice/2); err != nil {
		return err
	}
	c.add("echo", callers, "calls/s", l.echo, 0, "")
	if c.o.wants("echo_stream", "stream_cycle") {
		got, err := c.echo.streams(ctx, callers, c.o.Slice/2)
		if err != nil {
			return err
		}
		c.add("echo_stream", callers, "messages/s", got, 0, "")
		l.stream = got.rate()
	}
	if c.bare != nil {
		got, err := c.bare.slice(ctx, callers, c.o.Slice/2)
		if err != nil {
			return err
		}
		c.add("sql_bare", callers, "claims/s", got, 0, "")
	}
	if !c.o.wants(sqlNames...) {
		return nil
	}
	if l.sql, err = c.sql(ctx, callers); err != nil {
		return err
	}
	if c.desk != nil {
		got, err := c.claims(ctx, callers)
		if err != nil {
			return err
		}
		c.add("claim", callers, "claims/s", got, l.sql.claim.rate(), "sql_claim: the statements of the same batches, sent with nothing round them")
	}
	return c.overAPI(ctx, callers, &l)
}

func (c *calls) overAPI(ctx context.Context, callers int, l *limits) error {
	if c.office == nil {
		return nil
	}
	for _, m := range []struct {
		name    string
		measure func(context.Context, int, *limits) error
	}{{"next_call", c.nextCall}, {"cycle", c.cycle}, {"cycle_next", c.cycleNext}, {"stream_cycle", c.streamCycle}} {
		if !c.o.wants(m.name) && (m.name != "next_call" || !c.o.wants("skip_locked")) {
			continue
		}
		if err := m.measure(ctx, callers, l); err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
	}
	return nil
}

// nextCall is measured beside the peer that claims one by one, too.
func (c *calls) nextCall(ctx context.Context, callers int, l *limits) error {
	got, err := c.office.nextCalls(ctx, callers, c.o.Slice)
	if err != nil {
		return err
	}
	s := c.add("next_call", callers, "calls/s", got, combined(l.echo.rate(), l.sql.claim.rate()), "combined: 1/(1/echo + 1/sql_claim)")
	s.sample("p99_ratio", got.p99()/l.echo.p99())
	if c.goals(callers) {
		s.atLeast("ratio", 0.85).atMost("p99_ratio", 3)
		if want := map[int]float64{64: 7000, 256: 10_000}[callers]; want > 0 {
			s.atLeast("value", want)
		}
	}
	if c.peer == nil {
		return nil
	}
	peer, err := c.peer.slice(ctx, callers, c.o.Slice/2)
	if err != nil {
		return fmt.Errorf("skip_locked: %w", err)
	}
	c.add("skip_locked", callers, "claims/s", peer, got.rate(), "a peer, not a limit: next_call in the same round")
	return nil
}

// goals says whether the plan of record asks something of so many callers.
func (c *calls) goals(callers int) bool { return c.e.pg != nil && callers >= 64 }

func (c *calls) cycle(ctx context.Context, callers int, l *limits) error {
	got, err := c.office.cycles(ctx, callers, c.o.Slice)
	if err != nil {
		return err
	}
	s := c.add("cycle", callers, "cycles/s", got, combined(l.echo.rate()/3, l.sql.cycle.rate()),
		"combined: 1/(3/echo + 1/sql_cycle), for next call, start and outcome are three calls")
	if c.goals(callers) {
		s.atLeast("ratio", 0.8)
	}
	return nil
}

func (c *calls) cycleNext(ctx context.Context, callers int, l *limits) error {
	got, asked, err := c.office.cyclesNext(ctx, callers, c.o.Slice)
	if err != nil {
		return err
	}
	s := c.add("cycle_next", callers, "cycles/s", got, combined(l.echo.rate()/2, l.sql.cycle.rate()),
		"combined: 1/(2/echo + 1/sql_cycle), for start and outcome-and-next are two calls")
	if c.goals(callers) {
		s.atLeast("ratio", 0.8)
	}
	if share := float64(asked) / float64(max(got.done, 1)); share > 0.01 {
		s.Note = fmt.Sprintf("%.0f %% of the leads had to be asked for after the outcome", 100*share)
	}
	return nil
}

func (c *calls) streamCycle(ctx context.Context, callers int, l *limits) error {
	got, err := c.office.cyclesOnStreams(ctx, callers, c.o.Slice)
	if err != nil {
		return err
	}
	c.add("stream_cycle", callers, "cycles/s", got, combined(l.stream/2, l.sql.cycle.rate()),
		"combined: 1/(2/echo_stream + 1/sql_cycle), for start and outcome are two requests and offers come by themselves")
	return nil
}

// sqlRates are what the database does of claims and cycles with nothing round it.
type sqlRates struct{ claim, cycle slice }

// passes cuts a round's claims into passes over the agents. The number is fixed beforehand, for the recorded and the
// sent again must be the same: a fraction of a slice on a machine of two cores.
func (c *calls) passes(callers int) []int {
	n := int(c.o.Slice.Seconds() * 60 * float64(min(callers, 64)))
	n = max(n/callers, 1) * callers
	most := c.w.callers / callers * callers
	var out []int
	for n > 0 {
		out = append(out, min(n, most))
		n -= most
	}
	return out
}

// sql records what the record sends for a round of claims and cycles, and sends it again.
func (c *calls) sql(ctx context.Context, callers int) (r sqlRates, err error) {
	var sent []deed
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
		sent = append(sent, claims...)
	}
	if len(sent) == 0 {
		return r, errors.New("no claim was heard on its way to the database")
	}
	statements, flights := shape(sent)
	c.add("sql_claim", callers, "claims/s", r.claim, 0, "").Note = fmt.Sprintf(
		"a batch is %.1f statements in %.1f ways to the database and back, begin and commit included", statements, flights)
	c.add("sql_cycle", callers, "cycles/s", r.cycle, 0, "")
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
