package app

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"redial/campaign"
	pb "redial/proto/scheduler/v1"
)

// foreseeEvery is how often the elected node looks whether leads are about to run out: often enough for a warning
// three quarters of an hour ahead.
const foreseeEvery = 5 * time.Minute

// forecaster is the schedule's service, as far as the watch over running dry asks it.
type forecaster interface {
	Forecast(ctx context.Context, r *pb.ForecastRequest) (*pb.ForecastResponse, error)
}

// foresight warns, in the log and as metrics, before the leads of a campaign at which agents work run out.
type foresight struct {
	app      *App
	forecast forecaster
	callable *prometheus.GaugeVec
	dry      *prometheus.GaugeVec
	said     map[campaign.CampaignID]bool // a warning stands
}

func newForesight(a *App, f forecaster) *foresight {
	s := &foresight{
		app: a, forecast: f, said: make(map[campaign.CampaignID]bool),
		callable: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "redial_callable_leads", Help: "Leads that may be called now, by campaign; told by the elected node.",
		}, []string{"campaign"}),
		dry: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "redial_run_dry_seconds", Help: "Expected time until a campaign's callable leads run out; absent: not within a day.",
		}, []string{"campaign"}),
	}
	a.metrics.MustRegister(s.callable, s.dry)
	return s
}

// look asks each running campaign once a slot. It is a chore: only the elected node does it, one at a time.
func (s *foresight) look(ctx context.Context, _ int) (int, error) {
	st := s.app.store
	first, err := st.Slot(ctx, "forecast", st.Now().Unix()/int64(foreseeEvery/time.Second))
	if err != nil || !first {
		return 0, err
	}
	offering, err := st.Offering(ctx)
	if err != nil {
		return 0, err
	}
	s.callable.Reset()
	s.dry.Reset()
	for i := range offering {
		if c := &offering[i]; c.State == campaign.CampaignRunning {
			if err := s.campaign(ctx, c); err != nil {
				return 0, err
			}
		}
	}
	return 0, nil
}

// campaign tells of one. Where nobody is signed in nothing runs out.
func (s *foresight) campaign(ctx context.Context, c *campaign.Campaign) error {
	got, err := s.forecast.Forecast(ctx, &pb.ForecastRequest{CampaignId: int64(c.ID)})
	if err != nil {
		return err
	}
	s.callable.WithLabelValues(c.Name).Set(float64(got.GetAll().GetCallable()))
	if got.GetAgents() == 0 {
		return nil
	}
	if at := got.GetAll().GetDryAt(); at != nil {
		s.dry.WithLabelValues(c.Name).Set(at.AsTime().Sub(got.GetNow().AsTime()).Seconds())
	}
	warned := len(got.GetWarnings()) > 0
	if warned && !s.said[c.ID] {
		s.app.log.WarnContext(ctx, "leads are about to run out", "campaign", c.Name, "agents", got.GetAgents(), "warnings", got.GetWarnings())
	}
	s.said[c.ID] = warned
	return nil
}
