package app

import (
	"context"
	"crypto/x509"
	"fmt"
	"os"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"redial/campaign/egress"
	"redial/campaign/precall"
)

// newChecks makes what asks CRMs before leads are offered.
func (a *App) newChecks() (*precall.Client, error) {
	allow, err := egress.Parse(a.cfg.AllowTargets)
	if err != nil {
		return nil, err
	}
	roots, err := crmRoots(a.cfg.PreCallCA)
	if err != nil {
		return nil, err
	}
	asked := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "redial_precall_total", Help: "Questions to CRMs whether a lead may be called, by what came of them: allowed, denied, withdrawn, no_answer_offered (the campaign does not insist on an answer), no_answer_held_off.",
	}, []string{"result"})
	for _, r := range precall.Results {
		asked.WithLabelValues(string(r))
	}
	took := prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "redial_precall_seconds", Help: "How long CRMs took to say whether a lead may be called, answers that never came included.",
		Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5},
	})
	a.metrics.MustRegister(asked, took)
	return precall.New(precall.Options{
		Guard: egress.Guard{Allow: allow}, Tokens: a.cfg.PreCallTokens, Roots: roots, Log: a.log,
		Count: func(r precall.Result, d time.Duration) {
			asked.WithLabelValues(string(r)).Inc()
			took.Observe(d.Seconds())
		},
	}), nil
}

// runFloor runs the floor, and lets go of the CRMs that it asks.
func (a *App) runFloor(ctx context.Context) error {
	defer a.checks.Close()
	return a.floor.Run(ctx)
}

// crmRoots are the system's authorities and those of a file; nil: the system's alone.
func crmRoots(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil //nolint:nilnil // the system's
	}
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read --pre-call-ca: %w", err)
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool()
	}
	if !roots.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("--pre-call-ca %s holds no certificate: it is to be PEM", file)
	}
	return roots, nil
}
