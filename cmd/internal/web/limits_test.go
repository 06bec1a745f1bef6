package web

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/test/bufconn"
)

// slowly connects to a site in fake time and says what it is told to; it tells how long the connection lived.
func slowly(t *testing.T, talk func(net.Conn)) (lived time.Duration, heard string) {
	t.Helper()
	f := newFake()
	s, err := New(Deps{Record: f, Tokens: f, Health: f, Sessions: f, Metrics: http.NotFoundHandler(), Now: f.Now})
	if err != nil {
		t.Fatal(err)
	}
	lis := bufconn.Listen(1 << 10)
	served := make(chan error, 1)
	go func() { served <- s.Serve(lis) }()
	c, err := lis.Dial()
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	var talking sync.WaitGroup
	talking.Go(func() { talk(c) })
	raw, _ := io.ReadAll(c) // how it was cut off is not the matter
	lived = time.Since(began)
	c.Close()
	talking.Wait()
	if err := s.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
	return lived, string(raw)
}

func TestWhoSpeaksSlowlyOrNotAtAllIsCutOff(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		talk func(net.Conn)
		most time.Duration
	}{
		"nothing": {func(net.Conn) {}, headerTime},
		"a letter a second": {func(c net.Conn) {
			for _, b := range []byte("GET / HTTP/1.1\r\nHost: localhost\r\nX: " + strings.Repeat("a", 100)) {
				if _, err := c.Write([]byte{b}); err != nil {
					return
				}
				time.Sleep(time.Second) //nolint:forbidigo // fake time: slowly
			}
		}, headerTime},
		"a body that never ends": {func(c net.Conn) {
			_, _ = c.Write([]byte("POST /signin HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000\r\n\r\ntoken="))
		}, requestTime},
		"one request and no more": {func(c net.Conn) { _, _ = c.Write([]byte("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")) }, idleTime},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				lived, _ := slowly(t, c.talk)
				if lived < c.most/2 || lived > c.most+2*time.Second {
					t.Errorf("the connection lived %v, want about %v", lived, c.most)
				}
			})
		})
	}
}

func TestHeadersAndBodiesAreBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, heard := slowly(t, func(c net.Conn) {
			_, _ = c.Write([]byte("GET / HTTP/1.1\r\nHost: localhost\r\nX: " + strings.Repeat("a", headersMost+8<<10) + "\r\n\r\n"))
		})
		if !strings.HasPrefix(heard, "HTTP/1.1 431") {
			t.Errorf("too many headers: %.80q, want 431", heard)
		}
	})
	var read int64
	var err error
	h := bounded(http.NewServeMux(), nil, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { read, err = io.Copy(io.Discard, r.Body) }))
	for n, fits := range map[int64]bool{bodyMost: true, bodyMost + 1: false} {
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/signin", bytes.NewReader(make([]byte, n))))
		if (err == nil) != fits || read > bodyMost {
			t.Errorf("a body of %d bytes: %d read, %v", n, read, err)
		}
	}
}

func TestSoManyLivePagesAndNoMore(t *testing.T) {
	t.Parallel()
	in, out := make(chan struct{}), make(chan struct{})
	h := few(2)(func(http.ResponseWriter, *http.Request) { in <- struct{}{}; <-out })
	ask := func() *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		h(w, httptest.NewRequest(http.MethodGet, "/live", nil))
		return w
	}
	done := make(chan int, 2)
	for range 2 {
		go func() { done <- ask().Code }()
		<-in
	}
	if w := ask(); w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
		t.Errorf("the third: %d %v", w.Code, w.Header())
	}
	close(out)
	for range 2 {
		if code := <-done; code != http.StatusOK {
			t.Errorf("one of the two: %d", code)
		}
	}
}
