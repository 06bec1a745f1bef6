package egress

import "net/netip"

// block is a range of addresses that are not for the public, and what they are.
type block struct {
	prefix netip.Prefix
	why    string
}

// The IANA registries of special-purpose addresses (RFC 6890 and what was added since), and where clouds have the
// services of a host: https://www.iana.org/assignments/iana-ipv4-special-registry and iana-ipv6-special-registry.
var blocks = []block{
	of("0.0.0.0/8", "unspecified, or of this network"),
	of("10.0.0.0/8", "private"),
	of("100.64.0.0/10", "shared behind a carrier's NAT"),
	of("127.0.0.0/8", "loopback"),
	of("168.63.129.16/32", "a cloud's host service"),
	of("169.254.0.0/16", "link-local, where clouds have their metadata"),
	of("172.16.0.0/12", "private"),
	of("192.0.0.0/24", "kept for protocols"),
	of("192.0.2.0/24", "for documentation"),
	of("192.88.99.0/24", "a relay of 6to4"),
	of("192.168.0.0/16", "private"),
	of("198.18.0.0/15", "for benchmarks"),
	of("198.51.100.0/24", "for documentation"),
	of("203.0.113.0/24", "for documentation"),
	of("224.0.0.0/4", "multicast"),
	of("255.255.255.255/32", "broadcast"),
	of("240.0.0.0/4", "reserved"),

	of("::/128", "unspecified"),
	of("::1/128", "loopback"),
	of("::/96", "an IPv4 address in IPv6"),
	of("::ffff:0:0:0/96", "an IPv4 address in IPv6"), // RFC 2765
	of("64:ff9b::/96", "an IPv4 address in IPv6 (NAT64)"),
	of("64:ff9b:1::/48", "an IPv4 address in IPv6 (NAT64)"),
	of("2001::/32", "an IPv4 address in IPv6 (Teredo)"),
	of("2001::/23", "kept for protocols"),
	of("2001:db8::/32", "for documentation"),
	of("2002::/16", "an IPv4 address in IPv6 (6to4)"),
	of("3fff::/20", "for documentation"),
	of("fc00::/7", "private"),
	of("fe80::/10", "link-local"),
	of("fec0::/10", "private"),
	of("ff00::/8", "multicast"),
}

// global is all that was given out of IPv6 for public use (RFC 4291, 2.4): what is outside is refused without a name.
var global = netip.MustParsePrefix("2000::/3")

func of(prefix, why string) block { return block{netip.MustParsePrefix(prefix), why} }

// special is what an address is that is not public; empty: it is public. It is of no zone, and not IPv4 in IPv6.
func special(addr netip.Addr) string {
	for _, b := range blocks {
		if b.prefix.Contains(addr) {
			return b.why
		}
	}
	if !addr.IsValid() || addr.Is6() && !global.Contains(addr) {
		return "reserved"
	}
	return ""
}
