package store

import (
	"fmt"
	"testing"
	"time"

	"redial/campaign"
)

// The place of the next event is counted from the last one: it must outlive its time, or readers would wait for ever
// behind places that are given again.
func TestTheLastEventIsKept(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, b *bench) {
		number := func() {
			t.Helper()
			epoch, _, err := b.Elect(t.Context(), Elected, "a", time.Minute)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := b.Sequence(t.Context(), epoch, 100); err != nil {
				t.Fatal(err)
			}
		}
		for _, name := range []string{"one", "two", "three"} {
			c := b.campaign(t, name)
			if _, err := b.StartCampaign(t.Context(), c.ID); err != nil {
				t.Fatal(err)
			}
		}
		number()
		last := b.count(t, `SELECT max(seq) FROM events`)
		b.now.Add(int64(400 * 24 * time.Hour))
		if _, err := b.DropEvents(t.Context(), campaign.LeastEventsKept); err != nil {
			t.Fatal(err)
		}
		if n := b.count(t, `SELECT count(*) FROM events`); last < 2 || n != 1 {
			t.Fatalf("%d of %d events are left, want the last one alone", n, last)
		}
		c := b.campaign(t, "four")
		if _, err := b.StartCampaign(t.Context(), c.ID); err != nil {
			t.Fatal(err)
		}
		number()
		if again := b.count(t, `SELECT min(seq) FROM events WHERE campaign_id = $1`, int64(c.ID)); again <= last {
			t.Errorf("the next event has place %d, the last had %d", again, last)
		}
	})
}

// How far the stream was dropped is known whether it went by months or by rows, and who reads over it is told.
func TestWhatWasDroppedOfTheStreamIsKnown(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, b *bench) {
		tell := func(n int) {
			t.Helper()
			for range n {
				must[campaign.Suppressed](t)(b.Suppress(t.Context(), campaign.Suppression{Phone: campaign.Phone(fmt.Sprintf("+8613900%06d", b.count(t, `SELECT count(*) FROM subjects`)))}))
			}
			epoch, _, err := b.Elect(t.Context(), Elected, "a", time.Minute)
			if err != nil {
				t.Fatal(err)
			}
			must[int](t)(b.Sequence(t.Context(), epoch, 100))
		}
		days := func(n int) { b.now.Add(int64(time.Duration(n) * 24 * time.Hour)) }
		tell(3) // 1 to 3, a month of their own
		days(100)
		tell(2) // 4 and 5
		days(2)
		tell(1) // 6
		days(2)
		b.sql(t, `UPDATE events SET at = at + $1 WHERE seq = 4`, (3 * 24 * time.Hour).Microseconds()) // committed before 5, by a clock that was ahead
		tell(1)                                                                                       // 7
		for _, c := range []struct {
			keep            time.Duration
			gone, left, top int64
		}{{50 * 24 * time.Hour, 3, 4, 3}, {3 * 24 * time.Hour, 1, 3, 5}, {24 * time.Hour, 2, 1, 6}, {24 * time.Hour, 0, 1, 6}} {
			if n := must[int64](t)(b.DropEvents(t.Context(), c.keep)); n != c.gone {
				t.Errorf("%v is kept: %d were dropped, want %d", c.keep, n, c.gone)
			}
			if s := must[campaign.Stream](t)(b.Stream(t.Context())); s.Dropped != c.top || s.Last != 7 || b.count(t, `SELECT count(*) FROM events`) != c.left {
				t.Errorf("%v is kept: %+v, %d are left; want %+v", c.keep, s, b.count(t, `SELECT count(*) FROM events`), c)
			}
			if _, err := b.Events(t.Context(), c.top-1, 7, campaign.EventFilter{}); campaign.ReasonOf(err) != campaign.ReasonCursorOld {
				t.Errorf("%v is kept: reading on from %d: %v", c.keep, c.top-1, err)
			}
			if p := must[campaign.EventPage](t)(b.Events(t.Context(), c.top, 7, campaign.EventFilter{})); p.Next != 7 || int64(len(p.Events)) != 7-c.top {
				t.Errorf("%v is kept: from %d on there are %d", c.keep, c.top, len(p.Events))
			}
		}
	})
}

// What old rows are strewn over is walked once, whatever lies between them.
func TestOldUsesAreRemovedAmongYoungOnes(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, b *bench) {
		old, young := us(b.Now()), us(b.Now().Add(399*24*time.Hour))
		b.sql(t, `INSERT INTO subject_uses (subject_id, assignment_id, campaign_id, lead_id, placed_at)
			WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 13000)
			SELECT i, i, 1, 1, CASE WHEN i % 4 = 0 OR i > 12500 THEN CAST($1 AS bigint) ELSE CAST($2 AS bigint) END FROM n`, old, young)
		want := b.count(t, `SELECT count(*) FROM subject_uses WHERE placed_at = $1`, young)
		b.now.Add(int64(400 * 24 * time.Hour))
		done, err := b.Retention(t.Context(), campaign.LeastKept)
		if err != nil {
			t.Fatal(err)
		}
		if left := b.count(t, `SELECT count(*) FROM subject_uses`); left != want || done.Uses != 13000-want {
			t.Errorf("%d uses are left, %d were removed; want %d and %d", left, done.Uses, want, 13000-want)
		}
	})
}
