package storetest

import (
	"slices"
	"time"

	"redial/campaign"
)

// revocations are told from the instant asked for on, whichever node ran them, and each once.
func revocations(b *bundle) {
	ctx, other := b.Context(), b.open()
	made := make([]campaign.Token, 3)
	for i := range made {
		_, t, err := b.s.CreateToken(ctx, "somebody", campaign.RoleManager, 0, time.Time{})
		b.ok(err)
		made[i] = t
	}
	start := b.s.Now().Add(-time.Second)
	revokedSince := func(at time.Time, want ...campaign.TokenID) {
		b.Helper()
		if got := must[[]campaign.TokenID](b)(b.s.RevokedSince(ctx, at)); !slices.Equal(got, want) {
			b.Errorf("revoked since %v: %v, want %v", at, got, want)
		}
	}
	revokedSince(time.Time{})
	first := must[campaign.Token](b)(other.RevokeToken(ctx, made[1].ID))
	b.wait(time.Minute)
	second := must[campaign.Token](b)(b.s.RevokeToken(ctx, made[0].ID))
	must[campaign.Token](b)(b.s.RevokeToken(ctx, made[1].ID)) // again: it was revoked when it was
	revokedSince(start, made[1].ID, made[0].ID)
	revokedSince(first.RevokedAt, made[1].ID, made[0].ID)
	revokedSince(first.RevokedAt.Add(time.Microsecond), made[0].ID)
	revokedSince(second.RevokedAt.Add(time.Microsecond))
	b.ok(b.s.TouchTokens(ctx, map[campaign.TokenID]time.Time{made[0].ID: b.s.Now(), made[2].ID: b.s.Now()}))
	revokedSince(time.Time{}, made[1].ID, made[0].ID)
}
