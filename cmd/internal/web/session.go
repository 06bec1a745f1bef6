package web

import (
	"crypto/rand"
	"fmt"
	"maps"
	"math"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"redial/campaign"
)

const (
	sessionCookie = "redial_session"
	sessionTime   = 12 * time.Hour // a shift
	codeTime      = 10 * time.Minute
	maxSessions   = 10_000
	callerMost    = 20 // sessions of one caller; a further one ends the oldest
)

// session is a browser that signed in. It ends with the process: nothing of it is kept on disk.
type session struct {
	number uint64 // in the order of beginning
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
	last   uint64 // number that was given to one
	tidied time.Time
}

// who tells apart the callers whose sessions count together: a token, a person of the issuer, the owner of a code.
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
	s.sessions.keep(s.sessions.codes, code, session{caller: c, until: s.Now().Add(codeTime)})
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

// begin is the id of a new session. The caller's oldest ends when it has too many, and the oldest of all when there are
// too many of those.
func (s *sessions) begin(c campaign.Caller, secret string) string {
	id := rand.Text() + rand.Text()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tidy()
	mine, most := whose(&c), 0
	for _, one := range s.byID {
		if whose(&one.caller) == mine {
			most++
		}
	}
	if most >= callerMost {
		dropOldest(s.byID, func(one *session) bool { return whose(&one.caller) == mine })
	}
	s.keep(s.byID, id, session{caller: c, secret: secret, until: s.now().Add(sessionTime)})
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

// endAll ends every session of a caller, and says how many there were.
func (s *sessions) endAll(of who) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := len(s.byID)
	maps.DeleteFunc(s.byID, func(_ string, one session) bool { return whose(&one.caller) == of })
	return before - len(s.byID)
}

// keep adds one to a map of s, in place of the oldest if there is no room.
func (s *sessions) keep(m map[string]session, id string, one session) {
	if len(m) >= maxSessions {
		dropOldest(m, func(*session) bool { return true })
	}
	s.last++
	one.number = s.last
	m[id] = one
}

// dropOldest forgets the one that began first of those that may go.
func dropOldest(m map[string]session, may func(*session) bool) {
	var oldest string
	number := uint64(math.MaxUint64)
	for id, one := range m {
		if one.number < number && may(&one) {
			oldest, number = id, one.number
		}
	}
	delete(m, oldest)
}

// tidy forgets what is over, once a minute at most.
func (s *sessions) tidy() {
	now := s.now()
	if now.Sub(s.tidied) < time.Minute {
		return
	}
	s.tidied = now
	for _, m := range []map[string]session{s.byID, s.codes} {
		for id, one := range m {
			if !now.Before(one.until) {
				delete(m, id)
			}
		}
	}
}

// viewers are the roles that have a page here: nobody else begins a session.
var viewers = []campaign.Role{
	campaign.RoleAgent, campaign.RoleSupervisor, campaign.RoleManager, campaign.RoleQuality, campaign.RoleAdmin,
}

// denied tells a caller that a page is not for its role.
func (s *Site) denied(w http.ResponseWriter, r *http.Request, c campaign.Caller, signedIn bool) {
	said := s.signInPage("role_denied")
	said.Role, said.SignedIn = string(c.Role), signedIn
	s.render(w, r, http.StatusForbidden, "signin", said)
}
