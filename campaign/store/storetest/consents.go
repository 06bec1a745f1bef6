package storetest

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"redial/campaign"
)

func init() { cases = append(cases, consentCases...) }

var consentCases = []testCase{
	{"a consent opens every lead of its person or number, and of nobody else", consentOpens},
	{"a consent is found by the external id, the number it names, or the first number", consentAnchors},
	{"I2 a consent told again is recorded once", consentOnce},
	{"a revoked consent takes offers back, ends promises and leaves calls alone", consentRevoked},
	{"I4 nothing is claimed or started that needed a consent once its revocation is acknowledged", revokeRaced},
	{"a consent of a number that thousands share reaches them all", consentMany},
	{"I12 bad consents change nothing", badConsent},
}

// optedIn makes a campaign that may call those alone who consented.
func (b *bundle) optedIn() campaign.Campaign {
	b.Helper()
	return b.campaign(func(c *campaign.Campaign) { c.Rules.Packs = []string{optIn} })
}

func (b *bundle) consentOf(lead campaign.LeadID, number campaign.Phone) campaign.Consent {
	return campaign.Consent{LeadID: lead, Phone: number, Scopes: []campaign.ConsentScope{campaign.ConsentContact}, GivenAt: b.s.Now().Add(-time.Hour),
		Proof: "form 7", Source: "crm"}
}

func (b *bundle) consent(lead campaign.LeadID, number campaign.Phone) campaign.Consent {
	b.Helper()
	c, l, err := b.s.RecordConsent(b.Context(), b.consentOf(lead, number))
	b.ok(err)
	if c.ID == 0 || c.CreatedAt.IsZero() || l.ID != lead {
		b.Fatalf("recorded %+v for lead %+v", c, l)
	}
	return c
}

func consentOpens(b *bundle) {
	c, other := b.optedIn(), b.optedIn()
	_, leads := b.list(c, []campaign.Phone{phone(1), phone(2)}, []campaign.Phone{phone(3)})
	_, twin := b.list(other, []campaign.Phone{phone(1)})
	for _, l := range []campaign.LeadID{leads[0], leads[1], twin[0]} {
		b.state(l, campaign.LeadExhausted)
	}
	given := b.consent(leads[0], "")
	b.state(leads[0], campaign.LeadOpen)
	b.state(twin[0], campaign.LeadOpen)
	b.state(leads[1], campaign.LeadExhausted)
	b.claim(b.agent(), twin...)
	all := must[[]campaign.Consent](b)(b.s.Consents(b.Context(), twin[0]))
	if len(all) != 1 || all[0].ID != given.ID || all[0].Proof != "form 7" || all[0].Scopes[0] != campaign.ConsentContact || !all[0].GivenAt.Equal(given.GivenAt) {
		b.Fatalf("the twin's consents are %+v", all)
	}
	for of, want := range map[campaign.CampaignID]campaign.LeadID{other.ID: 0, c.ID: leads[0]} {
		bound := campaign.WithCaller(b.Context(), campaign.Caller{Role: campaign.RoleManager, Campaigns: []campaign.CampaignID{of}})
		if all := must[[]campaign.Consent](b)(b.s.Consents(bound, twin[0])); len(all) != 1 || all[0].LeadID != want {
			b.Errorf("who sees campaign %d is told %+v, want lead %d", of, all, want)
		}
	}
	if n := b.count(`SELECT count(*) FROM outbox WHERE type = 'consent_recorded'`); n != 1 {
		b.Fatalf("%d events", n)
	}
	b.sound()
}

func consentAnchors(b *bundle) {
	c, other := b.optedIn(), b.optedIn()
	imported := func(c campaign.Campaign, external string, p campaign.Phone) campaign.LeadID {
		return b.load(c, campaign.Draft{Source: "crm", ExternalID: external, Numbers: []campaign.Number{{Phone: p}}})[0]
	}
	one, same, shares := imported(c, "7", phone(1)), imported(other, "7", phone(2)), imported(other, "8", phone(1))
	for _, l := range []campaign.LeadID{one, same, shares} {
		b.state(l, campaign.LeadExhausted)
	}
	first := b.consent(one, "")
	b.state(one, campaign.LeadOpen)
	b.state(same, campaign.LeadOpen)
	b.state(shares, campaign.LeadExhausted) // the external id is the person; the number may be a household's
	second := b.consent(one, phone(1))
	b.state(shares, campaign.LeadOpen)
	if all := must[[]campaign.Consent](b)(b.s.Consents(b.Context(), one)); len(all) != 2 || all[0].ID != second.ID || all[1].ID != first.ID {
		b.Fatalf("consents %+v", all)
	}
	b.sound()
}

func consentOnce(b *bundle) {
	_, leads := b.list(b.optedIn(), []campaign.Phone{phone(1)})
	c := b.consentOf(leads[0], "")
	one, _, err := b.s.RecordConsent(b.Context(), c)
	b.ok(err)
	again, l, err := b.s.RecordConsent(b.Context(), c)
	b.ok(err)
	if again.ID != one.ID || l.State != campaign.LeadOpen || b.count(`SELECT count(*) FROM consents`) != 1 {
		b.Fatalf("first %+v, again %+v", one, again)
	}
	_, _, err = b.s.RevokeConsent(b.Context(), one.ID, "asked", "anna")
	b.ok(err)
	if given, _, err := b.s.RecordConsent(b.Context(), c); err != nil || given.ID == one.ID {
		b.Fatalf("after the revocation %+v, error %v: want a new one", given, err)
	}
}

func consentRevoked(b *bundle) {
	ctx := b.Context()
	c, other, free := b.optedIn(), b.optedIn(), b.campaign(nil)
	_, leads := b.list(c, []campaign.Phone{phone(1)})
	_, second := b.list(other, []campaign.Phone{phone(1)})
	_, third := b.list(b.optedIn(), []campaign.Phone{phone(1)})
	_, without := b.list(free, []campaign.Phone{phone(1)})
	given := b.consent(leads[0], "")
	a := b.agents(3)
	offered, started, unneeded := b.claim(a[0], leads...), b.dial(a[1], second...), b.claim(a[2], without...)
	p := must[campaign.Appointment](b)(b.s.Book(ctx, third[0], campaign.Booking{Local: local(b.s.Now().Add(time.Hour)), Zone: "Asia/Shanghai"}, 0, "a"))
	ended, revoked, err := b.s.RevokeConsent(ctx, given.ID, "asked us to", "anna")
	b.ok(err)
	if ended.RevokedAt.IsZero() || ended.RevokedBy != "anna" || len(revoked) != 1 || revoked[0].ID != offered.ID {
		b.Fatalf("revoked %+v, taken back %+v", ended, revoked)
	}
	if s := must[campaign.Session](b)(b.s.Session(ctx, a[0])); s.State != campaign.AgentReady {
		b.Fatalf("the agent whose offer was taken back is %s", s.State)
	}
	b.state(leads[0], campaign.LeadExhausted)
	b.state(second[0], campaign.LeadHeld)
	b.closed(p.ID, campaign.AppointmentCancelled, campaign.ReasonNoConsent)
	if rec := must[campaign.Recorded](b)(b.s.Conclude(ctx, result(started, campaign.NoAnswer))); rec.State != campaign.LeadExhausted {
		b.Fatalf("after the call the lead is %s (%s)", rec.State, rec.Plan.Reason)
	}
	_, err = b.s.StartCall(ctx, unneeded.ID, a[2])
	b.ok(err)
	again, revoked, err := b.s.RevokeConsent(ctx, given.ID, "again", "bert")
	b.ok(err)
	if again.RevokedBy != "anna" || !again.RevokedAt.Equal(ended.RevokedAt) || len(revoked) != 0 {
		b.Fatalf("again %+v, %+v", again, revoked)
	}
	if n := b.count(`SELECT count(*) FROM outbox WHERE type = 'consent_revoked'`); n != 1 {
		b.Fatalf("%d events", n)
	}
	b.sound()
}

// revokeRaced revokes consents while two nodes claim and start calls that need them.
func revokeRaced(b *bundle) {
	const n = 30
	c := b.optedIn()
	numbers := make([][]campaign.Phone, n)
	for i := range numbers {
		numbers[i] = []campaign.Phone{phone(i)}
	}
	_, leads := b.list(c, numbers...)
	var given [n]campaign.ConsentID
	for i, l := range leads {
		given[i] = b.consent(l, "").ID
	}
	agents, other := b.agents(4), b.open()
	var acknowledged [n]atomic.Bool
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := range n {
			if _, _, err := b.s.RevokeConsent(b.Context(), given[i], "asked", "anna"); err != nil {
				b.Error(err)
			}
			acknowledged[i].Store(true)
		}
	})
	for w, a := range agents {
		node := b.s
		if w%2 == 0 {
			node = other
		}
		wg.Go(func() {
			for i := w; i < n; i++ {
				before := acknowledged[i].Load()
				got, err := node.ClaimLeads(b.Context(), []campaign.Claim{{Agent: a, Candidates: []campaign.LeadID{leads[i]}}})
				if err != nil {
					b.Error(err)
					return
				}
				as := got[0].Assignment
				if as == nil {
					continue
				}
				if before {
					b.Errorf("lead %d was claimed after its consent was revoked", i)
				}
				before = acknowledged[i].Load()
				if _, err = node.StartCall(b.Context(), as.ID, a); err != nil {
					continue
				}
				if before {
					b.Errorf("lead %d was dialled after its consent was revoked", i)
				}
				if _, err := node.Conclude(b.Context(), result(*as, campaign.NoAnswer)); err != nil {
					b.Error(err)
				}
			}
		})
	}
	wg.Wait()
	for _, l := range leads {
		b.state(l, campaign.LeadExhausted)
	}
	b.sound()
}

func consentMany(b *bundle) {
	const n = 620 // more than one transaction takes
	// Colleagues behind one number, told apart by their extensions.
	drafts := make([]campaign.Draft, n)
	for i := range drafts {
		drafts[i] = campaign.Draft{Numbers: []campaign.Number{{Phone: phone(1), Extension: fmt.Sprint(i + 1)}}}
	}
	leads := b.load(b.optedIn(), drafts...)
	given := b.consent(leads[7], "")
	if open := b.count(`SELECT count(*) FROM leads WHERE state = 'open'`); open != n {
		b.Fatalf("%d leads are open, want %d", open, n)
	}
	a := b.agents(2)
	offered := []campaign.AssignmentID{b.claim(a[0], leads[0]).ID, b.claim(a[1], leads[n-1]).ID}
	_, revoked, err := b.s.RevokeConsent(b.Context(), given.ID, "", "anna")
	b.ok(err)
	if len(revoked) != 2 || revoked[0].ID != offered[0] || revoked[1].ID != offered[1] {
		b.Fatalf("taken back %+v", revoked)
	}
	if open := b.count(`SELECT count(*) FROM leads WHERE state = 'open'`); open != 0 {
		b.Fatalf("%d leads are still open", open)
	}
}

func badConsent(b *bundle) {
	_, leads := b.list(b.optedIn(), []campaign.Phone{phone(1)})
	for field, change := range map[string]func(*campaign.Consent){
		"scopes":     func(c *campaign.Consent) { c.Scopes = nil },
		"scopes[0]":  func(c *campaign.Consent) { c.Scopes[0] = "all" },
		"purpose":    func(c *campaign.Consent) { c.Purpose = "fun" },
		"proof":      func(c *campaign.Consent) { c.Proof = "" },
		"given_at":   func(c *campaign.Consent) { c.GivenAt = time.Time{} },
		"expires_at": func(c *campaign.Consent) { c.ExpiresAt = c.GivenAt },
		"phone":      func(c *campaign.Consent) { c.Phone = phone(9) },
	} {
		c := b.consentOf(leads[0], "")
		change(&c)
		_, _, err := b.s.RecordConsent(b.Context(), c)
		b.refused(err, campaign.KindInvalid, "")
		if e := asError(err); e.Violations[0].Field != field {
			b.Errorf("the fault is of %s, want %s", e.Violations[0].Field, field)
		}
	}
	_, _, err := b.s.RecordConsent(b.Context(), b.consentOf(999, ""))
	b.refused(err, campaign.KindNotFound, "")
	_, _, err = b.s.RevokeConsent(b.Context(), 999, "", "")
	b.refused(err, campaign.KindNotFound, "")
	_, err = b.s.Consents(b.Context(), 999)
	b.refused(err, campaign.KindNotFound, "")
	if n := b.count(`SELECT count(*) FROM consents`) + b.count(`SELECT count(*) FROM outbox WHERE type LIKE 'consent%'`); n != 0 {
		b.Fatalf("%d rows were written", n)
	}
}
