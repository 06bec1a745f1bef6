package web

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"sync"
	"time"

	"redial/campaign"
)

const (
	sessionCookie = "redial_session"
	sessionTime   = 12 * time.Hour // a shift
	codeTime      = 10 * time.Minute
	maxSessions   = 10_000
)

// session is a browser that signed in. It ends with the process: nothing of it is kept on disk.
type session struct {
	caller campaign.Caller
	secret string // of the token it signed in with, asked for again at each request; empty: by a code
	until  time.Time
}

// sessions are the browsers that signed in, and the codes that were given out. Safe for concurrent use.
type sessions struct {
	now func() time.Time

	mu     sync.Mutex
	byID   map[string]session
	codes  map[string]session
	tidied time.Time
}

func newSessions(now func() time.Time) *sessions {
	return &sessions{now: now, byID: map[string]session{}, codes: map[string]session{}}
}

// NewCode is a code that signs one browser in as c, once, within ten minutes: for a link printed where only the
// server's owner reads it. The link's path is /signin?code=CODE.
func (s *Site) NewCode(c campaign.Caller) string {
	code := rand.Text()
	s.sessions.mu.Lock()
	defer s.sessions.mu.Unlock()
	s.sessions.tidy()
	s.sessions.codes[code] = session{caller: c, until: s.Now().Add(codeTime)}
	return code
}

// SignInLink is a link that signs one browser in as an admin, once, within ten minutes: whoever reads what the server
// prints may read admin.token too. The address is the one the site listens on.
func (s *Site) SignInLink(addr string) (string, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return "", fmt.Errorf("make a link to %q: %w", addr, err)
	}
	if ip, err := netip.ParseAddr(host); host == "" || (err == nil && ip.IsUnspecified()) {
		host = "127.0.0.1"
	}
	scheme := "http://"
	if s.Name != nil {
		scheme = "https://"
		if name := s.Name(); name != "" {
			host = name
		}
	}
	code := s.NewCode(campaign.Caller{Owner: "admin", Role: campaign.RoleAdmin})
	return scheme + net.JoinHostPort(host, port) + "/signin?code=" + code, nil
}

// redeem takes a code; it works once.
func (s *sessions) redeem(code string) (campaign.Caller, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	given, ok := s.codes[code]
	delete(s.codes, code)
	return given.caller, ok && s.now().Before(given.until)
}

// begin is the id of a new session.
func (s *sessions) begin(c campaign.Caller, secret string) string {
	id := rand.Text() + rand.Text()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tidy()
	s.byID[id] = session{caller: c, secret: secret, until: s.now().Add(sessionTime)}
	return id
}

func (s *sessions) find(id string) (session, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found, ok := s.byID[id]
	return found, ok && s.now().Before(found.until)
}

func (s *sessions) end(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.byID, id)
}

// tidy forgets what is over, once a minute at most, and everything of which there is too much.
func (s *sessions) tidy() {
	now := s.now()
	full := max(len(s.byID), len(s.codes)) >= maxSessions
	if !full && now.Sub(s.tidied) < time.Minute {
		return
	}
	s.tidied = now
	for _, m := range []map[string]session{s.byID, s.codes} {
		if len(m) >= maxSessions {
			clear(m)
		}
		for id, one := range m {
			if !now.Before(one.until) {
				delete(m, id)
			}
		}
	}
}

// viewers are the roles that may see everybody's work.
var viewers = []campaign.Role{campaign.RoleSupervisor, campaign.RoleManager, campaign.RoleQuality, campaign.RoleAdmin}

// caller is who a request's cookie signs in; false when nobody, or no longer.
func (s *Site) caller(r *http.Request) (campaign.Caller, bool) {
	cookie, err := r.Cookie(sessionCookie)
	if err != nil {
		return campaign.Caller{}, false
	}
	found, ok := s.sessions.find(cookie.Value)
	if !ok {
		return campaign.Caller{}, false
	}
	if found.secret == "" {
		return found.caller, true
	}
	c, err := s.Tokens.Authenticate(r.Context(), found.secret)
	if campaign.KindOf(err) == campaign.KindStranger {
		s.sessions.end(cookie.Value)
	}
	return c, err == nil
}

// signedIn lets viewers through, with the caller in the context, and sends everybody else to sign in.
func (s *Site) signedIn(next http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, ok := s.caller(r)
		if !ok {
			http.Redirect(w, r, "/signin", http.StatusSeeOther)
			return
		}
		if !slices.Contains(viewers, c.Role) {
			s.render(w, r, http.StatusForbidden, "signin", signInPage{Problem: "role_denied", Role: string(c.Role), SignedIn: true})
			return
		}
		ctx, cancel := context.WithCancel(campaign.WithCaller(r.Context(), c))
		defer cancel()
		defer context.AfterFunc(s.ending, cancel)()
		next(w, r.WithContext(ctx))
	})
}
