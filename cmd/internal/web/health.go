package web

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"
)

// Readiness is whether a node should be sent calls.
type Readiness struct {
	Database error  // nil: it answers
	Redis    string // embedded, up, down or none. A Redis that is down makes a node slower, not unready
	Draining bool   // the node is stopping

	ClockOffset time.Duration // how far the clock that counts is ahead of the machine's; what is off is told, and harms nothing
}

const probeTime = 2 * time.Second // a database that takes longer does not answer

// healthz says that the process is alive; it asks nobody, so that a database that is away restarts no node.
func (s *Site) healthz(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte("ok\n")) // a caller that went away needs no answer
}

func (s *Site) readyz(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), probeTime)
	defer cancel()
	ready := s.Health.Readiness(ctx)
	answer := struct {
		Ready    bool   `json:"ready"`
		Database string `json:"database"`
		Redis    string `json:"redis"`
		Draining bool   `json:"draining"`

		ClockOffset float64 `json:"clock_offset_seconds"`
	}{ready.Database == nil && !ready.Draining, "up", ready.Redis, ready.Draining, ready.ClockOffset.Round(time.Millisecond).Seconds()}
	if ready.Database != nil {
		answer.Database = "down"
		s.Log.WarnContext(r.Context(), "the database does not answer", "error", ready.Database)
	}
	w.Header().Set("Content-Type", "application/json")
	if !answer.Ready {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_ = json.NewEncoder(w).Encode(answer) // a caller that went away needs no answer
}

// metrics are open to this machine, by a name that only this machine has; others show a token, of any role.
func (s *Site) metrics(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !local(r) {
			scheme, secret, _ := strings.Cut(r.Header.Get("Authorization"), " ")
			if !strings.EqualFold(scheme, "Bearer") {
				secret = ""
			}
			if _, err := s.Tokens.Authenticate(r.Context(), strings.TrimSpace(secret)); err != nil {
				if !s.guessed(w, r) {
					return
				}
				w.Header().Set("WWW-Authenticate", "Bearer")
				http.Error(w, "metrics from another machine need a token: "+err.Error(), http.StatusUnauthorized)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

// local says whether the request comes from this machine and was sent to it by a local name, which a page elsewhere
// whose name was pointed here does not have.
func local(r *http.Request) bool {
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || !from.Addr().Unmap().IsLoopback() {
		return false
	}
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	a, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return host == "localhost" || (err == nil && a.Unmap().IsLoopback())
}
