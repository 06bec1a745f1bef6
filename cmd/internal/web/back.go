package web

import (
	"net/http"
	"net/url"
	"strings"

	"redial/cmd/internal/web/page"
)

const (
	signedInPath = "/signed-in"
	// signInAside is where somebody signs in beside a page that holds what was typed.
	signInAside = "/signin?back=" + signedInPath
)

// backOf is where somebody wants to go who must sign in first; empty: nowhere but the first page.
func backOf(r *http.Request) string {
	back := ownPath(r.FormValue("back"))
	if path, _, _ := strings.Cut(back, "?"); path == "/" || path == "/signin" || strings.HasPrefix(path, "/signin/") || path == "/lang" {
		return ""
	}
	return back
}

// ownPath is a path of this site with its query, written anew, so that a browser and this server read the same in it;
// anything else is the first page. A browser drops tabs and takes \ for /, and //HOST is another site.
func ownPath(path string) string {
	u, err := url.Parse(path)
	if err != nil || u.IsAbs() || u.Host != "" || !strings.HasPrefix(u.Path, "/") || strings.HasPrefix(u.Path, "//") || strings.ContainsAny(u.Path, "\\\t\r\n") {
		return "/"
	}
	return (&url.URL{Path: u.Path, RawQuery: u.Query().Encode()}).String()
}

// onward answers a request that another site began with a page that goes on by itself: the session's cookie goes along with
// no such request, and a redirect would still be one.
func (s *Site) onward(w http.ResponseWriter, r *http.Request, to string) {
	s.render(w, r, http.StatusOK, "onward", ownPath(to))
}

// signedIn is the end of signing in beside a page.
func (s *Site) signedIn(w http.ResponseWriter, r *http.Request) {
	s.views.Page(w, r, http.StatusOK, "signedin", page.Sheet{Title: "sign_in", Narrow: true})
}
