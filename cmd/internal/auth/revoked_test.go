package auth

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"redial/campaign"
)

// pass lets fake time pass.
func pass(d time.Duration) { time.Sleep(d) } //nolint:forbidigo // fake time

// one is a record of one token, with its secret.
func one() (*record, string) {
	return &record{tokens: map[string]*campaign.Token{"rd_mei": {ID: 1, Owner: "mei", Role: campaign.RoleManager}}}, "rd_mei"
}

// hearing lets a guard hear until the test ends.
func hearing(t *testing.T, g *Guard) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := g.Hear(ctx); err != nil {
			t.Error(err)
		}
	}()
	t.Cleanup(func() { cancel(); <-done })
	synctest.Wait()
}

func admitted(t *testing.T, g *Guard, secret string) {
	t.Helper()
	if _, err := g.Authenticate(t.Context(), secret); err != nil {
		t.Errorf("a token in force: %v", err)
	}
}

func refused(t *testing.T, g *Guard, secret string) {
	t.Helper()
	if _, err := g.Authenticate(t.Context(), secret); campaign.ReasonOf(err) != ReasonTokenRevoked {
		t.Errorf("a revoked token: %v", err)
	}
}

func TestAnswersAreBelievedWhileRevocationsAreHeard(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r, secret := one()
		g := New(r, Options{})
		hearing(t, g)
		for range 299 * 10 {
			admitted(t, g, secret)
			pass(100 * time.Millisecond)
		}
		if n := r.asked(); n != 1 {
			t.Errorf("%d look-ups within 5 minutes, want 1", n)
		}
		pass(2 * time.Second)
		admitted(t, g, secret)
		if n := r.asked(); n != 2 {
			t.Errorf("%d look-ups after 5 minutes, want 2", n)
		}
		for range 3 {
			if _, err := g.Authenticate(t.Context(), "rd_nobody"); campaign.ReasonOf(err) != ReasonTokenUnknown {
				t.Error(err)
			}
			pass(time.Second)
		}
		if n := r.asked(); n != 5 {
			t.Errorf("%d look-ups after 3 of an unknown secret, want 5: it may be a token's in a moment", n)
		}
	})
}

func TestATokenThatExpiresIsRefusedWhileItIsBelieved(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r, secret := one()
		r.tokens[secret].ExpiresAt = time.Now().Add(time.Minute)
		g := New(r, Options{})
		hearing(t, g)
		admitted(t, g, secret)
		pass(time.Minute)
		if _, err := g.Authenticate(t.Context(), secret); campaign.ReasonOf(err) != ReasonTokenExpired || r.asked() != 1 {
			t.Errorf("%v after %d look-ups", err, r.asked())
		}
	})
}

// Nodes whose clocks are apart, whose questions take long or are not answered at all.
func TestARevokedTokenWorksTwoSecondsAtMost(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*record)
		skew   time.Duration // of the node that asks, against the one that revokes
		late   time.Duration // from the revocation's instant to its commit
	}{
		"heard":                   {},
		"a clock ahead":           {skew: time.Minute},
		"a clock behind":          {skew: -time.Minute},
		"committed late":          {late: 12 * time.Second},
		"late and ahead":          {late: 12 * time.Second, skew: time.Minute},
		"slow answers":            {change: func(r *record) { r.telling = 1400 * time.Millisecond }},
		"answers that come late":  {change: func(r *record) { r.telling = 1900 * time.Millisecond }},
		"answers that never come": {change: func(r *record) { r.telling = time.Hour }},
		"no answers":              {change: func(r *record) { r.deaf = true }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(20) {
				synctest.Test(t, func(t *testing.T) {
					r, secret := one()
					rnd := rand.New(rand.NewPCG(seed, 1))
					g := New(r, Options{Now: func() time.Time { return time.Now().Add(c.skew) }, Passes: time.Now})
					hearing(t, g)
					between := func() { pass(time.Duration(rnd.Int64N(int64(50 * time.Millisecond)))) }
					until := time.Now().Add(15*time.Second + time.Duration(rnd.Int64N(int64(2*time.Second))))
					for time.Now().Before(until) {
						admitted(t, g, secret)
						between()
					}
					r.change(func() {
						r.tokens[secret].RevokedAt = time.Now().Add(-c.late)
						if c.change != nil {
							c.change(r)
						}
					})
					for began := time.Now(); time.Since(began) < 2*time.Second; between() {
						_, _ = g.Authenticate(t.Context(), secret) // it may be let in still
					}
					for range 100 {
						refused(t, g, secret)
						between()
					}
					if t.Failed() {
						t.Log("seed ", seed)
					}
				})
			}
		})
	}
}

func TestWhatWasRevokedWhileNothingWasHeardIsHeardOfAfterwards(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r, secret := one()
		g := New(r, Options{})
		hearing(t, g)
		admitted(t, g, secret)
		r.change(func() { r.deaf = true })
		pass(10 * time.Second)
		r.change(func() { r.tokens[secret].RevokedAt = time.Now() })
		pass(4 * time.Minute)
		r.change(func() { r.deaf = false })
		pass(2 * time.Second)
		refused(t, g, secret)
	})
}

func TestWhileNothingIsHeardTokensAreAskedForEachSecond(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r, secret := one()
		g := New(r, Options{})
		hearing(t, g)
		admitted(t, g, secret)
		r.change(func() { r.deaf = true })
		pass(3 * time.Second)
		before := r.asked()
		for range 100 {
			admitted(t, g, secret)
			pass(100 * time.Millisecond)
		}
		if n := r.asked() - before; n < 9 || n > 10 {
			t.Errorf("%d look-ups in 10 s, want one a second", n)
		}
	})
}

func TestATokenThatIsForgottenIsAskedForAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r, secret := one()
		r.tokens["rd_li"] = &campaign.Token{ID: 2, Owner: "li", Role: campaign.RoleCRM}
		g := New(r, Options{})
		hearing(t, g)
		admitted(t, g, secret)
		admitted(t, g, "rd_li")
		r.change(func() { r.tokens[secret].RevokedAt = time.Now() })
		g.Forget(1)
		refused(t, g, secret)
		admitted(t, g, "rd_li")
		if n := r.asked(); n != 3 {
			t.Errorf("%d look-ups, want 3: only what is forgotten is asked for again", n)
		}
	})
}

// A look-up read the token before it was revoked, and comes back after that was heard of.
func TestALookUpThatARevocationOvertookIsNotBelieved(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r, secret := one()
		s := &staleRecord{record: r, takes: 4 * time.Second}
		g := New(s, Options{})
		hearing(t, g)
		answer := make(chan error)
		go func() {
			_, err := g.Authenticate(t.Context(), secret)
			answer <- err
		}()
		pass(time.Second)
		r.change(func() { r.tokens[secret].RevokedAt = time.Now() })
		if err := <-answer; campaign.ReasonOf(err) != ReasonTokenRevoked {
			t.Errorf("after 4 s: %v", err)
		}
		refused(t, g, secret)
	})
}

// staleRecord tells what was true when it was asked.
type staleRecord struct {
	*record
	takes time.Duration
}

func (r *staleRecord) TokenBySecret(ctx context.Context, secret string) (campaign.Token, error) {
	tok, err := r.record.TokenBySecret(ctx, secret)
	pass(r.takes)
	return tok, err
}

func TestRevocationsAreForgottenInTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r, secret := one()
		for i := range 1000 {
			r.tokens[fmt.Sprint("rd_", i)] = &campaign.Token{ID: campaign.TokenID(10 + i), Role: campaign.RoleCRM, RevokedAt: time.Now()}
		}
		g := New(r, Options{})
		hearing(t, g)
		if n := remembered(g); n != 1000 {
			t.Fatalf("%d revocations heard of, want 1000", n)
		}
		pass(heardKept + 5*time.Second)
		admitted(t, g, secret)
		if n := remembered(g); n != 0 {
			t.Errorf("%d revocations are remembered, want none", n)
		}
	})
}

func remembered(g *Guard) int {
	g.heard.mu.RLock()
	defer g.heard.mu.RUnlock()
	return len(g.heard.of)
}
