package dialer

import (
	"context"
	"time"

	"redial/campaign"
)

// Carrier places calls. Conformance is held by carrier/carriertest.
type Carrier interface {
	// Name is a stable word for logs and settings: manual, sim, …
	Name() string
	// Dial begins a call. It is idempotent by Dialling.Assignment while that call is up: dialled again, it gives the same
	// Call. That an assignment whose call is over is not dialled again is the record's business (StartCall is acknowledged
	// once). ctx bounds the placing, not the call. An error means that nothing was dialled.
	Dial(ctx context.Context, d Dialling) (Call, error)
}

// Call is one call, being placed or up. Its methods may be called from any goroutine.
type Call interface {
	// Events tells what happens, in order. The last is always CallOver, exactly once, and then the channel is closed.
	// A reader that is slow or gone never holds up the line. All calls of Events give the same channel.
	Events() <-chan CallEvent
	// Hangup ends the call, or cancels it while it rings. On a call that is over it does nothing.
	Hangup(ctx context.Context) error
}

// Dialling is what a carrier is asked to do.
type Dialling struct {
	Assignment campaign.AssignmentID // whose call it is: the key of idempotency, required
	To         campaign.Number       // required
	From       campaign.Phone        // the caller id to show; empty: the carrier's own
	RingTime   time.Duration         // give up ringing after so long; 0: DefaultRingTime
	Before     int                   // calls placed to the lead before this one
}

// DefaultRingTime is how long a carrier lets it ring: six or seven rings. Many rules ask for 15 s at least.
const DefaultRingTime = 30 * time.Second

// CallEventKind is what happened to a call.
type CallEventKind uint8

// The events of a call, in the order in which they may come. Only CallOver is certain.
const (
	CallHanded   CallEventKind = iota + 1 // it is for the agent's own phone to dial Link
	CallRinging                           // the far end rings
	CallAnswered                          // somebody or something answered: voicemail and fax answer too
	CallOver                              // the call is over: Cause says how
)

// CallEvent is one event of a call.
type CallEvent struct {
	Kind  CallEventKind
	At    time.Time
	Link  string // CallHanded: the tel: or sip: link
	Cause Cause  // CallOver
}

// Party is who ended a call.
type Party string

// The parties.
const (
	PartyUs   Party = "us"   // our side hung up, cancelled, or gave up ringing
	PartyThem Party = "them" // the far end or the network
)

// Cause is how a call ended, as the carrier knows it.
type Cause struct {
	Outcome  campaign.Outcome // what the line says; NoOutcome: the agent has to say
	Answered bool
	HungUpBy Party
	Ring     time.Duration // from dialling to the answer, or to the end without one
	Talk     time.Duration // from the answer to the end; 0: not answered
	Text     string        // the carrier's own words; empty: none
}

// Validate says whether there is something to dial. The error is of kind KindInvalid.
func (d Dialling) Validate() error {
	switch {
	case d.Assignment <= 0:
		return campaign.Invalid("assignment", "a call needs the assignment that it is for")
	case d.To.Phone == "":
		return campaign.Invalid("to", "a call needs a number to dial")
	case d.RingTime < 0:
		return campaign.Invalid("ring_time", "cannot be negative")
	}
	return nil
}
