package simulate

import (
	"fmt"
	"strings"
	"testing"
)

// The source rule, worked out by hand: one agent, three leads, nobody ever answers. A call takes 29 s: 4 s for the card,
// 20 s of ringing, 5 s for the outcome. Every four hours, three times a day, and over to the next day's list, where
// those who rolled over go by the instant they waited for.
func TestEveryFourHoursThreeTimesADayAndOverToTheNext(t *testing.T) {
	t.Parallel()
	s := scenario(t, `"start":"2026-03-02","days":2`, `"outcomes":`+far(0, "SUCCESS", "NO_ANSWER"), oneAllDay,
		`"lists":[{`+leads("+9991", "+9992", "+9993")+`}]`)
	r, made := play(t, s, placed)
	var want []string
	for _, day := range []string{"02", "03"} {
		for _, at := range []string{
			"1 %s 09:00:04", "2 %s 09:00:33", "3 %s 09:01:02",
			"1 %s 13:00:08", "2 %s 13:00:37", "3 %s 13:01:06",
			"1 %s 17:00:12", "2 %s 17:00:41", "3 %s 17:01:10",
		} {
			want = append(want, fmt.Sprintf(at, day))
		}
	}
	same(t, "calls", made, want)
	if r.Total.Calls != 18 || r.Total.Connects != 0 || r.Total.AgentHours != 24 {
		t.Errorf("total %+v, want 18 calls without a connect in 24 hours", r.Total)
	}
	// 18 calls of 29 s in 24 hours of one agent.
	if want := round(18*29/(24*3600.0), 4); r.Total.Occupancy != want {
		t.Errorf("occupancy %v, want %v", r.Total.Occupancy, want)
	}
	if got := text(t, r.Attempts); !strings.HasSuffix(got, `{"attempts":6,"leads":3}]`) {
		t.Errorf("attempts %s, want three leads with six", got)
	}
}

// A network outcome comes back after five minutes and is no counted attempt; after three in a row the interval applies.
func TestNetworkOutcomesComeBackSoonAndAreNotCounted(t *testing.T) {
	t.Parallel()
	s := scenario(t, `"start":"2026-03-02","days":1`, `"outcomes":`+far(0, "SUCCESS", "CONGESTION"), oneAllDay, `"lists":[{`+leads("+9991")+`}]`)
	_, made := play(t, s, placed)
	same(t, "calls", made, []string{
		"1 02 09:00:04", "1 02 09:05:08", "1 02 09:10:12", "1 02 09:15:16", "1 02 13:15:20", "1 02 17:15:24",
	})
}

func TestAListThatRunsDrySaysWhen(t *testing.T) {
	t.Parallel()
	s := scenario(t, `"start":"2026-03-02","days":1`, `"outcomes":`+far(1, "SUCCESS", "NO_ANSWER"), oneAllDay,
		`"lists":[{"name":"small","priority":1,`+leads("+9991", "+9992")+`},{"name":"next",`+leads("+9993")+`}]`)
	r, made := play(t, s, placed)
	same(t, "calls", made, []string{"1 02 09:00:04", "2 02 09:01:33", "3 02 09:03:02"})
	small, next := r.Lists[0], r.Lists[1]
	if small.LastFresh == nil || !small.LastFresh.Equal(utc(t, "2026-03-02T09:01:33Z")) || small.DoneAt == nil ||
		!small.DoneAt.Equal(utc(t, "2026-03-02T09:02:58Z")) || small.Successes != 2 || small.Open != 0 {
		t.Errorf("the first list: %s", text(t, small))
	}
	if dry := utc(t, "2026-03-02T09:04:27Z"); small.DryAt == nil || !small.DryAt.Equal(dry) || next.DryAt == nil || !next.DryAt.Equal(dry) {
		t.Errorf("dry at %v and %v, want %v, when the agent first waited in vain", small.DryAt, next.DryAt, dry)
	}
	if r.Total.Successes != 3 || r.Total.SuccessRate != 1 {
		t.Errorf("total %+v, want three successes", r.Total)
	}
}

// A list is not done with its first lead, which had refused before.
func TestAListIsDoneWhenItsLastLeadIs(t *testing.T) {
	t.Parallel()
	s := scenario(t, `"start":"2026-03-02","days":1`, `"outcomes":`+far(1, "SUCCESS", "NO_ANSWER"), `"lists":[{"name":"small","leads":[
		{"numbers":["+9991"],"tries":[{"placed_at":"2026-02-20T10:00:00Z","outcome":"REFUSED"}]},{"numbers":["+9992"]}]}]`,
		`"agents":[{"name":"ann","card":[4,0,4,4],"shifts":[{"days":["sun"],"start":"09:00","end":"21:00"}]}]`)
	r, made := play(t, s, placed)
	if small := r.Lists[0]; len(made) != 0 || small.Open != 1 || small.DoneAt != nil {
		t.Errorf("%s", text(t, small))
	}
}

// Half of the offers are reserved for fresh leads, so that retries do not starve them.
func TestFreshLeadsGetTheirShare(t *testing.T) {
	t.Parallel()
	campaigns := `"campaigns":[{"name":"c","rules":{"interval":"1m","max_per_day":0},"floor":{"fresh_share":%s}}]`
	lists := `"lists":[{"synthetic":{"count":40}}]`
	fresh := func(share string) (n int) {
		s := scenario(t, `"start":"2026-03-02T09:00","days":1`, `"outcomes":`+far(0, "SUCCESS", "NO_ANSWER"), oneAllDay, fmt.Sprintf(campaigns, share), lists)
		_, made := play(t, s, func(c Call) string { return c.Reason })
		for _, reason := range made[:60] {
			if reason == "fresh" {
				n++
			}
		}
		return n
	}
	// Three calls fit into the interval, so that with no share two of three stay with the same leads.
	if none, half := fresh("0"), fresh("0.5"); none > 5 || half < 28 || half > 32 {
		t.Errorf("%d fresh leads of 60 without a share and %d with half, want few and 30", none, half)
	}
}
