package auth

import (
	"context"
	"sync"
	"time"

	"redial/campaign"
)

// lastsFrom is from when on a unary call is one that may outlast its token: together with the time until a revocation is
// heard, it is less than the two seconds that a revoked token may work for.
const lastsFrom = 500 * time.Millisecond

// lasting are the unary calls that last, by token, to be cut when it is revoked.
type lasting struct {
	mu sync.Mutex
	of map[campaign.TokenID]map[*lastingCall]struct{}
}

// lastingCall is a unary call that may come to last.
type lastingCall struct {
	guard  *Guard
	ctx    context.Context // of its caller, not cut with it
	secret string
	token  campaign.TokenID
	cut    context.CancelCauseFunc
	timer  *time.Timer
	began  time.Time

	ended bool // with the lock of lasting
}

// lasts watches over a call from here on: its context ends when its token is revoked.
func (g *Guard) lasts(ctx context.Context, c *campaign.Caller, secret string) (context.Context, *lastingCall) {
	l := &lastingCall{guard: g, ctx: ctx, secret: secret, token: c.Token, began: time.Now()}
	inner, cut := context.WithCancelCause(ctx)
	l.cut = cut
	l.timer = time.AfterFunc(lastsFrom, l.enlist)
	return inner, l
}

// enlist has the call cut from now on, and at once if its token was revoked meanwhile.
func (l *lastingCall) enlist() {
	if !l.guard.lasting.add(l) {
		return
	}
	if err := l.guard.still(l.ctx, l.secret); err != nil {
		l.cut(err)
	}
}

// end is called when there is an answer. The error: it must not be given, for whoever asked may not have it any more. What
// the call did is done, and what it took for the caller stays theirs until they ask with another token, or it lapses.
func (l *lastingCall) end(inner context.Context) error {
	defer l.cut(nil)
	if !l.timer.Stop() {
		l.guard.lasting.remove(l)
	}
	if err := context.Cause(inner); err != nil && l.ctx.Err() == nil {
		return err // it was cut
	}
	if time.Since(l.began) < lastsFrom {
		return nil
	}
	return l.guard.still(l.ctx, l.secret)
}

// add says whether the call is under way.
func (s *lasting) add(l *lastingCall) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if l.ended {
		return false
	}
	if s.of == nil {
		s.of = make(map[campaign.TokenID]map[*lastingCall]struct{})
	}
	if s.of[l.token] == nil {
		s.of[l.token] = make(map[*lastingCall]struct{})
	}
	s.of[l.token][l] = struct{}{}
	return true
}

func (s *lasting) remove(l *lastingCall) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l.ended = true
	delete(s.of[l.token], l)
	if len(s.of[l.token]) == 0 {
		delete(s.of, l.token)
	}
}

// cut ends the calls of tokens that were revoked.
func (s *lasting) cut(ids []campaign.TokenID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range ids {
		for l := range s.of[id] {
			l.cut(revoked())
		}
	}
}
