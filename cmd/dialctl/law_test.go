package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/grpc"

	pb "redial/proto/campaign/v1"
)

// nobody is a server that must not be asked.
func nobody(t *testing.T) func(string, ...grpc.DialOption) (*grpc.ClientConn, error) {
	return func(string, ...grpc.DialOption) (*grpc.ClientConn, error) {
		t.Error("a server was asked")
		return nil, os.ErrClosed
	}
}

func TestLawIsShownOffline(t *testing.T) {
	t.Parallel()
	code, out, errs := ctl(t, nobody(t), "law", "list")
	if code != 0 || !strings.Contains(out, "us-debt") || !strings.Contains(out, "no legal advice") {
		t.Errorf("exit %d: %s%s", code, out, errs)
	}
	code, out, _ = ctl(t, nobody(t), "law", "show", "us")
	for _, want := range []string{
		"WARNING: This pack is an engineering list", "us-fl.frequency", "since 2023-10-01", "until 2023-09-30", "unconfirmed", "source: Public Act 23-98",
		"holidays: ", "2025-01-01",
	} {
		if code != 0 || !strings.Contains(out, want) {
			t.Errorf("exit %d, no %q in\n%s", code, want, out)
		}
	}
	code, out, _ = ctl(t, nobody(t), "law", "show", "fr", "--json")
	var pack struct {
		Name  string
		Rules []struct{ ID, Status, Source, Checked string }
	}
	if err := json.Unmarshal([]byte(out), &pack); code != 0 || err != nil || pack.Name != "fr" || len(pack.Rules) != 4 || pack.Rules[0].Status != "confirmed" {
		t.Errorf("exit %d, %v: %s", code, err, out)
	}
	if code, _, errs = ctl(t, nobody(t), "law", "show", "xx"); code != 2 || !strings.Contains(errs, "us, us-debt") {
		t.Errorf("exit %d: %s", code, errs)
	}
}

func TestOwnLawIsReadAsTheServerReadsIt(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	raw, err := os.ReadFile("../../deploy/law-example.json")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "own.json")
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	if code, out, errs := ctl(t, nobody(t), "law", "show", "example", "--law", dir); code != 0 || !strings.Contains(out, "example-ie.frequency") {
		t.Errorf("exit %d: %s%s", code, out, errs)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(string(raw), `"max": 2`, `"max": 0`, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, errs := ctl(t, nobody(t), "law", "list", "--law", dir); code != 2 || !strings.Contains(errs, "own.json: rules[example-ie.frequency].cap.max") {
		t.Errorf("exit %d: %s", code, errs)
	}
}

// warning is a CampaignService that has something to say of every campaign.
type warning struct{ campaigns }

func (s *warning) CreateCampaign(ctx context.Context, r *pb.CreateCampaignRequest) (*pb.CreateCampaignResponse, error) {
	a, err := s.campaigns.CreateCampaign(ctx, r)
	a.Warnings = []string{"law pack us: ask counsel"}
	return a, err
}

func (s *warning) UpdateCampaign(ctx context.Context, r *pb.UpdateCampaignRequest) (*pb.UpdateCampaignResponse, error) {
	a, err := s.campaigns.UpdateCampaign(ctx, r)
	a.Warnings = []string{"law pack us: ask counsel"}
	return a, err
}

func TestWarningsOfACampaignAreShown(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"campaign", "create", "x", "--zone", "UTC"}, {"campaign", "update", "spring", "--zone", "UTC"}} {
		s := serve(t, fakes{campaigns: &warning{}})
		if code, _, errs := ctl(t, s, args...); code != 0 || !strings.Contains(errs, "WARNING: law pack us: ask counsel") {
			t.Errorf("%v: exit %d: %s", args, code, errs)
		}
		if code, out, errs := ctl(t, s, append(args, "--json")...); code != 0 || errs != "" || !strings.Contains(out, `"warnings":["law pack us: ask counsel"]`) {
			t.Errorf("%v: exit %d: %s%s", args, code, out, errs)
		}
	}
}
