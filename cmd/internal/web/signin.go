package web

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"redial/campaign"
	"redial/cmd/internal/web/page"
)

// signInPage is what the page of signing in shows.
type signInPage struct {
	Problem  string // key of what went wrong; empty: nothing
	Role     string // of a caller whose role may not see the overview
	SignedIn bool
	Company  bool   // there is an issuer to sign in at
	Back     string // where to go then; empty: the first page
	Out      bool   // somebody has just signed out
	Detail   string // more of what went wrong, in English
}

func (s *Site) signInPage(r *http.Request, problem string) signInPage {
	return signInPage{Problem: problem, Company: s.Company != nil, Back: backOf(r), Out: r.URL.Query().Has("out")}
}

const (
	signedInPath = "/signed-in"
	// signInAside is where somebody signs in beside a page that holds what was typed.
	signInAside = "/signin?back=" + signedInPath
)

// backOf is where somebody wants to go who must sign in first; empty: nowhere. It is a path of this site's pages.
func backOf(r *http.Request) string {
	back := ownPath(r.FormValue("back"))
	if path, _, _ := strings.Cut(back, "?"); path == "/" || path == "/signin" || strings.HasPrefix(path, "/signin/") || path == "/lang" {
		return ""
	}
	return back
}

// signedIn is the end of signing in beside a page.
func (s *Site) signedIn(w http.ResponseWriter, r *http.Request) {
	s.views.Page(w, r, http.StatusOK, "signedin", page.Sheet{Title: "sign_in", Narrow: true})
}

// showSignIn takes a code of a printed link, or asks for a token.
func (s *Site) showSignIn(w http.ResponseWriter, r *http.Request) {
	code := r.URL.Query().Get("code")
	if code == "" || r.Method == http.MethodHead {
		s.render(w, r, http.StatusOK, "signin", s.signInPage(r, ""))
		return
	}
	c, ok := s.sessions.redeem(code)
	if !ok {
		if s.guessed(w, r) {
			s.render(w, r, http.StatusUnauthorized, "signin", s.signInPage(r, "code_used"))
		}
		return
	}
	s.enter(w, r, c)
}

// signIn takes a token that was pasted into the form.
func (s *Site) signIn(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 4<<10)
	secret := strings.TrimSpace(r.PostFormValue("token"))
	c, err := s.Tokens.Authenticate(r.Context(), secret)
	switch campaign.KindOf(err) {
	case campaign.KindInternal:
		if err == nil {
			s.enter(w, r, c)
			return
		}
		s.render(w, r, http.StatusServiceUnavailable, "signin", s.signInPage(r, "away"))
	case campaign.KindStranger:
		if s.guessed(w, r) {
			s.render(w, r, http.StatusUnauthorized, "signin", s.signInPage(r, "token_refused"))
		}
	default:
		s.render(w, r, http.StatusServiceUnavailable, "signin", s.signInPage(r, "away"))
	}
}

func (s *Site) enter(w http.ResponseWriter, r *http.Request, c campaign.Caller) {
	if !s.admitted(w, r, c) {
		return
	}
	if s.begin(w, r, campaign.WebSession{Caller: c}) {
		place := cmp.Or(backOf(r), "/")
		if place == "/" && s.starter(&c) {
			place = "/guide"
		}
		http.Redirect(w, r, place, http.StatusSeeOther)
	}
}

// begin begins a session; if it cannot be kept, it has answered.
func (s *Site) begin(w http.ResponseWriter, r *http.Request, begun campaign.WebSession) bool {
	long := sessionTime
	if begun.Caller.Token < 0 && s.CompanySession > 0 {
		long = s.CompanySession
	}
	begun.EndsAt = s.Now().Add(long)
	id, err := s.sessions.begin(r.Context(), begun)
	if err == nil {
		err = s.leave(r) // the browser's session before, if any
	}
	if err != nil {
		s.Log.ErrorContext(r.Context(), "a session cannot be kept", "error", err)
		s.render(w, r, http.StatusServiceUnavailable, "signin", s.signInPage(r, "away"))
		return false
	}
	s.cookie(w, r, sessionCookie(r), id, long)
	return true
}

// admitted says whether a caller who was recognised may begin a session; if not, it has answered.
func (s *Site) admitted(w http.ResponseWriter, r *http.Request, c campaign.Caller) bool {
	if !slices.Contains(viewers, c.Role) {
		s.denied(w, r, c, false)
		return false
	}
	if !s.entries.spend(source(r), whose(&c)) {
		tooMany(w, "too many sign-ins with one token or from this address: wait a little")
		return false
	}
	return s.entered(w, r, c)
}

// entered puts a sign-in into the audit log; without an entry nobody is let in.
func (s *Site) entered(w http.ResponseWriter, r *http.Request, c campaign.Caller) bool {
	if s.Deeds == nil {
		return true
	}
	c.From = address(r)
	if err := s.Deeds.LogDeed(campaign.WithCaller(r.Context(), c), "sign_in", "", nil, ""); err != nil {
		s.Log.ErrorContext(r.Context(), "a sign-in could not be put into the audit log", "error", err)
		s.render(w, r, http.StatusServiceUnavailable, "signin", s.signInPage(r, "away"))
		return false
	}
	return true
}

// leave ends the session of a request's browser, if it has one.
func (s *Site) leave(r *http.Request) error {
	return s.ofSession(r, func(ctx context.Context, id string, _ campaign.Caller) error { return s.sessions.end(ctx, id) })
}

// ofSession does something to the session of a request's browser, as its caller; nothing if it has none.
func (s *Site) ofSession(r *http.Request, do func(ctx context.Context, id string, c campaign.Caller) error) error {
	cookie, err := r.Cookie(sessionCookie(r))
	if err != nil {
		return nil //nolint:nilerr // no cookie, no session
	}
	found, err := s.sessions.find(r.Context(), cookie.Value)
	if err == nil {
		c := found.Caller
		c.From = address(r)
		err = do(campaign.WithCaller(r.Context(), c), cookie.Value, c)
	}
	if campaign.KindOf(err) == campaign.KindStranger {
		return nil
	}
	return err
}

func (s *Site) signOut(w http.ResponseWriter, r *http.Request) { s.out(w, r, s.leave(r)) }

// signOutEverywhere ends every session of whoever signed in, at every node, this one with them.
func (s *Site) signOutEverywhere(w http.ResponseWriter, r *http.Request) {
	s.out(w, r, s.ofSession(r, func(ctx context.Context, _ string, c campaign.Caller) error {
		_, err := s.sessions.endAll(ctx, c)
		return err
	}))
}

// out answers who signed out, unless that could not be done. The page that follows forgets what the browser kept.
func (s *Site) out(w http.ResponseWriter, r *http.Request, err error) {
	if err != nil {
		s.stranger(w, r, err)
		return
	}
	s.cookie(w, r, sessionCookie(r), "", -time.Second)
	http.Redirect(w, r, "/signin?out=1", http.StatusSeeOther)
}

// cookie is one that scripts do not see, that no other site's page sends, and that stays off the clear wire where
// there is TLS, here or at a proxy.
func (s *Site) cookie(w http.ResponseWriter, r *http.Request, name, value string, age time.Duration) {
	http.SetCookie(w, &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: int(age / time.Second), HttpOnly: true, SameSite: http.SameSiteStrictMode,
		Secure: secure(r),
	})
}
