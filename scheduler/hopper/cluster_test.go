package hopper_test

import (
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"redial/campaign"
	"redial/campaign/store/storetest/testserver"
	"redial/scheduler/hopper"
)

func TestEveryWindowWorksInACluster(t *testing.T) {
	t.Parallel()
	client := redis.NewClusterClient(&redis.ClusterOptions{
		Addrs: testserver.RedisCluster(t), ContextTimeoutEnabled: true, ClusterStateReloadInterval: 2 * time.Second,
	})
	t.Cleanup(func() { client.Close() })
	w := newWindow(t, client, hopper.Options{})
	for id := campaign.CampaignID(1); id <= 30; id++ { // over every node
		fill(t, w, id, hopper.Filling{Tried: run(1, 3), Fresh: run(101, 103)})
		wantLeads(t, "taken", take(t, w, id, 4, 1), leads(101, 1, 2, 3))
		if err := w.Return(t.Context(), id, leads(3)); err != nil {
			t.Error(err)
		}
		if err := w.Remove(t.Context(), id, 102); err != nil {
			t.Error(err)
		}
		wantLeads(t, "taken again", take(t, w, id, 4, 1), leads(103, 3))
		if err := w.Drop(t.Context(), id); err != nil {
			t.Error(err)
		}
	}
}
