package store

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"redial/campaign"
)

// txAttempts is how often a transaction is run that loses against others; losePause is the longest pause after the first.
const (
	txAttempts = 8
	losePause  = 2 * time.Millisecond
)

// unbegun says that a transaction could not begin: nothing was done, and it may be begun on another connection.
type unbegun struct{ error }

func (u *unbegun) Unwrap() error { return u.error }

// inTime runs a transaction within the bounds of its kind, again if it lost against others, or if it could not begin on
// a connection that had gone.
func (s *Store) inTime(ctx context.Context, what string, run func(context.Context) error) error {
	within := ctx
	if s.pool != nil && !isAtLength(ctx) {
		var cancel context.CancelFunc
		within, cancel = context.WithTimeoutCause(ctx, s.bound, errSlow)
		defer cancel()
	}
	var err error
	for lost := range txAttempts {
		if err = run(within); err == nil {
			return nil
		}
		switch {
		case within.Err() != nil:
			return s.told(within, what, err)
		case conflict(err):
			pause(within, lost)
		case lost == 0 && errors.As(err, new(*unbegun)) && severed(err):
			s.heard(err)
		default:
			return s.told(ctx, what, err)
		}
	}
	return s.told(ctx, what, err)
}

// pause waits at random, longer the more often it lost, so that those who met do not meet again.
func pause(ctx context.Context, lost int) {
	t := time.NewTimer(rand.N(losePause << lost)) //nolint:gosec // nothing secret
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// told is an error as callers hear it. One who gave up hears why; only others' errors say anything of the database.
func (s *Store) told(ctx context.Context, what string, err error) error {
	if err == nil {
		return nil
	}
	_, said := errors.AsType[*campaign.Error](err)
	if cause := context.Cause(ctx); cause != nil && !said {
		return doing(what, fmt.Errorf("%w: %v", cause, err)) //nolint:errorlint // what the drivers make of it is no news
	}
	s.heard(err)
	return doing(what, err)
}
