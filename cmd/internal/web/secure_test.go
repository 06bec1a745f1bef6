package web

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestHeadersSayWhatABrowserMustNotDo(t *testing.T) {
	t.Parallel()
	h := newSite(t, newFake()).Handler()
	for _, path := range []string{"/", "/signin", "/static/live.js", "/nothing", "/metrics", "/healthz"} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		for name, want := range map[string]string{
			"X-Frame-Options": "DENY", "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin",
			"Permissions-Policy": "microphone=()", "Content-Security-Policy": "form-action 'self'", "Cache-Control": "no-store",
		} {
			if got := w.Header().Get(name); !strings.Contains(got, want) {
				t.Errorf("%s: %s is %q, want %q", path, name, got, want)
			}
		}
		if got := w.Header().Get("Strict-Transport-Security"); got != "" {
			t.Errorf("%s: in the clear it asks for TLS for ever: %q", path, got)
		}
	}
}

func TestOverTLSBrowsersKeepToIt(t *testing.T) {
	t.Parallel()
	s := newSite(t, newFake())
	s.Name = func() string { return "calls.example" }
	srv := httptest.NewTLSServer(s.Handler())
	defer srv.Close()
	c := srv.Client()
	var err error
	if c.Jar, err = cookiejar.New(nil); err != nil {
		t.Fatal(err)
	}
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	resp, err := c.PostForm(srv.URL+"/signin", url.Values{"token": {"rd_boss"}})
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if cookies := resp.Cookies(); len(cookies) != 1 || !cookies[0].Secure {
		t.Errorf("%+v", cookies)
	}
	if got := resp.Header.Get("Strict-Transport-Security"); !strings.HasPrefix(got, "max-age=31536000") {
		t.Errorf("HSTS %q", got)
	}
	if link, err := s.SignInLink("0.0.0.0:7071"); err != nil || !strings.HasPrefix(link, "https://calls.example:7071/signin?code=") {
		t.Errorf("%s, %v", link, err)
	}
}

// Every way in which another site's page can make a browser ask.
func TestOtherSitesCannotMakeABrowserChangeAnything(t *testing.T) {
	t.Parallel()
	f := newFake()
	s := newSite(t, f)
	b := open(t, s)
	b.signIn()
	post := func(path string, headers map[string]string) int {
		r, err := http.NewRequest(http.MethodPost, b.base+path, strings.NewReader("token=rd_boss"))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		for k, v := range headers {
			r.Header.Set(k, v)
		}
		_, code := b.read(b.Do(r))
		return code
	}
	for _, headers := range []map[string]string{
		{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.example"}, {"Origin": "null"},
		{"Origin": "http://127.0.0.1.evil.example"}, {"Sec-Fetch-Site": "cross-site", "Origin": b.base},
	} {
		for _, path := range []string{"/signout", "/signin"} {
			if code := post(path, headers); code != http.StatusForbidden {
				t.Errorf("%s with %v: %d", path, headers, code)
			}
		}
	}
	if page, _ := b.get("/signout"); strings.Contains(page, `name="token"`) {
		t.Error("a link signs people out")
	}
	if page, _ := b.get("/"); !strings.Contains(page, "Wang Fang") {
		t.Error("another site signed somebody out")
	}
	if code := post("/signout", map[string]string{"Sec-Fetch-Site": "same-origin", "Origin": b.base}); code != 200 {
		t.Errorf("the site's own page: %d", code)
	}
	if page, _ := b.get("/"); strings.Contains(page, "Wang Fang") {
		t.Error("the site's own page did not sign out")
	}
}

// A raw client of real sockets and real time, with the site's times cut short: headers and bodies that drip.
func TestWhoDripsOverTLSIsCutOff(t *testing.T) {
	t.Parallel()
	s := newSite(t, newFake())
	s.http.ReadHeaderTimeout, s.http.ReadTimeout, s.http.IdleTimeout = 200*time.Millisecond, 400*time.Millisecond, 300*time.Millisecond
	pair := httptest.NewTLSServer(http.NotFoundHandler())
	defer pair.Close()
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() {
		served <- s.Serve(tls.NewListener(lis, &tls.Config{Certificates: pair.TLS.Certificates, NextProtos: []string{"http/1.1"}})) //nolint:gosec // of a test
	}()
	defer func() {
		if err := s.Stop(t.Context()); err != nil {
			t.Error(err)
		}
		if err := <-served; err != nil {
			t.Error(err)
		}
	}()
	for name, talk := range map[string]struct {
		shake bool
		said  string
	}{
		"no greeting":    {false, ""},
		"half a hello":   {false, "\x16\x03\x01\x02\x00\x01"},
		"no request":     {true, ""},
		"half a header":  {true, "GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: "},
		"half a body":    {true, "POST /signin HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\ntok"},
		"half of chunks": {true, "POST /signin HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\ntok"},
	} {
		c, err := net.Dial("tcp", lis.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		if err := c.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
			t.Fatal(err)
		}
		if talk.shake {
			c = tls.Client(c, &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12}) //nolint:gosec // of a test
		}
		if _, err := io.WriteString(c, talk.said); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := io.Copy(io.Discard, c); err != nil {
			if n, ok := err.(net.Error); ok && n.Timeout() { //nolint:errorlint // a socket's own
				t.Errorf("%s: it is still open", name)
			}
		}
		c.Close()
	}
}
