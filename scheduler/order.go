package scheduler

import (
	"cmp"
	"time"

	"redial/campaign"
)

// Tier is a lead's class in the order of offering; a lower tier goes first.
type Tier uint8

// The tiers, in the order of offering.
const (
	TierPromise     Tier = iota // a due appointment
	TierOwnCallback             // a CALL_LATER whose last talk was with the asking agent
	TierRolledOver              // tried, last on an earlier local day
	TierRetry                   // tried, last today
	TierFresh                   // never tried, however long it has waited
)

var tierNames = [...]string{"appointment", "own_callback", "rolled_over", "retry", "fresh"}

// String is the tier as an assignment's reason: appointment, own_callback, rolled_over, retry or fresh.
func (t Tier) String() string {
	if int(t) < len(tierNames) {
		return tierNames[t]
	}
	return ""
}

// TierOf is the tier of a lead for the asking agent at now. Owner is whose CALL_LATER it is; without an asking agent
// (0) no callback is anybody's own. Zones are the lead's; its day is that of the first.
func TierOf(tries []campaign.Try, plan campaign.Plan, zones []*time.Location, now time.Time, owner, asking campaign.AgentID) Tier {
	if plan.Verdict == campaign.VerdictAppointment {
		return TierPromise
	}
	if len(tries) == 0 {
		return TierFresh
	}
	last := &tries[len(tries)-1]
	if asking != 0 && owner == asking && callLater(last.Outcome) {
		return TierOwnCallback
	}
	if len(zones) > 0 {
		if z := zoneOf(zones[0]); z.day(last.PlacedAt.Unix()) < z.day(now.Unix()) {
			return TierRolledOver
		}
	}
	return TierRetry
}

// callLater says whether the outcome counts as CALL_LATER: so does an APPOINTMENT whose promise is no longer open.
func callLater(o campaign.Outcome) bool { return o == campaign.CallLater || o == campaign.Booked }

// Candidate is what the order of offering looks at.
type Candidate struct {
	Tier         Tier
	At           time.Time // of the plan
	Earliest     time.Time // of the plan
	ListPriority int       // higher first, among fresh leads
	Priority     int       // the lead's within its list, higher first, among fresh leads
	Turn         int64     // of the plan, where the campaign mixes hours; 0: none. Among rolled-over leads alone
	Lead         campaign.LeadID
}

// Compare is negative when a is offered before b: by tier; promises by their instant; tried leads by the instant
// they became due, but rolled-over leads that have a turn by it, after those that have none; fresh leads by list priority, then by their own, then as they were imported (lead ids grow). It
// is 0 only for the same lead.
func Compare(a, b Candidate) int {
	if c := cmp.Compare(a.Tier, b.Tier); c != 0 {
		return c
	}
	switch a.Tier {
	case TierPromise:
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Lead, b.Lead))
	case TierFresh:
		return cmp.Or(cmp.Compare(b.ListPriority, a.ListPriority), cmp.Compare(b.Priority, a.Priority), cmp.Compare(a.Lead, b.Lead))
	case TierRolledOver:
		return cmp.Or(cmp.Compare(a.Turn, b.Turn), a.Earliest.Compare(b.Earliest), cmp.Compare(a.Lead, b.Lead))
	default:
		return cmp.Or(a.Earliest.Compare(b.Earliest), cmp.Compare(a.Lead, b.Lead))
	}
}

// Less says whether a is offered before b.
func Less(a, b Candidate) bool { return Compare(a, b) < 0 }

// Score is the order as one number, for a sorted set: Less(a, b) means Score(a) <= Score(b). Scores are equal where
// Less is not in what does not fit: parts of a second, instants of leads with one turn, priorities beyond ±2047 (list) and ±1023 (lead), and some
// neighbours among lead ids above 2^24. Break ties by Less where it matters.
func (c Candidate) Score() float64 {
	const tier = 1 << 48
	base := float64(c.Tier) * tier
	switch c.Tier {
	case TierPromise:
		return base + seconds(c.At)
	case TierFresh:
		return base + place(c.ListPriority, 2047, 1<<36, place(c.Priority, 1023, 1<<25, importOrder(c.Lead)))
	case TierRolledOver:
		if c.Turn > 0 {
			return base + 1<<41 + float64(min(c.Turn, 1<<40)) // after every instant
		}
		return base + seconds(c.Earliest)
	default:
		return base + seconds(c.Earliest)
	}
}

// seconds keeps instants before 1970 and after the year 36000 inside their tier.
func seconds(t time.Time) float64 { return float64(min(max(t.Unix(), 0), 1<<40)) }

// place gives each priority from limit down to -limit a unit of its own, with the rest of the order inside it; those
// beyond share the two ends.
func place(priority, limit int, unit, rest float64) float64 {
	switch {
	case priority > limit:
		return 0
	case priority < -limit:
		return float64(2*limit+1) * unit
	default:
		return float64(limit-priority)*unit + rest
	}
}

// importOrder squeezes a lead id into [0, 2^25) without ever turning the order round: exact below 2^24, coarser above.
func importOrder(id campaign.LeadID) float64 {
	const half = 1 << 24
	n := float64(max(id, 0))
	if n < half {
		return n
	}
	return half + half*(n-half)/(n+half)
}
