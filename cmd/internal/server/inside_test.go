package server

import (
	"context"
	"crypto/tls"
	"net"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/peer"

	"redial/cmd/internal/certtest"
	campaignv1 "redial/proto/campaign/v1"
)

func TestThePagesAskInTheClearWhereEverybodyElseSpeaksTLS(t *testing.T) {
	t.Parallel()
	var from string
	own := certtest.New(t).Pair(t, certtest.Leaf{DNS: []string{"localhost"}})
	s, err := New(door{}, func(r grpc.ServiceRegistrar) {
		campaignv1.RegisterCampaignServiceServer(r, &service{get: func(ctx context.Context) error {
			p, _ := peer.FromContext(ctx)
			from = p.Addr.Network()
			return nil
		}})
		campaignv1.RegisterListServiceServer(r, &service{})
	}, Options{TLS: &tls.Config{Certificates: []tls.Certificate{own}, MinVersion: tls.VersionTLS13}})
	if err != nil {
		t.Fatal(err)
	}
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(lis) }()
	inside, err := s.Inside()
	if err != nil {
		t.Fatal(err)
	}
	outside, err := grpc.NewClient("passthrough:///"+lis.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := campaignv1.NewCampaignServiceClient(inside).GetCampaign(t.Context(), &campaignv1.GetCampaignRequest{}); err != nil || from != insideNetwork {
		t.Errorf("inside: %v, from %q", err, from)
	}
	if _, err := campaignv1.NewCampaignServiceClient(outside).GetCampaign(t.Context(), &campaignv1.GetCampaignRequest{}); err == nil {
		t.Error("somebody outside speaks in the clear")
	}
	inside.Close()
	outside.Close()
	if err := s.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
}
