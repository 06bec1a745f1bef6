package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"redial/campaign"
)

// PersonLeads are the leads of a person, of the campaigns that the caller in ctx may see, by id. Errors: KindNotFound
// when nobody is known by this, nor a suppression of the number.
func (s *Store) PersonLeads(ctx context.Context, q campaign.PersonQuery) ([]campaign.LeadID, error) {
	var out []campaign.LeadID
	err := s.read(atLength(ctx), "find a person's leads", func(t *tx) error {
		out = nil
		known := campaign.Lead{Source: q.Source, ExternalID: q.ExternalID}
		switch {
		case q.Lead != 0:
			l, err := t.again(q.Lead)
			if err != nil {
				return err
			}
			out, known = []campaign.LeadID{q.Lead}, l
		case q.Number != "":
			known.Numbers = []campaign.Number{{Phone: q.Number}}
		case q.Source == "":
			return t.byExternalID(q.ExternalID, &out)
		}
		more, err := t.samePerson(&known)
		out = unique(append(out, more...))
		return err
	})
	if err != nil || len(out) > 0 {
		return out, err
	}
	caller := campaign.CallerFrom(ctx)
	if q.Number != "" && !caller.Restricted() {
		shut, err := s.Suppressed(ctx, []campaign.Phone{q.Number})
		if err != nil || len(shut) > 0 {
			return nil, err
		}
	}
	return nil, &campaign.Error{Kind: campaign.KindNotFound, Message: "nothing is held on such a person"}
}

func (t *tx) byExternalID(id string, out *[]campaign.LeadID) error {
	caller := campaign.CallerFrom(t.ctx)
	return t.each(`SELECT l.id, l.campaign_id FROM leads l WHERE l.external_id = $1 ORDER BY l.id`, []any{id}, func(r *sql.Rows) error {
		var lead campaign.LeadID
		var of campaign.CampaignID
		err := r.Scan(&lead, &of)
		if caller.Sees(of) {
			*out = append(*out, lead)
		}
		return err
	})
}

// heldPart is a part of what is held on a person: a query of leads $1, a JSON list, and number $2, which may be empty. More
// is $3, a JSON list; empty: there is none.
type heldPart struct {
	name, query, more string
}

const theirSubjects = `(SELECT n.subject_id FROM lead_numbers n WHERE n.lead_id %[1]s UNION SELECT u.id FROM subjects u WHERE u.kind = 'number' AND u.key = $2 AND $2 <> '')`

// allHeld is everything, each part with all its columns: what is added to a table is exported, too. Of what hangs on a number
// or a person and not on the leads alone, a caller of some campaigns is told what came from these or binds in all.
func (d *dialect) allHeld(leads []campaign.LeadID, caller *campaign.Caller) []heldPart {
	in, subjects := d.in(1), fmt.Sprintf(theirSubjects, d.in(1))
	var seen, consented, scoped string
	if caller.Restricted() {
		seen = js(caller.Campaigns)
		consented = ` AND n.lead_id IN (SELECT l.id FROM leads l WHERE l.campaign_id ` + d.in(3) + `)`
		scoped = ` AND (x.campaign_id = 0 OR x.campaign_id ` + d.in(3) + `)`
	}
	targets := make([]string, 0, len(leads))
	for _, id := range leads {
		targets = append(targets, leadTarget(id))
	}
	return []heldPart{
		{"leads", `SELECT c.name AS campaign, k.name AS list, l.* FROM leads l JOIN campaigns c ON c.id = l.campaign_id JOIN lists k ON k.id = l.list_id WHERE l.id ` + in + ` AND $2 = $2 ORDER BY l.id`, ""},
		{"attempts", `SELECT t.* FROM attempts t WHERE t.lead_id ` + in + ` AND $2 = $2 ORDER BY t.placed_at`, ""},
		{"amendments", `SELECT m.* FROM amendments m JOIN assignments a ON a.id = m.assignment_id WHERE a.lead_id ` + in + ` AND $2 = $2 ORDER BY m.id`, ""},
		{"late_outcomes", `SELECT o.* FROM late_outcomes o WHERE o.lead_id ` + in + ` AND $2 = $2 ORDER BY o.id`, ""},
		{"offers", `SELECT a.* FROM assignments a WHERE a.lead_id ` + in + ` AND $2 = $2 ORDER BY a.id`, ""},
		{"promises", `SELECT p.* FROM appointments p WHERE p.lead_id ` + in + ` AND $2 = $2 ORDER BY p.id`, ""},
		{"consents", `SELECT n.* FROM consents n WHERE (n.lead_id ` + in + ` OR n.subject_id IN ` + subjects + `)` + consented + ` ORDER BY n.id`, seen},
		{"outside_calls", `SELECT o.* FROM outside_calls o WHERE o.lead_id ` + in + ` AND $2 = $2 ORDER BY o.id`, ""},
		{"suppressions", `SELECT u.key AS number, x.* FROM suppressions x JOIN subjects u ON u.id = x.subject_id WHERE x.subject_id IN ` + subjects + ` ORDER BY u.key`, ""},
		{"scoped_suppressions", `SELECT u.key AS number, x.* FROM scoped_suppressions x JOIN subjects u ON u.id = x.subject_id WHERE x.subject_id IN ` + subjects + scoped + ` ORDER BY u.key`, seen},
		{"rows_of_files", `SELECT p.* FROM problems p JOIN leads l ON l.list_id = p.list_id AND l.line = p.line WHERE l.line > 0 AND l.id ` + in + ` AND $2 = $2 ORDER BY p.list_id, p.line, p.n`, ""},
		{"events", `SELECT e.* FROM events e WHERE e.lead_id ` + in + ` AND $2 = $2 ORDER BY e.seq`, ""},
		{"events_to_come", `SELECT o.* FROM outbox o WHERE o.lead_id ` + in + ` AND $2 = $2 ORDER BY o.id`, ""},
		{"audit_log", `SELECT e.* FROM audit_log e WHERE e.target ` + d.inText(3) + ` AND $1 = $1 AND $2 = $2 ORDER BY e.seq`, js(targets)},
	}
}

// ExportPerson writes all that is held on leads, and on a number unless it is empty, as one JSON object, as it stands at
// one instant, as far as the caller in ctx may see it; the leads must be of its campaigns. Instants are RFC 3339. It ends with
// w's error.
func (s *Store) ExportPerson(ctx context.Context, leads []campaign.LeadID, number campaign.Phone, w io.Writer) error {
	caller := campaign.CallerFrom(ctx)
	return s.read(atLength(ctx), "export a person", func(t *tx) error {
		if _, err := fmt.Fprintf(w, `{"exported_at":%s`, js(t.now.UTC())); err != nil {
			return err
		}
		for _, part := range t.d.allHeld(leads, &caller) {
			if _, err := fmt.Fprintf(w, ",\n%s:[", js(part.name)); err != nil {
				return err
			}
			args := []any{js(list(leads)), string(number)}
			if part.more != "" {
				args = append(args, part.more)
			}
			if err := t.exportPart(part.query, args, w); err != nil {
				return fmt.Errorf("%s: %w", part.name, err)
			}
		}
		_, err := io.WriteString(w, "}\n")
		return err
	})
}

// exportPart writes the rows of a query, with a comma between them and the end of their list.
func (t *tx) exportPart(query string, args []any, w io.Writer) error {
	comma := ""
	err := t.each(query, args, func(r *sql.Rows) error {
		names, err := r.Columns()
		if err != nil {
			return err
		}
		values := make([]any, len(names))
		to := make([]any, len(names))
		for i := range values {
			to[i] = &values[i]
		}
		if err := r.Scan(to...); err != nil {
			return err
		}
		row := make(map[string]any, len(names))
		for i, name := range names {
			row[name] = exported(name, values[i])
		}
		_, err = io.WriteString(w, comma+"\n"+js(row))
		comma = ","
		return err
	})
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, "]")
	return err
}

// exported is a column as it is told: instants as such, JSON as it is.
func exported(name string, v any) any {
	if b, ok := v.([]byte); ok {
		v = string(b)
	}
	switch x := v.(type) {
	case int64:
		if name == "at" || name == "until" || name == "earliest" || strings.HasSuffix(name, "_at") || strings.HasSuffix(name, "_until") ||
			name == "grace_end" || name == "last_placed" {
			if x == 0 {
				return nil
			}
			return fromUS(x).Format(time.RFC3339Nano)
		}
	case string:
		if len(x) > 1 && (x[0] == '{' || x[0] == '[') && json.Valid([]byte(x)) {
			return json.RawMessage(x)
		}
	}
	return v
}
