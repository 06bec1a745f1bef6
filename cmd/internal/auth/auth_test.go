package auth

import (
	"reflect"
	"sync"
	"testing"
	"time"

	"redial/campaign"
)

func setup(t *testing.T) (*Guard, *record, *clock) {
	t.Helper()
	c := &clock{now: time.Date(2026, 3, 2, 2, 0, 0, 0, time.UTC)}
	r := &record{tokens: map[string]*campaign.Token{
		"rd_li":  {ID: 1, Owner: "li", Role: campaign.RoleAgent, Agent: 7},
		"rd_crm": {ID: 2, Owner: "crm", Role: campaign.RoleCRM, ExpiresAt: c.now.Add(time.Minute)},
		"rd_adm": {ID: 3, Owner: "admin", Role: campaign.RoleAdmin},
	}}
	return New(r, Options{Now: c.Now}), r, c
}

func TestAuthenticateTellsEachKindOfStrangerApart(t *testing.T) {
	t.Parallel()
	g, r, c := setup(t)
	got, err := g.Authenticate(t.Context(), "rd_li")
	if want := (campaign.Caller{Token: 1, Owner: "li", Role: campaign.RoleAgent, Agent: 7}); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
	c.add(time.Minute)
	r.change(func() { r.tokens["rd_adm"].RevokedAt = c.Now() })
	for secret, reason := range map[string]string{
		"": ReasonTokenMissing, "rd_other": ReasonTokenUnknown, "hunter2": ReasonTokenUnknown,
		"rd_crm": ReasonTokenExpired, "rd_adm": ReasonTokenRevoked,
	} {
		got, err := g.Authenticate(t.Context(), secret)
		if campaign.KindOf(err) != campaign.KindStranger || campaign.ReasonOf(err) != reason || !reflect.DeepEqual(got, campaign.Caller{}) {
			t.Errorf("%q: %+v, %v; want reason %s", secret, got, err, reason)
		}
	}
}

func TestRevocationIsSeenWithinTwoSeconds(t *testing.T) {
	t.Parallel()
	g, r, c := setup(t)
	if _, err := g.Authenticate(t.Context(), "rd_li"); err != nil {
		t.Fatal(err)
	}
	r.change(func() { r.tokens["rd_li"].RevokedAt = c.Now() })
	c.add(2*time.Second - time.Nanosecond)
	if _, err := g.Authenticate(t.Context(), "rd_li"); campaign.ReasonOf(err) != ReasonTokenRevoked {
		t.Errorf("2 s after the revocation: %v", err)
	}
}

func TestConcurrentCallersShareALookUp(t *testing.T) {
	t.Parallel()
	g, r, _ := setup(t)
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			if _, err := g.Authenticate(t.Context(), "rd_adm"); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if r.lookups != 1 {
		t.Errorf("%d look-ups for one token, want 1", r.lookups)
	}
}

func TestRecordAwayIsNoVerdictOnTheToken(t *testing.T) {
	t.Parallel()
	g, r, c := setup(t)
	r.change(func() { r.down = true })
	if _, err := g.Authenticate(t.Context(), "rd_li"); campaign.KindOf(err) != campaign.KindAway {
		t.Errorf("with the record away: %v, want KindAway", err)
	}
	r.change(func() { r.down = false })
	if _, err := g.Authenticate(t.Context(), "rd_li"); err != nil {
		t.Errorf("as soon as the record is back: %v", err)
	}
	r.change(func() { r.down = true })
	c.add(time.Hour)
	if _, err := g.Authenticate(t.Context(), "rd_li"); campaign.KindOf(err) != campaign.KindAway {
		t.Errorf("an old answer was believed for an hour: %v", err)
	}
}

func TestBearer(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]string{
		"Bearer rd_x": "rd_x", "bearer  rd_x ": "rd_x", "Basic rd_x": "", "rd_x": "", "": "", "Bearer": "",
	} {
		if got := Bearer(header); got != want {
			t.Errorf("Bearer(%q) = %q, want %q", header, got, want)
		}
	}
}
