package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"redial/campaign"
)

// RecordOutsideCall keeps a call to a lead's person that was made elsewhere, so that company-wide caps and cool-offs
// count it, and plans every lead of the person anew. A key that its source told of before in the lead's campaign changes
// nothing: replay, with the lead of that call. Nor does the same call told under its key by way of another campaign: it
// counts for the person already. Errors: KindInvalid by field; KindNotFound the lead; KindUnready when it was withdrawn.
func (s *Store) RecordOutsideCall(ctx context.Context, c campaign.OutsideCall) (replay bool, l campaign.Lead, err error) {
	if err := outsideFault(&c, s.Now()); err != nil {
		return false, l, fmt.Errorf("record an outside call: %w", err)
	}
	var person []campaign.SubjectID
	var after campaign.LeadID
	err = s.write(ctx, "record an outside call", func(t *tx) (err error) {
		lead := c.LeadID
		replay, err = t.told(&c, &lead)
		if err == nil && !replay {
			person, after, err = t.outside(&c)
		}
		if err != nil {
			return err
		}
		l, err = t.again(lead)
		return err
	})
	for after != 0 && err == nil {
		var last campaign.LeadID
		err = s.write(ctx, "plan a person's leads anew", func(t *tx) error {
			var k *work
			if k, last, err = t.loadSharing(person, after); err != nil {
				return err
			}
			return k.reconsiderAll()
		})
		after = last
	}
	return replay, l, err
}

// told says whether a source told of a call before: by its key in the lead's campaign, and then about which lead, or by its
// key in another one as a call to the same person.
func (t *tx) told(c *campaign.OutsideCall, lead *campaign.LeadID) (bool, error) {
	err := t.row(`SELECT o.lead_id FROM outside_calls o JOIN leads l ON l.id = o.lead_id JOIN leads m ON m.id = $3 AND m.campaign_id = l.campaign_id
		WHERE o.source = $1 AND o.key = $2`, []any{c.Source, c.Key, int64(c.LeadID)}, lead)
	if err == nil || ignoreNone(err) != nil {
		return err == nil, ignoreNone(err)
	}
	var same bool
	err = t.row(`SELECT EXISTS (SELECT 1 FROM outside_calls o JOIN subject_uses s ON s.assignment_id = -o.id
		JOIN lead_numbers n ON n.subject_id = s.subject_id AND n.lead_id = $3 JOIN subjects u ON u.id = s.subject_id AND u.kind <> 'account'
		WHERE o.source = $1 AND o.key = $2 AND o.placed_at = $4 AND o.outcome = $5 AND o.talk_us = $6 AND o.inbound = $7)`,
		[]any{c.Source, c.Key, int64(c.LeadID), us(c.PlacedAt), c.Outcome.String(), c.Talk.Microseconds(), c.Inbound}, &same)
	return same, err
}

// outside keeps a call and plans the first leads of the person anew; after says where to go on.
func (t *tx) outside(c *campaign.OutsideCall) (person []campaign.SubjectID, after campaign.LeadID, err error) {
	if person, err = t.personOf(c.LeadID); err != nil {
		return nil, 0, err
	}
	k, after, err := t.loadSharing(person, 0, c.LeadID)
	if err != nil {
		return nil, 0, err
	}
	f := k.facts[c.LeadID]
	switch {
	case f == nil:
		return nil, 0, campaign.NotFound("lead", c.LeadID)
	case f.Lead.State == campaign.LeadWithdrawn:
		return nil, 0, campaign.Unready(campaign.ReasonBadState, "the lead was withdrawn: reopen it first")
	}
	if phones := phonesOf(f.Lead); c.Number == "" && len(phones) > 0 {
		c.Number = phones[0]
	}
	var id int64
	err = t.row(`INSERT INTO outside_calls (lead_id, source, key, number, placed_at, outcome, talk_us, inbound, created_at, campaign_id)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING id`, []any{int64(c.LeadID), c.Source, c.Key, string(c.Number), us(c.PlacedAt),
		c.Outcome.String(), c.Talk.Microseconds(), c.Inbound, us(t.now), int64(f.Lead.CampaignID)}, &id)
	if duplicate(err) {
		return nil, 0, errLost // another told of it meanwhile
	}
	if err != nil {
		return nil, 0, err
	}
	if err := k.useOutside(f, c, campaign.AssignmentID(-id)); err != nil {
		return nil, 0, err
	}
	return person, after, k.reconsiderAll()
}

// personOf are the subjects by which a lead's person is known: its numbers and its external id.
func (t *tx) personOf(lead campaign.LeadID) ([]campaign.SubjectID, error) {
	return idsOf[campaign.SubjectID](t, `SELECT u.id FROM lead_numbers n JOIN subjects u ON u.id = n.subject_id
		WHERE n.lead_id = $1 AND u.kind IN ('number', 'person') ORDER BY u.id`, int64(lead))
}

// useOutside counts an outside call on every subject of the lead.
func (k *work) useOutside(f *campaign.Facts, c *campaign.OutsideCall, as campaign.AssignmentID) error {
	type row struct {
		Subject campaign.SubjectID `json:"subject_id"`
	}
	u := &subjectUse{assignment: as, lead: c.LeadID, Use: campaign.Use{Phone: c.Number, PlacedAt: c.PlacedAt, Outcome: c.Outcome, Talk: c.Talk,
		Outside: true, Inbound: c.Inbound}}
	var rows []row
	for _, id := range k.subjectsOf(f.Lead) {
		rows = append(rows, row{id})
		if k.uses != nil {
			k.uses[id] = append(k.uses[id], u)
		}
	}
	return setRows(k.t, `INSERT INTO subject_uses (subject_id, assignment_id, campaign_id, lead_id, placed_at, placed, outcome, counted, talk_us, phone,
		outside, inbound) SELECT v.subject_id, $2, 0, $3, $4, TRUE, $5, $6, $7, $8, TRUE, $9 FROM `+k.t.d.set(1, "v", "subject_id bigint"), rows,
		int64(as), int64(c.LeadID), us(c.PlacedAt), c.Outcome.String(), c.Outcome.Counted(), c.Talk.Microseconds(), string(c.Number), c.Inbound)
}

// reconsiderAll plans all loaded leads anew by the calls that count for them now, and writes.
func (k *work) reconsiderAll() error {
	for _, id := range inOrder(k.facts) {
		f := k.facts[id]
		k.useOf(f)
		k.reconsider(f)
	}
	return k.flush()
}

// outsideFault says what is wrong with an outside call, every fault at once; its instant is cut to whole seconds.
func outsideFault(c *campaign.OutsideCall, now time.Time) error {
	var bad []campaign.Violation
	add := func(field, message string) { bad = append(bad, campaign.Violation{Field: field, Message: message}) }
	c.PlacedAt = c.PlacedAt.Truncate(time.Second).UTC()
	if n := utf8.RuneCountInString(c.Key); n < 1 || n > 200 {
		add("key", "must be 1 to 200 characters: what names the call where it was made")
	}
	if n := utf8.RuneCountInString(c.Source); n < 1 || n > 100 {
		add("source", "must be 1 to 100 characters: who tells of the call")
	}
	if c.Number != "" && !e164(c.Number) {
		add("number", fmt.Sprintf("%q is no number: write it as +8613800138000", c.Number))
	}
	if !slices.Contains(campaign.Outcomes(), c.Outcome) {
		add("outcome", "is missing: say what came of the call, such as NO_ANSWER")
	}
	if c.Talk < 0 {
		add("talk", "is negative")
	}
	switch {
	case c.PlacedAt.IsZero():
		add("placed_at", "is missing: say when the call was placed")
	case c.PlacedAt.After(now.Add(time.Minute)):
		add("placed_at", "has not come yet")
	}
	if len(bad) > 0 {
		return &campaign.Error{Kind: campaign.KindInvalid, Violations: bad}
	}
	return nil
}

// OutsideCalls are the calls made elsewhere that a lead's person is known to have had, oldest first: those told of the
// lead itself, and of others as far back as any rule asks. Errors: KindNotFound the lead.
func (s *Store) OutsideCalls(ctx context.Context, lead campaign.LeadID) ([]campaign.OutsideCall, error) {
	var out []campaign.OutsideCall
	err := s.read(ctx, "read a lead's outside calls", func(t *tx) error {
		out = nil
		if _, err := t.again(lead); err != nil {
			return err
		}
		person, err := t.personOf(lead)
		if err != nil {
			return err
		}
		q := `SELECT o.lead_id, o.source, o.key, o.number, o.placed_at, o.outcome, o.talk_us, o.inbound FROM outside_calls o
			WHERE o.lead_id = $1 OR o.id IN (SELECT -s.assignment_id FROM subject_uses s WHERE s.outside AND s.subject_id ` + t.d.in(2) + `)
			ORDER BY o.placed_at, o.id`
		return t.each(q, []any{int64(lead), js(list(person))}, func(r *sql.Rows) error {
			var c campaign.OutsideCall
			var talk int64
			err := r.Scan(&c.LeadID, &c.Source, &c.Key, &c.Number, usTime{&c.PlacedAt}, outcomeCol{&c.Outcome}, &talk, &c.Inbound)
			c.Talk = micros(talk)
			out = append(out, c)
			return err
		})
	})
	return out, err
}
