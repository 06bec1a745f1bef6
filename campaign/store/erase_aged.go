package store

import (
	"context"
	"fmt"
	"time"

	"redial/campaign"
)

// agedAtOnce is how many persons are erased before the files and events are looked through for them.
const agedAtOnce = 500

// agedLeads are closed, were not touched since $1, and nobody is promised a call.
const agedLeads = `SELECT l.id FROM leads l JOIN lists k ON k.id = l.list_id WHERE l.id > $2 AND l.state IN ('finished', 'exhausted', 'suppressed', 'withdrawn')
	AND l.erased_at = 0 AND l.updated_at < $1 AND ` + visibleList + ` AND NOT EXISTS (SELECT 1 FROM appointments p WHERE p.lead_id = l.id AND p.closed_at = 0)
	ORDER BY l.id LIMIT $3`

// EraseAged erases the persons whose leads are closed and were not touched for so long, and says how many; one entry of
// the audit log tells of all. One that is touched meanwhile is left. Errors: KindInvalid for less than
// campaign.LeastErasedAfter.
func (s *Store) EraseAged(ctx context.Context, closed time.Duration) (n int64, err error) {
	if closed < campaign.LeastErasedAfter {
		return 0, campaign.Invalid("erase_after", fmt.Sprintf("%v is too short: persons are kept for at least %v", closed, campaign.LeastErasedAfter))
	}
	edge := us(s.Now().Add(-closed))
	for last := campaign.LeadID(0); ; {
		var some []campaign.LeadID
		err = s.read(atLength(ctx), "find persons to erase", func(t *tx) (err error) {
			some, err = idsOf[campaign.LeadID](t, agedLeads, edge, int64(last), agedAtOnce)
			return err
		})
		if err != nil || len(some) == 0 {
			break
		}
		last = some[len(some)-1]
		var erased campaign.Erased
		if erased, err = s.erase(ctx, some, erasure{before: edge}); err != nil {
			break
		}
		n += int64(len(erased.Leads))
	}
	if n > 0 {
		if e := s.LogDeed(ctx, "erase_aged", "", map[string]any{"leads": n, "days": int(closed.Hours() / 24)}, ""); err == nil {
			err = e
		}
	}
	return n, err
}
