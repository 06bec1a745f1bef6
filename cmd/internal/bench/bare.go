package bench

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"redial/campaign"
)

// bare claims leads with one UPDATE a batch and nothing besides: what the smallest claim there could be costs. Ids
// come from one permutation and are never used again.
type bare struct {
	db     database
	ids    []campaign.LeadID
	claim  func(ctx context.Context, ids []campaign.LeadID) (claimed int, err error)
	closer func() error
}

const bareClaim = `UPDATE leads SET state = 'held', assignment_id = id WHERE id %s AND state = 'open' RETURNING id`

func openBare(ctx context.Context, e *engine, w *world) (*bare, error) {
	db, err := e.copy(w.of)
	if err != nil {
		return nil, err
	}
	b := &bare{db: db}
	for _, i := range rand.New(rand.NewPCG(1, uint64(len(w.leads)))).Perm(len(w.leads)) {
		b.ids = append(b.ids, w.leads[i])
	}
	if e.pg != nil {
		return b, b.postgres(ctx)
	}
	return b, b.sqlite(ctx)
}

func (b *bare) postgres(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, b.db.url)
	if err != nil {
		return fmt.Errorf("connect for the limit: %w", err)
	}
	b.closer = func() error { return conn.Close(context.WithoutCancel(ctx)) }
	b.claim = func(ctx context.Context, ids []campaign.LeadID) (int, error) {
		numbers := make([]int64, len(ids))
		for i, id := range ids {
			numbers[i] = int64(id)
		}
		rows, err := conn.Query(ctx, fmt.Sprintf(bareClaim, "= ANY ($1)"), numbers)
		if err != nil {
			return 0, err
		}
		n := 0
		for rows.Next() {
			n++
		}
		return n, rows.Err()
	}
	return nil
}

func (b *bare) sqlite(ctx context.Context) error {
	db, err := sql.Open("sqlite", "file:"+strings.TrimPrefix(b.db.url, "sqlite://")+sqliteSettings)
	if err != nil {
		return fmt.Errorf("open the record for the limit: %w", err)
	}
	b.closer = db.Close
	db.SetMaxOpenConns(1)
	one, err := db.PrepareContext(ctx, fmt.Sprintf(bareClaim, "IN (SELECT value FROM json_each($1))"))
	if err != nil {
		return fmt.Errorf("prepare the limit: %w", err)
	}
	b.claim = func(ctx context.Context, ids []campaign.LeadID) (n int, err error) {
		list, err := json.Marshal(ids)
		if err != nil {
			return 0, err
		}
		rows, err := one.QueryContext(ctx, string(list))
		if err != nil {
			return 0, err
		}
		defer rows.Close()
		for rows.Next() {
			n++
		}
		return n, rows.Err()
	}
	return nil
}

// slice claims batches for a while, and counts what the UPDATE returned.
func (b *bare) slice(ctx context.Context, batch int, for_ time.Duration) (s slice, err error) {
	w := startWatch()
	began := time.Now()
	for s.done == 0 || time.Since(began) < for_ && len(b.ids) >= batch {
		if len(b.ids) < batch {
			return s, errNoLeads
		}
		ids := b.ids[:batch]
		b.ids = b.ids[batch:]
		n, err := b.claim(ctx, ids)
		if err != nil {
			return s, fmt.Errorf("bare claim: %w", err)
		}
		if n != batch {
			return s, fmt.Errorf("%w: %d of %d leads were claimed", errWrong, n, batch)
		}
		s.done += n
	}
	s.took, s.outside = time.Since(began), w.outside()
	return s, nil
}

func (b *bare) close() error {
	var err error
	if b.closer != nil {
		err = b.closer()
	}
	return errors.Join(err, b.db.drop())
}
