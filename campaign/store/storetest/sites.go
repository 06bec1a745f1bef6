package storetest

import (
	"slices"
	"time"

	"redial/campaign"
)

func init() { cases = append(cases, siteCases...) }

var siteCases = []testCase{
	{"leads are grouped by their sites as they are taken in", sitesTakenIn},
	{"a lead moves to the group of its sites when they change", sitesChange},
	{"a number that a call brought binds by its own place", sitesOfNewNumber},
	{"a draft's consents are recorded with it and group it", consentsTakenIn},
	{"a lead is grouped anew when law packs are switched on", consentsCount},
	{"the note of the law is kept with the claim and with the call", lawKept},
}

// sitesOf are the sites of the lead's group.
func (b *bundle) sitesOf(id campaign.LeadID) []campaign.Site {
	b.Helper()
	l := b.lead(id)
	for _, g := range must[[]campaign.Group](b)(b.s.Groups(b.Context(), l.CampaignID)) {
		if g.ID == l.GroupID {
			return g.Sites
		}
	}
	b.Fatalf("lead %d is in no group of its campaign", id)
	return nil
}

func (b *bundle) hasSites(id campaign.LeadID, want ...campaign.Site) {
	b.Helper()
	if got := b.sitesOf(id); !slices.EqualFunc(got, want, campaign.Site.Same) {
		b.Fatalf("lead %d is at %+v, want %+v", id, got, want)
	}
}

const east, west = "America/New_York", "America/Los_Angeles"

func sitesTakenIn(b *bundle) {
	c := b.campaign(nil)
	plain := campaign.Draft{Zones: []string{east}, Numbers: []campaign.Number{{Phone: phone(1)}}}
	same := campaign.Draft{Zones: []string{east}, Numbers: []campaign.Number{{Phone: phone(2)}}}
	placed := campaign.Draft{Zones: []string{east}, Places: []string{"US-NY", "US-FL"}, Account: "a", Numbers: []campaign.Number{{Phone: phone(3)}}}
	two := campaign.Draft{Zones: []string{east}, Numbers: []campaign.Number{{Phone: phone(4)}, {Phone: phone(5), Zones: []string{west}, Places: []string{"US-CA"}}}}
	ids := b.load(c, plain, same, placed, two)
	b.hasSites(ids[0], campaign.Site{Zones: []string{east}})
	b.hasSites(ids[2], campaign.Site{Zones: []string{east}, Places: []string{"US-FL", "US-NY"}})
	b.hasSites(ids[3], campaign.Site{Zones: []string{east}}, campaign.Site{Zones: []string{west}, Places: []string{"US"}})
	if b.lead(ids[0]).GroupID != b.lead(ids[1]).GroupID {
		b.Error("leads of the same site are in two groups")
	}
	if l := b.lead(ids[2]); l.Account != "a" || !slices.Equal(l.Places, []string{"US-FL", "US-NY"}) || !slices.Equal(l.Zones, []string{east}) {
		b.Errorf("it was taken in as %+v", l)
	}
	again := b.load(c, campaign.Draft{Zones: []string{east}, Places: []string{"US-FL", "US-NY"}, Numbers: []campaign.Number{{Phone: phone(6)}}})
	if n := b.count(`SELECT count(*) FROM calendar_groups`); n != 4 {
		b.Errorf("%d groups, want three in a list and one in the other", n)
	}
	b.hasSites(again[0], campaign.Site{Zones: []string{east}, Places: []string{"US-FL", "US-NY"}})
	b.sound()
}

func sitesChange(b *bundle) {
	ctx := b.Context()
	ids := b.load(b.campaign(nil), campaign.Draft{Zones: []string{east}, Numbers: []campaign.Number{{Phone: phone(1)}}})
	first := b.lead(ids[0]).GroupID
	numbers := []campaign.Number{{Phone: phone(1), Zones: []string{west}}}
	must[campaign.Lead](b)(b.s.UpdateLead(ctx, campaign.LeadUpdate{ID: ids[0], Numbers: &numbers}))
	b.hasSites(ids[0], campaign.Site{Zones: []string{west}})
	if l := b.lead(ids[0]); !slices.Equal(l.Zones, []string{east}) {
		b.Errorf("the lead's own zones became %v", l.Zones)
	}
	as := b.dial(b.agent(), ids...)
	if !slices.Equal(as.Zones, []string{west}) {
		b.Errorf("the call was claimed in %v, want the zones of its number", as.Zones)
	}
	r := result(as, campaign.NumberChanged)
	r.NewNumber = phone(2)
	must[campaign.Recorded](b)(b.s.Conclude(ctx, r))
	b.hasSites(ids[0], campaign.Site{Zones: []string{west}}, campaign.Site{Zones: []string{east}}) // the new number is where the lead is
	places := []string{"US-NY", "US-CA", "US-NY"}
	must[campaign.Lead](b)(b.s.UpdateLead(ctx, campaign.LeadUpdate{ID: ids[0], Places: &places}))
	at := []string{"US-CA", "US-NY"}
	b.hasSites(ids[0], campaign.Site{Zones: []string{west}, Places: at}, campaign.Site{Zones: []string{east}, Places: []string{"US"}})
	none, zones, plain := []string{}, []string{east}, []campaign.Number{{Phone: phone(1)}}
	must[campaign.Lead](b)(b.s.UpdateLead(ctx, campaign.LeadUpdate{ID: ids[0], Places: &none, Zones: &zones, Numbers: &plain}))
	b.hasSites(ids[0], campaign.Site{Zones: []string{east}})
	if now := b.lead(ids[0]).GroupID; now != first {
		b.Errorf("it came back to group %d, want %d", now, first)
	}
	b.sound()
}

func sitesOfNewNumber(b *bundle) {
	c := b.campaign(nil)
	for _, known := range []bool{false, true} { // somebody knew the leads' zones, or they are those of the number
		zones, at := []string{east}, campaign.Site{Zones: []string{west}, Places: []string{"US"}}
		if known {
			zones = []string{"America/Chicago"}
			at.Zones = zones
		}
		n := phone(1)
		if known {
			n = phone(2)
		}
		ids := b.load(c, campaign.Draft{Zones: zones, Numbers: []campaign.Number{{Phone: n}}})
		r := result(b.dial(b.agent(), ids...), campaign.NumberChanged)
		r.NewNumber = moved
		must[campaign.Recorded](b)(b.s.Conclude(b.Context(), r))
		b.hasSites(ids[0], campaign.Site{Zones: zones}, at)
		if l := b.lead(ids[0]); len(l.Numbers) != 2 || l.Numbers[1].Phone != moved || l.Plan.Number != moved {
			b.Errorf("its numbers are %+v, planned %s", l.Numbers, l.Plan.Number)
		}
		must[campaign.Recorded](b)(b.s.Correct(b.Context(), campaign.Correction{Assignment: r.Assignment, Agent: r.Agent, Outcome: campaign.Busy}))
		b.hasSites(ids[0], campaign.Site{Zones: zones})
		if l := b.lead(ids[0]); len(l.Numbers) != 1 || l.Plan.Number != n {
			b.Errorf("corrected, its numbers are %+v, planned %s", l.Numbers, l.Plan.Number)
		}
	}
	b.sound()
}

func consentsTakenIn(b *bundle) {
	c := b.campaign(nil)
	given := campaign.Consent{Scopes: []campaign.ConsentScope{campaign.ConsentHours}, GivenAt: b.s.Now().Add(-time.Hour), Proof: "form 7", Source: "file"}
	d := b.who("p", "")
	d.Consents = []campaign.Consent{given}
	ids := b.load(c, d, b.who("q", ""))
	all := must[[]campaign.Consent](b)(b.s.Consents(b.Context(), ids[0]))
	if len(all) != 1 || all[0].LeadID != ids[0] || all[0].Proof != "form 7" || !all[0].Standing(b.s.Now()) {
		b.Fatalf("recorded %+v", all)
	}
	if got := b.sitesOf(ids[0]); len(got) != 1 || !got[0].Consented {
		b.Errorf("it is at %+v, want a site with consent", got)
	}
	if got := b.sitesOf(ids[1]); got[0].Consented {
		b.Error("a consent is another's, too")
	}
}

// consentsCount under law packs alone: leads whose plan stays as it was are grouped anew all the same.
func consentsCount(b *bundle) {
	c := b.campaign(func(c *campaign.Campaign) { c.Rules.Packs = []string{"us"} })
	d := b.who("p", "")
	d.Consents = []campaign.Consent{{Scopes: []campaign.ConsentScope{campaign.ConsentHours}, GivenAt: b.s.Now().Add(-time.Hour), Proof: "form 7", Source: "file"}}
	lead := b.load(c, d)[0]
	for _, packs := range [][]string{nil, {"us"}} {
		c = must[campaign.Campaign](b)(b.s.Campaign(b.Context(), c.ID))
		c.Rules.Packs = packs
		must[campaign.Campaign](b)(b.s.UpdateCampaign(b.Context(), c))
		if _, _, err := b.s.ReplanBatch(b.Context(), c.ID, 0, 100); err != nil {
			b.Fatal(err)
		}
		if got := b.sitesOf(lead); got[0].Consented != (len(packs) > 0) {
			b.Errorf("under the packs %v it is at %+v", packs, got)
		}
	}
}

func lawKept(b *bundle) {
	ctx := b.Context()
	must[campaign.Calendar](b)(b.s.PutCalendar(ctx, campaign.Calendar{Name: "days"}))
	c := b.campaign(func(c *campaign.Campaign) { c.Rules.Calendars = []string{"days"} })
	lead := b.some(c, 1)[0]
	a := b.agent()
	if as := b.claim(a, lead); as.Law.Calendars["days"] != 1 {
		b.Errorf("claimed under %+v", as.Law)
	}
	open := must[*campaign.Claimed](b)(b.s.OpenAssignment(ctx, a))
	if open.Assignment.Law.Calendars["days"] != 1 || len(open.Facts.Calendars) != 1 || len(open.Assignment.Subjects) != 1 {
		b.Errorf("the open assignment tells of %+v, %d calendars", open.Assignment, len(open.Facts.Calendars))
	}
	q := must[campaign.Calendar](b)(b.s.Calendar(ctx, "days"))
	q.Days = []campaign.Day{{Date: campaign.Date{Year: 2030, Month: 1, Day: 1}, Kind: campaign.DayHoliday, Name: "new year"}}
	must[campaign.Calendar](b)(b.s.PutCalendar(ctx, q))
	got, err := b.s.StartCall(ctx, open.Assignment.ID, a)
	b.ok(err)
	must[campaign.Recorded](b)(b.s.Conclude(ctx, result(got.Assignment, campaign.NoAnswer)))
	if h := must[[]campaign.Attempt](b)(b.s.History(ctx, lead)); h[0].Law.Calendars["days"] != 2 {
		b.Errorf("the call was placed under %+v, want the calendar as it then was", h[0].Law)
	}
	b.sound()
	b.exec(`DELETE FROM calendar_versions`)
	sum := must[campaign.AuditSummary](b)(b.s.Audit(ctx, 0, func(campaign.Breach) error { return nil }))
	if len(sum.Passed) != 1 {
		b.Errorf("the audit passed %q over, want the call under a calendar that is gone", sum.Passed)
	}
}
