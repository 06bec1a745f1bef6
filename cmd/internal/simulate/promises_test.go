package simulate

import (
	"fmt"
	"testing"
)

// agreeing is a world in which the first call agrees on a time so many hours ahead and every later one succeeds.
func agreeing(t *testing.T, hours string, agents string) *Scenario {
	t.Helper()
	table := `{"about":"test","ring_time":60,"hours":[{"from":0,"to":24,"human":1,"why":"test"}],"attempts":[{"human":1,"bad":1,"why":"test"}],
		"human":[{"outcome":"APPOINTMENT","share":1,"why":"test"}],"otherwise":[{"outcome":"NO_ANSWER","share":1,"why":"test"}],
		"times":[{"outcome":"APPOINTMENT","ring":[20,0,20,20],"talk":[60,0,60,60],"wrap":[5,0,5,5],"why":"test"},
			{"outcome":"NO_ANSWER","ring":[20,0,20,20],"talk":[0,0,0,0],"wrap":[5,0,5,5],"why":"test"}]}`
	return scenario(t, `"start":"2026-03-02","days":1`, `"outcomes":`+table, `"agents":[`+agents+`]`, `"lists":[{`+leads("+9991")+`}]`,
		`"campaigns":[{"name":"c","rules":{"max_attempts":3}}]`, fmt.Sprintf(`"booking":{"ahead_hours":[%s,0,%s,%s]}`, hours, hours, hours))
}

func team(name, from, to string) string {
	return fmt.Sprintf(`{"name":%q,"card":[4,0,4,4],"shifts":[{"start":%q,"end":%q}]}`, name, from, to)
}

func withAgent(c Call) string {
	return fmt.Sprintf("%d %s %s", c.Agent, c.PlacedAt.Format("15:04:05"), c.Reason)
}

// Agreed at 09:01:29 for two hours later, at a whole five minutes: 11:00, at which the owner is free and has it.
func TestAPromiseGoesToItsOwnerAtItsInstant(t *testing.T) {
	t.Parallel()
	r, made := play(t, agreeing(t, "2", team("ann", "09:00", "12:00")+","+team("bob", "09:30", "12:00")), withAgent)
	same(t, "calls", made, []string{"1 09:00:04 fresh", "1 11:00:04 appointment"})
	if p := r.Promises; p.Made != 2 || p.Kept != 1 || p.LateMedian != 4 || p.Missed != 1 { // the second one's owner has gone home by 13:00
		t.Errorf("promises %s", text(t, p))
	}
}

// The owner's shift is over: after owner_wait, two minutes, whoever is there has it.
func TestAPromiseOfSomebodyWhoWentHomeGoesToAnybody(t *testing.T) {
	t.Parallel()
	r, made := play(t, agreeing(t, "4", team("ann", "09:00", "12:00")+","+team("bob", "11:00", "15:00")), withAgent)
	same(t, "calls", made, []string{"1 09:00:04 fresh", "2 13:02:04 appointment"})
	if p := r.Promises; p.Kept != 1 || p.LateMost != 124 {
		t.Errorf("promises %s", text(t, p))
	}
}

// Nobody is there at 13:00: the promise is missed when its grace ends, and the lead is planned again by the rule, which
// finds it due, as four hours have passed: the evening's agent calls it as one that was tried today.
func TestAPromiseThatNobodyKeepsIsMissedAndPlannedAgain(t *testing.T) {
	t.Parallel()
	r, made := play(t, agreeing(t, "4", team("ann", "09:00", "12:00")+","+team("bob", "16:00", "16:30")), withAgent)
	same(t, "calls", made, []string{"1 09:00:04 fresh", "2 16:00:04 retry"})
	if p := r.Promises; p.Made != 2 || p.Missed != 2 || p.Kept != 0 { // the second one, for 20:00, as well
		t.Errorf("promises %s, want both missed", text(t, p))
	}
}

// Until its promise's time an owner is kept free of other leads: the call that would begin a minute before is not made.
func TestAnOwnerIsKeptFreeForAPromise(t *testing.T) {
	t.Parallel()
	s := agreeing(t, "1", team("ann", "09:00", "12:00"))
	s.Lists = append(s.Lists, &List{Made: &Synthetic{Count: 400, Numbers: 1, Sites: []Place{{Zones: []string{"UTC"}, Share: 1}}}})
	second := s.Lists[1]
	second.List = s.Lists[0].List
	second.ID, second.Name, second.Priority = 2, "many", -1
	_, made := play(t, s, withAgent)
	for i, c := range made {
		if c == "1 10:00:04 appointment" {
			if before := made[i-1]; before > "1 09:55:04" {
				t.Errorf("the call before the promise is %s, want none begun in the five minutes before it", before)
			}
			return
		}
	}
	t.Errorf("no call at the promised time among %d", len(made))
}

func TestABookingOutsideTheHoursTakesTheNearestTimeOrIsInsistedOn(t *testing.T) {
	t.Parallel()
	all := team("ann", "09:00", "23:50")
	r, _ := play(t, agreeing(t, "13", all), withAgent)
	if p := r.Promises; p.Made == 0 || len(p.Refused) != 1 || p.Refused[0].Name != "booking_outside_hours" {
		t.Errorf("promises %s, want a refused time and another that was taken", text(t, p))
	}
	s := agreeing(t, "13", all)
	s.Booking.Insist = 1
	_, made := play(t, s, withAgent)
	same(t, "calls", made, []string{"1 09:00:04 fresh", "1 22:00:04 appointment"})
}
