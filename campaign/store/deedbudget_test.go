package store

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"redial/campaign"
	"redial/campaign/store/storetest/testserver"
)

// tripCounter counts the ways to PostgreSQL and back, and the statements that went them.
type tripCounter struct{ trips, statements atomic.Int64 }

func (c *tripCounter) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	c.trips.Add(1)
	c.statements.Add(1)
	return ctx
}

func (c *tripCounter) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

func (c *tripCounter) TraceBatchStart(ctx context.Context, _ *pgx.Conn, d pgx.TraceBatchStartData) context.Context {
	c.trips.Add(1)
	c.statements.Add(int64(d.Batch.Len()))
	return ctx
}

func (c *tripCounter) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}

func (c *tripCounter) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

// spent is what fn costs; what is cached must be so already.
func (c *tripCounter) spent(fn func()) string {
	trips, statements := c.trips.Load(), c.statements.Load()
	fn()
	return fmt.Sprintf("%d ways, %d statements", c.trips.Load()-trips, c.statements.Load()-statements)
}

// A batch costs the same ways to the database and the same statements whatever its size, begin and commit included. A
// change that costs more must be worth it: raise the numbers here and say why.
func TestWhatABatchCosts(t *testing.T) {
	t.Parallel()
	count := new(tripCounter)
	b := new(bench)
	s, err := Open(t.Context(), testserver.Postgres(t), Options{Now: func() time.Time { return time.Now().Add(time.Duration(b.now.Load())) },
		Rules: Rules{Decide: plainDecide, Judge: plainJudge, Step: plainStep},
		tune:  func(c *pgxpool.Config) { c.ConnConfig.Tracer = count }})
	if err != nil {
		t.Fatal(err)
	}
	b.Store = s
	t.Cleanup(func() { s.Close() })
	h := inHand(t, b, 36)
	ctx := t.Context()
	settle := func(i int, o campaign.Outcome) { // and everything is cached
		must[campaign.Started](t)(b.StartCall(ctx, h.offers[i], h.agents[i]))
		must[campaign.Recorded](t)(b.Conclude(ctx, campaign.Result{Assignment: h.offers[i], Agent: h.agents[i], Outcome: o}))
	}
	settle(34, campaign.Success)
	settle(35, campaign.Success)
	deeds := func(from, to int, make func(int) *deed) func() {
		return func() {
			var all []*deed
			for i := from; i < to; i++ {
				all = append(all, make(i))
			}
			for i, r := range must[[]result[any]](t)(b.commitDeeds(ctx, all)) {
				if r.err != nil || r.again {
					t.Fatalf("deed %d: %v, again %v", from+i, r.err, r.again)
				}
			}
		}
	}
	claims := func(from, to int) func() {
		var all []campaign.Claim
		for i := from; i < to; i++ {
			lead := must[campaign.Assignment](t)(b.Assignment(ctx, h.offers[i])).LeadID
			must[campaign.Session](t)(b.Decline(ctx, h.offers[i], h.agents[i], "no"))
			all = append(all, campaign.Claim{Agent: h.agents[i], Candidates: []campaign.LeadID{lead}})
		}
		return func() {
			for n, got := range must[[]campaign.Claimed](t)(b.ClaimLeads(ctx, all)) {
				if got.Assignment == nil {
					t.Fatalf("claimed %+v", got)
				}
				h.offers[from+n] = got.Assignment.ID
			}
		}
	}
	outcome := func(i int) *deed { return h.outcome(t, i, campaign.NoAnswer) }
	move := func(i int) *deed { return h.move(i, toBreak) }
	for _, c := range []struct {
		what, want string
		one, many  func()
	}{
		{"claims", "2 ways, 15 statements", claims(0, 1), claims(1, 33)},
		{"starts", "2 ways, 14 statements", deeds(0, 1, h.start), deeds(1, 33, h.start)},
		{"outcomes", "2 ways, 17 statements", deeds(0, 1, outcome), deeds(1, 33, outcome)},
		{"moves", "4 ways, 6 statements", deeds(0, 1, move), deeds(1, 33, move)},
	} {
		one, many := count.spent(c.one), count.spent(c.many)
		if one != c.want || many != c.want {
			t.Errorf("%s: one costs %s, 32 cost %s; want %s", c.what, one, many, c.want)
		}
	}
}
