package auth

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"

	"redial/campaign"
)

// until ends with the call, or answers after so long.
func until(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// A desk waits up to a minute for its next call: nothing is answered to a token that was revoked meanwhile.
func TestACallThatWaitsEndsWhenItsTokenIsRevoked(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		revoke  time.Duration               // after the call began
		change  func(*record)               // beside
		call    func(context.Context) error // what is done
		want    string                      // reason
		withinS time.Duration               // from the revocation on; 0: whenever it answers
		forget  bool                        // this node is told
	}{
		"it waits":                   {revoke: 20 * time.Second, call: func(ctx context.Context) error { return until(ctx, time.Minute) }, want: ReasonTokenRevoked, withinS: 2 * time.Second},
		"revoked before it lasts":    {revoke: 10 * time.Millisecond, call: func(ctx context.Context) error { return until(ctx, time.Minute) }, want: ReasonTokenRevoked, withinS: 2 * time.Second},
		"revoked on this node":       {revoke: 20 * time.Second, call: func(ctx context.Context) error { return until(ctx, time.Minute) }, want: ReasonTokenRevoked, withinS: time.Nanosecond, forget: true},
		"it has an answer just then": {revoke: 2 * time.Second, call: func(ctx context.Context) error { return until(context.WithoutCancel(ctx), 5*time.Second) }, want: ReasonTokenRevoked},
		"revocations are not heard":  {revoke: time.Second, change: func(r *record) { r.deaf = true }, call: func(ctx context.Context) error { return until(ctx, 4*time.Second) }, want: ReasonTokenRevoked},
		"the record is away":         {revoke: time.Hour, change: func(r *record) { r.down = true }, call: func(ctx context.Context) error { return until(ctx, 4*time.Second) }},
		"another token is revoked":   {revoke: time.Hour, change: func(r *record) { r.tokens["rd_b"].RevokedAt = time.Now() }, call: func(ctx context.Context) error { return until(ctx, time.Minute) }},
		"a call that is soon over":   {revoke: 100 * time.Millisecond, call: func(ctx context.Context) error { return until(ctx, 200*time.Millisecond) }},
		"who asked went away":        {revoke: time.Hour, call: func(context.Context) error { return context.Canceled }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := &record{tokens: map[string]*campaign.Token{
					"rd_a": {ID: 1, Owner: "li", Role: campaign.RoleAgent, Agent: 7}, "rd_b": {ID: 2, Owner: "mei", Role: campaign.RoleAgent, Agent: 8},
				}}
				g := New(r, Options{})
				hearing(t, g)
				revoked := time.Now().Add(c.revoke)
				timer := time.AfterFunc(c.revoke, func() {
					r.change(func() { r.tokens["rd_a"].RevokedAt = revoked })
					if c.forget {
						g.Forget(1)
					}
				})
				defer timer.Stop()
				_, err := g.Unary()(showing(t.Context(), "rd_a"), nil, &grpc.UnaryServerInfo{FullMethod: nextCall}, func(ctx context.Context, _ any) (any, error) {
					if c.change != nil {
						r.change(func() { c.change(r) })
					}
					return nil, c.call(ctx)
				})
				if got := campaign.ReasonOf(err); got != c.want {
					t.Errorf("%v, want %q", err, c.want)
				}
				if late := time.Since(revoked); c.withinS > 0 && late > c.withinS {
					t.Errorf("it ended %v after the revocation", late)
				}
				if len(g.lasting.of) != 0 {
					t.Errorf("still counted: %v", g.lasting.of)
				}
			})
		})
	}
}
