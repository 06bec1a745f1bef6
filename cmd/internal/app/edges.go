package app

import (
	"context"
	"runtime/debug"

	"google.golang.org/grpc/status"

	"redial/campaign"
	"redial/campaign/phone"
	"redial/campaign/store"
	"redial/cmd/internal/auth"
	"redial/cmd/internal/server"
)

// statusOf is how a refusal inside a stream reads: as it would of a call of its own.
func statusOf(_ context.Context, err error) error {
	st, _ := server.Status(err)
	return status.ErrorProto(st.Proto())
}

// readNumber reads one number as people write it, with its places and every zone that it may be in; an empty region
// means that it must be E.164.
func readNumber(text, region string) (campaign.Number, error) {
	n, err := phone.One("", text, campaign.PhoneHint{Region: region})
	if err == nil {
		n.Zones = phone.Zones(n.Phone)
	}
	return n, err
}

// numberAt is a number with where it may be.
func numberAt(p campaign.Phone) campaign.Number {
	return campaign.Number{Phone: p, Zones: phone.Zones(p), Places: phone.Places(p)}
}

// tokens are the record's, as the guard and the admin token's file want them.
type tokens struct{ *store.Store }

// CreateToken implements auth.AdminTokens.
func (t tokens) CreateToken(ctx context.Context, want campaign.Token, secret string) (campaign.Token, error) {
	return t.KeepToken(ctx, want, secret)
}

// revoking is the record whose revoked tokens this node's guard forgets at once.
type revoking struct {
	*store.Store
	guard *auth.Guard
}

// RevokeToken implements rpc.TokenBook.
func (r revoking) RevokeToken(ctx context.Context, id campaign.TokenID) (campaign.Token, error) {
	t, err := r.Store.RevokeToken(ctx, id)
	if err == nil {
		r.guard.Forget(id)
	}
	return t, err
}

// version is the program's, as the build recorded it.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value[:min(12, len(s.Value))]
		}
	}
	return info.Main.Version
}
