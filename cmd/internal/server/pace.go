package server

import (
	"fmt"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"redial/campaign"
)

// Bounds of how slowly a caller may read the answer of long work. While it is made it holds one of few places, and an
// audit a connection to the record with it.
const (
	paceLeast  = 16 << 10         // bytes a second
	behindMost = 30 * time.Second // that a reader may be behind this pace
)

// paced is the stream of long work. A reader who stalls, or reads by drops, is cut.
type paced struct {
	grpc.ServerStream
	behind time.Duration // what the reader is behind; what it was ahead does not count
}

// SendMsg sends a message, but waits no longer for a reader than the pace allows. Its error ends the work, and the send
// ends with the stream then.
func (s *paced) SendMsg(m any) error {
	fair := fairTime(m)
	began := time.Now()
	sent := make(chan error, 1)
	go func() { sent <- s.ServerStream.SendMsg(m) }()
	timer := time.NewTimer(behindMost - s.behind + fair)
	defer timer.Stop()
	select {
	case err := <-sent:
		s.behind = max(s.behind+time.Since(began)-fair, 0)
		return err
	case <-timer.C:
		return &campaign.Error{
			Kind: campaign.KindExhausted, Reason: campaign.ReasonTooSlow, RetryAfter: retryUnit,
			Message: fmt.Sprintf("you read the answer too slowly (%v behind %d bytes a second), and what it was made from was let go: ask again, and read as it comes",
				behindMost, paceLeast),
		}
	}
}

// fairTime is how long a message may take at the least pace.
func fairTime(m any) time.Duration {
	p, ok := m.(proto.Message)
	if !ok {
		return 0
	}
	return time.Duration(float64(proto.Size(p)) / paceLeast * float64(time.Second))
}
