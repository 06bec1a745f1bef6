package server

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// Limits of certificates.
const (
	rereadEvery = 10 * time.Second
	expiresSoon = 14 * 24 * time.Hour // a warning a day from then on
)

// TLSFiles are PEM files.
type TLSFiles struct {
	Cert, Key string
	ClientCA  string // authorities of machines; empty: none may show a certificate
}

// TLS is what both ports speak: a certificate that is read again when its files change. Safe for concurrent use.
type TLS struct {
	files TLSFiles
	log   *slog.Logger
	now   func() time.Time
	pair  atomic.Pointer[pair]

	mu     sync.Mutex
	failed [sha256.Size]byte // of the contents that could not be used, which is told once
	warned time.Time
}

// pair is what was read: never changed, only replaced.
type pair struct {
	sum      [sha256.Size]byte
	cert     tls.Certificate
	machines *x509.CertPool // nil: none
}

// NewTLS reads the files. A nil now is time.Now; a nil log is discarded.
func NewTLS(files TLSFiles, log *slog.Logger, now func() time.Time) (*TLS, error) {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	if now == nil {
		now = time.Now
	}
	t := &TLS{files: files, log: log, now: now}
	raw, err := t.read()
	if err != nil {
		return nil, err
	}
	p, err := raw.parse(files)
	if err != nil {
		return nil, err
	}
	t.pair.Store(p)
	t.tell(context.Background())
	return t, nil
}

// contents are the files as they were.
type contents struct{ cert, key, ca []byte }

func (t *TLS) read() (c contents, err error) {
	for _, f := range []struct {
		flag, path string
		into       *[]byte
	}{{"--tls-cert", t.files.Cert, &c.cert}, {"--tls-key", t.files.Key, &c.key}, {"--tls-client-ca", t.files.ClientCA, &c.ca}} {
		if f.path == "" {
			continue
		}
		if *f.into, err = os.ReadFile(f.path); err != nil {
			return c, fmt.Errorf("%s: %w", f.flag, err)
		}
	}
	return c, nil
}

func (c contents) sum() [sha256.Size]byte {
	return sha256.Sum256(bytes.Join([][]byte{c.cert, c.key, c.ca}, []byte{0}))
}

func (c contents) parse(files TLSFiles) (*pair, error) {
	p := &pair{sum: c.sum()}
	var err error
	if p.cert, err = tls.X509KeyPair(c.cert, c.key); err != nil {
		return nil, fmt.Errorf("--tls-cert %s and --tls-key %s are no pair: %w; give PEM files, the server's own certificate first, "+
			"and the key it was made for", files.Cert, files.Key, err)
	}
	if files.ClientCA == "" {
		return p, nil
	}
	p.machines = x509.NewCertPool()
	if !p.machines.AppendCertsFromPEM(c.ca) {
		return nil, fmt.Errorf("--tls-client-ca %s holds no certificate: give the authority's as PEM", files.ClientCA)
	}
	return p, nil
}

// Reread takes files that changed. Files that cannot be used change nothing, and are told in the log once.
func (t *TLS) Reread(ctx context.Context) {
	raw, err := t.read()
	sum := raw.sum()
	if err == nil && sum == t.pair.Load().sum {
		t.tell(ctx)
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	var p *pair
	if err == nil {
		p, err = raw.parse(t.files)
	}
	if err != nil {
		if sum != t.failed { // half of a pair is there for a moment whenever it is renewed
			t.failed = sum
			t.log.WarnContext(ctx, "the new certificate cannot be used: the old one stays until it can", "error", err)
		}
		return
	}
	t.failed, t.warned = [sha256.Size]byte{}, time.Time{}
	t.pair.Store(p)
	t.log.InfoContext(ctx, "the certificate was read again", "names", p.cert.Leaf.DNSNames, "until", p.cert.Leaf.NotAfter)
}

// tell warns once a day of a certificate that ends soon.
func (t *TLS) tell(ctx context.Context) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now, until := t.now(), t.Until()
	if until.Sub(now) > expiresSoon || now.Sub(t.warned) < 24*time.Hour {
		return
	}
	t.warned = now
	t.log.WarnContext(ctx, "the certificate ends soon, or has: renew the files of --tls-cert and --tls-key, no restart is needed", "until", until)
}

// Run reads the files again until ctx ends, which is no error: so often; 0: every ten seconds.
func (t *TLS) Run(ctx context.Context, every time.Duration) error {
	tick := time.NewTicker(cmp.Or(every, rereadEvery))
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			t.Reread(ctx)
		case <-ctx.Done():
			return nil
		}
	}
}

// Until is when the certificate in use ends.
func (t *TLS) Until() time.Time { return t.pair.Load().cert.Leaf.NotAfter }

// Name is a name that the certificate in use is for, without a wildcard; empty if it has none.
func (t *TLS) Name() string {
	for _, n := range t.pair.Load().cert.Leaf.DNSNames {
		if n != "" && n[0] != '*' {
			return n
		}
	}
	return ""
}

// API is how the gRPC port speaks: HTTP/2, and machines may show certificates.
func (t *TLS) API() *tls.Config {
	c := t.config("h2")
	// A session taken up again would keep what was verified under authorities that may have been taken out since.
	c.SessionTicketsDisabled = true
	c.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
		machines := t.pair.Load().machines
		if machines == nil {
			return nil, nil //nolint:nilnil // crypto/tls: the config as it is
		}
		own := t.config("h2")
		own.SessionTicketsDisabled = true
		own.ClientAuth, own.ClientCAs = tls.VerifyClientCertIfGiven, machines
		return own, nil
	}
	return c
}

// Web is how the web port speaks. Browsers are asked for no certificate, and speak HTTP/1.1, whose every read has its time.
func (t *TLS) Web() *tls.Config { return t.config("http/1.1") }

func (t *TLS) config(protocol string) *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12, NextProtos: []string{protocol},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			if p := t.pair.Load(); p != nil {
				return &p.cert, nil
			}
			return nil, errors.New("no certificate was read")
		},
	}
}
