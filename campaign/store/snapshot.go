package store

import (
	"context"
	"time"

	"redial/campaign"
)

// snapshotBatch is how many leads SnapshotFacts holds at once.
const snapshotBatch = 2000

// SnapshotFacts gives all that is known of every lead of a campaign, by id, some thousand at a time: of one list, 0: of
// all that are to be seen; in some states, none: in any. All of it is one state of the record at one instant, read
// without locks while calls go on. each must not keep the slice. An error of each ends it and is returned, as is the
// end of ctx.
func (s *Store) SnapshotFacts(ctx context.Context, of campaign.CampaignID, in campaign.ListID, states []campaign.LeadState, each func([]*campaign.Facts) error) error {
	return s.snapshot(ctx, of, in, states, nil, each)
}

// SnapshotUnder is SnapshotFacts with all that is to be known to decide under other rules as well: the calendars that
// they name, the consents that their law packs ask for, and calls to others as far back as they look. Errors: KindInvalid
// names a calendar that is not there.
func (s *Store) SnapshotUnder(ctx context.Context, of campaign.CampaignID, states []campaign.LeadState, rules *campaign.Rules, each func([]*campaign.Facts) error) error {
	return s.snapshot(ctx, of, 0, states, rules, each)
}

func (s *Store) snapshot(ctx context.Context, of campaign.CampaignID, in campaign.ListID, states []campaign.LeadState, under *campaign.Rules, each func([]*campaign.Facts) error) error {
	return s.read(atLength(ctx), "read all about a campaign's leads", func(t *tx) error {
		now := t.now
		t.clock = func() time.Time { return now }
		if under != nil {
			if err := t.knownCalendars(under.Calendars, "rules.calendars"); err != nil {
				return err
			}
		}
		batch := make([]*campaign.Facts, 0, snapshotBatch)
		for after := campaign.LeadID(0); ; {
			ids, err := t.leadIDs(of, in, states, after, snapshotBatch)
			if err != nil || len(ids) == 0 {
				return err
			}
			facts, err := t.factsUnder(ids, under)
			if err != nil {
				return err
			}
			batch = batch[:0]
			for _, id := range ids {
				if f := facts[id]; f != nil {
					batch = append(batch, f)
				}
			}
			if err := each(batch); err != nil {
				return err
			}
			after = ids[len(ids)-1]
		}
	})
}
