package app_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"redial/cmd/internal/app"
	"redial/cmd/internal/config"
	"redial/cmd/internal/simulate"
	campaignpb "redial/proto/campaign/v1"
	schedulerpb "redial/proto/scheduler/v1"
)

// The demonstration's campaign is simulated over the API while its agents work: its own leads, then other rules on them;
// the record stays as it is, and of two simulations at once one is refused.
func TestTheDemonstrationCanBeSimulated(t *testing.T) {
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
	conn, err := grpc.NewClient("passthrough:///"+a.GRPC(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	client := schedulerpb.NewScheduleServiceClient(conn)
	ctx := bearer(t, a.AdminToken())

	own := simulated(t, ctx, client, &schedulerpb.SimulateRequest{CampaignId: 1, ScenarioJson: `{"days":2,"agents":[{"count":3,"shifts":[{"days":["mon","tue","wed","thu","fri","sat","sun"],"start":"00:00","end":"24:00"}]}]}`})
	if own.Scenario.Leads != 325 || own.Total.Calls < 100 || own.Lists[0].Name != "invented people" || own.Campaigns[0].Name != "demo" {
		t.Errorf("%+v, %+v", own.Scenario, own.Total)
	}
	strict := simulated(t, ctx, client, &schedulerpb.SimulateRequest{CampaignId: 1, ScenarioJson: `{"days":2,"campaigns":[{"name":"demo","rules":{"max_attempts":1}}]}`})
	if strict.Scenario.Leads != 325 || strict.Total.Calls > 325 {
		t.Errorf("with at most one attempt: %+v", strict.Total)
	}
	// A law pack that only the other rules switch on: the consents that it asks for are known all the same, here for 50 leads
	// in Germany.
	leads := campaignpb.NewLeadServiceClient(conn)
	for id := range int64(325) {
		if _, err := leads.RecordConsent(ctx, &campaignpb.RecordConsentRequest{
			LeadId: id + 1, Consent: &campaignpb.Consent{Scopes: []string{"contact"}, Proof: "form 7"},
		}); err != nil {
			t.Fatal(err)
		}
	}
	asked := simulated(t, ctx, client, &schedulerpb.SimulateRequest{CampaignId: 1, ScenarioJson: `{"days":2,"campaigns":[{"name":"demo","rules":{"max_attempts":1,"packs":["de"]}}]}`})
	if asked.Total.Calls < strict.Total.Calls-25 {
		t.Errorf("%d calls under a pack to whose consents all came, %d without it", asked.Total.Calls, strict.Total.Calls)
	}

	long, stop := context.WithCancel(ctx)
	defer stop()
	first, err := client.Simulate(long, &schedulerpb.SimulateRequest{ScenarioJson: `{"days":400,"lists":[{"synthetic":{"count":200000}}],"agents":[{"count":200}]}`})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := first.Recv(); err != nil { // progress: it runs
		t.Fatal(err)
	}
	_, err = received(client.Simulate(ctx, &schedulerpb.SimulateRequest{ScenarioJson: `{}`}))
	if status.Code(err) != codes.ResourceExhausted {
		t.Errorf("a second simulation beside the first: %v", err)
	}
	stop()
	for deadline := time.Now().Add(20 * time.Second); ; {
		_, err = received(client.Simulate(ctx, &schedulerpb.SimulateRequest{ScenarioJson: `{"days":1,"lists":[{"synthetic":{"count":5}}]}`}))
		if status.Code(err) != codes.ResourceExhausted || time.Now().After(deadline) {
			break
		}
	}
	if err != nil {
		t.Errorf("after the first was cancelled: %v", err)
	}
	if _, err := received(client.Simulate(ctx, &schedulerpb.SimulateRequest{ScenarioJson: `{"dys":1}`})); status.Code(err) != codes.InvalidArgument || !strings.Contains(err.Error(), "dys") {
		t.Errorf("an unknown field: %v", err)
	}
	if _, err := received(client.Simulate(ctx, &schedulerpb.SimulateRequest{CampaignId: 99})); status.Code(err) != codes.NotFound {
		t.Errorf("an unknown campaign: %v", err)
	}
}

func simulated(t *testing.T, ctx context.Context, client schedulerpb.ScheduleServiceClient, r *schedulerpb.SimulateRequest) simulate.Result {
	t.Helper()
	text, err := received(client.Simulate(ctx, r))
	if err != nil {
		t.Fatal(err)
	}
	var out simulate.Result
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// received is the result at the end of a stream.
func received(stream grpc.ServerStreamingClient[schedulerpb.SimulateResponse], err error) (string, error) {
	for result := ""; err == nil; {
		var m *schedulerpb.SimulateResponse
		if m, err = stream.Recv(); errors.Is(err, io.EOF) {
			return result, nil
		}
		result = m.GetResultJson()
	}
	return "", err
}
