package lists

import (
	"os/exec"
	"testing"
)

// How fast a file goes, and how long it will take, is tested where it runs.
func TestTheRate(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), "node", "--test", "testdata/rate.test.mjs").CombinedOutput()
	if err != nil {
		t.Errorf("node (apt-get install nodejs): %v\n%s", err, out)
	}
}
