package simulate

import (
	"fmt"
	"os"
	"runtime"
	"syscall"
	"testing"
	"time"
)

// big is the goal's scenario: 200,000 leads over four zones, 100 agents in two shifts every day, 30 days.
func big(leads, agents, days int) string {
	return fmt.Sprintf(`{"days":%d,"seed":7,"zone":"America/New_York",
	"campaigns":[{"name":"spring","zone":"America/New_York","rules":{"max_attempts":12,"caps":[{"scope":"number","max":10,"period":"168h"}]},"floor":{"fresh_share":0.3}}],
	"lists":[
	 {"name":"first","priority":1,"synthetic":{"count":%d,"numbers":1.3,"shared":0.02,"sites":[
	  {"zones":["America/New_York"],"share":4},{"zones":["America/Chicago"],"share":3},{"zones":["America/Denver"],"share":1},
	  {"zones":["America/Los_Angeles"],"share":2},{"zones":["America/New_York","America/Chicago"],"share":0.5}]}},
	 {"name":"second","synthetic":{"count":%d,"numbers":1.3,"shared":0.02,"sites":[{"zones":["America/New_York"]},{"zones":["America/Los_Angeles"]}]}}],
	"agents":[{"name":"early","count":%d,"shifts":[{"days":["mon","tue","wed","thu","fri","sat","sun"],"start":"09:00","end":"17:00","breaks":[{"start":"12:00","end":"12:30","reason":"lunch"}]}]},
	 {"name":"late","count":%d,"shifts":[{"days":["mon","tue","wed","thu","fri","sat","sun"],"start":"13:00","end":"21:30","breaks":[{"start":"17:00","end":"17:30","reason":"supper"}]}]}]}`,
		days, leads*3/4, leads-leads*3/4, agents/2, agents-agents/2)
}

func TestTheGoal(t *testing.T) {
	if os.Getenv("REDIAL_SOAK") == "" {
		t.Skip("200,000 leads, 100 agents, 30 days: set REDIAL_SOAK, as make soak does")
	}
	before := cpu(t)
	s, err := Read([]byte(big(200_000, 100, 30)))
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
