package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"redial/campaign"
)

func init() { cases = append(cases, snapshotCases...) }

var snapshotCases = []testCase{
	{"a snapshot gives every lead once, by id, with all that is known of it", snapshotWhole},
	{"a snapshot is of one instant, whatever happens meanwhile, and ends when it is told to", snapshotOneInstant},
	{"planning anew writes what changed, and little of what did not", replanCheap},
	{"what waits is counted by group and by the time it waits for", supplied},
	{"how calling went is summed from the ledger", paced},
	{"a promise whose instant is derived anew moves with its lead, once", rederived},
}

// facts reads a snapshot.
func (b *bundle) snapshot(c campaign.CampaignID, in campaign.ListID, states ...campaign.LeadState) (out []*campaign.Facts) {
	b.Helper()
	b.ok(b.s.SnapshotFacts(b.Context(), c, in, states, func(some []*campaign.Facts) error {
		out = append(out, some...)
		return nil
	}))
	return out
}

func leadsOf(facts []*campaign.Facts) (ids []campaign.LeadID) {
	for _, f := range facts {
		ids = append(ids, f.Lead.ID)
	}
	return ids
}

func snapshotWhole(b *bundle) {
	b.calendar(someDays)
	c := b.campaign(func(c *campaign.Campaign) {
		c.Rules.Calendars, c.Rules.Packs = []string{"cn"}, []string{"any"}
		c.Rules.Caps = []campaign.Cap{{Scope: campaign.CapPerson, Max: 9, Period: time.Hour}}
	})
	first, one := b.list(c, []campaign.Phone{phone(1)}, []campaign.Phone{phone(2)}, []campaign.Phone{phone(3)})
	second, two := b.list(c, []campaign.Phone{phone(4), phone(1)}, []campaign.Phone{phone(5)})
	_, three := b.list(b.campaign(nil), []campaign.Phone{phone(1)})
	a := b.agents(2)
	b.call(a[0], campaign.NoAnswer, three...)
	b.call(a[0], campaign.Success, one[1])
	held := b.claim(a[1], two[1])
	p := must[campaign.Appointment](b)(b.s.Book(b.Context(), one[2], campaign.Booking{Local: local(b.s.Now().Add(time.Hour)), Zone: "Asia/Shanghai"}, 0, "a"))
	b.consent(one[0], "")
	must[campaign.Suppressed](b)(b.s.Suppress(b.Context(), campaign.Suppression{Phone: phone(4)}))
	facts := b.snapshot(c.ID, 0)
	if got, want := leadsOf(facts), slices.Concat(one, two); !slices.Equal(got, want) {
		b.Fatalf("leads %v, want %v", got, want)
	}
	for i, f := range facts {
		want, _, _, err := b.s.Facts(b.Context(), f.Lead.ID)
		b.ok(err)
		f.Now, want.Now = time.Time{}, time.Time{}
		if got, want := fmt.Sprintf("%+v %+v", *f.Lead, f.Uses), fmt.Sprintf("%+v %+v", *want.Lead, want.Uses); got != want {
			b.Errorf("fact %d is %s, want %s", i, got, want)
		}
		if f.Campaign.ID != c.ID || f.List == nil || len(f.Calendars) != 1 || f.Calendars[0].Name != "cn" {
			b.Errorf("fact %d has campaign %v, list %v, calendars %v", i, f.Campaign, f.List, f.Calendars)
		}
	}
	if len(facts[0].Consents) != 1 || len(facts[3].Consents) != 1 || len(facts[3].Suppressions) != 1 || facts[2].Promise.ID != p.ID || facts[4].Holder == "" ||
		facts[4].Lead.Assignment != held.ID || len(facts[0].Uses) != 1 || len(facts[3].Uses) != 1 || facts[0].Lead.ID != one[0] {
		b.Errorf("facts %+v %+v %+v %+v", facts[0], facts[2], facts[3], facts[4])
	}
	if got := leadsOf(b.snapshot(c.ID, second)); !slices.Equal(got, two) {
		b.Errorf("of one list %v", got)
	}
	if got := leadsOf(b.snapshot(c.ID, first, campaign.LeadFinished, campaign.LeadHeld)); !slices.Equal(got, one[1:2]) {
		b.Errorf("finished or held of one list %v", got)
	}
	counts := must[map[campaign.LeadState]int64](b)(b.s.LeadCounts(b.Context(), c.ID, first))
	if counts[campaign.LeadOpen] != 2 || counts[campaign.LeadFinished] != 1 || len(counts) != 2 {
		b.Errorf("counts %v", counts)
	}
	if counts = must[map[campaign.LeadState]int64](b)(b.s.LeadCounts(b.Context(), c.ID, 0)); counts[campaign.LeadHeld] != 1 || counts[campaign.LeadOpen] != 3 {
		b.Errorf("counts of all lists %v", counts)
	}
	b.sound()
}

func snapshotOneInstant(b *bundle) {
	const n = 4100 // three batches
	c := b.campaign(nil)
	drafts := make([]campaign.Draft, n)
	for i := range drafts {
		drafts[i] = campaign.Draft{Numbers: []campaign.Number{{Phone: phone(i)}}}
	}
	b.load(c, drafts...)
	last := campaign.LeadID(b.count(`SELECT max(id) FROM leads`))
	seen, batches := 0, 0
	var now time.Time
	b.ok(b.s.SnapshotFacts(b.Context(), c.ID, 0, nil, func(some []*campaign.Facts) error {
		if batches++; batches == 1 {
			now = some[0].Now
			b.call(b.agent(), campaign.Success, last) // the snapshot keeps no writer waiting
			b.some(c, 3)
			b.wait(time.Hour)
		}
		for _, f := range some {
			if seen++; f.Lead.State != campaign.LeadOpen || !f.Now.Equal(now) {
				b.Fatalf("lead %d is %s at %v: it was open at %v", f.Lead.ID, f.Lead.State, f.Now, now)
			}
		}
		return nil
	}))
	if seen != n || batches != 3 {
		b.Fatalf("%d leads in %d batches, want %d", seen, batches, n)
	}
	stop := errors.New("enough")
	if err := b.s.SnapshotFacts(b.Context(), c.ID, 0, nil, func([]*campaign.Facts) error { return stop }); !errors.Is(err, stop) {
		b.Fatalf("the error is %v", err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	err := b.s.SnapshotFacts(ctx, c.ID, 0, nil, func([]*campaign.Facts) error { cancel(); return nil })
	if !errors.Is(err, context.Canceled) {
		b.Fatalf("the error is %v", err)
	}
}

func replanCheap(b *bundle) {
	c := b.campaign(func(c *campaign.Campaign) { c.Rules.Interval = time.Hour })
	leads := b.some(c, 4)
	a := b.agents(2)
	b.call(a[0], campaign.NoAnswer, leads[0])
	held := b.claim(a[1], leads[3])
	b.wait(time.Minute)
	before := []campaign.Lead{b.lead(leads[0]), b.lead(leads[1])}
	c = must[campaign.Campaign](b)(b.s.Campaign(b.Context(), c.ID))
	c.Rules.Interval = 2 * time.Hour
	c = must[campaign.Campaign](b)(b.s.UpdateCampaign(b.Context(), c))
	if version, left, err := b.s.ReplanLeft(b.Context(), c.ID); err != nil || version != c.RulesVersion || left != 3 {
		b.Fatalf("version %d, %d left, error %v; want %d and the 3 that nobody holds", version, left, err, c.RulesVersion)
	}
	if n := b.replan(c.ID); n != 3 || b.left(c.ID) != 0 {
		b.Fatalf("%d planned anew, %d left", n, b.left(c.ID))
	}
	tried, fresh := b.lead(leads[0]), b.lead(leads[1])
	if !tried.Plan.At.Equal(before[0].Plan.At.Add(time.Hour)) || tried.Version == before[0].Version || tried.RulesVersion != c.RulesVersion {
		b.Errorf("the lead that moved is %+v, was %+v", tried, before[0])
	}
	if fresh.Version != before[1].Version || !fresh.Plan.At.Equal(before[1].Plan.At) || fresh.RulesVersion != c.RulesVersion || !fresh.DecidedAt.After(before[1].DecidedAt) {
		b.Errorf("the lead that did not is %+v, was %+v", fresh, before[1])
	}
	must[campaign.Session](b)(b.s.Decline(b.Context(), held.ID, a[1], "no"))
	if b.left(c.ID) != 1 || b.replan(c.ID) != 1 {
		b.Error("the lead that came back was not planned anew")
	}
	_, _, err := b.s.ReplanLeft(b.Context(), 999)
	b.refused(err, campaign.KindNotFound, "")
	b.sound()
}

func supplied(b *bundle) {
	c := b.campaign(func(c *campaign.Campaign) { c.Rules.Interval = 10 * time.Minute })
	_, leads := b.list(c, []campaign.Phone{phone(1)}, []campaign.Phone{phone(2)}, []campaign.Phone{phone(3)}, []campaign.Phone{phone(4)}, []campaign.Phone{phone(5)})
	off, _ := b.list(c, []campaign.Phone{phone(6)})
	_, _, err := b.s.SwitchOff(b.Context(), off)
	b.ok(err)
	a := b.agent()
	b.call(a, campaign.NoAnswer, leads[0])
	b.wait(5 * time.Minute)
	b.call(a, campaign.NoAnswer, leads[1])
	must[campaign.Appointment](b)(b.s.Book(b.Context(), leads[2], campaign.Booking{Local: local(b.s.Now().Add(time.Hour)), Zone: "Asia/Shanghai"}, 0, "a"))
	b.wait(6 * time.Minute) // the first waits no more, the second for 4 minutes
	now := b.s.Now()
	b.exec(`UPDATE leads SET earliest = $2 WHERE id = $1`, int64(leads[4]), now.Add(7*time.Minute).UnixMicro()) // as a claim puts it off
	got := must[[]campaign.Supply](b)(b.s.Supply(b.Context(), c.ID, now, now.Add(9*time.Minute), 2*time.Minute))
	want := campaign.Supply{Group: got[0].Group, Fresh: 1, Tried: 1, Later: []int64{0, 1, 0, 1, 0}}
	if len(got) != 1 || fmt.Sprint(got[0]) != fmt.Sprint(want) {
		b.Fatalf("supply %+v, want %+v", got, want)
	}
	if got := must[[]campaign.Supply](b)(b.s.Supply(b.Context(), c.ID, now, now.Add(time.Minute), time.Minute)); fmt.Sprint(got[0].Later) != "[0]" {
		b.Fatalf("in a minute %+v", got)
	}
	_, err = b.s.Supply(b.Context(), c.ID, now, now.Add(time.Minute), 0)
	b.refused(err, campaign.KindInvalid, "")
}

func paced(b *bundle) {
	c := b.campaign(func(c *campaign.Campaign) { c.Rules.Interval = time.Minute })
	leads := b.some(c, 3)
	a := b.agent()
	call := func(lead campaign.LeadID, o campaign.Outcome, talk time.Duration) {
		as := b.dial(a, lead)
		b.wait(talk + 20*time.Second)
		must[campaign.Recorded](b)(b.s.Conclude(b.Context(), campaign.Result{Assignment: as.ID, Agent: a, Outcome: o, EndedAt: as.PlacedAt.Add(talk)}))
		b.wait(2 * time.Minute)
	}
	call(leads[2], campaign.NoAnswer, 10*time.Second)
	b.wait(time.Hour)
	since := b.s.Now().Truncate(time.Second) // as calls are dated
	call(leads[0], campaign.NoAnswer, 10*time.Second)
	call(leads[0], campaign.CallLater, 20*time.Second)
	call(leads[0], campaign.Success, 40*time.Second)
	call(leads[2], campaign.Refused, 50*time.Second)
	b.call(b.agent(), campaign.Success, b.some(b.campaign(nil), 1)...)
	p := must[campaign.Pace](b)(b.s.Pace(b.Context(), c.ID, since))
	if p.Attempts != 4 || p.Connects != 3 || p.Conversations != 2 || p.Retries != 2 || p.LeadsEnded != 2 || p.EndedAttempts != 5 {
		b.Errorf("pace %+v", p)
	}
	if p.Outcomes[campaign.Refused] != 1 || p.Talk != 110*time.Second || p.Ring != 10*time.Second || p.WrapUp < 79*time.Second || p.WrapUp > 90*time.Second {
		b.Errorf("talk %v, ring %v, after-call %v of outcomes %v", p.Talk, p.Ring, p.WrapUp, p.Outcomes)
	}
	if len(p.ByTry) != campaign.PaceTries || p.ByTry[0].Attempts != 1 || p.ByTry[1] != (campaign.PaceTry{Attempts: 2, Connects: 2, Conversations: 1}) || p.ByTry[2].Connects != 1 {
		b.Errorf("by try %+v", p.ByTry)
	}
	if p.OnCalls < 199*time.Second || p.OnCalls > 215*time.Second || p.Ready < 6*time.Minute {
		b.Errorf("on calls %v, ready %v", p.OnCalls, p.Ready)
	}
	if p := must[campaign.Pace](b)(b.s.Pace(b.Context(), c.ID, b.s.Now())); p.Attempts != 0 || p.Talk != 0 || p.HourlySpread != 0 {
		b.Errorf("from now on %+v", p)
	}
	_, err := b.s.Pace(b.Context(), 999, since)
	b.refused(err, campaign.KindNotFound, "")
}

func rederived(b *bundle) {
	ctx := b.Context()
	a := b.agent()
	lead, p := b.promised(48*time.Hour, a)
	other, q := b.promised(24*time.Hour, a)
	must[[]campaign.AppointmentID](b)(b.s.MarkReminded(ctx, []campaign.AppointmentID{p.ID}))
	same := func(p campaign.Appointment) (time.Time, time.Time, error) { return p.At, p.GraceEnd, nil }
	if moved := must[[]campaign.MovedPromise](b)(b.s.RederivePromises(ctx, same, 1)); len(moved) != 0 {
		b.Fatalf("moved %+v though nothing changed", moved)
	}
	// The zone of the first does away with its summer time.
	later := func(x campaign.Appointment) (time.Time, time.Time, error) {
		if x.ID == p.ID {
			return p.At.Add(time.Hour), p.GraceEnd.Add(time.Hour), nil
		}
		return x.At, x.GraceEnd, nil
	}
	before := b.lead(other)
	moved := must[[]campaign.MovedPromise](b)(b.s.RederivePromises(ctx, later, 1))
	if len(moved) != 1 || moved[0].ID != p.ID || !moved[0].Was.Equal(p.At) || !moved[0].At.Equal(p.At.Add(time.Hour)) || moved[0].Local != p.Local {
		b.Fatalf("moved %+v", moved)
	}
	now := must[campaign.Appointment](b)(b.s.Appointment(ctx, p.ID))
	if !now.At.Equal(p.At.Add(time.Hour)) || !now.GraceEnd.Equal(p.GraceEnd.Add(time.Hour)) || now.Reminded || now.Local != p.Local || now.State != campaign.AppointmentOpen {
		b.Fatalf("the promise is %+v", now)
	}
	facts, _, _, err := b.s.Facts(ctx, lead)
	b.ok(err)
	if l := facts.Lead; !l.Plan.At.Equal(now.At) || !facts.Promise.At.Equal(now.At) {
		b.Fatalf("the lead is planned at %v, its promise at %v", l.Plan.At, facts.Promise.At)
	}
	if l := b.lead(other); l.Version != before.Version || !l.Plan.At.Equal(q.At) {
		b.Fatalf("the other lead was written: %+v", l)
	}
	if n := b.count(`SELECT count(*) FROM outbox WHERE type = 'appointment_moved'`); n != 1 {
		b.Fatalf("%d events", n)
	}
	if moved := must[[]campaign.MovedPromise](b)(b.open().RederivePromises(ctx, later, 0)); len(moved) != 0 {
		b.Fatalf("another node moved %+v again", moved)
	}
	fails := func(x campaign.Appointment) (time.Time, time.Time, error) {
		if x.ID == p.ID {
			return time.Time{}, time.Time{}, errors.New("no such zone")
		}
		return x.At.Add(time.Minute), x.GraceEnd, nil
	}
	if moved, err := b.s.RederivePromises(ctx, fails, 1); err == nil || len(moved) != 1 || moved[0].ID != q.ID {
		b.Fatalf("moved %+v, error %v: want the other and the error", moved, err)
	}
	b.wait(48*time.Hour + 30*time.Minute)
	if got := b.try(b.s, a, lead); got.Assignment != nil {
		b.Fatal("offered at the instant before")
	}
	b.wait(31 * time.Minute)
	b.claim(a, lead)
}
