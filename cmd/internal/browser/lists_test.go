package browser_test

import "testing"

func TestAManagerAndThreeUglyFiles(t *testing.T) {
	t.Parallel()
	open(t, 2).play("lists")
}
