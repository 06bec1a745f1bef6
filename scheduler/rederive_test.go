package scheduler

import (
	"errors"
	"testing"
	"time"

	"redial/campaign"
)

// A promise whose zone has other rules than when it was made has another instant for the same wall time.
func TestRederiveKeepsTheWallTime(t *testing.T) {
	t.Parallel()
	book := &Rulebook{}
	c := campaign.Campaign{ID: 1, Zone: "Asia/Shanghai", Rules: campaign.DefaultRules(), Floor: campaign.DefaultFloor()}
	f := &campaign.Facts{Campaign: &c, List: &campaign.List{}, Lead: &campaign.Lead{Zones: []string{"Asia/Shanghai"},
		Numbers: []campaign.Number{{Phone: "+8613800138000"}}}, Now: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)}
	at := time.Date(2026, 11, 3, 2, 0, 0, 0, time.UTC)
	p := campaign.Appointment{Local: "2026-11-03T10:00", Zone: "Asia/Shanghai", At: at, GraceEnd: at.Add(15 * time.Minute)}
	nobody := func() (*campaign.Facts, error) { return nil, errors.New("asked though nothing moved") }
	got, grace, err := book.Rederive(p, nobody)
	if err != nil || !got.Equal(p.At) || !grace.Equal(p.GraceEnd) {
		t.Errorf("unmoved: %v, %v, error %v", got, grace, err)
	}
	p.At, p.GraceEnd = at.Add(-time.Hour), at.Add(-45*time.Minute) // derived when the zone was an hour ahead
	got, grace, err = book.Rederive(p, func() (*campaign.Facts, error) { return f, nil })
	if err != nil || !got.Equal(at) || !grace.Equal(at.Add(15*time.Minute)) {
		t.Errorf("moved to %v, grace to %v, error %v; want %v", got, grace, err, at)
	}
	if _, _, err := book.Rederive(p, nobody); err == nil {
		t.Error("facts that cannot be had are no error")
	}
	for _, bad := range []campaign.Appointment{{Local: "10:00", Zone: "Asia/Shanghai"}, {Local: "2026-11-03T10:00", Zone: "Moon/Sea"}} {
		if _, _, err := book.Rederive(bad, nobody); campaign.KindOf(err) != campaign.KindInvalid {
			t.Errorf("%+v: error %v", bad, err)
		}
	}
}
