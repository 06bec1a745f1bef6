package web

import (
	"fmt"
	"net/http"
	"slices"

	"redial/cmd/internal/web/campaigns"
	"redial/cmd/internal/web/desk"
	"redial/cmd/internal/web/floor"
	"redial/cmd/internal/web/leads"
	"redial/cmd/internal/web/lists"
	"redial/cmd/internal/web/page"
)

// families are the pages that ask the API, a package each.
func families(kit page.Kit) ([]page.Family, error) {
	if kit.API == nil {
		return nil, nil
	}
	var all []page.Family
	for _, make := range []func(page.Kit) (page.Family, error){desk.New, lists.New, campaigns.New, floor.New, leads.New} {
		f, err := make(kit)
		if err != nil {
			return nil, fmt.Errorf("make the pages: %w", err)
		}
		all = append(all, f)
	}
	return all, nil
}

// mount adds the overview's parts and the families to mux, and answers the limits of routes that have their own.
func (s *Site) mount(mux *http.ServeMux) (map[string]limit, error) {
	return s.mountIn(mux, newRoom(liveMost), newRoom(desksMost))
}

// mountIn mounts with these places: agents' live pages are desks.
func (s *Site) mountIn(mux *http.ServeMux, lives, desks *room) (map[string]limit, error) {
	own := page.Family{Name: "overview", Files: files, Routes: []page.Route{{Pattern: "GET /live", Roles: page.Viewers, Live: true, Handle: s.live}}}
	limits := map[string]limit{}
	for _, f := range append([]page.Family{own, {Files: page.Shared()}}, s.families...) {
		if err := serveFiles(mux, f); err != nil {
			return nil, err
		}
		for _, r := range f.Routes {
			next := r.Handle
			switch {
			case r.Live && slices.Equal(r.Roles, page.Agents):
				next = desks.seat(next)
			case r.Live:
				next = lives.seat(next)
			}
			mux.Handle(r.Pattern, s.open(r.Roles, next))
			limits[r.Pattern] = limit{r.Body, r.Time}
		}
	}
	return limits, nil
}

// serveFiles serves a family's files.
func serveFiles(mux *http.ServeMux, f page.Family) error {
	if f.Files == nil {
		return nil
	}
	prefix := "/static/"
	if f.Name != "" {
		prefix += f.Name + "/"
	}
	h, err := page.Static(prefix, f.Files)
	if err != nil {
		return fmt.Errorf("serve the files of the pages: %w", err)
	}
	mux.Handle("GET "+prefix, h)
	return nil
}
