package bench

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"redial/campaign/store"
)

// postgresReplay sends deeds over one connection, each statement prepared once, as pgx does.
type postgresReplay struct {
	conn  *pgconn.PgConn
	names map[string]string
}

func newPostgresReplay(ctx context.Context, url string) (*postgresReplay, error) {
	c, err := pgconn.Connect(ctx, url)
	if err != nil {
		return nil, fmt.Errorf("connect for the limit: %w", err)
	}
	if _, err := c.Exec(ctx, store.CallSettings).ReadAll(); err != nil { // the limit is to have the plans that the record has
		return nil, errors.Join(fmt.Errorf("set up the connection for the limit: %w", err), c.Close(ctx))
	}
	return &postgresReplay{c, make(map[string]string)}, nil
}

func (r *postgresReplay) close() error { return r.conn.Close(context.Background()) }

func (r *postgresReplay) prepare(ctx context.Context, deeds []deed) error {
	for i := range deeds {
		for j := range deeds[i].flights {
			for _, s := range deeds[i].flights[j].statements {
				if r.names[s.sql] != "" {
					continue
				}
				if s.sql == "" {
					return errors.New("a statement was not heard being prepared")
				}
				name := fmt.Sprint("s", len(r.names))
				if _, err := r.conn.Prepare(ctx, name, s.sql, nil); err != nil {
					return err
				}
				r.names[s.sql] = name
			}
		}
	}
	return nil
}

func (r *postgresReplay) replay(ctx context.Context, deeds []deed) (rows int, err error) {
	for i := range deeds {
		for j := range deeds[i].flights {
			n, err := r.fly(ctx, &deeds[i].flights[j])
			if err != nil {
				return rows, err
			}
			rows += n
		}
	}
	return rows, nil
}

func (r *postgresReplay) fly(ctx context.Context, f *flight) (rows int, err error) {
	if f.text != "" {
		_, err := r.conn.Exec(ctx, f.text).ReadAll()
		return 0, err
	}
	var b pgconn.Batch
	for i := range f.statements {
		s := &f.statements[i]
		b.ExecPrepared(r.names[s.sql], s.args, s.formats, s.asked)
	}
	all := r.conn.ExecBatch(ctx, &b)
	for all.NextResult() {
		one := all.ResultReader()
		for one.NextRow() {
			rows++
		}
		if _, err := one.Close(); err != nil {
			return rows, errors.Join(err, all.Close())
		}
	}
	return rows, all.Close()
}

// sqliteReplay sends deeds over one connection with the settings of the record's own.
type sqliteReplay struct {
	db    *sql.DB
	conn  *sql.Conn
	ready map[string]*sql.Stmt
}

// preparedMost is how many texts are kept prepared.
const preparedMost = 200

// sqliteSettings are those of the record (see store.Open).
const sqliteSettings = "?_pragma=journal_mode(WAL)&_pragma=busy_timeout(5000)&_pragma=foreign_keys(1)" +
	"&_pragma=synchronous(FULL)&_pragma=cache_size(-65536)&_pragma=temp_store(MEMORY)"

func newSQLiteReplay(ctx context.Context, url string) (*sqliteReplay, error) {
	db, err := sql.Open("sqlite", "file:"+strings.TrimPrefix(url, "sqlite://")+sqliteSettings)
	if err != nil {
		return nil, fmt.Errorf("open the record for the limit: %w", err)
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open the record for the limit: %w", err), db.Close())
	}
	return &sqliteReplay{db, conn, make(map[string]*sql.Stmt)}, nil
}

func (r *sqliteReplay) close() error {
	var errs []error
	for _, st := range r.ready {
		errs = append(errs, st.Close())
	}
	return errors.Join(append(errs, r.conn.Close(), r.db.Close())...)
}

// prepare prepares each text once, as the record does.
func (r *sqliteReplay) prepare(ctx context.Context, deeds []deed) error {
	for i := range deeds {
		for j := range deeds[i].flights {
			text := deeds[i].flights[j].text
			if r.ready[text] != nil || len(r.ready) >= preparedMost {
				continue
			}
			st, err := r.conn.PrepareContext(ctx, text) //nolint:sqlclosecheck // closed with the replay
			if err != nil {
				return err
			}
			r.ready[text] = st
		}
	}
	return nil
}

func (r *sqliteReplay) replay(ctx context.Context, deeds []deed) (rows int, err error) {
	for i := range deeds {
		for j := range deeds[i].flights {
			n, err := r.one(ctx, &deeds[i].flights[j])
			if err != nil {
				return rows, err
			}
			rows += n
		}
	}
	return rows, nil
}

func (r *sqliteReplay) one(ctx context.Context, f *flight) (n int, err error) {
	var rows *sql.Rows
	if st := r.ready[f.text]; st != nil {
		rows, err = st.QueryContext(ctx, f.values...)
	} else {
		rows, err = r.conn.QueryContext(ctx, f.text, f.values...)
	}
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	for rows.Next() {
		n++
	}
	return n, rows.Err()
}
