package overload_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"

	"redial/cmd/internal/app"
	"redial/cmd/internal/config"
	"redial/cmd/internal/overload"
	campaignpb "redial/proto/campaign/v1"
)

// node is a whole server with leads and agents.
type node struct {
	t    *testing.T
	cfg  config.Config
	app  *app.App
	conn *grpc.ClientConn
	ctx  context.Context // an admin's
	overload.Agents
}

func start(t *testing.T, database, redis string) *node {
	t.Helper()
	n := &node{t: t, cfg: config.Default()}
	n.cfg.Data, n.cfg.Database, n.cfg.Redis, n.cfg.GRPC, n.cfg.Web = t.TempDir(), database, redis, "127.0.0.1:0", "127.0.0.1:0"
	a, err := app.New(t.Context(), n.cfg, app.Options{Log: slog.New(slog.DiscardHandler)})
	if err == nil {
		err = a.Start(t.Context())
	}
	n.must(err)
	n.app = a
	n.conn = n.dial()
	secret, err := os.ReadFile(a.AdminToken())
	n.must(err)
	n.ctx = metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer "+strings.TrimSpace(string(secret)))
	return n
}

func (n *node) must(err error) {
	n.t.Helper()
	if err != nil {
		n.t.Fatal(err)
	}
}

func (n *node) dial() *grpc.ClientConn {
	n.t.Helper()
	conn, err := grpc.NewClient("passthrough:///"+n.app.GRPC(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	n.must(err)
	n.t.Cleanup(func() { conn.Close() })
	return conn
}

func (n *node) stop() {
	n.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	n.must(n.app.Stop(ctx))
}

// prepare makes a running campaign that is open round the clock, its leads, and agents with tokens.
func (n *node) prepare(leads, agents int) {
	n.t.Helper()
	made, err := campaignpb.NewCampaignServiceClient(n.conn).CreateCampaign(n.ctx, &campaignpb.CreateCampaignRequest{Campaign: &campaignpb.Campaign{
		Name: "overload", Zone: "Etc/UTC", Region: "US", Rules: &campaignpb.Rules{Hours: []*campaignpb.Window{{
			Days: []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}, Open: "00:00", Close: "24:00",
		}}},
	}})
	n.must(err)
	id := made.GetCampaign().GetId()
	n.load(id, leads)
	n.hire(id, agents)
	_, err = campaignpb.NewCampaignServiceClient(n.conn).StartCampaign(n.ctx, &campaignpb.StartCampaignRequest{Id: id})
	n.must(err)
	for range 4 {
		n.Conns = append(n.Conns, n.dial())
	}
	n.Code = "NO_ANSWER"
}

func (n *node) load(id int64, leads int) {
	n.t.Helper()
	areas := []string{"212", "213", "214", "215", "216", "303", "305", "312", "313", "404", "407", "410", "415", "503", "512", "602", "614", "617", "702", "713"}
	var list strings.Builder
	list.WriteString("id,name,phone\n")
	for i := range leads {
		fmt.Fprintf(&list, "%d,Lead %d,+1%s%03d%04d\n", i, i, areas[i%20], 210+i/20/9000, 1000+i/20%9000)
	}
	c := campaignpb.NewListServiceClient(n.conn)
	u, err := c.BeginUpload(n.ctx, &campaignpb.BeginUploadRequest{CampaignId: id, FileName: "leads.csv", RequestId: "overload"})
	n.must(err)
	up, err := c.Upload(n.ctx)
	n.must(err)
	text := list.String()
	for at := 0; at < len(text); at += 1 << 20 {
		n.must(up.Send(&campaignpb.UploadRequest{
			UploadId: u.GetUpload().GetId(), Offset: int64(at), Data: []byte(text[at:min(at+1<<20, len(text))]),
		}))
	}
	_, err = up.CloseAndRecv()
	n.must(err)
	_, err = c.CommitUpload(n.ctx, &campaignpb.CommitUploadRequest{UploadId: u.GetUpload().GetId(), Size: int64(len(text))})
	n.must(err)
	watch, err := c.WatchImport(n.ctx, &campaignpb.WatchImportRequest{UploadId: u.GetUpload().GetId()})
	n.must(err)
	for last := (*campaignpb.WatchImportResponse)(nil); ; {
		m, err := watch.Recv()
		if errors.Is(err, io.EOF) {
			if got := last.GetUpload().GetTally().GetLeads(); got != int64(leads) {
				n.t.Fatalf("%d of %d leads were taken in: %v", got, leads, last)
			}
			return
		}
		n.must(err)
		last = m
	}
}

func (n *node) hire(id int64, agents int) {
	n.t.Helper()
	n.Tokens = make([]string, agents)
	c := campaignpb.NewAdminServiceClient(n.conn)
	var wg sync.WaitGroup
	for w := range 16 {
		wg.Go(func() {
			for i := w; i < agents; i += 16 {
				login := fmt.Sprintf("agent%04d", i)
				_, err := c.CreateAgent(n.ctx, &campaignpb.CreateAgentRequest{Agent: &campaignpb.Agent{
					Login: login, Active: true, Campaigns: []*campaignpb.Membership{{CampaignId: id, Weight: 1}},
				}})
				if err != nil {
					n.t.Error(err)
					return
				}
				t, err := c.CreateToken(n.ctx, &campaignpb.CreateTokenRequest{Owner: login, Role: campaignpb.Role_ROLE_AGENT})
				if err != nil {
					n.t.Error(err)
					return
				}
				n.Tokens[i] = t.GetSecret()
			}
		})
	}
	wg.Wait()
}
