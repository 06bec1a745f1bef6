package store

import (
	"context"
	"time"

	"redial/campaign"
)

// Elected is the lease of the node that does what one node alone may do: the sweep and the numbering of events.
const Elected = "sweep"

// Elect takes a lease, or renews the holder's own, for ttl from now. The epoch rises whenever the lease was lost in
// between, and fences what the old holder still does. leader is false while somebody else has it.
func (s *Store) Elect(ctx context.Context, name, holder string, ttl time.Duration) (epoch int64, leader bool, err error) {
	err = s.write(ctx, "take the lease "+name, func(t *tx) error {
		e := t.row(`INSERT INTO leases AS x (name, holder, epoch, until) VALUES ($1, $2, 1, $3)
			ON CONFLICT (name) DO UPDATE SET epoch = CASE WHEN x.holder = excluded.holder AND x.until > $4 THEN x.epoch ELSE x.epoch + 1 END,
				holder = excluded.holder, until = excluded.until
			WHERE x.holder = excluded.holder OR x.until <= $4 RETURNING epoch`, []any{name, holder, us(t.now.Add(ttl)), us(t.now)}, &epoch)
		leader = e == nil
		return ignoreNone(e)
	})
	if err != nil || !leader {
		return 0, false, err
	}
	return epoch, true, nil
}

// Resign gives a lease up, so that another node may take it at once. One that is not the holder's stays.
func (s *Store) Resign(ctx context.Context, name, holder string) error {
	return s.write(ctx, "give up the lease "+name, func(t *tx) error {
		_, err := t.exec(`UPDATE leases SET until = 0 WHERE name = $1 AND holder = $2`, name, holder)
		return err
	})
}

// Slot says whether this caller is the first to do a periodic job for a slot, such as the number of the hour.
func (s *Store) Slot(ctx context.Context, job string, slot int64) (first bool, err error) {
	err = s.write(ctx, "take a slot of "+job, func(t *tx) error {
		n, err := t.exec(`INSERT INTO slots (job, slot, at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`, job, slot, us(t.now))
		first = n == 1
		return err
	})
	return first, err
}

// fenced fails unless the epoch is that of the lease in force.
func (t *tx) fenced(name string, epoch int64) error {
	var now, until int64
	err := t.row(`SELECT epoch, until FROM leases WHERE name = $1`+t.d.forUpdate, []any{name}, &now, &until)
	if ignoreNone(err) != nil {
		return err
	}
	if err != nil || now != epoch || us(t.now) >= until {
		return campaign.Conflict(campaign.ReasonLeaseExpired, "another node has the lease "+name+" now")
	}
	return nil
}
