package wire_test

import (
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"redial/campaign"
	"redial/campaign/wire"
	pb "redial/proto/campaign/v1"
)

// The enums are converted by number; this holds the numbers together by name.
func TestEnumsHaveTheNounsNumbers(t *testing.T) {
	t.Parallel()
	for _, o := range campaign.Outcomes() {
		if got := strings.TrimPrefix(wire.Outcome(o).String(), "OUTCOME_"); got != o.String() {
			t.Errorf("outcome %s is %s on the wire", o, got)
		}
	}
	for v := campaign.VerdictCall; v < campaign.VerdictInvalid; v++ {
		if got := wire.Verdict(v).String(); got != "VERDICT_"+strings.ToUpper(v.String()) {
			t.Errorf("verdict %s is %s on the wire", v, got)
		}
	}
	for _, s := range campaign.LeadStates {
		m := wire.LeadState(s)
		if m.String() != "LEAD_STATE_"+strings.ToUpper(string(s)) || wire.FromLeadState(m) != s {
			t.Errorf("lead state %s is %s on the wire", s, m)
		}
	}
	for _, s := range campaign.AgentStates {
		m := wire.AgentState(s)
		if m.String() != "AGENT_STATE_"+strings.ToUpper(string(s)) || wire.FromAgentState(m) != s {
			t.Errorf("agent state %s is %s on the wire", s, m)
		}
	}
	for s := range campaign.NumScopes {
		if m := wire.Cap(&campaign.Cap{Scope: s}).GetScope(); m.String() != "CAP_SCOPE_"+strings.ToUpper(s.String()) {
			t.Errorf("scope %s is %s on the wire", s, m)
		}
	}
	for c := range campaign.NumCounts {
		if m := wire.Cap(&campaign.Cap{Count: c}).GetCount(); m.String() != "CAP_COUNT_"+strings.ToUpper(c.String()) {
			t.Errorf("count %s is %s on the wire", c, m)
		}
	}
	for _, r := range campaign.Roles {
		m := wire.Role(r)
		if m.String() != "ROLE_"+strings.ToUpper(string(r)) || wire.FromRole(m) != r {
			t.Errorf("role %s is %s on the wire", r, m)
		}
	}
	for _, s := range []campaign.AppointmentState{campaign.AppointmentOpen, campaign.AppointmentKept, campaign.AppointmentMissed, campaign.AppointmentRescheduled, campaign.AppointmentCancelled} {
		if m := wire.AppointmentState(s); m.String() != "APPOINTMENT_STATE_"+strings.ToUpper(string(s)) {
			t.Errorf("appointment state %s is %s on the wire", s, m)
		}
	}
}

func TestRulesComeBackAsTheyWent(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range 500 {
		r := campaign.DefaultRules()
		r.Interval = time.Duration(rng.IntN(10000)) * time.Second
		r.MaxPerDay, r.MaxAttempts, r.MaxDays = rng.IntN(5), rng.IntN(20), rng.IntN(9)
		r.NetworkRetryLimit = rng.IntN(4)
		if rng.IntN(2) == 0 {
			r.Intervals = map[campaign.Outcome]time.Duration{campaign.Busy: 15 * time.Minute, campaign.NoAnswer: time.Hour}
			r.ExpiresAt = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
			r.Hours = []campaign.Window{{Days: [7]bool{true, false, true}, Open: rng.IntN(600), Close: 24 * 60}}
			r.Holidays = []campaign.Date{{Year: 2026, Month: 10, Day: 1}}
			r.Caps = []campaign.Cap{{Scope: campaign.CapNumber, Max: 3, Period: 24 * time.Hour}}
			for range rng.IntN(4) {
				r.Caps = append(r.Caps, campaign.Cap{
					Scope: campaign.CapScope(rng.IntN(int(campaign.NumScopes))), Count: campaign.CapCount(rng.IntN(int(campaign.NumCounts))),
					Max: 1 + rng.IntN(9), Days: 1 + rng.IntN(30),
				})
			}
			r.CoolOffs = []campaign.CoolOff{
				{After: campaign.AfterRefused, Scope: campaign.CapScope(rng.IntN(int(campaign.NumScopes))), Days: 30},
				{After: campaign.AfterMachine, Period: time.Hour},
			}
			r.Rotate, r.MixHours = rng.IntN(2) == 0, rng.IntN(2) == 0
			r.Calendars, r.Packs = []string{"cn-2026"}, []string{"us", "us-debt"}
			r.Purpose, r.Matter = campaign.Purposes[rng.IntN(len(campaign.Purposes))], "debt"
			r.Waivers = []campaign.Waiver{{Rule: "us-ct.hours", Reason: "counsel"}}
		}
		back, err := wire.FromRules(wire.Rules(&r))
		if err != nil || !reflect.DeepEqual(back, r) {
			t.Fatalf("case %d: got %+v (%v), want %+v", i, back, err, r)
		}
	}
}

func TestRulesNameTheFieldThatIsWrong(t *testing.T) {
	t.Parallel()
	for field, m := range map[string]*pb.Rules{
		"rules.hours[0].days":      {Hours: []*pb.Window{{Days: []string{"monday"}, Open: "09:00", Close: "10:00"}}},
		"rules.hours[0].open":      {Hours: []*pb.Window{{Days: []string{"mon"}, Open: "9:00", Close: "10:00"}}},
		"rules.holidays[0]":        {Holidays: []string{"1.10.2026"}},
		"rules.caps[0].scope":      {Caps: []*pb.Cap{{Max: 3}}},
		"rules.caps[0].count":      {Caps: []*pb.Cap{{Scope: 1, Count: 4}}},
		"rules.caps[0].period":     {Caps: []*pb.Cap{{Scope: 6, Period: &durationpb.Duration{Nanos: -1, Seconds: 1}}}},
		"rules.cool_offs[0].scope": {CoolOffs: []*pb.CoolOff{{Scope: 7}}},
	} {
		_, err := wire.FromRules(m)
		if err == nil || !strings.HasPrefix(err.Error(), field+":") {
			t.Errorf("got %v, want an error about %s", err, field)
		}
	}
}
