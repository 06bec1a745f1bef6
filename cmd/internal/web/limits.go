package web

import (
	"cmp"
	"context"
	"net/http"
	"sync"
	"time"

	"redial/campaign"
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
	desksMost   = 10_000           // desks at once
	livesOfOne  = 16               // live pages of one caller
	livesOfDesk = 4                // of an agent
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
		next.ServeHTTP(w, sourced(r))
	})
}

// room is the places of live pages: so many at once, and of these so many for each caller, so that nobody takes all of
// them. Safe for concurrent use.
type room struct {
	most int

	mu    sync.Mutex
	taken int
	by    map[who]int
}

func newRoom(most int) *room { return &room{most: most, by: map[who]int{}} }

// enter takes a place; why is what there was none of, and empty when the place is taken until leave.
func (o *room) enter(of who, most int) (why string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case o.by[of] >= most:
		return "too many live pages are open as you: close some"
	case o.taken >= o.most:
		return "too many live pages are open on this node: close some, or try again later"
	}
	o.taken++
	o.by[of]++
	return ""
}

func (o *room) leave(of who) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.taken--
	if o.by[of]--; o.by[of] == 0 {
		delete(o.by, of)
	}
}

// seat gives each request of next a place as long as it is answered, and tells the rest to come back.
func (o *room) seat(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		c := campaign.CallerFrom(r.Context())
		of, most := whose(&c), livesOfOne
		if c.Role == campaign.RoleAgent {
			most = livesOfDesk
		}
		if why := o.enter(of, most); why != "" {
			w.Header().Set("Retry-After", "10")
			http.Error(w, why, http.StatusServiceUnavailable)
			return
		}
		defer o.leave(of)
		ctx, cancel := context.WithCancel(r.Context())
		defer cancel()
		defer page.WhileStill(ctx, believed, cancel)()
		next(w, r.WithContext(ctx))
	}
}
