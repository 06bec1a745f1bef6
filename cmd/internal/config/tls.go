package config

import (
	"errors"
	"fmt"
	"net"
)

// TLS are PEM files; all empty: both ports speak in the clear.
type TLS struct {
	Cert     string // certificate chain of this server, its own first
	Key      string // of the certificate
	ClientCA string // authorities of machines that show a certificate in place of a token; empty: none may
}

// On says whether the ports speak TLS.
func (t TLS) On() bool { return t.Cert != "" }

func (c Config) checkTLS() error {
	var faults []error
	if (c.TLS.Cert == "") != (c.TLS.Key == "") {
		faults = append(faults, errors.New("--tls-cert and --tls-key belong together: give the PEM files of both, or neither"))
	}
	if c.TLS.ClientCA != "" && !c.TLS.On() {
		faults = append(faults, errors.New("--tls-client-ca needs --tls-cert and --tls-key: machines show their certificates over TLS alone"))
	}
	if c.TLS.On() && c.Demo {
		faults = append(faults, errors.New("--demo and --tls-cert contradict each other: the demonstration is for this machine alone, leave --tls-cert out"))
	}
	return errors.Join(faults...)
}

// checkReach refuses to be heard beyond this machine in the clear, unless that was said to be meant.
func (c Config) checkReach(name, addr string) error {
	host, _, err := net.SplitHostPort(addr)
	if err != nil || c.TLS.On() || c.AllowRemote || loopback(host) {
		return nil //nolint:nilerr // an address that is none is told by checkAddr
	}
	return fmt.Errorf("--%s %q can be reached from other machines, and this connection is not encrypted: tokens and "+
		"telephone numbers would pass in the clear. Give --tls-cert and --tls-key; or listen on 127.0.0.1; or put a TLS proxy "+
		"before it and say --allow-remote", name, addr)
}

// reached says whether another machine may reach one of the ports in the clear.
func (c Config) reached() bool { return c.AllowRemote && !c.TLS.On() }
