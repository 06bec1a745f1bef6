package rpc_test

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"redial/campaign"
	"redial/campaign/store"
	"redial/dialer"
	"redial/scheduler"
)

// counted counts the claims that a record is asked for.
type counted struct {
	*store.Store
	batches, claims atomic.Int64
}

func (c *counted) ClaimLeads(ctx context.Context, claims []campaign.Claim) ([]campaign.Claimed, error) {
	c.batches.Add(1)
	c.claims.Add(int64(len(claims)))
	return c.Store.ClaimLeads(ctx, claims)
}

// BenchmarkCycles lets 64 agents take a lead, call and record, again and again, on SQLite without a network; it tells
// how many claims share a transaction.
func BenchmarkCycles(b *testing.B) {
	const agents = 64
	rules := new(scheduler.Rulebook)
	s, err := store.Open(b.Context(), "sqlite://"+filepath.Join(b.TempDir(), "r.db"), store.Options{Rules: store.Rules{
		Decide: rules.Plan, Judge: rules.Offer, Book: rules.Book, Step: dialer.Follow(dialer.DefaultHeartbeat),
	}})
	fine(b, err)
	b.Cleanup(func() { fine(b, s.Close()) })
	ids := staffed(b, s, agents, b.N+agents)
	rec := &counted{Store: s}
	floor := dialer.NewFloor("here", rec, scheduler.NewDirect(&scheduler.Finder{Record: s, Now: s.Now}), s.Now, dialer.Options{})
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); _ = floor.Run(ctx) }()
	defer func() { stop(); <-ended }()
	var left atomic.Int64
	left.Store(int64(b.N))
	b.ResetTimer()
	var wg sync.WaitGroup
	for _, id := range ids {
		wg.Go(func() {
			for left.Add(-1) >= 0 {
				got, _, err := floor.NextCall(b.Context(), id, 0, 20*time.Second)
				if err != nil || got == nil {
					b.Errorf("agent %d: %v, %v", id, got, err)
					return
				}
				started, err := s.StartCall(b.Context(), got.Assignment.ID, id)
				fine(b, err)
				_, err = floor.Learned(b.Context(), id, started.Session)
				fine(b, err)
				r, err := s.Conclude(b.Context(), campaign.Result{Assignment: got.Assignment.ID, Agent: id, Outcome: campaign.Success, Code: "SUCCESS"})
				fine(b, err)
				_, err = floor.Learned(b.Context(), id, r.Session)
				fine(b, err)
			}
		})
	}
	wg.Wait()
	b.ReportMetric(float64(rec.claims.Load())/float64(max(rec.batches.Load(), 1)), "claims/batch")
}

func fine(b testing.TB, err error) {
	b.Helper()
	if err != nil {
		b.Error(err)
		panic(err)
	}
}

func staffed(b testing.TB, s *store.Store, agents, leads int) []campaign.AgentID {
	b.Helper()
	ctx := b.Context()
	floor := campaign.DefaultFloor()
	floor.WrapUp = 0
	rules := campaign.DefaultRules()
	rules.Hours = []campaign.Window{{Days: [7]bool{true, true, true, true, true, true, true}, Open: 0, Close: 24 * 60}}
	c, err := s.CreateCampaign(ctx, campaign.Campaign{Name: "bench", Zone: "Etc/UTC", Region: "US", Rules: rules, Floor: floor})
	fine(b, err)
	c, err = s.StartCampaign(ctx, c.ID)
	fine(b, err)
	u, err := s.BeginUpload(ctx, campaign.Upload{CampaignID: c.ID, FileName: "a.csv"}, "")
	fine(b, err)
	_, err = s.AppendPiece(ctx, u.ID, 0, []byte("x"))
	fine(b, err)
	u, err = s.CommitUpload(ctx, u.ID, nil, 1)
	fine(b, err)
	for done := 0; done < leads; {
		n := min(leads-done, 4000)
		drafts := make([]campaign.Draft, n)
		for i := range drafts {
			k := done + i
			drafts[i] = campaign.Draft{Line: k + 2, Name: fmt.Sprint("Lead ", k), Zones: []string{"Etc/UTC"},
				Numbers: []campaign.Number{{Phone: campaign.Phone(fmt.Sprintf("+1212%07d", 2000000+k))}}}
		}
		done += n
		_, err = s.ImportRows(ctx, campaign.ImportBatch{Upload: u.ID, List: u.ListID, Drafts: drafts, RowsDone: int64(done)})
		fine(b, err)
	}
	_, err = s.FinishImport(ctx, u.ID)
	fine(b, err)
	ids := make([]campaign.AgentID, agents)
	for i := range ids {
		a, err := s.CreateAgent(ctx, campaign.Agent{Login: fmt.Sprint("a", i), Active: true, Campaigns: []campaign.Membership{{CampaignID: c.ID, Weight: 1}}})
		fine(b, err)
		ids[i] = a.ID
	}
	return ids
}
