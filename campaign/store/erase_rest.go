package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"slices"
	"strings"

	"redial/campaign"
)

// eraseRows empties the rows of files that are these leads', and those that did not become leads because these had: a
// problem keeps its reason alone. It answers with the numbers of the leads, which are known for the last time.
func (s *Store) eraseRows(ctx context.Context, ids []campaign.LeadID) (map[campaign.Phone]bool, error) {
	phones := make(map[campaign.Phone]bool)
	var found []problemKey
	err := s.read(atLength(ctx), "find a person's rows", func(t *tx) error {
		found = nil
		leads, err := t.wholeLeads(ids)
		if err != nil {
			return err
		}
		for _, of := range leads {
			rows := personRows{lines: make(map[listLine]bool), ends: make(map[string]bool), ids: make(map[[2]string]bool)}
			for _, l := range of {
				rows.know(l)
				for _, p := range phonesOf(l) {
					phones[p] = true
				}
			}
			if err := t.problemsOf(of[0].CampaignID, func(key problemKey, value string, cells []string) {
				if rows.has(key, value, cells) {
					found = append(found, key)
				}
			}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil || len(found) == 0 {
		return phones, err
	}
	for some := range slices.Chunk(found, purgeRows) {
		if err := s.write(atLength(ctx), "erase a person's rows", func(t *tx) error {
			return setRows(t, `UPDATE problems AS p SET heading = '', value = '', message = 'erased', suggestion = '', cells = '[]' FROM `+
				t.d.set(1, "v", "list_id bigint", "line bigint", "n bigint")+` WHERE p.list_id = v.list_id AND p.line = v.line AND p.n = v.n`, some)
		}); err != nil {
			return phones, err
		}
	}
	return phones, nil
}

// wholeLeads are leads that are not erased yet, by campaign.
func (t *tx) wholeLeads(ids []campaign.LeadID) (map[campaign.CampaignID][]*campaign.Lead, error) {
	out := make(map[campaign.CampaignID][]*campaign.Lead)
	err := t.each(`SELECT `+leadColumns+leadFrom+` WHERE l.erased_at = 0 AND l.id `+t.d.in(1), []any{js(list(ids))}, func(r *sql.Rows) error {
		l, err := scanLead(r)
		if err == nil {
			out[l.CampaignID] = append(out[l.CampaignID], l)
		}
		return err
	})
	return out, err
}

type problemKey struct {
	List campaign.ListID `json:"list_id"`
	Line int             `json:"line"`
	N    int             `json:"n"`
}

func (t *tx) problemsOf(id campaign.CampaignID, see func(problemKey, string, []string)) error {
	return t.each(`SELECT p.list_id, p.line, p.n, p.value, p.cells FROM problems p JOIN lists k ON k.id = p.list_id WHERE k.campaign_id = $1`,
		[]any{int64(id)}, func(r *sql.Rows) error {
			var key problemKey
			var value string
			var cells []string
			err := r.Scan(&key.List, &key.Line, &key.N, &value, listCol{&cells})
			if err == nil {
				see(key, value, cells)
			}
			return err
		})
}

type listLine struct {
	list campaign.ListID
	line int
}

// personRows knows persons in files: by their line, by a number however it is written, by external id with the name.
type personRows struct {
	lines map[listLine]bool
	ends  map[string]bool
	ids   map[[2]string]bool
}

// numberEnd is how many last digits of a number tell whose it is, whatever precedes them.
const numberEnd = 8

func (p *personRows) know(l *campaign.Lead) {
	if l.Line > 0 {
		p.lines[listLine{l.ListID, l.Line}] = true
	}
	for _, n := range phonesOf(l) {
		if d := digits(string(n)); len(d) >= numberEnd {
			p.ends[d[len(d)-numberEnd:]] = true
		}
	}
	if l.ExternalID != "" && l.Name != "" {
		p.ids[[2]string{l.ExternalID, l.Name}] = true
	}
}

func (p *personRows) has(key problemKey, value string, cells []string) bool {
	if p.lines[listLine{key.List, key.Line}] {
		return true
	}
	for _, c := range append([]string{value}, cells...) {
		if d := digits(c); len(d) >= numberEnd && p.ends[d[len(d)-numberEnd:]] {
			return true
		}
	}
	for id := range p.ids {
		if slices.Contains(cells, id[0]) && slices.Contains(cells, id[1]) {
			return true
		}
	}
	return false
}

func digits(s string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s)
}

// erasedOfEvents are the fields of an event's data that tell of a person, or are in people's own words.
var erasedOfEvents = []string{"number", "new_number", "note", "reason", "by", "proof", "source", "external_id", "name", "moved_from"}

// eraseTold empties the events of erased leads, and those of numbers that are suppressed no more. Whoever has read them
// already keeps what was read; the event of the erasure tells it to follow.
func (s *Store) eraseTold(ctx context.Context, ids []campaign.LeadID, phones map[campaign.Phone]bool) error {
	err := s.read(ctx, "look up suppressions", func(t *tx) error {
		return t.each(`SELECT u.key FROM subjects u WHERE u.kind = 'number' AND u.key `+t.d.inText(1)+` AND (EXISTS (SELECT 1 FROM suppressions x
			WHERE x.subject_id = u.id) OR EXISTS (SELECT 1 FROM scoped_suppressions x WHERE x.subject_id = u.id))`, []any{js(inOrder(phones))}, func(r *sql.Rows) error {
			var p campaign.Phone
			err := r.Scan(&p)
			delete(phones, p)
			return err
		})
	})
	if err != nil {
		return err
	}
	// An event is in the outbox or in the stream. One that goes over between the two looks is seen by the second.
	for _, table := range []struct{ name, key string }{{"outbox", "id"}, {"events", "seq"}} {
		var rows []eventRow
		err := s.read(atLength(ctx), "find the events of a person", func(t *tx) (err error) {
			rows, err = t.eventsToErase(table.name, table.key, ids, phones)
			return err
		})
		if err != nil {
			return err
		}
		for some := range slices.Chunk(rows, purgeRows) {
			if err := s.write(atLength(ctx), "erase the events of a person", func(t *tx) error {
				return setRows(t, `UPDATE `+table.name+` AS e SET data = v.data FROM `+t.d.set(1, "v", "key bigint", "at bigint", "data text")+
					` WHERE e.`+table.key+` = v.key AND e.at = v.at`, some)
			}); err != nil {
				return err
			}
		}
	}
	return nil
}

type eventRow struct {
	Key  int64  `json:"key"`
	At   int64  `json:"at"`
	Data string `json:"data"`
}

// ofLeads and ofNumbers are the events that tell of leads, $1, and of numbers alone.
func (d *dialect) ofLeads(table, key string) string {
	return `SELECT e.` + key + `, e.at, e.lead_id, e.type, e.data FROM ` + table + ` e WHERE e.lead_id ` + d.in(1)
}

func ofNumbers(table, key string) string {
	return `SELECT e.` + key + `, e.at, e.lead_id, e.type, e.data FROM ` + table + ` e WHERE e.lead_id = 0 AND e.type IN ('suppressed', 'suppression_lifted')`
}

// eventsToErase are the events with their data as it is to be. Those of leads are found by index; those of numbers among the
// few that are of no lead.
func (t *tx) eventsToErase(table, key string, ids []campaign.LeadID, phones map[campaign.Phone]bool) (rows []eventRow, err error) {
	if len(ids) > 0 {
		if rows, err = t.emptied(t.d.ofLeads(table, key), nil, js(ids)); err != nil {
			return nil, err
		}
	}
	if len(phones) == 0 {
		return rows, nil
	}
	more, err := t.emptied(ofNumbers(table, key), phones)
	return append(rows, more...), err
}

// emptied are events without what tells of a person; of those of no lead the ones that tell of phones.
func (t *tx) emptied(query string, phones map[campaign.Phone]bool, args ...any) (rows []eventRow, err error) {
	err = t.each(query, args, func(r *sql.Rows) error {
		var e eventRow
		var lead campaign.LeadID
		var kind campaign.EventType
		if err := r.Scan(&e.Key, &e.At, &lead, &kind, &e.Data); err != nil {
			return err
		}
		data := make(map[string]json.RawMessage)
		if err := json.Unmarshal([]byte(e.Data), &data); err != nil {
			return err
		}
		var number campaign.Phone
		_ = json.Unmarshal(data["number"], &number) // another kind of value is no number
		if lead == 0 && !phones[number] {
			return nil
		}
		was := len(data)
		for _, field := range erasedOfEvents {
			if field != "reason" || kind != campaign.EventLeadFinished && kind != campaign.EventAttempt {
				delete(data, field)
			}
		}
		if len(data) < was {
			e.Data = js(data)
			rows = append(rows, e)
		}
		return nil
	})
	return rows, err
}
