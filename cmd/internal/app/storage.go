package app

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"redial/campaign/store"
	"redial/cmd/internal/config"
	"redial/dialer"
	"redial/scheduler"
)

// openStore opens the record with the rules of time and of the floor, which it runs under its locks.
func (a *App) openStore(ctx context.Context) error {
	if path, ok := strings.CutPrefix(a.cfg.DatabaseURL(), "sqlite://"); ok && path != ":memory:" {
		release, err := lockRecord(path)
		if err != nil {
			return err
		}
		a.stops.add("lock of the record", func(context.Context) error { return release() })
	}
	a.rules = &scheduler.Rulebook{Law: a.law}
	s, err := store.Open(ctx, a.cfg.DatabaseURL(), store.Options{
		Now: a.opt.Now, Wall: a.opt.Wall, Log: a.log,
		Rules: store.Rules{
			Decide: a.rules.Plan, Judge: a.rules.Offer, Book: a.rules.Book, Step: dialer.Follow(dialer.DefaultHeartbeat),
			Reach: a.rules.Reach, PackVersion: a.rules.PackVersion, Number: numberAt,
		},
	})
	if err != nil {
		return err
	}
	a.store = s
	a.stops.add("record", func(context.Context) error { return s.Close() })
	return nil
}

// useZones takes the zone data that the settings name, before anything is decided.
func (a *App) useZones(ctx context.Context) error {
	if a.cfg.TZData != "" {
		data, err := os.ReadFile(a.cfg.TZData)
		if err != nil {
			return config.Fault(fmt.Sprintf("--tzdata: %v", err))
		}
		if err := scheduler.UseTZData(data); err != nil {
			return config.Fault(fmt.Sprintf("--tzdata %s: %v", a.cfg.TZData, err))
		}
	}
	a.log.InfoContext(ctx, "zone data", "version", scheduler.TZData())
	return nil
}

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
		a.redis, a.redisKind = client, kind
		a.stops.add("Redis client", func(context.Context) error { return a.closeRedis(client) })
		if err := client.Ping(ctx).Err(); err != nil {
			a.log.WarnContext(ctx, "Redis does not answer; going on without it until it does", "kind", kind, "error", err)
		}
		return nil
	default:
		return a.embedRedis()
	}
}

// closeRedis closes the client, unless the worker could not be stopped: Asynq's subscriber would panic over a closed
// client, at the end of a process that closes its connections anyway.
func (a *App) closeRedis(client redis.UniversalClient) error {
	if a.tasksEnded != nil {
		select {
		case <-a.tasksEnded:
		default:
			return nil
		}
	}
	return client.Close()
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
	a.redis, a.embedded = client, true
	a.stops.add("embedded Redis", func(context.Context) error {
		err := a.closeRedis(client)
		m.Close()
		return err
	})
	return nil
}
