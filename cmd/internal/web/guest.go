package web

import (
	"context"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"google.golang.org/grpc/metadata"

	"redial/campaign"
	"redial/cmd/internal/auth"
	"redial/cmd/internal/web/page"
)

// Guest implements auth.Guests: the caller of a session, as it is now.
func (s *Site) Guest(ctx context.Context, id string) (campaign.Caller, error) {
	w, err := s.sessions.find(ctx, id)
	switch {
	case err != nil:
		return campaign.Caller{}, err
	case !s.vouched(w):
		return campaign.Caller{}, &campaign.Error{Kind: campaign.KindStranger, Message: "what you may do here has changed: sign in again"}
	case w.Acting != nil:
		return *w.Acting, nil
	}
	return w.Caller, nil
}

// caller is who a request's cookie signs in, and the session. Errors: KindStranger when nobody, or no longer; KindAway
// when that cannot be asked.
func (s *Site) caller(r *http.Request) (campaign.Caller, string, error) {
	id := sessionOf(r)
	c, err := s.Guest(r.Context(), id)
	return c, id, err
}

// still says whether a request's session goes on; a record that is away ends none.
func (s *Site) still(r *http.Request) bool {
	_, _, err := s.caller(r)
	return campaign.KindOf(err) != campaign.KindStranger
}

// open lets these roles through, with the caller in the context and in the calls of the API made with it, and sends
// everybody else to sign in.
func (s *Site) open(roles []campaign.Role, next http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, id, err := s.caller(r)
		if err != nil {
			s.stranger(w, r, err)
			return
		}
		if !slices.Contains(roles, c.Role) {
			s.denied(w, r, c, true)
			return
		}
		c.From = address(r)
		ctx, cancel := context.WithCancel(campaign.WithCaller(r.Context(), c))
		defer cancel()
		defer context.AfterFunc(s.ending, cancel)()
		ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+auth.GuestPrefix+id, auth.FromHeader, c.From)
		ctx = page.WithGuest(ctx, page.Guest{Demo: s.Demo, Acting: s.sessions.acting(r.Context(), id), Still: func() bool { return s.still(r) }})
		next(w, r.WithContext(ctx))
	})
}

// stranger sends a person to sign in, and tells a page's script so; while nobody can say who asks, both are told to wait.
func (s *Site) stranger(w http.ResponseWriter, r *http.Request, err error) {
	if campaign.KindOf(err) == campaign.KindStranger && strings.Contains(r.Header.Get("Accept"), "text/event-stream") {
		page.Goodbye(w, r) // events that come back learn so, for a script does not see a status
		return
	}
	script := strings.Contains(r.Header.Get("Accept"), "application/json") || r.Header.Get("Sec-Fetch-Mode") == "cors"
	switch known := campaign.KindOf(err) != campaign.KindStranger; {
	case known && script:
		page.JSON(w, http.StatusServiceUnavailable, page.Problem{Status: http.StatusServiceUnavailable, Code: "Unavailable", Message: "try again in a moment"})
	case known:
		s.Log.WarnContext(r.Context(), "nobody can say who asks for a page", "error", err)
		w.Header().Set("Retry-After", "2")
		s.views.Page(w, r, http.StatusServiceUnavailable, "problem", page.Sheet{Title: "problem", Narrow: true, Data: page.Problem{Message: s.views.Lang(r).Text("away")}})
	case script:
		page.JSON(w, http.StatusUnauthorized, page.Problem{Status: http.StatusUnauthorized, Code: "Unauthenticated", Message: "sign in again"})
	case r.Method == http.MethodGet && sessionOf(r) == "" && r.Header.Get("Sec-Fetch-Site") == "cross-site":
		s.onward(w, r, r.URL.RequestURI()) // a link of another site: the cookie may be there all the same
	case r.Method == http.MethodGet:
		http.Redirect(w, r, page.SignIn(r), http.StatusSeeOther)
	default:
		s.unsent(w, r)
	}
}

// me tells a page's script who is signed in.
func (s *Site) me(w http.ResponseWriter, r *http.Request) {
	c := campaign.CallerFrom(r.Context())
	page.JSON(w, http.StatusOK, map[string]string{"owner": c.Owner, "role": string(c.Role)})
}

// address is where a request comes from, without its port.
func address(r *http.Request) string {
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return ""
	}
	return at.Addr().Unmap().String()
}

// home is the overview; agents begin at their desk.
func (s *Site) home(w http.ResponseWriter, r *http.Request) {
	if c := campaign.CallerFrom(r.Context()); !slices.Contains(page.Viewers, c.Role) {
		http.Redirect(w, r, "/desk", http.StatusSeeOther)
		return
	}
	s.showOverview(w, r)
}
