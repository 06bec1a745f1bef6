package server

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"redial/cmd/internal/certtest"
)

type tlsBundle struct {
	*TLS
	files TLSFiles
	log   *journal
	ca    *certtest.Authority
	now   time.Time
}

func setupTLS(t *testing.T, machines bool) *tlsBundle {
	t.Helper()
	dir := t.TempDir()
	b := &tlsBundle{log: &journal{}, ca: certtest.New(t), now: time.Now()}
	b.files = TLSFiles{Cert: filepath.Join(dir, "cert.pem"), Key: filepath.Join(dir, "key.pem")}
	if machines {
		b.files.ClientCA = b.ca.File(t)
	}
	b.issue(t, "first.example")
	var err error
	if b.TLS, err = NewTLS(b.files, slog.New(slog.NewTextHandler(b.log, nil)), func() time.Time { return b.now }); err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *tlsBundle) issue(t *testing.T, name string) {
	t.Helper()
	cert, key := b.ca.Issue(t, certtest.Leaf{DNS: []string{name}})
	b.write(t, b.files.Cert, cert)
	b.write(t, b.files.Key, key)
}

func (b *tlsBundle) write(t *testing.T, path string, raw []byte) {
	t.Helper()
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
}

// shake is a handshake of a client with the server's config: what the client saw, and what each side said.
func shake(t *testing.T, server, client *tls.Config) (tls.ConnectionState, tls.ConnectionState, error) {
	t.Helper()
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer lis.Close()
	type end struct {
		state tls.ConnectionState
		err   error
	}
	served := make(chan end, 1)
	go func() {
		c, err := lis.Accept()
		if err != nil {
			served <- end{err: err}
			return
		}
		defer c.Close()
		s := tls.Server(c, server)
		err = s.HandshakeContext(t.Context())
		served <- end{s.ConnectionState(), err}
	}()
	c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", lis.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	conn := tls.Client(c, client)
	err = conn.HandshakeContext(t.Context())
	s := <-served
	return conn.ConnectionState(), s.state, errors.Join(err, s.err)
}

func (b *tlsBundle) client(name string, protocols ...string) *tls.Config {
	return &tls.Config{ServerName: name, RootCAs: b.ca.Pool(), NextProtos: protocols, MinVersion: tls.VersionTLS10} //nolint:gosec // what old clients offer
}

func TestPortsSpeakTLS12AndBetter(t *testing.T) {
	t.Parallel()
	b := setupTLS(t, false)
	for _, port := range []struct {
		config *tls.Config
		alpn   string
	}{{b.API(), "h2"}, {b.Web(), "http/1.1"}} {
		saw, _, err := shake(t, port.config, b.client("first.example", "h2", "http/1.1"))
		if err != nil || saw.Version != tls.VersionTLS13 || saw.NegotiatedProtocol != port.alpn {
			t.Errorf("%s: version %x, protocol %q, %v", port.alpn, saw.Version, saw.NegotiatedProtocol, err)
		}
		for version, works := range map[uint16]bool{tls.VersionTLS12: true, tls.VersionTLS11: false} {
			old := b.client("first.example")
			old.MaxVersion = version
			if _, _, err := shake(t, port.config, old); (err == nil) != works {
				t.Errorf("%s: version %x: %v, want it to work: %v", port.alpn, version, err, works)
			}
		}
	}
}

func TestNewPairIsTakenAndABrokenOneIsNot(t *testing.T) {
	t.Parallel()
	b := setupTLS(t, false)
	config := b.API() // made before the files change
	serves := func(name string) error { _, _, err := shake(t, config, b.client(name)); return err }
	if err := serves("first.example"); err != nil {
		t.Fatal(err)
	}
	b.issue(t, "second.example")
	b.Reread(t.Context())
	if err := serves("second.example"); err != nil || b.Name() != "second.example" {
		t.Errorf("the new pair: %v, named %s", err, b.Name())
	}
	_, stray := b.ca.Issue(t, certtest.Leaf{DNS: []string{"stray.example"}})
	for what, harm := range map[string]func(){
		"a key of another certificate": func() { b.write(t, b.files.Key, stray) },
		"half a file":                  func() { b.write(t, b.files.Cert, []byte("-----BEGIN CERTIFICATE-----\nMII")) },
		"no file":                      func() { _ = os.Remove(b.files.Key) },
	} {
		harm()
		before := strings.Count(b.log.String(), "cannot be used")
		for range 3 {
			b.Reread(t.Context())
		}
		if err := serves("second.example"); err != nil {
			t.Errorf("%s: the old pair went: %v", what, err)
		}
		if n := strings.Count(b.log.String(), "cannot be used") - before; n != 1 {
			t.Errorf("%s: told %d times:\n%s", what, n, b.log)
		}
	}
	b.issue(t, "third.example")
	b.Reread(t.Context())
	if err := serves("third.example"); err != nil {
		t.Errorf("after the trouble: %v", err)
	}
}

func TestRunReadsTheFilesAgain(t *testing.T) {
	b := setupTLS(t, false)
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- b.Run(ctx, 0) }()
		b.issue(t, "second.example")
		time.Sleep(rereadEvery) //nolint:forbidigo // fake time
		synctest.Wait()
		if b.Name() != "second.example" {
			t.Errorf("after %v it is still %s", rereadEvery, b.Name())
		}
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestEndOfTheCertificateIsToldOnceADay(t *testing.T) {
	t.Parallel()
	b := setupTLS(t, false)
	told := func() int { b.Reread(t.Context()); return strings.Count(b.log.String(), "ends soon") }
	if told() != 0 {
		t.Errorf("a fresh certificate:\n%s", b.log)
	}
	b.now = b.Until().Add(-expiresSoon)
	if first, second := told(), told(); first != 1 || second != 1 {
		t.Errorf("14 days before its end:\n%s", b.log)
	}
	if b.now = b.now.Add(24 * time.Hour); told() != 2 {
		t.Errorf("a day later:\n%s", b.log)
	}
}

func TestMachinesShowCertificatesOfTheirAuthorityAlone(t *testing.T) {
	t.Parallel()
	b, other := setupTLS(t, true), certtest.New(t)
	for name, c := range map[string]struct {
		ca   *certtest.Authority
		leaf certtest.Leaf
		ok   bool
	}{
		"of the authority": {b.ca, certtest.Leaf{CommonName: "crm", Client: true}, true},
		"of another":       {other, certtest.Leaf{CommonName: "crm", Client: true}, false},
		"expired":          {b.ca, certtest.Leaf{CommonName: "crm", Client: true, NotAfter: time.Now().Add(-time.Hour)}, false},
		"for servers":      {b.ca, certtest.Leaf{CommonName: "crm"}, false},
	} {
		client := b.client("first.example", "h2", "http/1.1")
		own := c.ca.Pair(t, c.leaf)
		client.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &own, nil }
		_, saw, err := shake(t, b.API(), client)
		if (err == nil) != c.ok || (len(saw.VerifiedChains) > 0) != c.ok {
			t.Errorf("%s: %v, %d chains, want it to work: %v", name, err, len(saw.VerifiedChains), c.ok)
		}
		if _, saw, err := shake(t, b.Web(), client); err != nil || len(saw.PeerCertificates) != 0 {
			t.Errorf("%s: the web port asked for it: %d, %v", name, len(saw.PeerCertificates), err)
		}
	}
	if _, saw, err := shake(t, b.API(), b.client("first.example", "h2")); err != nil || len(saw.VerifiedChains) != 0 {
		t.Errorf("without a certificate: %v", err)
	}
	b.write(t, b.files.ClientCA, other.PEM())
	b.Reread(t.Context())
	client := b.client("first.example", "h2")
	client.Certificates = []tls.Certificate{other.Pair(t, certtest.Leaf{CommonName: "crm", Client: true})}
	if _, saw, err := shake(t, b.API(), client); err != nil || len(saw.VerifiedChains) == 0 {
		t.Errorf("the new authority: %v", err)
	}
}

func TestFilesThatCannotBeUsedStopTheStart(t *testing.T) {
	t.Parallel()
	b := setupTLS(t, true)
	junk := filepath.Join(t.TempDir(), "junk.pem")
	b.write(t, junk, []byte("junk"))
	for want, files := range map[string]TLSFiles{
		"--tls-cert:":           {Cert: "/nowhere", Key: b.files.Key},
		"are no pair":           {Cert: b.files.Cert, Key: junk},
		"holds no certificate":  {Cert: b.files.Cert, Key: b.files.Key, ClientCA: junk},
		"--tls-client-ca: open": {Cert: b.files.Cert, Key: b.files.Key, ClientCA: "/nowhere"},
	} {
		if _, err := NewTLS(files, nil, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", files, err, want)
		}
	}
}
