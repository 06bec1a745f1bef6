package store_test

import (
	"testing"
	"time"

	"redial/campaign"
	"redial/campaign/store"
)

// dialled is a call as it stands in the ledger, with whom it was to.
type dialled struct {
	campaign         int
	id, placed, talk int64
	number           string
	person, account  string
	outcome          campaign.Outcome
	day              int
}

// hammerCount reads the ledger and counts every cap and cool-off by itself.
func hammerCount(t *testing.T, s *store.Store, campaigns []campaign.Campaign, zone string) {
	t.Helper()
	loc, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	var calls []dialled
	for i, c := range campaigns {
		for _, l := range get(s.FindLeads(t.Context(), campaign.LeadFilter{Campaign: c.ID, Limit: 1000}))(t) {
			for _, a := range get(s.History(t.Context(), l.ID))(t) {
				calls = append(calls, dialled{i, int64(a.Assignment), a.PlacedAt.Unix(), int64(a.Talk().Seconds()), string(a.Number), l.ExternalID, l.Account, a.Outcome,
					a.PlacedAt.In(loc).YearDay()})
			}
		}
	}
	person := func(x, y dialled) bool { return x.number == y.number || x.person != "" && x.person == y.person }
	number := func(x, y dialled) bool { return x.number == y.number }
	account := func(x, y dialled) bool { return x.account == y.account }
	matter := func(x, y dialled) bool { return person(x, y) && y.campaign != 0 && y.campaign != 3 }
	attempt := func(y dialled) bool { return y.outcome != campaign.Congestion }
	connect := func(y dialled) bool { return y.outcome == campaign.CallLater || y.outcome == campaign.Abandoned }
	talked := func(y dialled) bool { return connect(y) && y.talk >= 30 }
	machine := func(y dialled) bool { return y.outcome == campaign.Machine }
	for _, limit := range []struct {
		name     string
		campaign int
		same     func(x, y dialled) bool
		counts   func(dialled) bool
		seconds  int64 // 0: in one day
		most     int
	}{
		{"number 3 in an hour", 0, number, attempt, 3600, 3}, {"person 2 connects in two hours", 0, person, connect, 7200, 2},
		{"subject 2 in an hour", 1, matter, attempt, 3600, 2}, {"number 4 a day", 1, number, attempt, 0, 4},
		{"subject 2 in an hour", 2, matter, attempt, 3600, 2}, {"account 5 in an hour", 2, account, attempt, 3600, 5},
		{"company 5 a day", 3, person, attempt, 0, 5}, {"person 4 in an hour", 3, person, attempt, 3600, 4},
		{"none in 40 minutes after a conversation", 2, person, talked, 2400, 0}, {"none in 30 minutes after a machine", 3, number, machine, 1800, 0},
	} {
		reached, bound := 0, max(limit.most-1, 0)
		for _, x := range calls {
			if x.campaign != limit.campaign {
				continue
			}
			n := 0
			for _, y := range calls {
				before := y.placed < x.placed || y.placed == x.placed && y.id < x.id
				near := limit.seconds > 0 && y.placed > x.placed-limit.seconds || limit.seconds == 0 && y.day == x.day
				if before && near && limit.same(x, y) && limit.counts(y) {
					n++
				}
			}
			reached = max(reached, n)
			if n > bound {
				t.Errorf("campaign %d: %s: call %d to %s is the %dth", limit.campaign, limit.name, x.id, x.number, n+1)
			}
		}
		t.Logf("campaign %d: %s: at most %d before a call, of %d calls in all", limit.campaign, limit.name, reached, len(calls))
		if reached < bound {
			t.Errorf("campaign %d: the cap %q was never reached: it was not put to the test", limit.campaign, limit.name)
		}
	}
}
