package store

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"redial/campaign"
	"redial/campaign/store/storetest/testserver"
)

const (
	churnClaims = 5_000_000 // unless REDIAL_CLAIMS says otherwise
	churnLeads  = 50_000
	churnAgents = 256
	churnEvery  = 30 * time.Second // the sizes are told
	churnSteady = 10 * churnLeads  // claims after which indexes have left the tight order in which rows were loaded
	churnRoom   = 1.2              // what an index may grow to, of what it had then
	churnSmall  = 256 << 10        // bytes below which an index is not looked at: a few pages more are no bloat
)

// churnSettings are those which deploy/RUNBOOK.md asks for: vacuum looks for work every ten seconds. With its default, a
// minute, a floor of 2,000 calls a second leaves 120,000 dead entries in each index before it comes.
var churnSettings = []string{"autovacuum_naptime=10s"}

// claimIndexes are what a claim and the look for due work read. Those of tables that only grow are no part of it.
var claimIndexes = []string{"leads_fresh", "leads_tried", "leads_owned", "leads_held", "leads_turn", "leads_put", "leads_pkey",
	"assignments_open_lead", "assignments_open_agent", "assignments_lease", "sessions_pkey", "sessions_deadline", "appointments_due"}

// TestSoakChurn calls the same leads again and again on PostgreSQL until as many claims were made as REDIAL_CLAIMS says, and
// tells the sizes of the indexes that a claim reads. They keep their size: what dies is cleared away as fast as it is made.
func TestSoakChurn(t *testing.T) {
	if os.Getenv("REDIAL_SOAK") == "" {
		t.Skip("runs with make soak")
	}
	most := int64(churnClaims)
	if text := os.Getenv("REDIAL_CLAIMS"); text != "" {
		var err error
		if most, err = strconv.ParseInt(text, 10, 64); err != nil || most <= 0 {
			t.Fatalf("REDIAL_CLAIMS %q is no number of claims", text)
		}
	}
	b := openBench(t, testserver.NewPostgres(t, true, churnSettings...).Database(t))
	c := b.campaign(t, "one")
	for first := 0; first < churnLeads; first += 10_000 {
		b.loaded(t, c.ID, campaign.ImportOptions{}, drafts(first, 10_000))
	}
	must[campaign.Campaign](t)(b.StartCampaign(t.Context(), c.ID))
	groups := must[[]campaign.Group](t)(b.Groups(t.Context(), c.ID))

	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	r := &churn{bench: b, due: make(chan campaign.LeadID, 4*churnAgents), idle: make(chan *caller, churnAgents), stop: stop}
	for _, g := range groups {
		r.groups = append(r.groups, campaign.OpenGroup{ID: g.ID})
	}
	var work sync.WaitGroup
	work.Go(func() { r.feed(ctx, t) })
	work.Go(func() { r.dispatch(ctx, t) })
	for i := range churnAgents {
		agent := must[campaign.Agent](t)(b.CreateAgent(t.Context(), campaign.Agent{Login: fmt.Sprint("agent", i), Campaigns: []campaign.Membership{{CampaignID: c.ID, Weight: 1}}}))
		b.ready(t, agent.ID)
		work.Go(func() { r.agent(ctx, t, agent.ID) })
	}
	first := r.watch(ctx, t, most, stop)
	work.Wait()
	b.sql(t, `ANALYZE`)
	last := r.sizes(t)
	for _, index := range slices.Sorted(maps.Keys(first)) {
		if last[index] > churnSmall && float64(last[index]) > churnRoom*float64(first[index]) {
			t.Errorf("%s has grown from %d to %d kB in %d claims", index, first[index]>>10, last[index]>>10, r.claims.Load())
		}
	}
	switch {
	case first == nil && most > churnSteady:
		t.Errorf("%d claims were made before anybody looked at steady work: ask for more", r.claims.Load())
	case first == nil:
		t.Logf("%d claims are no steady work yet, which begins at %d: the sizes were told and not judged", r.claims.Load(), churnSteady)
	}
	must[campaign.AuditSummary](t)(b.Audit(t.Context(), 0, func(x campaign.Breach) error { t.Error(x); return nil }))
}

// churn is an office that never sleeps.
type churn struct {
	*bench
	groups []campaign.OpenGroup
	due    chan campaign.LeadID
	idle   chan *caller
	claims atomic.Int64
	stop   func()
}

// fail ends all work.
func (r *churn) fail(t *testing.T, err error) {
	t.Error(err)
	r.stop()
}

// caller is an agent who waits for a lead.
type caller struct {
	id   campaign.AgentID
	lead chan campaign.AssignmentID // 0: none this time
}

// feed looks for due work as a filler does, and hands it out once.
func (r *churn) feed(ctx context.Context, t *testing.T) {
	lately := make(map[campaign.LeadID]time.Time)
	for ctx.Err() == nil {
		found, err := r.DueLeads(ctx, campaign.DueQuery{Groups: r.groups, Tried: 2 * churnAgents, Fresh: 2 * churnAgents, Now: r.Now()})
		if err != nil && ctx.Err() == nil {
			r.fail(t, err)
			return
		}
		now := time.Now()
		for _, d := range found {
			if now.Sub(lately[d.Lead]) < 5*time.Second {
				continue
			}
			lately[d.Lead] = now
			select {
			case r.due <- d.Lead:
			case <-ctx.Done():
				return
			}
		}
		maps.DeleteFunc(lately, func(_ campaign.LeadID, at time.Time) bool { return now.Sub(at) > 10*time.Second })
	}
}

// dispatch claims for all who wait at once, as a node does.
func (r *churn) dispatch(ctx context.Context, t *testing.T) {
	for {
		var waiting []*caller
		var claims []campaign.Claim
		add := func(c *caller) bool {
			select {
			case lead := <-r.due:
				waiting, claims = append(waiting, c), append(claims, campaign.Claim{Agent: c.id, Candidates: []campaign.LeadID{lead}})
				return true
			case <-ctx.Done():
				c.lead <- 0
				return false
			}
		}
		select {
		case <-ctx.Done():
			return
		case c := <-r.idle:
			for more := add(c); more && len(claims) < churnAgents/2; {
				select {
				case c := <-r.idle:
					more = add(c)
				default:
					more = false
				}
			}
		}
		got, err := r.ClaimLeads(context.WithoutCancel(ctx), claims)
		if err != nil {
			r.fail(t, err)
			return
		}
		for i, c := range waiting {
			id := campaign.AssignmentID(0)
			if got[i].Assignment != nil {
				id = got[i].Assignment.ID
				r.claims.Add(1)
			}
			c.lead <- id
		}
	}
}

func (r *churn) agent(ctx context.Context, t *testing.T, agent campaign.AgentID) {
	me := &caller{agent, make(chan campaign.AssignmentID, 1)}
	for {
		select {
		case <-ctx.Done():
			return
		case r.idle <- me:
		}
		select {
		case <-ctx.Done():
			return
		case id := <-me.lead:
			if id == 0 {
				continue
			}
			_, err := r.StartCall(context.WithoutCancel(ctx), id, agent)
			if err == nil {
				_, err = r.Conclude(context.WithoutCancel(ctx), campaign.Result{Assignment: id, Agent: agent, Outcome: campaign.NoAnswer})
			}
			if err != nil {
				r.fail(t, fmt.Errorf("agent %d: %w", agent, err))
				return
			}
		}
	}
}

// watch tells the sizes now and then until all claims are made, or work ends; it answers those in steady work. Before it,
// what was loaded in order and packed tight is unpacked, once.
func (r *churn) watch(ctx context.Context, t *testing.T, most int64, stop func()) (first map[string]int64) {
	tick := time.NewTicker(churnEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return first
		case <-tick.C:
		}
		n := r.claims.Load()
		sizes := r.sizes(t)
		if first == nil && n >= churnSteady {
			first = sizes
		}
		var line strings.Builder
		for _, index := range slices.Sorted(maps.Keys(sizes)) {
			fmt.Fprintf(&line, " %s=%d", index, sizes[index]>>10)
		}
		var dead int64
		if err := r.reader.QueryRowContext(ctx, `SELECT COALESCE(sum(n_dead_tup), 0) FROM pg_stat_user_tables WHERE relname IN ('leads', 'assignments', 'sessions')`).Scan(&dead); err == nil {
			t.Logf("%d claims, %d dead rows, kB:%s", n, dead, line.String())
		}
		if n >= most {
			stop()
		}
	}
}

func (r *churn) sizes(t *testing.T) map[string]int64 {
	t.Helper()
	out := make(map[string]int64)
	rows, err := r.reader.QueryContext(t.Context(), `SELECT relname, pg_relation_size(oid) FROM pg_class WHERE relkind = 'i' AND relname = ANY ($1)`, claimIndexes)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		var size int64
		if err := rows.Scan(&name, &size); err != nil {
			t.Fatal(err)
		}
		out[name] = size
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}
