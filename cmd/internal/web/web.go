// Package web decides what a browser, a load balancer and a metrics collector see of the server: health, metrics,
// signing in, and a page where leads, callbacks and outcomes move. It asks others for what it shows and changes
// nothing; nothing it sends comes from elsewhere than this program.
package web

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"google.golang.org/grpc"

	"redial/campaign"
	"redial/cmd/internal/web/page"
)

// Record gives what the overview shows.
type Record interface {
	Overview(ctx context.Context) (Overview, error)
}

// Tokens knows callers by the secret of their token. Errors are of kind KindStranger or KindAway.
type Tokens interface {
	Authenticate(ctx context.Context, secret string) (campaign.Caller, error)
}

// Health says whether calls may be sent to this node.
type Health interface {
	Readiness(ctx context.Context) Readiness
}

// Deeds keeps who did what.
type Deeds interface {
	// LogDeed adds an entry to the audit log, by the caller in ctx.
	LogDeed(ctx context.Context, action, target string, after any, reason string) error
}

// Deps are the parts a site needs; Log and Now may be left out.
type Deps struct {
	Record   Record
	Tokens   Tokens
	Health   Health
	Metrics  http.Handler // what /metrics serves
	Sessions Sessions
	Log      *slog.Logger     // nil: discarded
	Now      func() time.Time // nil: time.Now

	API  grpc.ClientConnInterface // this process's own, for the pages; nil: only the overview is served
	Demo bool                     // everybody in the record is invented

	Deeds   Deeds   // nil: sign-ins are not kept
	Company Company // nil: people show tokens alone
	// CompanySession is how long a sign-in by the company's account is believed; 0: as long as any.
	CompanySession time.Duration
	Name           func() string // a name that the certificate is for, perhaps empty; nil: the port speaks in the clear
}

// Site is the web port.
type Site struct {
	Deps
	http     *http.Server
	views    *page.Views
	families []page.Family
	handler  http.Handler
	sessions *sessions
	guesses  *guesses
	entries  *entries
	overview *snapshot
	every    time.Duration   // between two pictures of a live page
	ending   context.Context // ends when the site stops: live pages end with it
	end      context.CancelFunc
}

//go:embed templates static lang
var files embed.FS

// New makes a site.
func New(d Deps) (*Site, error) {
	if d.Record == nil || d.Tokens == nil || d.Health == nil || d.Metrics == nil || d.Sessions == nil {
		return nil, errors.New("the web port needs a record, tokens, health, metrics and sessions")
	}
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	if d.Now == nil {
		d.Now = time.Now
	}
	s := &Site{
		Deps: d, sessions: newSessions(d.Sessions, d.Now), guesses: newGuesses(d.Now), entries: newEntries(d.Now),
		overview: &snapshot{record: d.Record, now: d.Now}, every: liveEvery,
	}
	var err error
	if s.views, err = page.Read(files, d.Log, funcs); err != nil {
		return nil, err
	}
	if s.families, err = families(page.Kit{API: d.API, Now: d.Now, Log: d.Log}); err != nil {
		return nil, err
	}
	s.ending, s.end = context.WithCancel(context.Background())
	if s.handler, err = s.routes(); err != nil {
		return nil, err
	}
	s.http = &http.Server{
		Handler: s.handler, ReadHeaderTimeout: headerTime, ReadTimeout: requestTime, IdleTimeout: idleTime,
		MaxHeaderBytes: headersMost, ErrorLog: slog.NewLogLogger(d.Log.Handler(), slog.LevelWarn),
	}
	return s, nil
}

// Handler serves every page.
func (s *Site) Handler() http.Handler { return s.handler }

func (s *Site) routes() (http.Handler, error) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", s.healthz)
	mux.HandleFunc("GET /readyz", s.readyz)
	mux.Handle("GET /metrics", s.metrics(s.Metrics))
	mux.HandleFunc("GET /signin", s.showSignIn)
	mux.HandleFunc("POST /signin", s.signIn)
	mux.Handle("GET "+signedInPath, s.open(viewers, s.signedIn))
	mux.Handle("GET /me", s.open(viewers, s.me))
	mux.HandleFunc("POST /signout", s.signOut)
	mux.HandleFunc("POST /signout-everywhere", s.signOutEverywhere)
	if s.Company != nil {
		mux.HandleFunc("GET "+companyPath, s.beginCompany)
		mux.HandleFunc("GET "+companyPath+"/callback", s.endCompany)
	}
	mux.HandleFunc("GET /lang", s.chooseLang)
	s.mountGuide(mux)
	mux.Handle("GET /{$}", s.open(viewers, s.home))
	limits, err := s.mount(mux)
	if err != nil {
		return nil, err
	}
	return headers(bounded(mux, limits, http.NewCrossOriginProtection().Handler(mux))), nil
}

// headers forbid a browser everything the pages do not need.
func headers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Permissions-Policy", "accelerometer=(), autoplay=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), midi=(), payment=(), usb=()")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		if r.TLS != nil { // a proxy before this server says so itself
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		next.ServeHTTP(w, r)
	})
}

// Serve answers on lis until Stop; it closes lis. A stop is no error.
func (s *Site) Serve(lis net.Listener) error {
	if err := s.http.Serve(lis); err != nil && !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve the web pages: %w", err)
	}
	return nil
}

// Stop ends live pages and waits for requests in hand; what still runs when ctx ends is cut off, which is the error.
func (s *Site) Stop(ctx context.Context) error {
	s.end()
	if err := s.http.Shutdown(ctx); err != nil {
		return fmt.Errorf("requests were cut off: %w", errors.Join(err, s.http.Close()))
	}
	return nil
}
