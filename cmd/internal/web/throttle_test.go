package web

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// guess shows a token from an address; it tells the answer and how long it took.
func guess(h http.Handler, from, token string) (code int, took time.Duration) {
	r := httptest.NewRequest("POST", "/signin", strings.NewReader(url.Values{"token": {token}}.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.RemoteAddr = from
	w := httptest.NewRecorder()
	began := time.Now()
	h.ServeHTTP(w, r)
	return w.Code, time.Since(began)
}

func TestGuessesSlowTheirOwnAddressAndARightTokenNever(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		h := newSite(t, f).Handler()
		const evil, nat = "203.0.113.5:4000", "203.0.113.5:5000"
		var slowest time.Duration
		for n := range 60 {
			code, took := guess(h, evil, fmt.Sprint("rd_guess", n))
			if code != 401 || (n < guessesFree && took != 0) || took < slowest {
				t.Fatalf("guess %d: %d after %v", n, code, took)
			}
			slowest = took
		}
		if slowest != guessLongest {
			t.Errorf("after 60 guesses each takes %v, want %v", slowest, guessLongest)
		}
		for name, from := range map[string]string{"from elsewhere": "198.51.100.9:1", "from the same address": nat} {
			if code, took := guess(h, from, "rd_boss"); code != http.StatusSeeOther || took != 0 {
				t.Errorf("a right token %s: %d after %v", name, code, took)
			}
		}
		if code, took := guess(h, "198.51.100.9:2", "rd_typo"); code != 401 || took != 0 {
			t.Errorf("somebody else's first mistake: %d after %v", code, took)
		}
		f.change(func() { f.now = f.now.Add(time.Hour) })
		if _, took := guess(h, evil, "rd_typo"); took != 0 {
			t.Errorf("an hour later a mistake takes %v", took)
		}
	})
}

func TestSoManyGuessesOfAnAddressWaitAndNoMore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newSite(t, newFake()).Handler()
		for n := range 2 * guessesFree {
			guess(h, "203.0.113.5:1", fmt.Sprint("rd_", n))
		}
		var wg sync.WaitGroup
		for range guessWaiting {
			wg.Go(func() { guess(h, "203.0.113.5:1", "rd_x") })
		}
		synctest.Wait()
		if code, took := guess(h, "203.0.113.5:1", "rd_x"); code != http.StatusTooManyRequests || took != 0 {
			t.Errorf("one more: %d after %v", code, took)
		}
		if code, took := guess(h, "203.0.113.5:1", "rd_boss"); code != http.StatusSeeOther || took != 0 {
			t.Errorf("a right token meanwhile: %d after %v", code, took)
		}
		wg.Wait()
		if code, _ := guess(h, "203.0.113.5:1", "rd_x"); code != 401 {
			t.Errorf("when they have their answers: %d", code)
		}
	})
}

func TestAddressesAreCountedByWhatOneCustomerHas(t *testing.T) {
	t.Parallel()
	of := func(from string) string {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = from
		return source(r).String()
	}
	for from, want := range map[string]string{
		"203.0.113.5:1": "203.0.113.5/32", "[::ffff:203.0.113.5]:1": "203.0.113.5/32", "[2001:db8:1:2:3::4]:1": "2001:db8:1:2::/64",
		"[fe80::1%eth0]:1": "fe80::/64", "@": "invalid Prefix",
	} {
		if got := of(from); got != want {
			t.Errorf("%s is counted as %s, want %s", from, got, want)
		}
	}
	g := newGuesses(func() time.Time { return monday })
	for n := range addressesMax + 5 {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = fmt.Sprintf("10.%d.%d.%d:1", n>>16, n>>8&255, n&255)
		g.note(source(r))
	}
	if len(g.by) > addressesMax {
		t.Errorf("%d addresses are remembered", len(g.by))
	}
}
