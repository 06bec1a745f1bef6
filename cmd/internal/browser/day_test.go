package browser_test

import "testing"

func TestAnAgentsDayByKeyboard(t *testing.T) {
	t.Parallel()
	open(t, 90).play("desk")
}
