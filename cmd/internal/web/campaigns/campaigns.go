// Package campaigns decides how people see and steer their campaigns: the list with live figures, a campaign's page, the
// form of its rules with the rules said in sentences, what a change would move, and starting, pausing and finishing. It
// never decides what is allowed or when anybody is called: it asks the API as the caller who signed in.
package campaigns

import (
	"embed"
	"fmt"
	"html/template"
	"log/slog"
	"maps"
	"net/http"
	"strconv"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"redial/campaign"
	"redial/cmd/internal/web/page"
	pb "redial/proto/campaign/v1"
	dialerv1 "redial/proto/dialer/v1"
	schedulerv1 "redial/proto/scheduler/v1"
)

//go:embed templates static lang
var files embed.FS

const (
	formMost  = 512 << 10 // bytes of a form: the script, and the campaign as it was when the form was drawn
	liveEvery = 2 * time.Second
)

// pages are the pages of campaigns. Safe for concurrent use.
type pages struct {
	views     *page.Views
	now       func() time.Time
	log       *slog.Logger
	every     time.Duration // between two looks of a live page
	campaigns pb.CampaignServiceClient
	lists     pb.ListServiceClient
	leads     pb.LeadServiceClient
	admin     pb.AdminServiceClient
	schedule  schedulerv1.ScheduleServiceClient
	figures   *figuresCache
	notes     notes
}

// New makes the pages of campaigns.
func New(kit page.Kit) (page.Family, error) {
	p, err := newPages(kit)
	if err != nil {
		return page.Family{}, err
	}
	return page.Family{Name: "campaigns", Files: files, Routes: p.routes()}, nil
}

func newPages(kit page.Kit) (*pages, error) {
	p := &pages{
		now: kit.Now, log: kit.Log, every: liveEvery,
		campaigns: pb.NewCampaignServiceClient(kit.API), lists: pb.NewListServiceClient(kit.API),
		leads: pb.NewLeadServiceClient(kit.API), admin: pb.NewAdminServiceClient(kit.API), schedule: schedulerv1.NewScheduleServiceClient(kit.API),
	}
	p.figures = &figuresCache{
		now: kit.Now, campaigns: p.campaigns, schedule: p.schedule,
		reports: pb.NewReportServiceClient(kit.API), floor: dialerv1.NewFloorServiceClient(kit.API),
	}
	funcs := template.FuncMap{
		"word": word, "rate": rate, "local": local, "bars": bars, "day": day, "outcomes": outcomeNames,
		"zones": func() []string { return zones }, "days": func() []string { return week }, "list": list, "warnedOf": warnedOf, "warning": warning,
	}
	maps.Copy(funcs, ofForm())
	views, err := page.Read(files, kit.Log, funcs)
	if err != nil {
		return nil, fmt.Errorf("make the pages of campaigns: %w", err)
	}
	p.views = views
	return p, nil
}

func (p *pages) routes() []page.Route {
	m := page.Managers
	return []page.Route{
		{Pattern: "GET /campaigns", Roles: page.Viewers, Handle: p.index},
		{Pattern: "GET /campaigns/live", Roles: page.Viewers, Live: true, Handle: p.indexLive},
		{Pattern: "GET /campaigns/new", Roles: m, Handle: p.blank},
		{Pattern: "POST /campaigns/new", Roles: m, Body: formMost, Handle: p.create},
		{Pattern: "POST /campaigns/explain", Roles: m, Body: formMost, Handle: p.explain},
		{Pattern: "GET /campaigns/{id}", Roles: page.Viewers, Handle: p.show},
		{Pattern: "GET /campaigns/{id}/live", Roles: page.Viewers, Live: true, Handle: p.showLive},
		{Pattern: "GET /campaigns/{id}/why", Roles: page.Viewers, Handle: p.why},
		{Pattern: "GET /campaigns/{id}/replan", Roles: page.Viewers, Live: true, Handle: p.replan},
		{Pattern: "GET /campaigns/{id}/edit", Roles: m, Handle: p.edit},
		{Pattern: "POST /campaigns/{id}/edit", Roles: m, Body: formMost, Handle: p.save},
		{Pattern: "POST /campaigns/{id}/preview", Roles: m, Body: formMost, Live: true, Handle: p.preview},
		{Pattern: "GET /campaigns/{id}/start", Roles: m, Handle: p.ask("start")},
		{Pattern: "GET /campaigns/{id}/pause", Roles: m, Handle: p.ask("pause")},
		{Pattern: "GET /campaigns/{id}/finish", Roles: m, Handle: p.ask("finish")},
		{Pattern: "POST /campaigns/{id}/start", Roles: m, Handle: p.start},
		{Pattern: "POST /campaigns/{id}/pause", Roles: m, Handle: p.pause},
		{Pattern: "POST /campaigns/{id}/finish", Roles: m, Handle: p.finish},
	}
}

// idOf is the campaign that a request's path names; the error is of kind InvalidArgument.
func idOf(r *http.Request) (int64, error) {
	n, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil || n <= 0 {
		return 0, status.Error(codes.NotFound, "no such campaign")
	}
	return n, nil
}

// manages says whether the reader may change campaigns; the API asks again.
func manages(r *http.Request) bool {
	role := campaign.CallerFrom(r.Context()).Role
	return role == campaign.RoleManager || role == campaign.RoleAdmin
}

// sheet is a page of this family.
func sheet(title string, data any) page.Sheet {
	return page.Sheet{Title: title, Style: "/static/campaigns/campaigns.css", Module: "/static/campaigns/campaigns.js", Data: data}
}
