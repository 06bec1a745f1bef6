package store

import (
	"cmp"
	"database/sql"
	"slices"
	"strings"

	"redial/campaign"
)

// meetOthers finds the persons and accounts of the drafts and makes those that are missing. They are not locked:
// nothing that is written under their locks is read here.
func (in *intake) meetOthers(kind string) error {
	var keys []string
	for i := range in.drafts {
		for _, u := range in.othersOf(&in.drafts[i]) {
			if u.Kind == kind {
				keys = append(keys, u.Key)
			}
		}
	}
	keys = unique(keys)
	for range txAttempts {
		if len(keys) == 0 {
			return nil
		}
		err := in.t.each(`SELECT u.id, u.key FROM subjects u WHERE u.kind = $2 AND u.key `+in.t.d.inText(1), []any{js(keys), kind}, func(r *sql.Rows) error {
			return in.scanOther(kind, r)
		})
		if err != nil {
			return err
		}
		missing := func(key string) bool { return in.others[subjectKey{kind, key}] == 0 }
		keys = slices.DeleteFunc(keys, func(key string) bool { return !missing(key) })
		rows := make([]subjectKey, len(keys))
		for i, key := range keys {
			rows[i] = subjectKey{kind, key}
		}
		if err := setRowsBack(in.t.tx, `INSERT INTO subjects (kind, key) SELECT v.kind, v.key FROM `+in.t.d.set(1, "v", "kind text", "key text")+
			` WHERE TRUE ORDER BY v.key ON CONFLICT DO NOTHING RETURNING id, key`, rows, func(r scanner) error { return in.scanOther(kind, r) }); err != nil {
			return err
		}
		keys = slices.DeleteFunc(keys, func(key string) bool { return !missing(key) })
	}
	return errLost
}

func (in *intake) scanOther(kind string, r scanner) error {
	var id campaign.SubjectID
	u := subjectKey{Kind: kind}
	err := r.Scan(&id, &u.Key)
	in.others[u] = id
	return err
}

func (in *intake) othersOf(d *campaign.Draft) []subjectKey {
	return othersOf(cmp.Or(d.Source, in.source), d.ExternalID, d.Account)
}

// subjectsOf are the subjects of a draft, its first number's first, each once.
func (in *intake) subjectsOf(d *campaign.Draft) []campaign.SubjectID {
	out := make([]campaign.SubjectID, 0, len(d.Numbers)+2)
	for j, n := range d.Numbers {
		if !dialledBefore(d.Numbers[:j], n.Phone) {
			out = append(out, in.subjects[n.Phone])
		}
	}
	for _, u := range in.othersOf(d) {
		out = append(out, in.others[u])
	}
	return out
}

// findConsents reads the consents given before, if the campaign keeps to laws that ask for them.
func (in *intake) findConsents() error {
	in.consents = make(map[campaign.SubjectID][]campaign.Consent)
	if len(in.campaign.Rules.Packs) == 0 {
		return nil
	}
	var ids []campaign.SubjectID
	for i := range in.drafts {
		ids = append(ids, in.subjectsOf(&in.drafts[i])...)
	}
	return in.t.each(`SELECT `+consentColumns+`, n.subject_id FROM consents n WHERE n.subject_id `+in.t.d.in(1)+` ORDER BY n.id`,
		[]any{js(list(unique(ids)))}, func(r *sql.Rows) error {
			var id campaign.SubjectID
			c, err := scanConsent(r, &id)
			in.consents[id] = append(in.consents[id], c)
			return err
		})
}

// consentsOf are those that a draft brings, after those that stand in the record.
func (in *intake) consentsOf(d *campaign.Draft) (out []campaign.Consent) {
	if len(in.consents) > 0 {
		for _, id := range in.subjectsOf(d) {
			out = append(out, in.consents[id]...)
		}
	}
	return append(out, d.Consents...)
}

var consentInsert = []string{"subject_id", "lead_id", "phone", "purpose", "scopes", "given_at", "expires_at", "proof", "source", "created_at"}

// consentRows are the consents that a draft brings: of the number that they name, else of the person, who is known by
// the external id, else by the first number.
func (in *intake) consentRows(lead int64, d *campaign.Draft) (rows [][]any) {
	for _, c := range d.Consents {
		id := in.subjects[d.Numbers[0].Phone]
		if d.ExternalID != "" {
			id = in.others[in.othersOf(d)[0]]
		}
		if c.Phone != "" && in.subjects[c.Phone] != 0 {
			id = in.subjects[c.Phone]
		}
		if c.GivenAt.IsZero() {
			c.GivenAt = in.t.now
		}
		rows = append(rows, []any{int64(id), lead, string(c.Phone), string(c.Purpose), js(list(c.Scopes)), us(c.GivenAt), us(c.ExpiresAt),
			c.Proof, c.Source, us(in.t.now)})
	}
	return rows
}

// siting is where a draft may be called.
type siting struct {
	key   string // of its calendar group
	zones []string
	cal   string
	alone bool // one site, and no consents: its plan is that of all such leads
}

// sitingOf finds a draft's sites and remembers its calendar group's key.
func (in *intake) sitingOf(d *campaign.Draft) siting {
	s := siting{zones: in.zonesOf(d), alone: true}
	l := in.leadOf(d, s.zones)
	consents := in.consentsOf(d)
	if len(consents) > 0 || !plainSite(l) {
		sites := l.Sites(consents, in.campaign.Rules.Purpose, in.t.now)
		s.cal, s.alone = groupCalendar(s.zones, sites), len(sites) == 1 && len(consents) == 0
	}
	s.key = strings.Join(s.zones, " ") + "\x00" + s.cal
	return s
}

// leadOf is the draft as the lead that it will be.
func (in *intake) leadOf(d *campaign.Draft, zones []string) *campaign.Lead {
	return &campaign.Lead{CampaignID: in.campaign.ID, ListID: in.list.ID, State: campaign.LeadOpen, Source: cmp.Or(d.Source, in.source),
		ExternalID: d.ExternalID, Zones: zones, Numbers: d.Numbers, Account: d.Account, Places: d.Places}
}
