package store_test

import (
	"database/sql"
	"net/url"
	"strings"
	"testing"
	"time"

	"redial/campaign/store"
	"redial/campaign/store/storetest"
	"redial/campaign/store/storetest/testserver"
)

// through is a database's URL by way of another address.
func through(t testing.TB, db, addr string) string {
	t.Helper()
	u, err := url.Parse(db)
	if err != nil {
		t.Fatal(err)
	}
	u.Host = addr
	return u.String()
}

// back logs how long it took until work went on.
func (x *shift) back(t testing.TB) {
	t.Helper()
	began := time.Now()
	x.progress(t, 1)
	t.Logf("the first acknowledged %v after it was over", time.Since(began).Round(time.Millisecond))
}

// PostgreSQL is stopped as by a crash and started again while work goes on.
func TestI2PostgresRestartsUnderWork(t *testing.T) {
	t.Parallel()
	server := testserver.NewPostgres(t, true)
	x := startShift(t, server.Database(t), 6)
	for range 2 {
		x.progress(t, 40)
		server.Stop()
		x.absence(t, 10)
		if err := server.Start(); err != nil {
			t.Fatal(err)
		}
		x.back(t)
	}
	x.progress(t, 40)
	x.close(t)
}

// The primary dies and its synchronous standby takes over; the URL names both.
func TestI2PostgresFailsOverToItsStandby(t *testing.T) {
	t.Parallel()
	primary := testserver.NewPostgres(t, false)
	db := primary.Database(t)
	standby := testserver.NewStandby(t, primary)
	both := strings.Replace(db, primary.Addr, standby.Addr+","+primary.Addr, 1)
	x := startShift(t, both, 6)
	x.db = storetest.Look(t, both+"&target_session_attrs=read-write")
	x.progress(t, 60)
	primary.Stop()
	x.absence(t, 10)
	if err := standby.Promote(); err != nil {
		t.Fatal(err)
	}
	x.back(t)
	x.progress(t, 60)
	x.close(t)
}

// A server becomes one that may only be read, as an old primary does, and is the primary again later. Those who are
// connected are told away, and nobody connects to it meanwhile.
func TestI2PostgresIsDemotedUnderWork(t *testing.T) {
	t.Parallel()
	server := testserver.NewPostgres(t, false)
	db := server.Database(t)
	x := startShift(t, db, 6)
	x.progress(t, 40)
	for _, on := range []string{"on", "off"} {
		for _, q := range []string{"SET default_transaction_read_only = off", "ALTER SYSTEM SET default_transaction_read_only = " + on, "SELECT pg_reload_conf()"} {
			if _, err := x.db.ExecContext(t.Context(), q); err != nil {
				t.Fatal(err)
			}
		}
		if on == "on" {
			x.absence(t, 20)
			if _, err := store.Open(t.Context(), db, store.Options{}); err == nil || !strings.Contains(err.Error(), "read only") {
				t.Errorf("opened on a server that may only be read: %v", err)
			}
		}
	}
	x.back(t)
	x.progress(t, 40)
	x.close(t)
}

// The cable is cut: nothing comes and nothing breaks. Callers hear of it within seconds and go on when it is mended.
func TestI2TheWayToPostgresIsCut(t *testing.T) {
	t.Parallel()
	server := testserver.NewPostgres(t, false)
	db := server.Database(t)
	proxy := testserver.NewProxy(t, server.Addr)
	x := startShift(t, through(t, db, proxy.Addr), 6)
	x.db = storetest.Look(t, db)
	x.progress(t, 40)
	proxy.Hang()
	x.absence(t, int64(len(x.Agents))+2) // each of them hears of it
	proxy.Heal()
	x.back(t)
	x.progress(t, 20)
	bitten := proxy.Bitten()
	for proxy.Bitten() == bitten { // which may be seen by nobody: what could not begin is begun again
		proxy.Reset()
		x.progress(t, 5)
	}
	x.progress(t, 20)
	x.close(t)
}

// Others take every connection that the server gives.
func TestI2PostgresIsOutOfConnections(t *testing.T) {
	t.Parallel()
	const most = 14
	server := testserver.NewPostgres(t, false)
	admin := storetest.Look(t, server.Database(t))
	for _, q := range []string{"CREATE ROLE app LOGIN CONNECTION LIMIT 14", "CREATE DATABASE limited OWNER app"} {
		if _, err := admin.ExecContext(t.Context(), q); err != nil {
			t.Fatal(err)
		}
	}
	app := "postgres://app@" + server.Addr + "/limited?sslmode=disable"
	x := startShift(t, app, 6)
	x.db = storetest.Look(t, strings.Replace(app, "app@", "postgres@", 1))
	x.progress(t, 40)
	others := storetest.Look(t, app+"&application_name=others")
	var taken []*sql.Conn
	await(t, "others to have every connection", func() bool {
		if _, err := admin.ExecContext(t.Context(), `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
			WHERE usename = 'app' AND application_name <> 'others'`); err != nil {
			t.Fatal(err)
		}
		for len(taken) < most {
			c, err := others.Conn(t.Context())
			if err != nil {
				return false
			}
			taken = append(taken, c)
		}
		return true
	})
	x.absence(t, 10)
	for _, c := range taken {
		c.Close()
	}
	others.Close()
	x.back(t)
	x.progress(t, 40)
	x.close(t)
}
