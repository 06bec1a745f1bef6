package campaign

import "time"

// Delivery is some events on their way to a webhook: a range of the stream, of which those that it hears of are sent.
type Delivery struct {
	ID        DeliveryID
	WebhookID WebhookID
	From, To  int64     // places in the stream, both included
	Events    int       // how many of them it hears of
	At        time.Time // when the oldest of them happened
	Tries     int
	NextAt    time.Time // zero: dead
	HeldUntil time.Time // a node is sending it; past: none is
	Fault     string    // what was last wrong; empty: not tried yet
}

// Sending is a delivery that a node took, and all that is needed to send it.
type Sending struct {
	Delivery Delivery
	Webhook  Webhook
	Signing  Signing
}

// DeliveryEvents is how many events a delivery has at most.
const DeliveryEvents = 100

// Tries of a delivery: the first wait, the longest, and after how many it is dead, about a day after the first.
const (
	deliveryWait  = 10 * time.Second
	deliveryMost  = time.Hour
	deliveryTries = 32
)

// DeliveryWait is how long after its tries-th failed try a delivery is tried again: 10 s, doubling to an hour, each a
// little shorter or longer by spread, from 0 to 1, so that what failed together does not come back together. 0: no more.
func DeliveryWait(tries int, spread float64) time.Duration {
	if tries >= deliveryTries {
		return 0
	}
	wait := deliveryMost
	if n := max(tries, 1) - 1; n < 9 {
		wait = min(deliveryWait<<n, deliveryMost)
	}
	return time.Duration(float64(wait) * (0.9 + 0.2*spread))
}

// DeliveriesAtOnce is how many deliveries of a webhook are sent at a time: of one that fails again and again just one, so
// that it costs little until it answers.
func DeliveriesAtOnce(failures int64) int {
	if failures >= 3 {
		return 1
	}
	return 4
}
