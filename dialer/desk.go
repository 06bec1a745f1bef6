package dialer

import (
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

// Desk is the sending side of one stream. Updates come in order; Done closes when the desk is closed, with the reason
// in Why.
type Desk struct {
	Updates chan Update
	Done    chan struct{}

	once sync.Once
	why  string
}

func newDesk() *Desk {
	return &Desk{Updates: make(chan Update, deskBuffer), Done: make(chan struct{})}
}

// Why is the reason of the close, such as SIGNED_IN_ELSEWHERE, heartbeat_lost, slow or draining.
func (d *Desk) Why() string {
	<-d.Done
	return d.why
}

func (d *Desk) close(why string) {
	d.once.Do(func() {
		d.why = why
		close(d.Done)
	})
}

func (d *Desk) send(u Update) {
	select {
	case d.Updates <- u:
	case <-d.Done:
	default:
		d.close(closedSlow)
	}
}
