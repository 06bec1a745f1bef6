package storetest

import (
	"fmt"
	"slices"
	"time"

	"redial/campaign"
)

var dueCases = []testCase{
	{"due leads come in the order of offering", dueOrder},
	{"of many groups the first leads are the first of all", dueOfMany},
	{"closed groups and lists switched off are not looked into", dueClosed},
	{"what an agent promised to call later is the agent's", dueOwned},
	{"many leads of agents' own", dueOwnedByMany},
	{"a change of rules plans leads anew", replanned},
	{"rolled-over leads with a turn go by it, retries of today as ever", dueMixed},
}

// due asks for leads of every group of the campaign, whose day began an hour ago.
func (b *bundle) due(c campaign.CampaignID, tried, fresh int) []campaign.Due {
	b.Helper()
	q := campaign.DueQuery{Campaign: c, Now: b.s.Now(), Tried: tried, Fresh: fresh}
	for _, g := range must[[]campaign.Group](b)(b.s.Groups(b.Context(), c)) {
		q.Groups = append(q.Groups, campaign.OpenGroup{ID: g.ID, Midnight: q.Now.Add(-time.Hour), Priority: g.Priority})
	}
	return must[[]campaign.Due](b)(b.s.DueLeads(b.Context(), q))
}

func dueOrder(b *bundle) {
	c := b.campaign(func(c *campaign.Campaign) { c.Rules.Interval = 20 * time.Minute })
	_, low := b.list(c, []campaign.Phone{phone(1)}, []campaign.Phone{phone(2)}, []campaign.Phone{phone(3)}, []campaign.Phone{phone(4)})
	highList, high := b.list(c, []campaign.Phone{phone(5)}, []campaign.Phone{phone(6)})
	must[campaign.List](b)(b.s.SetPriority(b.Context(), highList, 5))
	a := b.agent()
	b.call(a, campaign.NoAnswer, low[0]) // rolled over: two hours ago
	b.wait(90 * time.Minute)
	b.call(a, campaign.NoAnswer, low[1]) // a retry
	b.call(a, campaign.NoAnswer, high[0])
	b.wait(19 * time.Minute)
	if due := b.due(c.ID, 10, 10); due[1].Lead != high[1] {
		b.Fatalf("a retry came before its time: %+v", due)
	}
	next := must[time.Time](b)(b.s.NextDue(b.Context(), b.next(c.ID)))
	if in := next.Sub(b.s.Now()); in <= 0 || in > time.Minute {
		b.Fatalf("the next is due in %s, want within a minute", in)
	}
	b.wait(2 * time.Minute)
	var got []campaign.LeadID
	for _, d := range b.due(c.ID, 10, 10) {
		got = append(got, d.Lead)
		if d.RolledOver != (d.Lead == low[0]) || d.Tried != (len(got) <= 3) {
			b.Errorf("due %+v", d)
		}
	}
	if want := []campaign.LeadID{low[0], low[1], high[0], high[1], low[2], low[3]}; !slices.Equal(got, want) {
		b.Fatalf("order %v, want %v", got, want)
	}
	if due := b.due(c.ID, 1, 2); len(due) != 3 || due[0].Lead != low[0] || due[2].Lead != low[2] {
		b.Fatalf("limited to 1 and 2: %+v", due)
	}
	if next := must[time.Time](b)(b.s.NextDue(b.Context(), b.next(c.ID))); !next.IsZero() {
		b.Fatalf("something waits for %s", next)
	}
	b.sound()
}

// dueOfMany has leads of any priority in sixty groups, most of those that go first in a few.
func dueOfMany(b *bundle) {
	c := b.campaign(nil)
	var drafts []campaign.Draft
	for i := range 400 {
		d := campaign.Draft{Zones: []string{east}, Numbers: []campaign.Number{{Phone: phone(i)}}, Priority: i * 37 % 11}
		d.Places = []string{fmt.Sprintf("US-%c%c", 'A'+i%60/26, 'A'+i%60%26)}
		if i%60 < 3 {
			d.Priority += 20
		}
		drafts = append(drafts, d)
	}
	ids := b.load(c, drafts...)
	order := slices.Clone(ids)
	priority := make(map[campaign.LeadID]int)
	for i, id := range ids {
		priority[id] = drafts[i].Priority
	}
	slices.SortStableFunc(order, func(x, y campaign.LeadID) int { return priority[y] - priority[x] })
	for _, n := range []int{1, 7, 30, 399, 500} {
		var got []campaign.LeadID
		for _, d := range b.due(c.ID, 1, n) {
			got = append(got, d.Lead)
		}
		if want := order[:min(n, len(order))]; !slices.Equal(got, want) {
			b.Fatalf("the first %d are %v, want %v", n, got, want)
		}
	}
	if n := b.count(`SELECT count(*) FROM calendar_groups`); n != 60 {
		b.Errorf("%d groups", n)
	}
}

func (b *bundle) next(c campaign.CampaignID) campaign.NextQuery {
	q := campaign.NextQuery{Campaign: c, Now: b.s.Now()}
	for _, g := range must[[]campaign.Group](b)(b.s.Groups(b.Context(), c)) {
		q.Groups = append(q.Groups, g.ID)
	}
	return q
}

func dueClosed(b *bundle) {
	c := b.campaign(nil)
	_, one := b.list(c, []campaign.Phone{phone(1)})
	off, _ := b.list(c, []campaign.Phone{phone(2)})
	_, _, err := b.s.SwitchOff(b.Context(), off)
	b.ok(err)
	due := b.due(c.ID, 5, 5)
	if len(due) != 1 || due[0].Lead != one[0] {
		b.Fatalf("due %+v, want lead %d alone", due, one[0])
	}
	if due := must[[]campaign.Due](b)(b.s.DueLeads(b.Context(), campaign.DueQuery{Campaign: c.ID, Now: b.s.Now(), Tried: 5, Fresh: 5})); len(due) != 0 {
		b.Fatalf("due %+v though no group is open", due)
	}
	b.claim(b.agent(), one...)
	if due := b.due(c.ID, 5, 5); len(due) != 0 {
		b.Fatalf("due %+v though an agent holds it", due)
	}
}

func dueOwned(b *bundle) {
	c := b.campaign(func(c *campaign.Campaign) { c.Rules.Interval = time.Minute })
	leads := b.some(c, 2)
	a := b.agents(2)
	b.call(a[0], campaign.CallLater, leads[0])
	b.call(a[0], campaign.NoAnswer, leads[1])
	b.wait(2 * time.Minute)
	owned := must[[]campaign.Owned](b)(b.s.OwnedAhead(b.Context(), []campaign.AgentID{a[0]}, b.s.Now().Add(time.Microsecond), 10))
	if len(owned) != 1 || owned[0].Lead != leads[0] || owned[0].Agent != a[0] {
		b.Fatalf("owned %+v", owned)
	}
	if got := must[[]campaign.Callback](b)(b.s.Callbacks(b.Context(), a[0])); len(got) != 1 || got[0].Lead != leads[0] || got[0].Appointment != nil {
		b.Fatalf("callbacks %+v", got)
	}
	b.call(a[1], campaign.NoAnswer, leads[0])
	b.wait(2 * time.Minute)
	if owned := must[[]campaign.Owned](b)(b.s.OwnedAhead(b.Context(), []campaign.AgentID{a[0]}, b.s.Now().Add(time.Microsecond), 10)); len(owned) != 0 {
		b.Fatalf("still owned: %+v", owned)
	}
	b.sound()
}

// dueOwnedByMany has agents who own more than is asked for: each brings those of its own that wait longest, so that who owns
// little is not lost among those who own much.
func dueOwnedByMany(b *bundle) {
	c := b.campaign(func(c *campaign.Campaign) { c.Rules.Interval = time.Minute })
	leads := b.some(c, 7)
	a := b.agents(3)
	for i, lead := range leads {
		b.call(a[min(i/4, 1)], campaign.CallLater, lead)
		b.wait(time.Second)
	}
	b.wait(2 * time.Minute)
	owned := must[[]campaign.Owned](b)(b.s.OwnedAhead(b.Context(), a, b.s.Now(), 2))
	want := []campaign.LeadID{leads[0], leads[1], leads[4], leads[5]}
	for i, o := range owned {
		if i >= len(want) || o.Lead != want[i] || o.Agent != a[i/2] {
			b.Fatalf("owned %+v, want two of each agent's, of %v", owned, want)
		}
	}
	if len(owned) != len(want) {
		b.Fatalf("owned %+v, want %v", owned, want)
	}
}

func replanned(b *bundle) {
	c := b.campaign(nil)
	leads := b.some(c, 5)
	a := b.agents(2)
	b.call(a[0], campaign.NoAnswer, leads[0])
	held := b.claim(a[1], leads[1])
	c = must[campaign.Campaign](b)(b.s.Campaign(b.Context(), c.ID))
	c.Rules.Interval, c.Rules.MaxAttempts = time.Hour, 1
	c = must[campaign.Campaign](b)(b.s.UpdateCampaign(b.Context(), c))
	var seen, changed int
	for after := campaign.LeadID(0); ; {
		last, n, err := b.s.ReplanBatch(b.Context(), c.ID, after, 2)
		b.ok(err)
		changed += n
		if last == 0 {
			break
		}
		after = last
		if seen++; seen > 10 {
			b.Fatal("it never ends")
		}
	}
	if changed != 4 {
		b.Fatalf("%d leads were planned anew, want the 4 that nobody holds", changed)
	}
	b.state(leads[0], campaign.LeadExhausted)
	b.state(leads[1], campaign.LeadHeld)
	must[campaign.Session](b)(b.s.Decline(b.Context(), held.ID, a[1], "no"))
	if _, n, err := b.s.ReplanBatch(b.Context(), c.ID, 0, 10); err != nil || n != 1 {
		b.Fatalf("%d planned anew, error %v, want the lead that came back", n, err)
	}
	b.sound()
}

func dueMixed(b *bundle) {
	c := b.campaign(func(c *campaign.Campaign) { c.Rules.Interval = 20 * time.Minute })
	leads := b.some(c, 7)
	a := b.agent()
	for _, l := range leads[:5] {
		b.call(a, campaign.NoAnswer, l)
		b.wait(time.Second)
	}
	b.wait(2 * time.Hour)
	b.call(a, campaign.NoAnswer, leads[5]) // a retry of today
	b.wait(30 * time.Minute)
	const today = 20_000
	for i, turn := range []int64{0, today*4096 + 9, (today-1)*4096 + 4000, today*4096 + 4095, (today + 1) * 4096, today*4096 + 1} {
		b.exec(`UPDATE leads SET turn = $2 WHERE id = $1`, int64(leads[i]), turn)
	}
	order := func(mix bool, tried int) (ids []campaign.LeadID, turns []int64) {
		q := campaign.DueQuery{Campaign: c.ID, Now: b.s.Now(), Tried: tried, Mix: mix}
		for _, g := range must[[]campaign.Group](b)(b.s.Groups(b.Context(), c.ID)) {
			q.Groups = append(q.Groups, campaign.OpenGroup{ID: g.ID, Midnight: q.Now.Add(-time.Hour), Day: today})
		}
		for _, d := range must[[]campaign.Due](b)(b.s.DueLeads(b.Context(), q)) {
			ids, turns = append(ids, d.Lead), append(turns, d.Turn)
			if d.RolledOver != (d.Lead != leads[5]) {
				b.Errorf("due %+v", d)
			}
		}
		return ids, turns
	}
	// Without turns first, tomorrow's turn being none today; then by turn; the retry last, whatever its turn.
	ids, turns := order(true, 10)
	if want := []campaign.LeadID{leads[0], leads[4], leads[2], leads[1], leads[3], leads[5]}; !slices.Equal(ids, want) {
		b.Fatalf("mixed %v, want %v", ids, want)
	}
	if want := []int64{0, 0, (today-1)*4096 + 4000, today*4096 + 9, today*4096 + 4095, 0}; !slices.Equal(turns, want) {
		b.Fatalf("turns %v, want %v", turns, want)
	}
	if ids, _ := order(true, 3); !slices.Equal(ids, []campaign.LeadID{leads[0], leads[4], leads[2]}) {
		b.Fatalf("the first three %v", ids)
	}
	if ids, turns := order(false, 10); !slices.Equal(ids, leads[:6]) || slices.Max(turns) != 0 {
		b.Fatalf("unmixed %v, turns %v", ids, turns)
	}
}
