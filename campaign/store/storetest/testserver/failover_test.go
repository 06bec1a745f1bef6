package testserver_test

import (
	"testing"

	"github.com/redis/go-redis/v9"

	"redial/campaign/store/storetest/testserver"
)

// A replica takes over from a master that was killed, which the sentinel tells.
func TestSentinelFailsOver(t *testing.T) {
	t.Parallel()
	s := testserver.NewSentinel(t, 1)
	if at, err := s.Current(t.Context()); err != nil || at != s.Master.Addr {
		t.Fatalf("the master is at %s (%v), want %s", at, err, s.Master.Addr)
	}
	s.Master.Stop()
	waitFor(t, "the replica to be master", func() bool {
		at, err := s.Current(t.Context())
		return err == nil && at == s.Replica.Addr
	})
	c := redis.NewClient(&redis.Options{Addr: s.Replica.Addr})
	defer c.Close()
	waitFor(t, "the new master to take writes", func() bool { return c.Set(t.Context(), "a", 1, 0).Err() == nil })
}

// A replica of a cluster takes over from a master that was killed.
func TestClusterFailsOver(t *testing.T) {
	t.Parallel()
	s := testserver.NewCluster(t, 1)
	s.Masters[0].Stop()
	c := redis.NewClient(&redis.Options{Addr: s.Replicas[0].Addr})
	defer c.Close()
	waitFor(t, "the replica to be master", func() bool {
		r, err := c.Do(t.Context(), "role").Slice()
		return err == nil && r[0] == "master"
	})
}
