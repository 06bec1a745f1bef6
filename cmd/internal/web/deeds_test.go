package web

import (
	"context"
	"net/http"
	"net/url"
	"sync"
	"testing"

	"redial/campaign"
)

// deedBook is an audit log.
type deedBook struct {
	mu   sync.Mutex
	away bool
	who  []campaign.Caller
}

func (k *deedBook) LogDeed(ctx context.Context, action, _ string, _ any, _ string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.away {
		return errDown
	}
	if action == "sign_in" {
		k.who = append(k.who, campaign.CallerFrom(ctx))
	}
	return nil
}

func TestASignInIsKeptBeforeAnybodyIsLetIn(t *testing.T) {
	t.Parallel()
	f, k := newFake(), &deedBook{away: true}
	s := newSite(t, f)
	s.Deeds = k
	b := open(t, s)
	if _, code := b.post("/signin", url.Values{"token": {"rd_boss"}}); code != http.StatusServiceUnavailable {
		t.Errorf("without an entry: %d", code)
	}
	k.mu.Lock()
	k.away = false
	k.mu.Unlock()
	if _, code := b.post("/signin", url.Values{"token": {"rd_boss"}}); code != http.StatusOK {
		t.Errorf("with one: %d", code)
	}
	_, _ = b.post("/signin", url.Values{"token": {"rd_none"}})
	if len(k.who) != 1 || k.who[0].Owner != "boss" || k.who[0].From != "127.0.0.1" {
		t.Errorf("kept: %+v", k.who)
	}
}
