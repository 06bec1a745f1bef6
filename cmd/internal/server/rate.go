package server

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"redial/campaign"
)

// Rates are how many calls a second each token of a role may make, streams that it opens among them; 0: as many as it
// likes. A role that is missing has its usual rate. For a while a token may make burstOf times as many.
type Rates map[campaign.Role]float64

// usualRates are generous: they stop programs that run away, and nobody who works.
var usualRates = Rates{
	campaign.RoleAgent: 50, campaign.RoleSupervisor: 100, campaign.RoleManager: 100, campaign.RoleQuality: 100,
	campaign.RoleCRM: 500, campaign.RoleAdmin: 0,
}

const (
	burstOf      = 4 // seconds' worth that may come at once
	forgetAfter  = time.Minute
	bucketsCheck = 256 // buckets made from one look for idle ones to the next
)

// ratePace is a rate as the bucket counts it.
type ratePace struct {
	each int64   // nanoseconds that a call takes of the bucket; 0: nothing
	full int64   // nanoseconds that the bucket holds
	rate float64 // calls a second
}

// bucket is what a token has used up. It is full again at the instant of empty, by the limiter's clock.
type bucket struct{ empty atomic.Int64 }

// forgotten marks a bucket that is no longer in the table.
const forgotten = math.MinInt64

// limiter keeps tokens to their rates. A token's cost is one look-up and one exchange of a number.
type limiter struct {
	paces   map[campaign.Role]ratePace
	began   time.Time
	buckets sync.Map // *bucket by campaign.TokenID
	made    atomic.Int64
	meter   *shedMeter
}

func newLimiter(given Rates, m *shedMeter) *limiter {
	l := &limiter{paces: make(map[campaign.Role]ratePace), began: time.Now(), meter: m}
	for role, rate := range usualRates {
		if own, ok := given[role]; ok {
			rate = own
		}
		if rate > 0 {
			each := int64(float64(time.Second) / rate)
			l.paces[role] = ratePace{each: max(each, 1), full: max(int64(burstOf*time.Second), each), rate: rate}
		}
	}
	return l
}

// allow takes one call of the caller's; the error says when to come back.
func (l *limiter) allow(c *campaign.Caller) error {
	p, ok := l.paces[c.Role]
	if !ok {
		return nil
	}
	now := int64(time.Since(l.began))
	for {
		b := l.bucket(c.Token)
		was := b.empty.Load()
		if was == forgotten {
			continue
		}
		next := max(was, now) + p.each
		if over := next - now - p.full; over > 0 {
			l.meter.limited(c.Role)
			return tooFast(c, p.rate, time.Duration(over))
		}
		if b.empty.CompareAndSwap(was, next) {
			return nil
		}
	}
}

func (l *limiter) bucket(id campaign.TokenID) *bucket {
	if b, ok := l.buckets.Load(id); ok {
		return b.(*bucket)
	}
	if l.made.Add(1)%bucketsCheck == 0 {
		l.forget(int64(time.Since(l.began) - forgetAfter))
	}
	b, _ := l.buckets.LoadOrStore(id, new(bucket))
	return b.(*bucket)
}

// forget drops the buckets that are full since before an instant: a new one is as good.
func (l *limiter) forget(before int64) {
	l.buckets.Range(func(id, v any) bool {
		b := v.(*bucket)
		if was := b.empty.Load(); was < before && b.empty.CompareAndSwap(was, forgotten) {
			l.buckets.CompareAndDelete(id, b)
		}
		return true
	})
}

func tooFast(c *campaign.Caller, rate float64, wait time.Duration) error {
	return &campaign.Error{
		Kind: campaign.KindExhausted, Reason: campaign.ReasonRateLimited, RetryAfter: max(wait, time.Millisecond),
		Message: fmt.Sprintf("this token, %s's, makes more than %s calls a second: make fewer, or ask an operator for --rates %s=N",
			c.Owner, strconv.FormatFloat(rate, 'f', -1, 64), cmp.Or(c.Role, "role")),
	}
}

// call counts a call of the caller in the context.
func (l *limiter) call(ctx context.Context) error {
	if c := campaign.CallerFrom(ctx); c.Role != "" {
		return l.allow(&c)
	}
	return nil
}
