package page

import (
	"context"
	"io/fs"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"

	"redial/campaign"
)

// Kit is what a family of pages is made with.
type Kit struct {
	// API is this process's own API. A call made with a request's context is made as the caller who signed in, with that
	// caller's roles, grants and limits.
	API grpc.ClientConnInterface
	Now func() time.Time // the record's clock
	Log *slog.Logger     // never nil
}

// Family is some pages that belong together, with their files.
type Family struct {
	Name   string // its files are served under /static/NAME/
	Files  fs.FS  // with the folder static; nil: none
	Routes []Route
}

// Route is a page, or something that a page asks for.
type Route struct {
	Pattern string          // as http.ServeMux reads it
	Roles   []campaign.Role // who may; the API asks again
	Body    int64           // bytes that a request may bring; 0: 64 KiB
	Time    time.Duration   // to bring them; 0: as every page
	Live    bool            // server-sent events: counted among the live pages
	Handle  http.HandlerFunc
}

// Guest is what the site tells pages about whoever asks.
type Guest struct {
	Demo   bool        // everybody here is invented
	Acting bool        // it acts for somebody else, in a demonstration
	Still  func() bool // it is still signed in
}

type guestKey struct{}

// WithGuest is ctx with a guest.
func WithGuest(ctx context.Context, g Guest) context.Context {
	return context.WithValue(ctx, guestKey{}, g)
}

func guestOf(ctx context.Context) (Guest, bool) {
	g, ok := ctx.Value(guestKey{}).(Guest)
	return g, ok
}

// WhileStill calls end once the guest of ctx is no longer signed in, of which it asks every so often, until it is stopped.
func WhileStill(ctx context.Context, every time.Duration, end func()) (stop func()) {
	g, ok := guestOf(ctx)
	if !ok || g.Still == nil {
		return func() {}
	}
	stopped := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() {
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-stopped:
				return
			case <-tick.C:
				if !g.Still() {
					end()
					return
				}
			}
		}
	})
	return func() { close(stopped); watching.Wait() }
}

// Roles that look at the work of others, by what they may do with it.
var (
	Agents   = []campaign.Role{campaign.RoleAgent}
	Managers = []campaign.Role{campaign.RoleManager, campaign.RoleAdmin}
	Floor    = []campaign.Role{campaign.RoleSupervisor, campaign.RoleManager, campaign.RoleAdmin}
	Viewers  = []campaign.Role{campaign.RoleSupervisor, campaign.RoleManager, campaign.RoleQuality, campaign.RoleAdmin}
)

// Place is an entry of the navigation.
type Place struct {
	Path, Key string
	Here      bool
	roles     []campaign.Role
	demo      bool // in a demonstration alone
}

var places = []Place{
	{Path: "/guide", Key: "nav_guide", demo: true, roles: append(Agents, Viewers...)},
	{Path: "/desk", Key: "nav_desk", roles: Agents},
	{Path: "/", Key: "nav_overview", roles: Viewers},
	{Path: "/floor", Key: "nav_floor", roles: Floor},
	{Path: "/campaigns", Key: "nav_campaigns", roles: Viewers},
	{Path: "/lists", Key: "nav_lists", roles: Floor},
	{Path: "/leads", Key: "nav_leads", roles: Viewers},
}

// navOf are the places of a role.
func navOf(role campaign.Role, path string, demo bool) []Place {
	var all []Place
	for _, p := range places {
		if slices.Contains(p.roles, role) && (demo || !p.demo) {
			p.Here = p.Path == path || (p.Path != "/" && strings.HasPrefix(path, p.Path+"/"))
			all = append(all, p)
		}
	}
	return all
}
