package rpc_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"

	"redial/campaign"
	pb "redial/proto/scheduler/v1"
	"redial/scheduler/rpc"
)

// simulator does what a test says.
type simulator func(ctx context.Context, id campaign.CampaignID, scenario []byte, told func(done, total time.Duration)) ([]byte, error)

func (s simulator) Simulate(ctx context.Context, id campaign.CampaignID, scenario []byte, told func(done, total time.Duration)) ([]byte, error) {
	return s(ctx, id, scenario, told)
}

// answers collects what a stream is sent; from the one numbered gone on, nobody listens.
type answers struct {
	grpc.ServerStream
	ctx  context.Context //nolint:containedctx // it is the stream's
	gone int
	all  []*pb.SimulateResponse
}

func (a *answers) Context() context.Context { return a.ctx }

func (a *answers) Send(m *pb.SimulateResponse) error {
	if a.gone > 0 && len(a.all) >= a.gone {
		return errors.New("the client has left")
	}
	a.all = append(a.all, &pb.SimulateResponse{Done: m.GetDone(), Total: m.GetTotal(), ResultJson: m.GetResultJson()})
	return nil
}

func TestSimulateTellsProgressThenTheResult(t *testing.T) {
	t.Parallel()
	c := &clock{at: monday}
	s := rpc.New(rpc.Deps{Now: c.now, Simulator: simulator(func(_ context.Context, id campaign.CampaignID, text []byte, told func(done, total time.Duration)) ([]byte, error) {
		if id != 7 || string(text) != `{"days":1}` {
			t.Errorf("campaign %d, scenario %s", id, text)
		}
		for hour := range 24 { // progress in real time twice a second at most
			c.pass(100 * time.Millisecond)
			told(time.Duration(hour+1)*time.Hour, 24*time.Hour)
		}
		return []byte(`{"total":1}`), nil
	})})
	out := &answers{ctx: t.Context()}
	if err := s.Simulate(&pb.SimulateRequest{CampaignId: 7, ScenarioJson: `{"days":1}`}, out); err != nil {
		t.Fatal(err)
	}
	last := out.all[len(out.all)-1]
	if len(out.all) != 6 || last.GetResultJson() != `{"total":1}` || last.GetDone().AsDuration() != 24*time.Hour || last.GetTotal().AsDuration() != 24*time.Hour {
		t.Errorf("%d answers, the last %v; want five of progress and the result", len(out.all), last)
	}
	for _, m := range out.all[:len(out.all)-1] {
		if m.GetResultJson() != "" {
			t.Errorf("progress with a result: %v", m)
		}
	}
}

func TestSimulateEndsWhenTheClientHasLeft(t *testing.T) {
	t.Parallel()
	c := &clock{at: monday}
	s := rpc.New(rpc.Deps{Now: c.now, Simulator: simulator(func(ctx context.Context, _ campaign.CampaignID, _ []byte, told func(done, total time.Duration)) ([]byte, error) {
		for n := 0; ctx.Err() == nil; n++ {
			if n == 1000 {
				return nil, errors.New("nobody told it to stop")
			}
			c.pass(time.Second)
			told(time.Hour, 24*time.Hour)
		}
		return nil, ctx.Err()
	})})
	if err := s.Simulate(&pb.SimulateRequest{}, &answers{ctx: t.Context(), gone: 2}); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want it cancelled", err)
	}
}

func TestWhatSimulateRefuses(t *testing.T) {
	t.Parallel()
	busy := &campaign.Error{Kind: campaign.KindExhausted, Message: "one runs already"}
	some := simulator(func(context.Context, campaign.CampaignID, []byte, func(done, total time.Duration)) ([]byte, error) {
		return nil, busy
	})
	for _, c := range []struct {
		with rpc.Simulator
		ask  *pb.SimulateRequest
		want campaign.Kind
	}{
		{nil, &pb.SimulateRequest{}, campaign.KindUnready},
		{some, &pb.SimulateRequest{CampaignId: -1}, campaign.KindInvalid},
		{some, &pb.SimulateRequest{ScenarioJson: strings.Repeat(" ", 3<<20+1)}, campaign.KindInvalid},
		{some, &pb.SimulateRequest{}, campaign.KindExhausted},
	} {
		s := rpc.New(rpc.Deps{Now: time.Now, Simulator: c.with})
		if err := s.Simulate(c.ask, &answers{ctx: t.Context()}); campaign.KindOf(err) != c.want {
			t.Errorf("%v: %v, want kind %d", c.ask.GetCampaignId(), err, c.want)
		}
	}
}
