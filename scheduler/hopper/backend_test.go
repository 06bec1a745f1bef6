package hopper_test

import (
	"context"
	"net"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"redial/campaign/store/storetest/testserver"
	"redial/scheduler/hopper"
)

// onEach runs a test on miniredis in a bubble of fake time and on a redis-server of its own.
func onEach(t *testing.T, test func(t *testing.T, client redis.UniversalClient)) {
	t.Parallel()
	t.Run("miniredis", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			_, client := embedded(t)
			test(t, client)
		})
	})
	t.Run("redis", func(t *testing.T) {
		t.Parallel()
		test(t, dial(t, testserver.Redis(t)))
	})
}

// embedded is a miniredis and its client, for use in a bubble.
func embedded(t *testing.T) (*miniredis.Miniredis, *redis.Client) {
	m := miniredis.NewMiniRedis()
	m.ClockTTL(true)
	client := redis.NewClient(&redis.Options{
		Addr:                  "127.0.0.1:1",
		ContextTimeoutEnabled: true,
		Dialer:                func(context.Context, string, string) (net.Conn, error) { return m.Dial() },
	})
	t.Cleanup(func() { client.Close(); m.Close() })
	return m, client
}

func dial(t *testing.T, addr string) *redis.Client {
	client := redis.NewClient(&redis.Options{Addr: addr, ContextTimeoutEnabled: true})
	t.Cleanup(func() { client.Close() })
	return client
}

// clock is a time that tests move by hand, so that guards can be tested on a real server.
type clock struct{ us atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.us.Store(time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC).UnixMicro())
	return c
}

func (c *clock) Now() time.Time          { return time.UnixMicro(c.us.Load()).UTC() }
func (c *clock) advance(d time.Duration) { c.us.Add(d.Microseconds()) }

func newWindow(t *testing.T, client redis.UniversalClient, o hopper.Options) *hopper.Window {
	t.Helper()
	w, err := hopper.New(client, o)
	if err != nil {
		t.Fatal(err)
	}
	return w
}
