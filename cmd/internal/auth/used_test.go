package auth

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"redial/campaign"
)

func TestLastUsesAreNotedOnceAMinute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r, secret := one()
		r.tokens["rd_gone"] = &campaign.Token{ID: 2, Role: campaign.RoleCRM, RevokedAt: time.Now()}
		g := New(r, Options{})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- g.NoteUses(ctx) }()
		for range 90 { // 1.5 minutes
			admitted(t, g, secret)
			refused(t, g, "rd_gone")
			pass(time.Second)
		}
		used := time.Now().Add(-time.Second)
		noted(t, r, 1, used.Add(-30*time.Second))
		pass(2 * time.Minute)
		noted(t, r, 2, used) // and nothing is written of a minute without a call
		r.change(func() { r.down = true })
		g.used.note(1, time.Now())
		used = time.Now()
		pass(5 * time.Minute)
		r.change(func() { r.down = false })
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		noted(t, r, 3, used) // as it goes
	})
}

// noted checks how many times uses were noted, and the last of them, of token 1 alone.
func noted(t *testing.T, r *record, times int, last time.Time) {
	t.Helper()
	synctest.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.touched) != times {
		t.Fatalf("noted %d times, want %d", len(r.touched), times)
	}
	if got := r.touched[times-1]; len(got) != 1 || got[1].Sub(last).Abs() > time.Second {
		t.Errorf("noted %v, want token 1 at %v", got, last)
	}
}

func TestAFailedNoteKeepsWhatCameSince(t *testing.T) {
	t.Parallel()
	var u uses
	at := time.Unix(1000, 0)
	u.note(1, at)
	u.note(2, at)
	failed := u.take()
	u.note(1, at.Add(time.Minute))
	u.giveBack(failed)
	if got := u.take(); !got[1].Equal(at.Add(time.Minute)) || !got[2].Equal(at) || len(got) != 2 {
		t.Errorf("kept %v", got)
	}
	if got := u.take(); len(got) != 0 {
		t.Errorf("left %v", got)
	}
}
