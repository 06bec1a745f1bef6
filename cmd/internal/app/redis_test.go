package app

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"redial/cmd/internal/config"
)

func TestOneURLForEveryKindOfRedis(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]struct {
		kind, user, password, master string
		hosts                        []string
		db                           int
		tls                          bool
	}{
		"redis://localhost:6379":            {kind: "single", hosts: []string{"localhost:6379"}},
		"rediss://u:p%40ss/w@r.test:6380/3": {kind: "single", user: "u", password: "p@ss/w", hosts: []string{"r.test:6380"}, db: 3, tls: true},
		"redis://:secret@[::1]:6379/":       {kind: "single", password: "secret", hosts: []string{"[::1]:6379"}},
		"redis+sentinel://:p@a:26379,b:26379/main/2": {
			kind: "sentinel", password: "p", master: "main", hosts: []string{"a:26379", "b:26379"}, db: 2},
		"rediss+sentinel://a:26379/main?sentinel_password=x": {kind: "sentinel", master: "main", hosts: []string{"a:26379"}, tls: true},
		"redis+cluster://u:p@a:1,b:2,c:3":                    {kind: "cluster", user: "u", password: "p", hosts: []string{"a:1", "b:2", "c:3"}},
		"redis+cluster://a:1":                                {kind: "cluster", hosts: []string{"a:1"}},
	} {
		o, kind, err := redisOptions(raw)
		if err != nil {
			t.Errorf("%s: %v", raw, err)
			continue
		}
		if kind != want.kind || o.Username != want.user || o.Password != want.password || o.MasterName != want.master ||
			!slices.Equal(o.Addrs, want.hosts) || o.DB != want.db || (o.TLSConfig != nil) != want.tls {
			t.Errorf("%s: kind %s, %+v", raw, kind, o)
		}
	}
}

func TestURLMakesTheClientOfItsKind(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]func(redis.UniversalClient) bool{
		"redis://127.0.0.1:1":               func(c redis.UniversalClient) bool { _, ok := c.(*redis.Client); return ok },
		"redis+sentinel://127.0.0.1:1/main": func(c redis.UniversalClient) bool { _, ok := c.(*redis.Client); return ok },
		"redis+cluster://127.0.0.1:1":       func(c redis.UniversalClient) bool { _, ok := c.(*redis.ClusterClient); return ok },
	} {
		c, _, err := NewRedis(raw)
		if err != nil {
			t.Fatal(err)
		}
		if !want(c) {
			t.Errorf("%s made a %T", raw, c)
		}
		if cc, ok := c.(*redis.ClusterClient); ok && cc.Options().ClusterStateReloadInterval != 2*time.Second {
			t.Errorf("the cluster client reloads every %v", cc.Options().ClusterStateReloadInterval)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestBadRedisURLSaysWhatToWrite(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"localhost:6379":                     "no scheme",
		"http://h:1":                         "unknown scheme http",
		"redis+single://h:1":                 "unknown scheme",
		"redis://":                           "host:6379",
		"redis://:secret@h":                  "host:6379",
		"redis://h:1,i:2":                    "redis+sentinel:// or redis+cluster://",
		"redis://h:1/x":                      "database number",
		"redis://h:1/-1":                     "database number",
		"redis+sentinel://:secret@h:1":       "master's name",
		"redis+sentinel://h:1/m/0/x":         "master's name",
		"redis+cluster://h:1/0":              "no databases",
		"redis://:secret@h:1?db=3":           "unknown option db",
		"redis://:sec%ret@h:1":               "%25",
		"redis+cluster://h:1?sentinel_user=": "unknown option",
	} {
		_, _, err := NewRedis(raw)
		if _, ok := errors.AsType[config.Fault](err); !ok {
			t.Errorf("%s: %v is no config.Fault", raw, err)
		}
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v; want %q", raw, err, want)
		}
	}
}
