package server

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"redial/campaign"
	campaignv1 "redial/proto/campaign/v1"
)

// named is a guard for whom the token shown is the caller's number.
type named struct{ door }

func (named) Stream() grpc.StreamServerInterceptor {
	return func(srv any, ss grpc.ServerStream, _ *grpc.StreamServerInfo, next grpc.StreamHandler) error {
		who := metadata.ValueFromIncomingContext(ss.Context(), "authorization")
		if len(who) == 0 {
			return next(srv, ss)
		}
		ctx := as(ss.Context(), campaign.Caller{Token: campaign.TokenID(who[0][0]), Role: campaign.RoleManager})
		return next(srv, &bareStream{ServerStream: ss, ctx: ctx, recv: ss.RecvMsg})
	}
}

func showing(ctx context.Context, who string) context.Context {
	return metadata.AppendToOutgoingContext(ctx, "authorization", who)
}

// Whoever opens streams of long work and sends no request keeps nobody from it, and is told after a while.
func TestAStreamWithoutItsRequestHoldsNoPlaceAndIsEnded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setupGuarded(t, named{}, &service{table: func(ss grpc.ServerStreamingServer[campaignv1.ExportProblemsResponse]) error {
			return ss.Send(&campaignv1.ExportProblemsResponse{})
		}})
		began := time.Now()
		var silent []grpc.ClientStream
		for range 3 {
			for _, who := range []string{"a", "b"} {
				s, err := b.conn.NewStream(showing(t.Context(), who), &grpc.StreamDesc{ClientStreams: true, ServerStreams: true}, lists+"ExportProblems")
				if err != nil {
					t.Fatal(err)
				}
				silent = append(silent, s)
			}
		}
		synctest.Wait()
		for _, who := range []string{"a", "b", "c"} {
			ss, err := b.lists.ExportProblems(showing(t.Context(), who), &campaignv1.ExportProblemsRequest{})
			if err == nil {
				_, err = ss.Recv()
			}
			if err != nil || time.Since(began) > 0 {
				t.Errorf("who sends a request, %s: %v after %v", who, err, time.Since(began))
			}
		}
		for _, s := range silent {
			err := s.RecvMsg(&campaignv1.ExportProblemsResponse{})
			if status.Code(err) != codes.Unavailable || !strings.Contains(err.Error(), "send it again") || !strings.Contains(FromStatus(err).Error(), "try again in") {
				t.Errorf("who sends none: %v", err)
			}
			if lived := time.Since(began); lived != arrivalTime {
				t.Errorf("it lived %v, want %v", lived, arrivalTime)
			}
		}
	})
}

// Long work holds its place from its request to its end, and gives it back however it ends.
func TestAStreamOfLongWorkHoldsItsPlaceFromItsRequestOn(t *testing.T) {
	t.Parallel()
	a := bareAdmission()
	info := &grpc.StreamServerInfo{FullMethod: lists + "ExportProblems", IsServerStream: true}
	ctx := as(t.Context(), campaign.Caller{Token: 3, Role: campaign.RoleManager})
	for _, sent := range []proto.Message{&campaignv1.ExportProblemsRequest{}, nil} {
		s := &bareStream{ctx: ctx, recv: func(any) error {
			if sent == nil {
				return context.Canceled
			}
			return nil
		}}
		err := a.stream(nil, s, info, func(_ any, ss grpc.ServerStream) error {
			if a.long.inWork != 0 {
				t.Error("it holds a place before its request")
			}
			if err := ss.RecvMsg(&campaignv1.ExportProblemsRequest{}); err != nil {
				return err
			}
			if a.long.inWork != 1 {
				t.Errorf("it holds %d places at work", a.long.inWork)
			}
			return nil
		})
		if (err == nil) != (sent != nil) {
			t.Error(err)
		}
		a.atRest(t)
	}
}
