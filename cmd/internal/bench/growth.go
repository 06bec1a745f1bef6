package bench

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// growthCallers ask for the next call while sizes are compared.
const growthCallers = 64

// large are the sizes that are compared with the usual one.
func (o *Options) large() []int {
	switch {
	case o.Quick:
		return []int{5000}
	case o.Long:
		return []int{2_000_000, 10_000_000}
	default:
		return []int{2_000_000}
	}
}

// measureGrowth is the next call among many leads beside the next call among few, in the same rounds.
func measureGrowth(ctx context.Context, o *Options, e *engine) ([]Measure, error) {
	var out []Measure
	for _, n := range o.large() {
		m, err := growthTo(ctx, o, e, n)
		if err != nil {
			return out, err
		}
		out = append(out, m)
	}
	return out, nil
}

// sized is a server over a world of a size.
type sized struct {
	*office
	database, leads, indexes int64 // bytes; 0: not known
	each                     int64 // bytes a lead, of table and indexes
}

func growthTo(ctx context.Context, o *Options, e *engine, n int) (_ Measure, err error) {
	small, err := openSized(ctx, o, e, o.leads(e.name))
	if err != nil {
		return Measure{}, err
	}
	defer func() { err = errors.Join(err, small.close(context.WithoutCancel(ctx), err == nil)) }()
	large, err := openSized(ctx, o, e, n)
	if err != nil {
		return Measure{}, err
	}
	defer func() { err = errors.Join(err, large.close(context.WithoutCancel(ctx), err == nil)) }()
	flush, err := flushTime(e.dir)
	if err != nil {
		return Measure{}, err
	}
	callers := min(growthCallers, small.w.callers)
	s := series{Measure: Measure{Name: "growth", Unit: "calls/s", Engine: e.name, Callers: callers, FdatasyncUS: flush,
		LimitIs: fmt.Sprintf("the same among %d leads", len(small.w.leads))}}
	kept := [2]int64{}
	for round := range o.Rounds {
		o.Log("%s: next call among %d and %d leads, round %d", e.name, len(small.w.leads), n, round+1)
		limit, err := small.nextCalls(ctx, callers, o.Slice)
		if err != nil {
			return Measure{}, err
		}
		got, err := large.nextCalls(ctx, callers, o.Slice)
		if err != nil {
			return Measure{}, err
		}
		s.round(got, limit.rate())
		s.shed(large.office)
		if kept[0], kept[1], err = keptInRedis(ctx, small.office, large.office); err != nil {
			return Measure{}, err
		}
		if kept[0] > 0 {
			s.sample("redis_ratio", float64(kept[1])/float64(kept[0]))
		}
	}
	s.Note = fmt.Sprintf("%d leads", n)
	if e.pg != nil {
		s.atLeast("ratio", 0.85).atMost("redis_ratio", 1.1)
		s.Note += fmt.Sprintf("; Redis holds %s, among %d leads %s; %s; among %d leads %s", sizeOf(kept[1]), len(small.w.leads), sizeOf(kept[0]),
			large.size(), len(small.w.leads), small.size())
	}
	return s.measure(), nil
}

func openSized(ctx context.Context, o *Options, e *engine, n int) (*sized, error) {
	o.Log("%s: taking in %d leads for growth", e.name, n)
	w, err := makeWorld(ctx, e, n, staff{callers: o.staff().callers})
	if err != nil {
		return nil, err
	}
	s := &sized{}
	if e.pg != nil {
		if err := s.weigh(ctx, w.of.url, n); err != nil {
			return nil, errors.Join(err, w.of.drop())
		}
	}
	if s.office, err = openOfficeAt(ctx, e, w, w.of, inProcess); err != nil {
		return nil, err // the record is dropped with the office
	}
	if err := s.warmUp(ctx); err != nil {
		return nil, errors.Join(err, s.close(context.WithoutCancel(ctx), false))
	}
	return s, nil
}

func (s *sized) weigh(ctx context.Context, url string, leads int) error {
	c, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	err = c.QueryRow(ctx, `SELECT pg_database_size(current_database()), pg_table_size('leads'), pg_indexes_size('leads')`).Scan(&s.database, &s.leads, &s.indexes)
	s.each = (s.leads + s.indexes) / int64(leads)
	return errors.Join(err, c.Close(ctx))
}

func (s *sized) size() string {
	return fmt.Sprintf("the table of leads is %s, its indexes %s, %d bytes a lead, the database %s", sizeOf(s.leads), sizeOf(s.indexes), s.each, sizeOf(s.database))
}

// keptInRedis is what the keys of two servers take, each in its own database of Redis; 0: they have none beside them.
func keptInRedis(ctx context.Context, a, b *office) (inA, inB int64, err error) {
	if a.redis == "" {
		return 0, 0, nil
	}
	if inA, err = a.keys(ctx); err != nil {
		return 0, 0, err
	}
	inB, err = b.keys(ctx)
	return inA, inB, err
}

func (f *office) keys(ctx context.Context) (sum int64, err error) {
	c, err := redisClient(f.redis)
	if err != nil {
		return 0, err
	}
	defer c.Close()
	for all := c.Scan(ctx, 0, "*", 1000).Iterator(); ; {
		if !all.Next(ctx) {
			return sum, all.Err()
		}
		n, err := c.MemoryUsage(ctx, all.Val()).Result()
		if err == nil { // else the key has gone
			sum += n
		}
	}
}

// sizeOf writes a size as people do.
func sizeOf(n int64) string {
	switch {
	case n >= 10<<30:
		return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
	case n >= 10<<20:
		return fmt.Sprintf("%d MiB", n>>20)
	default:
		return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
	}
}
