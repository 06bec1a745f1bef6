package store

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"redial/campaign"
	"redial/campaign/store/storetest/testserver"
)

// boss is a caller whose deeds are told apart.
var boss = campaign.Caller{Owner: "boss", Token: 7, Role: campaign.RoleManager, From: "10.0.0.9"}

func (b *bench) verified(t *testing.T, anchor campaign.AuditAnchor) campaign.AuditProof {
	t.Helper()
	return must[campaign.AuditProof](t)(b.VerifyAuditLog(t.Context(), anchor, func(campaign.AuditProof) error { return nil }))
}

func TestTheAuditLogTellsWhoChangedWhatFromWhere(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		ctx := campaign.WithCaller(t.Context(), boss)
		c := must[campaign.Campaign](t)(b.CreateCampaign(ctx, campaign.Campaign{Name: "spring", Zone: "Asia/Shanghai", Region: "CN",
			Rules: campaign.DefaultRules(), Floor: campaign.DefaultFloor()}))
		changed := c
		changed.Rules.Interval, changed.MaskNumbers = c.Rules.Interval+time.Hour, true
		must[campaign.Campaign](t)(b.UpdateCampaign(ctx, changed))
		must[campaign.Campaign](t)(b.StartCampaign(ctx, c.ID))
		must[campaign.Campaign](t)(b.StartCampaign(ctx, c.ID)) // it runs already: no deed
		u := b.loaded(t, c.ID, campaign.ImportOptions{}, drafts(1, 1))
		must[campaign.List](t)(b.SetPriority(ctx, u.ListID, 3))
		must[campaign.List](t)(b.SetPriority(ctx, u.ListID, 3))
		lead := must[[]campaign.Lead](t)(b.FindLeads(ctx, campaign.LeadFilter{List: u.ListID}))[0]
		name := "Somebody Else"
		must[campaign.Lead](t)(b.UpdateLead(ctx, campaign.LeadUpdate{ID: lead.ID, Version: lead.Version, Name: &name}))
		must[campaign.Lead](t)(b.WithdrawLead(ctx, lead.ID, 0, "asked for it", "boss"))
		must[campaign.Suppressed](t)(b.Suppress(ctx, campaign.Suppression{Phone: "+8613800000001"}))

		all := must[[]campaign.AuditEntry](t)(b.AuditLog(ctx, campaign.AuditQuery{Owner: "boss"}))
		var actions []string
		for i := range all {
			e := &all[i]
			actions = append([]string{e.Action}, actions...)
			if e.Token != 7 || e.Role != campaign.RoleManager || e.From != "10.0.0.9" {
				t.Errorf("%s by %+v", e.Action, e)
			}
			if strings.Contains(e.Before+e.After, name) || strings.Contains(e.Before+e.After, "13800000001") {
				t.Errorf("%s tells of the person: %s %s", e.Action, e.Before, e.After)
			}
		}
		want := "create_campaign update_campaign start_campaign set_list_priority update_lead withdraw_lead suppress"
		if got := strings.Join(actions, " "); got != want {
			t.Errorf("the log tells %s, want %s", got, want)
		}
		update := must[[]campaign.AuditEntry](t)(b.AuditLog(ctx, campaign.AuditQuery{Action: "update_campaign", Target: fmt.Sprint("campaign ", c.ID)}))
		if len(update) != 1 || !strings.Contains(update[0].Before, `"mask_numbers":false`) || !strings.Contains(update[0].After, `"mask_numbers":true`) ||
			!strings.Contains(update[0].After, `"rules"`) || strings.Contains(update[0].After, `"zone"`) {
			t.Errorf("the update is told as %+v", update)
		}
		if older := must[[]campaign.AuditEntry](t)(b.AuditLog(ctx, campaign.AuditQuery{Owner: "boss", Below: all[1].Seq, Limit: 2})); len(older) != 2 || older[0].Seq != all[2].Seq {
			t.Errorf("the next page is %+v", older)
		}
		if p := b.verified(t, campaign.AuditAnchor{Seq: all[1].Seq, Hash: all[1].Hash}); p.BrokenAt != 0 || p.LastHash != all[0].Hash || p.Verified != all[0].Seq {
			t.Errorf("verified: %+v", p)
		}
	})
}

// tamper does to the log what the database refuses, as somebody could who owns it.
func (b *bench) tamper(t *testing.T, statements ...string) {
	t.Helper()
	off, on := []string{`DROP TRIGGER audit_log_unchanged`, `DROP TRIGGER audit_log_kept`}, []string(nil)
	if b.d.name == "postgres" {
		off, on = []string{`ALTER TABLE audit_log DISABLE TRIGGER USER`}, []string{`ALTER TABLE audit_log ENABLE TRIGGER USER`}
	}
	for _, q := range append(append(off, statements...), on...) {
		b.sql(t, q)
	}
}

func TestABrokenAuditLogIsFoundOut(t *testing.T) {
	for _, c := range []struct {
		name, fault string
		at          int64
		tamper      []string
	}{
		{"changed", "was changed", 4, []string{`UPDATE audit_log SET after_json = '{}' WHERE seq = 4`}},
		{"another's deed", "was changed", 2, []string{`UPDATE audit_log SET owner = 'x' WHERE seq = 2`}},
		{"taken out", "entry 3 is missing", 3, []string{`DELETE FROM audit_log WHERE seq = 3`}},
		{"first ones taken out", "entries 1 to 2 are missing", 1, []string{`DELETE FROM audit_log WHERE seq < 3`}},
		{"reordered", "was changed", 2, []string{`UPDATE audit_log SET seq = -seq WHERE seq IN (2, 3)`, `UPDATE audit_log SET seq = 5 + seq WHERE seq < 0`}},
		{"cut off", "ends with entry 4", 5, []string{`DELETE FROM audit_log WHERE seq > 4`}},
		{"cut off with its head", "entry 5 was there", 5, []string{`DELETE FROM audit_log WHERE seq > 4`,
			`UPDATE audit_head SET seq = 4, hash = (SELECT hash FROM audit_log WHERE seq = 4)`}},
		{"all gone", "ends with entry 0", 1, []string{`DELETE FROM audit_log`}},
		{"head gone", "head of the chain", 1, []string{`DELETE FROM audit_head`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			onBoth(t, func(t *testing.T, b *bench) {
				for i := range 6 {
					if err := b.LogDeed(t.Context(), "look", fmt.Sprint("lead ", i), map[string]int{"n": i}, "because"); err != nil {
						t.Fatal(err)
					}
				}
				kept := must[[]campaign.AuditEntry](t)(b.AuditLog(t.Context(), campaign.AuditQuery{Limit: 6}))[1]
				b.tamper(t, c.tamper...)
				p := b.verified(t, campaign.AuditAnchor{Seq: kept.Seq, Hash: kept.Hash})
				if p.BrokenAt != c.at || !strings.Contains(p.Fault, c.fault) {
					t.Errorf("broken at %d, %q; want %d, %q", p.BrokenAt, p.Fault, c.at, c.fault)
				}
			})
		})
	}
}

func TestAnAuditLogThatWasWrittenAnewIsKnownByAKeptHash(t *testing.T) {
	b := openBench(t, testserver.Postgres(t))
	for i := range 3 {
		if err := b.LogDeed(t.Context(), "look", fmt.Sprint("lead ", i), nil, ""); err != nil {
			t.Fatal(err)
		}
	}
	kept := must[[]campaign.AuditEntry](t)(b.AuditLog(t.Context(), campaign.AuditQuery{}))
	b.tamper(t, `DELETE FROM audit_log`, `UPDATE audit_head SET seq = 0, hash = ''`)
	for i := range 3 {
		if err := b.LogDeed(t.Context(), "look", fmt.Sprint("lead ", 9-i), nil, ""); err != nil {
			t.Fatal(err)
		}
	}
	if p := b.verified(t, campaign.AuditAnchor{}); p.BrokenAt != 0 {
		t.Fatalf("the forged chain does not fit in itself: %+v", p)
	}
	if p := b.verified(t, campaign.AuditAnchor{Seq: kept[0].Seq, Hash: kept[0].Hash}); p.BrokenAt != 3 || !strings.Contains(p.Fault, "written anew") {
		t.Errorf("with the hash that was kept: %+v", p)
	}
}

func TestTheAuditLogIsOnlyEverAddedTo(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		if err := b.LogDeed(t.Context(), "look", "lead 1", nil, ""); err != nil {
			t.Fatal(err)
		}
		queries := []string{`UPDATE audit_log SET owner = 'x'`, `DELETE FROM audit_log`}
		if b.d.name == "postgres" {
			queries = append(queries, `TRUNCATE audit_log`)
		}
		for _, q := range queries {
			err := b.write(t.Context(), "test", func(x *tx) error { _, err := x.exec(q); return err })
			if err == nil {
				t.Errorf("%s was done", q)
			}
		}
		if p := b.verified(t, campaign.AuditAnchor{}); p.Verified != 1 || p.BrokenAt != 0 {
			t.Errorf("afterwards: %+v", p)
		}
	})
}

func TestNodesThatWriteAtOnceKeepOneChain(t *testing.T) {
	url := testserver.Postgres(t)
	nodes := []*bench{openBench(t, url), openBench(t, url)}
	var wg sync.WaitGroup
	for n, node := range nodes {
		for w := range 3 {
			wg.Go(func() {
				for i := range 15 {
					if err := node.LogDeed(t.Context(), "look", fmt.Sprint(n, w, i), nil, ""); err != nil {
						t.Error(err)
					}
				}
			})
		}
	}
	wg.Wait()
	if p := nodes[0].verified(t, campaign.AuditAnchor{}); p.BrokenAt != 0 || p.Verified != 90 {
		t.Errorf("two nodes wrote 90 entries: %+v", p)
	}
}
