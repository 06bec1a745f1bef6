package web

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
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
	// SignIn is the person for whom the issuer gave a code, and its groups.
	SignIn(ctx context.Context, redirect, code, nonce, verifier string) (campaign.Caller, []string, error)
	// Role is what a person of these groups may be here today; false: nothing.
	Role(groups []string) (campaign.Role, bool)
}

// A sign-in at the company's issuer is remembered by the browser alone, so that any node may end what another began.
const (
	companyPath = "/signin/oidc"
	companyTime = 10 * time.Minute
)

// beginCompany sends a browser to the issuer. What comes back is held to the state, the nonce and the verifier that the
// browser keeps in a cookie of its own.
func (s *Site) beginCompany(w http.ResponseWriter, r *http.Request) {
	var before string // the session that this sign-in ends: the issuer leads back here without its cookie
	if id := sessionOf(r); wellFormed(id) {
		before = id
	}
	kept := []string{rand.Text(), rand.Text(), rand.Text() + rand.Text(), base64.RawURLEncoding.EncodeToString([]byte(backOf(r))), before}
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
	cookie, err := r.Cookie(companyCookie(r))
	var kept []string
	if err == nil {
		kept = strings.Split(cookie.Value, ".")
	}
	s.companyKeeps(w, r, "", -time.Second)
	if len(kept) != 5 || subtle.ConstantTimeCompare([]byte(kept[0]), []byte(q.Get("state"))) != 1 {
		s.render(w, r, http.StatusUnauthorized, "signin", s.signInPage(r, "company_stale"))
		return
	}
	if q.Get("code") == "" {
		s.Log.InfoContext(r.Context(), "the issuer did not sign somebody in", "error", fmt.Sprintf("%.100s", q.Get("error")))
		s.render(w, r, http.StatusUnauthorized, "signin", s.signInPage(r, "company_refused"))
		return
	}
	if !s.entries.codes.spend(source(r)) {
		tooMany(w, "too many sign-ins at the company come from this address: wait a little")
		return
	}
	c, groups, err := s.Company.SignIn(r.Context(), s.redirect(r), q.Get("code"), kept[1], kept[2])
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
	if !s.begin(w, r, campaign.WebSession{Caller: c, Groups: groups}, kept[4]) {
		return
	}
	back, _ := base64.RawURLEncoding.DecodeString(kept[3]) // what is no path of ours leads to the first page
	s.onward(w, r, string(back))
}

// companyCookie is the name of the cookie of a sign-in under way.
func companyCookie(r *http.Request) string {
	if secure(r) {
		return "__Secure-redial_signin"
	}
	return "redial_signin"
}

// companyFailed tells why the company's account does not lead in.
func (s *Site) companyFailed(w http.ResponseWriter, r *http.Request, err error) {
	page, code := s.signInPage(r, "company_refused"), http.StatusUnauthorized
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
		Name: companyCookie(r), Value: value, Path: companyPath, MaxAge: int(age / time.Second), HttpOnly: true,
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
