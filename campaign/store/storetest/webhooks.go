package storetest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"redial/campaign"
	"redial/campaign/store"
)

var webhookCases = []testCase{
	{"a webhook hears of every event once, whoever hands them out", handedOutOnce},
	{"a delivery is sent by one node at a time", takenOnce},
	{"a delivery whose node died is sent by another", takenAfterDeath},
	{"a failing webhook is tried with one delivery at a time, and with all once it answers", failingWebhook},
	{"a dead delivery stays until it is replayed", deadReplayed},
	{"a webhook that is gone is off, and goes on where it stopped", goneWebhook},
	{"what is left of a delivery is one of its own", restOfDelivery},
	{"a replay goes back along the stream", replaySince},
	{"a webhook learns that retention was quicker", webhookLostEvents},
	{"I11 a webhook hears of what its maker saw, and is seen by those who see as much", webhookGrants},
	{"I12 a webhook is changed by whoever saw it last", webhookUpdates},
	{"deeds on webhooks are in the audit log, without what is secret", webhookAudited},
}

const hold = time.Minute

// webhook makes one of everything.
func (b *bundle) webhook(ctx context.Context) campaign.Webhook {
	b.Helper()
	w := campaign.Webhook{Name: "crm", URL: "https://crm.example/hook?key=hidden", On: true}
	return must[campaign.Webhook](b)(b.s.CreateWebhook(ctx, w, campaign.NewWebhookSecret()))
}

// happen puts n events of a campaign into the stream: each lead that came in and goes has one.
func (b *bundle) happen(of campaign.CampaignID, n int) {
	b.Helper()
	first := b.count(`SELECT COALESCE(max(id), 0) FROM events`)
	seq := b.count(`SELECT COALESCE(max(seq), 0) FROM events`)
	for i := range int64(n) {
		b.exec(fmt.Sprintf(`INSERT INTO events (seq, id, type, at, campaign_id, list_id, lead_id, agent_id, data) VALUES (%d, %d, 'campaign_state', %d, %d, 0, 0, 0, '{"state":"paused"}')`,
			seq+1+i, first+1+i, b.s.Now().UnixMicro(), of))
	}
}

func (b *bundle) handOut() []campaign.Delivery {
	b.Helper()
	return must[[]campaign.Delivery](b)(b.s.HandOut(b.Context()))
}

// take takes the webhook's next.
func (b *bundle) take(of campaign.WebhookID) *campaign.Sending {
	b.Helper()
	return must[*campaign.Sending](b)(b.s.NextDelivery(b.Context(), of, hold))
}

func handedOutOnce(b *bundle) {
	c, other := b.campaign(nil), b.campaign(nil)
	b.happen(c.ID, 3)
	w := b.webhook(b.Context()) // hears of nothing before
	only := must[campaign.Webhook](b)(b.s.CreateWebhook(b.Context(), campaign.Webhook{Name: "one", URL: "https://one.example/", On: true,
		Campaigns: []campaign.CampaignID{other.ID}}, campaign.NewWebhookSecret()))
	b.happen(c.ID, 250)
	b.happen(other.ID, 7)
	b.exec(`UPDATE events SET seq = seq + 9000 WHERE seq > (SELECT max(seq) - 5 FROM events)`) // a gap, as behind a restore
	second := b.open()
	var mu sync.Mutex
	var made []campaign.Delivery
	var wg sync.WaitGroup
	for _, node := range []*store.Store{b.s, second, b.s, second} {
		wg.Go(func() {
			for range 4 {
				some, err := node.HandOut(b.Context())
				if err != nil {
					b.Error(err)
				}
				mu.Lock()
				made = append(made, some...)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	heard := make(map[campaign.WebhookID]int)
	for _, d := range made {
		heard[d.WebhookID] += d.Events
		if d.Events > campaign.DeliveryEvents || d.At.IsZero() || d.From > d.To {
			b.Errorf("delivery %+v", d)
		}
	}
	if heard[w.ID] != 257 || heard[only.ID] != 7 {
		b.Errorf("heard of %v, want 257 and 7", heard)
	}
	slices.SortFunc(made, func(x, y campaign.Delivery) int { return int(x.From - y.From) })
	for i := 1; i < len(made); i++ {
		if made[i].WebhookID == w.ID && made[i-1].WebhookID == w.ID && made[i].From <= made[i-1].To {
			b.Errorf("ranges overlap: %+v %+v", made[i-1], made[i])
		}
	}
	if got := must[campaign.Webhook](b)(b.s.Webhook(b.Context(), w.ID)); got.Waiting != 4 || got.Dead != 0 {
		b.Errorf("%d wait, want 3 before the gap and 1 behind it", got.Waiting)
	}
}

func takenOnce(b *bundle) {
	c := b.campaign(nil)
	w := b.webhook(b.Context())
	b.happen(c.ID, 1000)
	all := b.handOut()
	second := b.open()
	var mu sync.Mutex
	taken := make(map[campaign.DeliveryID]int)
	var wg sync.WaitGroup
	for i := range 8 {
		node := []*store.Store{b.s, second}[i%2]
		wg.Go(func() {
			for _, d := range all {
				g, err := node.TakeDelivery(b.Context(), d.ID, hold)
				if err != nil {
					b.Error(err)
				}
				if g != nil {
					mu.Lock()
					taken[g.Delivery.ID]++
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	if len(taken) != campaign.DeliveriesAtOnce(0) {
		b.Errorf("%d are sent at a time, want %d", len(taken), campaign.DeliveriesAtOnce(0))
	}
	for id, n := range taken {
		if n != 1 {
			b.Errorf("delivery %d was taken %d times", id, n)
		}
	}
	if g := b.take(w.ID); g != nil {
		b.Errorf("delivery %d beyond the places", g.Delivery.ID)
	}
}

func takenAfterDeath(b *bundle) {
	c := b.campaign(nil)
	w := b.webhook(b.Context())
	b.happen(c.ID, 1)
	b.handOut()
	g := b.take(w.ID)
	if due := must[[]campaign.Delivery](b)(b.s.DueDeliveries(b.Context(), 10)); g == nil || len(due) != 0 {
		b.Fatalf("taken %v, due %v", g, due)
	}
	b.wait(hold + time.Second)
	if due := must[[]campaign.Delivery](b)(b.s.DueDeliveries(b.Context(), 10)); len(due) != 1 {
		b.Fatalf("due %v", due)
	}
	again := b.take(w.ID)
	if again == nil || again.Delivery.ID != g.Delivery.ID {
		b.Fatalf("taken %v", again)
	}
	// The first node was only slow: its failure is no longer its to tell, its success is.
	after := must[campaign.Delivery](b)(b.s.DeliveryFailed(b.Context(), &g.Delivery, "slow", time.Second, false))
	if got := must[campaign.Webhook](b)(b.s.Webhook(b.Context(), w.ID)); got.Failures != 0 {
		b.Errorf("a failure of one who no longer holds it counted: %+v", after)
	}
	b.ok(b.s.DeliveryDone(b.Context(), &g.Delivery, 0, ""))
	b.ok(b.s.DeliveryDone(b.Context(), &again.Delivery, 0, ""))
	if _, err := b.s.TakeDelivery(b.Context(), g.Delivery.ID, hold); campaign.KindOf(err) != campaign.KindNotFound {
		b.Errorf("a delivered one: %v", err)
	}
}

func failingWebhook(b *bundle) {
	c := b.campaign(nil)
	w := b.webhook(b.Context())
	b.happen(c.ID, 1000)
	b.handOut()
	for range 3 {
		g := b.take(w.ID)
		d := must[campaign.Delivery](b)(b.s.DeliveryFailed(b.Context(), &g.Delivery, "answered 500", time.Hour, false))
		if d.Tries != 1 || !d.NextAt.After(b.s.Now()) {
			b.Errorf("after the failure: %+v", d)
		}
	}
	if due := must[[]campaign.Delivery](b)(b.s.DueDeliveries(b.Context(), 10)); len(due) != 4 {
		b.Errorf("%d due, want 4 at most of one webhook", len(due))
	}
	g := b.take(w.ID)
	if more := b.take(w.ID); g == nil || more != nil {
		b.Fatalf("of a failing webhook %v and %v are sent at a time", g, more)
	}
	b.ok(b.s.DeliveryDone(b.Context(), &g.Delivery, 0, ""))
	now := must[campaign.Webhook](b)(b.s.Webhook(b.Context(), w.ID))
	if now.Failures != 0 || now.Fault != "" || now.DeliveredAt.IsZero() || now.Waiting != 9 {
		b.Errorf("after a delivery: %+v", now)
	}
	var ids []campaign.DeliveryID
	for {
		g := b.take(w.ID)
		if g == nil {
			break
		}
		ids = append(ids, g.Delivery.ID)
	}
	if len(ids) != 4 || !slices.IsSorted(ids) || ids[0] != g.Delivery.ID-3 {
		b.Errorf("%v are sent at a time after delivery %d, want the 4 oldest, those that failed first", ids, g.Delivery.ID)
	}
}

func deadReplayed(b *bundle) {
	c := b.campaign(nil)
	w := b.webhook(b.Context())
	b.happen(c.ID, 1)
	b.handOut()
	g := b.take(w.ID)
	if d := must[campaign.Delivery](b)(b.s.DeliveryFailed(b.Context(), &g.Delivery, "answered 500", 0, false)); !d.NextAt.IsZero() {
		b.Errorf("not dead: %+v", d)
	}
	b.wait(48 * time.Hour)
	dead := must[[]campaign.Delivery](b)(b.s.Deliveries(b.Context(), w.ID, true, 0, 10))
	waiting := must[[]campaign.Delivery](b)(b.s.Deliveries(b.Context(), w.ID, false, 0, 10))
	if len(dead) != 1 || len(waiting) != 0 || dead[0].Fault == "" || dead[0].Tries != 1 || b.take(w.ID) != nil {
		b.Fatalf("dead %+v, waiting %+v", dead, waiting)
	}
	if waits, n, err := b.s.DeliveryCounts(b.Context()); waits != 0 || n != 1 || err != nil {
		b.Errorf("%d wait, %d dead: %v", waits, n, err)
	}
	b.ok(b.s.ReplayDead(b.Context(), w.ID))
	again := b.take(w.ID)
	if again == nil || again.Delivery.ID != g.Delivery.ID || again.Delivery.Tries != 0 {
		b.Fatalf("after the replay: %+v", again)
	}
	b.refused(b.s.ReplayDead(b.Context(), 999), campaign.KindNotFound, "")
}

func goneWebhook(b *bundle) {
	c := b.campaign(nil)
	w := b.webhook(b.Context())
	b.happen(c.ID, 1)
	b.handOut()
	g := b.take(w.ID)
	must[campaign.Delivery](b)(b.s.DeliveryFailed(b.Context(), &g.Delivery, "answered 410", time.Minute, true))
	off := must[campaign.Webhook](b)(b.s.Webhook(b.Context(), w.ID))
	if off.On || off.Fault == "" || off.Version == w.Version {
		b.Fatalf("after 410: %+v", off)
	}
	b.happen(c.ID, 5)
	b.wait(time.Hour)
	if made := b.handOut(); len(made) != 0 || b.take(w.ID) != nil {
		b.Fatalf("handed out to a webhook that is off: %v", made)
	}
	on := true
	back := must[campaign.Webhook](b)(b.s.UpdateWebhook(b.Context(), campaign.WebhookChange{ID: w.ID, Version: off.Version, On: &on}))
	made := b.handOut()
	if !back.On || back.Failures != 0 || len(made) != 1 || made[0].Events != 5 || b.take(w.ID) == nil {
		b.Errorf("turned on again: %+v, handed out %+v", back, made)
	}
}

func restOfDelivery(b *bundle) {
	c := b.campaign(nil)
	w := b.webhook(b.Context())
	b.happen(c.ID, 40)
	b.handOut()
	g := b.take(w.ID)
	b.ok(b.s.DeliveryDone(b.Context(), &g.Delivery, g.Delivery.From+10, ""))
	rest := b.take(w.ID)
	if rest == nil || rest.Delivery.ID == g.Delivery.ID || rest.Delivery.From != g.Delivery.From+10 || rest.Delivery.To != g.Delivery.To {
		b.Errorf("the rest of %+v is %+v", g.Delivery, rest)
	}
}

func replaySince(b *bundle) {
	c := b.campaign(nil)
	w := b.webhook(b.Context())
	b.happen(c.ID, 20)
	b.wait(time.Hour)
	since := b.s.Now()
	b.happen(c.ID, 30)
	for range b.handOut() {
		g := b.take(w.ID)
		b.ok(b.s.DeliveryDone(b.Context(), &g.Delivery, 0, ""))
	}
	b.happen(c.ID, 5)
	b.handOut()
	b.ok(b.s.ReplaySince(b.Context(), w.ID, since))
	sum := 0
	for _, d := range must[[]campaign.Delivery](b)(b.s.Deliveries(b.Context(), w.ID, false, 0, 10)) {
		sum += d.Events
	}
	if sum != 35 {
		b.Errorf("%d events are sent again, want the 35 since then, none of them twice", sum)
	}
	b.ok(b.s.ReplaySince(b.Context(), w.ID, b.s.Now().Add(time.Hour)))
	if got := must[campaign.Webhook](b)(b.s.Webhook(b.Context(), w.ID)); got.Waiting != 1 {
		b.Errorf("%d wait after a replay of nothing", got.Waiting)
	}
}

func webhookLostEvents(b *bundle) {
	c := b.campaign(nil)
	w := b.webhook(b.Context())
	b.happen(c.ID, 20)
	b.exec(`DELETE FROM events WHERE seq <= (SELECT max(seq) - 5 FROM events)`)
	b.exec(`UPDATE stream_edge SET dropped = (SELECT max(seq) - 5 FROM events)`)
	made := b.handOut()
	got := must[campaign.Webhook](b)(b.s.Webhook(b.Context(), w.ID))
	if len(made) != 1 || made[0].Events != 5 || !strings.Contains(got.Fault, "retention") {
		b.Errorf("handed out %+v, fault %q", made, got.Fault)
	}
	g := b.take(w.ID)
	must[campaign.Delivery](b)(b.s.DeliveryFailed(b.Context(), &g.Delivery, "answered 500", 0, false))
	b.ok(b.s.Housekeep(b.Context()))
	if got := must[campaign.Webhook](b)(b.s.Webhook(b.Context(), w.ID)); got.Dead != 1 {
		b.Errorf("%d dead, want the one whose events are kept", got.Dead)
	}
	b.exec(`UPDATE stream_edge SET dropped = (SELECT max(seq) FROM events)`)
	b.ok(b.s.Housekeep(b.Context()))
	if got := must[campaign.Webhook](b)(b.s.Webhook(b.Context(), w.ID)); got.Dead != 0 {
		b.Errorf("%d dead whose events are gone", got.Dead)
	}
}

func webhookGrants(b *bundle) {
	c, other := b.campaign(nil), b.campaign(nil)
	manager := campaign.Caller{Owner: "ann", Role: campaign.RoleManager, Campaigns: []campaign.CampaignID{c.ID}}
	ann := campaign.WithCaller(b.Context(), manager)
	w := b.webhook(ann)
	if w.Owner != "ann" || !slices.Equal(w.Granted, manager.Campaigns) || w.FullNumbers {
		b.Fatalf("made %+v", w)
	}
	b.happen(c.ID, 2)
	b.happen(other.ID, 3)
	if made := b.handOut(); len(made) != 1 || made[0].Events != 2 {
		b.Errorf("handed out %+v, want the 2 events of the maker's campaign", made)
	}
	for _, ids := range [][]campaign.CampaignID{{other.ID}, {999}, {c.ID, other.ID}} {
		if _, err := b.s.UpdateWebhook(ann, campaign.WebhookChange{ID: w.ID, Version: w.Version, Campaigns: &ids}); campaign.KindOf(err) != campaign.KindInvalid {
			b.Errorf("campaigns %v: %v", ids, err)
		}
		if _, err := b.s.UpdateWebhook(b.Context(), campaign.WebhookChange{ID: w.ID, Version: w.Version, Campaigns: &ids}); campaign.KindOf(err) != campaign.KindInvalid {
			b.Errorf("campaigns %v, by one who sees all: %v", ids, err)
		}
	}
	bob := campaign.WithCaller(b.Context(), campaign.Caller{Owner: "bob", Role: campaign.RoleManager, Campaigns: []campaign.CampaignID{other.ID}})
	if all := must[[]campaign.Webhook](b)(b.s.Webhooks(bob)); len(all) != 0 {
		b.Errorf("bob sees %+v", all)
	}
	_, getErr := b.s.Webhook(bob, w.ID)
	_, updateErr := b.s.UpdateWebhook(bob, campaign.WebhookChange{ID: w.ID, Version: w.Version, Name: new("mine")})
	_, listErr := b.s.Deliveries(bob, w.ID, false, 0, 10)
	_, _, signErr := b.s.WebhookSigning(bob, w.ID)
	for act, err := range map[string]error{"get": getErr, "update": updateErr, "list": listErr, "test": signErr,
		"rotate": b.s.RotateWebhook(bob, w.ID, campaign.NewWebhookSecret()), "replay": b.s.ReplayDead(bob, w.ID), "since": b.s.ReplaySince(bob, w.ID, b.s.Now())} {
		if campaign.KindOf(err) != campaign.KindNotFound {
			b.Errorf("bob may %s: %v", act, err)
		}
	}
	b.ok(b.s.DeleteWebhook(bob, w.ID)) // as if it were not there
	if all := must[[]campaign.Webhook](b)(b.s.Webhooks(ann)); len(all) != 1 {
		b.Errorf("ann sees %+v", all)
	}
	// One of everything, narrowed: a manager of that campaign may change it, but not make it hear of more.
	wide := b.webhook(b.Context())
	wide = must[campaign.Webhook](b)(b.s.UpdateWebhook(b.Context(), campaign.WebhookChange{ID: wide.ID, Version: wide.Version, Campaigns: new([]campaign.CampaignID{c.ID})}))
	if _, err := b.s.UpdateWebhook(ann, campaign.WebhookChange{ID: wide.ID, Version: wide.Version, Campaigns: new([]campaign.CampaignID{})}); campaign.KindOf(err) != campaign.KindInvalid {
		b.Errorf("ann widened a webhook: %v", err)
	}
}

func webhookUpdates(b *bundle) {
	w := b.webhook(b.Context())
	got := must[campaign.Webhook](b)(b.s.UpdateWebhook(b.Context(), campaign.WebhookChange{ID: w.ID, Version: w.Version, Name: new("other"),
		Types: new([]campaign.EventType{campaign.EventAttempt})}))
	if got.Name != "other" || got.URL != w.URL || got.Version != w.Version+1 || !slices.Equal(got.Types, []campaign.EventType{campaign.EventAttempt}) || !got.On {
		b.Errorf("after the update: %+v", got)
	}
	_, err := b.s.UpdateWebhook(b.Context(), campaign.WebhookChange{ID: w.ID, Version: w.Version, Name: new("third")})
	b.refused(err, campaign.KindConflict, campaign.ReasonVersion)
	_, err = b.s.UpdateWebhook(b.Context(), campaign.WebhookChange{ID: w.ID, Version: got.Version, Name: new("")})
	b.refused(err, campaign.KindInvalid, "")
	_, err = b.s.UpdateWebhook(b.Context(), campaign.WebhookChange{ID: 999, Version: 1, Name: new("x")})
	b.refused(err, campaign.KindNotFound, "")
	b.ok(b.s.DeleteWebhook(b.Context(), w.ID))
	b.ok(b.s.DeleteWebhook(b.Context(), w.ID))
	_, err = b.s.Webhook(b.Context(), w.ID)
	b.refused(err, campaign.KindNotFound, "")
	for range campaign.WebhooksMost {
		b.webhook(b.Context())
	}
	_, err = b.s.CreateWebhook(b.Context(), campaign.Webhook{Name: "x", URL: "https://x.example/"}, campaign.NewWebhookSecret())
	b.refused(err, campaign.KindUnready, campaign.ReasonBadState)
}

func webhookAudited(b *bundle) {
	ctx := campaign.WithCaller(b.Context(), campaign.Caller{Owner: "ann", Role: campaign.RoleAdmin})
	w := b.webhook(ctx)
	if !w.FullNumbers {
		b.Error("an admin's webhook hears masked numbers")
	}
	secret := campaign.NewWebhookSecret()
	b.ok(b.s.RotateWebhook(ctx, w.ID, secret))
	_, sign, err := b.s.WebhookSigning(ctx, w.ID)
	if b.ok(err); sign.Secret != secret || sign.Old == "" || len(sign.At(b.s.Now())) != 2 || len(sign.At(b.s.Now().Add(25*time.Hour))) != 1 {
		b.Error("the old secret does not sign beside the new one for a day")
	}
	must[campaign.Webhook](b)(b.s.UpdateWebhook(ctx, campaign.WebhookChange{ID: w.ID, Version: w.Version, Name: new("b")}))
	b.ok(b.s.DeleteWebhook(ctx, w.ID))
	for _, action := range []string{"create_webhook", "rotate_webhook_secret", "update_webhook", "delete_webhook"} {
		if n := b.count(`SELECT count(*) FROM audit_log WHERE owner = 'ann' AND target = 'webhook ' || CAST($1 AS TEXT) AND action = $2`, fmt.Sprint(w.ID), action); n != 1 {
			b.Errorf("%d entries of %s", n, action)
		}
	}
	for _, hidden := range []string{secret.Reveal(), sign.Old.Reveal(), "key=hidden"} {
		if n := b.count(`SELECT count(*) FROM audit_log WHERE before_json || after_json LIKE $1`, "%"+hidden+"%"); n != 0 {
			b.Errorf("the audit log tells %s…", hidden[:8])
		}
	}
}
