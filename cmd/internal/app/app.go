// Package app makes one process of the server out of its parts, starts it and stops it. It decides the order of both,
// and nothing else: every rule is in a part.
package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"

	"redial/campaign/precall"
	campaignrpc "redial/campaign/rpc"
	"redial/campaign/store"
	"redial/cmd/internal/auth"
	"redial/cmd/internal/config"
	"redial/cmd/internal/demo"
	"redial/cmd/internal/intake"
	"redial/cmd/internal/server"
	"redial/cmd/internal/web"
	"redial/dialer"
	"redial/scheduler"
	"redial/scheduler/law"
	schedulerrpc "redial/scheduler/rpc"
	"redial/scheduler/tasks"
)

// Options replace parts of the world in tests. The zero value is the world.
type Options struct {
	Now    func() time.Time                                    // what passes; nil: time.Now
	Wall   func() time.Time                                    // what the machine says the time is; nil: as Now says
	Listen func(network, address string) (net.Listener, error) // nil: net.Listen
	Log    *slog.Logger                                        // nil: as the settings say, to standard error
	Pace   Pace

	// Migrations are of the record, besides its own, as migrations/ENGINE/NNNN_name.sql; nil: none. Tests of an upgrade
	// have the next version's here.
	Migrations fs.FS
}

// Pace is how often what waits is looked at; a test in fake time looks less often. 0: as each part does by itself.
type Pace struct {
	Tasks, Sequence, Sweep, Watch, Intake, Hear, Reread time.Duration
}

// App is one process of the server.
type App struct {
	cfg   config.Config
	opt   Options
	log   *slog.Logger
	stops cleanups

	law        *law.Library // the packs that campaigns may switch on
	schedule   *schedulerrpc.Server
	events     *campaignrpc.EventServer
	pushes     *pushes
	rules      *scheduler.Rulebook // of time, with the packs of law
	store      *store.Store
	redis      redis.UniversalClient // nil: none
	embedded   bool                  // redis is in the process
	redisKind  string                // single, sentinel or cluster
	hot        accelerator
	metrics    *prometheus.Registry
	finder     *scheduler.Finder
	source     source
	floor      *dialer.Floor
	checks     *precall.Client // asks CRMs before leads are offered
	intake     *intake.Intake
	worker     *tasks.Worker // nil without Redis
	waker      *tasks.Waker  // the same
	sweeper    *tasks.Sweeper
	guard      *auth.Guard
	server     *server.Server
	site       *web.Site
	tls        *server.TLS  // nil: both ports speak in the clear
	issuer     *auth.Issuer // nil: nobody signs in with the company's account
	overview   overview
	demo       *demo.Demo // nil: no demonstration
	draining   atomic.Bool
	tasksEnded chan struct{} // closed when the worker has let go of Redis; nil: it never ran
	started    time.Time

	grpcAddr, webAddr net.Addr
	tokenPath         string
	work              sync.WaitGroup
	failed            chan error // a part that should run for ever did not
}

// New makes the parts and joins them; nothing runs yet but what the record needs. On an error everything made so far
// is taken down.
func New(ctx context.Context, cfg config.Config, o Options) (*App, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Listen == nil {
		o.Listen = net.Listen
	}
	a := &App{cfg: cfg, opt: o, log: o.Log, failed: make(chan error, 8)}
	if a.log == nil {
		a.log = cfg.Log.Logger(os.Stderr)
	}
	a.stops.log = a.log
	for _, w := range cfg.Warnings() {
		a.log.WarnContext(ctx, "check the settings", "warning", w)
	}
	for _, step := range []func(context.Context) error{a.useZones, a.openTLS, a.openLaw, a.openStore, a.checkLaw, a.openRedis, a.wire} {
		if err := step(ctx); err != nil {
			return nil, errors.Join(err, a.stops.run(context.WithoutCancel(ctx)))
		}
	}
	return a, nil
}

// Start listens and lets every part run.
func (a *App) Start(ctx context.Context) error {
	if err := a.start(ctx); err != nil {
		return errors.Join(err, a.Stop(context.WithoutCancel(ctx)))
	}
	return nil
}

func (a *App) start(ctx context.Context) error {
	var err error
	if a.tokenPath, _, err = auth.EnsureAdminToken(ctx, tokens{a.store}, a.cfg.Data); err != nil {
		return err
	}
	a.started = a.store.Now()
	a.rederive(ctx)
	a.run("revoked tokens", a.guard.Hear)
	a.run("last uses of tokens", a.guard.NoteUses)
	a.run("floor", a.runFloor)
	a.run("intake", func(ctx context.Context) error {
		a.intake.Work(ctx, cmp.Or(a.opt.Pace.Intake, 2*time.Second))
		return nil
	})
	a.run("webhooks", a.pushes.run)
	a.run("sweep", a.sweeper.Run)
	if a.redis != nil && !a.embedded {
		a.run("watch over Redis", newEvicting(a).run)
	}
	if a.worker != nil {
		a.tasksEnded = make(chan struct{})
		a.run("tasks", func(ctx context.Context) error {
			err := a.worker.Run(ctx)
			if err == nil {
				close(a.tasksEnded)
			}
			return err
		})
	}
	api, err := a.opt.Listen("tcp", a.cfg.GRPC)
	if err != nil {
		return fmt.Errorf("listen for the API: %w; choose another address with --grpc", err)
	}
	pages, err := a.opt.Listen("tcp", a.cfg.Web)
	if err != nil {
		return errors.Join(fmt.Errorf("listen for the web pages: %w; choose another address with --web", err), api.Close())
	}
	a.grpcAddr, a.webAddr = api.Addr(), pages.Addr()
	api, pages = server.Limit(api, a.cfg.MaxConns, a.log), a.webPort(server.Limit(pages, a.cfg.MaxConns, a.log))
	if a.tls != nil {
		a.run("certificates", func(ctx context.Context) error { return a.tls.Run(ctx, a.opt.Pace.Reread) })
	}
	a.serve("API", func() error { return a.server.Serve(api) }, a.server.Stop)
	a.serve("web pages", func() error { return a.site.Serve(pages) }, a.site.Stop)
	a.server.SetServing(true)
	if a.cfg.Demo {
		return a.demonstrate(ctx)
	}
	return nil
}

// demonstrate fills the server with invented people and lets simulated agents work.
func (a *App) demonstrate(ctx context.Context) error {
	secret, err := os.ReadFile(a.tokenPath)
	if err != nil {
		return fmt.Errorf("demonstration: %w", err)
	}
	d, err := demo.New(a.GRPC(), strings.TrimSpace(string(secret)), a.cfg.Data, demo.Options{Log: a.log})
	if err != nil {
		return err
	}
	a.stops.add("demonstration's connection", func(context.Context) error { return d.Close() })
	if err := d.Prepare(ctx); err != nil {
		return fmt.Errorf("prepare the demonstration: %w", err)
	}
	a.demo = d
	a.run("demonstration", d.Run)
	return nil
}

// run lets a part work until the stop.
func (a *App) run(name string, loop func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	a.work.Go(func() {
		defer close(done)
		if err := loop(ctx); err != nil && ctx.Err() == nil {
			a.failed <- fmt.Errorf("%s: %w", name, err)
		}
	})
	a.stops.add(name, func(stop context.Context) error {
		cancel()
		select {
		case <-done:
			return nil
		case <-stop.Done():
			return context.Cause(stop)
		}
	})
}

func (a *App) serve(name string, loop func() error, stop func(context.Context) error) {
	a.work.Go(func() {
		if err := loop(); err != nil {
			a.failed <- err
		}
	})
	a.stops.add(name, stop)
}

// Stop drains: no new calls, streams told to go elsewhere, work in hand finished, then every part in turn. What still
// runs when ctx ends is cut off.
func (a *App) Stop(ctx context.Context) error {
	a.draining.Store(true)
	if a.server != nil {
		a.server.SetServing(false)
	}
	if a.floor != nil {
		a.floor.Drain()
	}
	return a.stops.run(ctx)
}

// GRPC is where the API answers, once started.
func (a *App) GRPC() string { return a.grpcAddr.String() }

// Web is where the pages are, once started.
func (a *App) Web() string { return a.webAddr.String() }

// AdminToken is the file that holds the admin token.
func (a *App) AdminToken() string { return a.tokenPath }

// Run is a whole process: it starts, says where to look, waits for ctx to end or a part to fail, and drains.
func Run(ctx context.Context, cfg config.Config, out io.Writer) error {
	a, err := New(ctx, cfg, Options{})
	if err != nil {
		return err
	}
	if err := a.Start(ctx); err != nil {
		return err
	}
	if err := a.Greet(out); err != nil {
		return errors.Join(err, a.Stop(context.WithoutCancel(ctx)))
	}
	var failure error
	select {
	case <-ctx.Done():
		a.log.Info("stopping: calls in hand are finished first; a second signal stops at once", "longest", cfg.Drain)
	case failure = <-a.failed:
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), cfg.Drain)
	defer cancel()
	return errors.Join(failure, a.Stop(stop))
}

// Greet prints where to look; the last line is for programs that wait for it.
func (a *App) Greet(out io.Writer) error {
	link, err := a.site.SignInLink(a.Web())
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "admin token in %s\nsign in once at %s\n", a.tokenPath, link)
	if err == nil && a.demo != nil {
		err = a.demo.Greet(out)
	}
	if err == nil {
		_, err = fmt.Fprintf(out, "ready grpc=%s web=%s\n", a.GRPC(), a.Web())
	}
	return err
}
