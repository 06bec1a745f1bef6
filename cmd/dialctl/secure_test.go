package main

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"

	"redial/cmd/internal/certtest"
	pb "redial/proto/campaign/v1"
)

// notary is a server on a real port that tells who is asking: by bearer, or by certificate.
type notary struct {
	pb.UnimplementedCampaignServiceServer
}

func (notary) ListCampaigns(ctx context.Context, _ *pb.ListCampaignsRequest) (*pb.ListCampaignsResponse, error) {
	md, _ := metadata.FromIncomingContext(ctx)
	return &pb.ListCampaignsResponse{Campaigns: []*pb.Campaign{{Name: "bearer:" + strings.Join(md.Get("authorization"), ",")}}}, nil
}

// portOf runs a notary and answers its port.
func portOf(t *testing.T, creds credentials.TransportCredentials) string {
	t.Helper()
	s := grpc.NewServer(grpc.Creds(creds))
	pb.RegisterCampaignServiceServer(s, notary{})
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- s.Serve(lis) }()
	t.Cleanup(func() {
		s.Stop()
		if err := <-done; err != nil && !errors.Is(err, grpc.ErrServerStopped) {
			t.Error(err)
		}
	})
	_, port, err := net.SplitHostPort(lis.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

func TestServersAreSpokenToOverTLS(t *testing.T) {
	t.Parallel()
	ca, other := certtest.New(t), certtest.New(t)
	own := ca.Pair(t, certtest.Leaf{DNS: []string{"localhost"}})
	port := portOf(t, credentials.NewTLS(&tls.Config{
		Certificates: []tls.Certificate{own}, ClientAuth: tls.VerifyClientCertIfGiven, ClientCAs: ca.Pool(), MinVersion: tls.VersionTLS12,
	}))
	plain := portOf(t, insecure.NewCredentials())
	trusted, foreign := ca.File(t), other.File(t)
	cert, key := ca.Files(t, certtest.Leaf{CommonName: "crm", Client: true})
	badCert, badKey := other.Files(t, certtest.Leaf{CommonName: "crm", Client: true})
	junk := filepath.Join(t.TempDir(), "junk.pem")
	if err := os.WriteFile(junk, []byte("junk"), 0o600); err != nil {
		t.Fatal(err)
	}
	token := map[string]string{"REDIAL_TOKEN": "rd_x"}
	for name, c := range map[string]struct {
		env  map[string]string
		args string
		code int
		want string
	}{
		"by its authority":            {token, "--server localhost:" + port + " --ca " + trusted, exitOK, "bearer:Bearer rd_x"},
		"flags before the command":    {token, "", exitOK, "bearer:Bearer rd_x"}, // args below
		"by variables":                {map[string]string{"REDIAL_TOKEN": "rd_x", "REDIAL_CA": trusted}, "--server localhost:" + port, exitOK, "bearer:Bearer rd_x"},
		"with a certificate":          {nil, "--server localhost:" + port + " --ca " + trusted + " --cert " + cert + " --cert-key " + key, exitOK, "bearer:"},
		"of an unknown authority":     {token, "--server localhost:" + port + " --tls", exitFailed, "give the authority's with --ca FILE"},
		"of the wrong authority":      {token, "--server localhost:" + port + " --ca " + foreign, exitFailed, "give the authority's with --ca FILE"},
		"by another name":             {token, "--server 127.0.0.1:" + port + " --ca " + trusted, exitFailed, "say the name in --server"},
		"a certificate not accepted":  {nil, "--server localhost:" + port + " --ca " + trusted + " --cert " + badCert + " --cert-key " + badKey, exitFailed, "--tls-client-ca"},
		"in the clear to TLS":         {token, "--server localhost:" + port, exitFailed, "give --tls"},
		"TLS to the clear":            {token, "--server localhost:" + plain + " --tls", exitFailed, "--plaintext"},
		"in the clear, said so":       {token, "--server localhost:" + plain + " --plaintext", exitOK, "bearer:Bearer rd_x"},
		"in the clear over variables": {map[string]string{"REDIAL_TOKEN": "rd_x", "REDIAL_CA": trusted}, "--server localhost:" + plain + " --plaintext", exitOK, "bearer:Bearer rd_x"},
		"both ways":                   {token, "--server localhost:" + plain + " --plaintext --tls", exitUsage, "--plaintext contradicts --tls"},
		"http and TLS":                {token, "--server http://node1:1 --tls", exitUsage, "https://node1:1"},
		"half a pair":                 {nil, "--server localhost:" + port + " --cert " + cert, exitUsage, "belong together"},
		"no pair":                     {nil, "--server localhost:" + port + " --cert " + cert + " --cert-key " + badKey, exitUsage, "are no pair"},
		"no authority":                {token, "--server localhost:" + port + " --ca " + junk, exitUsage, "holds no certificate"},
		"no file":                     {token, "--server localhost:" + port + " --ca /nowhere.pem", exitUsage, "/nowhere.pem"},
		"a variable that is neither":  {map[string]string{"REDIAL_TOKEN": "rd_x", "REDIAL_TLS": "perhaps"}, "--server localhost:" + port, exitUsage, "REDIAL_TLS"},
	} {
		args := append([]string{"campaign", "list", "--json"}, strings.Fields(c.args)...)
		if c.args == "" {
			args = []string{"--tls", "--ca", trusted, "--server", "localhost:" + port, "campaign", "list", "--json"}
		}
		code, out, errs := ctlWith(t, grpc.NewClient, c.env, strings.NewReader(""), args...)
		if code != c.code || !strings.Contains(out+errs, c.want) {
			t.Errorf("%s: exit %d, want %d with %q\n%s%s", name, code, c.code, c.want, out, errs)
		}
		if name == "with a certificate" && strings.Contains(out, "Bearer") {
			t.Errorf("%s: a token is shown, too: %s", name, out)
		}
	}
}
