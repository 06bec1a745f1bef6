package rpc

import (
	"context"
	"time"

	"redial/campaign"
)

// sendMost is how long an answer of a stream may take to be read.
const sendMost = 30 * time.Second

// paced sends an answer of a stream, but waits no longer than sendMost for a reader that does not read: that is
// KindExhausted with TOO_SLOW, and the stream has to end then, which ends the sending, too.
func paced(ctx context.Context, send func() error) error {
	sent := make(chan error, 1)
	go func() { sent <- send() }()
	timer := time.NewTimer(sendMost)
	defer timer.Stop()
	select {
	case err := <-sent:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return &campaign.Error{Kind: campaign.KindExhausted, Reason: campaign.ReasonTooSlow,
			Message: "an answer was not read within " + sendMost.String() + ": come back to where the last answer that was processed ended"}
	}
}
