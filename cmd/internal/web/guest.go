package web

import (
	"context"
	"net/http"
	"net/netip"
	"slices"

	"google.golang.org/grpc/metadata"

	"redial/campaign"
	"redial/cmd/internal/auth"
	"redial/cmd/internal/web/page"
)

// Guest implements auth.Guests: the caller of a session, as it is now.
func (s *Site) Guest(ctx context.Context, id string) (campaign.Caller, error) {
	found, ok := s.sessions.find(id)
	switch {
	case !ok:
		return campaign.Caller{}, &campaign.Error{Kind: campaign.KindStranger, Message: "this session is over: sign in again"}
	case found.secret == "":
		return found.caller, nil
	}
	c, err := s.Tokens.Authenticate(ctx, found.secret)
	if campaign.KindOf(err) == campaign.KindStranger {
		s.sessions.end(id)
	}
	return c, err
}

// caller is who a request's cookie signs in, and the session; false when nobody, or no longer.
func (s *Site) caller(r *http.Request) (campaign.Caller, string, bool) {
	cookie, err := r.Cookie(sessionCookie)
	if err != nil {
		return campaign.Caller{}, "", false
	}
	c, err := s.Guest(r.Context(), cookie.Value)
	return c, cookie.Value, err == nil
}

// open lets these roles through, with the caller in the context and in the calls of the API made with it, and sends
// everybody else to sign in.
func (s *Site) open(roles []campaign.Role, next http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, id, ok := s.caller(r)
		if !ok {
			s.stranger(w, r)
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
		ctx = page.WithGuest(ctx, page.Guest{Demo: s.Demo, Still: func() bool { _, _, ok := s.caller(r); return ok }})
		next(w, r.WithContext(ctx))
	})
}

// stranger sends a person to sign in, and tells a page's script so.
func (s *Site) stranger(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet && r.Header.Get("Sec-Fetch-Mode") != "cors" {
		http.Redirect(w, r, "/signin", http.StatusSeeOther)
		return
	}
	page.JSON(w, http.StatusUnauthorized, page.Problem{Status: http.StatusUnauthorized, Code: "Unauthenticated", Message: "sign in again"})
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
