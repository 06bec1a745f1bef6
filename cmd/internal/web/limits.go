package web

import (
	"net/http"
	"time"
)

// Limits of the web port. A page is asked for in a moment or not at all; live pages write for as long as they are read.
const (
	headerTime  = 5 * time.Second  // to send a request's headers
	requestTime = 30 * time.Second // to send the rest
	answerTime  = 30 * time.Second // to take the answer, or each piece of a live page
	idleTime    = 2 * time.Minute  // between two requests of a connection
	headersMost = 64 << 10         // bytes
	bodyMost    = 64 << 10         // bytes
	liveMost    = 1000             // live pages at once
)

// bounded gives every request its time and its size.
func bounded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, bodyMost)
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(answerTime)) // a test's recorder has none
		next.ServeHTTP(w, r)
	})
}

// few lets so many through at once, and tells the rest to come back.
func few(most int, next http.HandlerFunc) http.HandlerFunc {
	room := make(chan struct{}, most)
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
