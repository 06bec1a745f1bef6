// Package leads decides how people find a lead and what they see of it: its state, the gates that keep it back, its
// promises, calls and history; and what they may do about it. Every act goes to the API as the person who signed in,
// which says no. It never keeps a number, and never shows one in full that the API masks, unless somebody asked for it
// with a reason.
package leads

import (
	"embed"
	"fmt"
	"net/http"
	"strconv"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"redial/cmd/internal/web/page"
	pb "redial/proto/campaign/v1"
	dialerpb "redial/proto/dialer/v1"
	schedulerpb "redial/proto/scheduler/v1"
)

//go:embed templates static lang
var files embed.FS

const (
	rowsMost      = 50
	campaignsMost = 200 // in the menu
	loginsMost    = 500 // of agents, in the menu
)

// pages are the pages of leads.
type pages struct {
	page.Kit
	views     *page.Views
	leads     pb.LeadServiceClient
	campaigns pb.CampaignServiceClient
	bans      pb.SuppressionServiceClient
	schedule  schedulerpb.ScheduleServiceClient
	agents    dialerpb.AgentServiceClient
	floor     dialerpb.FloorServiceClient
	admin     pb.AdminServiceClient
}

// New makes the pages of leads.
func New(kit page.Kit) (page.Family, error) {
	p := &pages{
		Kit: kit, leads: pb.NewLeadServiceClient(kit.API), campaigns: pb.NewCampaignServiceClient(kit.API),
		bans: pb.NewSuppressionServiceClient(kit.API), schedule: schedulerpb.NewScheduleServiceClient(kit.API),
		agents: dialerpb.NewAgentServiceClient(kit.API), floor: dialerpb.NewFloorServiceClient(kit.API),
		admin: pb.NewAdminServiceClient(kit.API),
	}
	var err error
	if p.views, err = page.Read(files, kit.Log, funcs); err != nil {
		return page.Family{}, fmt.Errorf("make the pages of leads: %w", err)
	}
	return page.Family{Name: "leads", Files: files, Routes: []page.Route{
		{Pattern: "GET /leads", Roles: page.Viewers, Handle: p.find},
		{Pattern: "GET /leads/{id}", Roles: page.Viewers, Handle: p.show},
		{Pattern: "GET /leads/{id}/{act}", Roles: page.Viewers, Handle: ask},
		{Pattern: "POST /leads/{id}/{act}", Roles: page.Viewers, Handle: p.act},
	}}, nil
}

// sheet is a page of this family.
func sheet(title string, data any) page.Sheet {
	return page.Sheet{Title: title, Style: "/static/leads/leads.css", Module: "/static/leads/leads.js", Data: data}
}

// leadIn is the lead that a request's address names.
func leadIn(r *http.Request) (int64, error) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil || id <= 0 {
		return 0, status.Errorf(codes.NotFound, "there is no lead %q", r.PathValue("id"))
	}
	return id, nil
}
