package storetest

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"redial/campaign"
	"redial/campaign/store"
)

func init() { cases = append(cases, upsertEdgeCases...) }

var upsertEdgeCases = []testCase{
	{"no lead comes into a list that was undone meanwhile", upsertIntoUndone},
	{"a move and a withdrawal of the same revision as the values are done, once", upsertSameRevision},
	{"a lead that was moved is not told as finished, and stays held off", upsertMoveTold},
	{"an id that can be no lead's is named, and sinks no other", upsertUnnamed},
	{"a lead that was moved does not come back beside itself", upsertNotTwice},
	{"a late promise of a lead that was moved is told where to book it", upsertLateMoved},
	{"a lead that was moved is erased with what it went on from", upsertErased},
	{"what a sender withdraws before it came does not bind those who see more", upsertGoneGrants},
	{"who asks for some types of events is told of a restore", restoreIsTold},
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

func upsertSameRevision(b *bundle) {
	c, other := b.campaign(nil), b.campaign(nil)
	b.upsert("added", put(c.ID, "7", 5, "Li", phone(1)))
	b.upsert("moved unchanged", moveTo(other.ID, "7", 5), moveTo(other.ID, "7", 5))
	b.upsert("unchanged", put(c.ID, "7", 5, "Li Lei", phone(1)))
	b.upsert("withdrawn unchanged", takeOut("7", 5), takeOut("7", 5))
	b.upsert("unchanged", put(c.ID, "7", 5, "Li", phone(1)))
	b.sound()
}

func upsertMoveTold(b *bundle) {
	c, other := b.campaign(nil), b.campaign(nil)
	old := b.upsert("added", put(c.ID, "7", 1, "Li", phone(1)))[0].Lead
	until := b.s.Now().Add(48 * time.Hour).Truncate(time.Second)
	offer := b.claim(b.agent(), old)
	_, err := b.s.HoldOff(b.Context(), campaign.HoldOff{Assignment: offer.ID, Until: until, Reason: "asked to wait"})
	b.ok(err)
	l := b.lead(b.upsert("moved", moveTo(other.ID, "7", 2))[0].Lead)
	if !l.HeldOffUntil.Equal(until) || l.HeldOffReason != "asked to wait" || l.Plan.At.Before(until) {
		b.Errorf("it goes on as %+v", l)
	}
	if n := b.count(`SELECT count(*) FROM outbox WHERE type = 'lead_finished'`); n != 0 {
		b.Errorf("%d leads are told as finished", n)
	}
	b.upsert("withdrawn", takeOut("7", 3))
	if n := b.count(`SELECT count(*) FROM outbox WHERE type = 'lead_finished'`); n != 1 {
		b.Errorf("%d leads are told as finished, want the one that was withdrawn", n)
	}
	b.sound()
}

func restoreIsTold(b *bundle) {
	b.campaign(nil)
	must[campaign.Restored](b)(b.s.Restored(b.Context()))
	epoch, _, err := b.s.Elect(b.Context(), store.Elected, "n", time.Hour)
	b.ok(err)
	must[int](b)(b.s.Sequence(b.Context(), epoch, 100))
	now := must[campaign.Stream](b)(b.s.Stream(b.Context()))
	var told []campaign.ToldEvent
	for at := int64(0); at < now.Last; {
		p := must[campaign.EventPage](b)(b.s.Events(b.Context(), at, now.Last, campaign.EventFilter{Types: []campaign.EventType{campaign.EventBadData}}))
		told, at = append(told, p.Events...), p.Next
	}
	if len(told) != 1 || told[0].Type != campaign.EventRestored {
		b.Errorf("told of %+v", told)
	}
}

func upsertUnnamed(b *bundle) {
	c := b.campaign(nil)
	var items []campaign.UpsertItem
	for i, id := range []string{"a\x00b", "\xff\xfe", "", strings.Repeat("x", 201), "", "good"} {
		items = append(items, put(c.ID, id, 1, "Li", phone(i)))
	}
	items[1].Values.Account = " spaced "
	for i, r := range b.upsert("1 1 1 1 1 added", items...)[:5] {
		fields := len(r.Err.Violations)
		if r.Err.Violations[0].Field != "external_id" || (fields == 2) != (i == 1) || !utf8.ValidString(r.ExternalID) {
			b.Errorf("item %d: %+v", i, r)
		}
	}
}

func upsertNotTwice(b *bundle) {
	c, other := b.campaign(nil), b.campaign(nil)
	old := b.upsert("added", put(c.ID, "7", 1, "Li", phone(1)))[0].Lead
	next := b.upsert("moved", moveTo(other.ID, "7", 2))[0].Lead
	_, err := b.s.ReopenLead(b.Context(), old, 0, "boss")
	b.refused(err, campaign.KindConflict, "")
	if err == nil || !strings.Contains(err.Error(), fmt.Sprint("lead ", next)) {
		b.Errorf("it says %v, not that it went on as lead %d", err, next)
	}
	b.upsert("withdrawn", takeOut("7", 3))
	must[campaign.Lead](b)(b.s.ReopenLead(b.Context(), old, 0, "boss"))
}

func upsertLateMoved(b *bundle) {
	c, other := b.campaign(nil), b.campaign(nil)
	old := b.upsert("added", put(c.ID, "7", 1, "Li", phone(1)))[0].Lead
	as := b.lapsed(c, b.agent(), old)
	next := b.upsert("moved", moveTo(other.ID, "7", 2))[0].Lead
	r := result(as, campaign.Booked)
	r.Booking = &campaign.Booking{Local: local(b.s.Now().Add(time.Hour))}
	if got := must[campaign.Recorded](b)(b.s.Conclude(b.Context(), r)); got.Late != campaign.LateWaits {
		b.Fatalf("got %+v", got)
	}
	_, err := b.s.ResolveLate(b.Context(), as.ID, true, "boss")
	b.refused(err, campaign.KindUnready, campaign.ReasonBadState)
	if err == nil || !strings.Contains(err.Error(), fmt.Sprint("lead ", next)) {
		b.Errorf("it says %v, not that it goes on as lead %d", err, next)
	}
	must[campaign.Recorded](b)(b.s.ResolveLate(b.Context(), as.ID, false, "boss"))
	b.sound()
}

func upsertErased(b *bundle) {
	c, other := b.campaign(nil), b.campaign(nil)
	old := b.upsert("added", put(c.ID, "7", 1, "Li", phone(1)))[0].Lead
	next := b.upsert("moved", moveTo(other.ID, "7", 2))[0].Lead
	if _, err := b.s.EraseLead(b.Context(), next, false, "asked for it"); err != nil {
		b.Fatal(err)
	}
	for _, id := range []campaign.LeadID{old, next} {
		if l := b.lead(id); l.ErasedAt.IsZero() || l.Name != "" || l.ExternalID != "" {
			b.Errorf("lead %d is %+v", id, l)
		}
	}
	b.sound()
}

func upsertGoneGrants(b *bundle) {
	c, other := b.campaign(nil), b.campaign(nil)
	as := func(sees []campaign.CampaignID, item campaign.UpsertItem, want campaign.UpsertDone) {
		b.Helper()
		got := must[campaign.Upserted](b)(b.s.UpsertLeads(b.Context(), campaign.UpsertBatch{Source: "crm", Campaigns: sees,
			Items: []campaign.UpsertItem{item}, Number: number}))
		if r := got.Results[0]; r.Done != want {
			b.Errorf("got %+v, want %v", r, want)
		}
	}
	mine := []campaign.CampaignID{other.ID, c.ID}
	as(mine, takeOut("7", 9), campaign.UpsertUnchanged)
	as([]campaign.CampaignID{c.ID, other.ID}, put(c.ID, "7", 5, "Li", phone(1)), campaign.UpsertStale)
	as([]campaign.CampaignID{c.ID}, put(c.ID, "7", 5, "Li", phone(1)), campaign.UpsertAdded)
	as(mine, takeOut("8", 9), campaign.UpsertUnchanged)
	as(nil, put(c.ID, "8", 5, "Li", phone(2)), campaign.UpsertAdded)
	as(nil, takeOut("9", 9), campaign.UpsertUnchanged)
	as(mine, put(c.ID, "9", 5, "Li", phone(3)), campaign.UpsertStale)
}
