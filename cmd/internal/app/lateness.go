package app

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"redial/campaign"
	"redial/campaign/store"
)

// punctual is the record as the floor sees it, with a clock beside each offer of something that had its time.
type punctual struct {
	*store.Store
	late *prometheus.HistogramVec
}

func newPunctual(s *store.Store, r prometheus.Registerer) punctual {
	p := punctual{s, prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "redial_lateness_seconds",
		Help: "From the instant at which a promise or a retry was due to its offer, waiting for a free agent and for opening hours included.",
		// From what a timer is late to a lead that waited overnight.
		Buckets: []float64{.05, .1, .25, .5, 1, 2.5, 5, 15, 60, 300, 900, 3600, 4 * 3600, 24 * 3600},
	}, []string{"kind"})}
	r.MustRegister(p.late)
	return p
}

// ClaimLeads implements dialer.Claims.
func (p punctual) ClaimLeads(ctx context.Context, claims []campaign.Claim) ([]campaign.Claimed, error) {
	got, err := p.Store.ClaimLeads(ctx, claims)
	for i := range got {
		if kind, due := dueAt(&got[i]); kind != "" {
			p.late.WithLabelValues(kind).Observe(got[i].Assignment.OfferedAt.Sub(due).Seconds())
		}
	}
	return got, err
}

// dueAt is when what was claimed was due, and which kind it is; empty: nothing, or nothing that had a time.
func dueAt(c *campaign.Claimed) (kind string, at time.Time) {
	a := c.Assignment
	if a == nil {
		return "", time.Time{}
	}
	switch f := c.Facts; {
	case a.Reason == "manual" || f == nil:
		return "", time.Time{}
	case a.Appointment != 0 && f.Promise != nil:
		return "promise", f.Promise.At
	case f.Lead != nil && len(f.Lead.Tries) > 0 && a.Plan.Verdict == campaign.VerdictCall && !a.Plan.At.IsZero():
		return "retry", a.Plan.At
	default:
		return "", time.Time{}
	}
}
