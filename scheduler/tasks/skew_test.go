package tasks

import (
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"redial/campaign"
)

// TestASkewedNodesWakeUpsComeOnTime sends from nodes whose own clocks are off, to a worker whose clock is right.
func TestASkewedNodesWakeUpsComeOnTime(t *testing.T) {
	onEach(t, func(t *testing.T, client redis.UniversalClient) {
		d := newDesk()
		start(t, client, d, WorkerOptions{})
		at := time.Now().Add(4 * time.Second)
		for i, off := range []time.Duration{time.Minute, -time.Minute} {
			w := NewWaker(client, Options{Wall: func() time.Time { return time.Now().Add(off) }})
			if err := w.Promise(t.Context(), appointment(campaign.AppointmentID(i+1), at), 0); err != nil {
				t.Fatal(err)
			}
		}
		for range 2 {
			if c := d.await(t, 20*time.Second); c.at.Before(at) {
				t.Errorf("promise %d was called %v early", c.id, at.Sub(c.at))
			}
		}
	})
}
