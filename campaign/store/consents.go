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

// RecordConsent keeps a consent that somebody gave, for the number it names, else for the lead's person: the external
// id's where the lead has one, else whoever has its first number. Once it is acknowledged it is in force: the lead, and
// every other lead of that person or number, is planned anew. The same consent told again changes nothing. Errors:
// KindInvalid by field; KindNotFound the lead; KindUnready when it was withdrawn.
func (s *Store) RecordConsent(ctx context.Context, c campaign.Consent) (campaign.Consent, campaign.Lead, error) {
	var l campaign.Lead
	if err := consentFault(&c, s.Now()); err != nil {
		return c, l, fmt.Errorf("record a consent: %w", err)
	}
	var anchor campaign.SubjectID
	var after campaign.LeadID
	err := s.write(ctx, "record a consent", func(t *tx) (err error) {
		if anchor, err = t.anchor(&c); err != nil {
			return err
		}
		var k *work
		if k, after, err = t.loadSharing([]campaign.SubjectID{anchor}, 0, c.LeadID); err != nil {
			return err
		}
		if err := k.consent(&c, anchor); err != nil {
			return err
		}
		if err := k.flush(); err != nil {
			return err
		}
		if l, err = t.again(c.LeadID); err != nil || !c.CreatedAt.Equal(t.now) {
			return err // it was there already
		}
		return t.audit("record_consent", leadTarget(c.LeadID), nil, consentDeed(&c), "")
	})
	if err == nil {
		_, err = s.replanSharing(ctx, anchor, after, "")
	}
	return c, l, err
}

// anchor is the subject that a consent is of.
func (t *tx) anchor(c *campaign.Consent) (campaign.SubjectID, error) {
	l, err := t.again(c.LeadID)
	if err != nil {
		return 0, err
	}
	if l.State == campaign.LeadWithdrawn {
		return 0, campaign.Unready(campaign.ReasonBadState, "the lead was withdrawn: reopen it first")
	}
	phones := phonesOf(&l)
	var of subjectKey
	switch others := leadOthers(&l); {
	case c.Phone != "" && !slices.Contains(phones, c.Phone):
		return 0, campaign.Invalid("phone", fmt.Sprintf("%s is none of the lead's numbers", c.Phone))
	case c.Phone != "":
		of = subjectKey{kindNumber, string(c.Phone)}
	case len(others) > 0 && others[0].Kind == kindPerson:
		of = others[0]
	case len(phones) > 0:
		of = subjectKey{kindNumber, string(phones[0])}
	default:
		return 0, campaign.Unready(campaign.ReasonBadState, "the lead has neither a number nor an external id that a consent could be kept for")
	}
	if err := t.together(t.makeSubjects(nil, []subjectKey{of})...); err != nil {
		return 0, err
	}
	var id campaign.SubjectID
	err = t.row(`SELECT u.id FROM subjects u WHERE u.kind = $1 AND u.key = $2`, []any{of.Kind, of.Key}, &id)
	return id, err
}

// consent keeps a consent of a locked subject, unless it is there already, and plans the leads anew.
func (k *work) consent(c *campaign.Consent, anchor campaign.SubjectID) error {
	f := k.facts[c.LeadID]
	if f == nil || !slices.Contains(k.subjectsOf(f.Lead), anchor) {
		return errLost
	}
	for i := range f.Consents {
		if sameConsent(&f.Consents[i], c) {
			*c = f.Consents[i]
			return nil
		}
	}
	c.CreatedAt, c.RevokedAt, c.RevokedBy = k.t.now, time.Time{}, ""
	err := k.t.row(`INSERT INTO consents (subject_id, lead_id, phone, purpose, scopes, given_at, expires_at, proof, source, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING id`, []any{int64(anchor), int64(c.LeadID), string(c.Phone), string(c.Purpose), js(c.Scopes),
		us(c.GivenAt), us(c.ExpiresAt), c.Proof, c.Source, us(c.CreatedAt)}, &c.ID)
	if err != nil {
		return err
	}
	k.consentEvent(campaign.EventConsentRecorded, f.Lead, c, map[string]any{"proof": c.Proof, "source": c.Source, "given_at": c.GivenAt})
	for _, id := range inOrder(k.facts) {
		f := k.facts[id]
		f.Consents = append(f.Consents, *c)
		k.reconsider(f)
	}
	return nil
}

func (k *work) consentEvent(kind campaign.EventType, l *campaign.Lead, c *campaign.Consent, data map[string]any) {
	data["consent"], data["scopes"], data["purpose"] = c.ID, c.Scopes, c.Purpose
	if c.Phone != "" {
		data["number"] = c.Phone
	}
	if !c.ExpiresAt.IsZero() {
		data["expires_at"] = c.ExpiresAt
	}
	k.event(kind, l, 0, data)
}

// reconsider groups and plans a lead anew whose consents or calls changed.
func (k *work) reconsider(f *campaign.Facts) {
	if gone(f.Lead) {
		return
	}
	k.regroup(f)
	k.decideAgain(f)
}

func sameConsent(a, b *campaign.Consent) bool {
	return a.RevokedAt.IsZero() && a.LeadID == b.LeadID && a.Phone == b.Phone && a.Purpose == b.Purpose && slices.Equal(a.Scopes, b.Scopes) &&
		a.GivenAt.Equal(b.GivenAt) && a.ExpiresAt.Equal(b.ExpiresAt) && a.Proof == b.Proof && a.Source == b.Source
}

// consentFault says what is wrong with a consent, every fault at once; instants are cut to whole microseconds.
func consentFault(c *campaign.Consent, now time.Time) error {
	var bad []campaign.Violation
	add := func(field, message string) { bad = append(bad, campaign.Violation{Field: field, Message: message}) }
	c.GivenAt, c.ExpiresAt = c.GivenAt.Truncate(time.Microsecond).UTC(), c.ExpiresAt.Truncate(time.Microsecond).UTC()
	if len(c.Scopes) == 0 {
		add("scopes", "give at least one of contact, hours, frequency")
	}
	for i, x := range c.Scopes {
		if !slices.Contains(campaign.ConsentScopes, x) {
			add(fmt.Sprintf("scopes[%d]", i), fmt.Sprintf("%q is none of contact, hours, frequency", x))
		}
	}
	if c.Purpose != "" && !slices.Contains(campaign.Purposes, c.Purpose) {
		add("purpose", fmt.Sprintf("%q is none of sales, research, collections, service", c.Purpose))
	}
	if n := utf8.RuneCountInString(c.Proof); n < 1 || n > 500 {
		add("proof", "say in 1 to 500 characters where the consent can be seen: a form's id, a recording")
	}
	switch {
	case c.GivenAt.IsZero():
		add("given_at", "is missing: say when the consent was given")
	case c.GivenAt.After(now.Add(time.Minute)):
		add("given_at", "has not come yet")
	case !c.ExpiresAt.IsZero() && !c.ExpiresAt.After(c.GivenAt):
		add("expires_at", "is not after given_at: the consent would never hold")
	}
	if len(bad) > 0 {
		return &campaign.Error{Kind: campaign.KindInvalid, Violations: bad}
	}
	return nil
}

// RevokeConsent ends a consent. Once it is acknowledged no call is begun that needed it: offers not yet dialled that the
// rules no longer allow are taken back and returned, leads are planned anew, and promises that needed it are closed
// with the reason no_consent; whoever claims or starts locks the same rows and sees it. A call that was started goes
// on. Revoked again it stays as it was. Errors: KindNotFound.
func (s *Store) RevokeConsent(ctx context.Context, id campaign.ConsentID, reason, by string) (campaign.Consent, []campaign.Assignment, error) {
	var c campaign.Consent
	var anchor campaign.SubjectID
	var after campaign.LeadID
	var revoked []campaign.Assignment
	err := s.write(ctx, "revoke a consent", func(t *tx) (err error) {
		revoked = nil
		if err := t.row(`SELECT n.subject_id FROM consents n WHERE n.id = $1`, []any{int64(id)}, &anchor); err != nil {
			return none(err, "consent", id)
		}
		var k *work
		if k, after, err = t.loadSharing([]campaign.SubjectID{anchor}, 0); err != nil {
			return err
		}
		if c, err = t.consentRow(id); err != nil || !c.RevokedAt.IsZero() {
			return err
		}
		if err := k.revoke(&c, reason, by); err != nil {
			return err
		}
		revoked = k.takenBack()
		if err := k.flush(); err != nil {
			return err
		}
		return t.audit("revoke_consent", leadTarget(c.LeadID), consentDeed(&c), nil, reason)
	})
	if err == nil {
		var more []campaign.Assignment
		more, err = s.replanSharing(ctx, anchor, after, consentRevoked)
		revoked = append(revoked, more...)
	}
	return c, revoked, err
}

const consentRevoked = "consent_revoked"

func (t *tx) consentRow(id campaign.ConsentID) (campaign.Consent, error) {
	c, err := scanConsent(t.QueryRowContext(t.ctx, `SELECT `+consentColumns+` FROM consents n WHERE n.id = $1`, int64(id)))
	return c, none(err, "consent", id)
}

// revoke ends a consent and lets the leads follow.
func (k *work) revoke(c *campaign.Consent, reason, by string) error {
	// Not before a call that a node whose clock is ahead started on it: that call came first.
	c.RevokedAt, c.RevokedBy = k.t.now, by
	for _, a := range k.assignments {
		c.RevokedAt = later(c.RevokedAt, a.StartedAt)
	}
	if _, err := k.t.exec(`UPDATE consents SET revoked_at = $2, revoked_by = $3 WHERE id = $1`, int64(c.ID), us(c.RevokedAt), by); err != nil {
		return err
	}
	if f := k.facts[c.LeadID]; f != nil {
		k.consentEvent(campaign.EventConsentRevoked, f.Lead, c, map[string]any{"reason": reason, "by": by})
	} else {
		e := campaign.Event{Type: campaign.EventConsentRevoked, LeadID: c.LeadID, Data: js(map[string]any{"consent": c.ID, "scopes": c.Scopes,
			"purpose": c.Purpose, "reason": reason, "by": by})}
		if err := ignoreNone(k.t.row(`SELECT campaign_id, list_id FROM leads WHERE id = $1`, []any{int64(c.LeadID)}, &e.CampaignID, &e.ListID)); err != nil {
			return err
		}
		k.events = append(k.events, e)
	}
	for _, id := range inOrder(k.facts) {
		f := k.facts[id]
		for i := range f.Consents {
			if f.Consents[i].ID == c.ID {
				f.Consents[i].RevokedAt = k.t.now
			}
		}
		if err := k.withoutConsent(f, consentRevoked); err != nil {
			return err
		}
	}
	return nil
}

// withoutConsent takes back the offer of a lead that the rules no longer allow, if there is a reason to, and plans the
// lead anew.
func (k *work) withoutConsent(f *campaign.Facts, reason string) error {
	if a := k.open[f.Lead.ID]; reason != "" && a != nil && a.State == campaign.AssignmentOffered {
		if j := k.judgeHeld(f, a.AgentID); !j.Callable || j.Plan.Number != a.Number {
			if err := k.release(a, campaign.AssignmentRevoked, reason, campaign.HappenedRevoked); err != nil {
				return err
			}
		}
	}
	k.reconsider(f)
	return nil
}

// takenBack are the assignments that this transaction revoked.
func (k *work) takenBack() (out []campaign.Assignment) {
	for _, id := range inOrder(k.closed) {
		if a := k.assignments[id]; a.State == campaign.AssignmentRevoked {
			out = append(out, *a)
		}
	}
	return out
}

// replanSharing plans the leads of a subject anew from the one after another on, some hundred a transaction, and takes
// back offers that the rules no longer allow if there is a reason to; after 0: there are no more.
func (s *Store) replanSharing(ctx context.Context, subject campaign.SubjectID, after campaign.LeadID, reason string) (revoked []campaign.Assignment, err error) {
	for after != 0 && err == nil {
		var some []campaign.Assignment
		var last campaign.LeadID
		err = s.write(ctx, "plan a person's leads anew", func(t *tx) error {
			var k *work
			if k, last, err = t.loadSharing([]campaign.SubjectID{subject}, after); err != nil {
				return err
			}
			for _, id := range inOrder(k.facts) {
				if err := k.withoutConsent(k.facts[id], reason); err != nil {
					return err
				}
			}
			some = k.takenBack()
			return k.flush()
		})
		revoked, after = append(revoked, some...), last
	}
	return revoked, err
}

// Consents are those of a lead's person and numbers, ended ones included, newest first. Of one that a lead of a campaign
// gave which the caller in ctx does not see, it is not told which lead. Errors: KindNotFound the lead.
func (s *Store) Consents(ctx context.Context, lead campaign.LeadID) ([]campaign.Consent, error) {
	var out []campaign.Consent
	caller := campaign.CallerFrom(ctx)
	err := s.read(ctx, "read a lead's consents", func(t *tx) error {
		out = nil
		if _, err := t.again(lead); err != nil {
			return err
		}
		err := t.each(`SELECT `+consentColumns+` FROM consents n WHERE n.lead_id = $1
			OR n.subject_id IN (SELECT m.subject_id FROM lead_numbers m WHERE m.lead_id = $1) ORDER BY n.id DESC`, []any{int64(lead)}, func(r *sql.Rows) error {
			c, err := scanConsent(r)
			out = append(out, c)
			return err
		})
		if err != nil || !caller.Restricted() {
			return err
		}
		return t.hideGivers(out, &caller)
	})
	return out, err
}

// hideGivers leaves out which lead gave a consent where the caller does not see its campaign.
func (t *tx) hideGivers(all []campaign.Consent, caller *campaign.Caller) error {
	ids := make([]campaign.LeadID, 0, len(all))
	for i := range all {
		ids = append(ids, all[i].LeadID)
	}
	seen, err := idsOf[campaign.LeadID](t, `SELECT l.id FROM leads l WHERE l.id `+t.d.in(1)+` AND l.campaign_id `+t.d.in(2), js(list(ids)), js(list(caller.Campaigns)))
	for i := range all {
		if !slices.Contains(seen, all[i].LeadID) {
			all[i].LeadID = 0
		}
	}
	return err
}
