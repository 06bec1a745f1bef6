package bench

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// importTables are what a lead of a file is written to, row by row.
var importTables = [...]string{"subjects", "leads", "lead_numbers"}

// copyBare writes what one record holds of its leads into an empty one, under the clock.
func copyBare(ctx context.Context, e *engine, from database, rows int) (s slice, err error) {
	to, err := e.empty()
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, to.drop()) }()
	made, err := to.open(ctx) // for its tables
	if err != nil {
		return s, err
	}
	if err := made.Close(); err != nil {
		return s, err
	}
	if e.pg != nil {
		s, err = copyPostgres(ctx, from.url, to.url)
	} else {
		s, err = copySQLite(ctx, from.url, to.url)
	}
	if err == nil && s.done != rows {
		err = fmt.Errorf("%w: %d of %d leads were written in bulk", errWrong, s.done, rows)
	}
	return s, err
}

func copyPostgres(ctx context.Context, from, to string) (s slice, err error) {
	tables := make([]bytes.Buffer, len(importTables))
	err = withPostgres(ctx, from, func(c *pgconn.PgConn) error {
		for i, t := range importTables {
			if _, err := c.CopyTo(ctx, &tables[i], "COPY "+t+" TO STDOUT (FORMAT binary)"); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return s, fmt.Errorf("read the rows for the limit: %w", err)
	}
	err = withPostgres(ctx, to, func(c *pgconn.PgConn) error {
		w, began := startWatch(), time.Now()
		if _, err := c.Exec(ctx, "BEGIN").ReadAll(); err != nil {
			return err
		}
		for i, t := range importTables {
			tag, err := c.CopyFrom(ctx, &tables[i], "COPY "+t+" FROM STDIN (FORMAT binary)")
			if err != nil {
				return err
			}
			if t == "leads" {
				s.done = int(tag.RowsAffected())
			}
		}
		_, err := c.Exec(ctx, "COMMIT").ReadAll()
		s.took, s.outside = time.Since(began), w.outside()
		return err
	})
	if err != nil {
		err = fmt.Errorf("copy the rows for the limit: %w", err)
	}
	return s, err
}

func withPostgres(ctx context.Context, url string, do func(*pgconn.PgConn) error) error {
	c, err := pgconn.Connect(ctx, url)
	if err != nil {
		return err
	}
	return errors.Join(do(c), c.Close(ctx))
}

func copySQLite(ctx context.Context, from, to string) (s slice, err error) {
	open := func(url string) (*sql.DB, error) {
		db, err := sql.Open("sqlite", "file:"+strings.TrimPrefix(url, "sqlite://")+sqliteSettings)
		if err == nil {
			db.SetMaxOpenConns(1)
		}
		return db, err
	}
	in, err := open(from)
	if err != nil {
		return s, err
	}
	defer in.Close()
	out, err := open(to)
	if err != nil {
		return s, err
	}
	defer out.Close()
	var tables []sqliteTable
	for _, t := range importTables {
		table, err := readSQLite(ctx, in, t)
		if err != nil {
			return s, fmt.Errorf("read the rows for the limit: %w", err)
		}
		tables = append(tables, table)
	}
	w, began := startWatch(), time.Now()
	for at := 0; at < len(tables[1].rows); at += batchRows {
		if err := writeSQLite(ctx, out, tables, at); err != nil {
			return s, fmt.Errorf("write the rows for the limit: %w", err)
		}
	}
	s.took, s.outside = time.Since(began), w.outside()
	return s, out.QueryRowContext(ctx, `SELECT count(*) FROM leads`).Scan(&s.done)
}

// sqliteTable is a table's rows, ready to be written.
type sqliteTable struct {
	name    string
	columns []string
	rows    [][]any
}

func readSQLite(ctx context.Context, db *sql.DB, name string) (t sqliteTable, err error) {
	t.name = name
	rows, err := db.QueryContext(ctx, "SELECT * FROM "+name)
	if err != nil {
		return t, err
	}
	defer rows.Close()
	if t.columns, err = rows.Columns(); err != nil {
		return t, err
	}
	for rows.Next() {
		row, into := make([]any, len(t.columns)), make([]any, len(t.columns))
		for i := range row {
			into[i] = &row[i]
		}
		if err := rows.Scan(into...); err != nil {
			return t, err
		}
		t.rows = append(t.rows, row)
	}
	return t, rows.Err()
}

// writeSQLite writes the batch of every table that begins at a row, in one transaction.
func writeSQLite(ctx context.Context, db *sql.DB, tables []sqliteTable, at int) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // after a commit this does nothing
	const most = 200    // rows of a statement
	for _, t := range tables {
		for rest := t.rows[min(at, len(t.rows)):min(at+batchRows, len(t.rows))]; len(rest) > 0; {
			some := rest[:min(most, len(rest))]
			rest = rest[len(some):]
			place := "(?" + strings.Repeat(",?", len(t.columns)-1) + ")"
			args := make([]any, 0, len(some)*len(t.columns))
			for _, row := range some {
				args = append(args, row...)
			}
			q := "INSERT INTO " + t.name + " (" + strings.Join(t.columns, ",") + ") VALUES " + place + strings.Repeat(","+place, len(some)-1)
			if _, err := tx.ExecContext(ctx, q, args...); err != nil {
				return err
			}
		}
	}
	return tx.Commit()
}
