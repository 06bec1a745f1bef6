package egress

import (
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"time"
)

// MaxBody is how much of an answer's body is read, in bytes; more is an error of reading.
const MaxBody = 64 << 10

// MaxHeader is how large an answer's header may be, in bytes.
const MaxHeader = 16 << 10

// Client sends requests to what the guard lets through: https to public and allowed addresses, http to allowed ones
// alone. It uses no proxy, follows no redirect, keeps no cookie, and gives a request up after timeout, its body included;
// what is read of the body is bounded by MaxBody.
func (g Guard) Client(timeout time.Duration) *http.Client {
	return &http.Client{
		Timeout:       timeout,
		Transport:     &transport{tls: roundTripper(g.Check, timeout), clear: roundTripper(g.CheckAllowed, timeout)},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

func roundTripper(check func(netip.Addr) error, timeout time.Duration) *http.Transport {
	return &http.Transport{
		DialContext:            dialer(check).DialContext,
		TLSHandshakeTimeout:    dialTimeout,
		ResponseHeaderTimeout:  timeout,
		MaxResponseHeaderBytes: MaxHeader,
		DisableCompression:     true,
		ForceAttemptHTTP2:      true,
		MaxIdleConns:           64,
		MaxIdleConnsPerHost:    2,
		IdleConnTimeout:        30 * time.Second,
	}
}

// transport judges by the scheme what an address must be.
type transport struct{ tls, clear *http.Transport }

// RoundTrip implements http.RoundTripper.
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	via := t.tls
	if r.URL.Scheme != "https" {
		via = t.clear
	}
	resp, err := via.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	resp.Body = http.MaxBytesReader(nil, resp.Body, MaxBody)
	return resp, nil
}

// CloseIdleConnections is what (*http.Client).CloseIdleConnections calls.
func (t *transport) CloseIdleConnections() {
	t.tls.CloseIdleConnections()
	t.clear.CloseIdleConnections()
}

// CheckURL refuses what can be told from the text of a URL: what is not https (or http), has no host, a user or a
// fragment, or names an address that is not let through. What a host's name resolves to is judged when it is dialled.
func (g Guard) CheckURL(text string) error {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return fmt.Errorf("is no URL: write https://host/path")
	case u.Scheme != "https" && u.Scheme != "http":
		return fmt.Errorf("has scheme %q: write https://host/path", u.Scheme)
	case u.Hostname() == "" || u.Opaque != "":
		return fmt.Errorf("has no host: write https://host/path")
	case u.User != nil:
		return fmt.Errorf("has a user or password: leave it out, the signature says who sends")
	case u.Scheme == "http" && len(g.Allow) == 0:
		return fmt.Errorf("is not encrypted: write https://, or have the server's setting %s name the address", Setting)
	case u.Fragment != "":
		return fmt.Errorf("has a fragment, which is never sent: leave out what follows #")
	}
	addr, err := netip.ParseAddr(u.Hostname())
	if isAddr := err == nil; !isAddr {
		return nil // a name: it is judged when it is dialled
	}
	if u.Scheme == "http" {
		return g.CheckAllowed(addr)
	}
	return g.Check(addr)
}
