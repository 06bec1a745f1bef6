package browser_test

import "testing"

func TestNothingThatWasTypedGoesWithTheSession(t *testing.T) {
	t.Parallel()
	open(t, 2).play("session")
}
