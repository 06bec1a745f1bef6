package store

import "context"

// Housekeep is what a record needs once a day: on PostgreSQL the partitions of the months to come. Repeated, it changes
// nothing.
func (s *Store) Housekeep(ctx context.Context) error { return s.ensurePartitions(ctx) }
