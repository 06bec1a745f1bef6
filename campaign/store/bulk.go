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
type bulkTx struct{ *tx }

// bulkWrite is write for a transaction that writes in bulk. A unique constraint that another transaction was quicker
// with makes it begin again: the second time it sees the other's row.
func (s *Store) bulkWrite(ctx context.Context, what string, fn func(*bulkTx) error) error {
	conn, err := s.writer.Conn(ctx)
	if err != nil {
		return s.told(ctx, what, err)
	}
	defer conn.Close()
	for lost := range txAttempts {
		if err = s.bulkOnce(ctx, conn, fn); !conflict(err) && !duplicate(err) {
			break
		}
		pause(ctx, lost)
	}
	return s.told(ctx, what, err)
}

func (s *Store) bulkOnce(ctx context.Context, conn *sql.Conn, fn func(*bulkTx) error) error {
	t, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer t.Rollback() // after a commit this does nothing
	n := s.begun(ctx, t)
	n.conn = conn
	if err := n.takeTime(); err != nil {
		return err
	}
	if err := fn(&bulkTx{n}); err != nil {
		return err
	}
	return t.Commit()
}

// bulkValues is how many values one statement takes on SQLite. Values are half as fast again as rows taken out of one
// JSON argument when there are many columns.
const bulkValues = 2000

// insert writes rows: by COPY on PostgreSQL, by statements of many rows on SQLite.
func (t *bulkTx) insert(table string, columns []string, rows [][]any) error {
	if len(rows) == 0 {
		return nil
	}
	if t.d.name == "postgres" {
		return t.conn.Raw(func(c any) error {
			_, err := c.(*stdlib.Conn).Conn().CopyFrom(t.ctx, pgx.Identifier{table}, columns, pgx.CopyFromRows(rows))
			return err
		})
	}
	return t.insertValues(table, columns, rows)
}

// insertValues writes rows by statements of many rows, prepared once.
func (t *bulkTx) insertValues(table string, columns []string, rows [][]any) error {
	one := "(" + strings.Repeat("?, ", len(columns)-1) + "?)"
	query := func(n int) string {
		return fmt.Sprintf(`INSERT INTO %s (%s) VALUES `, table, strings.Join(columns, ", ")) + strings.Repeat(one+", ", n-1) + one
	}
	per := bulkValues / len(columns)
	var full *sql.Stmt
	args := make([]any, 0, per*len(columns))
	for part := range slices.Chunk(rows, per) {
		args = args[:0]
		for _, r := range part {
			args = append(args, r...)
		}
		if len(part) < per {
			if _, err := t.exec(query(len(part)), args...); err != nil {
				return err
			}
			continue
		}
		if full == nil {
			var err error
			if full, err = t.PrepareContext(t.ctx, query(per)); err != nil { //nolint:sqlclosecheck // prepared once in the loop, closed by the defer below
				return err
			}
			defer full.Close()
		}
		if _, err := full.ExecContext(t.ctx, args...); err != nil {
			return err
		}
	}
	return nil
}

// nextIDs reserves n ids of a table, ascending.
func (t *bulkTx) nextIDs(table string, n int) ([]int64, error) {
	ids := make([]int64, 0, n)
	if t.d.name == "postgres" {
		err := t.each(`SELECT nextval(pg_get_serial_sequence($1, 'id')) FROM generate_series(1, $2::int)`, []any{table, n}, func(r *sql.Rows) error {
			var id int64
			err := r.Scan(&id)
			ids = append(ids, id)
			return err
		})
		slices.Sort(ids)
		return ids, err
	}
	var last int64
	if err := ignoreNone(t.row(`SELECT seq FROM sqlite_sequence WHERE name = $1`, []any{table}, &last)); err != nil {
		return nil, err
	}
	for i := range n {
		ids = append(ids, last+int64(i)+1)
	}
	return ids, nil
}
