// Package examples holds the tests of the clients in deploy/examples: stock clients, in front of a real server. It decides
// nothing and ships nothing.
package examples_test

import (
	"context"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/types/known/durationpb"

	"redial/cmd/internal/app"
	"redial/cmd/internal/config"
	campaignpb "redial/proto/campaign/v1"
	dialerpb "redial/proto/dialer/v1"
)

// office is a real server with a campaign that calls at any hour, another one, and an agent.
type office struct {
	t               *testing.T
	addr            string
	admin           context.Context
	conn            *grpc.ClientConn
	campaign, other int64
}

func open(t *testing.T) *office {
	t.Helper()
	cfg := config.Default()
	cfg.Data, cfg.GRPC, cfg.Web = t.TempDir(), "127.0.0.1:0", "127.0.0.1:0"
	a, err := app.New(t.Context(), cfg, app.Options{Log: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))})
	if err == nil {
		err = a.Start(t.Context())
	}
	o := &office{t: t}
	o.must(err)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if err := a.Stop(ctx); err != nil {
			t.Errorf("stop: %v", err)
		}
	})
	o.addr = a.GRPC()
	o.conn, err = grpc.NewClient("passthrough:///"+o.addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
	o.must(err)
	t.Cleanup(func() { o.conn.Close() })
	secret, err := os.ReadFile(a.AdminToken())
	o.must(err)
	o.admin = metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer "+strings.TrimSpace(string(secret)))
	o.campaign, o.other = o.running("spring"), o.running("autumn")
	_, err = campaignpb.NewAdminServiceClient(o.conn).CreateAgent(o.admin, &campaignpb.CreateAgentRequest{Agent: &campaignpb.Agent{
		Login: "ann", Active: true, Campaigns: []*campaignpb.Membership{{CampaignId: o.campaign, Weight: 1}},
	}})
	o.must(err)
	return o
}

func (o *office) must(err error) {
	o.t.Helper()
	if err != nil {
		o.t.Fatal(err)
	}
}

func (o *office) running(name string) int64 {
	o.t.Helper()
	campaigns := campaignpb.NewCampaignServiceClient(o.conn)
	made, err := campaigns.CreateCampaign(o.admin, &campaignpb.CreateCampaignRequest{Campaign: &campaignpb.Campaign{
		Name: name, Zone: "America/New_York", Region: "US",
		Rules: &campaignpb.Rules{Hours: []*campaignpb.Window{{Days: []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}, Open: "00:00", Close: "24:00"}}},
	}})
	o.must(err)
	_, err = campaigns.StartCampaign(o.admin, &campaignpb.StartCampaignRequest{Id: made.GetCampaign().GetId()})
	o.must(err)
	return made.GetCampaign().GetId()
}

// crm is a token of role crm, which sees the campaigns alone; none: all.
func (o *office) crm(campaigns ...int64) string {
	o.t.Helper()
	made, err := campaignpb.NewAdminServiceClient(o.conn).CreateToken(o.admin, &campaignpb.CreateTokenRequest{
		Owner: "crm", Role: campaignpb.Role_ROLE_CRM, CampaignIds: campaigns,
	})
	o.must(err)
	return made.GetSecret()
}

// leads are the campaign's by their names.
func (o *office) leads() map[string]*campaignpb.Lead {
	o.t.Helper()
	found, err := campaignpb.NewLeadServiceClient(o.conn).FindLeads(o.admin, &campaignpb.FindLeadsRequest{CampaignId: o.campaign})
	o.must(err)
	all := make(map[string]*campaignpb.Lead)
	for _, l := range found.GetLeads() {
		if all[l.GetName()] != nil {
			o.t.Errorf("%s is there twice", l.GetName())
		}
		all[l.GetName()] = l
	}
	return all
}

// called is what an agent says of a call, and the call.
type called struct {
	code, note, local string
	id                int64
	told              *dialerpb.RecordOutcomeResponse
}

// work calls everybody once. What is not in said rings out.
func (o *office) work(said map[string]*called) {
	o.t.Helper()
	agents := dialerpb.NewAgentServiceClient(o.conn)
	left := slices.Collect(maps.Keys(o.leads()))
	for range len(left) {
		next, err := agents.NextCall(o.admin, &dialerpb.NextCallRequest{Agent: "ann", Wait: durationpb.New(20 * time.Second)})
		o.must(err)
		name, id := next.GetCard().GetName(), next.GetCard().GetAssignmentId()
		if !slices.Contains(left, name) {
			o.t.Fatalf("offered %q (%s), left are %v", name, next.GetWhyNone(), left)
		}
		left = slices.DeleteFunc(left, func(s string) bool { return s == name })
		_, err = agents.StartCall(o.admin, &dialerpb.StartCallRequest{Agent: "ann", AssignmentId: id})
		o.must(err)
		s := said[name]
		if s == nil {
			s = &called{code: "NO_ANSWER"}
			said[name] = s
		}
		s.id = id
		record := &dialerpb.RecordOutcomeRequest{Agent: "ann", AssignmentId: id, Code: s.code, Note: s.note}
		if s.local != "" {
			record.Booking = &campaignpb.Booking{Local: s.local, Zone: "America/New_York"}
		}
		s.told, err = agents.RecordOutcome(o.admin, record)
		o.must(err)
	}
}
