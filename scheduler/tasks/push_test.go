package tasks

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/go-redis/v9"

	"redial/campaign"
)

func (d *desk) Push(ctx context.Context, id campaign.DeliveryID, again func(campaign.DeliveryID, time.Time)) error {
	d.mu.Lock()
	next := d.next
	d.next = time.Time{}
	d.mu.Unlock()
	if !next.IsZero() {
		again(id, next)
	}
	return d.done(ctx, typePush, int64(id))
}

func TestAPushThatFailedIsSentAgainAtItsInstant(t *testing.T) {
	onEach(t, func(t *testing.T, client redis.UniversalClient) {
		d := newDesk()
		start(t, client, d, WorkerOptions{})
		first := time.Now().Add(1300 * time.Millisecond)
		d.next = first.Add(time.Second)
		second := d.next
		for range 3 { // several nodes find the same one due
			if err := NewWaker(client, Options{}).Push(t.Context(), 7, first); err != nil {
				t.Fatal(err)
			}
		}
		for _, at := range []time.Time{first, second} {
			if c := d.await(t, 10*time.Second); c.kind != typePush || c.id != 7 || c.at.Before(at) {
				t.Errorf("got %+v, want the push of delivery 7 not before %v", c, at)
			}
		}
		idle(t, client)
		if len(d.calls) > 0 {
			t.Errorf("and then %+v: the same instant ran twice", <-d.calls)
		}
	})
}

func TestSlowReceiversDoNotHoldUpWakeUps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := embedded(t)
		d := newDesk()
		answer := make(chan struct{})
		d.hook(typePush, func(context.Context, int) error { <-answer; return nil })
		start(t, client, d, WorkerOptions{Concurrency: 3, Heavy: 1})
		w := NewWaker(client, Options{})
		now := time.Now()
		for i := range 20 {
			if err := w.Push(t.Context(), campaign.DeliveryID(i+1), now); err != nil {
				t.Fatal(err)
			}
		}
		pushed := []int64{d.await(t, 10*time.Second).id}
		if err := w.Release(t.Context(), 1, now); err != nil {
			t.Fatal(err)
		}
		if c := d.await(t, 10*time.Second); c.kind != typeRelease {
			t.Errorf("got %+v while a receiver is slow, want the release", c)
		}
		close(answer)
		for range 19 {
			pushed = append(pushed, d.await(t, time.Minute).id)
		}
		slices.Sort(pushed)
		if got := fmt.Sprint(slices.Compact(pushed)); len(slices.Compact(pushed)) != 20 {
			t.Errorf("pushed %s", got)
		}
	})
}
