package web

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"fmt"
	"net/http"
	"strings"
	"time"

	"redial/campaign"
)

// Company signs people in with their company's account (OpenID Connect). Errors: KindStranger or KindDenied, whose text is
// for the person; KindAway when the issuer cannot be asked.
type Company interface {
	// SignInURL is where a browser goes; the issuer sends it back to redirect with state and a code.
	SignInURL(ctx context.Context, redirect, state, nonce, verifier string) (string, error)
	// SignIn is the person for whom the issuer gave a code.
	SignIn(ctx context.Context, redirect, code, nonce, verifier string) (campaign.Caller, error)
}

// A sign-in at the company's issuer is remembered by the browser alone, so that any node may end what another began.
const (
	companyPath   = "/signin/oidc"
	companyCookie = "redial_signin"
	companyTime   = 10 * time.Minute
)

// beginCompany sends a browser to the issuer. What comes back is held to the state, the nonce and the verifier that the
// browser keeps in a cookie of its own.
func (s *Site) beginCompany(w http.ResponseWriter, r *http.Request) {
	kept := []string{rand.Text(), rand.Text(), rand.Text() + rand.Text()}
	to, err := s.Company.SignInURL(r.Context(), s.redirect(r), kept[0], kept[1], kept[2])
	if err != nil {
		s.companyFailed(w, r, err)
		return
	}
	s.companyKeeps(w, r, strings.Join(kept, "."), companyTime)
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// endCompany takes the code that the browser was sent back with. Whatever comes of it, the cookie is used up.
func (s *Site) endCompany(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	cookie, err := r.Cookie(companyCookie)
	var kept []string
	if err == nil {
		kept = strings.Split(cookie.Value, ".")
	}
	s.companyKeeps(w, r, "", -time.Second)
	if len(kept) != 3 || subtle.ConstantTimeCompare([]byte(kept[0]), []byte(q.Get("state"))) != 1 {
		s.render(w, r, http.StatusUnauthorized, "signin", s.signInPage("company_stale"))
		return
	}
	if q.Get("code") == "" {
		s.Log.InfoContext(r.Context(), "the issuer did not sign somebody in", "error", fmt.Sprintf("%.100s", q.Get("error")))
		s.render(w, r, http.StatusUnauthorized, "signin", s.signInPage("company_refused"))
		return
	}
	if !s.entries.codes.spend(source(r)) {
		tooMany(w, "too many sign-ins at the company come from this address: wait a little")
		return
	}
	c, err := s.Company.SignIn(r.Context(), s.redirect(r), q.Get("code"), kept[1], kept[2])
	if campaign.KindOf(err) == campaign.KindStranger && !s.guessed(w, r) {
		return
	}
	if err != nil {
		s.companyFailed(w, r, err)
		return
	}
	if !s.admitted(w, r, c) {
		return
	}
	if !s.begin(w, r, c) {
		return
	}
	// The session's cookie goes along with no request that another site began, and a redirect from here would be one: the
	// page that answers goes on by itself.
	s.render(w, r, http.StatusOK, "onward", nil)
}

// companyFailed tells why the company's account does not lead in.
func (s *Site) companyFailed(w http.ResponseWriter, r *http.Request, err error) {
	page, code := s.signInPage("company_refused"), http.StatusUnauthorized
	switch campaign.KindOf(err) {
	case campaign.KindDenied:
		code, page.Detail = http.StatusForbidden, err.Error()
	case campaign.KindStranger:
		page.Detail = err.Error()
	default:
		page.Problem, code = "company_away", http.StatusServiceUnavailable
	}
	s.render(w, r, code, "signin", page)
}

// companyKeeps sets the cookie of a sign-in under way. The issuer's page leads back here, so unlike the session's it goes
// along with links of other sites.
func (s *Site) companyKeeps(w http.ResponseWriter, r *http.Request, value string, age time.Duration) {
	http.SetCookie(w, &http.Cookie{
		Name: companyCookie, Value: value, Path: companyPath, MaxAge: int(age / time.Second), HttpOnly: true,
		SameSite: http.SameSiteLaxMode, Secure: secure(r),
	})
}

// redirect is where the issuer sends browsers back to. It must be one of those that the issuer was told of, so that a
// made-up host name leads nowhere.
func (s *Site) redirect(r *http.Request) string {
	scheme := "http://"
	if secure(r) {
		scheme = "https://"
	}
	return scheme + r.Host + companyPath + "/callback"
}

// secure says whether the browser speaks TLS, to this server or to a proxy before it.
func secure(r *http.Request) bool {
	return r.TLS != nil || strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https")
}
