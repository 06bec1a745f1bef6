// Program go is a CRM's client of redial: it brings the leads of exported CSV files in, then writes what came of the calls
// to another CSV file. It may be run again at any time, after any failure.
//
//	REDIAL_TOKEN=rd_… go run ./deploy/examples/go CAMPAIGN-ID OUTCOMES.csv salesforce.csv hubspot.csv
package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	pb "redial/proto/campaign/v1"
)

func main() {
	if len(os.Args) < 4 {
		fmt.Fprintln(os.Stderr, "usage: REDIAL_TOKEN=… go CAMPAIGN-ID OUTCOMES.csv salesforce.csv|hubspot.csv …")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1], os.Args[2], os.Args[3:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, campaign, outcomes string, files []string) error {
	id, err := strconv.ParseInt(campaign, 10, 64)
	if err != nil {
		return fmt.Errorf("the campaign's id: %w", err)
	}
	conn, err := connect()
	if err != nil {
		return err
	}
	defer conn.Close()
	ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+os.Getenv("REDIAL_TOKEN"))
	for _, file := range files { // the file's name is the CRM's
		source := strings.TrimSuffix(filepath.Base(file), ".csv")
		items, err := read(file, source)
		if err != nil {
			return err
		}
		s := &syncing{leads: pb.NewLeadServiceClient(conn), begin: &pb.UpsertBegin{Source: source, CampaignId: id}, open: items, done: make(map[string]int)}
		if err := patiently(ctx, s.upsert); err != nil {
			return fmt.Errorf("sync %s: %w", file, err)
		}
		fmt.Fprintln(os.Stdout, source, s.done)
	}
	told, err := openOutcomes(outcomes)
	if err != nil {
		return err
	}
	told.events, told.campaign = pb.NewEventServiceClient(conn), id
	if err := patiently(ctx, told.watch); err != nil {
		return fmt.Errorf("watch events: %w", err)
	}
	fmt.Fprintln(os.Stdout, "outcomes of", len(told.rows), "calls")
	return nil
}

// connect speaks to REDIAL_SERVER, in the clear to this machine unless REDIAL_TLS=1 or REDIAL_CA (a PEM file) is set.
func connect() (*grpc.ClientConn, error) {
	addr, creds := cmp.Or(os.Getenv("REDIAL_SERVER"), "127.0.0.1:7070"), insecure.NewCredentials()
	if ca := os.Getenv("REDIAL_CA"); ca != "" {
		var err error
		if creds, err = credentials.NewClientTLSFromFile(ca, ""); err != nil {
			return nil, fmt.Errorf("REDIAL_CA: %w", err)
		}
	} else if os.Getenv("REDIAL_TLS") == "1" {
		creds = credentials.NewTLS(&tls.Config{MinVersion: tls.VersionTLS12})
	}
	return grpc.NewClient(addr, grpc.WithTransportCredentials(creds))
}

// patiently does f until it succeeds. A fault that passes (UNAVAILABLE, RESOURCE_EXHAUSTED) is waited out, as long as the
// server says, else 1 s, 2 s, 4 s … 30 s, less a random part; ten in a row without any progress are too many.
func patiently(ctx context.Context, f func(context.Context) (progress bool, err error)) error {
	for try := 0; ; try++ {
		progress, err := f(ctx)
		st := status.Convert(err)
		if progress {
			try = 0
		}
		if err == nil || st.Code() != codes.Unavailable && st.Code() != codes.ResourceExhausted || try == 9 {
			return err
		}
		wait := min(time.Second<<try, 30*time.Second)
		wait -= rand.N(wait / 2)
		for _, d := range st.Details() {
			if info, ok := d.(*errdetails.RetryInfo); ok {
				wait = info.GetRetryDelay().AsDuration()
			}
		}
		fmt.Fprintf(os.Stderr, "%v: again in %v\n", err, wait)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
	}
}
