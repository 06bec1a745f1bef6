package store

import (
	"context"
	"errors"
	"slices"

	"redial/campaign"
)

// ImportSuppressions suppresses numbers in one transaction, as Suppress would each, whose campaign and country are one and the
// same: a number that no lead has costs its subject and its row, and nobody is told of it. Those in force as long before are
// known and stay as they are. At most a few thousand at once. Errors: KindInvalid; KindNotFound the campaign.
func (s *Store) ImportSuppressions(ctx context.Context, x campaign.Suppression, phones []campaign.Phone) (campaign.SuppressionTally, error) {
	if x.Scope == "" {
		x.Place()
	}
	if err := x.Validate(s.Now()); err != nil {
		return campaign.SuppressionTally{}, err
	}
	phones = unique(phones)
	if len(phones) == 0 {
		return campaign.SuppressionTally{}, nil
	}
	var out campaign.SuppressionTally
	err := s.write(ctx, "import suppressions", func(t *tx) error {
		out = campaign.SuppressionTally{Numbers: int64(len(phones))}
		if err := errors.Join(t.planAnew(), t.bindable(x.Campaign)); err != nil {
			return err
		}
		k, err := t.load(want{phones: phones, spread: true})
		if err != nil {
			return err
		}
		fresh, err := k.notKnown(x, phones)
		if err != nil {
			return err
		}
		out.Known = int64(len(phones) - len(fresh))
		if err := k.suppressAll(fresh, false); err != nil {
			return err
		}
		out.Revoked = k.takenBack()
		for _, f := range k.facts {
			out.Campaigns = append(out.Campaigns, f.Lead.CampaignID)
		}
		out.Campaigns = unique(out.Campaigns)
		return k.flush()
	})
	return out, err
}

// notKnown are the suppressions of the numbers that are not in force so long already.
func (k *work) notKnown(x campaign.Suppression, phones []campaign.Phone) ([]campaign.Suppression, error) {
	found := make(shut)
	ids := make([]campaign.SubjectID, len(phones))
	for i, p := range phones {
		ids[i] = k.subjects[p]
	}
	slices.Sort(ids)
	if err := k.t.together(k.readSuppressions(some(k.t.d, ids), found)); err != nil {
		return nil, err
	}
	out := make([]campaign.Suppression, 0, len(phones))
	for _, p := range phones {
		one := x
		one.Phone = p
		known := slices.ContainsFunc(found[p], func(s campaign.Suppression) bool { return s.Key() == one.Key() && !one.Outlasts(&s) })
		if !known {
			out = append(out, one)
		}
	}
	return out, nil
}
