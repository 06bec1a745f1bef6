package web

import (
	"net/http"
	"strings"
	"time"

	"redial/cmd/internal/web/page"
)

const chosenTime = 365 * 24 * time.Hour

// chooseLang remembers a language, and goes back to the page where it was chosen.
func (s *Site) chooseLang(w http.ResponseWriter, r *http.Request) {
	if to := r.URL.Query().Get("to"); page.IsLang(to) {
		s.cookie(w, r, page.LangCookie, to, chosenTime)
	}
	http.Redirect(w, r, ownPath(r.URL.Query().Get("back")), http.StatusSeeOther)
}

// ownPath is a path of this site; anything else is the first page.
func ownPath(path string) string {
	if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") || strings.ContainsAny(path, "\\\r\n") {
		return "/"
	}
	return path
}
