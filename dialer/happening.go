package dialer

import (
	"fmt"
	"math"
	"time"

	"redial/campaign"
)

// Follow is the step that the record runs when one of its transactions changed an agent's assignment: the same Step,
// with the campaign's own times.
func Follow(heartbeat time.Duration) func(campaign.Session, time.Time, campaign.Happening) (campaign.Session, error) {
	return func(s campaign.Session, now time.Time, h campaign.Happening) (campaign.Session, error) {
		ev, err := eventOf(h)
		if err != nil {
			return s, err
		}
		next, _, err := Step(s, now, ev, SettingsOf(h.Floor, patience(s.Node, heartbeat)))
		return next, err
	}
}

func eventOf(h campaign.Happening) (Event, error) {
	switch h.Kind {
	case campaign.HappenedOffered:
		if h.Assignment < 0 { // the record asks before the assignment has its id
			return Offer{Assignment: math.MaxInt64}, nil
		}
		return Offer{Assignment: h.Assignment}, nil
	case campaign.HappenedStarted:
		return Start{Assignment: h.Assignment}, nil
	case campaign.HappenedEnded:
		return CallEnded{Assignment: h.Assignment}, nil
	case campaign.HappenedConcluded:
		return Concluded{Assignment: h.Assignment}, nil
	case campaign.HappenedDeclined:
		return Declined{Assignment: h.Assignment, Reason: h.Reason}, nil
	case campaign.HappenedRevoked:
		return Revoked{Assignment: h.Assignment, Reason: h.Reason}, nil
	case campaign.HappenedLapsed:
		return Lapsed{Assignment: h.Assignment}, nil
	default:
		return nil, fmt.Errorf("follow %q: no such happening", h.Kind)
	}
}

// simplePatience is how long a desktop without a stream may be silent: it speaks only when its agent does.
const simplePatience = 10 * time.Minute

// patience is the silence that a session at a node is allowed: a stream beats by itself, a simple client does not.
func patience(node string, stream time.Duration) time.Duration {
	if node == "" {
		return simplePatience
	}
	return stream
}
