// Package lists decides how people take lead lists in and look after them: a file goes up in pieces, what its columns are
// is shown and corrected, its import is watched, and its list is kept. It never reads a file itself and never judges a
// row: the API does, as the caller who signed in, and a file passes through here a piece at a time.
package lists

import (
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"strconv"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"redial/campaign"
	"redial/cmd/internal/web/page"
	pb "redial/proto/campaign/v1"
)

//go:embed templates static lang
var files embed.FS

const (
	pieceMost = 1 << 20          // bytes of one piece, as the API takes them
	fileMost  = 4 << 30          // bytes of a file that a form without a script brings
	fileTime  = 30 * time.Minute // to bring it
	wholeTime = 5 * time.Minute  // to look at every row of a large file
	formMost  = 1 << 20          // bytes of a form: a file may have hundreds of columns
)

// lists are the pages. Safe for concurrent use.
type lists struct {
	views     *page.Views
	now       func() time.Time
	lists     pb.ListServiceClient
	campaigns pb.CampaignServiceClient
	reports   pb.ReportServiceClient
	calendars pb.AdminServiceClient
	hands     hands
}

// New makes the pages of lists.
func New(kit page.Kit) (page.Family, error) {
	views, err := page.Read(files, kit.Log, template.FuncMap{
		"word": word, "size": size, "count": count, "moment": moment, "join": join, "numbers": numbers, "duplicate": duplicate, "firsts": firsts, "figure": figure, "plain": plain, "message": message, "advice": advice,
	})
	if err != nil {
		return page.Family{}, fmt.Errorf("make the pages of lists: %w", err)
	}
	p := &lists{
		hands: hands{by: map[string]int{}},
		views: views, now: kit.Now,
		lists: pb.NewListServiceClient(kit.API), campaigns: pb.NewCampaignServiceClient(kit.API), reports: pb.NewReportServiceClient(kit.API),
		calendars: pb.NewAdminServiceClient(kit.API),
	}
	return page.Family{Name: "lists", Files: files, Routes: p.routes()}, nil
}

func (p *lists) routes() []page.Route {
	return []page.Route{
		{Pattern: "GET /lists", Roles: page.Floor, Handle: p.index},
		{Pattern: "GET /lists/new", Roles: page.Managers, Handle: p.blank},
		{Pattern: "POST /lists/new", Roles: page.Managers, Body: fileMost, Time: fileTime, Handle: p.form},
		{Pattern: "POST /lists/uploads", Roles: page.Managers, Handle: p.begin},
		{Pattern: "GET /lists/uploads/{id}/state", Roles: page.Managers, Handle: p.state},
		{Pattern: "PUT /lists/uploads/{id}/data", Roles: page.Managers, Body: pieceMost, Time: 2 * time.Minute, Handle: p.piece},
		{Pattern: "POST /lists/uploads/{id}/discard", Roles: page.Managers, Handle: p.discard},
		{Pattern: "GET /lists/uploads/{id}/map", Roles: page.Managers, Time: wholeTime, Handle: p.showMap},
		{Pattern: "POST /lists/uploads/{id}/forget", Roles: page.Managers, Body: formMost, Handle: p.forget},
		{Pattern: "POST /lists/uploads/{id}/commit", Roles: page.Managers, Body: formMost, Handle: p.commit},
		{Pattern: "GET /lists/uploads/{id}/progress", Roles: page.Floor, Handle: p.progress},
		{Pattern: "GET /lists/uploads/{id}/live", Roles: page.Floor, Live: true, Handle: p.live},
		{Pattern: "GET /lists/{id}", Roles: page.Floor, Handle: p.show},
		{Pattern: "GET /lists/{id}/problems.csv", Roles: page.Floor, Handle: p.problemFile},
		{Pattern: "GET /lists/{id}/bad-data", Roles: page.Floor, Handle: p.badDataFile},
		{Pattern: "POST /lists/{id}/priority", Roles: page.Managers, Handle: p.setPriority},
		{Pattern: "POST /lists/{id}/on", Roles: page.Managers, Handle: p.switchOn},
		{Pattern: "POST /lists/{id}/off", Roles: page.Managers, Handle: p.switchOff},
		{Pattern: "POST /lists/{id}/hours", Roles: page.Managers, Handle: p.setHours},
		{Pattern: "POST /lists/{id}/undo", Roles: page.Managers, Handle: p.undo},
	}
}

// idOf is the id in a request's path.
func idOf(r *http.Request) (int64, error) {
	n, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil || n <= 0 {
		return 0, status.Error(codes.NotFound, "there is no such page: the number in its address is none")
	}
	return n, nil
}

// manages says whether the caller may change lists; the API asks again.
func manages(r *http.Request) bool {
	role := campaign.CallerFrom(r.Context()).Role
	return role == campaign.RoleManager || role == campaign.RoleAdmin
}

// asNumber is a number of a form; empty is 0.
func asNumber(field, s string, bits int) (int64, error) {
	if s == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(s, 10, bits)
	if err != nil {
		return 0, status.Errorf(codes.InvalidArgument, "%s: %q is no whole number", field, s)
	}
	return n, nil
}
