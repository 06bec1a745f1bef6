package campaign

import (
	"fmt"
	"time"
)

// LeastErasedAfter is the least time that persons are kept after their leads closed.
const LeastErasedAfter = 30 * 24 * time.Hour

// ErasedNumber stands for the nth number, from 1, of an erased lead: it says nothing, but tells one from another where
// attempts are counted.
func ErasedNumber(lead LeadID, n int) Phone { return Phone(fmt.Sprintf("erased:%d:%d", lead, n)) }

// Erased is what the erasure of a person did.
type Erased struct {
	Leads     []LeadID     // that it asked for, those that had been erased before among them
	Attempts  int64        // that were made anonymous
	Campaigns []CampaignID // of the leads
	Revoked   []Assignment // cards taken back before dialling
}
