package storetest

import (
	"sync"
	"sync/atomic"
	"time"

	"redial/campaign"
)

var suppressCases = []testCase{
	{"I5 nothing is claimed or started once a suppression is acknowledged", func(b *bundle) {
		suppressRaced(b, func(campaign.Campaign) campaign.Suppression { return campaign.Suppression{} })
	}},
	{"I5 nor once one of its campaign is", func(b *bundle) {
		suppressRaced(b, func(c campaign.Campaign) campaign.Suppression { return campaign.Suppression{Campaign: c.ID} })
	}},
	{"I5 nor once one of the number's country is", func(b *bundle) {
		suppressRaced(b, func(campaign.Campaign) campaign.Suppression { return campaign.Suppression{Country: "CN"} })
	}},
	{"I5 nor once an import's batch is", func(b *bundle) { importRaced(b) }},
	{"I5 a suppression binds in its campaign alone", bindsInCampaign},
	{"I5 a suppression of a country binds whoever may live there", bindsInCountry},
	{"I5 a lead that comes by the number, the campaign or the place is suppressed", comesUnderScope},
	{"I6 a scoped suppression cancels promises and takes offers back", scopedCancels},
	{"each scope is lifted for itself", liftedByScope},
	{"a scoped suppression runs out, and is not weakened", scopedExpires},
	{"a register is taken in by batches, again without a change", importSuppressions},
	{"suppressions are listed by pages", listSuppressions},
	{"I5 a suppression takes offers back and leaves calls alone", suppressRevokes},
	{"I5 DO_NOT_CALL suppresses the number in every campaign", doNotCallEverywhere},
	{"I6 a promise to a suppressed number is cancelled and says why", suppressCancelsPromises},
	{"a lead with another number goes on", otherNumber},
	{"a lifted suppression plans the lead anew", liftedAgain},
	{"a suppression runs out", suppressionExpires},
	{"I12 a suppression without a number is refused", badSuppression},
}

// suppressRaced suppresses numbers while two nodes claim and start them: whatever begins after the acknowledgement fails.
func suppressRaced(b *bundle, scope func(campaign.Campaign) campaign.Suppression) {
	raced(b, 1, func(c campaign.Campaign, from int) error {
		x := scope(c)
		x.Phone, x.Reason = phone(from), "complaint"
		_, err := b.s.Suppress(b.Context(), x)
		return err
	})
}

// importRaced is the same with the batches of an import.
func importRaced(b *bundle) {
	raced(b, 8, func(c campaign.Campaign, from int) error {
		var some []campaign.Phone
		for i := range 8 {
			some = append(some, phone(from+i), phone(1000+from+i))
		}
		_, err := b.s.ImportSuppressions(b.Context(), campaign.Suppression{Campaign: c.ID, Source: "register"}, some)
		return err
	})
}

// raced lets numbers be suppressed some at a time while two nodes claim and start them.
func raced(b *bundle, some int, suppress func(c campaign.Campaign, from int) error) {
	const n = 40
	c := b.campaign(nil)
	var leads []campaign.LeadID
	for i := range n {
		_, ids := b.list(c, []campaign.Phone{phone(i)})
		leads = append(leads, ids...)
	}
	agents := b.agents(4)
	other := b.open()
	var acknowledged [n]atomic.Bool
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := 0; i < n; i += some {
			if err := suppress(c, i); err != nil {
				b.Error(err)
			}
			for j := range some {
				acknowledged[i+j].Store(true)
			}
		}
	})
	var claimed, startedAfter atomic.Int64
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
				claimed.Add(1)
				if before {
					b.Errorf("number %d was claimed after its suppression was acknowledged", i)
				}
				before = acknowledged[i].Load()
				_, err = node.StartCall(b.Context(), as.ID, a)
				switch {
				case err == nil && before:
					b.Errorf("number %d was dialled after its suppression was acknowledged", i)
				case err == nil:
					startedAfter.Add(1)
					if _, err := node.Conclude(b.Context(), result(*as, campaign.NoAnswer)); err != nil {
						b.Error(err)
					}
				}
			}
		})
	}
	wg.Wait()
	for _, l := range leads {
		b.state(l, campaign.LeadSuppressed)
	}
	b.sound()
}

func suppressRevokes(b *bundle) {
	c := b.campaign(nil)
	d := b.campaign(nil)
	_, one := b.list(c, []campaign.Phone{phone(1)})
	_, two := b.list(d, []campaign.Phone{phone(1)})
	a := b.agents(2)
	offered, dialled := b.claim(a[0], one...), b.dial(a[1], two...)
	got := must[campaign.Suppressed](b)(b.s.Suppress(b.Context(), campaign.Suppression{Phone: phone(1), Reason: "complaint", Source: "crm"}))
	if got.Leads != 2 || len(got.Revoked) != 1 || got.Revoked[0].ID != offered.ID {
		b.Fatalf("got %+v", got)
	}
	if s := must[campaign.Session](b)(b.s.Session(b.Context(), a[0])); s.State != campaign.AgentReady {
		b.Fatalf("the agent whose offer was taken back is %s", s.State)
	}
	b.state(one[0], campaign.LeadSuppressed)
	b.state(two[0], campaign.LeadHeld)
	if rec := must[campaign.Recorded](b)(b.s.Conclude(b.Context(), result(dialled, campaign.NoAnswer))); rec.State != campaign.LeadSuppressed {
		b.Fatalf("after the call the lead is %s", rec.State)
	}
	again := must[campaign.Suppressed](b)(b.s.Suppress(b.Context(), campaign.Suppression{Phone: phone(1), ExpiresAt: b.s.Now().Add(time.Hour)}))
	if len(again.Revoked) != 0 {
		b.Fatalf("again %+v", again)
	}
	found := must[[]campaign.Suppression](b)(b.s.Suppressed(b.Context(), []campaign.Phone{phone(1), phone(2)}))
	if len(found) != 1 || found[0].Reason != "complaint" || !found[0].ExpiresAt.IsZero() {
		b.Fatalf("a shorter suppression weakened the one in force: %+v", found)
	}
	b.sound()
}

func doNotCallEverywhere(b *bundle) {
	c, d := b.campaign(nil), b.campaign(nil)
	_, one := b.list(c, []campaign.Phone{phone(1)})
	_, two := b.list(d, []campaign.Phone{phone(1)})
	a := b.agents(2)
	offered := b.claim(a[1], two...)
	rec := b.call(a[0], campaign.DoNotCall, one...)
	if rec.State != campaign.LeadSuppressed || rec.Plan.Verdict != campaign.VerdictSuppressed {
		b.Fatalf("got %+v", rec)
	}
	b.state(two[0], campaign.LeadSuppressed)
	_, err := b.s.StartCall(b.Context(), offered.ID, a[1])
	b.refused(err, campaign.KindUnready, campaign.ReasonLeaseExpired)
	if got := b.try(b.s, a[1], two...); got.Assignment != nil {
		b.Fatal("a suppressed number was claimed")
	}
	b.sound()
}

func suppressCancelsPromises(b *bundle) {
	c := b.campaign(nil)
	_, ids := b.list(c, []campaign.Phone{phone(1)})
	p := must[campaign.Appointment](b)(b.s.Book(b.Context(), ids[0], campaign.Booking{Local: local(b.s.Now().Add(time.Hour))}, b.agent(), "a"))
	must[campaign.Suppressed](b)(b.s.Suppress(b.Context(), campaign.Suppression{Phone: phone(1)}))
	got := must[campaign.Appointment](b)(b.s.Appointment(b.Context(), p.ID))
	if got.State != campaign.AppointmentCancelled || got.Reason != "suppressed" {
		b.Fatalf("the promise is %s (%s)", got.State, got.Reason)
	}
	_, err := b.s.Book(b.Context(), ids[0], campaign.Booking{Local: local(b.s.Now().Add(time.Hour))}, 0, "a")
	b.refused(err, campaign.KindUnready, campaign.ReasonSuppressedNow)
	b.ok(b.s.Lift(b.Context(), campaign.SuppressionKey{Phone: phone(1)}, "boss"))
	b.state(ids[0], campaign.LeadOpen)
	b.sound()
}

func otherNumber(b *bundle) {
	c := b.campaign(nil)
	_, ids := b.list(c, []campaign.Phone{phone(1), phone(2)})
	a := b.agent()
	b.claim(a, ids...)
	got := must[campaign.Suppressed](b)(b.s.Suppress(b.Context(), campaign.Suppression{Phone: phone(1)}))
	if len(got.Revoked) != 1 {
		b.Fatalf("got %+v", got)
	}
	b.state(ids[0], campaign.LeadOpen)
	if as := b.claim(a, ids...); as.Number != phone(2) {
		b.Fatalf("offered on %s", as.Number)
	}
	must[campaign.Suppressed](b)(b.s.Suppress(b.Context(), campaign.Suppression{Phone: phone(2)}))
	b.state(ids[0], campaign.LeadSuppressed)
	b.sound()
}

func liftedAgain(b *bundle) {
	c := b.campaign(nil)
	_, ids := b.list(c, []campaign.Phone{phone(1)})
	must[campaign.Suppressed](b)(b.s.Suppress(b.Context(), campaign.Suppression{Phone: phone(1)}))
	if due := b.due(c.ID, 10, 10); len(due) != 0 {
		b.Fatalf("due %+v", due)
	}
	b.ok(b.s.Lift(b.Context(), campaign.SuppressionKey{Phone: phone(1)}, "boss"))
	b.refused(b.s.Lift(b.Context(), campaign.SuppressionKey{Phone: phone(1)}, "boss"), campaign.KindNotFound, "")
	b.state(ids[0], campaign.LeadOpen)
	b.claim(b.agent(), ids...)
	b.sound()
}

func suppressionExpires(b *bundle) {
	c := b.campaign(nil)
	_, ids := b.list(c, []campaign.Phone{phone(1)})
	must[campaign.Suppressed](b)(b.s.Suppress(b.Context(), campaign.Suppression{Phone: phone(1), ExpiresAt: b.s.Now().Add(time.Hour)}))
	if n := must[int](b)(b.s.ExpireSuppressions(b.Context(), 10)); n != 0 {
		b.Fatalf("%d ended before their time", n)
	}
	b.state(ids[0], campaign.LeadSuppressed)
	b.wait(time.Hour)
	if n := must[int](b)(b.s.ExpireSuppressions(b.Context(), 10)); n != 1 {
		b.Fatalf("%d ended, want 1", n)
	}
	b.state(ids[0], campaign.LeadOpen)
	b.sound()
}

func badSuppression(b *bundle) {
	_, err := b.s.Suppress(b.Context(), campaign.Suppression{Reason: "complaint"})
	b.refused(err, campaign.KindInvalid, "")
	_, err = b.s.Suppress(b.Context(), campaign.Suppression{Phone: phone(1), ExpiresAt: b.s.Now().Add(-time.Hour)})
	b.refused(err, campaign.KindInvalid, "")
	if n := b.count(`SELECT count(*) FROM suppressions`) + b.count(`SELECT count(*) FROM outbox`); n != 0 {
		b.Fatalf("%d rows were written", n)
	}
}
