package store

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"redial/campaign"
	"redial/campaign/store/storetest/testserver"
)

// wholeLeads is how many leads the benchmarks over a whole campaign have; REDIAL_BENCH_LEADS says another number.
func wholeLeads() int {
	if n, err := strconv.Atoi(os.Getenv("REDIAL_BENCH_LEADS")); err == nil && n > 0 {
		return n
	}
	return 100_000
}

// BenchmarkWhole measures what goes over all leads of a campaign: the snapshot, the counts, and planning anew while
// claims go on, on each engine.
func BenchmarkWhole(b *testing.B) {
	for _, engine := range []string{"sqlite", "postgres"} {
		b.Run(engine, func(b *testing.B) {
			url := "sqlite://" + filepath.Join(b.TempDir(), "r.db")
			if engine == "postgres" {
				url = testserver.Postgres(b)
			}
			x := openBench(b, url)
			c := x.campaign(b, "whole")
			n := wholeLeads()
			began := time.Now()
			loadMany(b, x, c.ID, n)
			b.Logf("imported %d leads at %s", n, rate(n, began))
			// Half of them were called before, and wait for every second of the day ahead.
			x.sql(b, `UPDATE leads SET last_placed = decided_at - 90000000000, earliest = decided_at + (id % 86400) * 1000000,
				tries = '[{"placed_at":"2026-10-01T09:00:00Z","outcome":"NO_ANSWER","number":"+8613800000001"}]' WHERE id % 2 = 0`)
			for b.Loop() {
				measureWhole(b, x, c, n)
			}
		})
	}
}

func rate(n int, began time.Time) string {
	return fmt.Sprintf("%.0f/s (%v)", float64(n)/time.Since(began).Seconds(), time.Since(began).Round(time.Millisecond))
}

func loadMany(b *testing.B, x *bench, c campaign.CampaignID, n int) {
	b.Helper()
	u := x.queued(b, c, campaign.ImportOptions{})
	for first := 0; first < n; first += 5000 {
		some := min(5000, n-first)
		must[campaign.Tally](b)(x.ImportRows(b.Context(), campaign.ImportBatch{Upload: u.ID, List: u.ListID, Drafts: drafts(first, some), RowsDone: int64(first + some),
			Headings: []string{"phone"}}))
	}
	must[campaign.Upload](b)(x.FinishImport(b.Context(), u.ID))
}

func measureWhole(b *testing.B, x *bench, c campaign.Campaign, n int) {
	b.Helper()
	began, seen := time.Now(), 0
	if err := x.SnapshotFacts(b.Context(), c.ID, 0, nil, func(fs []*campaign.Facts) error { seen += len(fs); return nil }); err != nil || seen != n {
		b.Fatalf("saw %d leads of %d: %v", seen, n, err)
	}
	b.Logf("snapshot: %s", rate(n, began))
	began = time.Now()
	must[[]campaign.Supply](b)(x.Supply(b.Context(), c.ID, x.Now(), x.Now().Add(24*time.Hour), 5*time.Minute))
	b.Logf("supply: %v", time.Since(began).Round(time.Millisecond))
	began = time.Now()
	must[map[campaign.LeadState]int64](b)(x.LeadCounts(b.Context(), c.ID, 0))
	b.Logf("counts: %v", time.Since(began).Round(time.Millisecond))
	q := campaign.NextQuery{Campaign: c.ID, Now: x.Now()}
	for _, g := range must[[]campaign.Group](b)(x.Groups(b.Context(), c.ID)) {
		q.Groups = append(q.Groups, g.ID)
	}
	began = time.Now()
	must[time.Time](b)(x.NextDue(b.Context(), q))
	b.Logf("next due: %v", time.Since(began).Round(100*time.Microsecond))
	measureReplan(b, x, c, n)
}

func measureReplan(b *testing.B, x *bench, c campaign.Campaign, n int) {
	b.Helper()
	now := must[campaign.Campaign](b)(x.Campaign(b.Context(), c.ID))
	now.Rules.Interval += time.Second
	must[campaign.Campaign](b)(x.UpdateCampaign(b.Context(), now))
	began := time.Now()
	_, left, err := x.ReplanLeft(b.Context(), c.ID)
	if err != nil || left != int64(n) {
		b.Fatalf("%d left of %d: %v", left, n, err)
	}
	b.Logf("left at the start: %v", time.Since(began).Round(time.Millisecond))
	began = time.Now()
	var longest time.Duration
	done := 0
	floor := floorGoesOn(b, x)
	for after := campaign.LeadID(0); ; {
		batch := time.Now()
		last, k, err := x.ReplanBatch(b.Context(), c.ID, after, 500)
		if err != nil {
			b.Fatal(err)
		}
		if last == 0 {
			break
		}
		longest = max(longest, time.Since(batch))
		after, done = last, done+k
	}
	if _, left, err := x.ReplanLeft(b.Context(), c.ID); err != nil || left != 0 || done != n {
		b.Fatalf("%d left, %d done: %v", left, done, err)
	}
	b.Logf("planned anew: %s, longest batch %v; the floor's writes meanwhile: %s", rate(n, began), longest.Round(time.Millisecond), floor())
}

// floorGoesOn writes as the floor does, a move of a session every few milliseconds, until it is asked how long those took.
func floorGoesOn(b *testing.B, x *bench) func() string {
	b.Helper()
	a := must[campaign.Agent](b)(x.CreateAgent(b.Context(), campaign.Agent{Login: fmt.Sprint("a", time.Now().UnixNano()), Active: true}))
	var took []time.Duration
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
			}
			began := time.Now()
			if _, err := x.MoveSession(b.Context(), a.ID, func(s campaign.Session, now time.Time) (campaign.Session, error) {
				s.State, s.Since, s.HeartbeatAt = campaign.AgentReady, now, now
				return s, nil
			}); err != nil {
				b.Error(err)
				return
			}
			took = append(took, time.Since(began))
		}
	}()
	return func() string {
		close(stop)
		<-done
		slices.Sort(took)
		at := func(p int) time.Duration { return took[len(took)*p/1000].Round(100 * time.Microsecond) }
		return fmt.Sprintf("%d, p50 %v, p99 %v, most %v", len(took), at(500), at(990), took[len(took)-1].Round(100*time.Microsecond))
	}
}
