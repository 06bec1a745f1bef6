package store

import (
	"context"
	"database/sql"
)

// youngTables are those that have grown tenfold since PostgreSQL last looked at them, or since they were made. What was
// planned for an empty table reads whole indexes of a full one, and keeps to that plan until it is told of their sizes.
const youngTables = `SELECT quote_ident(c.relname) FROM pg_class c JOIN pg_stat_user_tables s ON s.relid = c.oid
	WHERE c.relkind = 'r' AND pg_table_is_visible(c.oid) AND s.n_live_tup >= 500 AND c.reltuples * 10 < s.n_live_tup
	ORDER BY c.relname LIMIT $1`

// LearnSizes has PostgreSQL look at up to limit tables that grew large of late, and says at how many: its own autovacuum
// comes only after a minute, in which a new system's first calls would wait. One that somebody else looks at is passed over.
func (s *Store) LearnSizes(ctx context.Context, limit int) (n int, err error) {
	if s.pool == nil {
		return 0, nil
	}
	var young []string
	err = s.peek(ctx, "look for tables that grew", func(t *tx) error {
		young = nil
		return t.each(youngTables, []any{limit}, func(r *sql.Rows) error {
			var name string
			err := r.Scan(&name)
			young = append(young, name)
			return err
		})
	})
	for _, table := range young {
		if err != nil {
			break
		}
		err = s.write(atLength(ctx), "learn the size of "+table, func(t *tx) error {
			_, err := t.exec(`ANALYZE (SKIP_LOCKED) ` + table)
			return err
		})
	}
	return len(young), err
}
