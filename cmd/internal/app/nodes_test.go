package app_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/types/known/durationpb"

	"redial/campaign/store/storetest/testserver"
	"redial/cmd/internal/app"
	"redial/cmd/internal/config"
	campaignpb "redial/proto/campaign/v1"
	dialerpb "redial/proto/dialer/v1"
)

// nodes are several processes' worth of the server on one PostgreSQL and one Redis.
type nodes struct {
	t     *testing.T
	conns []*grpc.ClientConn
	ctx   context.Context // with an admin's token
	apps  []*app.App      // where they are in this process
}

func startNodes(t *testing.T, n int, database, redisURL string) *nodes {
	t.Helper()
	return startNodesWith(t, n, database, redisURL, func(int) app.Options { return app.Options{Log: quiet()} })
}

// startNodesWith starts one node after the other, each with options of its own.
func startNodesWith(t *testing.T, n int, database, redisURL string, options func(int) app.Options) *nodes {
	t.Helper()
	all := &nodes{t: t}
	for i := range n {
		cfg := config.Default()
		cfg.Data, cfg.Database, cfg.Redis = t.TempDir(), database, redisURL
		cfg.GRPC, cfg.Web, cfg.Node = "127.0.0.1:0", "127.0.0.1:0", fmt.Sprintf("here%d", i)
		a, err := app.New(t.Context(), cfg, options(i))
		if err == nil {
			err = a.Start(t.Context())
		}
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			ctx, cancel := context.WithTimeout(context.Background(), 40*time.Second)
			defer cancel()
			if err := a.Stop(ctx); err != nil {
				t.Error(err)
			}
		})
		conn, err := grpc.NewClient("passthrough:///"+a.GRPC(), grpc.WithTransportCredentials(insecure.NewCredentials()))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		all.conns, all.apps = append(all.conns, conn), append(all.apps, a)
		secret, err := os.ReadFile(a.AdminToken())
		if err != nil {
			t.Fatal(err)
		}
		all.ctx = metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer "+strings.TrimSpace(string(secret)))
	}
	return all
}

// areas have a hundred numbers each that nobody has.
var areas = strings.Fields("212 415 312 206 305 617 303 808 213 202 404 512 602 702 713 214 215 313 503 612")

// prepare makes a running campaign of leads, 2,000 at most, and agents who work round the clock.
func (n *nodes) prepare(leads int, agents ...string) (id int64) {
	n.t.Helper()
	all := []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}
	c := campaignpb.NewCampaignServiceClient(n.conns[0])
	made, err := c.CreateCampaign(n.ctx, &campaignpb.CreateCampaignRequest{Campaign: &campaignpb.Campaign{
		Name: "nodes", Zone: "Etc/UTC", Region: "US",
		Rules: &campaignpb.Rules{Hours: []*campaignpb.Window{{Days: all, Open: "00:00", Close: "24:00"}}},
	}})
	n.must(err)
	id = made.GetCampaign().GetId()
	var list strings.Builder
	list.WriteString("id,name,phone\n")
	for i := range leads {
		fmt.Fprintf(&list, "%d,Lead %d,+1%s55501%02d\n", i, i, areas[i/100], i%100)
	}
	n.load(id, list.String())
	for _, login := range agents {
		_, err := campaignpb.NewAdminServiceClient(n.conns[0]).CreateAgent(n.ctx, &campaignpb.CreateAgentRequest{Agent: &campaignpb.Agent{
			Login: login, Active: true, Campaigns: []*campaignpb.Membership{{CampaignId: id, Weight: 1}},
		}})
		n.must(err)
	}
	_, err = c.StartCampaign(n.ctx, &campaignpb.StartCampaignRequest{Id: id})
	n.must(err)
	return id
}

func (n *nodes) load(id int64, text string) {
	n.t.Helper()
	lists := campaignpb.NewListServiceClient(n.conns[0])
	u, err := lists.BeginUpload(n.ctx, &campaignpb.BeginUploadRequest{CampaignId: id, FileName: "leads.csv", RequestId: "nodes"})
	n.must(err)
	up, err := lists.Upload(n.ctx)
	n.must(err)
	n.must(up.Send(&campaignpb.UploadRequest{UploadId: u.GetUpload().GetId(), Data: []byte(text)}))
	_, err = up.CloseAndRecv()
	n.must(err)
	_, err = lists.CommitUpload(n.ctx, &campaignpb.CommitUploadRequest{UploadId: u.GetUpload().GetId(), Size: int64(len(text))})
	n.must(err)
	// The other node is asked: the import may run at either.
	watch, err := campaignpb.NewListServiceClient(n.conns[len(n.conns)-1]).WatchImport(n.ctx, &campaignpb.WatchImportRequest{UploadId: u.GetUpload().GetId()})
	n.must(err)
	for {
		if _, err := watch.Recv(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			n.t.Fatal(err)
		}
	}
}

func (n *nodes) must(err error) {
	n.t.Helper()
	if err != nil {
		n.t.Fatal(err)
	}
}

// work lets agents call, each at a node, until no lead is left or enough calls were made; it counts them by lead.
func (n *nodes) work(enough int, agents ...string) (calls map[int64]int) {
	n.t.Helper()
	calls = make(map[int64]int)
	var mu sync.Mutex
	var made atomic.Int64
	var wg sync.WaitGroup
	for i, login := range agents {
		wg.Go(func() {
			desk := dialerpb.NewAgentServiceClient(n.conns[i%len(n.conns)])
			for made.Load() < int64(enough) {
				lead, err := n.call(desk, login)
				if err != nil {
					n.t.Errorf("%s: %v", login, err)
					return
				}
				if lead == 0 {
					return
				}
				made.Add(1)
				mu.Lock()
				calls[lead]++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return calls
}

// call is one call of an agent; 0: nothing came.
func (n *nodes) call(desk dialerpb.AgentServiceClient, login string) (lead int64, err error) {
	r, err := desk.NextCall(n.ctx, &dialerpb.NextCallRequest{Agent: login, Wait: durationpb.New(3 * time.Second)})
	if err != nil || r.GetCard() == nil {
		return 0, err
	}
	id := r.GetCard().GetAssignmentId()
	if _, err := desk.StartCall(n.ctx, &dialerpb.StartCallRequest{Agent: login, AssignmentId: id}); err != nil {
		return 0, err
	}
	_, err = desk.RecordOutcome(n.ctx, &dialerpb.RecordOutcomeRequest{Agent: login, AssignmentId: id, Code: "NO_ANSWER"})
	return r.GetCard().GetLeadId(), err
}

func (n *nodes) audit() {
	n.t.Helper()
	stream, err := campaignpb.NewAdminServiceClient(n.conns[0]).Audit(n.ctx, &campaignpb.AuditRequest{})
	n.must(err)
	for {
		m, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return
		}
		n.must(err)
		if b := m.GetBreach(); b != nil {
			n.t.Error(b)
		}
	}
}

// TestI1I8TwoNodesServeEachLeadOnceWhateverRedisDoes has eight agents at two nodes call a whole list, while Redis is
// flushed, stopped and started: nobody waits for it, no lead is called twice within its four hours, the audit is clean
// (I1, I8).
func TestI1I8TwoNodesServeEachLeadOnceWhateverRedisDoes(t *testing.T) {
	t.Parallel()
	cache := testserver.NewRedis(t)
	n := startNodes(t, 2, testserver.Postgres(t), "redis://"+cache.Addr)
	agents := []string{"a", "b", "c", "d", "e", "f", "g", "h"}
	n.prepare(600, agents...)
	total := make(map[int64]int)
	add := func(calls map[int64]int) {
		for lead, k := range calls {
			total[lead] += k
		}
	}

	add(n.work(100, agents...))
	client := redis.NewClient(&redis.Options{Addr: cache.Addr})
	defer client.Close()
	n.must(client.FlushAll(t.Context()).Err())
	add(n.work(100, agents...))
	cache.Stop()
	before := len(total)
	add(n.work(100, agents...))
	if len(total) < before+100 {
		t.Errorf("without Redis %d leads were called, want at least 100", len(total)-before)
	}
	n.must(cache.Start())
	add(n.work(1000, agents...))

	if len(total) != 600 {
		t.Errorf("%d of 600 leads were called", len(total))
	}
	for lead, k := range total {
		if k > 1 {
			t.Errorf("lead %d was called %d times within four hours", lead, k)
		}
	}
	n.audit()
}

// TestI8ANodeWithoutRedisDoesTheMainJob works on PostgreSQL alone, as --redis none says.
func TestI8ANodeWithoutRedisDoesTheMainJob(t *testing.T) {
	t.Parallel()
	n := startNodes(t, 1, testserver.Postgres(t), "none")
	n.prepare(50, "a", "b")
	if calls := n.work(1000, "a", "b"); len(calls) != 50 {
		t.Errorf("%d of 50 leads were called", len(calls))
	}
	n.audit()
}
