package simulate

import (
	"strings"
	"testing"
	"time"
)

// A night shift in London over the two changes of the clocks: seven hours of work in spring, nine in autumn.
func TestShiftsOverMidnightFollowTheClocksOnTheWall(t *testing.T) {
	t.Parallel()
	const night = `"agents":[{"name":"night","zone":"Europe/London","shifts":[{"days":["sat"],"start":"22:00","end":"06:00",
		"breaks":[{"start":"00:30","end":"01:00","reason":"tea"}]}]}]`
	for _, c := range []struct {
		start string
		hours float64
	}{
		{"2026-03-27", 6.5}, {"2026-10-23", 8.5}, {"2026-06-05", 7.5},
	} {
		r, _ := play(t, scenario(t, `"start":"`+c.start+`","days":4`, `"zone":"Europe/London"`, night, `"lists":[{"synthetic":{"count":5}}]`), placed)
		if r.Total.AgentHours != c.hours || r.Total.BreakHours != 0.5 {
			t.Errorf("from %s: %v hours of work and %v of break, want %v and 0.5", c.start, r.Total.AgentHours, r.Total.BreakHours, c.hours)
		}
	}
}

// A wall time that the clocks leap over is the first instant after it; one that comes twice is the first.
func TestAShiftThatBeginsInTheGapBeginsAfterIt(t *testing.T) {
	t.Parallel()
	loc, err := time.LoadLocation("Europe/London")
	if err != nil {
		t.Fatal(err)
	}
	sunday := Team{Zone: loc, Shifts: []Shift{{Days: [7]bool{true}, Start: 90, End: 5 * 60}}}
	for from, want := range map[string]string{
		"2026-03-29T00:00:00Z": "01:00:00 04:00:00", // 01:30 is leapt over: 02:00 BST; 05:00 BST
		"2026-10-25T00:00:00Z": "00:30:00 05:00:00", // 01:30 comes twice: the first, in BST; 05:00 GMT
	} {
		turns, err := sunday.schedule(utc(t, from), utc(t, from).AddDate(0, 0, 1))
		if err != nil || len(turns) != 2 {
			t.Fatalf("%v, %v", turns, err)
		}
		if got := turns[0].at.Format("15:04:05 ") + turns[1].at.Format("15:04:05"); got != want {
			t.Errorf("from %s: %s, want %s", from, got, want)
		}
	}
}

// An agent whose shift ends during a call goes home after it, and a break waits for the end of the call.
func TestACallInHandIsFinishedBeforeTheShiftEnds(t *testing.T) {
	t.Parallel()
	s := scenario(t, `"start":"2026-03-02","days":1`, `"outcomes":`+far(1, "SUCCESS", "NO_ANSWER"), `"lists":[{"synthetic":{"count":500}}]`,
		`"agents":[{"name":"ann","card":[4,0,4,4],"shifts":[{"start":"09:00","end":"10:00","breaks":[{"start":"09:30","end":"09:40","reason":"tea"}]}]}]`)
	r, made := play(t, s, placed)
	// 89 s a call: the 21st ends at 09:31:09, and the break has lasted since then; the 14th after it begins at 09:59:17.
	if len(made) != 35 || !strings.HasSuffix(made[20], "09:29:44") || !strings.HasSuffix(made[21], "09:40:04") || !strings.HasSuffix(made[34], "09:59:21") {
		t.Errorf("%d calls: %s … %s, %s … %s", len(made), made[0], made[20], made[21], made[len(made)-1])
	}
	if want := round((8*60+51)/3600.0, 3); r.Total.BreakHours != want {
		t.Errorf("%v hours of break, want %v", r.Total.BreakHours, want)
	}
}

func TestShiftsThatOverlapAreRefused(t *testing.T) {
	t.Parallel()
	_, err := Read([]byte(`{"agents":[{"shifts":[{"days":["mon"],"start":"22:00","end":"06:00"},{"days":["tue"],"start":"05:00","end":"09:00"}]}]}`))
	if err == nil || !strings.Contains(err.Error(), "agents[0].shifts") || !strings.Contains(err.Error(), "overlap") {
		t.Errorf("%v, want an error of agents[0].shifts", err)
	}
}
