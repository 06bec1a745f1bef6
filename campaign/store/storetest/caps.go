package storetest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"redial/campaign"
	"redial/campaign/store"
)

func init() { cases = append(cases, capCases...) }

var capCases = []testCase{
	{"I3 caps of every scope hold raced over campaigns, lists, persons, accounts and numbers", raceForCaps},
	{"I3 one batch of claims counts on every subject", batchOnSubjects},
	{"I3 a reservation that is not dialled frees every subject", freedOnSubjects},
	{"I10 what a limit put off comes back when the limit is free", freedForOthers},
	{"I3 a call claimed before midnight and dialled after it counts for the new day", overMidnight},
	{"I3 a lead withdrawn and taken in again does not get round a cap", takenInAgain},
	{"I3 an external id is one person over lists and campaigns", sharedExternalID},
	{"I3 a lead that comes to an account is capped by it", otherAccount},
	{"I3 what an older node claimed is freed and counted on its number", olderClaims},
	{"I3 a lead that an older node made gets its person when it is called", olderLeads},
	{"I3 a conversation starts a cool-off for the person, and its correction ends it", coolOffs},
}

// load loads drafts as one list and answers with the leads in their order.
func (b *bundle) load(c campaign.Campaign, drafts ...campaign.Draft) []campaign.LeadID {
	b.Helper()
	ctx := b.Context()
	u := must[campaign.Upload](b)(b.s.BeginUpload(ctx, campaign.Upload{CampaignID: c.ID, FileName: "a.csv"}, fmt.Sprint("r", b.made.Add(1))))
	must[int64](b)(b.s.AppendPiece(ctx, u.ID, 0, []byte("x")))
	u = must[campaign.Upload](b)(b.s.CommitUpload(ctx, u.ID, nil, 1))
	for i := range drafts {
		drafts[i].Line = i + 2
		if len(drafts[i].Zones) == 0 {
			drafts[i].Zones = []string{"Asia/Shanghai"}
		}
	}
	must[campaign.Tally](b)(b.s.ImportRows(ctx, campaign.ImportBatch{Upload: u.ID, List: u.ListID, Drafts: drafts, RowsDone: int64(len(drafts))}))
	must[campaign.Upload](b)(b.s.FinishImport(ctx, u.ID))
	var ids []campaign.LeadID
	for _, l := range must[[]campaign.Lead](b)(b.s.FindLeads(ctx, campaign.LeadFilter{List: u.ListID, Limit: 1000})) {
		ids = append(ids, l.ID)
	}
	return ids
}

// who is a draft of a person with a number of its own; ext and account may be empty.
func (b *bundle) who(ext, account string) campaign.Draft {
	return campaign.Draft{Source: "crm", ExternalID: ext, Account: account, Numbers: []campaign.Number{{Phone: phone(int(5000 + b.made.Add(1)))}}}
}

// capped makes a campaign with one cap and a second between the calls of a lead.
func (b *bundle) capped(matter string, c campaign.Cap) campaign.Campaign {
	b.Helper()
	return b.campaign(func(x *campaign.Campaign) {
		x.Rules.Interval, x.Rules.NetworkRetry, x.Rules.Matter, x.Rules.Caps = time.Second, time.Second, matter, []campaign.Cap{c}
	})
}

// raceForCaps lets agents of two nodes call the same people for four campaigns, as often as the caps let them. Each
// group of leads shares what its scope counts; half of the offers are given back.
func raceForCaps(b *bundle) {
	const most, agents, rounds = 3, 8, 24
	day := 24 * time.Hour
	var leads []campaign.LeadID
	groups := make(map[campaign.LeadID]string)
	add := func(group string, ids []campaign.LeadID) {
		leads = append(leads, ids...)
		for _, id := range ids {
			groups[id] = group
		}
	}
	for i := range 4 {
		number := campaign.Draft{Numbers: []campaign.Number{{Phone: phone(1)}}}
		add("number", b.load(b.capped("", campaign.Cap{Scope: campaign.CapNumber, Max: most, Period: day}), number))
		person := campaign.Draft{Numbers: []campaign.Number{{Phone: phone(2)}, {Phone: phone(10 + i)}}} // one number in common
		add("person", b.load(b.capped("", campaign.Cap{Scope: campaign.CapPerson, Max: most, Days: 2}), person))
		matter := []string{"a", "b"}[i%2]
		add("matter "+matter, b.load(b.capped(matter, campaign.Cap{Scope: campaign.CapMatter, Max: most, Period: day}), b.who("m", "")))
		add("account", b.load(b.capped("", campaign.Cap{Scope: campaign.CapAccount, Max: most, Period: day}), b.who("", "debt 7")))
		add("company", b.load(b.capped("", campaign.Cap{Scope: campaign.CapCompany, Max: most, Period: day}), b.who("c", fmt.Sprint("other ", i))))
		add("connects", b.load(b.capped("", campaign.Cap{Scope: campaign.CapPerson, Count: campaign.CountConnects, Max: most, Period: day}), b.who("k", "")))
	}
	nodes := []*store.Store{b.s, b.open()}
	var wg sync.WaitGroup
	for i, a := range b.agents(agents) {
		rng := rand.New(rand.NewPCG(uint64(i), 7))
		wg.Go(func() {
			for range rounds {
				b.wait(300 * time.Millisecond)
				b.tryCall(nodes[i%2], a, leads, rng)
			}
		})
	}
	wg.Wait()
	b.wait(time.Minute)
	must[[]campaign.Assignment](b)(b.s.LapseLeases(b.Context(), 100))
	last := b.agent() // takes what slots are left
	for got := b.try(b.s, last, leads...); got.Assignment != nil; got = b.try(b.s, last, leads...) {
		_, err := b.s.StartCall(b.Context(), got.Assignment.ID, last)
		b.ok(err)
		must[campaign.Recorded](b)(b.s.Conclude(b.Context(), result(*got.Assignment, campaign.CallLater)))
		b.wait(2 * time.Second)
	}
	placed := make(map[string]int)
	for id, group := range groups {
		for _, h := range must[[]campaign.Attempt](b)(b.s.History(b.Context(), id)) {
			if h.Outcome.Counted() {
				placed[group]++
			}
		}
	}
	for _, group := range []string{"number", "person", "matter a", "matter b", "account", "company", "connects"} {
		if placed[group] != most {
			b.Errorf("%d calls of the group %q were placed under a cap of %d: %v", placed[group], group, most, placed)
		}
	}
	if n := b.count(`SELECT count(*) FROM subject_uses WHERE NOT placed`); n != 0 {
		b.Errorf("%d reservations are left", n)
	}
	b.sound()
}

// tryCall offers the agent the leads in any order and calls what it gets, or gives it back.
func (b *bundle) tryCall(s *store.Store, a campaign.AgentID, leads []campaign.LeadID, rng *rand.Rand) {
	ctx := b.Context()
	some := slices.Clone(leads)
	rng.Shuffle(len(some), func(i, j int) { some[i], some[j] = some[j], some[i] })
	got, err := s.ClaimLeads(ctx, []campaign.Claim{{Agent: a, Candidates: some}})
	if err != nil || got[0].Assignment == nil {
		if err != nil {
			b.Error(err)
		}
		return
	}
	as := *got[0].Assignment
	if rng.IntN(3) == 0 {
		if _, err := s.Decline(ctx, as.ID, a, "no"); err != nil {
			b.Error(err)
		}
		return
	}
	if _, err := s.StartCall(ctx, as.ID, a); err != nil {
		if campaign.KindOf(err) == campaign.KindInternal {
			b.Error(err)
		}
		return
	}
	o := campaign.CallLater
	if rng.IntN(3) == 0 {
		o = campaign.Congestion // does not count
	}
	if _, err := s.Conclude(ctx, result(as, o)); err != nil {
		b.Error(err)
	}
}

func batchOnSubjects(b *bundle) {
	cap1 := campaign.Cap{Scope: campaign.CapPerson, Max: 1, Period: time.Hour}
	one, two := b.load(b.capped("", cap1), b.who("p", "")), b.load(b.capped("", cap1), b.who("p", ""))
	a := b.agents(2)
	got := must[[]campaign.Claimed](b)(b.s.ClaimLeads(b.Context(), []campaign.Claim{{Agent: a[0], Candidates: one}, {Agent: a[1], Candidates: two}}))
	if got[0].Assignment == nil || got[1].Assignment != nil || got[1].Refused[0].Judgement.Binding != "person_cap" {
		b.Fatalf("got %+v", got)
	}
	if n := len(got[0].Assignment.Subjects); n != 2 {
		b.Errorf("the assignment keeps %d subjects, want number and person", n)
	}
	if n := b.count(`SELECT count(*) FROM subject_uses WHERE phone = $1`, string(got[0].Assignment.Number)); n != 2 {
		b.Errorf("%d uses of the number that was claimed, want one of it and one of its person", n)
	}
}

func freedOnSubjects(b *bundle) {
	cap1 := campaign.Cap{Scope: campaign.CapAccount, Max: 1, Period: time.Hour}
	one, two := b.load(b.capped("", cap1), b.who("x", "acc")), b.load(b.capped("", cap1), b.who("y", "acc"))
	a := b.agents(2)
	for _, free := range []func(*campaign.Assignment){
		func(as *campaign.Assignment) {
			must[campaign.Session](b)(b.s.Decline(b.Context(), as.ID, a[0], "not now"))
		},
		func(as *campaign.Assignment) { b.ok(b.s.RevokeAssignment(b.Context(), as.ID, "gone")) },
		func(*campaign.Assignment) {
			b.wait(time.Minute)
			must[[]campaign.Assignment](b)(b.s.LapseLeases(b.Context(), 10))
		},
	} {
		as := b.claim(a[0], one...)
		if got := b.try(b.s, a[1], two...); got.Assignment != nil {
			b.Fatal("the cap did not hold")
		}
		free(as)
		if n := b.count(`SELECT count(*) FROM subject_uses`); n != 0 {
			b.Fatalf("%d uses are left", n)
		}
		b.wait(time.Second)
		other := b.claim(a[1], two...)
		must[campaign.Session](b)(b.s.Decline(b.Context(), other.ID, a[1], "let the other go on"))
		b.sound()
	}
}

func freedForOthers(b *bundle) {
	week := campaign.Cap{Scope: campaign.CapPerson, Max: 1, Period: 7 * 24 * time.Hour}
	c := b.capped("", week)
	one, two := b.load(b.capped("", week), b.who("p", "")), b.load(c, b.who("p", ""))
	a := b.agents(2)
	putOff := func() {
		b.Helper()
		if got := b.try(b.s, a[1], two...); got.Assignment != nil {
			b.Fatal("the cap did not hold")
		}
		if due := b.due(c.ID, 5, 5); len(due) != 0 {
			b.Fatalf("%+v is in the way of those behind it", due)
		}
	}
	back := func(why string) {
		b.Helper()
		if due := b.due(c.ID, 5, 5); len(due) != 1 {
			b.Fatalf("%s, and the lead is offered to nobody", why)
		}
	}
	as := b.claim(a[0], one...)
	putOff()
	must[campaign.Session](b)(b.s.Decline(b.Context(), as.ID, a[0], "not now"))
	b.wait(time.Hour + time.Second)
	back("the other call was not made")

	b.call(a[0], campaign.NoAnswer, one...)
	putOff()
	c = must[campaign.Campaign](b)(b.s.Campaign(b.Context(), c.ID))
	c.Rules.Caps = []campaign.Cap{{Scope: campaign.CapPerson, Max: 2, Period: week.Period}}
	must[campaign.Campaign](b)(b.s.UpdateCampaign(b.Context(), c))
	if _, n, err := b.s.ReplanBatch(b.Context(), c.ID, 0, 10); err != nil || n != 1 {
		b.Fatalf("%d planned anew, error %v", n, err)
	}
	back("the cap is higher")
	b.claim(a[1], two...)
	b.sound()
}

func overMidnight(b *bundle) {
	day1 := campaign.Cap{Scope: campaign.CapPerson, Max: 1, Days: 1}
	one, two := b.load(b.capped("", day1), b.who("p", "")), b.load(b.capped("", day1), b.who("p", ""))
	a := b.agents(2)
	zone, err := time.LoadLocation("Asia/Shanghai")
	b.ok(err)
	now := b.s.Now().In(zone)
	midnight := time.Date(now.Year(), now.Month(), now.Day()+2, 0, 0, 0, 0, zone)
	b.wait(midnight.Sub(b.s.Now()) - 4*time.Second)
	as := b.claim(a[0], one...)
	b.wait(5 * time.Second)
	if other := b.try(b.s, a[1], two...); other.Assignment == nil {
		b.Fatal("a reservation of yesterday takes the slot of today")
	} else {
		must[campaign.Session](b)(b.s.Decline(b.Context(), other.Assignment.ID, a[1], "no"))
	}
	started, err := b.s.StartCall(b.Context(), as.ID, a[0])
	b.ok(err)
	if n := b.count(`SELECT count(*) FROM subject_uses WHERE placed AND placed_at = $1`, started.Assignment.PlacedAt.UnixMicro()); n != 2 || started.Assignment.PlacedAt.Before(midnight) {
		b.Errorf("%d uses are dated %s, want both, after %s", n, started.Assignment.PlacedAt, midnight)
	}
	must[campaign.Recorded](b)(b.s.Conclude(b.Context(), result(*as, campaign.NoAnswer)))
	if got := b.try(b.s, a[1], two...); got.Assignment != nil {
		b.Error("the new day has two calls")
	}
	b.sound()
}

func takenInAgain(b *bundle) {
	c := b.capped("", campaign.Cap{Scope: campaign.CapPerson, Max: 1, Period: time.Hour})
	d := b.who("p", "")
	old := b.load(c, d)
	a := b.agent()
	b.call(a, campaign.NoAnswer, old...)
	must[campaign.Lead](b)(b.s.WithdrawLead(b.Context(), old[0], 0, "wrong list", "boss"))
	if n := b.count(`SELECT count(*) FROM lead_numbers`); n != 0 {
		b.Errorf("a withdrawn lead is found by %d subjects", n)
	}
	again := d
	again.Numbers = []campaign.Number{{Phone: phone(9999)}} // the same person by its external id
	for _, fresh := range []campaign.Draft{again, {Numbers: d.Numbers}} {
		got := b.try(b.s, a, b.load(b.capped("", c.Rules.Caps[0]), fresh)...)
		if got.Assignment != nil || got.Refused[0].Judgement.Binding != "person_cap" {
			b.Fatalf("got %+v", got)
		}
	}
	b.wait(2 * time.Second)
	must[campaign.Lead](b)(b.s.ReopenLead(b.Context(), old[0], 0, "boss"))
	if n := b.count(`SELECT count(*) FROM lead_numbers WHERE lead_id = $1`, int64(old[0])); n != 2 {
		b.Errorf("reopened, it is found by %d subjects, want number and person", n)
	}
	b.sound()
}

func sharedExternalID(b *bundle) {
	cap1 := campaign.Cap{Scope: campaign.CapPerson, Max: 1, Period: time.Hour}
	one := b.load(b.capped("", cap1), b.who("p", ""), b.who("q", ""))
	two := b.load(b.capped("", cap1), b.who("p", ""))
	other := b.who("p", "")
	other.Source = "another crm"
	three := b.load(b.capped("", cap1), other)
	a := b.agents(4)
	b.dial(a[0], one[0])
	if got := b.try(b.s, a[1], two...); got.Assignment != nil {
		b.Error("the same external id in another list got round the cap")
	}
	b.claim(a[2], one[1])
	b.claim(a[3], three...) // the same id in another source is somebody else
	b.sound()
}

func otherAccount(b *bundle) {
	cap1 := campaign.Cap{Scope: campaign.CapAccount, Max: 1, Period: time.Hour}
	one, two := b.load(b.capped("", cap1), b.who("", "debt")), b.load(b.capped("", cap1), b.who("", "another"))
	a := b.agents(2)
	b.dial(a[0], one...)
	account := "debt"
	l := must[campaign.Lead](b)(b.s.UpdateLead(b.Context(), campaign.LeadUpdate{ID: two[0], Account: &account, By: "crm"}))
	if l.Account != account {
		b.Fatalf("it has the account %q", l.Account)
	}
	if got := b.try(b.s, a[1], two...); got.Assignment != nil || got.Refused[0].Judgement.Binding != "account_cap" {
		b.Fatalf("got %+v", got)
	}
	account = "a third"
	must[campaign.Lead](b)(b.s.UpdateLead(b.Context(), campaign.LeadUpdate{ID: two[0], Account: &account}))
	b.claim(a[1], two...)
	b.sound()
}

// olderClaims makes claims look like those of a node that knows numbers alone.
func olderClaims(b *bundle) {
	cap1 := campaign.Cap{Scope: campaign.CapNumber, Max: 1, Period: time.Hour}
	c, d := b.capped("", cap1), b.capped("", cap1)
	_, one := b.list(c, []campaign.Phone{phone(1), phone(3)})
	_, two := b.list(d, []campaign.Phone{phone(1)})
	a := b.agents(2)
	older := func(as *campaign.Assignment) {
		b.exec(`UPDATE assignments SET subjects = '[]' WHERE id = $1`, int64(as.ID))
		b.exec(`DELETE FROM subject_uses WHERE assignment_id = $1 AND subject_id <> (SELECT a.subject_id FROM assignments a WHERE a.id = $1)`, int64(as.ID))
		b.exec(`UPDATE subject_uses SET phone = '' WHERE assignment_id = $1`, int64(as.ID))
	}
	as := b.claim(a[0], one...)
	older(as)
	if got := b.try(b.s, a[1], two...); got.Assignment != nil {
		b.Fatal("an older node's claim does not count")
	}
	must[campaign.Session](b)(b.s.Decline(b.Context(), as.ID, a[0], "no"))
	if n := b.count(`SELECT count(*) FROM subject_uses`); n != 0 {
		b.Fatalf("%d uses are left", n)
	}
	as = b.claim(a[0], one...)
	older(as)
	_, err := b.s.StartCall(b.Context(), as.ID, a[0])
	b.ok(err)
	must[campaign.Recorded](b)(b.s.Conclude(b.Context(), result(*as, campaign.Busy)))
	if n := b.count(`SELECT count(*) FROM subject_uses WHERE placed AND outcome = 'BUSY'`); n != 1 {
		b.Errorf("%d uses tell of the call, want 1", n)
	}
	b.sound()
}

func olderLeads(b *bundle) {
	cap1 := campaign.Cap{Scope: campaign.CapPerson, Max: 1, Period: time.Hour}
	one, two := b.load(b.capped("", cap1), b.who("p", "")), b.load(b.capped("", cap1), b.who("p", ""))
	b.exec(`DELETE FROM lead_numbers WHERE subject_id IN (SELECT id FROM subjects WHERE kind = 'person')`)
	b.exec(`DELETE FROM subjects WHERE kind = 'person'`)
	a := b.agents(2)
	b.claim(a[0], one...)
	if got := b.try(b.s, a[1], two...); got.Assignment != nil {
		b.Error("the person is not known")
	}
	if n := b.count(`SELECT count(*) FROM lead_numbers n JOIN subjects u ON u.id = n.subject_id WHERE u.kind = 'person'`); n != 2 {
		b.Errorf("%d leads got their person, want both", n)
	}
	b.sound()
}

func coolOffs(b *bundle) {
	c := b.campaign(func(c *campaign.Campaign) {
		c.Rules.Interval = time.Second
		c.Rules.CoolOffs = []campaign.CoolOff{{After: campaign.AfterConversation, Scope: campaign.CapPerson, Days: 7}}
	})
	one, two := b.load(c, b.who("p", "")), b.load(b.campaign(func(d *campaign.Campaign) { d.Rules = c.Rules }), b.who("p", ""))
	a := b.agents(2)
	as := b.dial(a[0], one...)
	b.wait(40 * time.Second)
	must[campaign.Recorded](b)(b.s.Conclude(b.Context(), result(as, campaign.CallLater)))
	if talk := b.lead(one[0]).Tries[0].Talk; talk < 40*time.Second || talk > time.Minute {
		b.Errorf("the lead's try tells of %s of talk", talk)
	}
	if got := b.try(b.s, a[1], two...); got.Assignment != nil || got.Refused[0].Judgement.Binding != "cool_off" {
		b.Fatalf("after a conversation: %+v", got)
	}
	must[campaign.Recorded](b)(b.s.Correct(b.Context(), campaign.Correction{Assignment: as.ID, Agent: a[0], Outcome: campaign.Machine, By: "a"}))
	if try := b.lead(one[0]).Tries[0]; try.Talk != 0 || try.Outcome != campaign.Machine {
		b.Errorf("corrected, the try is %+v", try)
	}
	b.wait(2 * time.Second)
	b.claim(a[1], two...)
	b.sound()
}
