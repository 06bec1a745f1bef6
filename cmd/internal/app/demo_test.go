package app_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"

	"redial/cmd/internal/app"
	"redial/cmd/internal/config"
	campaignpb "redial/proto/campaign/v1"
	dialerpb "redial/proto/dialer/v1"
)

// What `make run` shows: a list taken in with its problems, simulated agents whose calls move it, and a token with which
// the newcomer sits down beside them.
func TestTheDemonstrationMovesBesideTheNewcomer(t *testing.T) {
	t.Parallel()
	cfg := config.Default()
	cfg.Data, cfg.GRPC, cfg.Web, cfg.Demo = t.TempDir(), "127.0.0.1:0", "127.0.0.1:0", true
	a, err := app.New(t.Context(), cfg, app.Options{Log: quiet()})
	if err == nil {
		err = a.Start(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if err := a.Stop(ctx); err != nil {
			t.Error(err)
		}
	}()
	var said bytes.Buffer
	if err := a.Greet(&said); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"sign in once at http://", "you.token", "ready grpc=" + a.GRPC() + " web=" + a.Web()} {
		if !strings.Contains(said.String(), want) {
			t.Errorf("the greeting lacks %q:\n%s", want, said.String())
		}
	}
	conn, err := grpc.NewClient("passthrough:///"+a.GRPC(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()

	watchUntilCalled(t, conn, bearer(t, a.AdminToken()))
	you := bearer(t, filepath.Join(cfg.Data, "you.token"))
	mine, err := dialerpb.NewAgentServiceClient(conn).SignIn(you, &dialerpb.SignInRequest{})
	if err != nil || mine.GetSession().GetLogin() != "you" {
		t.Errorf("the newcomer signs in as %v: %v", mine.GetSession(), err)
	}
}

func bearer(t *testing.T, file string) context.Context {
	t.Helper()
	secret, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer "+strings.TrimSpace(string(secret)))
}

// watchUntilCalled follows the floor until three calls were recorded.
func watchUntilCalled(t *testing.T, conn *grpc.ClientConn, ctx context.Context) {
	t.Helper()
	lists, err := campaignpb.NewListServiceClient(conn).ListLists(ctx, &campaignpb.ListListsRequest{CampaignId: 1})
	if err != nil || len(lists.GetLists()) != 1 {
		t.Fatalf("%v: %v", lists, err)
	}
	if n := lists.GetLists()[0].GetTally(); n.GetLeads() != 325 || n.GetProblems() != 2 || n.GetDuplicates() != 1 {
		t.Errorf("the bundled list came to %v", n)
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	watch, err := dialerpb.NewFloorServiceClient(conn).WatchFloor(ctx, &dialerpb.WatchFloorRequest{})
	if err != nil {
		t.Fatal(err)
	}
	for called := 0; called < 3; {
		m, err := watch.Recv()
		if err != nil {
			t.Fatalf("after %d calls: %v", called, err)
		}
		called += len(m.GetFloor().GetEvents())
	}
}
