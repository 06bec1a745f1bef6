package simulate

import (
	"context"
	"errors"
	"testing"
	"time"

	"redial/campaign"
)

// wild is a world with everything in it: two campaigns of one matter that share people and accounts, caps and cool-offs
// of several scopes, calendars, lists with hours of their own, numbers in other zones, night shifts, bookings at any
// hour.
const wild = `{
	"start":"2026-03-06T12:00","zone":"America/New_York","days":9,"seed":3,
	"campaigns":[
	 {"name":"a","zone":"America/New_York","rules":{"interval":"2h","max_per_day":4,"max_attempts":20,"matter":"m","rotate":true,"mix_hours":true,
	  "intervals":{"BUSY":"10m"},"calendars":["us"],
	  "caps":[{"scope":"number","max":4,"period":"48h"},{"scope":"person","max":6,"days":3},{"scope":"account","count":"connects","max":2,"period":"72h"}],
	  "cool_offs":[{"after":"conversation","scope":"person","period":"20h"},{"after":"machine","scope":"lead","period":"3h"}]},
	  "floor":{"fresh_share":0.4}},
	 {"name":"b","zone":"Europe/London","rules":{"interval":"90m","matter":"m","max_days":4,"expires_at":"2026-03-14T20:00:00Z","holidays":["2026-03-10"],
	  "caps":[{"scope":"subject","max":5,"period":"72h"},{"scope":"company","count":"conversations","max":1,"days":2}]},"floor":{"wrap_up":"20s","grace":"30m"}}],
	"calendars":{"us":{"days":[{"date":"2026-03-09","kind":"closure","name":"moving house"},{"date":"2026-03-11","kind":"holiday","place":"US-CA","name":"test"}]}},
	"lists":[
	 {"name":"east","campaign":"a","priority":2,"synthetic":{"count":900,"numbers":1.6,"shared":0.1,"accounts":0.2,"roaming":0.4,"sites":[
	  {"zones":["America/New_York"],"places":["US-NY"],"share":3},{"zones":["America/Los_Angeles"],"places":["US-CA"]},{"zones":["America/New_York","America/Chicago"]}]}},
	 {"name":"noon","campaign":"a","hours":[{"days":["mon","tue","wed","thu","fri","sat","sun"],"open":"11:00","close":"15:00"}],
	  "synthetic":{"count":400,"shared":0.2,"sites":[{"zones":["America/Denver"],"places":["US-CO"]}]}},
	 {"name":"isles","campaign":"b","synthetic":{"count":700,"numbers":1.4,"shared":0.3,"accounts":0.3,"sites":[{"zones":["Europe/London"]},{"zones":["Asia/Kolkata"]}]}}],
	"agents":[
	 {"name":"day","count":8,"campaigns":{"a":3,"b":1}},
	 {"name":"night","count":4,"zone":"Asia/Kolkata","linger":true,"card":[12,0.8,1,60],"shifts":[{"days":["mon","tue","wed","thu","fri","sat","sun"],"start":"20:00","end":"04:00",
	  "breaks":[{"start":"23:45","end":"00:15"}]}]},
	 {"name":"isles","count":3,"zone":"Europe/London","campaigns":{"b":1},"shifts":[{"days":["mon","wed","sat"],"start":"08:00","end":"20:00"}]}],
	"booking":{"share":0.2,"ahead_hours":[12,1,0.2,96],"insist":0.3}}`

// The largest test of them all, but for the goal's own size: everything is checked at every step.
func TestAWildWorldBreaksNoInvariant(t *testing.T) {
	t.Parallel()
	for _, seed := range []string{"3", "4", "5"} {
		raw, err := Overrides{Seed: uint64(seed[0] - '0')}.Apply([]byte(wild))
		if err != nil {
			t.Fatal(err)
		}
		s, err := Read(raw)
		if err != nil {
			t.Fatal(err)
		}
		r, err := Run(t.Context(), s, Options{Full: true})
		if err != nil {
			t.Fatalf("seed %s: %v", seed, err)
		}
		p := r.Promises
		if r.Total.Calls < 5000 || p.Kept == 0 || p.Missed == 0 || p.Made != p.Kept+p.Missed+p.Rescheduled+p.Cancelled+p.Open {
			t.Errorf("seed %s: %d calls, promises %s", seed, r.Total.Calls, text(t, p))
		}
		sums(t, r)
	}
}

// sums holds that the parts of a result add up to the whole.
func sums(t *testing.T, r *Result) {
	t.Helper()
	var hours, days, lists, outcomes, called int64
	for _, h := range r.Hours {
		hours += h.Calls
	}
	for _, d := range r.Days {
		days += d.Calls
	}
	for _, l := range r.Lists {
		lists += l.Calls
	}
	for _, o := range r.Outcomes {
		outcomes += o.Count
	}
	for _, a := range r.Attempts {
		called += a.Leads
	}
	under := int64(0) // calls under way when it ended are placed, not told
	for _, c := range r.Campaigns {
		for _, s := range c.Leads {
			if s.Name == string(campaign.LeadHeld) {
				under += s.Count
			}
		}
	}
	n := r.Total.Calls
	if hours != n || days != n || lists != n || outcomes != n || r.Checked.Calls < n || r.Checked.Calls > n+under {
		t.Errorf("%d calls, by hour %d, by day %d, by list %d, by outcome %d, checked %d", n, hours, days, lists, outcomes, r.Checked.Calls)
	}
	if called != int64(r.Scenario.Leads) {
		t.Errorf("%d leads in the histogram of %d", called, r.Scenario.Leads)
	}
}

func TestTheSameSeedGivesTheSameBytes(t *testing.T) {
	t.Parallel()
	run := func(seed uint64) string {
		raw, err := Overrides{Seed: seed, Days: 3}.Apply([]byte(wild))
		if err != nil {
			t.Fatal(err)
		}
		s, err := Read(raw)
		if err != nil {
			t.Fatal(err)
		}
		r, err := Run(t.Context(), s, Options{})
		if err != nil {
			t.Fatal(err)
		}
		return text(t, r)
	}
	one := run(1)
	if again := run(1); again != one {
		t.Errorf("the same seed gave\n%s\nand then\n%s", one, again)
	}
	if run(2) == one {
		t.Error("another seed gave the same")
	}
}

// The same scenario value may be run twice: nothing of it is used up.
func TestAScenarioIsNotUsedUp(t *testing.T) {
	t.Parallel()
	s := scenario(t, `"days":2`, `"lists":[{"leads":[{"numbers":["+9991"],"tries":[{"placed_at":"2026-03-01T10:00:00Z","outcome":"BUSY","number":"+9991"}]},
		{"numbers":["+9992"],"appointment":{"local":"2026-03-02T11:00"}}]}]`)
	first, _ := play(t, s, placed)
	second, _ := play(t, s, placed)
	if text(t, first) != text(t, second) {
		t.Errorf("first\n%s\nthen\n%s", text(t, first), text(t, second))
	}
}

func TestASimulationCanBeCancelledAndTellsHowFarItIs(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	told := 0
	_, err := Run(ctx, scenario(t, `"days":60`, `"lists":[{"synthetic":{"count":5000}}]`), Options{Gentle: true, Progress: func(done, total time.Duration) {
		if told++; done > total || total != 60*24*time.Hour {
			t.Errorf("%v of %v", done, total)
		}
		if told == 3 {
			cancel()
		}
	}})
	if !errors.Is(err, context.Canceled) || told < 3 {
		t.Errorf("%v after %d words of progress, want it cancelled", err, told)
	}
}
