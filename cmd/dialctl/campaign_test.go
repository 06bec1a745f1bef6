package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"redial/campaign"
	"redial/campaign/wire"
	pb "redial/proto/campaign/v1"
)

// campaigns is a CampaignService with one campaign, spring, which has open promises.
type campaigns struct {
	pb.UnimplementedCampaignServiceServer
	made    *pb.Campaign
	updated *pb.UpdateCampaignRequest
}

func (s *campaigns) CreateCampaign(_ context.Context, r *pb.CreateCampaignRequest) (*pb.CreateCampaignResponse, error) {
	s.made = r.GetCampaign()
	m := proto.CloneOf(r.GetCampaign())
	m.Id, m.State, m.Version = 1, pb.CampaignState_CAMPAIGN_STATE_DRAFT, 1
	return &pb.CreateCampaignResponse{Campaign: m}, nil
}

func (s *campaigns) GetCampaign(_ context.Context, r *pb.GetCampaignRequest) (*pb.GetCampaignResponse, error) {
	if r.GetName() != "spring" && r.GetId() != 4 {
		return nil, campaign.NotFound("campaign", r.GetName())
	}
	rules := campaign.DefaultRules()
	return &pb.GetCampaignResponse{Campaign: &pb.Campaign{Id: 4, Name: "spring", Version: 9, Zone: "Asia/Shanghai", Rules: wire.Rules(&rules)},
		Leads: []*pb.LeadCount{{State: pb.LeadState_LEAD_STATE_OPEN, Count: 12}}, OpenPromises: 2}, nil
}

func (s *campaigns) UpdateCampaign(_ context.Context, r *pb.UpdateCampaignRequest) (*pb.UpdateCampaignResponse, error) {
	s.updated = r
	return &pb.UpdateCampaignResponse{Campaign: r.GetCampaign()}, nil
}

func (s *campaigns) FinishCampaign(_ context.Context, r *pb.FinishCampaignRequest) (*pb.FinishCampaignResponse, error) {
	if r.GetPromises() == pb.PromisePolicy_PROMISE_POLICY_UNSPECIFIED {
		return nil, campaign.Unready("PROMISES_OPEN", "2 promises are open")
	}
	return &pb.FinishCampaignResponse{Campaign: &pb.Campaign{Id: r.GetId()}, Cancelled: 2}, nil
}

func file(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file.json")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const whole = `{"zone":"Europe/Berlin","region":"DE","rules":{"interval":"2h","max_per_day":0},"script":"Hi {{name}}","skills":["german"],
 "codes":[{"code":"SOLD","label":"Sold","outcome":"SUCCESS"}],"floor":{"grace":"10m","fresh_share":0.25}}`

func TestCreateReadsAWholeCampaign(t *testing.T) {
	t.Parallel()
	s := &campaigns{}
	code, out, errs := ctl(t, serve(t, fakes{campaigns: s}), "campaign", "create", "spring", "--file", file(t, whole), "--json")
	if code != 0 {
		t.Fatalf("exit %d: %s", code, errs)
	}
	m := s.made
	if m.GetName() != "spring" || m.GetZone() != "Europe/Berlin" || m.GetRegion() != "DE" || m.GetScript() != "Hi {{name}}" || m.GetSkills()[0] != "german" ||
		m.GetRules().GetInterval().AsDuration() != 2*time.Hour || m.GetRules().GetMaxPerDay() != 0 || m.GetCodes()[0].GetOutcome() != pb.Outcome_OUTCOME_SUCCESS ||
		m.GetFloor().GetGrace().AsDuration() != 10*time.Minute || m.GetFloor().GetLease().AsDuration() != 90*time.Second || m.GetFloor().GetFreshShare() != 0.25 {
		t.Errorf("asked for %v", m)
	}
	if o := objects(t, out)[0]; o["campaign"] != 1.0 || o["state"] != "draft" || o["rules"].(map[string]any)["interval"] != "2h" {
		t.Errorf("answered %s", out)
	}
}

func TestTheMachinesZoneIsUsedAndTold(t *testing.T) {
	t.Parallel()
	s := &campaigns{}
	code, out, errs := ctl(t, serve(t, fakes{campaigns: s}), "campaign", "create", "spring", "--rules", file(t, `{"interval":"15m"}`))
	if code != 0 || s.made.GetZone() != "Asia/Shanghai" || !strings.Contains(errs, "zone: Asia/Shanghai") || s.made.GetRules().GetInterval().AsDuration() != 15*time.Minute {
		t.Errorf("exit %d, %v, %s", code, s.made, errs)
	}
	same(t, "create", out, "campaign spring was made (number 1, draft)\n\nNext: dialctl import --campaign spring FILE\n")
}

func TestACampaignFileIsReadStrictly(t *testing.T) {
	t.Parallel()
	s := &campaigns{}
	dial := serve(t, fakes{campaigns: s})
	for text, want := range map[string]string{
		`{"zones":"UTC"}`:                             "zones: unknown field",
		`{"rules":{"intervall":"1h"}}`:                "rules.intervall: unknown field",
		`{"floor":{"lease":"1s"}}`:                    "floor.lease",
		`{"floor":{"leese":"1s"}}`:                    "floor.leese",
		`{"codes":[{"code":"A","outcome":"SOLD"}]}`:   "codes[0].outcome",
		`{"codes":[{"code":"A","result":"SUCCESS"}]}`: "codes[0].result",
		"{\"zone\":\"UTC\",\n\"region\":\"CN\",\n}":   "line 3 is not JSON",
		`[]`: "must be an object",
		`{"rules":{"max_per_day":-1,"interval":"1h"}}`:     "rules.max_per_day",
		`{"rules":{"hours":[{"days":["mon"]}]}}`:           "rules.hours[0].open",
		`{"zone":"UTC","zone":"Asia/Shanghai"}`:            "given twice",
		`{"rules":{"intervals":{"SLEEPING":"1h"}}}`:        "rules.intervals.SLEEPING",
		`{"rules":{"caps":[{"scope":"lead","max":1}]}}`:    "rules.caps[0].period",
		`{"skills":["a",7]}`:                               "skills[1]",
		`{"script":{"text":"a script is text, not this"}}`: "script",
	} {
		code, _, errs := ctl(t, dial, "campaign", "create", "x", "--zone", "UTC", "--file", file(t, text))
		if code != exitUsage || !strings.Contains(errs, want) {
			t.Errorf("%s: exit %d, %s", text, code, errs)
		}
	}
	if s.made != nil {
		t.Errorf("made %v", s.made)
	}
	if code, _, errs := ctl(t, dial, "campaign", "create", "x", "--rules", file(t, `{"zone":"UTC"}`)); code != exitUsage || !strings.Contains(errs, "zone: unknown field") {
		t.Errorf("--rules with another field: exit %d, %s", code, errs)
	}
}

func TestUpdateChangesWhatWasGivenAndNothingElse(t *testing.T) {
	t.Parallel()
	s := &campaigns{}
	code, _, errs := ctl(t, serve(t, fakes{campaigns: s}), "campaign", "update", "spring", "--region", "US", "--rules", file(t, `{}`))
	if code != 0 || strings.Join(s.updated.GetUpdateMask().GetPaths(), " ") != "region rules" || s.updated.GetCampaign().GetVersion() != 9 || s.updated.GetCampaign().GetId() != 4 {
		t.Errorf("exit %d %s, %v", code, errs, s.updated)
	}
}

func TestSettingsOfACampaignCanBeGivenBack(t *testing.T) {
	t.Parallel()
	s := &campaigns{}
	dial := serve(t, fakes{campaigns: s})
	_, out, _ := ctl(t, dial, "campaign", "show", "spring", "--settings")
	if code, _, errs := ctl(t, dial, "campaign", "create", "copy", "--file", file(t, out)); code != 0 || s.made.GetRules().GetInterval().AsDuration() != 4*time.Hour {
		t.Errorf("exit %d %s\n%s", code, errs, out)
	}
}

func TestACampaignIsExplainedInWordsAndWarnedOf(t *testing.T) {
	t.Parallel()
	_, out, errs := ctl(t, serve(t, fakes{campaigns: &campaigns{}}), "campaign", "show", "spring")
	if !strings.Contains(out, "in words:\n  called again 4h after a call; at most 3 calls a day\n  called daily 09:00-21:00\n  no law pack is switched on\n") || errs != "" {
		t.Errorf("%s%s", out, errs)
	}
	unwise := &hasty{}
	_, _, errs = ctl(t, serve(t, fakes{campaigns: unwise}), "campaign", "show", "spring")
	if !strings.Contains(errs, "WARNING: rules.max_attempts: there is no cap at all") {
		t.Errorf("warned of %s", errs)
	}
}

// hasty is a CampaignService whose campaign has no cap at all.
type hasty struct {
	pb.UnimplementedCampaignServiceServer
}

func (*hasty) GetCampaign(context.Context, *pb.GetCampaignRequest) (*pb.GetCampaignResponse, error) {
	rules := campaign.DefaultRules()
	rules.MaxPerDay = 0
	return &pb.GetCampaignResponse{Campaign: &pb.Campaign{Id: 4, Name: "spring", Zone: "UTC", Rules: wire.Rules(&rules)}}, nil
}

func TestFinishAsksWhatBecomesOfPromises(t *testing.T) {
	t.Parallel()
	dial := serve(t, fakes{campaigns: &campaigns{}})
	if code, _, errs := ctl(t, dial, "campaign", "finish", "spring"); code != exitFailed || !strings.Contains(errs, "--promises cancel, or --promises keep") {
		t.Errorf("exit %d, %s", code, errs)
	}
	if code, out, _ := ctl(t, dial, "campaign", "finish", "spring", "--promises", "cancel"); code != 0 || !strings.Contains(out, "2 cancelled") {
		t.Errorf("exit %d, %s", code, out)
	}
}

func TestACampaignIsFoundByNameOrNumber(t *testing.T) {
	t.Parallel()
	dial := serve(t, fakes{campaigns: &campaigns{}})
	if code, out, _ := ctl(t, dial, "campaign", "show", "4", "--json"); code != 0 || objects(t, out)[0]["leads"].(map[string]any)["open"] != 12.0 {
		t.Errorf("exit %d, %s", code, out)
	}
	if code, _, errs := ctl(t, dial, "campaign", "show", "my autumn"); code != exitFailed || !strings.Contains(errs, "dialctl campaign create 'my autumn'") {
		t.Errorf("exit %d, %s", code, errs)
	}
}
