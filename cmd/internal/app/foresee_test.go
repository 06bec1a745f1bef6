package app

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/protobuf/types/known/timestamppb"

	"redial/campaign"
	pb "redial/proto/scheduler/v1"
)

// told is a forecast as it is told.
type told struct{ *pb.ForecastResponse }

func (t told) Forecast(context.Context, *pb.ForecastRequest) (*pb.ForecastResponse, error) {
	return t.ForecastResponse, nil
}

func TestRunningDryIsWarnedOfOnce(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	a := &App{metrics: prometheus.NewRegistry(), log: slog.New(slog.NewTextHandler(&log, nil))}
	answer := told{&pb.ForecastResponse{
		Now: &timestamppb.Timestamp{Seconds: 1000}, Agents: 3,
		All: &pb.ForecastZone{Callable: 40, DryAt: &timestamppb.Timestamp{Seconds: 1600}}, Warnings: []string{"run out about 10:10"},
	}}
	s := newForesight(a, answer)
	c := &campaign.Campaign{ID: 1, Name: "spring", State: campaign.CampaignRunning}
	for range 3 {
		if err := s.campaign(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	if n := strings.Count(log.String(), "about to run out"); n != 1 {
		t.Errorf("warned %d times:\n%s", n, log.String())
	}
	families, err := a.metrics.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == "redial_run_dry_seconds" && f.GetMetric()[0].GetGauge().GetValue() != 600 {
			t.Errorf("runs dry in %v", f.GetMetric())
		}
	}
	if len(families) != 2 {
		t.Errorf("%d metrics", len(families))
	}
	answer.Warnings = nil
	for range 2 {
		if err := s.campaign(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	answer.Warnings = []string{"again"}
	if err := s.campaign(t.Context(), c); err != nil || strings.Count(log.String(), "about to run out") != 2 {
		t.Errorf("%v; a warning that came back was not told:\n%s", err, log.String())
	}
}
