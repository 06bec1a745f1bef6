package store

import (
	"context"
	"errors"
	"time"
)

// abandonedAfter is how long an upload that nobody goes on with is kept.
const abandonedAfter = 7 * 24 * time.Hour

// Housekeep is what a record needs once a day: on PostgreSQL the partitions of the months to come, and no pieces of
// files that nobody will come back for, nor deliveries that cannot be replayed. Repeated, it changes nothing.
func (s *Store) Housekeep(ctx context.Context) error {
	_, err := s.DropAbandoned(ctx, abandonedAfter)
	return errors.Join(s.ensurePartitions(ctx), err, s.dropDeadDeliveries(ctx))
}
