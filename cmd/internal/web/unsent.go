package web

import (
	"net/http"
	"net/url"
	"strings"

	"redial/cmd/internal/web/page"
)

// unsentPage gives a form back to whoever sent it without a session.
type unsentPage struct {
	SignIn string     // where to sign in, beside the page
	To     string     // where the form goes; empty: it is not given back
	Fields url.Values // what was typed
}

const namesMost = 1000 // of fields that are given back

// unsent answers a form without a script whose session is over. What was typed is in the answer, to be sent again: pages
// are stored nowhere, so going back would show an empty form. A file, or more than any but a form of columns holds, is
// not taken from strangers.
func (s *Site) unsent(w http.ResponseWriter, r *http.Request) {
	p := unsentPage{SignIn: signInAside}
	r.Body = http.MaxBytesReader(w, r.Body, bodyMost)
	file := strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/")
	if err := r.ParseForm(); err == nil && !file && r.Method == http.MethodPost && fields(r.PostForm) <= namesMost {
		p.To, p.Fields = ownPath(r.URL.RequestURI()), r.PostForm
	}
	s.views.Page(w, r, http.StatusUnauthorized, "unsent", page.Sheet{Title: "sign_in", Narrow: true, Data: p})
}

func fields(form url.Values) (n int) {
	for _, values := range form {
		n += len(values)
	}
	return n
}
