package rpc

import (
	"context"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/durationpb"

	"redial/campaign"
	pb "redial/proto/scheduler/v1"
)

// Simulator works a campaign in virtual time, one simulation at a time, on a low share of the node.
type Simulator interface {
	// Simulate plays a scenario, JSON, over a campaign (0: the scenario says everything) and gives the result as JSON. Told
	// hears how much of the virtual time has passed, from the caller's own goroutine. Errors: KindNotFound the campaign;
	// KindInvalid names the field; KindExhausted one runs already; those of ctx.
	Simulate(ctx context.Context, id campaign.CampaignID, scenario []byte, told func(done, total time.Duration)) ([]byte, error)
}

// scenarioMost is how long the text of a scenario may be, in bytes.
const scenarioMost = 3 << 20

// Simulate works a campaign for days in virtual time. The client's leaving ends it.
func (s *Server) Simulate(r *pb.SimulateRequest, out grpc.ServerStreamingServer[pb.SimulateResponse]) error {
	switch {
	case s.deps.Simulator == nil:
		return campaign.Unready("NO_SIMULATOR", "this node runs no simulations: ask another, or run dialctl simulate with a scenario of its own")
	case r.GetCampaignId() < 0:
		return campaign.Invalid("campaign_id", "must be a campaign's id, or 0")
	case len(r.GetScenarioJson()) > scenarioMost:
		return campaign.Invalid("scenario_json", "is longer than 3 MB: give lists as synthetic ones, or import them")
	}
	ctx, stop := context.WithCancel(out.Context())
	defer stop()
	var last *pb.SimulateResponse
	var at time.Time
	result, err := s.deps.Simulator.Simulate(ctx, campaign.CampaignID(r.GetCampaignId()), []byte(r.GetScenarioJson()), func(done, total time.Duration) {
		last = &pb.SimulateResponse{Done: durationpb.New(done), Total: durationpb.New(total)}
		if now := s.now(); now.Sub(at) >= progressEvery {
			at = now
			if out.Send(last) != nil {
				stop() // nobody listens any more
			}
		}
	})
	if err != nil {
		return err
	}
	if last == nil {
		last = &pb.SimulateResponse{}
	}
	last.ResultJson = string(result)
	return out.Send(last)
}
