package scheduler

import (
	"time"

	"redial/campaign"
)

// Leads that roll over to a day are offered from its opening on, and what was due first goes first: whoever was called
// in the morning is called in the morning again, for ever. Mixing gives each of them a turn within the day instead, in
// the part of the day in which it was tried least. It orders alone: no instant of a plan changes.

const (
	turnsPerDay = 4096
	dayParts    = 4 // morning, noon, afternoon, evening: of the span from the day's first opening to its last closing
)

// turn is Plan.Turn of a lead that may next be called at, under the regime of the number to dial, whose first zone's days
// these are: the local day times turnsPerDay, plus a slot. 0: it was never tried, or at lies on the local day of its last
// try. The same lead with the same tries has the same turn.
func turn(lead campaign.LeadID, tries []campaign.Try, r *Regime, at time.Time) int64 {
	if len(tries) == 0 || len(r.zones) == 0 {
		return 0
	}
	zone := r.zones[0]
	day := zone.day(at.Unix())
	if day <= zone.day(tries[len(tries)-1].PlacedAt.Unix()) {
		return 0
	}
	open, shut := daySpan(r.own.on(day))
	// The tries are in the hash too: a lead between two parts, called now in one and now in the other, moves away.
	hash := mixed(uint64(lead) ^ uint64(len(tries))<<48)
	const slots = turnsPerDay / dayParts
	return day*turnsPerDay + leastTried(tries, zone, open, shut, hash)*slots + int64(hash>>32%slots)
}

// leastTried is the part of the day with the fewest tries. Among equals the lead's hash chooses, so that leads that
// were all called in one part spread over the others.
func leastTried(tries []campaign.Try, zone *zone, open, shut int64, hash uint64) int64 {
	var tried [dayParts]int
	for i := range tries {
		t := tries[i].PlacedAt.Unix()
		_, sec := split(t + zone.at(t).offset)
		tried[partOf(sec, open, shut)]++
	}
	least := min(tried[0], tried[1], tried[2], tried[3])
	var equal [dayParts]int64
	n := uint64(0)
	for part, times := range tried {
		if times == least {
			equal[n] = int64(part)
			n++
		}
	}
	return equal[hash%n]
}

// partOf is the part of the span from open to shut in which a second of the day lies, or the one next to it.
func partOf(sec, open, shut int64) int64 {
	return min(max((sec-open)*dayParts/(shut-open), 0), dayParts-1)
}

// daySpan is from a day's first opening to its last closing, in seconds of the day.
func daySpan(hours spans) (open, shut int64) {
	if len(hours) == 0 {
		return 0, wholeDay
	}
	return hours[0].open, hours[len(hours)-1].close
}

// mixed spreads numbers that follow one another over all 64 bits (SplitMix64).
func mixed(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
