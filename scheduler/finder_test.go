package scheduler

import (
	"context"
	"slices"
	"testing"
	"time"

	"redial/campaign"
)

// dueRecord is a record of one campaign; leads are due at their Earliest.
type dueRecord struct {
	campaign campaign.Campaign
	groups   []campaign.Group
	leads    []campaign.Due // in the order of offering
	asked    campaign.DueQuery
	queries  int

	calendars []*campaign.Calendar
	named     [][]string // the names of every call to CalendarsNamed
}

func (r *dueRecord) CalendarsNamed(_ context.Context, names []string) (all []*campaign.Calendar, err error) {
	r.named = append(r.named, names)
	for _, c := range r.calendars {
		if slices.Contains(names, c.Name) {
			all = append(all, c)
		}
	}
	return all, nil
}

func (r *dueRecord) Campaign(context.Context, campaign.CampaignID) (campaign.Campaign, error) {
	return r.campaign, nil
}

func (r *dueRecord) Groups(context.Context, campaign.CampaignID) ([]campaign.Group, error) {
	return r.groups, nil
}

func (r *dueRecord) DueLeads(_ context.Context, q campaign.DueQuery) ([]campaign.Due, error) {
	r.asked, r.queries = q, r.queries+1
	open := ids(q.Groups)
	tried, fresh := 0, 0
	var out []campaign.Due
	for _, d := range r.leads {
		if d.Earliest.After(q.Now) || !slices.Contains(open, d.Group) {
			continue
		}
		n, limit := &fresh, q.Fresh
		if d.Tried {
			n, limit = &tried, q.Tried
		}
		if *n++; *n <= limit {
			out = append(out, d)
		}
	}
	return out, nil
}

func (r *dueRecord) NextDue(_ context.Context, q campaign.NextQuery) (next time.Time, err error) {
	for _, d := range r.leads {
		if d.Tried && d.Earliest.After(q.Now) && slices.Contains(q.Groups, d.Group) {
			next = earliest(next, d.Earliest)
		}
	}
	return next, nil
}

// twoCoasts is a running campaign with a group in Shanghai (1), one in New York (2), and one whose leads may be in either
// (3): its hours overlap for nobody.
func twoCoasts() *dueRecord {
	return &dueRecord{
		campaign: campaign.Campaign{ID: 1, State: campaign.CampaignRunning, Rules: campaign.DefaultRules()},
		groups: []campaign.Group{
			{ID: 1, Sites: []campaign.Site{{Zones: []string{"Asia/Shanghai"}}}, Priority: 5},
			{ID: 2, Sites: []campaign.Site{{Zones: []string{"America/New_York"}}}},
			{ID: 3, Sites: []campaign.Site{{Zones: []string{"Asia/Shanghai", "America/New_York"}}}},
		},
	}
}

func utc(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return t.UTC()
}

func TestFindAsksOnlyOpenGroupsAndSaysWhenMoreComes(t *testing.T) {
	now := utc("2026-03-02T02:00:00Z") // Shanghai 10:00, New York the evening before, 21:00
	r := twoCoasts()
	r.leads = []campaign.Due{
		{Lead: 1, Group: 1, Tried: true, Earliest: now.Add(-time.Hour)},
		{Lead: 2, Group: 2, Tried: true, Earliest: now.Add(-time.Hour)},
		{Lead: 3, Group: 1, Tried: true, Earliest: now.Add(20 * time.Minute)},
		{Lead: 4, Group: 1, Earliest: now.Add(-time.Hour)},
	}
	f := &Finder{Record: r, Now: func() time.Time { return now }}
	got, err := f.Find(t.Context(), 1, 10, 10)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Tried) != 1 || got.Tried[0].Lead != 1 || len(got.Fresh) != 1 || got.Fresh[0].Lead != 4 {
		t.Errorf("found %+v, want lead 1 tried and lead 4 fresh", got)
	}
	if want := now.Add(20 * time.Minute); !got.Next.Equal(want) {
		t.Errorf("next %v, want lead 3's %v", got.Next, want)
	}
	if want := utc("2026-03-02T13:00:00Z"); !got.Stale.Equal(want) {
		t.Errorf("stale %v, want Shanghai's closing time %v", got.Stale, want)
	}
	want := campaign.OpenGroup{ID: 1, Midnight: utc("2026-03-01T16:00:00Z"), Day: 20514, Priority: 5}
	if len(r.asked.Groups) != 1 || r.asked.Groups[0] != want {
		t.Errorf("asked of %+v, want %+v", r.asked.Groups, want)
	}
	if len(r.named) != 0 || r.asked.Mix {
		t.Errorf("calendars %v were read, mix %v; want neither", r.named, r.asked.Mix)
	}
	if next, err := f.Next(t.Context(), 1); err != nil || !next.Equal(got.Next) {
		t.Errorf("Next: %v, %v; want the same", next, err)
	}
}

func TestFindNamesTheNextOpeningWhenAllIsClosed(t *testing.T) {
	now := utc("2026-03-02T13:30:00Z") // Shanghai 21:30, New York 08:30
	r := twoCoasts()
	r.groups[2].Sites[0].Zones = []string{"Nowhere/Atlantis"}
	f := &Finder{Record: r, Now: func() time.Time { return now }}
	got, err := f.Find(t.Context(), 1, 10, 10)
	if err != nil || r.queries != 0 {
		t.Errorf("%v; %d queries, want none", err, r.queries)
	}
	if want := utc("2026-03-02T14:00:00Z"); !got.Next.Equal(want) {
		t.Errorf("next %v, want New York's opening %v", got.Next, want)
	}
}

func TestACampaignThatDoesNotRunHasNothingDue(t *testing.T) {
	now := utc("2026-03-02T02:00:00Z")
	for name, change := range map[string]func(*campaign.Campaign){
		"paused":   func(c *campaign.Campaign) { c.State = campaign.CampaignPaused },
		"expired":  func(c *campaign.Campaign) { c.Rules.ExpiresAt = now },
		"finished": func(c *campaign.Campaign) { c.State = campaign.CampaignFinished },
	} {
		r := twoCoasts()
		r.leads = []campaign.Due{{Lead: 1, Group: 1, Tried: true, Earliest: now.Add(-time.Hour)}}
		change(&r.campaign)
		f := &Finder{Record: r, Now: func() time.Time { return now }}
		if got, err := f.Find(t.Context(), 1, 10, 10); err != nil || len(got.Tried) != 0 || !got.Next.IsZero() {
			t.Errorf("%s: found %+v, %v", name, got, err)
		}
	}
}

func TestExpiryMakesWhatWasFoundStale(t *testing.T) {
	now := utc("2026-03-02T02:00:00Z")
	r := twoCoasts()
	r.campaign.Rules.ExpiresAt = now.Add(time.Minute)
	f := &Finder{Record: r, Now: func() time.Time { return now }}
	if got, _ := f.Find(t.Context(), 1, 1, 1); !got.Stale.Equal(now.Add(time.Minute)) {
		t.Errorf("stale %v, want the expiry", got.Stale)
	}
}

func TestMidnightIsTheFirstInstantOfTheLocalDay(t *testing.T) {
	for _, c := range []struct{ zone, at, want string }{
		{"Asia/Shanghai", "2026-03-02T10:00:00+08:00", "2026-03-02T00:00:00+08:00"},
		{"America/New_York", "2026-03-08T12:00:00-04:00", "2026-03-08T00:00:00-05:00"}, // 23 hours
		{"America/New_York", "2026-11-01T12:00:00-05:00", "2026-11-01T00:00:00-04:00"}, // 25 hours
		{"Africa/Cairo", "2026-04-24T12:00:00+03:00", "2026-04-24T01:00:00+03:00"},     // the day begins at 01:00
		{"America/Havana", "2026-11-01T12:00:00-05:00", "2026-11-01T00:00:00-04:00"},   // 00:00 occurs twice
		{"Asia/Kathmandu", "2026-03-02T00:00:00+05:45", "2026-03-02T00:00:00+05:45"},
		{"Pacific/Apia", "2011-12-31T10:00:00+14:00", "2011-12-31T00:00:00+14:00"}, // the day before was left out
	} {
		loc, err := LoadZone(c.zone)
		if err != nil {
			t.Fatal(err)
		}
		if got := instant(zoneOf(loc).midnight(utc(c.at).Unix())); !got.Equal(utc(c.want)) {
			t.Errorf("%s at %s: %v, want %s", c.zone, c.at, got.In(loc), c.want)
		}
	}
}

func TestDueLeadsHaveTheirTier(t *testing.T) {
	at := utc("2026-03-02T02:00:00Z")
	rolled := CandidateOf(campaign.Due{Lead: 1, Tried: true, RolledOver: true, Earliest: at})
	retry := CandidateOf(campaign.Due{Lead: 2, Tried: true, Earliest: at.Add(-time.Hour)})
	fresh := CandidateOf(campaign.Due{Lead: 3, ListPriority: 9, Earliest: at.Add(-24 * time.Hour)})
	if !Less(rolled, retry) || !Less(retry, fresh) {
		t.Errorf("order of %v, %v, %v is wrong", rolled.Tier, retry.Tier, fresh.Tier)
	}
}

// Days since 1970-01-01 are those of the calendar of the group's own zone.
func TestAGroupsDayIsThatOfItsFirstZone(t *testing.T) {
	now := utc("2026-03-02T02:00:00Z") // 2 March in Shanghai, 1 March in New York
	r := twoCoasts()
	r.campaign.Rules.Hours = []campaign.Window{{Days: [7]bool{true, true, true, true, true, true, true}, Open: 0, Close: 1440}}
	r.campaign.Rules.MixHours = true
	f := &Finder{Record: r, Now: func() time.Time { return now }, Rules: &Rulebook{}}
	if _, err := f.Find(t.Context(), 1, 10, 10); err != nil {
		t.Fatal(err)
	}
	march2 := int64(utc("2026-03-02T00:00:00Z").Unix() / 86400)
	var days []int64
	for _, g := range r.asked.Groups {
		days = append(days, g.Day)
	}
	if want := []int64{march2, march2 - 1, march2}; !slices.Equal(days, want) || !r.asked.Mix {
		t.Errorf("days %v, want %v; mix %v", days, want, r.asked.Mix)
	}
}

func TestAListsHoursAndCalendarsDecideForItsGroupsAlone(t *testing.T) {
	now := utc("2026-03-02T02:00:00Z") // Monday 10:00 in Shanghai
	week := [7]bool{true, true, true, true, true, true, true}
	shanghai := []campaign.Site{{Zones: []string{"Asia/Shanghai"}}}
	r := twoCoasts()
	r.groups = []campaign.Group{
		{ID: 1, Sites: shanghai},
		{ID: 2, Sites: shanghai, Hours: []campaign.Window{{Days: week, Open: 11 * 60, Close: 12 * 60}}},
		{ID: 3, Sites: shanghai, Calendars: []string{"closed"}},
		{ID: 4, Sites: shanghai, Calendars: []string{"closed"}},
		{ID: 5, Sites: shanghai, Hours: []campaign.Window{{Days: week, Open: 10 * 60, Close: 12 * 60}}}, // as list 2 but for the opening
	}
	r.calendars = []*campaign.Calendar{{Name: "closed", Days: []campaign.Day{{Date: campaign.Date{Year: 2026, Month: 3, Day: 2}, Kind: campaign.DayClosure}}}}
	f := &Finder{Record: r, Now: func() time.Time { return now }}
	found, err := f.Find(t.Context(), 1, 10, 10)
	if err != nil {
		t.Fatal(err)
	}
	if got := ids(r.asked.Groups); !slices.Equal(got, []campaign.GroupID{1, 5}) {
		t.Errorf("open: %v, want groups 1 and 5", got)
	}
	if want := utc("2026-03-02T03:00:00Z"); !found.Next.Equal(want) {
		t.Errorf("next %v, want the opening of group 2 at %v", found.Next, want)
	}
	if len(r.named) != 1 || !slices.Equal(r.named[0], []string{"closed"}) {
		t.Errorf("calendars were read as %v, want once", r.named)
	}
}

func TestAGroupIsOpenWhenOneOfItsSitesIs(t *testing.T) {
	now := utc("2026-03-02T02:00:00Z") // Shanghai 10:00, New York 21:00
	r := twoCoasts()
	r.groups = []campaign.Group{{ID: 7, Sites: []campaign.Site{{Zones: []string{"America/New_York"}}, {Zones: []string{"Asia/Shanghai"}}}}}
	f := &Finder{Record: r, Now: func() time.Time { return now }}
	if _, err := f.Find(t.Context(), 1, 10, 10); err != nil {
		t.Fatal(err)
	}
	if len(r.asked.Groups) != 1 || !r.asked.Groups[0].Midnight.Equal(utc("2026-03-01T05:00:00Z")) {
		t.Errorf("asked of %+v, want group 7 with the day of New York", r.asked.Groups)
	}
}
