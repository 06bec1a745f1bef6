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

// finish fills in the defaults and checks what depends on several fields.
func (r *reading) finish() error {
	if r.Zone == nil {
		r.Zone = time.UTC
		if len(r.Campaigns) > 0 && r.Campaigns[0].Zone != "" {
			r.Zone, _ = scheduler.LoadZone(r.Campaigns[0].Zone) // it was found when it was read
		}
	}
	if err := r.begin(); err != nil {
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
	if len(r.Lists) == 0 && r.own != nil {
		r.Lists = r.own.Lists
	}
	if r.Booking.Share >= 0 {
		var err error
		if r.Outcomes, err = r.Outcomes.WithShare(campaign.Booked, r.Booking.Share); err != nil {
			return campaign.Under("booking.share", err)
		}
	}
	r.fill()
	return r.Scenario.check()
}

// begin reads when virtual time starts: an instant, or a local time or date in the scenario's zone.
func (r *reading) begin() error {
	text := cmp.Or(r.start, defaultStart)
	if r.start == "" && r.own != nil {
		r.Start = r.own.Now.UTC().Truncate(time.Second)
		return nil
	}
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
		for _, name := range c.Rules.Calendars {
			if s.Calendars[name] == nil {
				return campaign.Invalid(fmt.Sprintf("campaigns[%d].rules.calendars", i), fmt.Sprintf("no calendar %q in the scenario", name))
			}
		}
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
