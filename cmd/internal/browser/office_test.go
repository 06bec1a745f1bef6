// Package browser holds the tests of the pages in a real browser: Debian's chromium, driven by playwright-core over scenes
// in scenes/*.mjs, in front of a real server. It decides nothing and ships nothing.
package browser_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
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
)

// world is what a scene is told, as JSON.
type world struct {
	Base     string            `json:"base"`
	Tokens   map[string]string `json:"tokens"` // by role; of agents by login, too
	Campaign int64             `json:"campaign"`
	Lead     int64             `json:"lead"`  // one of the campaign's
	Files    string            `json:"files"` // a folder with lists to upload
	Shots    string            `json:"shots"` // a folder for pictures
	Chromium string            `json:"chromium"`
	Link     string            `json:"link"` // a one-time link, of a demonstration
}

// office is a real server with a running campaign that calls at any hour, a list of people, and somebody of each role.
type office struct {
	t     *testing.T
	admin context.Context
	conn  *grpc.ClientConn
	world world
	clock clock
	files map[string][]byte // to upload, besides those of the folder; by name
}

// open starts an office with so many people to call.
func open(t *testing.T, people int) *office {
	t.Helper()
	o := &office{t: t}
	o.open(people)
	return o
}

func (o *office) open(people int) {
	o.t.Helper()
	o.start(false)
	o.world.Campaign = o.running("Spring offer")
	o.load(people)
	o.world.Tokens["agent"] = o.agent("ann")
	o.world.Tokens["ann"] = o.world.Tokens["agent"]
	for role, r := range map[string]campaignpb.Role{"supervisor": campaignpb.Role_ROLE_SUPERVISOR, "manager": campaignpb.Role_ROLE_MANAGER, "quality": campaignpb.Role_ROLE_QUALITY} {
		made, err := campaignpb.NewAdminServiceClient(o.conn).CreateToken(o.admin, &campaignpb.CreateTokenRequest{Owner: role, Role: r})
		o.must(err)
		o.world.Tokens[role] = made.GetSecret()
	}
}

// start starts a server; a demonstration fills itself.
func (o *office) start(demo bool) {
	t := o.t
	t.Helper()
	cfg := config.Default()
	cfg.Data, cfg.GRPC, cfg.Web, cfg.Demo = t.TempDir(), "127.0.0.1:0", "127.0.0.1:0", demo
	cfg.Rates = "agent=500" // hours of a desk pass in seconds
	o.world.Tokens = map[string]string{}
	a, err := app.New(t.Context(), cfg, app.Options{Now: o.clock.now, Log: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))})
	if err == nil {
		err = a.Start(t.Context())
	}
	o.must(err)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if err := a.Stop(ctx); err != nil {
			t.Errorf("stop: %v", err)
		}
	})
	o.world.Base = "http://" + a.Web()
	var said strings.Builder
	o.must(a.Greet(&said))
	_, link, _ := strings.Cut(said.String(), "sign in once at ")
	o.world.Link, _, _ = strings.Cut(link, "\n")
	o.conn, err = grpc.NewClient("passthrough:///"+a.GRPC(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	o.must(err)
	t.Cleanup(func() { o.conn.Close() })
	secret, err := os.ReadFile(a.AdminToken())
	o.must(err)
	o.world.Tokens["admin"] = strings.TrimSpace(string(secret))
	o.admin = o.as(o.world.Tokens["admin"])
}

// as is a context of somebody by a token.
func (o *office) as(secret string) context.Context {
	return metadata.AppendToOutgoingContext(o.t.Context(), "authorization", "Bearer "+secret)
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
		Name: name, Zone: "Europe/London", Region: "GB", Script: "Good day, this is Ann of Redial. Am I speaking with {{name}}?",
		Rules: &campaignpb.Rules{Hours: []*campaignpb.Window{{Days: []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}, Open: "00:00", Close: "24:00"}}},
		Floor: &campaignpb.FloorSettings{Lease: durationpb.New(10 * time.Minute), OfferTime: durationpb.New(5 * time.Minute), WrapUp: durationpb.New(5 * time.Minute)},
	}})
	o.must(err)
	_, err = campaigns.StartCampaign(o.admin, &campaignpb.StartCampaignRequest{Id: made.GetCampaign().GetId()})
	o.must(err)
	return made.GetCampaign().GetId()
}

// load puts people into the campaign; the numbers are those reserved for fiction.
func (o *office) load(people int) {
	o.t.Helper()
	stream, err := campaignpb.NewLeadServiceClient(o.conn).UpsertLeads(o.admin)
	o.must(err)
	o.must(stream.Send(&campaignpb.UpsertLeadsRequest{Part: &campaignpb.UpsertLeadsRequest_Begin{
		Begin: &campaignpb.UpsertBegin{Source: "office", CampaignId: o.world.Campaign},
	}}))
	for i := range people {
		o.must(stream.Send(&campaignpb.UpsertLeadsRequest{Part: &campaignpb.UpsertLeadsRequest_Item{Item: &campaignpb.UpsertItem{
			Position: int64(i + 1), ExternalId: fmt.Sprint("p-", i+1), Action: &campaignpb.UpsertItem_Upsert{Upsert: &campaignpb.UpsertLead{Lead: &campaignpb.Lead{
				Name:       fmt.Sprint(firstNames[i%len(firstNames)], " ", lastNames[i/len(firstNames)%len(lastNames)]),
				Numbers:    []*campaignpb.Number{{Phone: fmt.Sprintf("+4420794600%02d", i%100)}},
				Attributes: []*campaignpb.Attribute{{Name: "City", Value: "London"}, {Name: "Plan", Value: "Basic <b>2020</b>"}},
			}}},
		}}}))
	}
	o.must(stream.CloseSend())
	for {
		m, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return
		}
		o.must(err)
		for _, r := range m.GetResults() {
			if r.GetError() != nil {
				o.t.Fatalf("lead %s: %v", r.GetExternalId(), r.GetError())
			}
			o.world.Lead = r.GetLeadId()
		}
	}
}

// file loads a list of one person, as from an uploaded file.
func (o *office) file(name, number string) {
	o.t.Helper()
	lists, raw := campaignpb.NewListServiceClient(o.conn), []byte("name,phone\n"+name+","+number+"\n")
	begun, err := lists.BeginUpload(o.admin, &campaignpb.BeginUploadRequest{CampaignId: o.world.Campaign, FileName: "file.csv"})
	o.must(err)
	id := begun.GetUpload().GetId()
	up, err := lists.Upload(o.admin)
	o.must(err)
	o.must(up.Send(&campaignpb.UploadRequest{UploadId: id, Data: raw}))
	_, err = up.CloseAndRecv()
	o.must(err)
	_, err = lists.CommitUpload(o.admin, &campaignpb.CommitUploadRequest{UploadId: id, Size: int64(len(raw))})
	o.must(err)
	watch, err := lists.WatchImport(o.admin, &campaignpb.WatchImportRequest{UploadId: id})
	o.must(err)
	for {
		if _, err := watch.Recv(); errors.Is(err, io.EOF) {
			return
		} else {
			o.must(err)
		}
	}
}

var (
	firstNames = []string{"Amara", "Bruno", "Chloë", "Dmitri", "Esther", "Farid", "Grace", "Hana", "Igor", "José"}
	lastNames  = []string{"Okafor", "Lindqvist", "Müller-Straßenbauer von und zu Hohenfels", "李", "O'Neill"}
)

// colleague is an agent of the campaign who does not sign in.
func (o *office) colleague(login string) {
	o.t.Helper()
	_, err := campaignpb.NewAdminServiceClient(o.conn).CreateAgent(o.admin, &campaignpb.CreateAgentRequest{Agent: &campaignpb.Agent{
		Login: login, Name: strings.ToUpper(login[:1]) + login[1:] + " Example", Active: true, Campaigns: []*campaignpb.Membership{{CampaignId: o.world.Campaign, Weight: 1}},
	}})
	o.must(err)
}

// agent is a colleague with a token.
func (o *office) agent(login string) string {
	o.t.Helper()
	o.colleague(login)
	made, err := campaignpb.NewAdminServiceClient(o.conn).CreateToken(o.admin, &campaignpb.CreateTokenRequest{Owner: login, Role: campaignpb.Role_ROLE_AGENT})
	o.must(err)
	return made.GetSecret()
}
