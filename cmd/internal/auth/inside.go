package auth

import (
	"context"
	"strings"

	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"

	"redial/campaign"
)

// The pages of this process ask its API over a connection that does not leave it, as whoever signed in to them.
const (
	// InsideNetwork is the network of that connection's addresses; no connection from elsewhere can have it.
	InsideNetwork = "bufconn"
	// GuestPrefix is what a session of the pages begins with where a token would be.
	GuestPrefix = "web_"
	// FromHeader says where the browser asks from, in the metadata of a call of the pages.
	FromHeader = "redial-from"
)

// Guests knows who signed in to the pages.
type Guests interface {
	// Guest is the caller of a session. Errors: KindStranger when it is over, KindAway when that cannot be asked.
	Guest(ctx context.Context, session string) (campaign.Caller, error)
}

// inside says whether a call comes from this process's own pages.
func inside(ctx context.Context) bool {
	p, ok := peer.FromContext(ctx)
	return ok && p.Addr != nil && p.Addr.Network() == InsideNetwork
}

// guest is the caller of a session that the pages show; false: it is none, or it comes from elsewhere.
func (g *Guard) guest(ctx context.Context, secret string) (campaign.Caller, bool, error) {
	session, ok := strings.CutPrefix(secret, GuestPrefix)
	if !ok || g.o.Guests == nil || !inside(ctx) {
		return campaign.Caller{}, false, nil
	}
	c, err := g.o.Guests.Guest(ctx, session)
	return c, true, err
}

// guestFrom is where the browser of a call of the pages asks from.
func guestFrom(ctx context.Context) string {
	for _, v := range metadata.ValueFromIncomingContext(ctx, FromHeader) {
		return v
	}
	return ""
}
