package store

import (
	"context"
	"fmt"
	"time"
)

// Now is the clock that counts: the database's, UTC.
func (s *Store) Now() time.Time {
	return s.clock().Add(time.Duration(s.offset.Load())).UTC()
}

// followClock measures the offset to the database's clock again and again, for clocks drift.
func (s *Store) followClock(ctx context.Context) {
	tick := time.NewTicker(30 * time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := s.measureClock(ctx); err != nil && ctx.Err() == nil {
				s.log.WarnContext(ctx, "cannot read the database's clock; going on with the last offset", "error", err)
			}
		}
	}
}

func (s *Store) measureClock(ctx context.Context) error {
	before := s.clock()
	var us int64
	row := s.reader.QueryRowContext(ctx, `SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint`)
	if err := row.Scan(&us); err != nil {
		return fmt.Errorf("read the database's clock: %w", err)
	}
	after := s.clock()
	middle := before.Add(after.Sub(before) / 2)
	s.offset.Store(int64(fromUS(us).Sub(middle)))
	return nil
}
