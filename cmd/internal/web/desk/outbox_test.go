package desk

import (
	"os/exec"
	"testing"
)

// What keeps an agent's words over a lost connection is tested where it runs.
func TestTheOutbox(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), "node", "--test", "testdata/outbox.test.mjs").CombinedOutput()
	if err != nil {
		t.Errorf("node (apt-get install nodejs): %v\n%s", err, out)
	}
}
