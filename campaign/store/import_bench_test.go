package store

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"redial/campaign"
	"redial/campaign/store/storetest/testserver"
)

// BenchmarkImport takes rows in beside its limit: the same rows, ready made, written in bulk into the same indexed
// tables. "ratio" is the share of the limit's speed that all the checks leave.
func BenchmarkImport(b *testing.B) {
	for _, engine := range []string{"sqlite", "postgres"} {
		for _, batch := range []int{2000, 5000} {
			b.Run(fmt.Sprint(engine, "/", batch), func(b *testing.B) { benchImport(b, engine, batch) })
		}
	}
}

func benchImport(b *testing.B, engine string, batch int) {
	var took, bare time.Duration
	rows := 0
	for b.Loop() {
		b.StopTimer()
		fresh := func() *bench {
			if engine == "sqlite" {
				return openBench(b, "sqlite://"+filepath.Join(b.TempDir(), "r.db"))
			}
			return openBench(b, testserver.NewPostgres(b, true).Database(b))
		}
		const n = 60_000
		ds := drafts(0, n)
		for i := range ds {
			ds[i].ExternalID = fmt.Sprintf("C%08d", i)
		}
		from, to := fresh(), fresh()
		c := from.campaign(b, "one")
		u := from.queued(b, c.ID, campaign.ImportOptions{})
		b.StartTimer()
		began := time.Now()
		done := 0
		for part := range slices.Chunk(ds, batch) {
			done += len(part)
			must[campaign.Tally](b)(from.ImportRows(b.Context(), campaign.ImportBatch{Upload: u.ID, List: u.ListID, Drafts: part, RowsDone: int64(done)}))
		}
		took += time.Since(began)
		b.StopTimer()
		bare += copyBare(b, from, to, batch)
		rows += n
		b.StartTimer()
	}
	b.ReportMetric(float64(rows)/took.Seconds(), "rows/s")
	b.ReportMetric(float64(rows)/bare.Seconds(), "limit-rows/s")
	b.ReportMetric(bare.Seconds()/took.Seconds(), "ratio")
}

// copyBare writes what one record holds into another, a transaction a batch, and says how long that took.
func copyBare(b *testing.B, from, to *bench, batch int) time.Duration {
	type table struct {
		name    string
		columns []string
		rows    [][]any
	}
	tables := []table{{name: "subjects", columns: []string{"id", "kind", "key"}}, {name: "leads", columns: leadInsert},
		{name: "lead_numbers", columns: []string{"subject_id", "lead_id"}}}
	for i := range tables {
		tables[i].rows = readAll(b, from, tables[i].name, tables[i].columns)
	}
	began := time.Now()
	n := len(tables[1].rows)
	for at := 0; at < n; at += batch {
		err := to.bulkWrite(b.Context(), "limit", func(t *bulkTx) error {
			for _, tb := range tables {
				part := tb.rows[len(tb.rows)*at/n : len(tb.rows)*min(at+batch, n)/n]
				if err := t.insert(tb.name, tb.columns, len(part), func(i int, r *bulkRow) error { return addAll(r, part[i]) }); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	return time.Since(began)
}

func addAll(r *bulkRow, row []any) error {
	for _, v := range row {
		switch v := v.(type) {
		case int64:
			r.int(v)
		case string:
			r.text(v)
		default:
			return fmt.Errorf("a value is %T", v)
		}
	}
	return nil
}

func readAll(b *testing.B, from *bench, table string, columns []string) (all [][]any) {
	rows, err := from.reader.QueryContext(b.Context(), fmt.Sprintf(`SELECT %s FROM %s ORDER BY 1`, strings.Join(columns, ", "), table))
	if err != nil {
		b.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		row, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range row {
			into[i] = &row[i]
		}
		if err := rows.Scan(into...); err != nil {
			b.Fatal(err)
		}
		all = append(all, row)
	}
	if err := rows.Err(); err != nil {
		b.Fatal(err)
	}
	return all
}
