package app_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"redial/campaign/store/storetest/testserver"
	campaignpb "redial/proto/campaign/v1"
)

// What was acknowledged at one node is told soon to those who watch, at whichever node they do.
func TestEventsAreToldSoonAtEveryNode(t *testing.T) {
	t.Parallel()
	n := startNodes(t, 2, testserver.Postgres(t), "none")
	const rounds = 20
	heard := make([]chan time.Time, len(n.conns))
	for i, conn := range n.conns {
		ctx, cancel := context.WithTimeout(n.ctx, time.Minute)
		t.Cleanup(cancel)
		stream, err := campaignpb.NewEventServiceClient(conn).WatchEvents(ctx, &campaignpb.WatchEventsRequest{
			Cursor: "now", Types: []campaignpb.EventType{campaignpb.EventType_EVENT_TYPE_SUPPRESSED},
		})
		if err == nil {
			_, err = stream.Recv() // where now is
		}
		if err != nil {
			t.Fatal(err)
		}
		heard[i] = make(chan time.Time, rounds)
		go func() {
			for {
				m, err := stream.Recv()
				if err != nil {
					close(heard[i])
					return
				}
				for range m.GetEvents() {
					heard[i] <- time.Now()
				}
			}
		}()
	}
	took := make([][]time.Duration, len(n.conns))
	for round := range rounds {
		_, err := campaignpb.NewSuppressionServiceClient(n.conns[round%2]).Suppress(n.ctx, &campaignpb.SuppressRequest{Phone: fmt.Sprintf("+86139000000%02d", round)})
		if err != nil {
			t.Fatal(err)
		}
		acknowledged := time.Now()
		for i := range heard {
			at, ok := <-heard[i]
			if !ok {
				t.Fatalf("node %d ended the stream in round %d", i, round)
			}
			took[i] = append(took[i], at.Sub(acknowledged))
		}
	}
	for i := range took {
		slices.Sort(took[i])
		t.Logf("node %d: half of the events were told within %v of their acknowledgement, all within %v", i, took[i][rounds/2], took[i][rounds-1])
		if took[i][rounds/2] > time.Second { // 0.3 s on a quiet machine
			t.Errorf("node %d takes %v", i, took[i])
		}
	}
}
