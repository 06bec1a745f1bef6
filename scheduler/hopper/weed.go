package hopper

import (
	"context"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// Weed has every idle connection of a client answer within a patience, and so rids it of those that died while Redis was
// cut off. Nobody told it of their end, and else each of them costs somebody a timeout, one after the other: a pool of
// twenty kept a node from a Redis that was back for ten seconds.
func Weed(ctx context.Context, client redis.UniversalClient, patience time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	switch c := client.(type) {
	case *redis.Client:
		weed(ctx, c)
	case *redis.ClusterClient:
		// An error is of the nodes' map; trying the hopper will meet it, too.
		_ = c.ForEachShard(ctx, func(ctx context.Context, c *redis.Client) error { weed(ctx, c); return nil })
	}
}

func weed(ctx context.Context, c *redis.Client) {
	held := make([]*redis.Conn, c.PoolStats().IdleConns)
	var asked sync.WaitGroup
	for i := range held {
		held[i] = c.Conn()
		asked.Go(func() { _ = held[i].Ping(ctx).Err() }) // a connection that failed is closed when it is given back
	}
	asked.Wait() // all are held at once, or the same quick one would answer for them all
	for _, h := range held {
		_ = h.Close()
	}
}
