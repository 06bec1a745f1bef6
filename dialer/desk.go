package dialer

import (
	"cmp"
	"sync"

	"redial/campaign"
)

// Update is something that an agent's desktop is told. One field is set.
type Update struct {
	Session  *campaign.Session
	Offer    *campaign.Claimed
	Revoked  *Revoked
	Reminder *campaign.Appointment
	Notice   *Notify
}

// deskBuffer bounds what waits for a slow desktop. One that falls so far behind is cut; it signs in again and finds
// everything as it stands.
const deskBuffer = 64

// Why a desk is closed, besides a sign-in elsewhere and the reasons of being signed out.
const (
	closedDraining = "draining"
	closedSlow     = "slow"
	closedLeft     = "left"
)

// Desk is the sending side of one stream. Updates come in order by Next; More says when there are some. Done closes when
// the desk is closed, with the reason in Why.
type Desk struct {
	More chan struct{}
	Done chan struct{}

	mu      sync.Mutex
	waiting []Update // nil most of the time: thousands of desks wait for hours
	why     string   // closed for; empty: open
}

func newDesk() *Desk {
	return &Desk{More: make(chan struct{}, 1), Done: make(chan struct{})}
}

// Next takes the oldest update that waits; false: there is none.
func (d *Desk) Next() (Update, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.waiting) == 0 {
		return Update{}, false
	}
	u := d.waiting[0]
	if d.waiting = d.waiting[1:]; len(d.waiting) == 0 {
		d.waiting = nil
	}
	return u, true
}

// Why is the reason of the close, such as SIGNED_IN_ELSEWHERE, heartbeat_lost, slow or draining.
func (d *Desk) Why() string {
	<-d.Done
	return d.why
}

func (d *Desk) close(why string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.shut(why)
}

// shut closes the desk, once; the caller holds the lock.
func (d *Desk) shut(why string) {
	if d.why == "" {
		d.why = cmp.Or(why, closedLeft)
		close(d.Done)
	}
}

func (d *Desk) send(u Update) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.why != "":
	case len(d.waiting) == deskBuffer:
		d.shut(closedSlow)
	default:
		d.waiting = append(d.waiting, u)
		poke(d.More)
	}
}
