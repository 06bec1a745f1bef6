package scheduler

import (
	"time"

	"redial/campaign"
)

// goodNumber is the number to dial next: the latest new number that no attempt found bad, else the first of the
// lead's that none did. Numbers suppressed are passed over; blocked tells that one was. Empty: none is left.
func goodNumber(lead *Lead, tries []campaign.Try, sup []campaign.Suppression, now time.Time) (good campaign.Phone, blocked bool) {
	bad := false
	for i := range tries {
		bad = bad || tries[i].Outcome.BadData()
	}
	for i := len(tries) - 1; bad && i >= 0; i-- {
		n := tries[i].NewNumber
		if tries[i].Outcome != campaign.NumberChanged || n == "" || foundBad(tries, n) {
			continue
		}
		if !suppressed(sup, n, now) {
			return n, blocked
		}
		blocked = true
	}
	for i := range lead.Numbers {
		n := lead.Numbers[i].Phone
		if bad && foundBad(tries, n) {
			continue
		}
		if !suppressed(sup, n, now) {
			return n, blocked
		}
		blocked = true
	}
	return "", blocked
}

func foundBad(tries []campaign.Try, n campaign.Phone) bool {
	for i := range tries {
		if tries[i].Number == n && tries[i].Outcome.BadData() {
			return true
		}
	}
	return false
}

func suppressed(sup []campaign.Suppression, n campaign.Phone, now time.Time) bool {
	for i := range sup {
		if sup[i].Phone == n && sup[i].InForce(now) {
			return true
		}
	}
	return false
}
