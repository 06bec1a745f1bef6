package store

import (
	"database/sql"

	"redial/campaign"
)

// findConsents reads the consents given before, if the campaign keeps to laws that ask for them.
func (in *intake) findConsents() error {
	if len(in.campaign.Rules.Packs) == 0 {
		return nil
	}
	var ids []campaign.SubjectID
	for i := range in.all {
		ids = in.subjectsOf(&in.all[i], ids)
	}
	in.consents = make(map[campaign.SubjectID][]campaign.Consent)
	return in.t.each(`SELECT `+consentColumns+`, n.subject_id FROM consents n WHERE n.subject_id `+in.t.d.in(1)+` ORDER BY n.id`,
		[]any{js(list(unique(ids)))}, func(r *sql.Rows) error {
			var id campaign.SubjectID
			c, err := scanConsent(r, &id)
			in.consents[id] = append(in.consents[id], c)
			return err
		})
}

// consentsOf are those that a draft brings, after those that stand in the record.
func (in *intake) consentsOf(c *candidate) (out []campaign.Consent) {
	if len(in.consents) > 0 {
		for _, id := range in.subjectsOf(c, nil) {
			out = append(out, in.consents[id]...)
		}
	}
	return append(out, c.Consents...)
}

var consentInsert = []string{"subject_id", "lead_id", "phone", "purpose", "scopes", "given_at", "expires_at", "proof", "source", "created_at"}

// consentRow is a consent that a lead brings.
type consentRow struct {
	campaign.Consent
	subject campaign.SubjectID
	lead    int64
}

// consentRows are the consents that a draft brings: of the number that they name, else of the person, who is known by
// the external id, else by the first number.
func (in *intake) consentRows(lead int64, c *candidate) (rows []consentRow) {
	for _, given := range c.Draft.Consents {
		id := in.numbers.ids[string(c.Numbers[0].Phone)].id
		if c.ExternalID != "" {
			id = in.persons.ids[c.others[0].Key].id
		}
		if u := in.numbers.ids[string(given.Phone)]; given.Phone != "" && u.id != 0 {
			id = u.id
		}
		if given.GivenAt.IsZero() {
			given.GivenAt = in.t.now
		}
		rows = append(rows, consentRow{given, id, lead})
	}
	return rows
}

func (in *intake) insertConsents(rows []consentRow) error {
	return in.t.insert("consents", consentInsert, len(rows), func(i int, r *bulkRow) error {
		c := &rows[i]
		r.int(int64(c.subject))
		r.int(c.lead)
		r.text(string(c.Phone))
		r.text(string(c.Purpose))
		r.text(js(list(c.Scopes)))
		r.int(us(c.GivenAt))
		r.int(us(c.ExpiresAt))
		r.text(c.Proof)
		r.text(c.Source)
		r.int(us(in.t.now))
		return nil
	})
}
