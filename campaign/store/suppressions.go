package store

import (
	"context"
	"slices"
	"time"

	"redial/campaign"
)

// Suppress forbids a number where the suppression's scope says. Once it is acknowledged nothing is offered or dialled on
// the number there (I5): offers not yet dialled are taken back, promises of leads left without a number are cancelled with
// the reason suppressed, and whoever claims or starts locks the same row and sees it. A call that was started goes on. A
// suppression in force is never weakened, and those of other scopes stand. Errors: KindInvalid; KindNotFound the campaign.
func (s *Store) Suppress(ctx context.Context, x campaign.Suppression) (campaign.Suppressed, error) {
	if x.Phone == "" {
		return campaign.Suppressed{}, campaign.Invalid("phone", "give the number to suppress")
	}
	if x.Scope == "" {
		x.Place()
	}
	if err := x.Validate(s.Now()); err != nil {
		return campaign.Suppressed{}, err
	}
	var out campaign.Suppressed
	err := s.write(ctx, "suppress a number", func(t *tx) error {
		if err := t.bindable(x.Campaign); err != nil {
			return err
		}
		k, err := t.load(want{phones: []campaign.Phone{x.Phone}, spread: true})
		if err != nil {
			return err
		}
		if err := k.suppressAll([]campaign.Suppression{x}, true); err != nil {
			return err
		}
		out = campaign.Suppressed{Revoked: k.takenBack()}
		for _, f := range k.facts {
			if slices.Contains(phonesOf(f.Lead), x.Phone) {
				out.Leads++
			}
		}
		if err := k.flush(); err != nil {
			return err
		}
		return t.audit("suppress", suppressionTarget(x.Key()), nil, suppressionDeed(&x), x.Reason)
	})
	return out, err
}

// bindable says whether there is the campaign that a suppression is to bind in; 0: it binds elsewhere.
func (t *tx) bindable(id campaign.CampaignID) error {
	if id == 0 {
		return nil
	}
	var n int
	err := t.QueryRowContext(t.ctx, `SELECT 1 FROM campaigns WHERE id = $1`, int64(id)).Scan(&n)
	return none(err, "campaign", id)
}

type suppressionRow struct {
	Subject  campaign.SubjectID  `json:"subject_id"`
	Campaign campaign.CampaignID `json:"campaign_id"`
	Country  string              `json:"country"`
	Reason   string              `json:"reason"`
	Source   string              `json:"source"`
	Created  int64               `json:"created_at"`
	Expires  int64               `json:"expires_at"`
}

// suppressAll suppresses numbers whose leads are all loaded. Unless each is told of, only numbers of leads are.
func (k *work) suppressAll(all []campaign.Suppression, tellEach bool) error {
	if len(all) == 0 {
		return nil
	}
	var wide, scoped []suppressionRow
	leads := k.leadsByPhone()
	seen := make(map[campaign.SuppressionKey]bool)
	for _, x := range all {
		if seen[x.Key()] {
			continue
		}
		seen[x.Key()] = true
		x.Place()
		x.CreatedAt = k.afterCalls(x.Phone, leads[x.Phone])
		row := suppressionRow{k.subjects[x.Phone], x.Campaign, x.Country, x.Reason, x.Source, us(x.CreatedAt), us(x.ExpiresAt)}
		if x.Scope == campaign.ScopeSystem {
			wide = append(wide, row)
		} else {
			scoped = append(scoped, row)
		}
		if tellEach || len(leads[x.Phone]) > 0 {
			k.events = append(k.events, suppressionEvent(campaign.EventSuppressed, x.Key(), map[string]any{"reason": x.Reason,
				"source": x.Source, "expires_at": x.ExpiresAt}))
		}
		for _, id := range leads[x.Phone] {
			if err := k.suppressLead(k.facts[id], x); err != nil {
				return err
			}
		}
	}
	return k.t.putSuppressions(wide, scoped)
}

// putSuppressions writes them; one in force is never weakened.
func (t *tx) putSuppressions(wide, scoped []suppressionRow) error {
	const stronger = ` DO UPDATE SET reason = excluded.reason, source = excluded.source, expires_at = excluded.expires_at,
			created_at = CASE WHEN x.expires_at > 0 AND x.expires_at <= $2 THEN excluded.created_at ELSE x.created_at END
		WHERE x.expires_at > 0 AND (excluded.expires_at = 0 OR excluded.expires_at > x.expires_at)`
	if err := setRows(t, `INSERT INTO suppressions AS x (subject_id, reason, source, created_at, expires_at)
		SELECT v.subject_id, v.reason, v.source, v.created_at, v.expires_at FROM `+
		t.d.set(1, "v", "subject_id bigint", "reason text", "source text", "created_at bigint", "expires_at bigint")+
		` WHERE TRUE ON CONFLICT (subject_id)`+stronger, wide, us(t.now)); err != nil {
		return err
	}
	return setRows(t, `INSERT INTO scoped_suppressions AS x (subject_id, campaign_id, country, reason, source, created_at, expires_at)
		SELECT v.subject_id, v.campaign_id, v.country, v.reason, v.source, v.created_at, v.expires_at FROM `+
		t.d.set(1, "v", "subject_id bigint", "campaign_id bigint", "country text", "reason text", "source text", "created_at bigint", "expires_at bigint")+
		` WHERE TRUE ON CONFLICT (subject_id, campaign_id, country)`+stronger, scoped, us(t.now))
}

// suppressionEvent tells of a suppression: one of a campaign to whoever follows that campaign, any other to all.
func suppressionEvent(kind campaign.EventType, key campaign.SuppressionKey, data map[string]any) campaign.Event {
	x := campaign.Suppression{Phone: key.Phone, Campaign: key.Campaign, Country: key.Country}
	x.Place()
	data["number"], data["scope"] = key.Phone, x.Scope
	if key.Country != "" {
		data["country"] = key.Country
	}
	return campaign.Event{Type: kind, CampaignID: key.Campaign, Data: js(data)}
}

// leadsByPhone are the loaded leads that have each number, in order.
func (k *work) leadsByPhone() map[campaign.Phone][]campaign.LeadID {
	out := make(map[campaign.Phone][]campaign.LeadID)
	for _, id := range inOrder(k.facts) {
		for _, p := range phonesOf(k.facts[id].Lead) {
			out[p] = append(out[p], id)
		}
	}
	return out
}

// afterCalls is now, or just after the last call on the number by a node whose clock is ahead, be it over or not: that
// call came first. One without leads has no calls.
func (k *work) afterCalls(p campaign.Phone, leads []campaign.LeadID) time.Time {
	at := k.t.now
	if len(leads) == 0 {
		return at
	}
	for _, id := range leads {
		at = later(at, k.facts[id].Lead.UpdatedAt)
	}
	for _, a := range k.assignments {
		if a.Number == p {
			at = later(at, a.StartedAt)
		}
	}
	return at
}

// suppressLead lets a lead follow the suppression of one of its numbers, if it binds for it.
func (k *work) suppressLead(f *campaign.Facts, x campaign.Suppression) error {
	l := f.Lead
	if l.State == campaign.LeadWithdrawn || !x.Binds(l, f.Campaign, x.Phone) {
		return nil
	}
	if i := slices.IndexFunc(f.Suppressions, func(s campaign.Suppression) bool { return s.Key() == x.Key() }); i < 0 {
		f.Suppressions = append(f.Suppressions, x)
	}
	if a := k.open[l.ID]; a != nil {
		if a.State == campaign.AssignmentOffered && a.Number == x.Phone {
			return k.release(a, campaign.AssignmentRevoked, "suppressed", campaign.HappenedRevoked)
		}
		return nil
	}
	if l.State == campaign.LeadOpen {
		k.unhold(f)
	}
	return nil
}
