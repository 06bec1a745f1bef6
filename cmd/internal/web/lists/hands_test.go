package lists

import (
	"fmt"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"redial/campaign"
)

func TestPiecesThatAreReadAtOnceAreBounded(t *testing.T) {
	t.Parallel()
	h := hands{by: map[string]int{}}
	var leaves []func()
	take := func(n int) error {
		leave, err := h.take(campaign.WithCaller(t.Context(), campaign.Caller{Owner: fmt.Sprint("m", n), Role: campaign.RoleManager}))
		if err == nil {
			leaves = append(leaves, leave)
		}
		return err
	}
	for range handsOne {
		if err := take(0); err != nil {
			t.Fatal(err)
		}
	}
	if err := take(0); status.Code(err) != codes.ResourceExhausted {
		t.Errorf("one more of the same: %v", err)
	}
	for n := 1; len(leaves) < handsAll; n++ {
		if err := take(n); err != nil {
			t.Fatal(err)
		}
	}
	if err := take(1000); status.Code(err) != codes.ResourceExhausted {
		t.Errorf("one more of all: %v", err)
	}
	for _, leave := range leaves {
		leave()
	}
	if err := take(0); err != nil || len(h.by) != 1 || h.all != 1 {
		t.Errorf("afterwards: %v, %+v", err, h.by)
	}
}
