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

// slots of a Redis Cluster.
const slots = 16384

// RedisCluster starts a Redis Cluster of three masters without replicas for this test alone and gives their addresses.
func RedisCluster(t testing.TB) []string {
	t.Helper()
	c := NewCluster(t, 0)
	addrs := make([]string, len(c.Masters))
	for i, m := range c.Masters {
		addrs[i] = m.Addr
	}
	return addrs
}

// Cluster is a Redis Cluster.
type Cluster struct {
	Masters  []*Server // as they began
	Replicas []*Server // the first is the first master's, and so on, round and round
}

// NewCluster starts a Redis Cluster of three masters, with so many replicas each, for this test alone. A master that is
// gone is replaced after two seconds.
func NewCluster(t testing.TB, replicas int) *Cluster {
	t.Helper()
	c, err := StartCluster(replicas)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// StartCluster starts one for a program that is no test; Close ends it.
func StartCluster(replicas int) (*Cluster, error) {
	c := &Cluster{}
	if err := c.start(replicas); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// Close ends all of it.
func (c *Cluster) Close() {
	for _, s := range append(c.Masters, c.Replicas...) {
		s.Close()
	}
}

// URL names it as --redis does.
func (c *Cluster) URL() string {
	var addrs []string
	for _, s := range append(c.Masters, c.Replicas...) {
		addrs = append(addrs, s.Addr)
	}
	return "redis+cluster://" + strings.Join(addrs, ",")
}

func (c *Cluster) start(replicas int) error {
	const masters = 3
	var buses [masters]string
	for i := range masters {
		s, err := newClusterNode(&buses[i])
		if err != nil {
			return err
		}
		c.Masters = append(c.Masters, s)
	}
	ctx, cancel := context.WithTimeout(context.Background(), clusterTimeout)
	defer cancel()
	first := c.Masters[0].Addr
	for i, s := range c.Masters {
		if err := giveSlots(ctx, s.Addr, i*slots/masters, (i+1)*slots/masters-1); err != nil {
			return err
		}
		if err := meet(ctx, s.Addr, first, buses[0]); err != nil {
			return err
		}
	}
	for i := range masters * replicas {
		var bus string
		s, err := newClusterNode(&bus)
		if err != nil {
			return err
		}
		c.Replicas = append(c.Replicas, s)
		if err := meet(ctx, s.Addr, first, buses[0]); err != nil {
			return err
		}
		if err := replicate(ctx, s.Addr, c.Masters[i%masters].Addr); err != nil {
			return err
		}
	}
	for _, s := range append(c.Masters, c.Replicas...) {
		if err := awaitCluster(ctx, s.Addr, masters, masters*(1+replicas)); err != nil {
			return err
		}
	}
	for _, s := range c.Replicas {
		if err := awaitReplica(ctx, s.Addr); err != nil {
			return err
		}
	}
	return nil
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
				"--daemonize", "no", "--cluster-enabled", "yes", "--cluster-port", *bus, "--cluster-config-file", "nodes.conf",
				"--cluster-node-timeout", "2000", "--repl-diskless-sync-delay", "0"), nil
		},
	}
	return newServer(k, func(string) error { return nil })
}

// giveSlots makes a node the master of some.
func giveSlots(ctx context.Context, addr string, from, to int) error {
	c := redis.NewClient(&redis.Options{Addr: addr})
	defer c.Close()
	if err := c.ClusterAddSlotsRange(ctx, from, to).Err(); err != nil {
		return fmt.Errorf("giving slots to %s: %w", addr, err)
	}
	return nil
}

// meet makes a node known to the first, by the bus of that.
func meet(ctx context.Context, addr, first, firstBus string) error {
	if addr == first {
		return nil
	}
	host, port, err := net.SplitHostPort(first)
	if err != nil {
		return fmt.Errorf("reading the address of redis: %w", err)
	}
	c := redis.NewClient(&redis.Options{Addr: addr})
	defer c.Close()
	if err := c.Do(ctx, "cluster", "meet", host, port, firstBus).Err(); err != nil {
		return fmt.Errorf("joining %s to the cluster: %w", addr, err)
	}
	return nil
}

// replicate makes a node the replica of a master, as soon as it knows that one.
func replicate(ctx context.Context, addr, master string) error {
	m := redis.NewClient(&redis.Options{Addr: master})
	defer m.Close()
	id, err := m.Do(ctx, "cluster", "myid").Text()
	if err != nil {
		return fmt.Errorf("asking %s who it is: %w", master, err)
	}
	c := redis.NewClient(&redis.Options{Addr: addr})
	defer c.Close()
	return until(ctx, "a node of the cluster replicates", func() (bool, error) {
		err := c.ClusterReplicate(ctx, id).Err()
		return err == nil, err
	})
}

func awaitReplica(ctx context.Context, addr string) error {
	c := redis.NewClient(&redis.Options{Addr: addr})
	defer c.Close()
	return until(ctx, "the replica has what its master has", func() (bool, error) {
		info, err := c.Info(ctx, "replication").Result()
		return strings.Contains(info, "role:slave\r") && strings.Contains(info, "master_link_status:up\r"), err
	})
}

// awaitCluster waits until the node sees all slots served, by so many masters, and all nodes.
func awaitCluster(ctx context.Context, addr string, masters, nodes int) error {
	c := redis.NewClient(&redis.Options{Addr: addr})
	defer c.Close()
	return until(ctx, "the cluster is ready at "+addr, func() (bool, error) {
		served, err := c.ClusterSlots(ctx).Result() //nolint:staticcheck // its successor needs Redis 7
		if err != nil {
			return false, err
		}
		info, err := c.ClusterInfo(ctx).Result()
		return len(served) == masters && strings.Contains(info, "cluster_state:ok\r") &&
			strings.Contains(info, "cluster_known_nodes:"+strconv.Itoa(nodes)+"\r"), err
	})
}
