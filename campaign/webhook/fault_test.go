package webhook

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// talker is a receiver that writes raw bytes in answer to whatever comes.
func talker(t *testing.T, say string) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = bufio.NewReader(c).ReadByte()
			_, _ = io.WriteString(c, say)
			_ = c.Close()
		}
	}()
	return l.Addr().String()
}

// secured is a receiver that shows a certificate for a host, signed by itself; the roots know it if it is told to them.
func secured(t *testing.T, host string, ends time.Time, roots *x509.CertPool) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "hunter2"}, DNSNames: []string{host},
		NotBefore: time.Now().Add(-24 * time.Hour), NotAfter: ends, IsCA: true, BasicConstraintsValid: true,
	}
	raw, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	if c, err = x509.ParseCertificate(raw); err != nil {
		t.Fatal(err)
	}
	if roots != nil {
		roots.AddCert(c)
	}
	s := httptest.NewUnstartedServer(http.NotFoundHandler())
	s.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{raw}, PrivateKey: key}}}
	s.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	s.StartTLS()
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

func TestFaultsRepeatNothingThatTheReceiverWrote(t *testing.T) {
	t.Parallel()
	o := open(t)
	roots, later := x509.NewCertPool(), time.Now().Add(time.Hour)
	for name, c := range map[string]struct {
		url, want string
	}{
		"a status of its own words": {"http://" + talker(t, "HTTP/1.1 503 hunter2 is the password\r\nContent-Length: 7\r\n\r\nhunter2"), "answered 503 Service Unavailable"},
		"a status that is none":     {"http://" + talker(t, "HTTP/1.1 799 hunter2\r\nContent-Length: 0\r\n\r\n"), "answered 799"},
		"no HTTP":                   {"http://" + talker(t, "SSH-2.0-hunter2\r\n"), "did not answer as a web server does"},
		"a header that is none":     {"http://" + talker(t, "HTTP/1.1 200 OK\r\nhunter2\r\n\r\n"), "did not answer as a web server does"},
		"a length that is none":     {"http://" + talker(t, "HTTP/1.1 200 OK\r\nContent-Length: hunter2\r\n\r\n"), "did not answer as a web server does"},
		"nothing":                   {"http://" + talker(t, ""), "it cut the connection"},
		"no TLS":                    {"https://" + talker(t, "SSH-2.0-hunter2\r\n"), "does not speak TLS"},
		"HTTP in place of TLS":      {"https://" + talker(t, "HTTP/1.1 400 hunter2\r\n\r\n"), "does not speak TLS"},
		"a stranger's certificate":  {"https://" + secured(t, "localhost", later, nil), "authority"},
		"a certificate for another": {"https://" + secured(t, "hunter2.example", later, roots), "another name"},
		"one that has expired":      {"https://" + secured(t, "localhost", time.Now().Add(-time.Hour), roots), "expired"},
	} {
		url := strings.Replace(c.url, "https://127.0.0.1", "https://localhost", 1)
		w := o.create(t.Context(), url)
		o.sender.client = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
		a, err := o.sender.Test(t.Context(), w.ID)
		if err != nil || !strings.Contains(a.Fault, c.want) || strings.Contains(a.Fault, "hunter2") {
			t.Errorf("%s: %+v, %v; want %q", name, a, err, c.want)
		}
	}
	if got := faultOf(errors.New("hunter2")); strings.Contains(got, "hunter2") {
		t.Errorf("an error of no kind: %q", got)
	}
}
