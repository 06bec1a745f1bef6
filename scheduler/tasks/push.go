package tasks

import (
	"context"
	"fmt"
	"time"

	"redial/campaign"
)

const typePush = "event:push"

// Pushes send deliveries of events to webhooks. They look at the record first: a delivery may have been made, or be under
// way elsewhere. again is told of deliveries that are to be tried, and when; what it is not told of the sweep finds.
type Pushes interface {
	Push(ctx context.Context, id campaign.DeliveryID, again func(campaign.DeliveryID, time.Time)) error
}

const (
	pushTimeout = 2 * time.Minute
	pushWait    = time.Second // all places for pushes are taken: look again
)

// The instant is part of the id: the handler of one sends the next while its own id is still taken.
func pushTask(id campaign.DeliveryID, at time.Time) message {
	return message{typePush, fmt.Sprintf("push-%d-%d", id, at.UnixMicro()), payload{ID: int64(id), At: at.UnixMicro()}}
}

// Push sends a delivery at the instant that the record has for it.
func (w *Waker) Push(ctx context.Context, id campaign.DeliveryID, at time.Time) error {
	return w.send(ctx, pushTask(id, at))
}

// push sends a delivery in one of the few places for it: receivers may be slow, and wake-ups that are due are not held up.
func (w *Worker) push(ctx context.Context, id campaign.DeliveryID) error {
	select {
	case w.pushing <- struct{}{}:
		defer func() { <-w.pushing }()
	default:
		return &later{wait: pushWait, why: "all places for pushes are taken"}
	}
	return w.h.Pushes.Push(ctx, id, func(id campaign.DeliveryID, at time.Time) {
		if err := w.waker.Push(ctx, id, at); err != nil {
			w.log.DebugContext(ctx, "a delivery was not sent for; the sweep will", "delivery", id, "error", err)
		}
	})
}
