package testserver

import (
	"context"
	"fmt"
	"net"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// clusterTimeout is how long nodes may take to know one another.
const clusterTimeout = time.Minute

// RedisCluster starts a Redis Cluster of three masters without replicas for this test alone and gives their addresses.
func RedisCluster(t testing.TB) []string {
	t.Helper()
	const nodes, slots = 3, 16384
	addrs := make([]string, nodes)
	buses := make([]string, nodes)
	for i := range addrs {
		s := own(t, func() (*Server, error) { return newClusterNode(&buses[i]) })
		addrs[i] = s.Addr
	}
	ctx, cancel := context.WithTimeout(t.Context(), clusterTimeout)
	defer cancel()
	for i, addr := range addrs {
		if err := joinCluster(ctx, addr, addrs[0], buses[0], i*slots/nodes, (i+1)*slots/nodes-1); err != nil {
			t.Fatal(err)
		}
	}
	for _, addr := range addrs {
		if err := awaitCluster(ctx, addr, nodes); err != nil {
			t.Fatal(err)
		}
	}
	return addrs
}

// newClusterNode starts a node. Its bus has a free port of its own: the default, 10000 above the node's, is often out
// of range.
func newClusterNode(bus *string) (*Server, error) {
	k := kind{
		name: "redis", ready: "Ready to accept connections", stop: syscall.SIGKILL,
		run: func(dir, port string) (*exec.Cmd, error) {
			path, err := exec.LookPath("redis-server")
			if err != nil {
				return nil, fmt.Errorf("redis-server is missing: install it with `make deps` or `apt-get install redis-server`: %w", err)
			}
			free, err := freeAddr()
			if err != nil {
				return nil, err
			}
			if _, *bus, err = net.SplitHostPort(free); err != nil {
				return nil, fmt.Errorf("reading the bus address of redis: %w", err)
			}
			return exec.Command(path, "--bind", "127.0.0.1", "--port", port, "--dir", dir, "--save", "", "--appendonly", "no",
				"--daemonize", "no", "--cluster-enabled", "yes", "--cluster-port", *bus, "--cluster-config-file", "nodes.conf"), nil
		},
	}
	return newServer(k, func(string) error { return nil })
}

// joinCluster gives a node its slots and makes it known to the first.
func joinCluster(ctx context.Context, addr, first, firstBus string, from, to int) error {
	c := redis.NewClient(&redis.Options{Addr: addr})
	defer c.Close()
	if err := c.ClusterAddSlotsRange(ctx, from, to).Err(); err != nil {
		return fmt.Errorf("giving slots to %s: %w", addr, err)
	}
	if addr == first {
		return nil
	}
	host, port, err := net.SplitHostPort(first)
	if err != nil {
		return fmt.Errorf("reading the address of redis: %w", err)
	}
	if err := c.Do(ctx, "cluster", "meet", host, port, firstBus).Err(); err != nil {
		return fmt.Errorf("joining %s to the cluster: %w", addr, err)
	}
	return nil
}

// awaitCluster waits until the node sees all slots served and all nodes.
func awaitCluster(ctx context.Context, addr string, nodes int) error {
	c := redis.NewClient(&redis.Options{Addr: addr})
	defer c.Close()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		slots, err := c.ClusterSlots(ctx).Result() //nolint:staticcheck // its successor needs Redis 7
		info, err2 := c.ClusterInfo(ctx).Result()
		if err == nil && err2 == nil && len(slots) == nodes && strings.Contains(info, "cluster_state:ok\r") &&
			strings.Contains(info, "cluster_known_nodes:"+strconv.Itoa(nodes)+"\r") {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("the cluster is not ready at %s: %w: %s", addr, ctx.Err(), info)
		}
	}
}
