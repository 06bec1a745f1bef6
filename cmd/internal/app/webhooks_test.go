package app_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"redial/campaign/store/storetest/testserver"
	"redial/cmd/internal/app"
	"redial/cmd/internal/config"
	pb "redial/proto/campaign/v1"
)

// posted is what a receiver was sent.
type posted struct {
	Delivery string `json:"delivery_id"`
	Events   []struct {
		Type        string `json:"type"`
		Suppression struct{ Reason string }
	} `json:"events"`
}

// receiver is an endpoint on this machine that takes everything.
func receiver(t *testing.T) (url string, posts chan posted) {
	t.Helper()
	posts = make(chan posted, 1000)
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		raw, err := io.ReadAll(r.Body)
		var p posted
		if err != nil || json.Unmarshal(raw, &p) != nil || r.Header.Get("webhook-signature") == "" {
			t.Errorf("%q: %v", raw, err)
		}
		posts <- p
	}))
	t.Cleanup(s.Close)
	return s.URL, posts
}

func arrives(t *testing.T, posts chan posted) posted {
	t.Helper()
	select {
	case p := <-posts:
		return p
	case <-time.After(30 * time.Second):
		t.Fatal("nothing was posted in 30 s")
		return posted{}
	}
}

// startHooked is a node of its own that may post to this machine.
func startHooked(t *testing.T, redis, allow string) (n *nodes, file, web string) {
	t.Helper()
	cfg := config.Default()
	cfg.Data, cfg.Redis, cfg.AllowTargets = t.TempDir(), redis, allow
	cfg.GRPC, cfg.Web = "127.0.0.1:0", "127.0.0.1:0"
	a, err := app.New(t.Context(), cfg, app.Options{Log: quiet(), Pace: app.Pace{Sweep: 300 * time.Millisecond, Sequence: 50 * time.Millisecond, Tasks: 100 * time.Millisecond}})
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
	secret, err := os.ReadFile(a.AdminToken())
	if err != nil {
		t.Fatal(err)
	}
	ctx := metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer "+strings.TrimSpace(string(secret)))
	return &nodes{t: t, conns: []*grpc.ClientConn{conn}, ctx: ctx, apps: []*app.App{a}}, filepath.Join(cfg.Data, "redial.db"), "http://" + a.Web()
}

func (n *nodes) suppress(i int) {
	n.t.Helper()
	_, err := pb.NewSuppressionServiceClient(n.conns[0]).Suppress(n.ctx, &pb.SuppressRequest{Phone: fmt.Sprintf("+12125550%03d", i), Reason: "complaint"})
	n.must(err)
}

// TestI8EventsReachAWebhookWithAndWithoutRedis has events posted as they happen, and those whose wake-up was lost (I8).
func TestI8EventsReachAWebhookWithAndWithoutRedis(t *testing.T) {
	t.Parallel()
	for name, redis := range map[string]string{"in the process": "", "none": "none"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n, file, web := startHooked(t, redis, "127.0.0.0/8")
			url, posts := receiver(t)
			hooks := pb.NewWebhookServiceClient(n.conns[0])
			made, err := hooks.CreateWebhook(n.ctx, &pb.CreateWebhookRequest{Webhook: &pb.Webhook{Name: "crm", Url: url, On: true}})
			n.must(err)
			id := made.GetWebhook().GetId()
			tested, err := hooks.TestWebhook(n.ctx, &pb.TestWebhookRequest{Id: id})
			if n.must(err); !tested.GetDelivered() || len(arrives(t, posts).Events) != 0 {
				t.Errorf("tested: %v", tested)
			}
			n.suppress(1)
			p := arrives(t, posts)
			if len(p.Events) != 1 || p.Events[0].Type != "EVENT_TYPE_SUPPRESSED" || p.Events[0].Suppression.Reason != "complaint" {
				t.Errorf("posted %+v", p)
			}
			db, err := sql.Open("sqlite", "file:"+file+"?_pragma=busy_timeout(5000)")
			n.must(err)
			defer db.Close()
			_, err = db.ExecContext(t.Context(), `INSERT INTO deliveries (webhook_id, from_seq, to_seq, event_count, at, next_at)
				SELECT $1, seq, seq, 1, at, at FROM events WHERE type = 'suppressed'`, id) // as by a node that died before it sent the task
			n.must(err)
			if again := arrives(t, posts); len(again.Events) != 1 || again.Delivery == p.Delivery {
				t.Errorf("posted %+v", again)
			}
			all, err := hooks.ListWebhooks(n.ctx, &pb.ListWebhooksRequest{})
			if n.must(err); len(all.GetWebhooks()) != 1 || all.GetWebhooks()[0].GetDeliveredAt() == nil {
				t.Errorf("listed %v", all)
			}
			n.metric(web, `redial_webhook_deliveries_total{result="delivered"} `)
			n.metric(web, `redial_webhook_dead `)
		})
	}
}

// TestI8EventsReachAWebhookWhileRedisIsGone has Redis stop and come back, with nobody at work who would notice (I8).
func TestI8EventsReachAWebhookWhileRedisIsGone(t *testing.T) {
	t.Parallel()
	server := testserver.NewRedis(t)
	n, _, _ := startHooked(t, "redis://"+server.Addr, "127.0.0.0/8")
	url, posts := receiver(t)
	_, err := pb.NewWebhookServiceClient(n.conns[0]).CreateWebhook(n.ctx, &pb.CreateWebhookRequest{Webhook: &pb.Webhook{Name: "crm", Url: url, On: true}})
	n.must(err)
	for i := range 3 {
		switch i {
		case 1:
			server.Stop()
		case 2:
			n.must(server.Start())
		}
		n.suppress(i)
		if p := arrives(t, posts); len(p.Events) != 1 {
			t.Errorf("posted %+v", p)
		}
	}
}

// metric looks whether a metric is there.
func (n *nodes) metric(web, begins string) {
	n.t.Helper()
	r, err := http.NewRequestWithContext(n.t.Context(), http.MethodGet, web+"/metrics", nil)
	n.must(err)
	resp, err := http.DefaultClient.Do(r)
	n.must(err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	n.must(err)
	if !strings.Contains(string(text), "\n"+begins) {
		n.t.Errorf("no metric %s", begins)
	}
}

func TestWebhooksNeverLeadToThisMachineUnlessAllowed(t *testing.T) {
	t.Parallel()
	n, _, _ := startHooked(t, "none", "")
	hooks := pb.NewWebhookServiceClient(n.conns[0])
	for _, url := range []string{"http://127.0.0.1:9/", "https://127.0.0.1/", "https://[::ffff:169.254.169.254]/", "https://10.0.0.1/", "https://u:p@crm.example/", "ftp://crm.example/", ""} {
		_, err := hooks.CreateWebhook(n.ctx, &pb.CreateWebhookRequest{Webhook: &pb.Webhook{Name: "crm", Url: url, On: true}})
		if status.Code(err) != codes.InvalidArgument || !strings.Contains(fmt.Sprint(status.Convert(err).Details()...), "webhook.url") {
			t.Errorf("%q: %v", url, err)
		}
	}
	named, err := hooks.CreateWebhook(n.ctx, &pb.CreateWebhookRequest{Webhook: &pb.Webhook{Name: "crm", Url: "https://localhost:9/", On: true}})
	n.must(err) // a name is judged when it is dialled
	tested, err := hooks.TestWebhook(n.ctx, &pb.TestWebhookRequest{Id: named.GetWebhook().GetId()})
	if n.must(err); tested.GetDelivered() || tested.GetStatus() != 0 || !strings.Contains(tested.GetFault(), "allow-targets") {
		t.Errorf("tested: %v", tested)
	}
}
