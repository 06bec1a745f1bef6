package egress

import (
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"
)

// Every form in which somebody has tried to name an address that is not public, and what it is.
func TestWhatIsNotPublicIsRefusedInEveryForm(t *testing.T) {
	t.Parallel()
	for addr, why := range map[string]string{
		"127.0.0.1": "loopback", "127.255.255.254": "loopback", "::1": "loopback", "::ffff:127.0.0.1": "loopback",
		"0.0.0.0": "unspecified", "0.1.2.3": "this network", "::": "unspecified",
		"10.0.0.1": "private", "172.16.0.1": "private", "172.31.255.255": "private", "192.168.255.1": "private",
		"::ffff:10.0.0.1": "private", "::ffff:a9fe:a9fe": "metadata", "::127.0.0.1": "IPv4", "::ffff:0:127.0.0.1": "IPv4",
		"169.254.169.254": "metadata", "100.64.0.1": "carrier", "100.100.100.200": "carrier", "168.63.129.16": "cloud",
		"224.0.0.1": "multicast", "239.255.255.250": "multicast", "255.255.255.255": "multicast|broadcast", "250.1.1.1": "reserved",
		"192.0.0.192": "protocols", "192.0.2.1": "documentation", "198.51.100.1": "documentation", "203.0.113.9": "documentation",
		"198.18.0.1": "benchmarks", "198.19.255.255": "benchmarks", "192.88.99.1": "6to4",
		"64:ff9b::7f00:1": "NAT64", "64:ff9b::8.8.8.8": "NAT64", "64:ff9b:1::1": "NAT64",
		"2002:7f00:1::": "6to4", "2001::1": "Teredo", "2001:0:4136:e378:8000:63bf:80ff:fffe": "Teredo", "2001:10::1": "protocols",
		"2001:db8::1": "documentation", "3fff::1": "documentation", "fc00::1": "private", "fd00:ec2::254": "private",
		"fe80::1": "link-local", "fe80::1%eth0": "link-local", "fec0::1": "private", "ff02::1": "multicast", "100::1": "reserved",
		"5f00::1": "reserved", "4000::1": "reserved",
	} {
		err := Guard{}.Check(netip.MustParseAddr(addr))
		r, refused := errors.AsType[*Refusal](err)
		if !refused {
			t.Errorf("%s passed, want it refused as %s", addr, why)
			continue
		}
		found := false
		for w := range strings.SplitSeq(why, "|") {
			found = found || strings.Contains(r.Why, w)
		}
		if !found || !strings.Contains(r.Error(), Setting) {
			t.Errorf("%s: %v, want it to say %s and name the setting", addr, err, why)
		}
	}
	if err := (Guard{}).Check(netip.Addr{}); err == nil {
		t.Error("no address at all passed")
	}
}

func TestPublicAddressesPass(t *testing.T) {
	t.Parallel()
	for _, addr := range []string{
		"8.8.8.8", "1.1.1.1", "::ffff:8.8.8.8", "9.255.255.255", "11.0.0.1", "100.63.255.255", "100.128.0.1", "126.255.255.255", "128.0.0.1",
		"169.253.0.1", "172.15.255.255", "172.32.0.1", "192.0.1.1", "198.17.255.255", "198.20.0.1", "223.255.255.255",
		"2606:4700::1111", "2001:4860:4860::8888", "2400:3200::1",
	} {
		if err := (Guard{}).Check(netip.MustParseAddr(addr)); err != nil {
			t.Errorf("%s: %v", addr, err)
		}
	}
}

func TestWhatTheSettingNamesPassesAndNothingBeside(t *testing.T) {
	t.Parallel()
	allow, err := Parse(" 127.0.0.0/8, 10.1.2.3,,fd00:1::/64,64:ff9b::/96")
	if err != nil {
		t.Fatal(err)
	}
	g := Guard{Allow: allow}
	for addr, passes := range map[string]bool{
		"127.9.9.9": true, "::ffff:127.0.0.1": true, "10.1.2.3": true, "10.1.2.4": false, "fd00:1::7": true, "fd00:2::7": false,
		"64:ff9b::808:808": true, "::1": false, "8.8.8.8": true,
	} {
		if err := g.Check(netip.MustParseAddr(addr)); (err == nil) != passes {
			t.Errorf("%s: %v, want passing %v", addr, err, passes)
		}
	}
	if err := g.CheckAllowed(netip.MustParseAddr("8.8.8.8")); err == nil {
		t.Error("a public address passed for what is sent in clear")
	}
	if err := g.CheckAllowed(netip.MustParseAddr("127.0.0.1")); err != nil {
		t.Errorf("an allowed address in clear: %v", err)
	}
	for _, bad := range []string{"10.0.0.0/33", "localhost", "10.0.0", "fe80::1%eth0", "::ffff:10.0.0.0/104", "10.0.0.1/8/8"} {
		if _, err := Parse("127.0.0.1," + bad); err == nil || !strings.Contains(err.Error(), bad) {
			t.Errorf("%q: %v, want an error that names it", bad, err)
		}
	}
}

func listen(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l.Addr().String()
}

// A name is judged by what it resolved to when the connection is made, whatever it resolved to before.
func TestTheResolvedAddressIsJudgedWhenItIsDialled(t *testing.T) {
	t.Parallel()
	at := listen(t)
	_, port, _ := net.SplitHostPort(at)
	for _, target := range []string{at, "localhost:" + port, "[::ffff:127.0.0.1]:" + port} {
		c, err := Guard{}.DialContext(t.Context(), target)
		if r, refused := errors.AsType[*Refusal](err); !refused || r.Why != "loopback" {
			t.Errorf("%s: %v %v, want it refused as loopback", target, c, err)
		}
	}
	g := Guard{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}
	for _, target := range []string{at, "localhost:" + port} {
		c, err := g.DialContext(t.Context(), target)
		if err != nil {
			t.Errorf("%s with the setting: %v", target, err)
			continue
		}
		c.Close()
	}
	if _, err := g.Dialer().DialContext(t.Context(), "udp", at); err == nil {
		t.Error("UDP was dialled")
	}
}
