package egress

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

var here = Guard{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}}

func serve(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

func TestARedirectIsAnAnswerAndNotFollowed(t *testing.T) {
	t.Parallel()
	var reached atomic.Bool
	inner := serve(t, func(http.ResponseWriter, *http.Request) { reached.Store(true) })
	outer := serve(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, inner, http.StatusTemporaryRedirect) })
	resp, err := here.Client(time.Minute).Post(outer, "text/plain", strings.NewReader("x"))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusTemporaryRedirect || reached.Load() {
		t.Errorf("status %d, target reached %v", resp.StatusCode, reached.Load())
	}
}

func TestAnEndlessBodyEndsAtTheBound(t *testing.T) {
	t.Parallel()
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		for {
			if _, err := w.Write(make([]byte, 4096)); err != nil {
				return
			}
		}
	})
	resp, err := here.Client(time.Minute).Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	n, err := io.Copy(io.Discard, resp.Body)
	if _, large := errors.AsType[*http.MaxBytesError](err); !large || n != MaxBody {
		t.Errorf("read %d bytes: %v, want %d and too large", n, err, MaxBody)
	}
}

func TestALargeHeaderIsRefused(t *testing.T) {
	t.Parallel()
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X", strings.Repeat("a", 10*MaxHeader)) })
	if resp, err := here.Client(time.Minute).Get(url); err == nil {
		resp.Body.Close()
		t.Error("a header of 160 KiB was taken")
	}
}

func TestAnEndpointThatHangsIsGivenUp(t *testing.T) {
	t.Parallel()
	gone := make(chan struct{})
	url := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		<-r.Context().Done()
		close(gone)
	})
	if resp, err := here.Client(50 * time.Millisecond).Get(url); err == nil {
		resp.Body.Close()
		t.Error("an answer came from nowhere")
	}
	<-gone
}

func TestNoProxyIsAsked(t *testing.T) {
	var asked atomic.Bool
	proxy := serve(t, func(http.ResponseWriter, *http.Request) { asked.Store(true) })
	t.Setenv("HTTP_PROXY", proxy)
	resp, err := here.Client(time.Minute).Get("http://192.0.2.1/")
	if err == nil {
		resp.Body.Close()
	}
	if _, refused := errors.AsType[*Refusal](err); !refused || asked.Load() {
		t.Errorf("%v, proxy asked %v", err, asked.Load())
	}
}

func TestInClearOnlyAllowedAddressesAreAsked(t *testing.T) {
	t.Parallel()
	s := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer s.Close()
	for url, refused := range map[string]bool{s.URL: true, "http://127.0.0.1:1/": true} {
		_, err := Guard{}.Client(time.Minute).Get(url) //nolint:bodyclose // there is no answer
		if _, is := errors.AsType[*Refusal](err); is != refused {
			t.Errorf("%s: %v", url, err)
		}
	}
	c := Guard{}.Client(time.Minute)
	_, err := c.Get("http://8.8.8.8:9/") //nolint:bodyclose // there is no answer
	if r, is := errors.AsType[*Refusal](err); !is || !strings.Contains(r.Why, "without TLS") {
		t.Errorf("a public address in clear: %v", err)
	}
}

func TestTheTextOfAURLTellsMuch(t *testing.T) {
	t.Parallel()
	for url, word := range map[string]string{
		"https://crm.example/hook?x=1": "", "https://crm.example:8443/": "", "http://crm.example/": "", "https://8.8.8.8/": "",
		"http://127.0.0.1:9/": "", "http://[::1]:9/": "", "https://localhost/": "",
		"https://10.0.0.1/": "private", "https://[fd00::1]/": "private", "https://[::ffff:10.0.0.1]/": "private", "http://8.8.8.8/": "without TLS",
		"https://user:pass@crm.example/": "user", "https://user@crm.example/": "user", "ftp://crm.example/": "scheme", "crm.example/hook": "scheme",
		"https:///hook": "host", "https:crm.example": "host", "https://crm.example/#x": "fragment", "https://crm.example/%zz": "URL", "": "scheme",
		"https://crm.example/\n": "URL", "javascript:alert(1)": "scheme", "file:///etc/passwd": "scheme",
	} {
		err := here.CheckURL(url)
		if (err == nil) != (word == "") || !strings.Contains(fmt.Sprint(err), word) {
			t.Errorf("%q: %v, want %q", url, err, word)
		}
	}
	if err := (Guard{}).CheckURL("http://crm.example/"); err == nil || !strings.Contains(err.Error(), Setting) {
		t.Errorf("in clear where nothing is allowed: %v", err)
	}
}
