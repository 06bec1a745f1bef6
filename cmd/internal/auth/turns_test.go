package auth

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"

	"redial/campaign"
)

// at is a call from an address.
func at(ctx context.Context, ip string) context.Context {
	return peer.NewContext(ctx, &peer.Peer{Addr: net.TCPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(ip), 4711))})
}

func TestAFloodOfGuessesFromOneAddressKeepsNobodyElseOut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := &slowRecord{takes: 10 * time.Millisecond}
		g := New(r, Options{})
		var wg sync.WaitGroup
		var turned atomic.Int64
		for range maxWaiting + 500 { // more than may wait, as an attacker would
			wg.Go(func() {
				if _, err := g.Authenticate(at(t.Context(), "203.0.113.7"), campaign.NewSecret()); campaign.KindOf(err) == campaign.KindExhausted {
					turned.Add(1)
				}
			})
		}
		synctest.Wait()
		for i := range 100 {
			secret := campaign.NewSecret()
			if _, err := r.CreateToken(t.Context(), campaign.Token{Owner: fmt.Sprint(i), Role: campaign.RoleCRM}, secret); err != nil {
				t.Fatal(err)
			}
			wg.Go(func() {
				began := time.Now()
				ip := fmt.Sprintf("198.51.100.%d", 1+i%4) // a few offices
				if _, err := g.Authenticate(at(t.Context(), ip), secret); err != nil || time.Since(began) > time.Second {
					t.Errorf("%s: %v after %v", ip, err, time.Since(began))
				}
			})
		}
		wg.Wait()
		if turned.Load() == 0 {
			t.Error("the flood was no flood")
		}
		if g.guessing.free != maxGuessing || g.guessing.count != 0 || len(g.guessing.of)+len(g.guessing.ring) != 0 {
			t.Errorf("left behind: %+v", g.guessing)
		}
	})
}

func TestTurnsLoseNoneWhateverCallersDo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const atOnce, most = 3, 20
		turns := newTurns(atOnce, most)
		var now, had, without atomic.Int64
		var wg sync.WaitGroup
		seed := rand.Uint64()
		for i := range 3000 {
			rnd := rand.New(rand.NewPCG(seed, uint64(i)))
			wg.Go(func() {
				time.Sleep(time.Duration(rnd.IntN(2000)) * time.Millisecond) //nolint:forbidigo // fake time
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(1+rnd.IntN(50))*time.Millisecond)
				defer cancel()
				ip, err := netip.AddrFrom4([4]byte{10, 0, 0, byte(rnd.IntN(9))}).Prefix(32)
				if err != nil {
					t.Error(err)
				}
				ok, err := turns.take(ctx, ip, time.Duration(rnd.IntN(50))*time.Millisecond)
				if !ok {
					without.Add(1)
					if err != nil && !errors.Is(err, context.DeadlineExceeded) {
						t.Error(err)
					}
					return
				}
				had.Add(1)
				if n := now.Add(1); n > atOnce {
					t.Errorf("seed %d: %d at once", seed, n)
				}
				time.Sleep(time.Duration(rnd.IntN(5)) * time.Millisecond) //nolint:forbidigo // fake time
				now.Add(-1)
				turns.give()
			})
		}
		wg.Wait()
		if turns.free != atOnce || turns.count != 0 || len(turns.of)+len(turns.ring) != 0 || had.Load() == 0 || without.Load() == 0 {
			t.Errorf("seed %d: left %+v; %d had a turn, %d had none", seed, turns, had.Load(), without.Load())
		}
	})
}

func TestASourceIsWhatOneCustomerHas(t *testing.T) {
	t.Parallel()
	for ip, want := range map[string]string{
		"203.0.113.7": "203.0.113.7/32", "::ffff:203.0.113.7": "203.0.113.7/32", "2001:db8:0:1::7": "2001:db8:0:1::/64", "fe80::1%eth0": "fe80::/64",
	} {
		if got := sourceFrom(at(t.Context(), ip)).String(); got != want {
			t.Errorf("%s: %s, want %s", ip, got, want)
		}
	}
	browser := metadata.NewIncomingContext(peer.NewContext(t.Context(), &peer.Peer{Addr: insideAddr{}}), metadata.Pairs(FromHeader, "203.0.113.9"))
	if got := sourceFrom(browser).String(); got != "203.0.113.9/32" {
		t.Errorf("a browser: %s", got)
	}
	if sourceFrom(t.Context()).IsValid() {
		t.Error("nowhere is somewhere")
	}
}

type insideAddr struct{}

func (insideAddr) Network() string { return InsideNetwork }
func (insideAddr) String() string  { return InsideNetwork }
