package campaign

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestADeliveryIsTriedForAboutADay(t *testing.T) {
	t.Parallel()
	for _, spread := range []float64{0, 0.5, 1} {
		var all, last time.Duration
		tries := 1
		for ; ; tries++ {
			wait := DeliveryWait(tries, spread)
			if wait == 0 {
				break
			}
			if wait < last && last < 50*time.Minute {
				t.Errorf("spread %v: %v after try %d, shorter than the %v before", spread, wait, tries, last)
			}
			all, last = all+wait, wait
		}
		if all < 21*time.Hour || all > 27*time.Hour || last > 66*time.Minute {
			t.Errorf("spread %v: %d tries over %v, the last wait %v", spread, tries, all, last)
		}
	}
	if got := DeliveryWait(1, 0.5); got != 10*time.Second {
		t.Errorf("after the first try: %v, want 10 s", got)
	}
	if got := DeliveryWait(500, 0.5); got != 0 {
		t.Errorf("after 500 tries: %v, want none", got)
	}
}

func TestAWebhookHearsOfNoMoreThanItsMakerSaw(t *testing.T) {
	t.Parallel()
	w := Webhook{Name: "crm", URL: "https://crm.example/", Granted: []CampaignID{1, 2}}
	if err := w.Validate(); err != nil || !slices.Equal(w.Filter().Campaigns, []CampaignID{1, 2}) {
		t.Errorf("hears of %v: %v", w.Filter().Campaigns, err)
	}
	w.Campaigns = []CampaignID{2}
	if err := w.Validate(); err != nil || !slices.Equal(w.Filter().Campaigns, []CampaignID{2}) {
		t.Errorf("hears of %v: %v", w.Filter().Campaigns, err)
	}
	w.Campaigns = []CampaignID{2, 3}
	if err := w.Validate(); err == nil || !strings.Contains(err.Error(), "campaign_ids[1]") {
		t.Errorf("a campaign beyond the grants: %v", err)
	}
}

func TestAWebhookIsSeenByThoseWhoSeeAllOfIt(t *testing.T) {
	t.Parallel()
	both, one, all := &Caller{Campaigns: []CampaignID{1, 2}}, &Caller{Campaigns: []CampaignID{1}}, &Caller{}
	for _, c := range []struct {
		w        Webhook
		both, on bool
	}{
		{Webhook{}, false, false},
		{Webhook{Campaigns: []CampaignID{1}}, true, true},
		{Webhook{Granted: []CampaignID{1, 2}}, true, false},
		{Webhook{Campaigns: []CampaignID{1}, Granted: []CampaignID{1, 2}}, true, true},
		{Webhook{Campaigns: []CampaignID{3}}, false, false},
	} {
		if c.w.SeenBy(both) != c.both || c.w.SeenBy(one) != c.on || !c.w.SeenBy(all) {
			t.Errorf("%+v: seen by both %v, by one %v", c.w, c.w.SeenBy(both), c.w.SeenBy(one))
		}
	}
}

func TestNamesOfWebhooksAreForPeople(t *testing.T) {
	t.Parallel()
	for name, fine := range map[string]bool{"": false, "  ": false, "a\nb": false, "\xff": false, strings.Repeat("a", 101): false, strings.Repeat("中", 100): true} {
		w := Webhook{Name: name, URL: "https://crm.example/"}
		if err := w.Validate(); (err == nil) != fine {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestASecretIsNotToldByPrinting(t *testing.T) {
	t.Parallel()
	s := NewWebhookSecret()
	if key, err := s.Key(); err != nil || len(key) != 32 || s == NewWebhookSecret() {
		t.Fatalf("%d bytes: %v", len(key), err)
	}
	var b strings.Builder
	g := Sending{Signing: Signing{Secret: s, Old: s}}
	slog.New(slog.NewTextHandler(&b, nil)).Info("x", "secret", s, "sending", g)
	slog.New(slog.NewJSONHandler(&b, nil)).Info("x", "secret", s, "sending", g)
	fmt.Fprintf(&b, "%v %+v %s %q %#v", s, g, s, s, g)
	if tail := s.Reveal()[10:]; strings.Contains(b.String(), tail) {
		t.Errorf("it was printed: %s", b.String())
	}
	for _, bad := range []WebhookSecret{"", "whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_!"} {
		if _, err := bad.Key(); err == nil {
			t.Errorf("%q was taken", bad.Reveal())
		}
	}
}

func TestTheOldSecretSignsForADay(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	s := Signing{Secret: "whsec_bmV3", Old: "whsec_b2xk", OldUntil: now.Add(OldSecretLasts)}
	if got := s.At(now); !slices.Equal(got, []WebhookSecret{s.Secret, s.Old}) {
		t.Errorf("at once %d secrets", len(got))
	}
	if got := s.At(now.Add(OldSecretLasts)); !slices.Equal(got, []WebhookSecret{s.Secret}) {
		t.Errorf("a day later %d secrets", len(got))
	}
}
