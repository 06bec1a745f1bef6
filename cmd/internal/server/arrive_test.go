package server

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"redial/cmd/internal/certtest"
	campaignv1 "redial/proto/campaign/v1"
)

const getCampaign = "/campaign.v1.CampaignService/GetCampaign"

func TestCallWhoseMessageNeverComesIsCutOff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		released := make(chan struct{})
		b := setup(t, &service{get: func(ctx context.Context) error {
			select {
			case <-released:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}})
		began := time.Now()
		s, err := b.conn.NewStream(t.Context(), &grpc.StreamDesc{ClientStreams: true}, getCampaign) // headers, and no more
		if err != nil {
			t.Fatal(err)
		}
		err = s.RecvMsg(&campaignv1.GetCampaignResponse{})
		if code, lived := status.Code(err), time.Since(began); (code != codes.Canceled && code != codes.DeadlineExceeded) || lived < arrivalTime || lived > arrivalTime+time.Second {
			t.Errorf("it ended after %v with %v, want to be cut off after %v", lived, err, arrivalTime)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		done := make(chan error, 1)
		go func() { done <- b.get(ctx) }()
		time.Sleep(arrivalTime + time.Second) //nolint:forbidigo // fake time: a call that came whole may take longer
		close(released)
		if err := <-done; err != nil {
			t.Errorf("a call that came whole: %v", err)
		}
	})
}

// A raw client of real sockets: nothing, or half a greeting, is no reason to keep a connection.
func TestConnectionThatNeverGreetsIsClosed(t *testing.T) {
	t.Parallel()
	own := certtest.New(t).Pair(t, certtest.Leaf{DNS: []string{"localhost"}})
	for name, secure := range map[string]*tls.Config{
		"in the clear": nil, "over TLS": {Certificates: []tls.Certificate{own}, MinVersion: tls.VersionTLS12},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			neverGreets(t, secure)
		})
	}
}

func neverGreets(t *testing.T, secure *tls.Config) {
	t.Helper()
	s, err := New(door{}, func(r grpc.ServiceRegistrar) { campaignv1.RegisterCampaignServiceServer(r, &service{}) },
		Options{handshake: 300 * time.Millisecond, TLS: secure})
	if err != nil {
		t.Fatal(err)
	}
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(lis) }()
	defer func() {
		if err := errors.Join(s.Stop(t.Context()), <-served); err != nil {
			t.Error(err)
		}
	}()
	for _, said := range []string{"", "PRI * HTTP/2.0\r\n", "\x16\x03\x01", "\x16\x03\x01\x02\x00\x01"} {
		c, err := net.Dial("tcp", lis.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		if err := c.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(c, said); err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, bufio.NewReader(c)); errors.Is(err, context.DeadlineExceeded) || isTimeout(err) {
			t.Errorf("after %q it is still open", said)
		}
		c.Close()
	}
}

func isTimeout(err error) bool {
	n, ok := errors.AsType[net.Error](err)
	return ok && n.Timeout()
}
