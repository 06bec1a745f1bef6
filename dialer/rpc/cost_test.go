package rpc_test

import (
	"context"
	"maps"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"redial/campaign"
	"redial/campaign/store"
	pb "redial/proto/dialer/v1"
)

// reads is the record, counting what is read for somebody who asks; what the floor reads by itself again and again is not.
type reads struct {
	*store.Store
	mu sync.Mutex
	n  map[string]int

	away map[string]func(context.Context) error // what a read does instead; nil: it reads
}

// gone is what a read that is away does.
func (r *reads) gone(ctx context.Context, what string) error {
	r.mu.Lock()
	do := r.away[what]
	r.mu.Unlock()
	if do == nil {
		return nil
	}
	return do(ctx)
}

// lose has reads do something else; without any the record is back.
func (r *reads) lose(do func(context.Context) error, what ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.away = make(map[string]func(context.Context) error)
	for _, w := range what {
		r.away[w] = do
	}
}

func (r *reads) read(what string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.n == nil {
		r.n = make(map[string]int)
	}
	r.n[what]++
}

// take is what was read since it was asked last.
func (r *reads) take() map[string]int {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := r.n
	r.n = nil
	return n
}

func (r *reads) Session(ctx context.Context, id campaign.AgentID) (campaign.Session, error) {
	r.read("Session")
	return r.Store.Session(ctx, id)
}

func (r *reads) Arrivals(ctx context.Context, ids []campaign.AgentID, until time.Time) (map[campaign.AgentID]campaign.Arrival, error) {
	r.read("Arrivals")
	return r.Store.Arrivals(ctx, ids, until)
}

func (r *reads) OpenAssignment(ctx context.Context, id campaign.AgentID) (*campaign.Claimed, error) {
	r.read("OpenAssignment")
	return r.Store.OpenAssignment(ctx, id)
}

func (r *reads) Assignment(ctx context.Context, id campaign.AssignmentID) (campaign.Assignment, error) {
	r.read("Assignment")
	return r.Store.Assignment(ctx, id)
}

func (r *reads) Campaign(ctx context.Context, id campaign.CampaignID) (campaign.Campaign, error) {
	r.read("Campaign")
	return r.Store.Campaign(ctx, id)
}

func (r *reads) Histories(ctx context.Context, ids []campaign.LeadID) (map[campaign.LeadID][]campaign.Attempt, error) {
	r.read("Histories")
	if err := r.gone(ctx, "Histories"); err != nil {
		return nil, err
	}
	return r.Store.Histories(ctx, ids)
}

func (r *reads) AgentLogins(ctx context.Context, ids []campaign.AgentID) (map[campaign.AgentID]string, error) {
	r.read("AgentLogins")
	if err := r.gone(ctx, "AgentLogins"); err != nil {
		return nil, err
	}
	return r.Store.AgentLogins(ctx, ids)
}

func (r *reads) AgentByLogin(ctx context.Context, login string) (campaign.Agent, error) {
	r.read("AgentByLogin")
	return r.Store.AgentByLogin(ctx, login)
}

func (r *reads) Lead(ctx context.Context, id campaign.LeadID) (campaign.Lead, error) {
	r.read("Lead")
	return r.Store.Lead(ctx, id)
}

// cost checks what a deed read.
func (b *bench) cost(what string, want map[string]int) {
	b.Helper()
	synctest.Wait()
	if got := b.reads.take(); !maps.Equal(got, want) {
		b.Errorf("%s read %v, want %v", what, got, want)
	}
}

// TestWhatACycleReads holds what the record is read for in a cycle of next call, start and outcome: nothing, for what the
// agent may have been promised at another node during a call of minutes is looked for every second for all agents here; one
// common read for all who come together; one for the history of leads called before.
func TestWhatACycleReads(t *testing.T) {
	onBench(t, func(b *bench) {
		b.leads(6)
		b.reads.take()
		first := b.next("ann")
		b.cost("the first call of an agent who signs in by asking", map[string]int{"Arrivals": 1})
		b.start("ann", first.GetAssignmentId())
		time.Sleep(3 * time.Minute) //nolint:forbidigo // fake time: the bubble moves on by so much
		b.reads.take()
		b.record("ann", first.GetAssignmentId(), "NO_ANSWER")
		second := b.next("ann")
		b.start("ann", second.GetAssignmentId())
		b.record("ann", second.GetAssignmentId(), "SOLD")
		b.cost("outcome, next call, start and outcome", nil)
		r := must[*pb.RecordOutcomeResponse](b)(b.desk.RecordOutcome(b.as("ann"), &pb.RecordOutcomeRequest{
			AssignmentId: second.GetAssignmentId(), Code: "SOLD", NextWait: durationpb.New(time.Second),
		}))
		b.cost("an outcome sent again, as the hand is empty", map[string]int{"Assignment": 1, "Campaign": 1})
		third := r.GetNext().GetCard().GetAssignmentId()
		must[*pb.DeclineResponse](b)(b.desk.Decline(b.as("ann"), &pb.DeclineRequest{AssignmentId: third, Reason: "no"}))
		b.cost("giving an offer back", nil)
	})
}

// TestARetriedLeadsHistoryIsReadOnce shows that the cards of leads that were called before share a read.
func TestARetriedLeadsHistoryIsReadOnce(t *testing.T) {
	onBench(t, func(b *bench) {
		b.leads(1)
		c := b.next("ann")
		b.start("ann", c.GetAssignmentId())
		b.record("ann", c.GetAssignmentId(), "NO_ANSWER")
		time.Sleep(time.Hour) //nolint:forbidigo // fake time: the bubble moves on by so much
		b.reads.take()
		if c = b.next("bob"); len(c.GetHistory()) != 1 || c.GetHistory()[0].GetAgentLogin() != "ann" {
			b.Fatalf("history %v", c.GetHistory())
		}
		b.cost("a card with a history", map[string]int{"Arrivals": 1, "Histories": 1, "AgentLogins": 1})
	})
}
