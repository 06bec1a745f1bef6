package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"redial/campaign"
)

var (
	discard = slog.New(slog.DiscardHandler)
	info    = &grpc.UnaryServerInfo{FullMethod: "/campaign.v1.CampaignService/GetCampaign"}
)

func bareMeter(t *testing.T) *meter {
	t.Helper()
	m, err := newMeter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestEveryKindHasItsCode(t *testing.T) {
	t.Parallel()
	for kind := campaign.KindInvalid; kind <= campaign.KindStranger; kind++ {
		st, ok := Status(&campaign.Error{Kind: kind, Message: "x"})
		if !ok || st.Code() == codes.OK || st.Code() == codes.Unknown || st.Message() != "x" {
			t.Errorf("kind %d: %v, %v", kind, st, ok)
		}
	}
	for name, c := range map[string]struct {
		err   error
		want  codes.Code
		known bool
	}{
		"version":           {campaign.Conflict(campaign.ReasonVersion, "x"), codes.Aborted, true},
		"offset":            {&campaign.Error{Kind: campaign.KindInvalid, Reason: campaign.ReasonWrongOffset}, codes.OutOfRange, true},
		"wrapped":           {fmt.Errorf("claim: %w", campaign.NotFound("lead", 7)), codes.NotFound, true},
		"a status":          {status.Error(codes.OutOfRange, "x"), codes.OutOfRange, true},
		"deadline":          {fmt.Errorf("query: %w", context.DeadlineExceeded), codes.DeadlineExceeded, true},
		"cancelled":         {fmt.Errorf("query: %w", context.Canceled), codes.Canceled, true},
		"internal kind":     {&campaign.Error{Message: "x"}, codes.Unknown, false},
		"from elsewhere":    {errors.New("x"), codes.Unknown, false},
		"a status, unknown": {status.Error(codes.Unknown, "x"), codes.Unknown, false},
	} {
		st, ok := Status(c.err)
		if ok != c.known || (ok && st.Code() != c.want) {
			t.Errorf("%s: %v, %v; want %v, %v", name, st, ok, c.want, c.known)
		}
	}
}

func TestDetailsCrossTheWireAndComeBack(t *testing.T) {
	t.Parallel()
	sent := &campaign.Error{
		Kind: campaign.KindInvalid, Reason: campaign.ReasonBookingOutside, Message: "the booking cannot be made",
		Violations: []campaign.Violation{{Field: "booking.local", Message: "is outside callable hours"}, {Field: "note", Message: "is too long"}},
		RetryAfter: 1500 * time.Millisecond,
		Meta:       map[string]string{"after": "2026-03-02T09:00:00Z"},
	}
	b := setup(t, &service{get: func(context.Context) error { return fmt.Errorf("record: %w", sent) }})
	err := b.get(t.Context())
	if kinds := detailKinds(err); kinds != "*errdetails.BadRequest *errdetails.ErrorInfo *errdetails.RetryInfo" {
		t.Errorf("details %s", kinds)
	}
	if Reason(err) != campaign.ReasonBookingOutside {
		t.Errorf("reason %q", Reason(err))
	}
	got, ok := errors.AsType[*campaign.Error](FromStatus(err))
	if !ok || got.Kind != sent.Kind || got.Reason != sent.Reason || !slices.Equal(got.Violations, sent.Violations) ||
		got.RetryAfter != sent.RetryAfter || !maps.Equal(got.Meta, sent.Meta) {
		t.Errorf("came back as %+v", got)
	}
	want := "the booking cannot be made\n  booking.local: is outside callable hours\n  note: is too long\n  try again in 1.5s"
	if got.Error() != want {
		t.Errorf("reads\n%s\nwant\n%s", got, want)
	}
}

func TestErrorsReadWell(t *testing.T) {
	t.Parallel()
	only, _ := Status(campaign.Invalid("name", "is taken"))
	for name, c := range map[string]struct {
		err  error
		want string
		kind campaign.Kind
	}{
		"one field once":  {only.Err(), "name: is taken", campaign.KindInvalid},
		"nobody there":    {status.Error(codes.Unavailable, "connection refused"), "is dialerd running", campaign.KindAway},
		"no token":        {status.Error(codes.Unauthenticated, "no token"), "--token-file", campaign.KindStranger},
		"an older server": {status.Error(codes.Unimplemented, "unknown method"), "upgrade it", campaign.KindInternal},
		"no status":       {errors.New("open list.csv"), "open list.csv", campaign.KindInternal},
	} {
		got := FromStatus(c.err)
		if !strings.Contains(got.Error(), c.want) || campaign.KindOf(got) != c.kind || strings.Count(got.Error(), "is taken") > 1 {
			t.Errorf("%s: kind %d, %q; want %q", name, campaign.KindOf(got), got, c.want)
		}
	}
	if FromStatus(nil) != nil || Reason(nil) != "" {
		t.Error("no error became one")
	}
}

func TestTextThatIsNoUTF8StillCrosses(t *testing.T) {
	t.Parallel()
	b := setup(t, &service{get: func(context.Context) error {
		return &campaign.Error{Kind: campaign.KindInvalid, Message: "\xff\xfe", Violations: []campaign.Violation{{Field: "row", Message: "\xc3"}}}
	}})
	err := b.get(t.Context())
	if status.Code(err) != codes.InvalidArgument || detailKinds(err) != "*errdetails.BadRequest" {
		t.Errorf("got %v with %s", err, detailKinds(err))
	}
}

func detailKinds(err error) string {
	var kinds []string
	for _, d := range status.Convert(err).Details() {
		if _, bad := d.(error); bad {
			return fmt.Sprint("broken detail: ", d)
		}
		kinds = append(kinds, fmt.Sprintf("%T", d))
	}
	return strings.Join(kinds, " ")
}
