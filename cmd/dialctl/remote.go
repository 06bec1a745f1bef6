package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/status"

	"redial/campaign"
	"redial/cmd/internal/auth"
	"redial/cmd/internal/config"
	"redial/cmd/internal/server"
	pb "redial/proto/campaign/v1"
	dialerv1 "redial/proto/dialer/v1"
	schedulerv1 "redial/proto/scheduler/v1"
)

// callTime is how long a unary call may take; NextCall brings its own.
const callTime = time.Minute

// remote is the server's services.
type remote struct {
	campaigns    pb.CampaignServiceClient
	lists        pb.ListServiceClient
	leads        pb.LeadServiceClient
	suppressions pb.SuppressionServiceClient
	reports      pb.ReportServiceClient
	admin        pb.AdminServiceClient
	schedule     schedulerv1.ScheduleServiceClient
	agents       dialerv1.AgentServiceClient
	floor        dialerv1.FloorServiceClient
}

// connect is the server, with the token shown in every call.
func (c *cli) connect() (remote, error) {
	if c.conn == nil {
		if err := c.open(); err != nil {
			return remote{}, err
		}
	}
	return remote{
		pb.NewCampaignServiceClient(c.conn), pb.NewListServiceClient(c.conn), pb.NewLeadServiceClient(c.conn),
		pb.NewSuppressionServiceClient(c.conn), pb.NewReportServiceClient(c.conn), pb.NewAdminServiceClient(c.conn),
		schedulerv1.NewScheduleServiceClient(c.conn), dialerv1.NewAgentServiceClient(c.conn), dialerv1.NewFloorServiceClient(c.conn),
	}, nil
}

func (c *cli) open() error {
	addr, plain, err := address(cmp.Or(c.server, c.env("REDIAL_SERVER"), config.Default().GRPC))
	if err != nil {
		return err
	}
	w, err := c.linked()
	if err != nil {
		return err
	}
	creds, err := w.credentials(addr, plain)
	if err != nil {
		return err
	}
	secret, err := c.secret(addr, w.cert != "")
	if err != nil {
		return err
	}
	c.conn, err = c.dial(addr, grpc.WithTransportCredentials(creds),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 30 * time.Second, Timeout: 20 * time.Second}), // a server that vanished is noticed
		grpc.WithPerRPCCredentials(bearer(secret)),
		grpc.WithUnaryInterceptor(readableUnary(peer{addr, w})), grpc.WithStreamInterceptor(readableStream(peer{addr, w})))
	if err != nil {
		return fmt.Errorf("reach %s: %w", addr, err)
	}
	return nil
}

// address reads where the server is. Only a server on this machine, or one written with http://, is spoken to in
// the clear unless flags say more: tokens and telephone numbers pass.
func address(s string) (addr string, plain bool, err error) {
	scheme, rest, ok := strings.Cut(s, "://")
	if !ok {
		scheme, rest = "", s
	}
	rest = strings.TrimSuffix(rest, "/")
	host, port, err := net.SplitHostPort(rest)
	if err != nil || port == "" || (scheme != "" && scheme != "http" && scheme != "https") {
		return "", false, badInput("%q is no server: give HOST:PORT, such as %s; --plaintext or http://HOST:PORT for an unencrypted one elsewhere",
			s, config.Default().GRPC)
	}
	return rest, scheme == "http" || scheme == "" && loopback(host), nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// adminTokenPath is where a server on this machine keeps its first admin token.
func adminTokenPath(env func(string) string) string {
	return filepath.Join(cmp.Or(env("REDIAL_DATA"), config.Default().Data), auth.AdminTokenFile)
}

// secret is the token to show. A server elsewhere is never shown this machine's own admin token unasked.
// Whoever shows a certificate needs none.
func (c *cli) secret(addr string, certificate bool) (string, error) {
	if c.tokenFile != "" {
		return readToken(c.tokenFile)
	}
	if s := strings.TrimSpace(c.env("REDIAL_TOKEN")); s != "" {
		return s, nil
	}
	if file := c.env("REDIAL_TOKEN_FILE"); file != "" {
		return readToken(file)
	}
	if certificate {
		return "", nil
	}
	path := adminTokenPath(c.env)
	if host, _, _ := net.SplitHostPort(addr); loopback(host) {
		if s, err := readToken(path); err == nil {
			return s, nil
		}
	}
	return "", badInput("no token to show the server: set REDIAL_TOKEN, or give --token-file FILE.\n"+
		"  dialerd writes the first one to admin.token in its data folder (here that would be %s);\n"+
		"  with it, dialctl token create OWNER --role ROLE makes others", path)
}

func readToken(file string) (string, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return "", badInput("read the token: %v", err)
	}
	if s := strings.TrimSpace(string(raw)); s != "" {
		return s, nil
	}
	return "", badInput("the token file %s is empty", file)
}

// bearer shows a token in each call.
type bearer string

func (b bearer) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	if b == "" { // a certificate says who is asking
		return nil, nil
	}
	return map[string]string{"authorization": "Bearer " + string(b)}, nil
}

func (bearer) RequireTransportSecurity() bool { return false } // address has seen to it

func readableUnary(at peer) grpc.UnaryClientInterceptor {
	return func(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, call grpc.UnaryInvoker, opts ...grpc.CallOption) error {
		if _, limited := ctx.Deadline(); !limited {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, callTime)
			defer cancel()
		}
		return readable(at, call(ctx, method, req, reply, cc, opts...))
	}
}

func readableStream(at peer) grpc.StreamClientInterceptor {
	return func(ctx context.Context, desc *grpc.StreamDesc, cc *grpc.ClientConn, method string, open grpc.Streamer, opts ...grpc.CallOption) (grpc.ClientStream, error) {
		s, err := open(ctx, desc, cc, method, opts...)
		if err != nil {
			return nil, readable(at, err)
		}
		return readingStream{s, at}, nil
	}
}

type readingStream struct {
	grpc.ClientStream
	at peer
}

func (s readingStream) RecvMsg(m any) error { return readable(s.at, s.ClientStream.RecvMsg(m)) }

// readable is an error of a call as the server meant it, and what to do when there is no server.
func readable(at peer, err error) error {
	if err == nil || errors.Is(err, io.EOF) {
		return err
	}
	st, ok := status.FromError(err)
	if !ok || st.Code() != codes.Unavailable || len(st.Details()) > 0 {
		return server.FromStatus(err)
	}
	if advice := at.advice(st.Message()); advice != "" {
		return &campaign.Error{Kind: campaign.KindAway, Message: fmt.Sprintf("no secure connection to the server at %s: %s\n  %s", at.addr, st.Message(), advice)}
	}
	return &campaign.Error{Kind: campaign.KindAway, Message: fmt.Sprintf("no answer from a server at %s: %s\n"+
		"  start one: dialerd (or make run for a demonstration); or say where it is: --server HOST:PORT or REDIAL_SERVER",
		at.addr, st.Message())}
}
