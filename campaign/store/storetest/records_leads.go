package storetest

import (
	"slices"
	"time"

	"redial/campaign"
)

func init() { cases = append(cases, leadCases...) }

var leadCases = []testCase{
	{"leads are found by each of their marks", findLeads},
	{"a lead changes without disturbing its call", updateOnCall},
	{"an update of numbers plans the lead anew", updateNumbers},
	{"I12 a bad update of a lead names its fields and changes nothing", badUpdate},
	{"a withdrawn lead is not called, and comes back when reopened", withdraw},
	{"a reopened lead is called again after a success", reopenSuccess},
	{"a lead that may not be called is not reopened", reopenRefused},
	{"an agent who leaves hands its promises over", leave},
	{"agents change by version, and a login is one agent's", agentsChange},
	{"a token lets in until it is revoked or expires", tokens},
	{"a revocation is told from its instant on", revocations},
	{"a certificate is one token at a time", certificates},
	{"a new token names what is there, and ends after it begins", soundTokens},
	{"things belong to campaigns", grants},
	{"I9 a report of real calls sums to the whole", reportCalls},
	{"history is dropped by months, leads keep their tries", dropHistory},
	{"abandoned uploads are dropped", dropAbandoned},
}

func findLeads(b *bundle) {
	ctx := b.Context()
	c := b.campaign(nil)
	list, leads := b.list(c, []campaign.Phone{phone(1), phone(2)}, []campaign.Phone{phone(3)})
	b.some(b.campaign(nil), 2)
	name := "100% 李_雷"
	must[campaign.Lead](b)(b.s.UpdateLead(ctx, campaign.LeadUpdate{ID: leads[1], Name: &name}))
	for what, f := range map[string]campaign.LeadFilter{
		"campaign": {Campaign: c.ID}, "list": {List: list}, "second number": {Phone: phone(2)}, "text": {Text: "0% 李_"},
		"state": {Campaign: c.ID, State: campaign.LeadOpen}, "after": {Campaign: c.ID, AfterID: leads[0]}, "wildcard": {Text: "1%_雷"},
		"other case": {Text: "LEAD 0", List: list}, "nothing": {Phone: phone(77)}, "limit": {Limit: 3},
	} {
		want := map[string]int{"campaign": 2, "list": 2, "second number": 1, "text": 1, "state": 2, "after": 1, "other case": 1, "limit": 3}[what]
		if got := must[[]campaign.Lead](b)(b.s.FindLeads(ctx, f)); len(got) != want {
			b.Errorf("%s: %d leads, want %d", what, len(got), want)
		}
	}
	_, err := b.s.Lead(ctx, 999)
	b.refused(err, campaign.KindNotFound, "")
}

func updateOnCall(b *bundle) {
	ctx := b.Context()
	lead := b.some(b.campaign(nil), 1)[0]
	as := b.dial(b.agent(), lead)
	seen := b.lead(lead)
	name, numbers := "Han Meimei", []campaign.Number{{Phone: phone(500)}, {Phone: seen.Numbers[0].Phone}}
	got := must[campaign.Lead](b)(b.s.UpdateLead(ctx, campaign.LeadUpdate{ID: lead, Version: seen.Version, Name: &name, Numbers: &numbers, By: "crm"}))
	if got.State != campaign.LeadHeld || got.Assignment != as.ID || got.Name != name || got.Version == seen.Version || got.Plan.Number != seen.Plan.Number {
		b.Errorf("on a call it became %+v", got)
	}
	_, err := b.s.UpdateLead(ctx, campaign.LeadUpdate{ID: lead, Version: seen.Version, Name: &name})
	b.refused(err, campaign.KindConflict, campaign.ReasonVersion)
	must[campaign.Recorded](b)(b.s.Conclude(ctx, result(as, campaign.NoAnswer)))
	if l := b.lead(lead); l.Name != name || l.Plan.Number != phone(500) {
		b.Errorf("after the call: %+v", l)
	}
	if found := must[[]campaign.LeadID](b)(b.s.FindByNumber(ctx, phone(500))); !slices.Contains(found, lead) {
		b.Error("not found by its new number")
	}
}

func updateNumbers(b *bundle) {
	ctx := b.Context()
	_, leads := b.list(b.campaign(nil), []campaign.Phone{phone(1)})
	b.call(b.agent(), campaign.VacantNumber, leads[0])
	b.state(leads[0], campaign.LeadFinished)
	numbers := []campaign.Number{{Phone: phone(1)}, {Phone: phone(9)}}
	zones := []string{"America/New_York", "America/Chicago"}
	attributes := []campaign.Attribute{{Name: "b", Value: "1"}, {Name: "a", Value: "2"}}
	priority := 4
	got := must[campaign.Lead](b)(b.s.UpdateLead(ctx, campaign.LeadUpdate{ID: leads[0], Numbers: &numbers, Zones: &zones, Attributes: &attributes, Priority: &priority}))
	if got.State != campaign.LeadOpen || got.Plan.Number != phone(9) || !slices.Equal(got.Zones, zones) || !slices.Equal(got.Attributes, attributes) || got.Priority != 4 {
		b.Errorf("became %+v", got)
	}
	must[campaign.Suppressed](b)(b.s.Suppress(ctx, campaign.Suppression{Phone: phone(10), Reason: "test"}))
	shut := []campaign.Number{{Phone: phone(10)}}
	if got := must[campaign.Lead](b)(b.s.UpdateLead(ctx, campaign.LeadUpdate{ID: leads[0], Numbers: &shut})); got.State != campaign.LeadSuppressed {
		b.Errorf("with a suppressed number alone it is %s", got.State)
	}
	if found := must[[]campaign.LeadID](b)(b.s.FindByNumber(ctx, phone(9))); len(found) != 0 {
		b.Error("found by a number it has no more")
	}
}

func badUpdate(b *bundle) {
	lead := b.some(b.campaign(nil), 1)[0]
	before := b.lead(lead)
	numbers, zones := []campaign.Number{{Phone: "0571-8888"}}, []string{"Asia/Shanghai", "Local"}
	_, err := b.s.UpdateLead(b.Context(), campaign.LeadUpdate{ID: lead, Numbers: &numbers, Zones: &zones})
	b.refused(err, campaign.KindInvalid, "")
	b.names(err, "numbers[0].phone")
	b.names(err, "zones[1]")
	if after := b.lead(lead); after.Version != before.Version {
		b.Error("the lead was changed")
	}
	_, err = b.s.UpdateLead(b.Context(), campaign.LeadUpdate{ID: 999})
	b.refused(err, campaign.KindNotFound, "")
}

func withdraw(b *bundle) {
	ctx := b.Context()
	c := b.campaign(nil)
	_, leads := b.list(c, []campaign.Phone{phone(1)}, []campaign.Phone{phone(2)})
	must[campaign.Appointment](b)(b.s.Book(ctx, leads[0], campaign.Booking{Local: local(b.s.Now().Add(24 * time.Hour)), Zone: "Asia/Shanghai"}, 0, "t"))
	_, err := b.s.WithdrawLead(ctx, leads[0], 0, " ", "crm")
	b.names(err, "reason")
	one := b.agent()
	b.claim(one, leads[1])
	must[campaign.Lead](b)(b.s.WithdrawLead(ctx, leads[1], 0, "bought elsewhere", "crm"))
	got := must[campaign.Lead](b)(b.s.WithdrawLead(ctx, leads[0], b.lead(leads[0]).Version, "bought elsewhere", "crm"))
	if got.State != campaign.LeadWithdrawn {
		b.Errorf("it is %s", got.State)
	}
	if ps := must[[]campaign.Appointment](b)(b.s.Appointments(ctx, leads[0])); ps[0].State != campaign.AppointmentCancelled || ps[0].Reason != "bought elsewhere" {
		b.Errorf("promise %+v", ps[0])
	}
	if s := must[campaign.Session](b)(b.s.Session(ctx, one)); s.Assignment != 0 {
		b.Error("the card was not taken back")
	}
	if again := must[campaign.Lead](b)(b.s.WithdrawLead(ctx, leads[0], 0, "again", "crm")); again.Version != got.Version {
		b.Error("withdrawing again changed it")
	}
	back := must[campaign.Lead](b)(b.s.ReopenLead(ctx, leads[0], got.Version, "crm"))
	if back.State != campaign.LeadOpen || back.Plan.Verdict != campaign.VerdictCall {
		b.Errorf("reopened it is %+v", back)
	}
	if found := must[[]campaign.LeadID](b)(b.s.FindByNumber(ctx, phone(1))); len(found) != 1 {
		b.Errorf("found by its number: %v", found)
	}
	b.list(c, []campaign.Phone{phone(2)}) // its number is another lead's now
	_, err = b.s.ReopenLead(ctx, leads[1], 0, "crm")
	b.refused(err, campaign.KindConflict, "")
	called := b.some(c, 1)[0]
	b.dial(b.agent(), called)
	_, err = b.s.WithdrawLead(ctx, called, 0, "too late", "crm")
	b.refused(err, campaign.KindUnready, campaign.ReasonBadState)
}

func reopenSuccess(b *bundle) {
	ctx := b.Context()
	lead := b.some(b.campaign(nil), 1)[0]
	b.call(b.agent(), campaign.Success, lead)
	b.state(lead, campaign.LeadFinished)
	got := must[campaign.Lead](b)(b.s.ReopenLead(ctx, lead, 0, "manager"))
	if got.State != campaign.LeadOpen || len(got.Tries) != 1 || got.Tries[0].Outcome != campaign.CallLater || got.Tries[0].Was != campaign.Success {
		b.Errorf("reopened it is %+v", got)
	}
	if h := must[[]campaign.Attempt](b)(b.s.History(ctx, lead)); len(h) != 1 || h[0].Outcome != campaign.Success {
		b.Errorf("the ledger says %+v", h)
	}
	again := must[campaign.Lead](b)(b.s.ReopenLead(ctx, lead, 0, "manager"))
	if again.Version != got.Version {
		b.Error("reopening an open lead changed it")
	}
	b.wait(5 * time.Hour)
	b.call(b.agent(), campaign.Busy, lead)
	b.state(lead, campaign.LeadOpen)
}

func reopenRefused(b *bundle) {
	ctx := b.Context()
	c := b.campaign(func(c *campaign.Campaign) { c.Rules.MaxAttempts = 1 })
	leads := b.some(c, 3)
	b.call(b.agent(), campaign.NoAnswer, leads[0])
	b.call(b.agent(), campaign.DoNotCall, leads[1])
	b.call(b.agent(), campaign.WrongPerson, leads[2])
	for i, want := range []string{campaign.ReasonBadState, campaign.ReasonSuppressedNow, campaign.ReasonBadState} {
		before := b.lead(leads[i])
		_, err := b.s.ReopenLead(ctx, leads[i], 0, "manager")
		if i == 1 && campaign.ReasonOf(err) == campaign.ReasonBadState {
			want = campaign.ReasonBadState // the limit of attempts binds as well
		}
		b.refused(err, campaign.KindUnready, want)
		if after := b.lead(leads[i]); after.State != before.State || after.Version != before.Version {
			b.Errorf("a refused reopening changed lead %d", leads[i])
		}
	}
}

func leave(b *bundle) {
	ctx := b.Context()
	c := b.campaign(nil)
	leads := b.some(c, 3)
	gone, heir := b.agent(), b.agent()
	must[campaign.Appointment](b)(b.s.Book(ctx, leads[0], campaign.Booking{Local: local(b.s.Now().Add(24 * time.Hour)), Zone: "Asia/Shanghai"}, gone, "t"))
	b.call(gone, campaign.CallLater, leads[1])
	a := must[campaign.Agent](b)(b.s.Agent(ctx, gone))
	a.Active = false
	_, _, err := b.s.UpdateAgent(ctx, a, gone)
	b.names(err, "promises_to")
	left, moved, err := b.s.UpdateAgent(ctx, a, heir)
	b.ok(err)
	if left.Active || moved != 2 {
		b.Errorf("active %v, %d moved", left.Active, moved)
	}
	p := must[*campaign.Appointment](b)(b.s.OpenPromise(ctx, leads[0]))
	if p == nil || p.Owner != heir || b.lead(leads[1]).Owner != heir {
		b.Errorf("promise %+v, callback of %d", p, b.lead(leads[1]).Owner)
	}
	if n := b.count(`SELECT count(*) FROM outbox WHERE data LIKE '%agent_left%'`); n != 2 {
		b.Errorf("%d events tell of it", n)
	}
	h := must[campaign.Agent](b)(b.s.Agent(ctx, heir))
	h.Active = false
	_, moved, err = b.s.UpdateAgent(ctx, h, 0)
	b.ok(err)
	if p := must[*campaign.Appointment](b)(b.s.OpenPromise(ctx, leads[0])); moved != 2 || p.Owner != 0 {
		b.Errorf("%d moved, the promise is %d's", moved, p.Owner)
	}
}

func agentsChange(b *bundle) {
	ctx := b.Context()
	c := b.campaign(nil)
	a := must[campaign.Agent](b)(b.s.CreateAgent(ctx, campaign.Agent{Login: "li", Skills: []string{"english"}, Campaigns: []campaign.Membership{{CampaignID: c.ID}}}))
	if !a.Active || a.Campaigns[0].Weight != 1 {
		b.Errorf("made %+v", a)
	}
	_, err := b.s.CreateAgent(ctx, campaign.Agent{Login: "li"})
	b.refused(err, campaign.KindConflict, "")
	_, err = b.s.CreateAgent(ctx, campaign.Agent{Login: "lei", Campaigns: []campaign.Membership{{CampaignID: 99}}})
	b.names(err, "campaigns[0].campaign_id")
	_, err = b.s.CreateAgent(ctx, campaign.Agent{Login: "han mei"})
	b.names(err, "login")
	seen := a.Version
	a.Skills, a.Campaigns = nil, nil
	changed, _, err := b.s.UpdateAgent(ctx, a, 0)
	b.ok(err)
	if len(changed.Skills)+len(changed.Campaigns) != 0 || changed.Version == seen || changed.Login != "li" {
		b.Errorf("changed to %+v", changed)
	}
	_, _, err = b.s.UpdateAgent(ctx, a, 0)
	b.refused(err, campaign.KindConflict, campaign.ReasonVersion)
	if got := must[campaign.Agent](b)(b.s.AgentByLogin(ctx, "li")); got.ID != a.ID {
		b.Errorf("by login: %+v", got)
	}
	if all := must[[]campaign.Agent](b)(b.s.Agents(ctx)); len(all) != 1 {
		b.Errorf("%d agents", len(all))
	}
}

func tokens(b *bundle) {
	ctx := b.Context()
	secret, tok, err := b.s.CreateToken(ctx, "crm-1", campaign.RoleCRM, 0, b.s.Now().Add(time.Hour))
	b.ok(err)
	if n := b.count(`SELECT count(*) FROM tokens WHERE hash LIKE '%` + secret[3:] + `%'`); n != 0 {
		b.Error("the record keeps the secret")
	}
	got := must[campaign.Token](b)(b.s.TokenBySecret(ctx, secret))
	if got.ID != tok.ID || got.Role != campaign.RoleCRM || !got.InForce(b.s.Now()) {
		b.Errorf("token %+v", got)
	}
	if _, err := b.s.TokenBySecret(ctx, secret+"x"); err == nil {
		b.Error("a wrong secret is somebody's")
	}
	used := b.s.Now().Truncate(time.Second)
	b.ok(b.s.TouchTokens(ctx, map[campaign.TokenID]time.Time{tok.ID: used}))
	b.ok(b.s.TouchTokens(ctx, map[campaign.TokenID]time.Time{tok.ID: used.Add(-time.Minute)}))
	if all := must[[]campaign.Token](b)(b.s.Tokens(ctx)); len(all) != 1 || !all[0].UsedAt.Equal(used) {
		b.Errorf("tokens %+v, want used at %v", all, used)
	}
	first := must[campaign.Token](b)(b.s.RevokeToken(ctx, tok.ID))
	b.wait(time.Minute)
	second := must[campaign.Token](b)(b.s.RevokeToken(ctx, tok.ID))
	if first.RevokedAt.IsZero() || !second.RevokedAt.Equal(first.RevokedAt) {
		b.Errorf("revoked %v, and again %v", first.RevokedAt, second.RevokedAt)
	}
	if got := must[campaign.Token](b)(b.s.TokenBySecret(ctx, secret)); got.InForce(b.s.Now()) {
		b.Error("a revoked token lets in")
	}
	_, _, err = b.s.CreateToken(ctx, "", campaign.RoleAgent, 0, time.Time{})
	b.names(err, "owner")
	b.names(err, "agent")
}
