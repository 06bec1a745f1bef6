package web

import (
	"net/http"
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
