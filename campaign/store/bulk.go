package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// bulkTx is a transaction that can write many rows of one table at once.
type bulkTx struct {
	*tx
	wary bool // an earlier run of it met what others wrote meanwhile: what it finds missing may be there when it writes
}

// bulkWrite is write for a transaction that writes in bulk. A unique constraint that another transaction was quicker
// with makes it begin again, wary: the second time it sees the other's row.
func (s *Store) bulkWrite(ctx context.Context, what string, fn func(*bulkTx) error) error {
	missed, err := s.bulkRuns(ctx, fn)
	if err == nil && len(missed) > 0 {
		s.writes.learn(ctx, missed)
	}
	return s.told(ctx, what, err)
}

// bulkRuns says also which statements SQLite had to parse.
func (s *Store) bulkRuns(ctx context.Context, fn func(*bulkTx) error) (missed []string, err error) {
	conn, err := s.writer.Conn(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	for lost := range txAttempts {
		if missed, err = s.bulkOnce(ctx, conn, lost > 0, fn); !conflict(err) && !duplicate(err) {
			break
		}
		pause(ctx, lost)
	}
	return missed, err
}

func (s *Store) bulkOnce(ctx context.Context, conn *sql.Conn, wary bool, fn func(*bulkTx) error) (missed []string, err error) {
	t, err := conn.BeginTx(s.lasting(ctx), nil)
	if err != nil {
		return nil, err
	}
	defer t.Rollback() // after a commit this does nothing
	n := s.begun(ctx, t)
	n.conn = conn
	if known := s.kept(s.writer); known != nil {
		r := &rememberedTx{Tx: t, known: known}
		defer func() { missed = r.missed }()
		n.queries = r
	}
	if err := fn(&bulkTx{n, wary}); err != nil {
		return nil, err
	}
	return nil, t.Commit()
}

// begin runs the first statements of a transaction, and gives it the bounds of long work.
func (t *bulkTx) begin(all ...statement) error {
	if t.d.name == "postgres" {
		all = append([]statement{longBounds()}, all...)
	}
	return t.together(all...)
}

// insert writes n rows of a table: by COPY on PostgreSQL, by statements of many rows on SQLite. row gives the values of
// the i-th, in the order of the columns. On PostgreSQL it is called while the rows before are being written: it uses the
// database for nothing.
func (t *bulkTx) insert(table string, columns []string, n int, row func(i int, r *bulkRow) error) error {
	if n == 0 {
		return nil
	}
	if t.d.name == "postgres" {
		return t.copyRows(table, columns, n, row)
	}
	return t.insertValues(table, columns, n, row)
}

func (t *bulkTx) copyRows(table string, columns []string, n int, row func(i int, r *bulkRow) error) error {
	src := newCopySource(len(columns), n, row)
	query := fmt.Sprintf("COPY %s (%s) FROM STDIN (FORMAT binary)", table, strings.Join(columns, ", "))
	err := t.conn.Raw(func(c any) error {
		_, err := c.(*stdlib.Conn).Conn().PgConn().CopyFrom(t.ctx, src, query)
		return err
	})
	if own := src.end(); own != nil {
		return own
	}
	return err
}

// bulkValues is how many values one statement takes on SQLite. Values are half as fast again as rows taken out of one
// JSON argument when there are many columns.
const bulkValues = 2000

// insertValues writes rows by statements of many rows, of few, and of one, so that there are three to keep prepared. A
// statement that fails leaves what it wrote (OR FAIL): the transaction takes it back, and SQLite copies no pages for it.
func (t *bulkTx) insertValues(table string, columns []string, n int, row func(i int, r *bulkRow) error) error {
	one := "(?" + strings.Repeat(", ?", len(columns)-1) + ")"
	head := fmt.Sprintf(`INSERT OR FAIL INTO %s (%s) VALUES `, table, strings.Join(columns, ", ")) + one
	most := max(bulkValues/len(columns), 1)
	r := &bulkRow{args: make([]any, 0, most*len(columns))}
	i := 0
	for _, size := range []int{most, max(most/8, 1), 1} {
		if n-i < size {
			continue
		}
		query := head + strings.Repeat(", "+one, size-1)
		for ; n-i >= size; i += size {
			r.args = r.args[:0]
			for k := range size {
				if err := row(i+k, r); err != nil {
					return err
				}
			}
			if _, err := t.ExecContext(t.ctx, query, r.args...); err != nil {
				return err
			}
		}
	}
	return nil
}

// wantIDs is how many ids of a table are to be reserved.
type wantIDs struct {
	table string
	n     int
}

// nextIDs reserves ids of tables, each ascending.
func (t *bulkTx) nextIDs(wants ...wantIDs) ([][]int64, error) {
	out := make([][]int64, len(wants))
	if t.d.name == "postgres" {
		err := t.conn.Raw(func(c any) error {
			var b pgx.Batch
			for i, w := range wants {
				b.Queue(`SELECT array_agg(nextval(q.name)) FROM
					(SELECT pg_get_serial_sequence($1, 'id')::regclass AS name OFFSET 0) q, generate_series(1, $2::int)`, w.table, w.n).
					QueryRow(func(r pgx.Row) error { return r.Scan(&out[i]) })
			}
			return c.(*stdlib.Conn).Conn().SendBatch(t.ctx, &b).Close()
		})
		for _, ids := range out {
			slices.Sort(ids)
		}
		return out, err
	}
	for i, w := range wants {
		var last int64
		if err := ignoreNone(t.row(`SELECT seq FROM sqlite_sequence WHERE name = $1`, []any{w.table}, &last)); err != nil {
			return nil, err
		}
		out[i] = make([]int64, w.n)
		for k := range out[i] {
			out[i][k] = last + int64(k) + 1
		}
	}
	return out, nil
}

// anyOf is a condition's right side for parameter $n, and the parameter for keys.
func (t *bulkTx) anyOf(n int, keys []string) (condition string, param any) {
	if t.d.name == "postgres" {
		return fmt.Sprintf("= ANY ($%d::text[])", n), keys
	}
	return t.d.inText(n), js(keys)
}
