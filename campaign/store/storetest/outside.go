package storetest

import (
	"sync"
	"sync/atomic"
	"time"

	"redial/campaign"
)

func init() { cases = append(cases, outsideCases...) }

var outsideCases = []testCase{
	{"I3 a call made outside counts for the company's caps of every lead of the person, and for no others", outsideCounts},
	{"I2 an outside call told again changes nothing", outsideOnce},
	{"I2 an outside call's key is one of its campaign: whoever tells of another campaign's cannot take it", outsideKeys},
	{"I12 bad outside calls change nothing", badOutside},
}

func (b *bundle) outsideCall(lead campaign.LeadID, key string) campaign.OutsideCall {
	return campaign.OutsideCall{LeadID: lead, Key: key, Source: "agency", PlacedAt: b.s.Now().Add(-time.Minute), Outcome: campaign.NoAnswer, Talk: 12 * time.Second}
}

func outsideCounts(b *bundle) {
	ctx := b.Context()
	day := 24 * time.Hour
	company := b.capped("", campaign.Cap{Scope: campaign.CapCompany, Max: 1, Period: day})
	person := b.capped("", campaign.Cap{Scope: campaign.CapPerson, Max: 1, Period: day})
	cool := b.campaign(func(c *campaign.Campaign) {
		c.Rules.CoolOffs = []campaign.CoolOff{{After: campaign.AfterConversation, Scope: campaign.CapCompany, Period: day}}
	})
	numbers := []campaign.Number{{Phone: phone(1)}, {Phone: phone(2)}}
	one, twin, other := b.load(company, campaign.Draft{Numbers: numbers})[0], b.load(company, campaign.Draft{Numbers: numbers[1:]})[0],
		b.load(person, campaign.Draft{Numbers: numbers})[0]
	cooled, stranger := b.load(cool, campaign.Draft{Numbers: numbers})[0], b.load(company, b.who("x", ""))[0]
	call := b.outsideCall(one, "1")
	call.PlacedAt = call.PlacedAt.Add(300*time.Millisecond - time.Minute)
	replay, l, err := b.s.RecordOutsideCall(ctx, call)
	b.ok(err)
	if replay || l.ID != one {
		b.Fatalf("replay %v, lead %d", replay, l.ID)
	}
	a := b.agent()
	for _, lead := range []campaign.LeadID{one, twin} {
		if got := b.try(b.s, a, lead); got.Assignment != nil || got.Refused[0].Judgement.Binding != "company_cap" {
			b.Fatalf("lead %d: %+v", lead, got)
		}
	}
	for _, lead := range []campaign.LeadID{other, cooled, stranger} {
		must[campaign.Session](b)(b.s.Decline(ctx, b.claim(a, lead).ID, a, "no"))
	}
	inbound := b.outsideCall(other, "2")
	inbound.Inbound, inbound.Outcome, inbound.Talk, inbound.Number = true, campaign.CallLater, time.Minute, phone(9)
	_, _, err = b.s.RecordOutsideCall(ctx, inbound)
	b.ok(err)
	if got := b.try(b.s, a, cooled); got.Assignment != nil || got.Refused[0].Judgement.Binding != "cool_off" {
		b.Fatalf("after the person's call: %+v", got)
	}
	all := must[[]campaign.OutsideCall](b)(b.s.OutsideCalls(ctx, twin))
	if len(all) != 2 || all[0].Key != "1" || all[0].Number != phone(1) || all[0].Talk != 12*time.Second || all[0].Outcome != campaign.NoAnswer ||
		!all[0].PlacedAt.Equal(call.PlacedAt.Truncate(time.Second)) || !all[1].Inbound || all[1].Number != phone(9) {
		b.Fatalf("the twin's outside calls are %+v", all)
	}
	if all := must[[]campaign.OutsideCall](b)(b.s.OutsideCalls(ctx, stranger)); len(all) != 0 {
		b.Fatalf("a stranger's outside calls are %+v", all)
	}
	b.wait(day)
	b.claim(a, twin)
	b.sound()
}

func outsideOnce(b *bundle) {
	lead := b.some(b.capped("", campaign.Cap{Scope: campaign.CapCompany, Max: 2, Period: time.Hour}), 2)
	call := b.outsideCall(lead[0], "1")
	var wg sync.WaitGroup
	var first atomic.Int64
	other := b.open()
	for i := range 6 {
		wg.Go(func() {
			node := b.s
			if i%2 == 0 {
				node = other
			}
			replay, l, err := node.RecordOutsideCall(b.Context(), call)
			if err != nil || l.ID != lead[0] {
				b.Errorf("lead %d, error %v", l.ID, err)
			}
			if !replay {
				first.Add(1)
			}
		})
	}
	wg.Wait()
	if first.Load() != 1 || b.count(`SELECT count(*) FROM outside_calls`) != 1 || b.count(`SELECT count(*) FROM subject_uses`) != 1 {
		b.Fatalf("%d were no replay", first.Load())
	}
	call.LeadID = lead[1]
	replay, l, err := b.s.RecordOutsideCall(b.Context(), call)
	b.ok(err)
	if !replay || l.ID != lead[0] {
		b.Fatalf("the key told of another lead: replay %v, lead %d; want that of the call", replay, l.ID)
	}
	b.claim(b.agent(), lead[0]) // one of two
	b.sound()
}

// outsideKeys tells of calls to two campaigns' leads by the same keys.
func outsideKeys(b *bundle) {
	ctx := b.Context()
	one, other := b.capped("", campaign.Cap{Scope: campaign.CapCompany, Max: 9, Period: time.Hour}), b.campaign(nil)
	_, ours := b.list(one, []campaign.Phone{phone(1)})
	_, theirs := b.list(other, []campaign.Phone{phone(2)}, []campaign.Phone{phone(1)})
	told := func(lead campaign.LeadID, key string, want bool, change func(*campaign.OutsideCall)) {
		b.Helper()
		c := b.outsideCall(lead, key)
		c.PlacedAt = b.s.Now().Truncate(time.Hour)
		change(&c)
		replay, l, err := b.s.RecordOutsideCall(ctx, c)
		b.ok(err)
		if replay != want || l.ID != lead {
			b.Errorf("the key %s of lead %d: replay %v of lead %d, want %v", key, lead, replay, l.ID, want)
		}
	}
	as := func(*campaign.OutsideCall) {}
	told(theirs[0], "1", false, as) // beforehand
	told(ours[0], "1", false, as)
	told(ours[0], "1", true, as)
	told(theirs[1], "2", false, as)
	told(ours[0], "2", true, as) // the very call, of the very person
	if n := b.count(`SELECT count(*) FROM subject_uses s JOIN subjects u ON u.id = s.subject_id WHERE u.key = '` + string(phone(1)) + `'`); n != 2 {
		b.Errorf("%d calls count on the number, want 2", n)
	}
	told(ours[0], "2", false, func(c *campaign.OutsideCall) { c.Outcome = campaign.CallLater })      // another call than theirs
	b.exec(`UPDATE outside_calls SET campaign_id = 0 WHERE key = '1' AND lead_id = ` + str(ours[0])) // as before there were campaigns
	told(ours[0], "1", true, as)
}

func badOutside(b *bundle) {
	lead := b.some(b.campaign(nil), 1)[0]
	for field, change := range map[string]func(*campaign.OutsideCall){
		"key":       func(c *campaign.OutsideCall) { c.Key = "" },
		"source":    func(c *campaign.OutsideCall) { c.Source = "" },
		"number":    func(c *campaign.OutsideCall) { c.Number = "12" },
		"outcome":   func(c *campaign.OutsideCall) { c.Outcome = campaign.NoOutcome },
		"talk":      func(c *campaign.OutsideCall) { c.Talk = -1 },
		"placed_at": func(c *campaign.OutsideCall) { c.PlacedAt = b.s.Now().Add(time.Hour) },
	} {
		c := b.outsideCall(lead, "1")
		change(&c)
		_, _, err := b.s.RecordOutsideCall(b.Context(), c)
		b.refused(err, campaign.KindInvalid, "")
		if e := asError(err); e.Violations[0].Field != field {
			b.Errorf("the fault is of %s, want %s", e.Violations[0].Field, field)
		}
	}
	_, _, err := b.s.RecordOutsideCall(b.Context(), b.outsideCall(999, "1"))
	b.refused(err, campaign.KindNotFound, "")
	if n := b.count(`SELECT count(*) FROM outside_calls`) + b.count(`SELECT count(*) FROM subject_uses`); n != 0 {
		b.Fatalf("%d rows were written", n)
	}
}
