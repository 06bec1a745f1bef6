package main

import (
	"testing"

	"google.golang.org/grpc/codes"

	"redial/campaign"
	dialerv1 "redial/proto/dialer/v1"
)

// An overloaded server refuses for a moment only: a desk signs in again, an upload goes on.
func TestWhatIsShedIsTriedAgain(t *testing.T) {
	t.Parallel()
	for code, want := range map[codes.Code]campaign.Kind{
		codes.ResourceExhausted: campaign.KindAway, codes.Unavailable: campaign.KindAway, codes.PermissionDenied: campaign.KindUnready,
	} {
		err := refused(&dialerv1.Failure{Code: int32(code), Reason: "X", Message: "why"})
		if campaign.KindOf(err) != want || err.Error() != "why" || campaign.ReasonOf(err) != "X" {
			t.Errorf("%v: kind %v, %v; want kind %v", code, campaign.KindOf(err), err, want)
		}
	}
	if !worthTrying(&campaign.Error{Kind: campaign.KindExhausted}) || worthTrying(&campaign.Error{Kind: campaign.KindInvalid}) {
		t.Error("an upload that was shed must go on, one that is wrong must not")
	}
}
