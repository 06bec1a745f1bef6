package server

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"

	"google.golang.org/grpc/peer"

	"redial/campaign"
)

// at is a call from an address.
func at(ctx context.Context, ip string) context.Context {
	return peer.NewContext(ctx, &peer.Peer{Addr: net.TCPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(ip), 4711))})
}

// Watches of the health need no token: one address does not have all of them.
func TestStreamsWithoutATokenAreBoundedByAddressAndTogether(t *testing.T) {
	t.Parallel()
	c := newCrowd()
	var gives []func()
	fill := func(ip string, want int, word string) {
		t.Helper()
		for n := range streamsOpen + 1 {
			give, err := c.open(at(t.Context(), ip))
			if err == nil {
				gives = append(gives, give)
				continue
			}
			if n != want || campaign.ReasonOf(err) != ReasonTooMany || !strings.Contains(err.Error(), word) {
				t.Errorf("%s: refused after %d, want %d: %v", ip, n, want, err)
			}
			return
		}
		t.Errorf("%s is never refused", ip)
	}
	fill("203.0.113.7", streamsOfSource, "this address")
	fill("::ffff:203.0.113.7", 0, "this address")
	fill("2001:db8:0:1::1", streamsOfSource, "this address")
	fill("2001:db8:0:1:ffff::2", 0, "this address")
	fill("2001:db8:0:2::1", streamsOfSource, "this address")
	for i := range streamsOpen/streamsOfSource - 3 { // addresses that are not used yet
		fill(fmt.Sprintf("198.51.%d.%d", i/250, i%250), streamsOfSource, "this address")
	}
	fill("192.0.2.1", streamsOpen%streamsOfSource, "too many streams are open")
	if _, err := c.open(as(at(t.Context(), "192.0.2.1"), campaign.Caller{Token: 3, Role: campaign.RoleManager})); err != nil {
		t.Errorf("who shows a token: %v", err)
	}
	for _, give := range gives {
		give()
	}
	if len(c.n) != 1 {
		t.Errorf("still counted: %v", c.n)
	}
	gives = nil
	fill("127.0.0.1", streamsOpen, "this address")
}
