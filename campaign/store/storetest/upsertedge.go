package storetest

import (
	"strings"
	"time"

	"redial/campaign"
)

func init() { cases = append(cases, upsertEdgeCases...) }

var upsertEdgeCases = []testCase{
	{"no lead comes into a list that was undone meanwhile", upsertIntoUndone},
}

// behind runs a deed while a statement has not committed yet, and commits that once the deed waits for it.
func (b *bundle) behind(query string, arg any, deed func()) {
	b.Helper()
	if strings.HasPrefix(b.url, "sqlite://") {
		b.exec(query, arg) // writers wait for each other before they look
		deed()
		return
	}
	tx, err := b.sql().BeginTx(b.Context(), nil)
	b.ok(err)
	defer tx.Rollback() // after a commit this does nothing
	_, err = tx.ExecContext(b.Context(), query, arg)
	b.ok(err)
	done := make(chan struct{})
	go func() { defer close(done); deed() }()
	for b.count(`SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`) == 0 {
		select {
		case <-done:
			b.Fatal("the deed did not wait")
		case <-b.Context().Done():
			b.FailNow()
		case <-time.After(5 * time.Millisecond):
		}
	}
	b.ok(tx.Commit())
	<-done
}

func upsertIntoUndone(b *bundle) {
	c := b.campaign(nil)
	undone := b.lead(b.upsert("added", put(c.ID, "1", 1, "one", phone(1)))[0].Lead).ListID
	var got campaign.UpsertResult
	b.behind(`UPDATE lists SET state = 'undone' WHERE id = $1`, int64(undone), func() {
		got = b.upsert("added", put(c.ID, "2", 1, "two", phone(2)))[0]
	})
	if l := b.lead(got.Lead); l.ListID == undone {
		b.Errorf("lead %d is in list %d, which was undone", l.ID, undone)
	}
}
