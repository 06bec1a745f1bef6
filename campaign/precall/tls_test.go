package precall

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"

	"redial/campaign"
)

// authority signs certificates of servers.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{}
	made := a.sign(t, &x509.Certificate{IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign})
	cert, err := x509.ParseCertificate(made.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	a.cert = cert
	return a
}

// sign makes a certificate that began yesterday and, if it does not say otherwise, ends tomorrow; the first is the
// authority's own.
func (a *authority) sign(t *testing.T, c *x509.Certificate) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c.SerialNumber, c.NotBefore = big.NewInt(time.Now().UnixNano()), time.Now().Add(-24*time.Hour)
	if c.NotAfter.IsZero() {
		c.NotAfter = time.Now().Add(24 * time.Hour)
	}
	parent := a.cert
	if parent == nil {
		parent, a.key = c, key
	}
	raw, err := x509.CreateCertificate(rand.Reader, c, parent, key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{raw}, PrivateKey: key}
}

func (a *authority) pool() *x509.CertPool {
	p := x509.NewCertPool()
	p.AddCert(a.cert)
	return p
}

// secure is a CRM behind TLS.
func secure(t *testing.T, shown tls.Certificate, most uint16) (*server, string) {
	t.Helper()
	c := &tls.Config{Certificates: []tls.Certificate{shown}, MaxVersion: most, MinVersion: tls.VersionTLS10, NextProtos: []string{"h2"}}
	s, address, _ := serve(t, "127.0.0.1:0", grpc.Creds(credentials.NewTLS(c)))
	return s, address
}

// byToken asks with a token, which no CRM that was not verified may see.
func byToken(t *testing.T, roots *x509.CertPool, address string) (campaign.PreCallAnswer, error) {
	t.Helper()
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "crm"), []byte("s3cret"), 0o600); err != nil {
		t.Fatal(err)
	}
	return client(t, Options{Guard: here, Roots: roots, Tokens: folder}).Check(t.Context(),
		campaign.PreCall{Address: address, Deadline: 5 * time.Second, TokenName: "crm"}, campaign.PreCallQuestion{Number: "+12125550100"})
}

func TestACRMBehindTLSIsAskedByTheNameThatItsAuthoritySigned(t *testing.T) {
	t.Parallel()
	ours := newAuthority(t)
	s, address := secure(t, ours.sign(t, &x509.Certificate{DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}), tls.VersionTLS13)
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	for n, to := range []string{address, "localhost:" + port} {
		if a, err := byToken(t, ours.pool(), to); err != nil || !a.Allow || s.count() != n+1 || s.bearer[n] != "Bearer s3cret" {
			t.Errorf("%s: %+v, %v; it was shown %q", to, a, err, s.bearer)
		}
	}
}

func TestACRMThatCannotShowWhoItIsIsToldNothing(t *testing.T) {
	t.Parallel()
	ours, others := newAuthority(t), newAuthority(t)
	here := []net.IP{net.IPv4(127, 0, 0, 1)}
	for name, c := range map[string]struct {
		shown tls.Certificate
		roots *x509.CertPool
		most  uint16
		want  string
	}{
		"of another authority":          {others.sign(t, &x509.Certificate{IPAddresses: here}), ours.pool(), tls.VersionTLS13, "unknown authority"},
		"of none that the system knows": {ours.sign(t, &x509.Certificate{IPAddresses: here}), nil, tls.VersionTLS13, "unknown authority"},
		"for another name":              {ours.sign(t, &x509.Certificate{DNSNames: []string{"crm.example"}}), ours.pool(), tls.VersionTLS13, "127.0.0.1"},
		"expired":                       {ours.sign(t, &x509.Certificate{IPAddresses: here, NotAfter: time.Now().Add(-time.Hour)}), ours.pool(), tls.VersionTLS13, "expired"},
		"with a TLS of long ago":        {ours.sign(t, &x509.Certificate{IPAddresses: here}), ours.pool(), tls.VersionTLS11, "version"},
	} {
		s, address := secure(t, c.shown, c.most)
		if _, err := byToken(t, c.roots, address); err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "12125550100") {
			t.Errorf("%s: %v, want one with %q and no number", name, err, c.want)
		}
		if s.count() != 0 {
			t.Errorf("%s: it was asked, and shown %q", name, s.bearer)
		}
	}
}
