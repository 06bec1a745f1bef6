package app

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"redial/cmd/internal/config"
	"redial/scheduler/tasks"
)

// clusterReload is how often a client of a cluster asks who is master of what. go-redis's own 60 s would leave a
// node without Redis for that long after a fail-over (its issue 3979); with 2 s it was back after 4.3 s.
const clusterReload = 2 * time.Second

// How long the client waits for a machine that is gone without a word. It goes on dialling when whoever asked has long
// given up, and with go-redis's own 5 s five times over, and as much again between two tries once its pool is used up, a
// node was without a Redis that was back for up to 6 s more.
const (
	redisDial  = 1500 * time.Millisecond
	redisDials = 1               // whoever asked asks again
	redisWait  = 2 * time.Second // for an answer, where nobody set a deadline: a cluster's client asking who is master
)

// redisLog keeps the client's own words out of standard error: what fails is told by whoever asked.
type redisLog struct{ log *slog.Logger }

// Printf implements the client's logger.
func (l redisLog) Printf(ctx context.Context, format string, v ...any) {
	l.log.DebugContext(ctx, "redis client", "said", fmt.Sprintf(format, v...))
}

// openRedis connects to the Redis that the settings name, or makes one in the process. None: the client is nil.
func (a *App) openRedis(ctx context.Context) error {
	redis.SetLogger(redisLog{a.log})
	switch a.cfg.RedisKind() {
	case config.RedisNone:
		return nil
	case config.RedisServer:
		client, kind, err := NewRedis(a.cfg.Redis)
		if err != nil {
			return err
		}
		forTasks, _, err := NewRedis(a.cfg.Redis) // what holds Asynq up does not hold agents up
		if err != nil {
			return err
		}
		a.redis, a.redisKind = client, kind
		a.hot.tasks, a.hot.guard = forTasks, tasks.NewGuard(forTasks, tasks.GuardOptions{})
		a.stops.add("Redis clients", func(context.Context) error { return errors.Join(client.Close(), a.closeTasks(forTasks)) })
		if err := client.Ping(ctx).Err(); err != nil {
			a.log.WarnContext(ctx, "Redis does not answer; going on without it until it does", "kind", kind, "error", err)
		}
		return nil
	default:
		return a.embedRedis()
	}
}

// closeTasks closes Asynq's client, unless the worker could not be stopped: Asynq's subscriber would panic over a closed
// client, at the end of a process that closes its connections anyway.
func (a *App) closeTasks(client redis.UniversalClient) error {
	if a.tasksEnded != nil {
		select {
		case <-a.tasksEnded:
		default:
			return nil
		}
	}
	return client.Close()
}

// redisUp says whether Redis serves now. One that is known to be away is not asked, for that may take long.
func (a *App) redisUp(ctx context.Context) bool {
	if a.redis == nil || a.hot.Away() {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	return a.redis.Ping(ctx).Err() == nil
}

// embedRedis makes a Redis in the process, spoken to over a pipe: no port is opened. What it held is rebuilt from
// the record at each start.
func (a *App) embedRedis() error {
	m := miniredis.NewMiniRedis()
	m.ClockTTL(true)
	client := redis.NewClient(&redis.Options{
		Addr: "127.0.0.1:1", ContextTimeoutEnabled: true,
		Dialer: func(context.Context, string, string) (net.Conn, error) { return m.Dial() },
	})
	a.redis, a.hot.tasks, a.embedded = client, client, true
	a.stops.add("embedded Redis", func(context.Context) error {
		err := a.closeTasks(client)
		m.Close()
		return err
	})
	return nil
}

// NewRedis makes a client of the Redis that one URL names, of whatever kind:
//
//	redis://user:password@host:6379/0                                 a single server
//	redis+sentinel://user:password@host:26379,host:26379/master/0     the master that sentinels name
//	redis+cluster://user:password@host:6379,host:6379                 a cluster, by any of its nodes
//
// rediss instead of redis means TLS. Queries: sentinel_user and sentinel_password for the sentinels' own access. The
// kind is "single", "sentinel" or "cluster". Nothing is connected yet: a Redis that is away is no error here. The
// error is a config.Fault that names what is wrong and never shows a password.
func NewRedis(raw string) (client redis.UniversalClient, kind string, err error) {
	o, kind, err := redisOptions(raw)
	if err != nil {
		return nil, "", config.Fault("--redis: " + err.Error())
	}
	if kind != "cluster" {
		return redis.NewUniversalClient(o), kind, nil
	}
	c := o.Cluster()
	c.ClusterStateReloadInterval = clusterReload
	return redis.NewClusterClient(c), kind, nil
}

func redisOptions(raw string) (o *redis.UniversalOptions, kind string, err error) {
	scheme, rest, ok := strings.Cut(raw, "://")
	if !ok {
		return nil, "", errors.New("no scheme: begin with redis://, rediss://, redis+sentinel:// or redis+cluster://")
	}
	first, kind, _ := strings.Cut(scheme, "+")
	if kind == "" {
		kind = "single"
	}
	if (first != "redis" && first != "rediss") || (kind != "single" && kind != "sentinel" && kind != "cluster") || scheme == first+"+single" {
		return nil, "", fmt.Errorf("unknown scheme %s: give redis, rediss, redis+sentinel or redis+cluster", scheme)
	}
	u, err := splitRedis(rest)
	if err != nil {
		return nil, "", err
	}
	o = &redis.UniversalOptions{
		Addrs: u.hosts, Username: u.user, Password: u.password, ClientName: "redial",
		ContextTimeoutEnabled: true, // or a Redis that hangs would hang the floor
		DialTimeout:           redisDial, DialerRetries: redisDials, ReadTimeout: redisWait, WriteTimeout: redisWait,
	}
	if first == "rediss" {
		host, _, _ := net.SplitHostPort(u.hosts[0])
		o.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12, ServerName: host}
		if kind != "single" {
			o.TLSConfig.ServerName = "" // each node by its own name
		}
	}
	if err := u.place(o, kind); err != nil {
		return nil, "", err
	}
	return o, kind, nil
}

// redisURL is a URL that may name several hosts, which net/url does not read.
type redisURL struct {
	user, password string
	hosts          []string
	path           []string
	query          url.Values
}

func splitRedis(rest string) (*redisURL, error) {
	u := &redisURL{}
	rest, query, _ := strings.Cut(rest, "?")
	var err error
	if u.query, err = url.ParseQuery(query); err != nil {
		return nil, errors.New("what follows ? cannot be read: write name=value&name=value")
	}
	authority, path := rest, ""
	at := strings.LastIndex(rest, "@")
	if slash := strings.Index(rest[at+1:], "/"); slash >= 0 {
		authority, path = rest[:at+1+slash], rest[at+2+slash:]
	}
	if path = strings.Trim(path, "/"); path != "" {
		u.path = strings.Split(path, "/")
	}
	hosts := authority
	if at >= 0 {
		hosts = authority[at+1:]
		user, password, _ := strings.Cut(authority[:at], ":")
		var e1, e2 error
		u.user, e1 = url.PathUnescape(user)
		u.password, e2 = url.PathUnescape(password)
		if e1 != nil || e2 != nil {
			return nil, errors.New("the user or password has a bare %: write it as %25")
		}
	}
	for h := range strings.SplitSeq(hosts, ",") {
		host, port, err := net.SplitHostPort(strings.TrimSpace(h))
		if err != nil || host == "" || port == "" {
			return nil, fmt.Errorf("%q is no host with a port: write host:6379", h)
		}
		u.hosts = append(u.hosts, net.JoinHostPort(host, port))
	}
	return u, nil
}

// place puts the path and the query where the kind of Redis has them.
func (u *redisURL) place(o *redis.UniversalOptions, kind string) (err error) {
	allowed := []string{}
	switch kind {
	case "single":
		if len(u.hosts) > 1 || len(u.path) > 1 {
			return errors.New("a single server has one host:port and perhaps a database number; several hosts are redis+sentinel:// or redis+cluster://")
		}
		o.DB, err = database(u.path)
	case "sentinel":
		if len(u.path) == 0 || len(u.path) > 2 {
			return errors.New("sentinels need the master's name after the hosts: redis+sentinel://host:26379/mymaster/0")
		}
		allowed = []string{"sentinel_user", "sentinel_password"}
		o.MasterName = u.path[0]
		o.SentinelUsername, o.SentinelPassword = u.query.Get("sentinel_user"), u.query.Get("sentinel_password")
		o.DB, err = database(u.path[1:])
	case "cluster":
		if len(u.path) > 0 {
			return errors.New("a cluster has no databases: leave out what follows the hosts")
		}
		o.IsClusterMode = true
	}
	for name := range u.query {
		if !slices.Contains(allowed, name) {
			return fmt.Errorf("unknown option %s: there are sentinel_user and sentinel_password, for redis+sentinel", name)
		}
	}
	return err
}

func database(path []string) (int, error) {
	if len(path) == 0 {
		return 0, nil
	}
	n, err := strconv.Atoi(path[0])
	if err != nil || n < 0 {
		return 0, fmt.Errorf("%q is no database number: write 0, 1, …", path[0])
	}
	return n, nil
}
