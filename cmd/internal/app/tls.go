package app

import (
	"context"
	"crypto/tls"
	"net"

	"github.com/prometheus/client_golang/prometheus"

	"redial/cmd/internal/auth"
	"redial/cmd/internal/config"
	"redial/cmd/internal/server"
	"redial/cmd/internal/web"
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

// certName tells a name that the certificate is for; nil: the ports speak in the clear.
func (a *App) certName() func() string {
	if a.tls == nil {
		return nil
	}
	return a.tls.Name
}

// openIssuer makes the issuer that people sign in at, if there is one. Nothing is asked of it yet: a node starts without.
func (a *App) openIssuer() {
	o := a.cfg.OIDC
	if o.Issuer == "" {
		return
	}
	a.issuer = auth.NewIssuer(auth.IssuerOptions{
		URL: o.Issuer, Client: o.Client, Secret: o.Secret, Scopes: o.ScopeList(), Name: o.Name, Claim: o.Claim, Campaigns: o.Campaigns,
		Role: o.RoleOf, Agents: a.store, Now: a.store.Now, Log: a.log,
	})
}

// certificates finds tokens by client certificates; nil: no machine may show one.
func (a *App) certificates() auth.Certificates {
	if a.cfg.TLS.ClientCA == "" {
		return nil
	}
	return a.store
}

// company is who signs people in; nil: they show tokens alone.
func (a *App) company() web.Company {
	if a.issuer == nil {
		return nil
	}
	return a.issuer
}
