package store

import (
	"testing"
	"time"

	"redial/campaign"
)

// An audit whose reader stalls is ended by the error of the message that could not be sent: its connection, and the state
// of the record that it held, are given back then, however often that happens.
func TestAnAuditThatIsNotReadGivesItsConnectionBack(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		for range 3 {
			c := b.campaign(t, "c"+time.Now().Format(".000000000"))
			b.loaded(t, c.ID, campaign.ImportOptions{}, drafts(int(c.ID)*10, 1))
		}
		b.sql(t, `UPDATE lists SET lead_count = lead_count + 1, row_count = row_count + 1`)
		stalled := &campaign.Error{Kind: campaign.KindExhausted, Reason: campaign.ReasonTooSlow, Message: "not read"}
		for range 20 {
			told, held := 0, 0
			_, err := b.Audit(t.Context(), 0, func(campaign.Breach) error {
				told++
				held = b.reader.Stats().InUse
				return stalled
			})
			wantKind(t, err, campaign.KindExhausted, campaign.ReasonTooSlow)
			if told != 1 || held == 0 {
				t.Fatalf("%d breaches told with %d connections held, want one told while it is held", told, held)
			}
			if n := b.reader.Stats().InUse; n != 0 {
				t.Fatalf("%d connections are held after the audit ended", n)
			}
		}
	})
}
