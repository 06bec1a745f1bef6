package bench

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"unsafe"

	"modernc.org/libc"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// sqliteTrace keeps what a record sends to its SQLite file. SQLite itself tells of it (sqlite3_trace_v2): the driver
// has no word for that, so its connection is asked for the handle.
type sqliteTrace struct {
	at string

	mu    sync.Mutex
	on    bool
	now   *deed
	deeds []deed
}

// traced are the traces by the handle of their connections; the hook knows which file is to be traced.
var traced struct {
	sync.Mutex
	once  sync.Once
	files map[string]*sqliteTrace
	conns map[uintptr]*sqliteTrace
}

func newSQLiteTrace(url string) (*sqliteTrace, error) {
	t := &sqliteTrace{at: url}
	traced.once.Do(func() {
		traced.files, traced.conns = make(map[string]*sqliteTrace), make(map[uintptr]*sqliteTrace)
		sqlite.RegisterConnectionHook(hookTrace)
	})
	traced.Lock()
	defer traced.Unlock()
	traced.files["file:"+strings.TrimPrefix(url, "sqlite://")] = t
	return t, nil
}

// hookTrace begins the trace of a connection that writes to a traced file.
func hookTrace(conn sqlite.ExecQuerierContext, dsn string) error {
	file, settings, _ := strings.Cut(dsn, "?")
	traced.Lock()
	defer traced.Unlock()
	t := traced.files[file]
	if t == nil || !strings.Contains(settings, "_txlock=immediate") {
		return nil
	}
	field := reflect.ValueOf(conn).Elem().FieldByName("db")
	if !field.IsValid() || field.Kind() != reflect.Uintptr {
		return errors.New("this version of the SQLite driver cannot be traced: measure with --engine postgres")
	}
	db := uintptr(field.Uint())
	traced.conns[db] = t
	tls := libc.NewTLS()
	defer tls.Close()
	told := heard
	callback := *(*uintptr)(unsafe.Pointer(&struct {
		f func(*libc.TLS, uint32, uintptr, uintptr, uintptr) int32
	}{told})) // a function pointer as the driver itself makes them
	if rc := sqlite3.Xsqlite3_trace_v2(tls, db, sqlite3.SQLITE_TRACE_STMT, callback, db); rc != sqlite3.SQLITE_OK {
		return fmt.Errorf("trace SQLite: code %d", rc)
	}
	return nil
}

// heard is called when a statement begins to run.
func heard(tls *libc.TLS, _ uint32, db, stmt, _ uintptr) int32 {
	traced.Lock()
	t := traced.conns[db]
	traced.Unlock()
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.on {
		return 0
	}
	p := sqlite3.Xsqlite3_expanded_sql(tls, stmt)
	expanded := strings.Clone(libc.GoString(p))
	sqlite3.Xsqlite3_free(tls, p)
	f := flight{text: strings.Clone(libc.GoString(sqlite3.Xsqlite3_sql(tls, stmt)))}
	var ok bool
	if f.values, ok = parameters(f.text, expanded); !ok {
		f = flight{text: expanded}
	}
	switch word := strings.ToLower(f.text); {
	case strings.HasPrefix(word, "begin"):
		t.now = &deed{[]flight{f}}
	case strings.HasPrefix(word, "commit") && t.now != nil:
		t.now.flights = append(t.now.flights, f)
		t.deeds = append(t.deeds, *t.now)
		t.now = nil
	case strings.HasPrefix(word, "rollback"):
		t.now = nil
	case t.now != nil:
		t.now.flights = append(t.now.flights, f)
	}
	return 0
}

func (t *sqliteTrace) url() string { return t.at }

func (t *sqliteTrace) record() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.on, t.now, t.deeds = true, nil, nil
}

func (t *sqliteTrace) take() []deed {
	t.mu.Lock()
	defer t.mu.Unlock()
	d := t.deeds
	t.on, t.deeds = false, nil
	return d
}

func (t *sqliteTrace) close() error {
	traced.Lock()
	defer traced.Unlock()
	for key, of := range traced.files {
		if of == t {
			delete(traced.files, key)
		}
	}
	for key, of := range traced.conns {
		if of == t {
			delete(traced.conns, key)
		}
	}
	return nil
}
