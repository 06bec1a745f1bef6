package store

import (
	"context"
	"fmt"
	"testing"
	"time"

	"redial/campaign"
	"redial/campaign/store/storetest/testserver"
)

// Somebody's transaction holds a session, a number with a promise and a suppressed number: those three wait, and of each
// sweep the rest is done. Once it ends they are done too.
func TestSweepsGoAroundHeldRows(t *testing.T) {
	t.Parallel()
	b := openBenchWith(t, testserver.Postgres(t)+"&lock_timeout=300", nil)
	ctx := t.Context()
	h := inHand(t, b, 6)
	c := b.campaign(t, "promises")
	b.loaded(t, c.ID, campaign.ImportOptions{}, drafts(100, 4))
	promised := must[[]campaign.Lead](t)(b.FindLeads(ctx, campaign.LeadFilter{Campaign: c.ID, Limit: 4}))
	var listed []campaign.Phone
	for i, l := range promised {
		must[campaign.Appointment](t)(b.Book(ctx, l.ID, campaign.Booking{Zone: "Asia/Shanghai"}, 0, "crm"))
		listed = append(listed, campaign.Phone(fmt.Sprintf("+861370000000%d", i)))
		must[campaign.Suppressed](t)(b.Suppress(ctx, campaign.Suppression{Phone: listed[i], Reason: "register", ExpiresAt: b.Now().Add(time.Hour)}))
	}
	b.now.Add(int64(3 * time.Hour))
	one := must[context.CancelFunc](t)(b.holding(ctx, h.agents[2], promised[1].Numbers[0].Phone))
	two := must[context.CancelFunc](t)(b.holding(ctx, h.agents[2]+1000, listed[2]))
	swept := func(when string, leases, promises, suppressions int) {
		t.Helper()
		if got := must[[]campaign.Assignment](t)(b.LapseLeases(ctx, 256)); len(got) != leases {
			t.Errorf("%s %d leases lapsed, want %d", when, len(got), leases)
		}
		if got := must[[]campaign.Appointment](t)(b.MissPromises(ctx, 256)); len(got) != promises {
			t.Errorf("%s %d promises were missed, want %d", when, len(got), promises)
		}
		if got := must[int](t)(b.ExpireSuppressions(ctx, 256)); got != suppressions {
			t.Errorf("%s %d suppressions ended, want %d", when, got, suppressions)
		}
	}
	swept("beside a foreign transaction", 5, 3, 3)
	swept("again", 0, 0, 0)
	one()
	two()
	swept("afterwards", 1, 1, 1)
	soundly(t, b)
}
