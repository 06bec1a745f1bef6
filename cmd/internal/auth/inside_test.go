package auth

import (
	"context"
	"net"
	"testing"

	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"

	"redial/campaign"
)

type guests map[string]campaign.Caller

func (g guests) Guest(_ context.Context, session string) (campaign.Caller, error) {
	c, ok := g[session]
	if !ok {
		return c, &campaign.Error{Kind: campaign.KindStranger, Message: "over"}
	}
	return c, nil
}

func TestASessionOfThePagesCountsInsideTheProcessAlone(t *testing.T) {
	t.Parallel()
	g, _, _ := setup(t)
	all := guests{"s1": {Owner: "eve", Role: campaign.RoleSupervisor}}
	g.o.Guests = all
	from := func(a net.Addr) context.Context {
		ctx := metadata.NewIncomingContext(t.Context(), metadata.Pairs("authorization", "Bearer web_s1", FromHeader, "203.0.113.9"))
		return peer.NewContext(ctx, &peer.Peer{Addr: a})
	}
	_, c, _, err := g.admit(from(insideAddr{}), "/dialer.v1.FloorService/GetFloor")
	if err != nil || c.Owner != "eve" || c.From != "203.0.113.9" {
		t.Errorf("inside: %+v, %v", c, err)
	}
	if _, _, _, err := g.admit(from(insideAddr{}), nextCall); campaign.KindOf(err) != campaign.KindDenied {
		t.Errorf("another role's method: %v", err)
	}
	tcp := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 9}
	if _, _, _, err := g.admit(from(tcp), "/dialer.v1.FloorService/GetFloor"); campaign.KindOf(err) != campaign.KindStranger {
		t.Errorf("over TCP: %v", err)
	}
	delete(all, "s1")
	if _, _, _, err := g.admit(from(insideAddr{}), "/dialer.v1.FloorService/GetFloor"); campaign.KindOf(err) != campaign.KindStranger {
		t.Errorf("over: %v", err)
	}
}
