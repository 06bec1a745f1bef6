package store

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"

	"redial/campaign"
)

// explained is how the database would answer a query, as one text.
func (b *bench) explained(t *testing.T, query string, args ...any) string {
	t.Helper()
	var out strings.Builder
	err := b.read(t.Context(), "explain", func(x *tx) error {
		how := "EXPLAIN "
		if x.d.name == "sqlite" {
			how = "EXPLAIN QUERY PLAN "
		}
		return x.each(how+query, args, func(r *sql.Rows) error {
			var id, parent, unused int64
			var detail string
			dest := []any{&id, &parent, &unused, &detail}
			if x.d.name == "postgres" {
				dest = dest[3:]
			}
			err := r.Scan(dest...)
			out.WriteString(detail + "\n")
			return err
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// What looks into many leads uses the index that was made for it, on both engines.
func TestDueWorkIsFoundByIndex(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, b *bench) {
		c := b.campaign(t, "one")
		b.loaded(t, c.ID, campaign.ImportOptions{}, drafts(0, 5000))
		b.sql(t, `UPDATE leads SET last_placed = 1, turn = id % 4096 + 1 WHERE id % 2 = 0`)
		b.sql(t, `ANALYZE`)
		if b.Engine() == "postgres" { // 5000 leads are so few that reading them all is no worse
			b.sql(t, `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET enable_seqscan = off', current_database()); END $$`)
			b.pool.Reset()
		}
		version := `1`
		for _, q := range []struct {
			index, query string
			args         []any
		}{
			{"leads_tried", fmt.Sprintf(dueTriedPart, 1, 256), []any{5}},
			{"leads_turn", fmt.Sprintf(dueTurnsPart, 1, 20*turnsPerDay, 256), []any{5}},
			{"leads_fresh", fmt.Sprintf(dueFreshPart, 1, 256), []any{5}},
			{"leads_tried", fmt.Sprintf(nextTriedPart, 1), []any{5}},
			{"leads_put", fmt.Sprintf(nextFreshPart, 1), []any{5}},
			{"leads_put", supplyQuery, []any{1, 5, 1000000, 9}},
			{"leads_rules", `SELECT count(*) FROM leads l WHERE l.campaign_id = 1 AND ` + staleLead + ` AND l.rules_version < ` + version, nil},
			{"leads_rules", `SELECT min(l.rules_version) FROM leads l WHERE l.campaign_id = 1 AND ` + staleLead + ` AND l.rules_version > ` + version, nil},
			{"leads_shut", shutLeads(`count(*)`), []any{1, 5}},
			{"leads_tried", supplyQuery, []any{1, 5, 1000000, 9}},
			{"leads_fresh", supplyQuery, []any{1, 5, 1000000, 9}},
		} {
			if plan := b.explained(t, q.query, q.args...); !strings.Contains(plan, q.index) {
				t.Errorf("%s is not used by %s:\n%s", q.index, q.query, plan)
			}
		}
	})
}
