package app

import (
	"context"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"google.golang.org/grpc"

	"redial/campaign"
	campaignrpc "redial/campaign/rpc"
	"redial/campaign/store"
	"redial/cmd/internal/auth"
	"redial/cmd/internal/intake"
	"redial/cmd/internal/server"
	"redial/cmd/internal/web"
	"redial/dialer"
	dialerrpc "redial/dialer/rpc"
	campaignpb "redial/proto/campaign/v1"
	dialerpb "redial/proto/dialer/v1"
	schedulerpb "redial/proto/scheduler/v1"
	"redial/scheduler"
	schedulerrpc "redial/scheduler/rpc"
	"redial/scheduler/tasks"
)

// source gives the floor leads to try, and hears of what changes them.
type source interface {
	scheduler.Source
	Changed(ctx context.Context, id campaign.CampaignID)
	Release(ctx context.Context, id campaign.CampaignID) (time.Time, error)
	Return(ctx context.Context, id campaign.CampaignID, leads []campaign.LeadID)
}

// wire joins the parts: the record below, the rule of time and the live floor above it, the interfaces on top.
func (a *App) wire(ctx context.Context) error {
	a.metrics = prometheus.NewRegistry()
	a.metrics.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	a.metrics.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "redial_clock_offset_seconds", Help: "How far the database's clock, which counts, is ahead of this machine's; negative: behind. See to the time service beyond 2.",
	}, func() float64 { return a.store.ClockOffset().Seconds() }))
	a.finder = &scheduler.Finder{Record: a.store, Now: a.store.Now, Rules: a.rules}
	if err := a.wireTime(); err != nil {
		return err
	}
	var err error
	if a.checks, err = a.newChecks(); err != nil {
		return err
	}
	a.floor = dialer.NewFloor(a.node(), newPunctual(a.store, a.metrics), a.source, a.store.Now, dialer.Options{Watch: a.opt.Pace.Watch, Log: a.log, Checks: a.checks})
	a.intake = intake.New(a.store, a.openUpload, a.store, a.store, intake.Options{Node: a.node(), Log: a.log, Finished: a.changed})
	a.schedule = a.scheduleService()
	a.events = campaignrpc.NewEvents(a.store, campaignrpc.NumberMasks(a.store))
	if a.pushes, err = a.newPushes(); err != nil {
		return err
	}
	if err := a.wireTasks(); err != nil {
		return err
	}
	a.openIssuer()
	a.guard = auth.New(tokens{a.store}, auth.Options{Now: a.store.Now, Passes: a.opt.Now, Hear: a.opt.Pace.Hear, Log: a.log, Certificates: a.certificates(), Issuer: a.issuer, Owners: a.store, Guests: guests{a}})
	if err := a.wireServer(); err != nil {
		return err
	}
	return a.wireWeb()
}

// node is this process's name among those of one database.
func (a *App) node() string {
	if a.cfg.Node != "" {
		return a.cfg.Node
	}
	host, err := os.Hostname()
	if err != nil {
		host = "node"
	}
	_, port, err := net.SplitHostPort(a.cfg.GRPC)
	if err != nil || port == "0" { // two processes of one machine may both ask for any port
		port = fmt.Sprint("pid", os.Getpid())
	}
	return host + ":" + port
}

// openUpload opens the pieces of a file as one.
func (a *App) openUpload(ctx context.Context, id campaign.UploadID) (intake.File, error) {
	return a.store.UploadReader(ctx, id)
}

// arm sets the one timer a campaign has: its next due instant.
func (a *App) arm(ctx context.Context, id campaign.CampaignID, at time.Time) {
	if a.waker == nil {
		return
	}
	if err := a.waker.Release(ctx, id, at); err != nil {
		a.log.DebugContext(ctx, "a wake-up was not sent; the sweep will", "campaign", id, "error", err)
	}
}

// changed tells hopper and floor that a campaign has other work than before; it returns at once.
func (a *App) changed(id campaign.CampaignID) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	go func() {
		defer cancel()
		a.source.Changed(ctx, id)
		a.floor.Wake(id)
	}()
}

// bare is the source without Redis.
type bare struct {
	*scheduler.Direct
	finder *scheduler.Finder
}

func (bare) Changed(context.Context, campaign.CampaignID) {}

// Return implements source.
func (b bare) Return(ctx context.Context, id campaign.CampaignID, leads []campaign.LeadID) {
	_ = b.Direct.Return(ctx, id, leads) // it only remembers, and cannot fail
}

func (b bare) Release(ctx context.Context, id campaign.CampaignID) (time.Time, error) {
	found, err := b.finder.Find(ctx, id, 1, 1)
	return found.Next, err
}

// scheduleService answers about the schedule, to callers and to the node itself.
func (a *App) scheduleService() *schedulerrpc.Server {
	return schedulerrpc.New(schedulerrpc.Deps{
		Record: a.store, Promises: a.store, Due: a.store, Whole: a.store, Phones: readNumber, Rules: a.rules, Law: a.law, Now: a.store.Now,
		Simulator: &simulator{store: a.store, law: a.law},
	})
}

// wireTasks makes what wakes the node up: Asynq over Redis, and the sweep, which finds what was lost.
func (a *App) wireTasks() error {
	w := &wakeups{app: a, foresight: newForesight(a, a.schedule)}
	if a.redis != nil {
		var err error
		if a.worker, err = tasks.NewWorker(a.hot.tasks, tasks.Handlers{
			Releaser: w, Promises: w, Days: w, Imports: w, Replans: w, Purges: w, Pushes: a.pushes, Slots: a.store,
		}, tasks.WorkerOptions{Options: a.tasksOptions(), Poll: a.opt.Pace.Tasks, Guard: a.hot.guard, Log: a.log}); err != nil {
			return err
		}
		a.waker = tasks.NewWaker(a.hot.tasks, a.tasksOptions())
	}
	var err error
	a.sweeper, err = tasks.NewSweeper(a.node(), sequenced{a.store, a.events, a.pushes}, &tasks.Sweep{
		Chores: w.chores(), Backlog: a.store, Forecast: forecast{a.finder}, Waker: a.waker, Away: a.hot.Away, Passed: a.passed(),
	}, tasks.SweeperOptions{Every: a.opt.Pace.Sweep, SequenceEvery: a.opt.Pace.Sequence, LookEvery: a.lookEvery(), Log: a.log})
	return err
}

// tasksOptions are of whoever sends and runs tasks.
func (a *App) tasksOptions() tasks.Options { return tasks.Options{Now: a.store.Now, Wall: a.opt.Wall} }

// sequenced is the record whose sequencer tells those who watch on this node, and who hand events out.
type sequenced struct {
	*store.Store
	events *campaignrpc.EventServer
	pushes *pushes
}

// Sequence implements tasks.Record.
func (s sequenced) Sequence(ctx context.Context, epoch int64, limit int) (int, error) {
	n, err := s.Store.Sequence(ctx, epoch, limit)
	if n > 0 {
		s.events.Numbered()
		s.pushes.Told()
	}
	return n, err
}

// forecast says when a campaign's next lead comes due.
type forecast struct{ finder *scheduler.Finder }

// Next implements tasks.Forecast.
func (f forecast) Next(ctx context.Context, id campaign.CampaignID) (time.Time, error) {
	found, err := f.finder.Find(ctx, id, 1, 1)
	return found.Next, err
}

// floorHooks is what the services tell of changes.
type floorHooks struct{ app *App }

// Wake implements rpc.Floor.
func (h floorHooks) Wake(id campaign.CampaignID) { h.app.changed(id) }

// Revoked implements rpc.Floor.
func (h floorHooks) Revoked(taken []campaign.Assignment) { h.app.floor.Revoked(taken) }

// desks is the floor as the desks' service sees it: a lead that may be called again at once is first in line.
type desks struct {
	*dialer.Floor
	source source
}

// Back implements rpc.Floor.
func (d desks) Back(id campaign.CampaignID, lead campaign.LeadID) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	d.source.Return(ctx, id, []campaign.LeadID{lead})
	d.Wake(id)
}

func (a *App) wireServer() error {
	hooks, exports := floorHooks{a}, intake.Tables{}
	book := desk{a.store, a.finder, a.rules}
	vw := &views{read: a.store.FloorView, now: a.store.Now}
	a.overview = overview{views: vw, demo: a.cfg.Demo}
	rates, err := a.cfg.RatesOf()
	if err != nil {
		return err
	}
	a.server, err = server.New(a.guard, func(r grpc.ServiceRegistrar) {
		campaignpb.RegisterCampaignServiceServer(r, campaignrpc.NewCampaigns(a.store, a.store, hooks, a.replan).WithLaw(a.law, a.log))
		campaignpb.RegisterListServiceServer(r, campaignrpc.NewLists(a.store, a.intake, a.store, a.store, exports, hooks).WithLargest(a.cfg.MaxUpload))
		campaignpb.RegisterLeadServiceServer(r, campaignrpc.NewLeads(a.store, a.store, a.store, a.store, readNumber, schedulerrpc.CaseEncoder(a.rules), hooks))
		campaignpb.RegisterSuppressionServiceServer(r, campaignrpc.NewSuppressions(a.store, readNumber, intake.Numbers{}, hooks, a.store.Now).WithLargest(a.cfg.MaxUpload))
		campaignpb.RegisterEventServiceServer(r, a.events)
		campaignpb.RegisterWebhookServiceServer(r, campaignrpc.NewWebhooks(a.store, a.pushes))
		campaignpb.RegisterReportServiceServer(r, campaignrpc.NewReports(a.store, exports))
		campaignpb.RegisterAdminServiceServer(r, campaignrpc.NewAdmin(a.store, revoking{a.store, a.guard}, a.store, a.store, a.store, a.signOut, hooks, a.about()))
		schedulerpb.RegisterScheduleServiceServer(r, a.schedule)
		dialerpb.RegisterAgentServiceServer(r, dialerrpc.NewAgents(desks{a.floor, a.source}, a.store, a.store, book, readPhone, statusOf, a.store.Now))
		dialerpb.RegisterFloorServiceServer(r, dialerrpc.NewFloors(desks{a.floor, a.source}, floorView{a.store, vw}, a.store, book))
	}, server.Options{Log: a.log, Metrics: a.metrics, Heavy: heavyPlaces(a.store.Engine()), TLS: a.apiTLS(), Rates: rates})
	return err
}

// heavyPlaces leave most of the record's connections to short work: of the 4 that read SQLite, of the 16 of PostgreSQL.
func heavyPlaces(engine string) int {
	if engine == "sqlite" {
		return 2
	}
	return 5
}

// floorView is the record as the floor's service asks for it, with the view of the floor kept for a moment.
type floorView struct {
	*store.Store
	views *views
}

// FloorView implements rpc.View.
func (v floorView) FloorView(ctx context.Context, of campaign.CampaignID) (campaign.FloorView, error) {
	return v.views.FloorView(ctx, of)
}

func (a *App) wireWeb() error {
	inside, err := a.server.Inside()
	if err != nil {
		return fmt.Errorf("make the web pages: %w", err)
	}
	a.stops.add("pages' connection", func(context.Context) error { return inside.Close() })
	a.site, err = web.New(web.Deps{
		API: inside, Demo: a.cfg.Demo, Sessions: a.store,
		Record: a.overview, Tokens: a.guard, Health: a, Metrics: promhttp.HandlerFor(a.metrics, promhttp.HandlerOpts{}),
		Log: a.log, Now: a.store.Now, Company: a.company(), CompanySession: a.cfg.OIDC.Session, Name: a.certName(), Deeds: a.store,
	})
	if err != nil {
		return fmt.Errorf("make the web pages: %w", err)
	}
	return nil
}

// guests are who signed in to this node's pages.
type guests struct{ app *App }

// Guest implements auth.Guests.
func (g guests) Guest(ctx context.Context, session string) (campaign.Caller, error) {
	return g.app.site.Guest(ctx, session) //nolint:wrapcheck // the kind of the error is what counts
}

// Readiness implements web.Health.
func (a *App) Readiness(ctx context.Context) web.Readiness {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	r := web.Readiness{Database: a.store.Ping(ctx), Redis: "none", Draining: a.draining.Load(), ClockOffset: a.store.ClockOffset()}
	switch {
	case a.embedded:
		r.Redis = "embedded"
	case a.redis != nil && a.redisUp(ctx):
		r.Redis = "up"
	case a.redis != nil:
		r.Redis = "down"
	}
	return r
}

// about says what is running.
func (a *App) about() campaignrpc.About {
	kind := "none"
	switch {
	case a.embedded:
		kind = "embedded"
	case a.redis != nil:
		kind = a.redisKind
	}
	return campaignrpc.About{
		Version: version(), Node: a.node(), Engine: a.store.Engine(), Schema: store.SchemaVersion(), Redis: kind,
		RedisUp: a.redisUp,
		Now:     a.store.Now, ClockOffset: a.store.ClockOffset, StartedAt: a.store.Now(), Demo: a.cfg.Demo, TZData: scheduler.TZData(),
	}
}

// signOut ends an agent's session for somebody else, after the call in hand.
func (a *App) signOut(ctx context.Context, id campaign.AgentID) error {
	_, err := a.floor.Apply(ctx, id, dialer.SignOut{})
	return err
}
