package storetest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"redial/campaign"
)

func init() { cases = append(cases, upsertMoveCases...) }

var upsertMoveCases = []testCase{
	{"I6 I7 a moved lead takes its attempts and its promise along", upsertMove},
	{"I3 calls that a moved lead brought count once", upsertMoveCaps},
	{"I2 items that were sent again after a cut happen once", upsertAgain},
	{"I7 streams that race for the same ids make each lead once", upsertRace},
	{"items in any order, however often, end the same", upsertShuffled},
}

func upsertMove(b *bundle) {
	ctx := b.Context()
	c, other := b.campaign(nil), b.campaign(nil)
	one := b.agent()
	old := b.upsert("added", put(c.ID, "7", 1, "Li", phone(1)))[0].Lead
	b.call(one, campaign.NoAnswer, old)
	at := b.s.Now().Add(30 * time.Hour)
	promise := must[campaign.Appointment](b)(b.s.Book(ctx, old, campaign.Booking{Local: local(at), Zone: "Asia/Shanghai", Insisted: true}, one, "t"))
	got := b.upsert("moved", moveTo(other.ID, "7", 2))[0]
	l := b.lead(got.Lead)
	if l.ID == old || l.CampaignID != other.ID || len(l.Tries) != 1 || l.Name != "Li" || l.Revision != 2 || l.Plan.Verdict != campaign.VerdictAppointment ||
		!l.Plan.At.Equal(promise.At) || l.Owner != one || got.Version != l.Version {
		b.Errorf("it goes on as %+v", l)
	}
	b.state(old, campaign.LeadWithdrawn)
	was := must[[]campaign.Appointment](b)(b.s.LeadPromises(ctx, old))
	now := must[[]campaign.Appointment](b)(b.s.LeadPromises(ctx, l.ID))
	if len(was) != 1 || was[0].State != campaign.AppointmentRescheduled || was[0].Reason != "moved" {
		b.Errorf("its promise there: %+v", was)
	}
	if len(now) != 1 || now[0].State != campaign.AppointmentOpen || now[0].Replaces != promise.ID || now[0].Owner != one || !now[0].At.Equal(promise.At) {
		b.Errorf("its promise here: %+v", now)
	}
	b.upsert("unchanged", moveTo(other.ID, "7", 2))
	b.upsert("unchanged", moveTo(other.ID, "7", 0))
	told := fmt.Sprintf(`lead_id = %d AND data LIKE '%%"moved_to":%d%%'`, old, l.ID)
	if n := b.count(`SELECT count(*) FROM outbox WHERE `+told) + b.count(`SELECT count(*) FROM events WHERE `+told); n != 1 {
		b.Errorf("%d events tell whereto", n)
	}
	back := b.upsert("moved", moveTo(c.ID, "7", 3))[0]
	if home := b.lead(back.Lead); home.CampaignID != c.ID || len(home.Tries) != 1 || home.Plan.Verdict != campaign.VerdictAppointment {
		b.Errorf("it came back as %+v", home)
	}
	b.sound()
}

func upsertMoveCaps(b *bundle) {
	capped := func(c *campaign.Campaign) {
		c.Rules.Interval = time.Minute
		c.Rules.Caps = []campaign.Cap{{Scope: campaign.CapNumber, Max: 3, Period: 24 * time.Hour}}
	}
	c, other := b.campaign(capped), b.campaign(capped)
	one := b.agent()
	old := b.upsert("added", put(c.ID, "7", 1, "Li", phone(1)))[0].Lead
	b.call(one, campaign.NoAnswer, old)
	b.wait(2 * time.Minute)
	b.ready(one)
	b.call(one, campaign.NoAnswer, old)
	b.wait(2 * time.Minute)
	id := b.upsert("moved", moveTo(other.ID, "7", 2))[0].Lead
	b.wait(2 * time.Minute)
	b.ready(one)
	b.call(one, campaign.NoAnswer, id) // the third: were the two counted twice, the cap would forbid it
	b.wait(2 * time.Minute)
	b.ready(one)
	if got := b.try(b.s, one, id); got.Assignment != nil {
		b.Error("a fourth call got through a cap of 3")
	}
	b.sound()
}

func upsertAgain(b *bundle) {
	c, other := b.campaign(nil), b.campaign(nil)
	var items []campaign.UpsertItem
	for i := range 30 {
		items = append(items, put(c.ID, fmt.Sprint(i), 1, fmt.Sprint("lead ", i), phone(i)))
	}
	items = append(items, moveTo(other.ID, "3", 2), takeOut("4", 2), put(c.ID, "5", 2, "five", phone(5)))
	b.upserts(items[:20]...) // the answers were lost, and what came after with them
	again := b.upserts(items...)
	var done []string
	for _, r := range again.Results {
		done = append(done, doneNames[r.Done])
	}
	want := slices.Concat(slices.Repeat([]string{"unchanged"}, 20), slices.Repeat([]string{"added"}, 10), []string{"moved", "withdrawn", "updated"})
	if !slices.Equal(done, want) {
		b.Errorf("the second time: %v", done)
	}
	version := b.lead(again.Results[32].Lead).Version
	for i, r := range b.upserts(items...).Results {
		if want := campaign.UpsertUnchanged; r.Done != want && (r.Done != campaign.UpsertStale || i > 5) {
			b.Errorf("the third time item %d: %+v", i, r)
		}
	}
	if l := b.lead(again.Results[32].Lead); l.Version != version {
		b.Errorf("changed once more: %+v", l)
	}
	if n := b.count(`SELECT count(*) FROM leads`); n != 31 {
		b.Errorf("%d leads, want 30 and the one that was moved", n)
	}
	b.sound()
}

func upsertRace(b *bundle) {
	c, other := b.campaign(nil), b.campaign(nil)
	const streams, leads = 4, 60
	second := b.open()
	var all sync.WaitGroup
	for n := range streams {
		all.Go(func() {
			s, to := b.s, c.ID
			if n%2 == 1 {
				s = second
			}
			if n == 3 {
				to = other.ID
			}
			random := rand.New(rand.NewPCG(uint64(n), 7))
			order := random.Perm(leads)
			for part := range slices.Chunk(order, 20) {
				var items []campaign.UpsertItem
				for _, i := range part {
					items = append(items, put(to, fmt.Sprint(i), int64(1+n), fmt.Sprint("of ", n), phone(i)))
				}
				got, err := s.UpsertLeads(b.Context(), campaign.UpsertBatch{Source: "crm", Items: items, Number: number})
				if err != nil {
					b.Error(err)
				}
				for _, r := range got.Results {
					if r.Err != nil {
						b.Errorf("stream %d, lead %s: %v", n, r.ExternalID, r.Err)
					}
				}
			}
		})
	}
	all.Wait()
	if n := b.count(`SELECT count(*) FROM leads`); n != leads {
		b.Errorf("%d leads, want %d", n, leads)
	}
	if n := b.count(`SELECT count(*) FROM leads WHERE name = 'of 3' AND revision = 4`); n != leads {
		b.Errorf("%d leads are as the newest items say, want %d", n, leads)
	}
	if n := b.count(`SELECT count(*) FROM lists WHERE source = 'crm'`); n > 2 {
		b.Errorf("%d lists of the source in two campaigns", n)
	}
	b.sound()
}

// upsertShuffled sends items with revisions in random orders, some twice: the leads end as the last revision of each says.
func upsertShuffled(b *bundle) {
	seed := uint64(time.Now().UnixNano())
	random := rand.New(rand.NewPCG(seed, 1))
	const leads, revisions = 12, 6
	out := make(map[[2]int]bool) // the lead is withdrawn by the revision
	for i := range leads * revisions {
		out[[2]int{i / revisions, 1 + i%revisions}] = random.IntN(4) == 0
	}
	c := b.campaign(nil)
	for run := range 3 {
		source := fmt.Sprint("crm", run)
		var items []campaign.UpsertItem
		want := make(map[string]string)
		for i := range leads {
			id := fmt.Sprint(i)
			for v := 1; v <= revisions; v++ {
				it := put(c.ID, id, int64(v), fmt.Sprintf("%d as of %d", i, v), phone(1000*run+i), phone(1000*run+100+v))
				it.Values.Account = fmt.Sprint("A", v)
				if want[id] = it.Values.Name; out[[2]int{i, v}] {
					it, want[id] = takeOut(id, int64(v)), "out"
				}
				items = append(items, it)
			}
		}
		items = append(items, items[:len(items)/2]...)
		random.Shuffle(len(items), func(i, j int) { items[i], items[j] = items[j], items[i] })
		for part := range slices.Chunk(items, 1+random.IntN(40)) {
			got := must[campaign.Upserted](b)(b.s.UpsertLeads(b.Context(), campaign.UpsertBatch{Source: source, Items: part, Number: number}))
			for _, r := range got.Results {
				if r.Err != nil {
					b.Fatalf("seed %d, run %d: %+v: %v", seed, run, r, r.Err)
				}
			}
		}
		for id, name := range want {
			if got := b.endedAs(source, id); got != name {
				b.Errorf("seed %d, run %d: lead %s is %q, want %q", seed, run, id, got, name)
			}
		}
	}
	b.sound()
}

// endedAs is the name of a source's lead; out: it was withdrawn, or never made.
func (b *bundle) endedAs(source, id string) string {
	b.Helper()
	state := "out"
	for _, l := range must[[]campaign.Lead](b)(b.s.FindLeads(b.Context(), campaign.LeadFilter{ExternalID: id})) {
		if l.Source == source && l.State != campaign.LeadWithdrawn {
			state = l.Name
		}
	}
	return state
}
