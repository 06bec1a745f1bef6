package web

import (
	"crypto/rand"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"redial/campaign"
)

func cookied(method, path, from, id string) *http.Request {
	r := httptest.NewRequest(method, path, nil)
	r.RemoteAddr = from
	r.AddCookie(&http.Cookie{Name: "redial_session", Value: id})
	return r
}

func TestAnInventedCookieDoesNotReachTheWriterNorTwiceTheRecord(t *testing.T) {
	t.Parallel()
	f := newFake()
	h := newSite(t, f).Handler()
	invented := rand.Text() + rand.Text()
	for _, id := range []string{"x", invented[1:], invented + "A", invented[1:] + "1", invented[1:] + "a"} {
		for method, path := range map[string]string{"GET": "/", "POST": "/signout"} {
			h.ServeHTTP(httptest.NewRecorder(), cookied(method, path, "203.0.113.5:1", id))
		}
	}
	if f.sessionsAsked != 0 || f.sessionsEnded != 0 {
		t.Errorf("what is no id was asked for %d times, and ended %d times", f.sessionsAsked, f.sessionsEnded)
	}
	for range 3 {
		h.ServeHTTP(httptest.NewRecorder(), cookied("GET", "/", "203.0.113.5:1", invented))
		w := httptest.NewRecorder()
		if h.ServeHTTP(w, cookied("POST", "/signout", "203.0.113.5:1", invented)); w.Code != http.StatusSeeOther {
			t.Errorf("signing out of no session: %d", w.Code)
		}
	}
	if f.sessionsAsked != 1 || f.sessionsEnded != 0 {
		t.Errorf("an invented one was asked for %d times, and ended %d times", f.sessionsAsked, f.sessionsEnded)
	}
	f.change(func() { f.now = f.now.Add(believed) })
	h.ServeHTTP(httptest.NewRecorder(), cookied("GET", "/", "203.0.113.5:1", invented))
	if f.sessionsAsked != 2 {
		t.Errorf("a second later it was asked for %d times", f.sessionsAsked)
	}
}

func TestQuestionsForInventedCookiesAreBoundedAndKnownOnesDoNotWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		h := newSite(t, f).Handler()
		known, _ := show(h, "203.0.113.5:1", "rd_boss")
		if !shows(h, known) {
			t.Fatal("not shown")
		}
		asked := f.sessionsAsked
		f.change(func() { f.slow = make(chan struct{}) })
		ask := func(from string) *httptest.ResponseRecorder {
			w := httptest.NewRecorder()
			go h.ServeHTTP(w, cookied("GET", "/", from, rand.Text()+rand.Text()))
			synctest.Wait()
			return w
		}
		for range lookupsOfOne {
			ask("203.0.113.5:1")
		}
		if w := ask("203.0.113.5:1"); w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
			t.Errorf("one more of an address: %d %v", w.Code, w.Header())
		}
		for n := range lookupsMost {
			ask([]string{"a", "198.51.100.1:1", "198.51.100.2:1", "198.51.100.3:1", "198.51.100.4:1", "198.51.100.5:1", "198.51.100.6:1", "198.51.100.7:1", "198.51.100.8:1"}[n%9])
		}
		if got := f.sessionsAsked - asked; got != lookupsMost {
			t.Errorf("%d are asked at once, want %d", got, lookupsMost)
		}
		f.change(func() { f.now = f.now.Add(believed) })
		w := httptest.NewRecorder()
		go h.ServeHTTP(w, cookied("GET", "/", "203.0.113.5:1", known.Value))
		synctest.Wait()
		if got := f.sessionsAsked - asked; got != lookupsMost+1 {
			t.Error("one that is known waits for those that are not")
		}
		close(f.slow)
		synctest.Wait()
		if w.Code != http.StatusOK {
			t.Errorf("the known one: %d", w.Code)
		}
	})
}

func TestUnknownOnesAreForgotten(t *testing.T) {
	t.Parallel()
	l := newLookups(time.Now)
	for range maxSessions + 5 {
		id := rand.Text()
		if err := l.begin(sourceOf(t.Context()), id); err != nil {
			t.Fatal(err)
		}
		l.end(sourceOf(t.Context()), id, &campaign.Error{Kind: campaign.KindStranger})
	}
	if len(l.unknown) > maxSessions || l.asking != 0 || len(l.by) != 0 {
		t.Errorf("%d are remembered, %d asked, by %v", len(l.unknown), l.asking, l.by)
	}
}
