package web

import (
	"cmp"
	"net/http"
	"time"

	"redial/cmd/internal/web/page"
)

// Limits of the web port. A page is asked for in a moment or not at all; live pages write for as long as they are read.
const (
	headerTime  = 5 * time.Second  // to send a request's headers
	requestTime = 30 * time.Second // to send the rest
	idleTime    = 2 * time.Minute  // between two requests of a connection
	headersMost = 64 << 10         // bytes
	bodyMost    = int64(64 << 10)  // bytes
	liveMost    = 1000             // live pages at once
)

// limit is what a route allows besides the usual.
type limit struct {
	body int64         // bytes; 0: bodyMost
	time time.Duration // to bring them; 0: requestTime
}

// bounded gives every request its time and its size, which a few routes of mux have their own of.
func bounded(mux *http.ServeMux, limits map[string]limit, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, pattern := mux.Handler(r)
		l, out := limits[pattern], http.NewResponseController(w)
		r.Body = http.MaxBytesReader(w, r.Body, cmp.Or(l.body, bodyMost))
		if l.time > 0 {
			_ = out.SetReadDeadline(time.Now().Add(l.time)) // a test's recorder has none
		}
		_ = out.SetWriteDeadline(time.Now().Add(max(page.AnswerTime, l.time)))
		next.ServeHTTP(w, r)
	})
}

// few lets so many through at once over all that it wraps, and tells the rest to come back.
func few(most int) func(next http.HandlerFunc) http.HandlerFunc {
	room := make(chan struct{}, most)
	return func(next http.HandlerFunc) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			select {
			case room <- struct{}{}:
				defer func() { <-room }()
				next(w, r)
			default:
				w.Header().Set("Retry-After", "10")
				http.Error(w, "too many live pages are open on this node: close some, or try again later", http.StatusServiceUnavailable)
			}
		}
	}
}
