package simulate

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"redial/campaign"
)

// two campaigns call the same twenty people, one of them under another's lead, every ten minutes, all day.
func two(t *testing.T, rules string) *Scenario {
	t.Helper()
	var east, west []string
	for i := range 20 {
		east, west = append(east, fmt.Sprintf("+9991%03d", i)), append(west, fmt.Sprintf("+9991%03d", i))
	}
	return scenario(t, `"start":"2026-03-02","days":3`, `"outcomes":`+far(0.3, "CALL_LATER", "NO_ANSWER"),
		`"campaigns":[{"name":"a","rules":`+rules+`},{"name":"b","rules":`+rules+`}]`,
		`"lists":[{"campaign":"a",`+leads(east...)+`},{"campaign":"b",`+leads(west...)+`}]`,
		`"agents":[{"count":4,"campaigns":{"a":2,"b":1},"shifts":[{"start":"09:00","end":"21:00"}]}]`)
}

// byNumber are the instants of the calls to each number that match, whoever made them.
func byNumber(t *testing.T, s *Scenario, match func(Call) bool) map[campaign.Phone][]time.Time {
	t.Helper()
	at := make(map[campaign.Phone][]time.Time)
	if _, err := Run(t.Context(), s, Options{Full: true, Called: func(c Call) {
		if match(c) {
			at[c.Number] = append(at[c.Number], c.PlacedAt)
		}
	}}); err != nil {
		t.Fatal(err)
	}
	for _, all := range at {
		slices.SortFunc(all, time.Time.Compare)
	}
	return at
}

// densest is the most calls within any period.
func densest(at map[campaign.Phone][]time.Time, period time.Duration) (most int) {
	for _, all := range at {
		for i := range all {
			n := 0
			for _, later := range all[i:] {
				if later.Sub(all[i]) < period {
					n++
				}
			}
			most = max(most, n)
		}
	}
	return most
}

func all(Call) bool { return true }

func TestCapsHoldOverTwoCampaignsThatShareThePeople(t *testing.T) {
	t.Parallel()
	const bare = `{"interval":"10m","max_per_day":0%s}`
	day := 24 * time.Hour
	if free := densest(byNumber(t, two(t, fmt.Sprintf(bare, "")), all), day); free < 20 {
		t.Fatalf("%d calls a day without a cap: the world is too quiet to show one", free)
	}
	for _, scope := range []string{"number", "person", "company"} {
		rules := fmt.Sprintf(bare, `,"caps":[{"scope":"`+scope+`","max":3,"period":"24h"}]`)
		if n := densest(byNumber(t, two(t, rules), all), day); n != 3 {
			t.Errorf("scope %s: %d calls in 24 h, want the cap's 3", scope, n)
		}
	}
	if n := densest(byNumber(t, two(t, fmt.Sprintf(bare, `,"caps":[{"scope":"lead","max":3,"period":"24h"}]`)), all), day); n != 6 {
		t.Errorf("scope lead: %d calls in 24 h, want 3 of each campaign", n)
	}
	if n := densest(byNumber(t, two(t, fmt.Sprintf(bare, `,"caps":[{"scope":"subject","max":3,"period":"24h"}]`)), all), day); n != 6 {
		t.Errorf("scope subject of different matters: %d calls in 24 h, want 3 of each", n)
	}
	if n := densest(byNumber(t, two(t, fmt.Sprintf(bare, `,"matter":"m","caps":[{"scope":"subject","max":3,"period":"24h"}]`)), all), day); n != 3 {
		t.Errorf("scope subject of one matter: %d calls in 24 h, want 3", n)
	}
	connects := fmt.Sprintf(bare, `,"caps":[{"scope":"person","count":"connects","max":2,"period":"24h"}]`)
	if n := densest(byNumber(t, two(t, connects), func(c Call) bool { return c.Outcome.Connect() }), day); n != 2 {
		t.Errorf("%d connects in 24 h, want 2", n)
	}
	cool := fmt.Sprintf(bare, `,"cool_offs":[{"after":"conversation","scope":"person","period":"24h"}]`)
	if n := densest(byNumber(t, two(t, cool), func(c Call) bool { return c.Outcome.Connect() }), day); n != 1 {
		t.Errorf("%d conversations in 24 h, want one and then a rest", n)
	}
}

// Weights 2 and 1: while both campaigns have leads, two of three offers are the first one's.
func TestAgentsServeTheirCampaignsByWeight(t *testing.T) {
	t.Parallel()
	n := make(map[campaign.CampaignID]int)
	s := scenario(t, `"start":"2026-03-02","days":1`, `"outcomes":`+far(0, "SUCCESS", "NO_ANSWER"), `"campaigns":[{"name":"a"},{"name":"b"}]`,
		`"lists":[{"campaign":"a","synthetic":{"count":5000}},{"campaign":"b","synthetic":{"count":5000}}]`,
		`"agents":[{"count":2,"campaigns":{"a":2,"b":1}}]`)
	play(t, s, func(c Call) string { n[c.Campaign]++; return "" })
	if n[1] < 2*n[2]-4 || n[1] > 2*n[2]+4 {
		t.Errorf("%d and %d calls, want two to one", n[1], n[2])
	}
}

// Whoever asks never to be called again is not, under whatever lead and in whatever campaign, offers in hand included.
func TestAnObjectionIsObeyedEverywhere(t *testing.T) {
	t.Parallel()
	s := scenario(t, `"start":"2026-03-02","days":2`, `"outcomes":`+far(0.5, "DO_NOT_CALL", "NO_ANSWER"),
		`"campaigns":[{"name":"a","rules":{"interval":"10m","max_per_day":0}},{"name":"b","rules":{"interval":"10m","max_per_day":0}}]`,
		`"lists":[{"campaign":"a","synthetic":{"count":60}},{"campaign":"b","synthetic":{"count":60,"shared":1,"numbers":1.5}}]`,
		`"agents":[{"count":6}]`)
	objected := make(map[campaign.Phone]time.Time)
	after := 0
	play(t, s, func(c Call) string {
		if at, ok := objected[c.Number]; ok && c.PlacedAt.After(at) {
			after++
		}
		if c.Outcome == campaign.DoNotCall {
			objected[c.Number] = c.PlacedAt.Add(c.Talk)
		}
		return ""
	})
	if len(objected) < 20 || after > 0 {
		t.Errorf("%d objected, %d calls after it", len(objected), after)
	}
}
