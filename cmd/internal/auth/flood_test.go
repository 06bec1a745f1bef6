package auth

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"redial/campaign"
)

// slowRecord takes so long for every look-up.
type slowRecord struct {
	record
	takes    time.Duration
	now, top atomic.Int64
}

func (r *slowRecord) TokenBySecret(ctx context.Context, secret string) (campaign.Token, error) {
	r.top.Store(max(r.top.Load(), r.now.Add(1)))
	defer r.now.Add(-1)
	time.Sleep(r.takes) //nolint:forbidigo // fake time: the look-up
	return r.record.TokenBySecret(ctx, secret)
}

func TestAFloodOfUnknownTokensKeepsNobodyOutWhoIsKnown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := &slowRecord{takes: 10 * time.Millisecond}
		secret := campaign.NewSecret()
		if _, err := r.CreateToken(t.Context(), campaign.Token{Owner: "mei", Role: campaign.RoleManager}, secret); err != nil {
			t.Fatal(err)
		}
		g := New(r, Options{})
		if _, err := g.Authenticate(t.Context(), secret); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second) //nolint:forbidigo // fake time: what was heard of the token is no longer believed
		var wg sync.WaitGroup
		var turned, refused atomic.Int64
		for range maxKnown {
			wg.Go(func() {
				switch _, err := g.Authenticate(t.Context(), campaign.NewSecret()); campaign.KindOf(err) {
				case campaign.KindExhausted:
					turned.Add(1)
				case campaign.KindStranger:
					refused.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		time.Sleep(time.Millisecond) //nolint:forbidigo // fake time: the flood is there
		began := time.Now()
		if _, err := g.Authenticate(t.Context(), secret); err != nil || time.Since(began) > r.takes {
			t.Errorf("the known token: %v after %v, want it at once", err, time.Since(began))
		}
		wg.Wait()
		if turned.Load() == 0 || refused.Load() == 0 || r.top.Load() > maxGuessing+1 {
			t.Errorf("%d sent away, %d refused, %d look-ups at once", turned.Load(), refused.Load(), r.top.Load())
		}
	})
}

func TestAFloorThatSignsInAtOnceIsKnownInTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := &slowRecord{takes: time.Millisecond}
		g := New(r, Options{})
		var wg sync.WaitGroup
		for i := range 10_000 {
			secret := campaign.NewSecret()
			if _, err := r.CreateToken(t.Context(), campaign.Token{Owner: fmt.Sprint(i), Role: campaign.RoleAgent, Agent: campaign.AgentID(i + 1)}, secret); err != nil {
				t.Fatal(err)
			}
			wg.Go(func() {
				if _, err := g.Authenticate(t.Context(), secret); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
	})
}
