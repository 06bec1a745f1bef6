package storetest

import (
	"time"

	"redial/campaign"
)

func init() {
	cases = append(cases, testCase{"I3 calls that an older node handled count on every subject once they are over", olderNodes})
}

// olderNodes leaves the record as a node does that knows numbers alone.
func olderNodes(b *bundle) {
	c := b.campaign(func(c *campaign.Campaign) {
		c.Rules.Caps = []campaign.Cap{{Scope: campaign.CapAccount, Max: 1, Period: time.Hour}}
	})
	draft := func(n int, account string) campaign.Draft {
		return campaign.Draft{Zones: []string{"Asia/Shanghai"}, Account: account, Numbers: []campaign.Number{{Phone: phone(n)}}}
	}
	ids := b.load(c, draft(1, "concluded"), draft(2, "concluded"), draft(3, "released"), draft(4, "released"), draft(5, "offered"), draft(6, "offered"))
	const accounts = `subject_id IN (SELECT id FROM subjects WHERE kind = 'account')`
	a := b.agent()
	tell := func(want int) {
		b.Helper()
		if n := must[int](b)(b.s.TellSubjects(b.Context(), 100)); n != want {
			b.Errorf("told of %d calls, want %d", n, want)
		}
	}
	call := func(lead campaign.LeadID) {
		b.Helper()
		b.call(a, campaign.NoAnswer, lead)
		b.ready(a)
	}

	call(ids[0])
	tell(0)
	b.exec(`UPDATE subject_uses SET outcome = '', placed = FALSE WHERE ` + accounts)
	open := b.claim(a, ids[2])
	if len(b.audit()) == 0 {
		b.Error("the audit does not see that a call is not counted on its account")
	}
	tell(1)
	b.sound()
	if n := b.count(`SELECT count(*) FROM subject_uses WHERE outcome = 'NO_ANSWER' AND placed`); n != 2 {
		b.Errorf("the call counts on %d subjects, want its number and its account", n)
	}
	b.exec(`UPDATE assignments SET state = 'declined', closed_at = 1 WHERE id = ` + str(open.ID))
	b.exec(`DELETE FROM subject_uses WHERE assignment_id = ` + str(open.ID) + ` AND NOT ` + accounts)
	b.exec(`UPDATE leads SET state = 'open', assignment_id = 0 WHERE id = ` + str(ids[2]))
	b.exec(`UPDATE sessions SET assignment_id = 0`)
	b.ready(a)
	if got := b.try(b.s, a, ids[3]); got.Assignment != nil {
		b.Fatal("a reservation that was not given back does not bind")
	}
	tell(1)
	call(ids[3])

	call(ids[4])
	offered := ` assignment_id = (SELECT max(id) FROM assignments)`
	b.exec(`DELETE FROM subject_uses WHERE ` + accounts + ` AND` + offered)
	b.exec(`UPDATE subject_uses SET phone = '' WHERE` + offered)
	b.exec(`UPDATE assignments SET subjects = '[]' WHERE id = (SELECT max(id) FROM assignments)`)
	tell(1)
	tell(0)
	if got := b.try(b.s, a, ids[5]); got.Assignment != nil {
		b.Error("a call that an older node offered does not count on its account")
	}
	if n := b.count(`SELECT count(*) FROM subject_uses WHERE` + offered + ` AND phone = '` + string(phone(5)) + `'`); n != 2 {
		b.Errorf("it counts on %d subjects, want 2", n)
	}
}
