package web

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"redial/campaign"
)

// signInPage is what the page of signing in shows.
type signInPage struct {
	Problem  string // key of what went wrong; empty: nothing
	Role     string // of a caller whose role may not see the overview
	SignedIn bool
	Company  bool   // there is an issuer to sign in at
	Back     string // where to go then; empty: the first page
	Here     string // the path of this page
	Out      bool   // somebody has just signed out
	Detail   string // more of what went wrong, as the API says it
}

func (s *Site) signInPage(r *http.Request, problem string) signInPage {
	p := signInPage{Problem: problem, Company: s.Company != nil, Back: backOf(r), Here: "/signin"}
	if p.Back != "" {
		p.Here += "?" + url.Values{"back": {p.Back}}.Encode()
	}
	// A link of another site must not make a browser forget what it keeps for somebody who is signed in.
	from := r.Header.Get("Sec-Fetch-Site")
	p.Out = r.URL.Query().Has("out") && (from == "" || from == "same-origin")
	return p
}

// showSignIn takes a code of a printed link, or asks for a token.
func (s *Site) showSignIn(w http.ResponseWriter, r *http.Request) {
	if s.vouchesAgain(r) {
		s.beginCompany(w, r)
		return
	}
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
	if s.begin(w, r, campaign.WebSession{Caller: c}, sessionOf(r)) {
		place := cmp.Or(backOf(r), "/")
		if place == "/" && s.starter(&c) {
			place = "/guide"
		}
		http.Redirect(w, r, place, http.StatusSeeOther)
	}
}

// begin begins a session and ends the one before it of the same browser, if any; if that cannot be done, it has answered.
func (s *Site) begin(w http.ResponseWriter, r *http.Request, begun campaign.WebSession, before string) bool {
	long := sessionTime
	if ofCompany(begun) && s.CompanySession > 0 {
		long = s.CompanySession
	}
	begun.EndsAt = s.Now().Add(long)
	id, err := s.sessions.begin(r.Context(), begun)
	if err == nil {
		err = s.leave(r, before)
	}
	if err != nil {
		s.Log.ErrorContext(r.Context(), "a session cannot be kept", "error", err)
		s.render(w, r, http.StatusServiceUnavailable, "signin", s.signInPage(r, "away"))
		return false
	}
	s.cookie(w, r, sessionCookie(r), id, long)
	s.remember(w, r, ofCompany(begun))
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

// leave ends a session of a request's browser, if it goes on.
func (s *Site) leave(r *http.Request, id string) error {
	return s.ofSession(r, id, func(ctx context.Context, _ campaign.Caller) error { return s.sessions.end(ctx, id) })
}

// ofSession does something to a session of a request's browser, as its caller; nothing if it is over.
func (s *Site) ofSession(r *http.Request, id string, do func(ctx context.Context, c campaign.Caller) error) error {
	found, err := s.sessions.find(r.Context(), id)
	if err == nil {
		c := found.Caller
		c.From = address(r)
		err = do(campaign.WithCaller(r.Context(), c), c)
	}
	if campaign.KindOf(err) == campaign.KindStranger {
		return nil
	}
	return err
}

func (s *Site) signOut(w http.ResponseWriter, r *http.Request) { s.out(w, r, s.leave(r, sessionOf(r))) }

// signOutEverywhere ends every session of whoever signed in, at every node, this one with them.
func (s *Site) signOutEverywhere(w http.ResponseWriter, r *http.Request) {
	s.out(w, r, s.ofSession(r, sessionOf(r), func(ctx context.Context, c campaign.Caller) error {
		_, err := s.sessions.endAll(ctx, c)
		return err
	}))
}

// out answers who signed out, unless that could not be done. The page that follows forgets what the browser kept, but
// outcomes of calls that only this browser has: Clear-Site-Data would take these along.
func (s *Site) out(w http.ResponseWriter, r *http.Request, err error) {
	if err != nil {
		s.stranger(w, r, err)
		return
	}
	s.cookie(w, r, sessionCookie(r), "", -time.Second)
	s.remember(w, r, false)
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
