// Package egress decides which addresses the server may connect to on somebody's word: where a webhook is sent and whom
// a pre-call check asks is chosen by callers, who must not reach through the server what they cannot reach themselves. It
// judges the address that a name was resolved to, right before the connection is made, so that it does not matter what a
// name says to whom and when. It never resolves names itself, and decides nothing about ports or paths.
package egress

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"time"
)

// Setting is the name of the setting that allows more addresses.
const Setting = "allow-targets"

const dialTimeout = 5 * time.Second

// Guard judges addresses. The zero value lets through public ones alone.
type Guard struct {
	Allow []netip.Prefix // let through although they are not public
}

// Refusal says that an address is not dialled.
type Refusal struct {
	Addr netip.Addr
	Why  string // what the address is, such as "loopback"
}

// Error tells the address, what it is, and which setting would allow it.
func (r *Refusal) Error() string {
	return fmt.Sprintf("%s is not connected to, as it is %s; the server's setting %s may allow it", r.Addr, r.Why, Setting)
}

// Parse reads the setting: CIDRs or single addresses, separated by commas; empty: none. The error names the part.
func Parse(s string) ([]netip.Prefix, error) {
	var out []netip.Prefix
	for part := range strings.SplitSeq(s, ",") {
		part = strings.TrimSpace(part)
		if part == "" {
			continue
		}
		p, err := netip.ParsePrefix(part)
		if a, bad := netip.ParseAddr(part); bad == nil && a.Zone() == "" {
			p, err = netip.PrefixFrom(a, a.BitLen()), nil
		}
		if err != nil || p.Addr().Is4In6() {
			return nil, fmt.Errorf("%q is no range of addresses: write 10.1.0.0/16, 192.0.2.7 or fd00:1::/64", part)
		}
		out = append(out, p.Masked())
	}
	return out, nil
}

// Check refuses an address that is neither public nor allowed, with a *Refusal.
func (g Guard) Check(addr netip.Addr) error {
	addr = addr.Unmap().WithZone("")
	if g.allows(addr) {
		return nil
	}
	if why := special(addr); why != "" {
		return &Refusal{Addr: addr, Why: why}
	}
	return nil
}

// CheckAllowed refuses an address that is not allowed by name, public or not: for what is sent in clear.
func (g Guard) CheckAllowed(addr netip.Addr) error {
	addr = addr.Unmap().WithZone("")
	if g.allows(addr) {
		return nil
	}
	why := special(addr)
	if why == "" {
		why = "public, and without TLS"
	}
	return &Refusal{Addr: addr, Why: why}
}

func (g Guard) allows(addr netip.Addr) bool {
	for _, p := range g.Allow {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}

// Dialer connects to what the guard lets through.
func (g Guard) Dialer() *net.Dialer { return dialer(g.Check) }

// DialContext connects over TCP to host:port, as grpc.WithContextDialer wants it.
func (g Guard) DialContext(ctx context.Context, address string) (net.Conn, error) {
	return g.Dialer().DialContext(ctx, "tcp", address)
}

// DialClear is DialContext for what is not encrypted: to allowed addresses alone.
func (g Guard) DialClear(ctx context.Context, address string) (net.Conn, error) {
	return dialer(g.CheckAllowed).DialContext(ctx, "tcp", address)
}

func dialer(check func(netip.Addr) error) *net.Dialer {
	return &net.Dialer{Timeout: dialTimeout, ControlContext: func(_ context.Context, network, address string, _ syscall.RawConn) error {
		if network != "tcp4" && network != "tcp6" {
			return fmt.Errorf("judge %s: not over TCP but %s", address, network)
		}
		to, err := netip.ParseAddrPort(address)
		if err != nil {
			return fmt.Errorf("judge %s: %w", address, err)
		}
		return check(to.Addr())
	}}
}
