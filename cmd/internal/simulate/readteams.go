package simulate

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"redial/campaign"
	"redial/dialer/carrier/sim"
	"redial/scheduler"
)

func (r *reading) team(i int, v []byte) error {
	t := Team{Name: fmt.Sprintf("team %d", i+1), Count: 1, Card: defaultCard}
	err := campaign.StrictObject(v, func(name string, v []byte) (err error) {
		switch name {
		case "name":
			t.Name, err = campaign.StrictString(v)
		case "count":
			t.Count, err = between(v, 1, maxAgents)
		case "campaigns":
			t.Members = make(map[string]int)
			err = campaign.StrictObject(v, func(name string, v []byte) (err error) {
				t.Members[name], err = between(v, 1, 1000)
				return err
			})
		case "zone":
			t.Zone, err = zone(v)
		case "shifts":
			err = campaign.StrictArray(v, func(_ int, v []byte) error {
				s, err := readShift(v)
				t.Shifts = append(t.Shifts, s)
				return err
			})
		case "card":
			t.Card, err = spread(v, 3600)
		case "linger":
			err = strictly(v, &t.Linger)
		default:
			err = campaign.ErrUnknownField
		}
		return err
	})
	r.Teams = append(r.Teams, t)
	return err
}

func readShift(v []byte) (Shift, error) {
	s := Shift{Days: workday()[0].Days, Start: -1, End: -1}
	err := campaign.StrictObject(v, func(name string, v []byte) (err error) {
		switch name {
		case "days":
			s.Days = [7]bool{}
			err = campaign.StrictArray(v, func(_ int, v []byte) error { return s.day(v) })
		case "start":
			s.Start, err = minute(v)
		case "end":
			s.End, err = minute(v)
		case "breaks":
			err = campaign.StrictArray(v, func(_ int, v []byte) error {
				p, err := readPause(v)
				s.Breaks = append(s.Breaks, p)
				return err
			})
		default:
			err = campaign.ErrUnknownField
		}
		return err
	})
	switch {
	case err != nil:
		return s, err
	case s.Start < 0:
		return s, campaign.Invalid("start", "is missing: write it as 09:00")
	case s.End < 0:
		return s, campaign.Invalid("end", "is missing: write it as 17:00")
	}
	return s, s.check()
}

// check holds that the breaks lie within the shift, in order and apart.
func (s *Shift) check() error {
	at, end := s.Start, s.Start+s.length()
	for i, p := range s.Breaks {
		from, to := s.after(p.Start), s.after(p.End)
		if from < at || to <= from || to > end {
			return campaign.Invalid(fmt.Sprintf("breaks[%d]", i), "must lie within the shift, after the break before it, and end after it starts")
		}
		at = to
	}
	return nil
}

func (s *Shift) length() int {
	n := s.End - s.Start
	if n <= 0 {
		n += 24 * 60
	}
	return n
}

// after is a wall time of the shift, beyond midnight counted on.
func (s *Shift) after(minute int) int {
	if minute < s.Start {
		minute += 24 * 60
	}
	return minute
}

func readPause(v []byte) (Pause, error) {
	p := Pause{Start: -1, End: -1, Reason: "break"}
	err := campaign.StrictObject(v, func(name string, v []byte) (err error) {
		switch name {
		case "start":
			p.Start, err = minute(v)
		case "end":
			p.End, err = minute(v)
		case "reason":
			if p.Reason, err = campaign.StrictString(v); err == nil && p.Reason == "" {
				p.Reason = "break"
			}
		default:
			err = campaign.ErrUnknownField
		}
		return err
	})
	if err == nil && (p.Start < 0 || p.End < 0) {
		err = campaign.Invalid("", "needs start and end, such as 12:30 and 13:00")
	}
	return p, err
}

func minute(v []byte) (int, error) {
	s, err := campaign.StrictString(v)
	if err != nil {
		return 0, err
	}
	if s == "24:00" {
		return 0, nil // the next day's first minute, which is what an end at midnight is
	}
	t, err := time.Parse("15:04", s)
	if err != nil {
		return 0, campaign.Invalid("", fmt.Sprintf("%q is no time of day: write HH:MM", s))
	}
	return t.Hour()*60 + t.Minute(), nil
}

var weekdays = [7]string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

func (s *Shift) day(v []byte) error {
	name, err := campaign.StrictString(v)
	if err != nil {
		return err
	}
	i := slices.Index(weekdays[:], name)
	if i < 0 {
		return campaign.Invalid("", fmt.Sprintf("%q is no day: write mon, tue, wed, thu, fri, sat or sun", name))
	}
	s.Days[i] = true
	return nil
}

// finish fills in the defaults and checks what depends on several fields.
func (r *reading) finish() error {
	if r.Zone == nil {
		r.Zone = time.UTC
		if len(r.Campaigns) > 0 && r.Campaigns[0].Zone != "" {
			r.Zone, _ = scheduler.LoadZone(r.Campaigns[0].Zone) // it was found when it was read
		}
	}
	if err := r.begin(cmp.Or(r.start, defaultStart)); err != nil {
		return campaign.Under("start", err)
	}
	if len(r.Campaigns) == 0 {
		_ = r.campaign(0, []byte(`{"name":"campaign"}`)) // cannot fail
	}
	if r.Outcomes == nil {
		r.Outcomes = sim.Default()
	}
	for i, l := range r.Lists {
		c := r.campaignNamed(r.of[i])
		if c == nil {
			return campaign.Invalid(fmt.Sprintf("lists[%d].campaign", i), fmt.Sprintf("%q is no campaign of the scenario", r.of[i]))
		}
		l.CampaignID = c.ID
	}
	r.fill()
	return r.Scenario.check()
}

// begin reads when virtual time starts: an instant, or a local time or date in the scenario's zone.
func (r *reading) begin(text string) error {
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		r.Start = t.UTC().Truncate(time.Second)
		return nil
	}
	if len(text) == len(time.DateOnly) {
		text += "T00:00"
	}
	at, err := scheduler.WallTime(text, r.Zone)
	if err != nil {
		return campaign.Invalid("", "write it as 2026-03-02, 2026-03-02T08:00 in the zone, or 2026-03-02T08:00:00Z")
	}
	r.Start = at
	return nil
}

// campaignNamed finds a campaign; the only one has any empty name.
func (s *Scenario) campaignNamed(name string) *campaign.Campaign {
	for _, c := range s.Campaigns {
		if c.Name == name || (name == "" && len(s.Campaigns) == 1) {
			return c
		}
	}
	return nil
}

// fill gives what is still missing: leads, agents, zones.
func (s *Scenario) fill() {
	if len(s.Lists) == 0 {
		for i, c := range s.Campaigns {
			s.Lists = append(s.Lists, &List{
				List: campaign.List{ID: campaign.ListID(i + 1), CampaignID: c.ID, Name: "synthetic", State: campaign.ListActive, On: true, Version: 1},
				Made: &Synthetic{Count: defaultLeads, Numbers: 1},
			})
		}
	}
	if len(s.Teams) == 0 {
		s.Teams = []Team{{Name: "agents", Count: 10, Card: defaultCard}}
	}
	for i := range s.Teams {
		t := &s.Teams[i]
		if t.Zone == nil {
			t.Zone = s.Zone
		}
		if len(t.Shifts) == 0 {
			t.Shifts = workday()
		}
	}
	for _, c := range s.Campaigns {
		c.Zone = cmp.Or(c.Zone, s.Zone.String())
	}
	for _, l := range s.Lists {
		c := s.campaignWith(l.CampaignID)
		if l.Made != nil && len(l.Made.Sites) == 0 && c != nil {
			l.Made.Sites = []Place{{Zones: []string{c.Zone}, Share: 1}}
		}
		for _, g := range l.Leads {
			if len(g.Lead.Zones) == 0 && c != nil {
				g.Lead.Zones = []string{c.Zone}
			}
		}
	}
}

func (s *Scenario) campaignWith(id campaign.CampaignID) *campaign.Campaign {
	i := slices.IndexFunc(s.Campaigns, func(c *campaign.Campaign) bool { return c.ID == id })
	if i < 0 {
		return nil
	}
	return s.Campaigns[i]
}

// check refuses what contradicts itself.
func (s *Scenario) check() error {
	names := make(map[string]bool)
	for i, c := range s.Campaigns {
		if names[c.Name] {
			return campaign.Invalid(fmt.Sprintf("campaigns[%d].name", i), fmt.Sprintf("%q is given twice", c.Name))
		}
		names[c.Name] = true
	}
	leads, agents := 0, 0
	for i, l := range s.Lists {
		leads += len(l.Leads)
		if l.Made != nil {
			leads += l.Made.Count
		}
		for _, name := range l.Calendars {
			if s.Calendars[name] == nil {
				return campaign.Invalid(fmt.Sprintf("lists[%d].calendars", i), fmt.Sprintf("no calendar %q in the scenario", name))
			}
		}
	}
	for i, t := range s.Teams {
		agents += t.Count
		for name := range t.Members {
			if !names[name] {
				return campaign.Invalid(fmt.Sprintf("agents[%d].campaigns.%s", i, name), "is no campaign of the scenario")
			}
		}
		if _, err := t.schedule(s.Start, s.Start.AddDate(0, 0, 8)); err != nil {
			return campaign.Under(fmt.Sprintf("agents[%d].shifts", i), err)
		}
	}
	if leads > maxLeads {
		return campaign.Invalid("lists", fmt.Sprintf("hold %d leads: at most %d", leads, maxLeads))
	}
	if agents > maxAgents {
		return campaign.Invalid("agents", fmt.Sprintf("are %d: at most %d", agents, maxAgents))
	}
	return nil
}

// End is when virtual time stops: after so many local days.
func (s *Scenario) End() time.Time {
	local := s.Start.In(s.Zone)
	return local.AddDate(0, 0, s.Days).UTC()
}
