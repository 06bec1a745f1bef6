package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/test/bufconn"

	"redial/campaign"
	"redial/cmd/internal/server"
	pb "redial/proto/campaign/v1"
	dialerv1 "redial/proto/dialer/v1"
	schedulerv1 "redial/proto/scheduler/v1"
)

// fakes are the services of a server that says what the test has put into them. What is not set is Unimplemented.
type fakes struct {
	campaigns    pb.CampaignServiceServer
	lists        pb.ListServiceServer
	leads        pb.LeadServiceServer
	suppressions pb.SuppressionServiceServer
	events       pb.EventServiceServer
	webhooks     pb.WebhookServiceServer
	reports      pb.ReportServiceServer
	admin        pb.AdminServiceServer
	schedule     schedulerv1.ScheduleServiceServer
	agents       dialerv1.AgentServiceServer
	floor        dialerv1.FloorServiceServer
}

func register[S any](at *grpc.Server, to func(grpc.ServiceRegistrar, S), srv S) {
	if any(srv) != nil {
		to(at, srv)
	}
}

// serve runs the fakes and answers how to reach them; every call must show the token.
func serve(t *testing.T, f fakes) func(string, ...grpc.DialOption) (*grpc.ClientConn, error) {
	t.Helper()
	check := func(ctx context.Context) error {
		md, _ := metadata.FromIncomingContext(ctx)
		if got := md.Get("authorization"); len(got) != 1 || got[0] != "Bearer rd_test" {
			return &campaign.Error{Kind: campaign.KindStranger, Message: "who are you?"}
		}
		return nil
	}
	told := func(err error) error {
		if st, ok := server.Status(err); ok && err != nil {
			return st.Err()
		}
		return err
	}
	s := grpc.NewServer(
		grpc.UnaryInterceptor(func(ctx context.Context, req any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
			if err := check(ctx); err != nil {
				return nil, told(err)
			}
			m, err := next(ctx, req)
			return m, told(err)
		}),
		grpc.StreamInterceptor(func(srv any, ss grpc.ServerStream, _ *grpc.StreamServerInfo, next grpc.StreamHandler) error {
			return told(errors.Join(check(ss.Context()), next(srv, ss)))
		}))
	register(s, pb.RegisterCampaignServiceServer, f.campaigns)
	register(s, pb.RegisterListServiceServer, f.lists)
	register(s, pb.RegisterLeadServiceServer, f.leads)
	register(s, pb.RegisterSuppressionServiceServer, f.suppressions)
	register(s, pb.RegisterEventServiceServer, f.events)
	register(s, pb.RegisterWebhookServiceServer, f.webhooks)
	register(s, pb.RegisterReportServiceServer, f.reports)
	register(s, pb.RegisterAdminServiceServer, f.admin)
	register(s, schedulerv1.RegisterScheduleServiceServer, f.schedule)
	register(s, dialerv1.RegisterAgentServiceServer, f.agents)
	register(s, dialerv1.RegisterFloorServiceServer, f.floor)
	l := bufconn.Listen(1 << 20)
	done := make(chan error, 1)
	go func() { done <- s.Serve(l) }()
	t.Cleanup(func() {
		s.Stop()
		if err := <-done; err != nil && !errors.Is(err, grpc.ErrServerStopped) {
			t.Errorf("serve: %v", err)
		}
	})
	return func(_ string, opts ...grpc.DialOption) (*grpc.ClientConn, error) {
		return grpc.NewClient("passthrough:///fake", append(opts, grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) {
			return l.DialContext(ctx)
		}))...)
	}
}

// testEnv is an environment that holds a token alone.
func testEnv(name string) string {
	if name == "REDIAL_TOKEN" {
		return "rd_test"
	}
	return ""
}

// ctl runs one command line against the server behind dial.
func ctl(t *testing.T, dial func(string, ...grpc.DialOption) (*grpc.ClientConn, error), args ...string) (code int, out, errs string) {
	t.Helper()
	return ctlWith(t, dial, map[string]string{"REDIAL_TOKEN": "rd_test", "TZ": "Asia/Shanghai"}, strings.NewReader(""), args...)
}

func ctlWith(t *testing.T, dial func(string, ...grpc.DialOption) (*grpc.ClientConn, error), env map[string]string, in io.Reader, args ...string) (code int, out, errs string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	c := &cli{
		stdin: in, stdout: &stdout, stderr: &stderr, env: func(k string) string { return env[k] }, dial: dial,
	}
	code = c.run(t.Context(), args)
	return code, stdout.String(), stderr.String()
}

// objects are the JSON lines of an output.
func objects(t *testing.T, out string) []map[string]any {
	t.Helper()
	var all []map[string]any
	for line := range strings.Lines(out) {
		var o map[string]any
		if err := json.Unmarshal([]byte(line), &o); err != nil {
			t.Fatalf("not a line of JSON: %v\n%s", err, out)
		}
		all = append(all, o)
	}
	return all
}

func same(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s\n got:\n%s\nwant:\n%s", what, got, want)
	}
}
