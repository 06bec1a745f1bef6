package storetest

import (
	"fmt"
	"strings"
	"time"

	"redial/campaign"
)

func init() { cases = append(cases, upsertCases...) }

var upsertCases = []testCase{
	{"a CRM's lead is made, changed and left as it is", upsertPut},
	{"an older item is stale, one sent again changes nothing", upsertRevisions},
	{"I12 a bad item names its fields and sinks no other", upsertBad},
	{"nobody's change is lost to an item that saw another version", upsertVersion},
	{"a number that is another lead's is told with that lead", upsertTwins},
	{"a mask takes what it names", upsertMask},
	{"a lead is changed on its call, but neither moved nor withdrawn", upsertOnCall},
	{"I5 a suppressed number comes in suppressed", upsertSuppressed},
	{"a lead that was withdrawn comes back as itself", upsertReopen},
	{"what was withdrawn before it came stays out of what is older", upsertGone},
	{"a list that was undone is followed by another", upsertUndone},
	{"a sender sees leads of its campaigns alone", upsertSees},
	{"one lead's items take effect in their order", upsertOrder},
	{"a batch that the database refuses is cut until the guilty item stands alone", upsertSplit},
}

// number reads numbers as these tests write them: E.164, or the digits of one of China.
func number(text, region string) (campaign.Number, error) {
	p := campaign.Phone(text)
	if !strings.HasPrefix(text, "+") && region == "CN" && len(text) > 5 {
		p = campaign.Phone("+86" + text)
	}
	if !strings.HasPrefix(string(p), "+") {
		return campaign.Number{}, &campaign.Error{Kind: campaign.KindInvalid, Message: text + " is no number"}
	}
	zones := []string{"Asia/Shanghai"}
	if strings.HasPrefix(string(p), "+1") {
		zones = []string{"America/New_York"}
	}
	return campaign.Number{Phone: p, Zones: zones}, nil
}

// put is an item that makes or changes a lead.
func put(c campaign.CampaignID, id string, revision int64, name string, phones ...campaign.Phone) campaign.UpsertItem {
	it := campaign.UpsertItem{ExternalID: id, Revision: revision, Action: campaign.UpsertPut, Campaign: c, Values: campaign.LeadValues{Name: name}}
	for _, p := range phones {
		it.Values.Numbers = append(it.Values.Numbers, campaign.Number{Phone: p})
	}
	return it
}

func moveTo(c campaign.CampaignID, id string, revision int64) campaign.UpsertItem {
	return campaign.UpsertItem{ExternalID: id, Revision: revision, Action: campaign.UpsertMove, Campaign: c}
}

func takeOut(id string, revision int64) campaign.UpsertItem {
	return campaign.UpsertItem{ExternalID: id, Revision: revision, Action: campaign.UpsertWithdraw, Reason: "bought elsewhere"}
}

func (b *bundle) upserts(items ...campaign.UpsertItem) campaign.Upserted {
	b.Helper()
	return must[campaign.Upserted](b)(b.s.UpsertLeads(b.Context(), campaign.UpsertBatch{Source: "crm", By: "crm", Items: items, Number: number}))
}

// upsert does items and checks what became of each.
func (b *bundle) upsert(want string, items ...campaign.UpsertItem) []campaign.UpsertResult {
	b.Helper()
	got := b.upserts(items...)
	var names []string
	for _, r := range got.Results {
		name := doneNames[r.Done]
		if r.Err != nil {
			name = fmt.Sprintf("%s%d", r.Err.Reason, r.Err.Kind)
		}
		names = append(names, name)
	}
	if text := strings.Join(names, " "); text != want {
		b.Fatalf("got %s, want %s: %+v", text, want, got.Results)
	}
	return got.Results
}

var doneNames = map[campaign.UpsertDone]string{
	campaign.UpsertAdded: "added", campaign.UpsertUpdated: "updated", campaign.UpsertUnchanged: "unchanged", campaign.UpsertStale: "stale",
	campaign.UpsertMoved: "moved", campaign.UpsertWithdrawn: "withdrawn", campaign.UpsertReopened: "reopened",
}

func upsertPut(b *bundle) {
	c := b.campaign(nil)
	first := put(c.ID, "7", 0, "Li Lei", "13800000001", "+12125550100")
	first.Position, first.Values.Attributes, first.Values.Places = 12, []campaign.Attribute{{Name: "tier", Value: "gold"}}, []string{"US-NY", "FR", "FR"}
	got := b.upsert("added", first)[0]
	l := b.lead(got.Lead)
	if got.Position != 12 || got.ExternalID != "7" || got.Version != 1 || l.Version != 1 || got.Plan.Number != "+8613800000001" || l.Plan.Number != got.Plan.Number {
		b.Errorf("answered %+v, kept %+v", got, l)
	}
	if l.Source != "crm" || l.ExternalID != "7" || l.Name != "Li Lei" || len(l.Numbers) != 2 || l.Numbers[1].Zones[0] != "America/New_York" ||
		fmt.Sprint(l.Zones, l.Places, l.Attributes) != "[Asia/Shanghai] [FR US-NY] [{tier gold}]" || l.State != campaign.LeadOpen {
		b.Errorf("kept %+v", l)
	}
	if again := b.upsert("unchanged", first)[0]; again.Lead != l.ID || again.Version != 1 {
		b.Errorf("again: %+v", again)
	}
	changed := put(c.ID, "7", 0, "Li Lei", "+12125550101")
	up := b.upsert("updated", changed)[0]
	l = b.lead(got.Lead)
	if up.Version != l.Version || l.Version < 2 || l.Plan.Number != "+12125550101" || up.Plan.Number != l.Plan.Number || l.Zones[0] != "America/New_York" || len(l.Attributes) != 1 {
		b.Errorf("answered %+v, kept %+v", up, l)
	}
	for p, n := range map[campaign.Phone]int{"+12125550101": 1, "+8613800000001": 0} {
		if found := must[[]campaign.LeadID](b)(b.s.FindByNumber(b.Context(), p)); len(found) != n {
			b.Errorf("%s finds %v", p, found)
		}
	}
	list := must[campaign.List](b)(b.s.List(b.Context(), l.ListID))
	if list.Name != "crm" || list.State != campaign.ListActive || list.Tally.Rows != 1 || list.Tally.Leads != 1 {
		b.Errorf("its list: %+v", list)
	}
	b.call(b.agent(), campaign.NoAnswer, l.ID)
	b.sound()
}

func upsertRevisions(b *bundle) {
	c := b.campaign(nil)
	b.upsert("added", put(c.ID, "7", 5, "five", phone(1)))
	b.upsert("stale", put(c.ID, "7", 4, "four", phone(2)))
	b.upsert("stale", takeOut("7", 4))
	b.upsert("unchanged", put(c.ID, "7", 5, "another five", phone(1)))
	b.upsert("unchanged", put(c.ID, "7", 6, "five", phone(1)))
	got := b.upsert("stale", put(c.ID, "7", 5, "five again", phone(1)))[0]
	if l := b.lead(got.Lead); l.Name != "five" || l.Revision != 6 || l.Version != 1 {
		b.Errorf("it is %+v", l)
	}
	b.upsert("updated", put(c.ID, "7", 0, "the last to arrive", phone(1)))
	if l := b.lead(got.Lead); l.Name != "the last to arrive" || l.Revision != 6 {
		b.Errorf("it is %+v", l)
	}
}

func upsertBad(b *bundle) {
	c := b.campaign(nil)
	bad := put(c.ID, "", -1, strings.Repeat("x", 201), "12")
	bad.Values.Zones, bad.Values.Places = []string{"Mars/Base"}, []string{"ZZ-9"}
	unread := put(c.ID, "2", 0, "two", phone(2), "12")
	none := put(c.ID, "3", 0, "three")
	nowhere, unknown := put(0, "4", 0, "four", phone(4)), put(999, "5", 0, "five", phone(5))
	nul := put(c.ID, "6", 0, "six\x00", phone(6))
	got := b.upsert("1 1 1 1 2 1 added 2", bad, unread, none, nowhere, unknown, nul, put(c.ID, "8", 0, "eight", phone(8)), moveTo(c.ID, "nobody", 1))
	for i, want := range [][]string{
		{"external_id", "revision", "lead.name", "lead.zones[0]", "lead.places[0]"}, {"lead.numbers[1].phone"}, {"lead.numbers"}, {"campaign_id"},
		{"campaign_id"}, {"lead.name"},
	} {
		var fields []string
		for _, v := range got[i].Err.Violations {
			fields = append(fields, v.Field)
		}
		if fmt.Sprint(fields) != fmt.Sprint(want) {
			b.Errorf("item %d names %v, want %v", i, fields, want)
		}
	}
	if n := b.count(`SELECT count(*) FROM leads`); n != 1 {
		b.Errorf("%d leads", n)
	}
}

func upsertVersion(b *bundle) {
	c := b.campaign(nil)
	got := b.upsert("added", put(c.ID, "7", 0, "Li", phone(1)))[0]
	name := "Li Lei"
	l := must[campaign.Lead](b)(b.s.UpdateLead(b.Context(), campaign.LeadUpdate{ID: got.Lead, Name: &name}))
	late := put(c.ID, "7", 0, "L. Lei", phone(1))
	late.Version = 1
	if refused := b.upsert("VERSION_MISMATCH3", late)[0]; refused.Version != l.Version || b.lead(got.Lead).Name != name {
		b.Errorf("answered %+v", refused)
	}
	same := put(c.ID, "7", 0, name, phone(1))
	same.Version = 1
	b.upsert("unchanged", same)
	late.Version = l.Version
	b.upsert("updated", late)
	missing := put(c.ID, "8", 0, "new", phone(8))
	missing.Version = 3
	b.upsert("VERSION_MISMATCH3", missing)
	out := takeOut("7", 0)
	out.Version = 1
	b.upsert("VERSION_MISMATCH3", out)
}

func upsertTwins(b *bundle) {
	c, other := b.campaign(nil), b.campaign(nil)
	_, leads := b.list(c, []campaign.Phone{phone(1)})
	got := b.upsert("DUPLICATE_NUMBER3 added DUPLICATE_NUMBER3 added", put(c.ID, "1", 0, "one", phone(1)), put(c.ID, "2", 0, "two", phone(2)),
		put(c.ID, "3", 0, "three", phone(2)), put(other.ID, "4", 0, "four", phone(1)))
	if !strings.Contains(got[0].Err.Message, fmt.Sprint("lead ", leads[0], "'s")) || !strings.Contains(got[2].Err.Message, fmt.Sprint("lead ", got[1].Lead, "'s")) {
		b.Errorf("told %v and %v", got[0].Err, got[2].Err)
	}
	b.upsert("DUPLICATE_NUMBER3", moveTo(c.ID, "4", 0))
	b.upsert("withdrawn added", takeOut("2", 0), put(c.ID, "3", 0, "three", phone(2)))
	b.upsert("DUPLICATE_NUMBER3", put(c.ID, "2", 0, "two", phone(2)))
	b.upsert("withdrawn reopened", takeOut("3", 0), put(c.ID, "2", 0, "two", phone(2)))
	b.sound()
}

func upsertMask(b *bundle) {
	c := b.campaign(nil)
	it := put(c.ID, "7", 0, "Li Lei", phone(1))
	it.Values.Account, it.Values.Priority, it.Take = "A1", 3, campaign.TakeName
	got := b.upsert("added", it)[0]
	if l := b.lead(got.Lead); l.Account != "A1" || l.Priority != 3 {
		b.Errorf("a new lead took %+v", l)
	}
	it.Values = campaign.LeadValues{Name: "Han", Priority: 9}
	it.Take = campaign.TakeName | campaign.TakeAccount
	b.upsert("updated", it)
	if l := b.lead(got.Lead); l.Name != "Han" || l.Priority != 3 || l.Account != "" || len(l.Numbers) != 1 {
		b.Errorf("the mask took %+v", l)
	}
	it.Take = campaign.TakeNumbers
	b.upsert("1", it)
}

func upsertOnCall(b *bundle) {
	ctx := b.Context()
	c, other := b.campaign(nil), b.campaign(nil)
	id := b.upsert("added", put(c.ID, "7", 1, "Li", phone(1)))[0].Lead
	one := b.agent()
	b.claim(one, id)
	taken := b.upserts(takeOut("7", 0))
	if taken.Results[0].Done != campaign.UpsertWithdrawn || len(taken.Revoked) != 1 || taken.Revoked[0].AgentID != one || len(taken.Changed) != 1 {
		b.Errorf("withdrawn on offer: %+v", taken)
	}
	b.upsert("reopened", put(c.ID, "7", 2, "Li", phone(1)))
	b.ready(one)
	as := b.dial(one, id)
	for _, it := range []campaign.UpsertItem{takeOut("7", 3), moveTo(other.ID, "7", 3)} {
		if got := b.upsert("ON_CALL4", it)[0]; got.Err.RetryAfter <= 0 || got.Lead != id {
			b.Errorf("answered %+v", got)
		}
	}
	b.upsert("updated", put(c.ID, "7", 3, "Li Lei", phone(9)))
	if l := b.lead(id); l.State != campaign.LeadHeld || l.Assignment != as.ID || l.Plan.Number != phone(1) || l.Name != "Li Lei" {
		b.Errorf("on its call it is %+v", l)
	}
	must[campaign.Recorded](b)(b.s.Conclude(ctx, result(as, campaign.NoAnswer)))
	if l := b.lead(id); l.Plan.Number != phone(9) {
		b.Errorf("after its call it is %+v", l)
	}
	b.upsert("moved", moveTo(other.ID, "7", 4))
	b.sound()
}

func upsertSuppressed(b *bundle) {
	c := b.campaign(nil)
	must[campaign.Suppressed](b)(b.s.Suppress(b.Context(), campaign.Suppression{Phone: phone(1), Reason: "test"}))
	got := b.upsert("added added", put(c.ID, "1", 0, "", phone(1)), put(c.ID, "2", 0, "", phone(2), phone(1)))
	b.state(got[0].Lead, campaign.LeadSuppressed)
	b.state(got[1].Lead, campaign.LeadOpen)
	if list := must[campaign.List](b)(b.s.List(b.Context(), b.lead(got[0].Lead).ListID)); list.Tally.Leads != 2 || list.Tally.Suppressed != 1 {
		b.Errorf("its list counts %+v", list.Tally)
	}
	b.upsert("updated", put(c.ID, "2", 0, "", phone(1)))
	b.state(got[1].Lead, campaign.LeadSuppressed)
	b.sound()
}

func upsertReopen(b *bundle) {
	c := b.campaign(nil)
	one := b.agent()
	id := b.upsert("added", put(c.ID, "7", 1, "Li", phone(1)))[0].Lead
	b.call(one, campaign.Refused, id)
	b.upsert("withdrawn", takeOut("7", 2))
	b.upsert("unchanged", takeOut("7", 3))
	b.upsert("stale", put(c.ID, "7", 2, "Li", phone(1)))
	got := b.upsert("reopened", put(c.ID, "7", 4, "Lee", phone(2)))[0]
	if l := b.lead(id); got.Lead != id || l.State != campaign.LeadFinished || l.Name != "Lee" || len(l.Tries) != 1 || l.Revision != 4 || l.Version != got.Version {
		b.Errorf("it came back as %+v", l)
	}
	if found := must[[]campaign.LeadID](b)(b.s.FindByNumber(b.Context(), phone(2))); len(found) != 1 {
		b.Errorf("its number finds %v", found)
	}
	b.upsert("DUPLICATE_NUMBER3", put(c.ID, "8", 0, "twin", phone(2)))
	b.upsert("added", put(c.ID, "9", 0, "who has the old number", phone(1)))
	b.upsert("withdrawn", takeOut("9", 0))
	b.upsert("WRONG_STATE4", moveTo(b.campaign(nil).ID, "9", 0))
	b.sound()
}

func upsertGone(b *bundle) {
	c := b.campaign(nil)
	b.upsert("unchanged", takeOut("7", 5))
	b.upsert("stale", put(c.ID, "7", 4, "Li", phone(1)))
	b.upsert("unchanged", takeOut("7", 5))
	b.upsert("added", put(c.ID, "7", 5, "Li", phone(1)))
	b.upsert("unchanged", takeOut("8", 0))
	b.upsert("added", put(c.ID, "8", 1, "Lu", phone(2)))
	if n := b.count(`SELECT count(*) FROM upsert_gone`); n != 0 {
		b.Errorf("%d are remembered still", n)
	}
	b.upsert("unchanged", takeOut("9", 1))
	b.wait(91 * 24 * time.Hour)
	b.upsert("unchanged", takeOut("10", 1))
	if n := b.count(`SELECT count(*) FROM upsert_gone`); n != 1 {
		b.Errorf("%d are remembered, want the last alone", n)
	}
}

func upsertUndone(b *bundle) {
	c := b.campaign(nil)
	got := b.upsert("added added", put(c.ID, "1", 1, "one", phone(1)), put(c.ID, "2", 1, "two", phone(2)))
	first := b.lead(got[0].Lead)
	b.call(b.agent(), campaign.NoAnswer, got[1].Lead)
	if _, _, _, err := b.s.UndoImport(b.Context(), first.ListID); err != nil {
		b.Fatal(err)
	}
	again := b.upsert("reopened updated added", put(c.ID, "1", 2, "uno", phone(1)), put(c.ID, "2", 2, "due", phone(2)), put(c.ID, "3", 1, "tre", phone(3)))
	l := b.lead(again[0].Lead)
	if l.ID == first.ID || l.ListID == first.ListID || l.Name != "uno" || l.State != campaign.LeadOpen || l.Revision != 2 || b.lead(again[2].Lead).ListID != l.ListID {
		b.Errorf("it goes on as %+v", l)
	}
	b.claim(b.agent(), l.ID)
	b.sound()
}

func upsertSees(b *bundle) {
	mine, other := b.campaign(nil), b.campaign(nil)
	b.upsert("added added", put(other.ID, "1", 1, "one", phone(1)), put(mine.ID, "2", 1, "two", phone(2)))
	got := must[campaign.Upserted](b)(b.s.UpsertLeads(b.Context(), campaign.UpsertBatch{Source: "crm", Campaigns: []campaign.CampaignID{mine.ID}, Number: number,
		Items: []campaign.UpsertItem{put(mine.ID, "1", 2, "uno", phone(1)), takeOut("1", 2), moveTo(other.ID, "2", 2), put(other.ID, "3", 1, "", phone(3)),
			put(mine.ID, "2", 3, "due", phone(2))}}))
	for i, r := range got.Results {
		if i < 4 && (r.Err == nil || r.Err.Kind != campaign.KindNotFound || i != 2 && r.Lead != 0) || i == 4 && r.Done != campaign.UpsertUpdated {
			b.Errorf("item %d: %+v", i, r)
		}
	}
}

func upsertOrder(b *bundle) {
	c, other := b.campaign(nil), b.campaign(nil)
	got := b.upsert("added updated moved updated withdrawn reopened", put(c.ID, "7", 0, "a", phone(1)), put(c.ID, "7", 0, "b", phone(1)),
		moveTo(other.ID, "7", 0), put(0, "7", 0, "c", phone(1)), takeOut("7", 0), put(0, "7", 0, "d", phone(2)))
	l := b.lead(got[5].Lead)
	if l.CampaignID != other.ID || l.Name != "d" || l.State != campaign.LeadOpen || got[2].Lead != l.ID || got[0].Lead == l.ID {
		b.Errorf("it ended as %+v", l)
	}
	b.state(got[0].Lead, campaign.LeadWithdrawn)
	b.sound()
}

// upsertSplit has the database refuse one item for a reason that nobody looked for.
func upsertSplit(b *bundle) {
	c := b.campaign(nil)
	b.exec(`CREATE UNIQUE INDEX once ON leads (name) WHERE name LIKE 'only%'`)
	var items []campaign.UpsertItem
	for i := range 9 {
		items = append(items, put(c.ID, fmt.Sprint(i), 1, fmt.Sprint("lead ", i), phone(i)))
	}
	items[2].Values.Name, items[7].Values.Name = "only", "only"
	got := b.upserts(items...)
	for i, r := range got.Results {
		if (i == 7) != (r.Err != nil) {
			b.Errorf("item %d: %+v", i, r)
		}
	}
	if n := b.count(`SELECT count(*) FROM leads`); n != 8 {
		b.Errorf("%d leads", n)
	}
	b.sound()
}
