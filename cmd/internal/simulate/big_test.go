package simulate

import (
	"os"
	"runtime"
	"syscall"
	"testing"
	"time"
)

func TestTheGoal(t *testing.T) {
	if os.Getenv("REDIAL_SOAK") == "" {
		t.Skip("200,000 leads, 100 agents, 30 days: set REDIAL_SOAK, as make soak does")
	}
	before := cpu(t)
	s, err := Read(Largest())
	if err != nil {
		t.Fatal(err)
	}
	r, err := Run(t.Context(), s, Options{})
	if err != nil {
		t.Fatal(err)
	}
	used := cpu(t) - before
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	t.Logf("%d calls, %d steps, %.1f s of CPU, %d MB of heap from the system", r.Total.Calls, r.Checked.Steps, used.Seconds(), m.HeapSys>>20)
	if used > 2*time.Minute {
		t.Errorf("used %v of CPU: a minute on two cores is the goal", used)
	}
}

func cpu(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Skipf("no CPU time on this system: %v", err)
	}
	return time.Duration(u.Utime.Nano())
}
