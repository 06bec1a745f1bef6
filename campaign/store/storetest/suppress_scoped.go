package storetest

import (
	"slices"
	"time"

	"redial/campaign"
)

func bindsInCampaign(b *bundle) {
	c, d := b.campaign(nil), b.campaign(nil)
	_, one := b.list(c, []campaign.Phone{phone(1)})
	_, two := b.list(d, []campaign.Phone{phone(1)})
	got := must[campaign.Suppressed](b)(b.s.Suppress(b.Context(), campaign.Suppression{Phone: phone(1), Campaign: c.ID, Source: "crm"}))
	if got.Leads != 2 {
		b.Fatalf("got %+v", got)
	}
	b.state(one[0], campaign.LeadSuppressed)
	b.state(two[0], campaign.LeadOpen)
	b.claim(b.agent(), two...)
	b.sound()
}

// bindsInCountry tries the number's own country, the address and the campaign's region, and a lead with none of them.
func bindsInCountry(b *bundle) {
	c := b.campaign(func(c *campaign.Campaign) { c.Region = "" })
	region := b.campaign(func(c *campaign.Campaign) { c.Region = "FR" })
	_, by := b.list(c, []campaign.Phone{phone(1)}, []campaign.Phone{phone(2)}, []campaign.Phone{phone(3)})
	_, ofRegion := b.list(region, []campaign.Phone{phone(4)})
	places := []string{"FR"}
	must[campaign.Lead](b)(b.s.UpdateLead(b.Context(), campaign.LeadUpdate{ID: by[1], Places: &places}))
	must[campaign.Suppressed](b)(b.s.Suppress(b.Context(), campaign.Suppression{Phone: phone(1), Country: "CN"}))
	for i := 2; i <= 4; i++ {
		must[campaign.Suppressed](b)(b.s.Suppress(b.Context(), campaign.Suppression{Phone: phone(i), Country: "FR"}))
	}
	b.state(by[0], campaign.LeadSuppressed)
	b.state(by[1], campaign.LeadSuppressed)
	b.state(by[2], campaign.LeadOpen)
	b.state(ofRegion[0], campaign.LeadSuppressed)
	b.sound()
}

// comesUnderScope suppresses numbers before the leads come: by import, by an update of numbers or of places.
func comesUnderScope(b *bundle) {
	c, d := b.campaign(nil), b.campaign(nil)
	must[campaign.Suppressed](b)(b.s.Suppress(b.Context(), campaign.Suppression{Phone: phone(1), Campaign: c.ID}))
	must[campaign.Suppressed](b)(b.s.Suppress(b.Context(), campaign.Suppression{Phone: phone(2), Country: "FR"}))
	must[campaign.Suppressed](b)(b.s.Suppress(b.Context(), campaign.Suppression{Phone: phone(1), Country: "FR"}))
	_, mine := b.list(c, []campaign.Phone{phone(1)}, []campaign.Phone{phone(2)}, []campaign.Phone{phone(3)})
	_, theirs := b.list(d, []campaign.Phone{phone(1)})
	b.state(mine[0], campaign.LeadSuppressed)
	b.state(mine[1], campaign.LeadOpen)
	b.state(theirs[0], campaign.LeadOpen)
	if n := b.count(`SELECT suppressed_count FROM lists WHERE campaign_id = $1`, int64(c.ID)); n != 1 {
		b.Fatalf("%d leads were counted as suppressed, want 1", n)
	}
	places := []string{"FR"}
	must[campaign.Lead](b)(b.s.UpdateLead(b.Context(), campaign.LeadUpdate{ID: mine[1], Places: &places}))
	b.state(mine[1], campaign.LeadSuppressed)
	numbers := []campaign.Number{{Phone: phone(2)}}
	must[campaign.Lead](b)(b.s.UpdateLead(b.Context(), campaign.LeadUpdate{ID: mine[2], Numbers: &numbers}))
	b.state(mine[2], campaign.LeadOpen)
	if as := b.claim(b.agent(), mine[2]); as.Number != phone(2) {
		b.Fatalf("offered on %s", as.Number)
	}
	b.sound()
}

func scopedCancels(b *bundle) {
	c, d := b.campaign(nil), b.campaign(nil)
	_, one := b.list(c, []campaign.Phone{phone(1)}, []campaign.Phone{phone(2)})
	_, two := b.list(d, []campaign.Phone{phone(1)})
	a := b.agents(2)
	p := must[campaign.Appointment](b)(b.s.Book(b.Context(), one[1], campaign.Booking{Local: local(b.s.Now().Add(time.Hour))}, a[0], "a"))
	mine, theirs := b.claim(a[0], one[0]), b.claim(a[1], two...)
	got := must[campaign.Suppressed](b)(b.s.Suppress(b.Context(), campaign.Suppression{Phone: phone(1), Campaign: c.ID}))
	if len(got.Revoked) != 1 || got.Revoked[0].ID != mine.ID {
		b.Fatalf("got %+v", got)
	}
	_, err := b.s.StartCall(b.Context(), mine.ID, a[0])
	b.refused(err, campaign.KindUnready, campaign.ReasonLeaseExpired)
	must[campaign.Started](b)(b.s.StartCall(b.Context(), theirs.ID, a[1]))
	must[campaign.Suppressed](b)(b.s.Suppress(b.Context(), campaign.Suppression{Phone: phone(2), Country: "CN"}))
	if got := must[campaign.Appointment](b)(b.s.Appointment(b.Context(), p.ID)); got.State != campaign.AppointmentCancelled || got.Reason != "suppressed" {
		b.Fatalf("the promise is %s (%s)", got.State, got.Reason)
	}
	b.sound()
}

func liftedByScope(b *bundle) {
	c := b.campaign(nil)
	_, ids := b.list(c, []campaign.Phone{phone(1)})
	all := []campaign.Suppression{{Phone: phone(1)}, {Phone: phone(1), Campaign: c.ID}, {Phone: phone(1), Country: "CN"}}
	for _, x := range all {
		must[campaign.Suppressed](b)(b.s.Suppress(b.Context(), x))
	}
	if found := must[[]campaign.Suppression](b)(b.s.Suppressed(b.Context(), []campaign.Phone{phone(1)})); len(found) != 3 {
		b.Fatalf("found %+v", found)
	}
	b.refused(b.s.Lift(b.Context(), campaign.SuppressionKey{Phone: phone(1), Country: "FR"}, "boss"), campaign.KindNotFound, "")
	for _, x := range all {
		b.state(ids[0], campaign.LeadSuppressed)
		b.ok(b.s.Lift(b.Context(), x.Key(), "boss"))
	}
	b.state(ids[0], campaign.LeadOpen)
	b.claim(b.agent(), ids...)
	b.sound()
}

func scopedExpires(b *bundle) {
	c := b.campaign(nil)
	_, ids := b.list(c, []campaign.Phone{phone(1)}, []campaign.Phone{phone(2)})
	x := campaign.Suppression{Phone: phone(1), Campaign: c.ID, Reason: "complaint", ExpiresAt: b.s.Now().Add(2 * time.Hour)}
	must[campaign.Suppressed](b)(b.s.Suppress(b.Context(), x))
	weaker := x
	weaker.Reason, weaker.ExpiresAt = "register", b.s.Now().Add(time.Hour)
	must[campaign.Suppressed](b)(b.s.Suppress(b.Context(), weaker))
	got := must[campaign.SuppressionTally](b)(b.s.ImportSuppressions(b.Context(), weaker, []campaign.Phone{phone(1)}))
	if found := must[[]campaign.Suppression](b)(b.s.Suppressed(b.Context(), []campaign.Phone{phone(1)})); got.Known != 1 || len(found) != 1 ||
		found[0].Reason != "complaint" || !found[0].ExpiresAt.Equal(x.ExpiresAt.Truncate(time.Microsecond)) {
		b.Fatalf("a shorter suppression weakened the one in force: %+v", found)
	}
	must[campaign.Suppressed](b)(b.s.Suppress(b.Context(), campaign.Suppression{Phone: phone(2), ExpiresAt: weaker.ExpiresAt}))
	b.wait(time.Hour)
	if n := must[int](b)(b.s.ExpireSuppressions(b.Context(), 10)); n != 1 {
		b.Fatalf("%d ended, want the one of the whole system", n)
	}
	b.state(ids[0], campaign.LeadSuppressed)
	b.state(ids[1], campaign.LeadOpen)
	b.wait(time.Hour)
	if n := must[int](b)(b.s.ExpireSuppressions(b.Context(), 10)); n != 1 {
		b.Fatalf("%d ended, want that of the campaign", n)
	}
	b.state(ids[0], campaign.LeadOpen)
	b.sound()
}

func importSuppressions(b *bundle) {
	c := b.campaign(nil)
	_, ids := b.list(c, []campaign.Phone{phone(1)}, []campaign.Phone{phone(2)}, []campaign.Phone{phone(3)})
	offered := b.claim(b.agent(), ids[1])
	must[campaign.Suppressed](b)(b.s.Suppress(b.Context(), campaign.Suppression{Phone: phone(1)}))
	var register []campaign.Phone
	for i := range 50 {
		register = append(register, phone(1+i%2), phone(100+i))
	}
	before := b.count(`SELECT count(*) FROM events`) + b.count(`SELECT count(*) FROM outbox`)
	x := campaign.Suppression{Reason: "register", Source: "dnc"}
	got := must[campaign.SuppressionTally](b)(b.s.ImportSuppressions(b.Context(), x, register))
	if got.Numbers != 52 || got.Known != 1 || len(got.Revoked) != 1 || got.Revoked[0].ID != offered.ID || !slices.Equal(got.Campaigns, []campaign.CampaignID{c.ID}) {
		b.Fatalf("got %+v", got)
	}
	b.state(ids[1], campaign.LeadSuppressed)
	b.state(ids[2], campaign.LeadOpen)
	if n := b.count(`SELECT count(*) FROM events`) + b.count(`SELECT count(*) FROM outbox`) - before; n > 4 {
		b.Fatalf("%d events for a register with one number of a lead", n)
	}
	again := must[campaign.SuppressionTally](b)(b.s.ImportSuppressions(b.Context(), x, register))
	if again.Numbers != 52 || again.Known != 52 || len(again.Revoked) != 0 {
		b.Fatalf("again %+v", again)
	}
	_, err := b.s.ImportSuppressions(b.Context(), campaign.Suppression{Campaign: 99}, register)
	b.refused(err, campaign.KindNotFound, "")
	b.sound()
}

func listSuppressions(b *bundle) {
	c, d := b.campaign(nil), b.campaign(nil)
	var want []campaign.SuppressionKey
	for i := range 7 {
		for _, x := range []campaign.Suppression{{}, {Campaign: c.ID}, {Campaign: d.ID}, {Country: "CN"}} {
			x.Phone, x.Source = phone(i), "a"
			must[campaign.Suppressed](b)(b.s.Suppress(b.Context(), x))
			want = append(want, x.Key())
		}
	}
	slices.SortFunc(want, campaign.CompareSuppressions)
	pages := func(f campaign.SuppressionFilter, byPlace bool) (keys []campaign.SuppressionKey) {
		f.Limit = 3
		for {
			page := must[[]campaign.Suppression](b)(b.s.Suppressions(b.Context(), f))
			for i := range page {
				keys = append(keys, page[i].Key())
			}
			if len(page) < f.Limit {
				return keys
			}
			if last := &page[len(page)-1]; byPlace {
				f.From = last.At()
			} else {
				f.After = last.Key()
			}
		}
	}
	only := func(keep func(campaign.SuppressionKey) bool) (out []campaign.SuppressionKey) {
		for _, k := range want {
			if keep(k) {
				out = append(out, k)
			}
		}
		return out
	}
	for name, try := range map[string]struct {
		f    campaign.SuppressionFilter
		keep func(campaign.SuppressionKey) bool
	}{
		"all":        {campaign.SuppressionFilter{}, func(campaign.SuppressionKey) bool { return true }},
		"system":     {campaign.SuppressionFilter{Scope: campaign.ScopeSystem}, func(k campaign.SuppressionKey) bool { return k.Campaign == 0 && k.Country == "" }},
		"campaigns":  {campaign.SuppressionFilter{Scope: campaign.ScopeCampaign}, func(k campaign.SuppressionKey) bool { return k.Campaign != 0 }},
		"countries":  {campaign.SuppressionFilter{Scope: campaign.ScopeCountry}, func(k campaign.SuppressionKey) bool { return k.Country != "" }},
		"campaign":   {campaign.SuppressionFilter{Campaign: c.ID}, func(k campaign.SuppressionKey) bool { return k.Campaign == c.ID }},
		"country":    {campaign.SuppressionFilter{Country: "CN"}, func(k campaign.SuppressionKey) bool { return k.Country == "CN" }},
		"elsewhere":  {campaign.SuppressionFilter{Country: "FR"}, func(campaign.SuppressionKey) bool { return false }},
		"source":     {campaign.SuppressionFilter{Source: "b"}, func(campaign.SuppressionKey) bool { return false }},
		"restricted": {campaign.SuppressionFilter{Restricted: true, Campaigns: []campaign.CampaignID{d.ID}}, func(k campaign.SuppressionKey) bool { return k.Campaign != c.ID }},
	} {
		for _, byPlace := range []bool{false, true} {
			if got := pages(try.f, byPlace); !slices.Equal(got, only(try.keep)) {
				b.Errorf("%s, by place %v: got %v\nwant %v", name, byPlace, got, only(try.keep))
			}
		}
	}
	shown := must[[]campaign.Suppression](b)(b.s.Suppressions(b.Context(), campaign.SuppressionFilter{Campaign: c.ID, Limit: 1}))
	for name, f := range map[string]campaign.SuppressionFilter{
		"a number without a suppression": {From: campaign.SuppressionPlace{Subject: 99_999}},
		"another's campaign":             {From: shown[0].At(), Restricted: true, Campaigns: []campaign.CampaignID{d.ID}},
	} {
		if _, err := b.s.Suppressions(b.Context(), f); campaign.KindOf(err) != campaign.KindInvalid || asError(err).Violations[0].Field != "page_token" {
			b.Errorf("a page after %s: %v", name, err)
		}
	}
}
