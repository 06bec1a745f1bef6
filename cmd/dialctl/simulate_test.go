package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/durationpb"

	pb "redial/proto/campaign/v1"
	schedulerv1 "redial/proto/scheduler/v1"
)

const tiny = `{"days":1,"seed":3,"lists":[{"name":"tiny","synthetic":{"count":40}}],"agents":[{"count":2}]}`

func TestASimulationOfflineSaysWhatCameOfIt(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file, page := filepath.Join(dir, "tiny.json"), filepath.Join(dir, "tiny.html")
	if err := os.WriteFile(file, []byte(tiny), 0o600); err != nil {
		t.Fatal(err)
	}
	code, out, errs := ctl(t, nil, "simulate", file, "--html", page)
	if code != 0 || !strings.Contains(out, "40 leads, 2 agents") || !strings.Contains(out, "BY HOUR OF THE DAY") || !strings.Contains(out, "tiny") ||
		!strings.Contains(out, "I1, I3, I4, I5, I6, I7, agent, time held") {
		t.Errorf("exit %d, %s\n%s", code, errs, out)
	}
	if html, err := os.ReadFile(page); err != nil || !strings.HasPrefix(string(html), "<!doctype html>") {
		t.Errorf("the page: %v", err)
	}
	_, one, _ := ctl(t, nil, "simulate", file, "--json")
	_, two, _ := ctl(t, nil, "--json", "simulate", file)
	_, other, _ := ctl(t, nil, "simulate", file, "--json", "--seed", "9", "--days", "2", "--agents", "5")
	if one != two || one == other || !json.Valid([]byte(one)) || !strings.Contains(other, `"days":2,"seed":9,"leads":40,"agents":5`) {
		t.Errorf("JSON:\n%s\n%s\n%s", one, two, other)
	}
}

func TestHowASimulationIsAskedForWrongly(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args []string
		says string
	}{
		{[]string{"simulate", "nowhere.json"}, "nowhere.json"},
		{[]string{"simulate", "--days", "-1"}, "--days"},
		{[]string{"simulate", "--leads"}, "--campaign"},
		{[]string{"simulate", "--bench", "--campaign", "x"}, "--bench"},
		{[]string{"simulate", "--days", "500"}, "days"},
	} {
		code, _, errs := ctl(t, nil, c.args...)
		if code != exitUsage || !strings.Contains(errs, c.says) {
			t.Errorf("%v: exit %d, %s", c.args, code, errs)
		}
	}
	if code, out, _ := ctl(t, nil, "simulate", "--help"); code != 0 || !strings.Contains(out, "ahead_hours") {
		t.Errorf("help, exit %d:\n%s", code, out)
	}
}

// simulates is a server that simulates its campaign 7.
type simulates struct {
	schedulerv1.UnimplementedScheduleServiceServer
	pb.UnimplementedCampaignServiceServer
	asked  *schedulerv1.SimulateRequest
	result string
}

func (s *simulates) GetCampaign(context.Context, *pb.GetCampaignRequest) (*pb.GetCampaignResponse, error) {
	return &pb.GetCampaignResponse{Campaign: &pb.Campaign{Id: 7, Name: "spring"}}, nil
}

func (s *simulates) Simulate(r *schedulerv1.SimulateRequest, out grpc.ServerStreamingServer[schedulerv1.SimulateResponse]) error {
	s.asked = r
	if err := out.Send(&schedulerv1.SimulateResponse{Done: durationpb.New(time.Hour), Total: durationpb.New(24 * time.Hour)}); err != nil {
		return err
	}
	return out.Send(&schedulerv1.SimulateResponse{ResultJson: s.result})
}

func TestASimulationOverACampaignIsTheServers(t *testing.T) {
	t.Parallel()
	_, want, _ := ctlWith(t, nil, nil, strings.NewReader(tiny), "simulate", "-", "--json")
	s := &simulates{result: strings.TrimSpace(want)}
	dial := serve(t, fakes{schedule: s, campaigns: s})
	code, out, errs := ctlWith(t, dial, map[string]string{"REDIAL_TOKEN": "rd_test"}, strings.NewReader(tiny),
		"simulate", "-", "--campaign", "spring", "--leads", "--days", "3", "--json")
	if code != 0 || out != want {
		t.Errorf("exit %d, %s\n%s", code, errs, out)
	}
	if s.asked.GetCampaignId() != 7 || strings.Contains(s.asked.GetScenarioJson(), "lists") || !strings.Contains(s.asked.GetScenarioJson(), `"days":3`) {
		t.Errorf("asked for %v", s.asked)
	}
	s.result = ""
	if code, _, errs := ctl(t, dial, "simulate", "--campaign", "spring"); code != exitFailed || !strings.Contains(errs, "without a result") {
		t.Errorf("exit %d, %s", code, errs)
	}
}
