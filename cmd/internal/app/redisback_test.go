package app

import (
	"context"
	"log/slog"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"redial/scheduler/hopper"
)

// Dials to a machine that was gone went on for long after it was back, until the pool had no place for another.
func TestI8ARedisWhoseMachineIsBackIsReachedWithinSeconds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for extra := range 14 { // the client's own pauses are met at every point
			gone := time.Minute + time.Duration(extra)*500*time.Millisecond
			if took := reached(t, gone); took > 4*time.Second {
				t.Errorf("gone for %v: reached %v after its return", gone, took)
			}
		}
	})
}

// reached is how long after its return a Redis is reached that nobody could dial for so long.
func reached(t *testing.T, gone time.Duration) time.Duration {
	m := miniredis.NewMiniRedis()
	m.ClockTTL(true)
	o, _, err := redisOptions("redis://127.0.0.1:1")
	if err != nil {
		t.Fatal(err)
	}
	var away atomic.Bool
	away.Store(true)
	o.Dialer = func(ctx context.Context, _, _ string) (net.Conn, error) {
		if away.Load() { // every packet is lost
			<-ctx.Done()
			return nil, ctx.Err()
		}
		return m.Dial()
	}
	client := redis.NewUniversalClient(o)
	defer m.Close()
	defer client.Close()
	try := func() bool { // as the hopper does
		ctx, cancel := context.WithTimeout(t.Context(), 250*time.Millisecond)
		defer cancel()
		return client.Set(ctx, "k", 1, 0).Err() == nil
	}
	pause := func() { time.Sleep(500 * time.Millisecond) } //nolint:forbidigo // fake time: the bubble moves on by so much
	for began := time.Now(); time.Since(began) < gone; pause() {
		if try() {
			t.Error("a Redis that is gone answered")
		}
	}
	away.Store(false)
	back := time.Now()
	for !try() {
		pause()
	}
	return time.Since(back)
}

// A Redis that came and went every second wrote two lines every second.
func TestComingsAndGoingsOfRedisAreToldSeldomAndInPairs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		l := turnLog{log: slog.New(slog.NewTextHandler(&out, nil)), lines: seldom{every: turnEvery}, still: seldom{every: time.Minute}}
		for range 70 {
			l.turn(t.Context(), hopper.Turn{Away: true, Err: hopper.ErrSlow})
			l.stays(t.Context(), hopper.ErrSlow)
			l.turn(t.Context(), hopper.Turn{For: time.Second})
			time.Sleep(time.Second) //nolint:forbidigo // fake time: the bubble moves on by so much
		}
		failed, back := strings.Count(out.String(), "Redis failed"), strings.Count(out.String(), "Redis is back")
		if failed != 3 || back != 3 || strings.Count(out.String(), "\n") > 7 || !strings.Contains(out.String(), "absences_left_out=29") {
			t.Errorf("got\n%s\nwant three pairs and what was left out", &out)
		}
	})
}
