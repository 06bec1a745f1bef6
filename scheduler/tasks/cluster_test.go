package tasks

import (
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"redial/campaign"
	"redial/campaign/store/storetest/testserver"
)

func TestTasksRunInACluster(t *testing.T) {
	t.Parallel()
	client := redis.NewClusterClient(&redis.ClusterOptions{
		Addrs: testserver.RedisCluster(t), ContextTimeoutEnabled: true, ClusterStateReloadInterval: 2 * time.Second,
	})
	t.Cleanup(func() { client.Close() })
	d := newDesk()
	start(t, client, d, WorkerOptions{})
	w := NewWaker(client, Options{})
	for i := range 20 {
		if err := w.Import(t.Context(), campaign.UploadID(i+1)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Promise(t.Context(), appointment(1, time.Now().Add(time.Second)), time.Minute); err != nil {
		t.Fatal(err)
	}
	got := make(map[string]int)
	for range 22 {
		got[d.await(t, 20*time.Second).kind]++
	}
	if got[typeImport] != 20 || got[typeRemind] != 1 || got[typeDue] != 1 {
		t.Errorf("calls %v", got)
	}
}
