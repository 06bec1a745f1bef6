package web

import (
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"redial/campaign"
)

const (
	sessionTime = 12 * time.Hour // a shift
	codeTime    = 10 * time.Minute
	maxSessions = 10_000 // known at once
	callerMost  = 20     // sessions of one caller; a further one ends the oldest
)

// hostCookie is the name of a cookie of this host alone. Over TLS it is one that no other host of the domain, and nobody on
// a clear wire, can set here.
func hostCookie(r *http.Request, name string) string {
	if secure(r) {
		return "__Host-" + name
	}
	return name
}

// sessionCookie is the name of the session's cookie.
func sessionCookie(r *http.Request) string { return hostCookie(r, "redial_session") }

// sessionOf is the id of the session of a request's browser; empty: it shows none.
func sessionOf(r *http.Request) string {
	cookie, err := r.Cookie(sessionCookie(r))
	if err != nil {
		return ""
	}
	return cookie.Value
}

// Sessions keeps who signed in, for every node and over restarts. Errors: KindStranger where a session is over, KindAway
// when that cannot be asked.
type Sessions interface {
	// KeepWebSession begins a session; of one caller at most so many are kept.
	KeepWebSession(ctx context.Context, id string, w campaign.WebSession, most int) error
	// ChangeWebSession changes one that goes on.
	ChangeWebSession(ctx context.Context, id string, w campaign.WebSession) error
	// WebSession is a session with its caller as it may act now.
	WebSession(ctx context.Context, id string) (campaign.WebSession, error)
	EndWebSession(ctx context.Context, id string) error
	// EndWebSessions ends those of a caller, and says how many there were.
	EndWebSessions(ctx context.Context, c campaign.Caller) (int, error)
}

// believed is how long a session is taken for what the record last said: a revocation is in force within two.
const believed = time.Second

// sessions are the browsers that this node heard of lately, and the codes that it gave out. Safe for concurrent use.
type sessions struct {
	kept  Sessions
	now   func() time.Time
	asked *lookups

	mu     sync.Mutex
	known  map[string]heard
	codes  map[string]code
	tidied time.Time
}

// heard is what the record said of a session.
type heard struct {
	campaign.WebSession
	at time.Time
}

// code signs one browser in, once.
type code struct {
	caller campaign.Caller
	until  time.Time
}

// who tells apart the callers whose sign-ins count together: a token, a person of the issuer, the owner of a code.
type who struct {
	token campaign.TokenID
	owner string // where there is no token
}

func whose(c *campaign.Caller) who {
	if c.Token != 0 {
		return who{token: c.Token}
	}
	return who{owner: c.Owner}
}

func newSessions(kept Sessions, now func() time.Time) *sessions {
	return &sessions{kept: kept, now: now, asked: newLookups(now), known: map[string]heard{}, codes: map[string]code{}}
}

// NewCode is a code that signs one browser in as c, once, within ten minutes: for a link printed where only the
// server's owner reads it. The link's path is /signin?code=CODE.
func (s *Site) NewCode(c campaign.Caller) string {
	one := rand.Text()
	s.sessions.mu.Lock()
	defer s.sessions.mu.Unlock()
	s.sessions.tidy()
	s.sessions.codes[one] = code{c, s.Now().Add(codeTime)}
	return one
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
	return scheme + net.JoinHostPort(host, port) + "/signin?code=" + s.NewCode(campaign.Caller{Owner: "admin", Role: campaign.RoleAdmin}), nil
}

// redeem takes a code; it works once.
func (s *sessions) redeem(code string) (campaign.Caller, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	given, ok := s.codes[code]
	delete(s.codes, code)
	return given.caller, ok && s.now().Before(given.until)
}

// begin is the id of a new session. The caller's oldest ends when it has too many.
func (s *sessions) begin(ctx context.Context, w campaign.WebSession) (string, error) {
	id := rand.Text() + rand.Text()
	err := s.kept.KeepWebSession(ctx, id, w, callerMost)
	return id, err //nolint:wrapcheck // its kind is what counts
}

// find is a session as the record knows it, or knew it a moment ago. Errors: KindStranger when there is none; KindAway
// when that cannot be asked, or too many ask; one that was known lately never waits for others.
func (s *sessions) find(ctx context.Context, id string) (campaign.WebSession, error) {
	if !wellFormed(id) {
		return campaign.WebSession{}, notSignedIn()
	}
	now := s.now()
	s.mu.Lock()
	h, ok := s.known[id]
	s.mu.Unlock()
	if ok && now.Sub(h.at) < believed && now.Before(h.EndsAt) {
		return h.WebSession, nil
	}
	w, err := s.look(ctx, id, ok)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		if campaign.KindOf(err) == campaign.KindStranger {
			delete(s.known, id)
		}
		return campaign.WebSession{}, err
	}
	s.tidy()
	s.known[id] = heard{w, now}
	return w, nil
}

// look asks the record for a session.
func (s *sessions) look(ctx context.Context, id string, known bool) (w campaign.WebSession, err error) {
	if !known {
		from := sourceOf(ctx)
		if err := s.asked.begin(from, id); err != nil {
			return w, err
		}
		defer func() { s.asked.end(from, id, err) }()
	}
	return s.kept.WebSession(ctx, id) //nolint:wrapcheck // its kind is what counts
}

// change changes for whom a session acts.
func (s *sessions) change(ctx context.Context, id string, w campaign.WebSession) error {
	s.forget(id)
	defer s.forget(id)                         // what was heard meanwhile
	return s.kept.ChangeWebSession(ctx, id, w) //nolint:wrapcheck // its kind is what counts
}

// acting says whether a session acts for somebody else.
func (s *sessions) acting(ctx context.Context, id string) bool {
	w, err := s.find(ctx, id)
	return err == nil && w.Acting != nil
}

// end ends a session.
func (s *sessions) end(ctx context.Context, id string) error {
	s.forget(id)
	return s.kept.EndWebSession(ctx, id) //nolint:wrapcheck // its kind is what counts
}

// endAll ends every session of a caller, at every node, and says how many there were.
func (s *sessions) endAll(ctx context.Context, c campaign.Caller) (int, error) {
	n, err := s.kept.EndWebSessions(ctx, c)
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.DeleteFunc(s.known, func(_ string, h heard) bool { return whose(&h.Caller) == whose(&c) })
	return n, err //nolint:wrapcheck // its kind is what counts
}

func (s *sessions) forget(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.known, id)
}

// tidy forgets what was not asked for lately, and codes that nobody used, once a minute at most; more often when there is
// much of it.
func (s *sessions) tidy() {
	now := s.now()
	if now.Sub(s.tidied) < time.Minute && len(s.known) < maxSessions {
		return
	}
	s.tidied = now
	maps.DeleteFunc(s.known, func(_ string, h heard) bool { return now.Sub(h.at) >= believed })
	maps.DeleteFunc(s.codes, func(_ string, c code) bool { return !now.Before(c.until) })
}

// viewers are the roles that have a page here: nobody else begins a session.
var viewers = []campaign.Role{
	campaign.RoleAgent, campaign.RoleSupervisor, campaign.RoleManager, campaign.RoleQuality, campaign.RoleAdmin,
}

// denied tells a caller that a page is not for its role.
func (s *Site) denied(w http.ResponseWriter, r *http.Request, c campaign.Caller, signedIn bool) {
	said := s.signInPage(r, "role_denied")
	said.Role, said.SignedIn = string(c.Role), signedIn
	s.render(w, r, http.StatusForbidden, "signin", said)
}
