package web

import (
	"net/http"
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
	Detail   string // more of what went wrong, in English
}

func (s *Site) signInPage(problem string) signInPage {
	return signInPage{Problem: problem, Company: s.Company != nil}
}

// showSignIn takes a code of a printed link, or asks for a token.
func (s *Site) showSignIn(w http.ResponseWriter, r *http.Request) {
	code := r.URL.Query().Get("code")
	if code == "" || r.Method == http.MethodHead {
		s.render(w, r, http.StatusOK, "signin", s.signInPage(""))
		return
	}
	c, ok := s.sessions.redeem(code)
	if !ok {
		if s.guessed(w, r) {
			s.render(w, r, http.StatusUnauthorized, "signin", s.signInPage("code_used"))
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
		s.render(w, r, http.StatusServiceUnavailable, "signin", s.signInPage("away"))
	case campaign.KindStranger:
		if s.guessed(w, r) {
			s.render(w, r, http.StatusUnauthorized, "signin", s.signInPage("token_refused"))
		}
	default:
		s.render(w, r, http.StatusServiceUnavailable, "signin", s.signInPage("away"))
	}
}

func (s *Site) enter(w http.ResponseWriter, r *http.Request, c campaign.Caller) {
	if !s.admitted(w, r, c) {
		return
	}
	if s.begin(w, r, c) {
		place := "/"
		if s.starter(&c) {
			place = "/guide"
		}
		http.Redirect(w, r, place, http.StatusSeeOther)
	}
}

// begin begins a session; if it cannot be kept, it has answered.
func (s *Site) begin(w http.ResponseWriter, r *http.Request, c campaign.Caller) bool {
	id, err := s.sessions.begin(r.Context(), c)
	if err != nil {
		s.Log.ErrorContext(r.Context(), "a session cannot be kept", "error", err)
		s.render(w, r, http.StatusServiceUnavailable, "signin", s.signInPage("away"))
		return false
	}
	s.cookie(w, r, sessionCookie, id, sessionTime)
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
		s.render(w, r, http.StatusServiceUnavailable, "signin", s.signInPage("away"))
		return false
	}
	return true
}

func (s *Site) signOut(w http.ResponseWriter, r *http.Request) {
	if cookie, err := r.Cookie(sessionCookie); err == nil {
		found, err := s.sessions.find(r.Context(), cookie.Value)
		if err == nil {
			c := found.Caller
			c.From = address(r)
			err = s.sessions.end(campaign.WithCaller(r.Context(), c), cookie.Value)
		}
		if err != nil && campaign.KindOf(err) != campaign.KindStranger {
			s.stranger(w, r, err)
			return
		}
	}
	s.cookie(w, r, sessionCookie, "", -time.Second)
	http.Redirect(w, r, "/signin", http.StatusSeeOther)
}

// signOutEverywhere ends every session of whoever signed in, at every node, this one with them.
func (s *Site) signOutEverywhere(w http.ResponseWriter, r *http.Request) {
	if cookie, err := r.Cookie(sessionCookie); err == nil {
		found, err := s.sessions.find(r.Context(), cookie.Value)
		if err == nil {
			c := found.Caller
			c.From = address(r)
			_, err = s.sessions.endAll(campaign.WithCaller(r.Context(), c), c)
		}
		if err != nil && campaign.KindOf(err) != campaign.KindStranger {
			s.stranger(w, r, err)
			return
		}
	}
	s.cookie(w, r, sessionCookie, "", -time.Second)
	http.Redirect(w, r, "/signin", http.StatusSeeOther)
}

// cookie is one that scripts do not see, that no other site's page sends, and that stays off the clear wire where
// there is TLS, here or at a proxy.
func (s *Site) cookie(w http.ResponseWriter, r *http.Request, name, value string, age time.Duration) {
	http.SetCookie(w, &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: int(age / time.Second), HttpOnly: true, SameSite: http.SameSiteStrictMode,
		Secure: secure(r),
	})
}
