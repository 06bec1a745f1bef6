package app

import (
	"cmp"
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"redial/campaign"
	"redial/campaign/egress"
	campaignrpc "redial/campaign/rpc"
	"redial/campaign/webhook"
)

const (
	handOutEvery = time.Second // events that follow one another so quickly are sent together
	pushHere     = 6           // deliveries that a node sends at a time without Redis
	pushLook     = 64          // due deliveries that are sent for at a time
	countEvery   = 10 * time.Second
	aloneFor     = 15 * time.Second // after Redis failed at a wake-up, whether or not anybody else has seen it
)

// pushes has deliveries sent to webhooks: Asynq wakes for each, and while there is no Redis every node looks for them.
type pushes struct {
	app    *App
	guard  egress.Guard
	sender *webhook.Sender
	news   chan struct{} // there may be something to hand out, or to send
	places chan struct{} // for what is sent without Redis
	failed atomic.Int64  // when Redis last failed at a wake-up, Unix nanoseconds; 0: never
}

func (a *App) newPushes() (*pushes, error) {
	allow, err := egress.Parse(a.cfg.AllowTargets)
	if err != nil {
		return nil, err
	}
	p := &pushes{app: a, guard: egress.Guard{Allow: allow}, news: make(chan struct{}, 1), places: make(chan struct{}, pushHere)}
	tried := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "redial_webhook_deliveries_total", Help: "Tries to deliver events to webhooks, by what came of them: delivered, failed (and tried again), dead (given up), gone (the webhook was turned off), lost (retention dropped the events first).",
	}, []string{"result"})
	for _, r := range webhook.Results {
		tried.WithLabelValues(string(r))
	}
	counts := &deliveryCounts{read: a.store.DeliveryCounts}
	a.metrics.MustRegister(tried,
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "redial_webhook_waiting", Help: "Deliveries to webhooks that wait or are tried again, of the whole record: the same on every node.",
		}, counts.waiting),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "redial_webhook_dead", Help: "Deliveries to webhooks that were given up and can be replayed, of the whole record: the same on every node.",
		}, counts.dead))
	p.sender = webhook.NewSender(a.store, p.guard.Client(webhook.PostTimeout), campaignrpc.NumberMasks(a.store), webhook.Options{
		Count: func(r webhook.Result) { tried.WithLabelValues(string(r)).Inc() }, Log: a.log,
	})
	return p, nil
}

// deliveryCounts are read when they are asked for, and kept for a while.
type deliveryCounts struct {
	read func(context.Context) (waiting, dead int64, err error)

	mu    sync.Mutex
	at    time.Time
	known [2]int64
}

func (c *deliveryCounts) waiting() float64 { return float64(c.now()[0]) }

func (c *deliveryCounts) dead() float64 { return float64(c.now()[1]) }

func (c *deliveryCounts) now() [2]int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.at.IsZero() || time.Since(c.at) >= countEvery {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		if waiting, dead, err := c.read(ctx); err == nil {
			c.known = [2]int64{waiting, dead}
		}
		c.at = time.Now()
	}
	return c.known
}

// Told implements rpc.Posts.
func (p *pushes) Told() {
	select {
	case p.news <- struct{}{}:
	default:
	}
}

// CheckURL implements rpc.Posts.
func (p *pushes) CheckURL(url string) error { return p.guard.CheckURL(url) }

// Test implements rpc.Posts.
func (p *pushes) Test(ctx context.Context, id campaign.WebhookID) (status int, fault string, err error) {
	a, err := p.sender.Test(ctx, id)
	return a.Status, a.Fault, err
}

// Push implements tasks.Pushes.
func (p *pushes) Push(ctx context.Context, id campaign.DeliveryID, again func(campaign.DeliveryID, time.Time)) error {
	return p.sender.Push(ctx, id, again)
}

// run hands out what is new on this node, and sends what is due while there is no Redis to wake anybody. Handing out is
// safe on several nodes; mostly it is the elected one, which numbers events, that has news.
func (p *pushes) run(ctx context.Context) error {
	var sending sync.WaitGroup
	defer sending.Wait()
	every := cmp.Or(p.app.opt.Pace.Sequence, handOutEvery)
	for {
		var look <-chan time.Time
		if p.alone() {
			look = time.After(every)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-p.news:
			p.note(ctx, "hand events out to webhooks", p.handOut(ctx))
		case <-look:
		}
		if p.alone() {
			p.note(ctx, "send events to webhooks", p.sendDue(ctx, &sending))
		}
		select { // what comes meanwhile goes together
		case <-ctx.Done():
			return nil
		case <-time.After(every):
		}
	}
}

// alone says whether Redis wakes nobody now.
func (p *pushes) alone() bool {
	return p.app.waker == nil || p.app.hot.Away() || time.Since(time.Unix(0, p.failed.Load())) < aloneFor
}

func (p *pushes) note(ctx context.Context, act string, err error) {
	if err != nil && ctx.Err() == nil {
		p.app.log.WarnContext(ctx, "webhooks wait; the sweep comes back to them", "act", act, "error", err)
	}
}

func (p *pushes) handOut(ctx context.Context) error {
	made, err := p.app.store.HandOut(ctx)
	for _, d := range made {
		if err := p.wake(ctx, d); err != nil {
			return err
		}
	}
	return err
}

// wake has a delivery sent by whichever node Asynq wakes. If Redis fails this node looks for what is due itself.
func (p *pushes) wake(ctx context.Context, d campaign.Delivery) error {
	if p.alone() {
		return nil
	}
	err := p.app.waker.Push(ctx, d.ID, d.NextAt)
	if err != nil {
		p.failed.Store(time.Now().UnixNano())
		p.Told()
	}
	return err
}

// sendDue sends what is due from here, as far as there are places.
func (p *pushes) sendDue(ctx context.Context, sending *sync.WaitGroup) error {
	if len(p.places) == cap(p.places) {
		return nil
	}
	due, err := p.app.store.DueDeliveries(ctx, pushLook)
	for _, d := range due {
		select {
		case p.places <- struct{}{}:
		default:
			return nil
		}
		sending.Go(func() {
			defer func() { <-p.places }()
			p.note(ctx, "send events to a webhook", p.sender.Push(ctx, d.ID, func(campaign.DeliveryID, time.Time) {}))
		})
	}
	return err
}

// sweep hands out and wakes for what was lost, in the elected node.
func (p *pushes) sweep(ctx context.Context, _ int) (int, error) {
	if err := p.handOut(ctx); err != nil {
		return 0, err
	}
	if p.alone() {
		return 0, nil
	}
	due, err := p.app.store.DueDeliveries(ctx, pushLook)
	for _, d := range due {
		if err := p.wake(ctx, d); err != nil {
			return 0, err
		}
	}
	return 0, err
}
