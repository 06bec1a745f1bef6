package auth

import (
	"context"
	"maps"
	"sync"
	"time"

	"redial/campaign"
)

const (
	noteEvery = time.Minute     // from one note of last uses to the next
	noteTime  = 5 * time.Second // the longest it may take
)

// uses are when tokens were last used, as far as the record does not know.
type uses struct {
	mu   sync.Mutex
	last map[campaign.TokenID]time.Time // by the record's clock
}

func (u *uses) note(id campaign.TokenID, at time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.last == nil {
		u.last = make(map[campaign.TokenID]time.Time)
	}
	u.last[id] = at
}

// take is all that was noted; from here on it is the caller's.
func (u *uses) take() map[campaign.TokenID]time.Time {
	u.mu.Lock()
	defer u.mu.Unlock()
	last := u.last
	u.last = nil
	return last
}

// giveBack keeps what could not be recorded, where nothing later was noted since.
func (u *uses) giveBack(last map[campaign.TokenID]time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	maps.Copy(last, u.last)
	u.last = last
}

// NoteUses tells the record once a minute when tokens were last used, all of them at once, and a last time when ctx ends.
func (g *Guard) NoteUses(ctx context.Context) error {
	tick := time.NewTicker(noteEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			g.noteUses(context.WithoutCancel(ctx))
			return nil
		case <-tick.C:
			g.noteUses(ctx)
		}
	}
}

func (g *Guard) noteUses(ctx context.Context) {
	last := g.used.take()
	if len(last) == 0 {
		return
	}
	bounded, cancel := context.WithTimeout(ctx, noteTime)
	defer cancel()
	if err := g.record.TouchTokens(bounded, last); err != nil {
		g.used.giveBack(last)
		g.o.Log.WarnContext(ctx, "cannot note when tokens were last used; trying again", "error", err)
	}
}
