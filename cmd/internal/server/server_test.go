package server

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"redial/campaign"
	campaignv1 "redial/proto/campaign/v1"
)

func TestI11ServerDoesNotStartWithoutAFittingRoleTable(t *testing.T) {
	t.Parallel()
	fault := errors.New("X/Y has no row")
	s, err := New(door{fault}, func(grpc.ServiceRegistrar) {}, Options{})
	if s != nil || !errors.Is(err, fault) {
		t.Errorf("New: %v, %v; want the guard's error", s, err)
	}
}

func TestInternalTextIsHiddenAndLoggedOnceUnderItsID(t *testing.T) {
	t.Parallel()
	b := setup(t, &service{get: func(context.Context) error { return errors.New("pq: relation leads, row +8613800138000") }})
	err := b.get(t.Context())
	st := status.Convert(err)
	_, id, ok := strings.Cut(st.Message(), "id ")
	if st.Code() != codes.Internal || !ok || strings.Contains(st.Message(), "relation") {
		t.Fatalf("caller sees %v", err)
	}
	if log := b.log.String(); strings.Count(log, "relation leads") != 1 || !strings.Contains(log, id) {
		t.Errorf("log lacks the error or its id %s, or has it twice:\n%s", id, log)
	}
}

func TestPanicIsAnInternalErrorWithItsStackInTheLog(t *testing.T) {
	t.Parallel()
	b := setup(t, &service{
		get:   func(context.Context) error { panic("nil campaign") },
		watch: func(context.Context) error { panic("nil upload") },
	})
	if err := b.get(t.Context()); status.Code(err) != codes.Internal || strings.Contains(err.Error(), "nil campaign") {
		t.Errorf("unary: %v", err)
	}
	w, err := b.lists.WatchImport(t.Context(), &campaignv1.WatchImportRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Recv(); status.Code(err) != codes.Internal {
		t.Errorf("stream: %v", err)
	}
	log := b.log.String()
	if !strings.Contains(log, "nil campaign") || !strings.Contains(log, "server_test.go") || !strings.Contains(log, "nil upload") {
		t.Errorf("no stack in the log:\n%s", log)
	}
	if n := b.sample(t, "redial_grpc_panics_total", ""); n != 2 {
		t.Errorf("%v panics counted, want 2", n)
	}
}

func TestLogAndMetricsHaveTheCallButNotItsContent(t *testing.T) {
	t.Parallel()
	fail := true
	b := setup(t, &service{get: func(context.Context) error {
		if fail {
			return campaign.Conflict(campaign.ReasonVersion, "spring-secret was changed meanwhile")
		}
		return nil
	}})
	if err := b.get(t.Context()); status.Code(err) != codes.Aborted {
		t.Errorf("got %v, want Aborted", err)
	}
	fail = false
	if err := b.get(t.Context()); err != nil {
		t.Error(err)
	}
	log := b.log.String()
	if !strings.Contains(log, "GetCampaign") || !strings.Contains(log, "reason=VERSION_MISMATCH") || !strings.Contains(log, "level=DEBUG") {
		t.Errorf("the calls are not in the log:\n%s", log)
	}
	if strings.Contains(log, "spring-secret") {
		t.Errorf("the request's content is in the log:\n%s", log)
	}
	for code, want := range map[string]float64{"Aborted": 1, "OK": 1, "Internal": 0} {
		if got := b.sample(t, "redial_grpc_calls_total", code); got != want {
			t.Errorf("%v calls counted with code %s, want %v", got, code, want)
		}
	}
	if got := b.sample(t, "redial_grpc_calls_in_flight", ""); got != 0 {
		t.Errorf("%v calls in flight after the last", got)
	}
}

func TestCallEndsALittleBeforeItsCallersPatience(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		var inner time.Duration
		c := &chain{log: discard, meter: bareMeter(t), ending: t.Context()}
		call := func(patience time.Duration) error {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			_, err := c.unary(ctx, nil, info, func(ctx context.Context, _ any) (any, error) {
				d, _ := ctx.Deadline()
				inner = d.Sub(start)
				<-ctx.Done()
				return nil, errors.New("driver: canceling statement due to user request")
			})
			return err
		}
		if err := call(time.Second); status.Code(err) != codes.DeadlineExceeded || inner != 990*time.Millisecond {
			t.Errorf("1 s: %v after %v, inner deadline at %v; want DeadlineExceeded at 990 ms", err, time.Since(start), inner)
		}
		if time.Since(start) != 990*time.Millisecond {
			t.Errorf("answered after %v, want 990 ms", time.Since(start))
		}
		inner = 0
		if err := call(19 * time.Millisecond); status.Code(err) != codes.DeadlineExceeded || inner != 0 {
			t.Errorf("19 ms: %v, begun %v; want it refused", err, inner != 0)
		}
		if err := call(20 * time.Millisecond); status.Code(err) != codes.DeadlineExceeded || inner == 0 {
			t.Errorf("20 ms: %v; want it begun", err)
		}
	})
}

func TestHealthFollowsSetServingForServerAndServices(t *testing.T) {
	t.Parallel()
	b := setup(t, &service{})
	h := healthpb.NewHealthClient(b.conn)
	for _, serving := range []bool{false, true} {
		b.server.SetServing(serving)
		want := map[bool]healthpb.HealthCheckResponse_ServingStatus{false: 2, true: 1}[serving]
		for _, name := range []string{"", "campaign.v1.CampaignService"} {
			got, err := h.Check(t.Context(), &healthpb.HealthCheckRequest{Service: name})
			if err != nil || got.GetStatus() != want {
				t.Errorf("%q: %v, %v; want %v", name, got.GetStatus(), err, want)
			}
		}
	}
}

func TestStopWaitsForCallsInHandAndEndsStreams(t *testing.T) {
	t.Parallel()
	begun, finish := make(chan struct{}, 2), make(chan struct{})
	b := setup(t, &service{
		get:   func(context.Context) error { begun <- struct{}{}; <-finish; return nil },
		watch: func(ctx context.Context) error { begun <- struct{}{}; <-ctx.Done(); return ctx.Err() },
	})
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := b.get(t.Context()); err != nil {
			t.Errorf("the call in hand: %v", err)
		}
	})
	w, err := b.lists.WatchImport(t.Context(), &campaignv1.WatchImportRequest{})
	if err != nil {
		t.Fatal(err)
	}
	<-begun
	<-begun
	stopped := make(chan error, 1)
	go func() { stopped <- b.server.Stop(t.Context()) }()
	if _, err := w.Recv(); status.Code(err) != codes.Unavailable || !strings.Contains(err.Error(), "stopping") {
		t.Errorf("the stream: %v; want Unavailable, stopping", err)
	}
	select {
	case err := <-stopped:
		t.Errorf("stopped with a call in hand: %v", err)
	default:
	}
	close(finish)
	wg.Wait()
	if err := <-stopped; err != nil {
		t.Errorf("Stop: %v", err)
	}
}

func TestStopCutsOffWhatOutlastsItsTime(t *testing.T) {
	t.Parallel()
	begun := make(chan struct{})
	b := setup(t, &service{get: func(ctx context.Context) error { close(begun); <-ctx.Done(); return ctx.Err() }})
	done := make(chan error, 1)
	go func() { done <- b.get(t.Context()) }()
	<-begun
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := b.server.Stop(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Stop: %v; want that calls were cut off", err)
	}
	if err := <-done; status.Code(err) == codes.OK {
		t.Error("the call that was cut off succeeded")
	}
}
