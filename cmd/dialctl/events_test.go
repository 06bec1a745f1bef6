package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	"redial/campaign"
	pb "redial/proto/campaign/v1"
)

// feed tells four events, one an answer; a cursor is how many were told. It cuts each stream after some answers.
type feed struct {
	pb.UnimplementedEventServiceServer
	mu    sync.Mutex
	asked []*pb.WatchEventsRequest
	cut   int   // answers a stream; 0: all
	why   error // why it is cut
}

// page is an output that ends the reading after some lines.
type page struct {
	strings.Builder
	lines int
	full  func()
}

func (p *page) Write(b []byte) (int, error) {
	n, err := p.Builder.Write(b)
	if strings.Count(p.String(), "\n") == p.lines {
		p.full()
	}
	return n, err
}

var happened = []*pb.Event{
	{Id: 11, Type: pb.EventType_EVENT_TYPE_ATTEMPT, CampaignId: 1, LeadId: 7, Source: "sf", ExternalId: "003x", AgentId: 2, AgentLogin: "li", Body: &pb.Event_Attempt{
		Attempt: &pb.AttemptTold{AssignmentId: 3, Outcome: pb.Outcome_OUTCOME_CALL_LATER, Code: "night", Number: "+8613900000001", Note: "call\nat night", NextAt: at("06:00")}}},
	{Id: 12, Type: pb.EventType_EVENT_TYPE_APPOINTMENT_CLOSED, CampaignId: 1, LeadId: 8, Body: &pb.Event_Appointment{Appointment: &pb.AppointmentTold{
		AppointmentId: 4, State: pb.AppointmentState_APPOINTMENT_STATE_MISSED, Local: "2026-03-02T15:00", Zone: "Asia/Shanghai", Reason: "grace_over"}}},
	{Id: 13, Type: pb.EventType_EVENT_TYPE_SUPPRESSED, Body: &pb.Event_Suppression{Suppression: &pb.SuppressionTold{
		Number: "+8613900000009", Scope: pb.SuppressionScope_SUPPRESSION_SCOPE_SYSTEM, Reason: "do_not_call", Source: "li"}}},
	{Id: 14, Type: pb.EventType_EVENT_TYPE_LEAD_UPDATED, CampaignId: 1, LeadId: 7, Body: &pb.Event_Lead{Lead: &pb.LeadChange{
		State: pb.LeadState_LEAD_STATE_OPEN, Reason: "updated", Fields: []string{"name"}, By: "mei"}}},
}

func at(clock string) *timestamppb.Timestamp {
	t, err := time.Parse(time.RFC3339, "2026-03-02T"+clock+":00Z")
	if err != nil {
		panic(err)
	}
	return timestamppb.New(t)
}

func (f *feed) WatchEvents(r *pb.WatchEventsRequest, s grpc.ServerStreamingServer[pb.WatchEventsResponse]) error {
	f.mu.Lock()
	f.asked = append(f.asked, r)
	cut := f.cut
	f.mu.Unlock()
	from := len(strings.TrimPrefix(r.GetCursor(), "now"))
	for n := from; n < len(happened); n++ {
		if cut > 0 && n-from == cut {
			return f.why
		}
		e := happened[n]
		e.At = at("02:00")
		if err := s.Send(&pb.WatchEventsResponse{Events: []*pb.Event{e}, Cursor: strings.Repeat("i", n+1), CaughtUp: n == len(happened)-1}); err != nil {
			return err
		}
	}
	if r.GetUntilCaughtUp() {
		return s.Send(&pb.WatchEventsResponse{Cursor: strings.Repeat("i", len(happened)), CaughtUp: true})
	}
	<-s.Context().Done()
	return s.Context().Err()
}

func TestEventsAreToldInLines(t *testing.T) {
	t.Parallel()
	code, out, errs := ctl(t, serve(t, fakes{events: &feed{}}), "events")
	if code != exitOK || errs != "the cursor is iiii\n" {
		t.Errorf("exit %d, %s", code, errs)
	}
	same(t, "events", out, `2026-03-02T02:00:00Z  attempt  campaign 1  lead 7 (sf/003x)  li: CALL_LATER, night, +8613900000001, "call\nat night", next 2026-03-02T06:00:00Z
2026-03-02T02:00:00Z  appointment_closed  campaign 1  lead 8: 4 missed, 2026-03-02T15:00 Asia/Shanghai, grace_over
2026-03-02T02:00:00Z  suppressed: +8613900000009, system, do_not_call, by li
2026-03-02T02:00:00Z  lead_updated  campaign 1  lead 7: open (updated), name, by mei
`)
	_, out, _ = ctl(t, serve(t, fakes{events: &feed{}}), "events", "--json")
	all := objects(t, out)
	if len(all) != 4 || all[0]["event"] != 11.0 || all[0]["type"] != "attempt" || all[0]["attempt"].(map[string]any)["outcome"] != "CALL_LATER" {
		t.Errorf("as JSON: %s", out)
	}
}

func TestAJobByTheClockGoesOnWhereItEnded(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "cursor")
	f := &feed{cut: 2, why: &campaign.Error{Kind: campaign.KindAway, Message: "the node stops"}}
	dial := serve(t, fakes{events: f})
	code, out, _ := ctl(t, dial, "events", "--cursor-file", file, "--type", "attempt", "--type", "Suppressed")
	if kept, err := os.ReadFile(file); code != exitFailed || strings.Count(out, "\n") != 2 || string(kept) != "ii\n" || err != nil {
		t.Errorf("cut after two: exit %d, kept %q, %v: %s", code, kept, err, out)
	}
	f.cut = 0
	code, out, _ = ctl(t, dial, "events", "--cursor-file", file)
	if kept, err := os.ReadFile(file); code != exitOK || strings.Count(out, "\n") != 2 || string(kept) != "iiii\n" || err != nil {
		t.Errorf("then: exit %d, kept %q, %v: %s", code, kept, err, out)
	}
	if r := f.asked[0]; r.GetCursor() != "" || !r.GetUntilCaughtUp() || len(r.GetTypes()) != 2 || r.GetTypes()[1] != pb.EventType_EVENT_TYPE_SUPPRESSED {
		t.Errorf("the first run asked %v", r)
	}
	if r := f.asked[1]; r.GetCursor() != "ii" {
		t.Errorf("the second asked %v", r)
	}
	if left, err := os.ReadDir(filepath.Dir(file)); err != nil || len(left) != 1 {
		t.Errorf("left behind: %v %v", left, err)
	}
	for _, args := range [][]string{{"events", "--type", "nonsense"}, {"events", "--cursor-file", t.TempDir()}} {
		if code, _, errs := ctl(t, dial, args...); code != exitUsage {
			t.Errorf("%v: exit %d, %s", args, code, errs)
		}
	}
}

func TestAFollowerComesBackAfterACut(t *testing.T) {
	t.Parallel()
	for _, why := range []*campaign.Error{{Kind: campaign.KindExhausted, Reason: campaign.ReasonTooSlow, Message: "slow"}, {Kind: campaign.KindAway, Message: "stops"}} {
		ctx, cancel := context.WithCancel(t.Context())
		f := &feed{cut: 3, why: why}
		out, errs := page{lines: 4, full: cancel}, strings.Builder{}
		c := &cli{stdin: strings.NewReader(""), stdout: &out, stderr: &errs, env: testEnv, dial: serve(t, fakes{events: f})}
		if code := c.run(ctx, []string{"events", "--follow", "--from", "now"}); code != exitOK || strings.Count(out.String(), "\n") != 4 {
			t.Errorf("exit %d, %s%s", code, out.String(), errs.String())
		}
		if len(f.asked) != 2 || f.asked[0].GetCursor() != "now" || f.asked[1].GetCursor() != "iii" || f.asked[1].GetUntilCaughtUp() {
			t.Errorf("asked %v", f.asked)
		}
		cancel()
	}
	f := &feed{cut: 1, why: campaign.CursorTooOld(campaign.Place{Epoch: "e", Seq: 35})}
	if code, _, errs := ctl(t, serve(t, fakes{events: f}), "events", "--follow"); code != exitUsage || !strings.Contains(errs, `"e.z"`) || !strings.Contains(errs, "FindLeads") {
		t.Errorf("a cursor that is too old: exit %d, %s", code, errs)
	}
}
