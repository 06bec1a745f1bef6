package rpc

import (
	"context"
	"time"

	"redial/campaign"
	"redial/dialer"
	pb "redial/proto/dialer/v1"
)

// nextWait is how long a request waits for the next call; a stream, which is offered calls by itself, must not ask.
func nextWait(ctx context.Context, r *pb.RecordOutcomeRequest) (time.Duration, error) {
	if r.GetNextWait() == nil {
		return 0, nil
	}
	if _, desk := ctx.Value(deskKey{}).(campaign.AgentID); desk {
		return 0, campaign.Invalid("next_wait", "is for clients without a stream: leave it out, offers come by themselves here")
	}
	return waitOf("next_wait", r.GetNextWait())
}

// answerTime is what is left of a caller's deadline for the answer to travel.
const answerTime = 250 * time.Millisecond

// addNext asks for the next call once an outcome was recorded. Asking says ready, but a break or the end of the shift that was asked for
// during the call comes first: then next says so. What fails leaves next unset: the outcome is recorded all the same.
func (a *Agents) addNext(ctx context.Context, out *pb.RecordOutcomeResponse, agent campaign.AgentID, s campaign.Session, wait time.Duration) {
	if why := dialer.Stays(s); why != "" {
		out.Next = &pb.NextCallResponse{Session: out.GetSession(), WhyNone: why}
		return
	}
	if until, ok := ctx.Deadline(); ok {
		wait = min(wait, time.Until(until)-answerTime)
	}
	next, err := a.nextCall(ctx, agent, 0, wait)
	if err != nil {
		return
	}
	out.Next, out.Session = next, next.GetSession()
}
