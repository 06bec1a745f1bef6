package testserver

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// SentinelMaster is the name by which the sentinels of SentinelServers know their master.
const SentinelMaster = "redial"

// downAfter is how long a sentinel waits for a silent master.
const downAfter = time.Second

// SentinelServers are a master, a replica and sentinels, of which most must agree that the master is gone.
type SentinelServers struct {
	Master, Replica *Server // as they began: a fail-over turns them round
	Sentinels       []*Server
}

// NewSentinel starts a master, its replica and so many sentinels for this test alone.
func NewSentinel(t testing.TB, sentinels int) *SentinelServers {
	t.Helper()
	s, err := StartSentinel(sentinels)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// StartSentinel starts them for a program that is no test; Close ends them.
func StartSentinel(sentinels int) (*SentinelServers, error) {
	s := &SentinelServers{}
	err := s.start(sentinels)
	if err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

func (s *SentinelServers) start(sentinels int) (err error) {
	if s.Master, err = StartRedis(); err != nil {
		return err
	}
	if s.Replica, err = StartRedis(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), clusterTimeout)
	defer cancel()
	if err := follow(ctx, s.Replica.Addr, s.Master.Addr); err != nil {
		return err
	}
	for range sentinels {
		one, err := startSentinel(s.Master.Addr, sentinels/2+1)
		if err != nil {
			return err
		}
		s.Sentinels = append(s.Sentinels, one)
	}
	return s.await(ctx)
}

// Close ends them all.
func (s *SentinelServers) Close() {
	for _, one := range append(s.Sentinels, s.Replica, s.Master) {
		if one != nil {
			one.Close()
		}
	}
}

// URL names them as --redis does.
func (s *SentinelServers) URL() string {
	addrs := make([]string, len(s.Sentinels))
	for i, one := range s.Sentinels {
		addrs[i] = one.Addr
	}
	return "redis+sentinel://" + strings.Join(addrs, ",") + "/" + SentinelMaster
}

// Current is the address of the master that the first sentinel names.
func (s *SentinelServers) Current(ctx context.Context) (string, error) {
	c := redis.NewSentinelClient(&redis.Options{Addr: s.Sentinels[0].Addr})
	defer func() { _ = c.Close() }()
	at, err := c.GetMasterAddrByName(ctx, SentinelMaster).Result()
	if err != nil {
		return "", fmt.Errorf("asking the sentinel for the master: %w", err)
	}
	return net.JoinHostPort(at[0], at[1]), nil
}

// await waits until each sentinel knows the replica and the others: before that they would not fail over.
func (s *SentinelServers) await(ctx context.Context) error {
	for _, one := range s.Sentinels {
		c := redis.NewSentinelClient(&redis.Options{Addr: one.Addr})
		defer func() { _ = c.Close() }()
		err := until(ctx, "the sentinels know one another", func() (bool, error) {
			m, err := c.Master(ctx, SentinelMaster).Result()
			if err != nil {
				return false, err
			}
			replicas, err := c.Replicas(ctx, SentinelMaster).Result()
			ready := len(replicas) == 1 && replicas[0]["master-link-status"] == "ok" && m["num-other-sentinels"] == fmt.Sprint(len(s.Sentinels)-1)
			return ready, err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// startSentinel starts one that watches the master. It keeps what it learns in its folder, over Stop and Start.
func startSentinel(master string, quorum int) (*Server, error) {
	host, port, err := net.SplitHostPort(master)
	if err != nil {
		return nil, fmt.Errorf("reading the address of redis: %w", err)
	}
	conf := fmt.Sprintf("sentinel monitor %[1]s %[2]s %[3]s %[4]d\nsentinel down-after-milliseconds %[1]s %[5]d\nsentinel failover-timeout %[1]s 10000\n",
		SentinelMaster, host, port, quorum, downAfter.Milliseconds())
	k := kind{
		name: "redis", ready: "+monitor master", stop: syscall.SIGKILL,
		run: func(dir, port string) (*exec.Cmd, error) {
			path, err := exec.LookPath("redis-server")
			if err != nil {
				return nil, fmt.Errorf("redis-server is missing: install it with `make deps` or `apt-get install redis-server`: %w", err)
			}
			file := filepath.Join(dir, "sentinel.conf")
			if _, err := os.Stat(file); errors.Is(err, os.ErrNotExist) {
				if err := os.WriteFile(file, []byte(conf), 0o600); err != nil {
					return nil, fmt.Errorf("writing the sentinel's settings: %w", err)
				}
			}
			return exec.Command(path, file, "--sentinel", "--bind", "127.0.0.1", "--port", port, "--dir", dir, "--daemonize", "no"), nil
		},
	}
	return newServer(k, func(string) error { return nil })
}

// follow makes a server the replica of another and waits until it has all of it.
func follow(ctx context.Context, replica, master string) error {
	host, port, err := net.SplitHostPort(master)
	if err != nil {
		return fmt.Errorf("reading the address of redis: %w", err)
	}
	c := redis.NewClient(&redis.Options{Addr: replica})
	defer func() { _ = c.Close() }()
	if err := c.ReplicaOf(ctx, host, port).Err(); err != nil {
		return fmt.Errorf("making %s a replica: %w", replica, err)
	}
	return until(ctx, "the replica has what its master has", func() (bool, error) {
		info, err := c.Info(ctx, "replication").Result()
		return strings.Contains(info, "master_link_status:up\r"), err
	})
}

// until polls for what happens in other processes.
func until(ctx context.Context, what string, done func() (bool, error)) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		ok, err := done()
		if ok && err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("waiting until %s: %w", what, errors.Join(ctx.Err(), err))
		}
	}
}
