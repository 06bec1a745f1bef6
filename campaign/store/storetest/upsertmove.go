package storetest

import (
	"errors"
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
	{"I6 I7 a lead of no CRM is moved by its own id", moveByID},
	{"I12 a lead is moved as it was seen, and where it may go", moveByIDRefused},
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

func moveByID(b *bundle) {
	ctx := b.Context()
	c, other := b.campaign(nil), b.campaign(nil)
	one := b.agent()
	_, leads := b.list(c, []campaign.Phone{phone(1)}, []campaign.Phone{phone(2)})
	b.call(one, campaign.NoAnswer, leads[0])
	promise := must[campaign.Appointment](b)(b.s.Book(ctx, leads[0], campaign.Booking{Local: local(b.s.Now().Add(30 * time.Hour)), Zone: "Asia/Shanghai", Insisted: true}, one, "t"))
	var lists []campaign.ListID
	for i, id := range leads {
		got := must[campaign.Upserted](b)(b.s.MoveLead(ctx, id, b.lead(id).Version, other.ID, nil, "mei"))
		l := b.lead(got.Results[0].Lead)
		if l.ID == id || l.CampaignID != other.ID || l.Source != "" || l.Name != fmt.Sprint("lead ", i) || len(l.Tries) != 1-i || !slices.Contains(got.Changed, other.ID) {
			b.Errorf("it goes on as %+v: %+v", l, got)
		}
		b.state(id, campaign.LeadWithdrawn)
		again := must[campaign.Upserted](b)(b.s.MoveLead(ctx, l.ID, 0, other.ID, nil, "mei"))
		if r := again.Results[0]; r.Done != campaign.UpsertUnchanged || r.Lead != l.ID {
			b.Errorf("to where it is: %+v", r)
		}
		lists = append(lists, l.ListID)
		leads[i] = l.ID
	}
	if lists[0] != lists[1] || must[campaign.List](b)(b.s.List(ctx, lists[0])).CampaignID != other.ID {
		b.Errorf("they are in the lists %v", lists)
	}
	if p := must[[]campaign.Appointment](b)(b.s.LeadPromises(ctx, leads[0])); len(p) != 1 || p[0].Replaces != promise.ID || p[0].Owner != one {
		b.Errorf("its promise: %+v", p)
	}
	was := must[campaign.Upserted](b)(b.s.MoveLead(ctx, leads[1], 0, c.ID, nil, "mei")).Results[0].Lead // and back
	back := must[campaign.Upserted](b)(b.s.MoveLead(ctx, was, 0, other.ID, nil, "mei")).Results[0].Lead
	if _, err := b.s.ReopenLead(ctx, leads[1], 0, "mei"); campaign.KindOf(err) != campaign.KindConflict {
		b.Errorf("it comes back beside itself: %v", err)
	}
	must[campaign.Erased](b)(b.s.EraseLead(ctx, back, false, "asked"))
	for _, id := range []campaign.LeadID{leads[1], was, back} {
		if b.lead(id).ErasedAt.IsZero() {
			b.Errorf("lead %d of an erased person is left", id)
		}
	}
	crm := b.upsert("added", put(c.ID, "7", 1, "Li", phone(3)))[0].Lead
	moved := must[campaign.Upserted](b)(b.s.MoveLead(ctx, crm, 0, other.ID, nil, "mei")).Results[0].Lead
	if l := b.lead(moved); l.Source != "crm" || l.ExternalID != "7" || l.ListID == lists[0] {
		b.Errorf("a CRM's goes on as %+v", l)
	}
	if got := b.upsert("updated", put(0, "7", 2, "Li Lei"))[0]; got.Lead != moved {
		b.Errorf("the CRM changes %+v", got)
	}
	b.sound()
}

func moveByIDRefused(b *bundle) {
	ctx := b.Context()
	c, other, hidden, over := b.campaign(nil), b.campaign(nil), b.campaign(nil), b.campaign(nil)
	if _, _, _, err := b.s.FinishCampaign(ctx, over.ID, campaign.PromisesCancel); err != nil {
		b.Fatal(err)
	}
	_, leads := b.list(c, []campaign.Phone{phone(1)}, []campaign.Phone{phone(2)}, []campaign.Phone{phone(3)})
	b.list(other, []campaign.Phone{phone(2)})
	must[campaign.Lead](b)(b.s.WithdrawLead(ctx, leads[2], 0, "gone", "mei"))
	for name, x := range map[string]struct {
		id      campaign.LeadID
		version int64
		to      campaign.CampaignID
		kind    campaign.Kind
		reason  string
	}{
		"of another version":          {leads[0], 99, other.ID, campaign.KindConflict, campaign.ReasonVersion},
		"to a campaign that is over":  {leads[0], 0, over.ID, campaign.KindUnready, campaign.ReasonBadState},
		"to one that is not seen":     {leads[0], 0, hidden.ID, campaign.KindNotFound, ""},
		"nowhere":                     {leads[0], 0, 0, campaign.KindInvalid, ""},
		"where its number is another": {leads[1], 0, other.ID, campaign.KindConflict, campaign.ReasonDuplicateNumber},
		"one that was withdrawn":      {leads[2], 0, other.ID, campaign.KindUnready, campaign.ReasonBadState},
		"none":                        {4711, 0, other.ID, campaign.KindNotFound, ""},
	} {
		_, err := b.s.MoveLead(ctx, x.id, x.version, x.to, []campaign.CampaignID{c.ID, other.ID, over.ID}, "mei")
		if e, ok := errors.AsType[*campaign.Error](err); !ok || e.Kind != x.kind || e.Reason != x.reason {
			b.Errorf("%s: %v", name, err)
		}
	}
	b.state(leads[0], campaign.LeadOpen)
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
