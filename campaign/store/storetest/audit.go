package storetest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"redial/campaign"
)

var auditCases = []testCase{
	{"I1 I3 I5 I6 I7 I9 the audit finds what was broken by hand", auditFinds},
	{"I3 the audit finds a call beyond a cap", auditFindsCaps},
	{"I3 the audit judges by the rules of then", auditByThenRules},
	{"I3 the audit judges by a law pack's version of then and honours exemptions", auditByPacks},
	{"I3 the audit finds calls beyond caps of every scope", auditFindsScopes},
}

// auditFinds breaks a sound record in one way after another.
func auditFinds(b *bundle) {
	c := b.campaign(nil)
	list, ids := b.list(c, []campaign.Phone{phone(1)}, []campaign.Phone{phone(2)}, []campaign.Phone{phone(3)}, []campaign.Phone{phone(4)})
	a := b.agents(2)
	rec := b.call(a[0], campaign.NoAnswer, ids[0])
	held := b.claim(a[1], ids[1])
	p := must[campaign.Appointment](b)(b.s.Book(b.Context(), ids[2], campaign.Booking{Local: local(b.s.Now().Add(time.Hour))}, a[0], "a"))
	b.sound()
	for _, broken := range []struct{ invariant, break_, mend string }{
		{"I1", `UPDATE leads SET assignment_id = 4711 WHERE id = :held`, `UPDATE leads SET assignment_id = :assignment WHERE id = :held`},
		{"I1", `UPDATE sessions SET assignment_id = 0 WHERE agent_id = :agent`, `UPDATE sessions SET assignment_id = :assignment WHERE agent_id = :agent`},
		{"I3", `UPDATE subject_uses SET placed = FALSE`, `UPDATE subject_uses SET placed = TRUE WHERE lead_id = :tried`},
		{"I5", `INSERT INTO suppressions (subject_id, reason, created_at) SELECT subject_id, 'x', 1 FROM assignments WHERE id = :assignment`, `DELETE FROM suppressions`},
		{"I6", `UPDATE appointments SET grace_end = 1`, `UPDATE appointments SET grace_end = :grace`},
		{"I6", `DELETE FROM appointments`, ``},
		{"I7", `DELETE FROM leads WHERE id = :spare`, `UPDATE lists SET lead_count = 3, row_count = 3 WHERE id = :list`},
		{"I9", `UPDATE agent_states SET spent_us = spent_us + 1 WHERE to_state = 'offered'`, `UPDATE agent_states SET spent_us = spent_us - 1 WHERE to_state = 'offered'`},
		{"I9", `UPDATE leads SET tries = '[]' WHERE id = :tried`, ``},
		{"I9", `DELETE FROM attempts`, ``},
	} {
		words := strings.NewReplacer(":held", str(held.LeadID), ":assignment", str(held.ID), ":agent", str(held.AgentID), ":tried", str(rec.Lead),
			":grace", str(p.GraceEnd.UnixMicro()), ":spare", str(ids[3]), ":list", str(list))
		b.exec(words.Replace(broken.break_))
		found := b.audit()
		if !slices.ContainsFunc(found, func(x campaign.Breach) bool { return x.Invariant == broken.invariant && x.What != "" }) {
			b.Errorf("after %s: found %+v, want a breach of %s", broken.break_, found, broken.invariant)
		}
		if broken.mend != "" {
			b.exec(words.Replace(broken.mend))
		}
	}
}

func auditFindsCaps(b *bundle) {
	c := b.campaign(cap3)
	_, ids := b.list(c, []campaign.Phone{phone(1)})
	_, twin := b.list(b.campaign(cap3), []campaign.Phone{phone(1)})
	a := b.agent()
	for range 3 {
		b.call(a, campaign.NoAnswer, ids...)
		b.wait(5 * time.Second)
	}
	b.sound()
	// A fourth call, past the rule.
	b.exec(`UPDATE subject_uses SET counted = FALSE`)
	b.call(a, campaign.NoAnswer, twin...)
	b.exec(`UPDATE subject_uses SET counted = TRUE`)
	found := b.audit()
	if len(found) != 1 || found[0].Invariant != "I3" || found[0].Lead != twin[0] || found[0].Assignment == 0 || found[0].At.IsZero() {
		b.Fatalf("found %+v, want the fourth call", found)
	}
}

func auditByThenRules(b *bundle) {
	c := b.campaign(func(c *campaign.Campaign) { c.Rules.Interval = time.Minute })
	lead := b.some(c, 1)[0]
	a := b.agent()
	b.call(a, campaign.NoAnswer, lead)
	b.wait(2 * time.Minute)
	b.call(a, campaign.NoAnswer, lead)
	c = must[campaign.Campaign](b)(b.s.Campaign(b.Context(), c.ID))
	c.Rules.Interval = 4 * time.Hour
	must[campaign.Campaign](b)(b.s.UpdateCampaign(b.Context(), c))
	b.sound() // allowed by the rules of then
	b.exec(`UPDATE attempts SET rules_version = 2`)
	found := b.audit()
	if len(found) != 1 || found[0].Invariant != "I3" || !strings.Contains(found[0].What, "interval") {
		b.Fatalf("found %+v, want the second call, too early by the new rules", found)
	}
}

// auditFindsScopes hides calls from the rules one scope after another, so that one too many is placed.
func auditFindsScopes(b *bundle) {
	a := b.agent()
	for i, x := range []struct {
		cap   campaign.Cap
		what  string
		share campaign.Draft
	}{
		{campaign.Cap{Scope: campaign.CapPerson, Max: 1, Period: time.Hour}, "person", b.who("p1", "")},
		{campaign.Cap{Scope: campaign.CapMatter, Max: 1, Days: 2}, "subject", b.who("p2", "")},
		{campaign.Cap{Scope: campaign.CapAccount, Count: campaign.CountConnects, Max: 1, Days: 30}, "account", b.who("", "acc")},
		{campaign.Cap{Scope: campaign.CapCompany, Max: 1, Period: time.Hour}, "company", b.who("p3", "")},
	} {
		twin := x.share
		twin.Numbers = b.who("", "").Numbers
		one, two := b.load(b.capped(fmt.Sprint("m", i), x.cap), x.share), b.load(b.capped(fmt.Sprint("m", i), x.cap), twin)
		b.call(a, campaign.CallLater, one...)
		b.wait(2 * time.Second)
		before := len(b.audit())
		b.exec(`UPDATE subject_uses SET counted = FALSE`)
		b.call(a, campaign.CallLater, two...)
		b.exec(`UPDATE subject_uses SET counted = TRUE`)
		found := b.audit()
		at := slices.IndexFunc(found, func(f campaign.Breach) bool { return f.Lead == two[0] && f.Invariant == "I3" })
		if len(found) != before+1 || at < 0 {
			b.Fatalf("%s: found %+v, want the second call", x.what, found)
		}
		b.exec(`DELETE FROM subject_uses WHERE lead_id = $1 AND subject_id <> (SELECT a.subject_id FROM assignments a WHERE a.lead_id = $1)`, int64(two[0]))
		if found = b.audit(); len(found) <= before+1 && !slices.ContainsFunc(found, func(f campaign.Breach) bool { return f.Lead == two[0] }) {
			b.Errorf("%s: found %+v after its reservation was taken away", x.what, found)
		}
	}
}

func auditByPacks(b *bundle) {
	calm := func(c *campaign.Campaign) { c.Rules.Interval, c.Rules.Packs = time.Second, []string{lawPack} }
	one, two := b.load(b.campaign(calm), b.who("p", "")), b.load(b.campaign(calm), b.who("p", ""))
	a := b.agent()
	b.call(a, campaign.NoAnswer, one...)
	b.wait(2 * time.Second)
	if got := b.try(b.s, a, two...); got.Assignment != nil {
		b.Fatal("the law did not hold for the person's other lead")
	}
	b.exec(`UPDATE subject_uses SET counted = FALSE`)
	b.exec(`UPDATE leads SET earliest = 0`)
	rec := b.call(a, campaign.NoAnswer, two...)
	b.exec(`UPDATE subject_uses SET counted = TRUE`)
	audit := func() (found []campaign.Breach, passed []string) {
		sum := must[campaign.AuditSummary](b)(b.s.Audit(b.Context(), 0, func(x campaign.Breach) error { found = append(found, x); return nil }))
		return found, sum.Passed
	}
	if found, passed := audit(); len(found) != 1 || found[0].Lead != two[0] || found[0].Invariant != "I3" || len(passed) != 0 {
		b.Fatalf("found %+v, passed %q, want the second call", found, passed)
	}
	for _, x := range []struct {
		note   string
		passed int
	}{
		{`{"packs":{"calm":"1"},"exempt":[{"rule":"calm.daily","by":"consent","consent":1}]}`, 0},
		{`{"packs":{"calm":"0"}}`, 1},
	} {
		b.exec(`UPDATE attempts SET calendar = $1 WHERE assignment_id = $2`, x.note, int64(rec.Attempt.Assignment))
		if found, passed := audit(); len(found) != 0 || len(passed) != x.passed {
			b.Errorf("with the note %s: found %+v, passed %q", x.note, found, passed)
		}
	}
}
