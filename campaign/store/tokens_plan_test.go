package store

import (
	"strings"
	"testing"

	"redial/campaign"
)

// Every node asks once a second, and tokens are kept for good.
func TestRevokedTokensAreFoundByIndex(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, b *bench) {
		const owners = 20_000
		n := `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) `
		b.sql(t, `INSERT INTO tokens (id, hash, owner, role, created_at, revoked_at) `+n+`SELECT 100 + i, 'h' || i, 'o', 'manager', 1, (i % 2) * i FROM n`)
		b.sql(t, `ANALYZE`)
		plans := map[string]string{}
		if b.Engine() == "postgres" {
			plans = b.plans(t, revokedSince, []any{owners - 10})
		} else {
			plans["own"] = b.explained(t, revokedSince, owners-10)
		}
		for kind, plan := range plans {
			if !strings.Contains(plan, "tokens_revoked") {
				t.Errorf("the index is not used by the %s plan:\n%s", kind, plan)
			}
		}
		var got []campaign.TokenID
		if err := b.peek(t.Context(), "look", func(x *tx) (err error) {
			got, err = idsOf[campaign.TokenID](x, revokedSince, owners-10)
			return err
		}); err != nil || len(got) != 5 || got[0] != 100+owners-9 {
			t.Errorf("found %v, %v", got, err)
		}
	})
}
