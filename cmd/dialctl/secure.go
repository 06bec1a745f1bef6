package main

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"flag"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"

	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
)

// link is how the server is spoken to, as flags and variables say.
type link struct {
	tls, plaintext bool
	ca             string // PEM file of the authority that the server's certificate is of; empty: this machine's
	cert, key      string // PEM files of a client certificate; empty: none
}

// bindLink declares the flags of TLS, which every command takes.
func (c *cli) bindLink(fs *flag.FlagSet) {
	fs.BoolVar(&c.link.tls, "tls", c.link.tls, "speak TLS to a server on this machine, too (else REDIAL_TLS)")
	fs.StringVar(&c.link.ca, "ca", c.link.ca, "PEM `FILE` of the authority of the server's certificate (else REDIAL_CA, else this machine's)")
	fs.StringVar(&c.link.cert, "cert", c.link.cert, "PEM `FILE` of a client certificate, shown in place of a token (else REDIAL_CERT)")
	fs.StringVar(&c.link.key, "cert-key", c.link.key, "PEM `FILE` of its key (else REDIAL_CERT_KEY)")
	fs.BoolVar(&c.link.plaintext, "plaintext", c.link.plaintext, "speak in the clear to a server elsewhere (else REDIAL_PLAINTEXT)")
}

// linked adds what variables say to the flags.
func (c *cli) linked() (w link, err error) {
	w = c.link
	w.ca, w.cert, w.key = cmp.Or(w.ca, c.env("REDIAL_CA")), cmp.Or(w.cert, c.env("REDIAL_CERT")), cmp.Or(w.key, c.env("REDIAL_CERT_KEY"))
	for name, at := range map[string]*bool{"REDIAL_TLS": &w.tls, "REDIAL_PLAINTEXT": &w.plaintext} {
		text := strings.TrimSpace(c.env(name))
		if text == "" || *at {
			continue
		}
		if *at, err = strconv.ParseBool(text); err != nil {
			return w, badInput("%s: %q is neither true nor false", name, text)
		}
	}
	if c.link.plaintext { // a flag goes before what variables say of the other way
		w = c.link
	}
	w.tls = w.tls || w.ca != "" || w.cert != "" || w.key != ""
	return w, nil
}

// credentials are how to speak to the server at addr: in the clear to this machine, or where that was asked for.
func (w link) credentials(addr string, plain bool) (credentials.TransportCredentials, error) {
	host, _, _ := net.SplitHostPort(addr)
	switch {
	case w.plaintext && w.tls:
		return nil, badInput("--plaintext contradicts --tls, --ca and --cert (or their variables): keep one")
	case plain && w.tls && !loopback(host):
		return nil, badInput("http:// asks for no encryption, and --tls, --ca or --cert for some: write https://%s, or leave them out", addr)
	case w.plaintext, plain && !w.tls:
		return insecure.NewCredentials(), nil
	case (w.cert == "") != (w.key == ""):
		return nil, badInput("--cert and --cert-key (REDIAL_CERT, REDIAL_CERT_KEY) belong together: give the PEM files of both")
	}
	t := &tls.Config{MinVersion: tls.VersionTLS12}
	if w.ca != "" {
		raw, err := os.ReadFile(w.ca)
		if err != nil {
			return nil, badInput("--ca: %v", err)
		}
		if t.RootCAs = x509.NewCertPool(); !t.RootCAs.AppendCertsFromPEM(raw) {
			return nil, badInput("--ca %s holds no certificate: give the authority's as PEM", w.ca)
		}
	}
	if w.cert != "" {
		pair, err := tls.LoadX509KeyPair(w.cert, w.key)
		if err != nil {
			return nil, badInput("--cert %s and --cert-key %s are no pair: %v", w.cert, w.key, err)
		}
		t.Certificates = []tls.Certificate{pair}
	}
	return credentials.NewTLS(t), nil
}

// handshakes are what connections fail with, and what to do about it.
var handshakes = []struct{ says, advice string }{
	{"certificate signed by unknown authority", "its certificate is of an authority that this machine does not know: give the authority's with --ca FILE or REDIAL_CA"},
	{"certificate is not trusted", "its certificate is of an authority that this machine does not know: give the authority's with --ca FILE or REDIAL_CA"},
	{"x509: certificate is valid for", "its certificate is for another name: say that one in --server HOST:PORT, or have the certificate made for this one, too"},
	{"doesn't contain any IP SANs", "its certificate is for a name, not for an address: say the name in --server HOST:PORT"},
	{"certificate has expired or is not yet valid", "its certificate is out of date (or this machine's clock is off): the server's operator renews the files of --tls-cert"},
	{"first record does not look like a TLS handshake", "it does not speak TLS: --plaintext (REDIAL_PLAINTEXT=1) speaks in the clear, where nobody listens in"},
	{"tls: certificate required", "it wants a client certificate: give --cert and --cert-key"},
	{"tls: bad certificate", "it does not accept the client certificate of --cert: have one made by the authority of its --tls-client-ca"},
	{"tls: unknown certificate authority", "it does not accept the client certificate of --cert: have one made by the authority of its --tls-client-ca"},
	{"tls: expired certificate", "it does not accept the client certificate of --cert, which has expired: have another made"},
	{"tls: unsupported certificate", "the certificate of --cert is not for clients: have one made for client authentication"},
}

// peer is a server, and how it is spoken to.
type peer struct {
	addr string
	link link
}

// advice is what to do about a connection that failed so; empty: nothing is known.
func (p peer) advice(said string) string {
	for _, h := range handshakes {
		if strings.Contains(said, h.says) {
			return h.advice
		}
	}
	if p.link.cert != "" && slices.ContainsFunc(hungUp, func(s string) bool { return strings.Contains(said, s) }) {
		return "it hung up when it was shown the certificate of --cert, if it is a server at all: have one made by the authority of its --tls-client-ca"
	}
	if strings.Contains(said, "error reading server preface") {
		return "it hung up at once: if it speaks TLS, give --tls, and --ca FILE when its authority is your own"
	}
	return ""
}

// hungUp is how a server that does not accept a certificate is heard of when its own words came too late: in TLS 1.3 a
// client has begun to speak by then.
var hungUp = []string{"broken pipe", "connection reset by peer", "EOF", "closed network connection"}
