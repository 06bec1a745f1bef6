package app

import (
	"context"
	"crypto/tls"
	"net"

	"github.com/prometheus/client_golang/prometheus"

	"redial/cmd/internal/config"
	"redial/cmd/internal/server"
)

// openTLS reads the certificate, if there is one.
func (a *App) openTLS(context.Context) error {
	if !a.cfg.TLS.On() {
		return nil
	}
	var err error
	a.tls, err = server.NewTLS(server.TLSFiles{Cert: a.cfg.TLS.Cert, Key: a.cfg.TLS.Key, ClientCA: a.cfg.TLS.ClientCA}, a.log, a.opt.Now)
	if err != nil {
		return config.Fault(err.Error())
	}
	return nil
}

// apiTLS is how the API speaks; nil: in the clear.
func (a *App) apiTLS() *tls.Config {
	if a.tls == nil {
		return nil
	}
	a.metrics.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "redial_certificate_end_timestamp_seconds", Help: "When the certificate of both ports ends, in seconds since 1970.",
	}, func() float64 { return float64(a.tls.Until().Unix()) }))
	return a.tls.API()
}

// webPort is a listener of the web pages, over TLS when there is a certificate.
func (a *App) webPort(lis net.Listener) net.Listener {
	if a.tls == nil {
		return lis
	}
	return tls.NewListener(lis, a.tls.Web())
}

// certName is a name that the certificate is for, for links; empty without one.
func (a *App) certName() string {
	if a.tls == nil {
		return ""
	}
	return a.tls.Name()
}
