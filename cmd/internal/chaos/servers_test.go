package chaos

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"redial/campaign/store/storetest/testserver"
)

// flushRedis empties Redis. It is felt when there was something in it and there is again.
func (w *world) flushRedis(*rand.Rand) int64 {
	size := func() int64 {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		return w.redis.DBSize(ctx).Val()
	}
	if !await(lookFor, func() bool { return size() > 0 }) {
		return 0
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if w.redis.FlushAll(ctx).Err() != nil {
		return 0
	}
	return until(0, lookFor, size)
}

// stopRedis is felt when nodes count failures, as all harm to Redis that outlasts a call is.
func (w *world) stopRedis(*rand.Rand) int64 {
	before := w.meter.redis()
	w.cache.Stop()
	felt := until(500*time.Millisecond, lookFor, func() int64 { return w.meter.redis() - before })
	w.restart(w.cache)
	return felt
}

func (w *world) hangRedis(*rand.Rand) int64 {
	before := w.meter.redis()
	w.cacheProxy.Hang()
	felt := until(time.Second, lookFor, func() int64 { return w.meter.redis() - before })
	w.cacheProxy.Heal()
	return felt
}

// slowRedis and resetRedis may be hidden from everybody by a client that waits or connects again: what the proxy did
// counts.
func (w *world) slowRedis(rng *rand.Rand) int64 {
	return slowed(w.cacheProxy, time.Duration(20+rng.IntN(200))*time.Millisecond)
}

func (w *world) resetRedis(*rand.Rand) int64 { return reset(w.cacheProxy) }

// stopPostgres is felt when a node that is well answers that the record is away, or not in time.
func (w *world) stopPostgres(*rand.Rand) int64 {
	before := w.count.failed.Load()
	w.db.Stop()
	felt := until(300*time.Millisecond, feelMost, func() int64 { return w.count.failed.Load() - before })
	w.restart(w.db)
	return felt
}

func (w *world) hangPostgres(*rand.Rand) int64 {
	before := w.count.failed.Load()
	w.dbProxy.Hang()
	felt := until(time.Second, feelMost, func() int64 { return w.count.failed.Load() - before })
	w.dbProxy.Heal()
	return felt
}

func (w *world) slowPostgres(rng *rand.Rand) int64 {
	return slowed(w.dbProxy, time.Duration(5+rng.IntN(50))*time.Millisecond)
}

func (w *world) resetPostgres(*rand.Rand) int64 { return reset(w.dbProxy) }

// cutPostgres cuts replies in their middle: whether their statements were done, a commit among them, cannot be known.
func (w *world) cutPostgres(*rand.Rand) int64 {
	var felt int64
	for range 5 {
		before := w.dbProxy.Bitten()
		w.dbProxy.CutReply()
		felt += until(100*time.Millisecond, feelMost, func() int64 { return w.dbProxy.Bitten() - before })
	}
	return felt
}

// everything is harmed at the same time.
func (w *world) everything(rng *rand.Rand) int64 {
	n := w.pick(rng)
	defer w.putBack(n)
	before := w.count.failed.Load()
	n.kill()
	w.cache.Stop()
	w.db.Stop()
	felt := until(500*time.Millisecond, feelMost, func() int64 { return w.count.failed.Load() - before })
	var all sync.WaitGroup
	all.Go(func() { w.begin(n) }) // it ends and is started again until PostgreSQL is there
	pause(200 * time.Millisecond)
	w.restart(w.db)
	w.restart(w.cache)
	all.Wait()
	return felt
}

func slowed(p *testserver.Proxy, d time.Duration) int64 {
	before := p.Bitten()
	p.Delay(d)
	felt := until(2*time.Second, feelMost, func() int64 { return p.Bitten() - before })
	p.Heal()
	return felt
}

func reset(p *testserver.Proxy) int64 {
	before := p.Bitten()
	p.Reset()
	return until(0, feelMost, func() int64 { return p.Bitten() - before })
}

func (w *world) restart(server *testserver.Server) {
	if err := server.Start(); err != nil {
		w.breach(0, "%v", err)
	}
}
