// Package floor decides what supervisors and managers see of the live floor: agents by state with their timers, calls in
// progress, promises, work by hour and zone, and when leads run dry; and what they may do about it: help an agent out of a
// state, judge late outcomes, hand promises over. It keeps nothing: every word and act goes to the API as the person who
// signed in. It never sends a page the same row twice, nor more than one update a second.
package floor

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	"redial/campaign"
	"redial/cmd/internal/web/page"
	campaignpb "redial/proto/campaign/v1"
	pb "redial/proto/dialer/v1"
	schedulerpb "redial/proto/scheduler/v1"
)

//go:embed templates static lang
var files embed.FS

const (
	rowsMost  = 50              // promises, or late outcomes, in a page; agents in one that has no script
	every     = time.Second     // between two updates of a live page
	soon      = time.Hour       // promises due within it are shown first
	missedFor = 24 * time.Hour  // missed promises of so long
	handMost  = 1000            // promises of an agent that are handed over at once
	actTime   = 2 * time.Minute // to hand over all promises of an agent
)

// floors are the pages of the floor.
type floors struct {
	page.Kit
	views     *page.Views
	floor     pb.FloorServiceClient
	campaigns campaignpb.CampaignServiceClient
	schedule  schedulerpb.ScheduleServiceClient
	beat      time.Duration // between two signs of life of a live page that has nothing to say
}

// New makes the floor's pages.
func New(kit page.Kit) (page.Family, error) {
	f, err := newFloors(kit)
	if err != nil {
		return page.Family{}, err
	}
	return page.Family{Name: "floor", Files: files, Routes: f.routes()}, nil
}

func newFloors(kit page.Kit) (*floors, error) {
	f := &floors{
		Kit: kit, floor: pb.NewFloorServiceClient(kit.API), campaigns: campaignpb.NewCampaignServiceClient(kit.API),
		schedule: schedulerpb.NewScheduleServiceClient(kit.API), beat: page.BeatEvery,
	}
	var err error
	if f.views, err = page.Read(files, kit.Log, funcs); err != nil {
		return nil, fmt.Errorf("make the floor: %w", err)
	}
	return f, nil
}

func (f *floors) routes() []page.Route {
	all := []page.Route{
		{Pattern: "GET /floor", Handle: f.show},
		{Pattern: "GET /floor/live", Live: true, Handle: f.live},
		{Pattern: "GET /floor/agent", Handle: f.agent},
		{Pattern: "GET /floor/promises", Handle: f.promises},
		{Pattern: "GET /floor/missed", Handle: f.missed},
		{Pattern: "GET /floor/late", Handle: f.late},
		{Pattern: "GET /floor/ahead", Handle: f.ahead},
		{Pattern: "POST /floor/state", Handle: f.setState},
		{Pattern: "POST /floor/judge", Handle: f.judge},
		{Pattern: "POST /floor/reassign", Time: actTime, Handle: f.reassign},
		{Pattern: "POST /floor/hand-over", Time: actTime, Handle: f.handOver},
	}
	for i := range all {
		all[i].Roles = page.Floor
	}
	return all
}

// sheet is a page of this family.
func sheet(data any) page.Sheet {
	return page.Sheet{Title: "nav_floor", Style: "/static/floor/floor.css", Module: "/static/floor/floor.js", Data: data}
}

// draw answers with a page, or with its part alone where the page's script asks for it.
func (f *floors) draw(w http.ResponseWriter, r *http.Request, name string, data any) {
	if scripted(r) {
		f.views.Part(w, r, http.StatusOK, name, data)
		return
	}
	f.views.Page(w, r, http.StatusOK, name+"_page", sheet(data))
}

// scripted says whether the page's script asked.
func scripted(r *http.Request) bool {
	return strings.Contains(r.Header.Get("Accept"), "application/json")
}

// done answers that something was done: the script with the words, a form with the page at back, which says them.
func (f *floors) done(w http.ResponseWriter, r *http.Request, back, did string, numbers ...int) {
	if scripted(r) {
		page.JSON(w, http.StatusOK, map[string]string{"said": said(f.views.Lang(r), did, numbers)})
		return
	}
	q := url.Values{"did": {did}}
	for _, n := range numbers {
		q.Add("n", strconv.Itoa(n))
	}
	http.Redirect(w, r, back+"?"+q.Encode(), http.StatusSeeOther)
}

// dids are what may be said of something done, with how many numbers belong into each.
var dids = map[string]int{"state": 0, "kept": 0, "applied": 0, "dismissed": 0, "reassigned": 0, "handed": 2}

func said(l page.Lang, did string, numbers []int) string {
	n, ok := dids[did]
	if !ok || len(numbers) != n {
		return ""
	}
	args := make([]any, n)
	for i := range numbers {
		args[i] = numbers[i]
	}
	return l.Text("floor_did_"+did, args...)
}

// saidIn is what the address of a page says was done.
func (f *floors) saidIn(r *http.Request) string {
	var numbers []int
	for _, text := range r.URL.Query()["n"] {
		n, err := strconv.Atoi(text)
		if err != nil {
			return ""
		}
		numbers = append(numbers, n)
	}
	return said(f.views.Lang(r), r.URL.Query().Get("did"), numbers)
}

// number reads a number of a request; empty: 0.
func number(name, text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return 0, status.Errorf(codes.InvalidArgument, "%s: %q is no number from 0", name, text)
	}
	return n, nil
}

// denied says whether the API does not let the caller's role do it.
func denied(err error) bool { return status.Code(err) == codes.PermissionDenied }

// parse reads a form.
func parse(r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return status.Error(codes.InvalidArgument, "the form did not come whole: "+err.Error())
	}
	return nil
}

// milli is an instant as scripts count it; 0: none.
func milli(t *timestamppb.Timestamp) int64 {
	if t == nil {
		return 0
	}
	return t.AsTime().UnixMilli()
}

// ended says whether a stream ended because its reader did.
func ended(ctx context.Context, err error) bool {
	return ctx.Err() != nil || errors.Is(err, context.Canceled)
}

// states are the words of agents' states, in the order in which they are shown.
var states = []string{"on_call", "wrap_up", "offered", "ready", "break"}

var stateWords = map[campaignpb.AgentState]string{
	campaignpb.AgentState_AGENT_STATE_SIGNED_OUT: string(campaign.AgentSignedOut), campaignpb.AgentState_AGENT_STATE_READY: string(campaign.AgentReady),
	campaignpb.AgentState_AGENT_STATE_OFFERED: string(campaign.AgentOffered), campaignpb.AgentState_AGENT_STATE_ON_CALL: string(campaign.AgentOnCall),
	campaignpb.AgentState_AGENT_STATE_WRAP_UP: string(campaign.AgentWrapUp), campaignpb.AgentState_AGENT_STATE_BREAK: string(campaign.AgentBreak),
}
