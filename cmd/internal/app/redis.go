package app

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"redial/cmd/internal/config"
)

// clusterReload is how often a client of a cluster asks who is master of what. go-redis's own 60 s would leave a
// node without Redis for that long after a fail-over (its issue 3979); with 2 s it was back after 4.3 s.
const clusterReload = 2 * time.Second

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
