package store

import (
	"context"
	"sync"
	"testing"
	"time"

	"redial/campaign"
	"redial/campaign/store/storetest/testserver"
)

// Somebody's transaction holds the number of one agent's lead, and the agent's desktop sends the outcome again and again: the
// others' calls are begun and ended all the while, and the agent's once it ends.
func TestDeedsGoAroundHeldRows(t *testing.T) {
	t.Parallel()
	b := openBench(t, testserver.Postgres(t)+"&lock_timeout=1500")
	ctx := t.Context()
	const agents, held = 12, 5
	h := inHand(t, b, agents)
	lead := must[campaign.Assignment](t)(b.Assignment(ctx, h.offers[held])).LeadID
	leads := must[[]campaign.Lead](t)(b.FindLeads(ctx, campaign.LeadFilter{AfterID: lead - 1, Limit: 1}))
	other := must[campaign.Agent](t)(b.CreateAgent(ctx, campaign.Agent{Login: "held-other"}))
	must[campaign.Session](t)(b.MoveSession(ctx, other.ID, toReady))
	release := must[context.CancelFunc](t)(b.holding(ctx, other.ID, leads[0].Numbers[0].Phone))
	defer release()

	again, stop := context.WithCancel(ctx)
	defer stop()
	var desk sync.WaitGroup
	refused := make(chan error, 1000)
	desk.Go(func() {
		for again.Err() == nil {
			_, err := b.StartCall(again, h.offers[held], h.agents[held])
			refused <- err
		}
	})
	if err := <-refused; campaign.KindOf(err) != campaign.KindAway {
		t.Fatalf("who needs what is held: %v", err)
	}
	for i, id := range h.offers {
		if i == held {
			continue
		}
		began := time.Now()
		must[campaign.Started](t)(b.StartCall(ctx, id, h.agents[i]))
		if took := time.Since(began); took > 1400*time.Millisecond {
			t.Errorf("agent %d waited %v for a row that is known to be held", i, took)
		}
	}
	if err := <-refused; campaign.KindOf(err) != campaign.KindAway {
		t.Errorf("who needs what is held, asking again: %v", err)
	}
	stop()
	desk.Wait()
	release()
	must[campaign.Started](t)(b.StartCall(ctx, h.offers[held], h.agents[held]))
	soundly(t, b)
}
