package store

import (
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
)

// dialect is what differs between the engines. All other SQL is one text.
type dialect struct {
	name       string
	forUpdate  string // after a SELECT that locks its rows, in order of id
	skipLocked string // the same, passing over rows that others hold
	forShare   string
	startNo    string // the number of a call's start, in the order of the locks that starts take; v is the row as it will be
}

var (
	sqliteDialect   = &dialect{name: "sqlite", startNo: "v.started_at"}
	postgresDialect = &dialect{name: "postgres", forUpdate: " FOR UPDATE", skipLocked: " FOR UPDATE SKIP LOCKED", forShare: " FOR SHARE",
		startNo: "nextval('assignment_starts')"}
)

// set is a FROM item that turns parameter $n, a JSON list of objects, into rows v(cols...). Each col is "name type"
// with type bigint, text, boolean or double precision. The functions are the quicker ones of those there are: as jsonb
// PostgreSQL takes twice as long over it, and SQLite writes each row as text again if it is not jsonb.
func (d *dialect) set(n int, alias string, cols ...string) string { //nolint:unparam // the query that it stands in names the alias
	if d.name == "postgres" {
		return fmt.Sprintf("json_to_recordset($%d::text::json) AS %s(%s)", n, alias, strings.Join(cols, ", "))
	}
	parts := make([]string, len(cols))
	for i, c := range cols {
		name, _, _ := strings.Cut(c, " ")
		parts[i] = fmt.Sprintf("value->>'%s' AS %s", name, name)
	}
	return fmt.Sprintf("(SELECT %s FROM jsonb_each($%d)) AS %s", strings.Join(parts, ", "), n, alias)
}

// in is a condition's right side for parameter $n, a JSON list of integers.
func (d *dialect) in(n int) string {
	if d.name == "postgres" {
		return fmt.Sprintf("= ANY ((SELECT translate($%d::text, '[]', '{}')::bigint[])::bigint[])", n)
	}
	return fmt.Sprintf("IN (SELECT value FROM json_each($%d))", n)
}

// parameter is a statement's nth.
func parameter(n int) string { return fmt.Sprintf("$%d", n) }

// inText is the same for a JSON list of strings.
func (d *dialect) inText(n int) string {
	if d.name == "postgres" {
		return fmt.Sprintf("= ANY (ARRAY(SELECT jsonb_array_elements_text($%d::text::jsonb)))", n)
	}
	return fmt.Sprintf("IN (SELECT value FROM json_each($%d))", n)
}

// inSelect is a condition's right side for the ids that a SELECT yields. As an array they are looked up by index
// whatever PostgreSQL believes of a table that it has no statistics of yet; as a subquery it reads all of that table.
func (d *dialect) inSelect(query string) string {
	if d.name == "postgres" {
		return "= ANY (ARRAY(" + query + "))"
	}
	return "IN (" + query + ")"
}

// errLost says that what was to be locked changed before it was: the transaction begins again.
var errLost = errors.New("the rows changed again and again while they were being locked")

var (
	// errBusy says that no connection was to be had in time.
	errBusy = errors.New("no connection to the database in time")
	// errSlow says that a transaction was ended because it took too long.
	errSlow = errors.New("the transaction took too long")
)

// conflict says whether the transaction lost against another and may simply be run again.
func conflict(err error) bool { return troubleOf(err) == lost }

// duplicate says whether err is a violated unique constraint.
func duplicate(err error) bool {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Code == "23505"
	}
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return e.Code() == 2067 || e.Code() == 1555 // SQLITE_CONSTRAINT_UNIQUE, _PRIMARYKEY
	}
	return false
}
