package web

import (
	"net/http"
	"strconv"
	"time"

	"redial/campaign"
)

// A browser whose sign-in at the company is over goes there again by itself: for so long, and not within so short a time,
// for two nodes that disagree about somebody's role would send it back and forth.
const (
	companyAgain = 7 * 24 * time.Hour
	companyPause = time.Minute
)

// ofCompany says whether the company's issuer vouched for whoever signed in; else it was a token, which the record looks at,
// or a link.
func ofCompany(w campaign.WebSession) bool { return w.Caller.Token < 0 }

// vouched says whether the company's groups still make somebody what the session says, and were told lately: a mapping or a
// time that changed, or an issuer that is no longer asked, ends it.
func (s *Site) vouched(w campaign.WebSession) bool {
	if !ofCompany(w) {
		return true
	}
	if s.Company == nil || (s.CompanySession > 0 && s.Now().Sub(w.BeganAt) >= s.CompanySession) {
		return false
	}
	role, ok := s.Company.Role(w.Groups)
	return ok && role == w.Caller.Role
}

// remember has the browser know, or forget, that its person signs in at the company, and when that was last.
func (s *Site) remember(w http.ResponseWriter, r *http.Request, company bool) {
	name := hostCookie(r, "redial_company")
	if company {
		s.cookie(w, r, name, strconv.FormatInt(s.Now().Unix(), 10), companyAgain)
	} else if _, err := r.Cookie(name); err == nil {
		s.cookie(w, r, name, "", -time.Second)
	}
}

// vouchesAgain says whether a browser that asked for a page goes to the company by itself: its person signed in there
// before, and has not signed out.
func (s *Site) vouchesAgain(r *http.Request) bool {
	if s.Company == nil || r.Method != http.MethodGet || !r.URL.Query().Has("back") {
		return false
	}
	cookie, err := r.Cookie(hostCookie(r, "redial_company"))
	if err != nil {
		return false
	}
	at, err := strconv.ParseInt(cookie.Value, 10, 64)
	return err == nil && s.Now().Sub(time.Unix(at, 0)) >= companyPause
}
