package auth

import "testing"

func TestI11EveryMethodHasAGrant(t *testing.T) {
	t.Parallel()
	if err := CheckGrants(served()); err != nil {
		t.Error(err)
	}
}
