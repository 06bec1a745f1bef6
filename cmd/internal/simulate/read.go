package simulate

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"redial/campaign"
	"redial/dialer/carrier/sim"
	"redial/scheduler"
)

// Own is a campaign of a server, for which a scenario need not say anything.
type Own struct {
	Campaign  *campaign.Campaign
	Lists     []*List // taken where the scenario has none
	Calendars []*campaign.Calendar
	Now       time.Time // where the scenario does not say when it starts
}

// Read reads a scenario as JSON. What is left out takes its default, so that {} is one. Errors are of kind KindInvalid
// and name the field.
func Read(raw []byte) (*Scenario, error) { return ReadOver(raw, nil) }

// ReadOver reads a scenario over a campaign of a server: its rules, unless the scenario has a campaign of that name, and
// its lists, unless the scenario has lists. A nil own is none.
func ReadOver(raw []byte, own *Own) (*Scenario, error) {
	if len(bytes.TrimSpace(raw)) == 0 {
		raw = []byte("{}")
	}
	if !json.Valid(raw) {
		return nil, campaign.Invalid("scenario", "is not JSON")
	}
	r := reading{own: own, Scenario: &Scenario{Days: defaultDays, Seed: 1, Booking: Booking{Share: -1, Ahead: defaultAhead}}}
	r.adopt()
	if err := campaign.StrictObject(raw, r.field); err != nil {
		return nil, err
	}
	if err := r.finish(); err != nil {
		return nil, err
	}
	return r.Scenario, nil
}

// reading is a scenario on its way in; what depends on other fields waits for finish.
type reading struct {
	*Scenario
	own   *Own // nil: none
	start string
	of    []string // by list: the name of its campaign
}

func (r *reading) field(name string, v []byte) (err error) {
	switch name {
	case "about":
		_, err = campaign.StrictString(v)
	case "start":
		r.start, err = campaign.StrictString(v)
	case "zone":
		r.Zone, err = zone(v)
	case "days":
		r.Days, err = oneTo(v, maxDays)
	case "seed":
		var n int
		n, err = campaign.StrictInt(v)
		r.Seed = uint64(n)
	case "campaigns":
		err = campaign.StrictArray(v, r.campaign)
	case "calendars":
		err = campaign.StrictObject(v, r.calendar)
	case "lists":
		err = campaign.StrictArray(v, r.list)
	case "agents":
		err = campaign.StrictArray(v, r.team)
	case "outcomes":
		r.Outcomes, err = sim.Load(bytes.NewReader(v))
	case "booking":
		err = campaign.StrictObject(v, r.booking)
	default:
		err = campaign.ErrUnknownField
	}
	return err
}

// adopt takes over the server's campaign.
func (r *reading) adopt() {
	if r.own == nil {
		return
	}
	c := *r.own.Campaign
	c.State = campaign.CampaignRunning // a paused one is tried, too
	r.Campaigns = []*campaign.Campaign{&c}
	r.Calendars = make(map[string]*campaign.Calendar)
	for _, cal := range r.own.Calendars {
		r.Calendars[cal.Name] = cal
	}
}

func (r *reading) campaign(_ int, v []byte) error {
	last := campaign.CampaignID(0)
	for _, c := range r.Campaigns {
		last = max(last, c.ID)
	}
	c := &campaign.Campaign{
		ID: last + 1, State: campaign.CampaignRunning, RulesVersion: 1, Version: 1,
		Rules: campaign.DefaultRules(), Floor: campaign.DefaultFloor(),
	}
	err := campaign.StrictObject(v, func(name string, v []byte) (err error) {
		switch name {
		case "name":
			c.Name, err = campaign.StrictString(v)
		case "zone":
			c.Zone, err = campaign.StrictString(v)
			if err == nil {
				_, err = scheduler.LoadZone(c.Zone)
			}
		case "rules":
			c.Rules, err = campaign.ReadRules(v)
		case "floor":
			err = unwrapped(json.Unmarshal(v, &c.Floor), "floor")
		default:
			err = campaign.ErrUnknownField
		}
		return err
	})
	if err == nil && c.Name == "" {
		err = campaign.Invalid("name", "is missing")
	}
	if own := r.own; err == nil && own != nil && c.Name == own.Campaign.Name {
		r.Campaigns[0].Rules, r.Campaigns[0].Floor = c.Rules, c.Floor // other rules for the same leads
		return nil
	}
	r.Campaigns = append(r.Campaigns, c)
	return err
}

func (r *reading) calendar(name string, v []byte) error {
	c := &campaign.Calendar{}
	if err := json.Unmarshal(v, c); err != nil {
		if campaign.KindOf(err) == campaign.KindInvalid {
			return err
		}
		return campaign.Invalid("", fmt.Sprintf("is no calendar: %v", err))
	}
	c.Name = name
	if r.Calendars == nil {
		r.Calendars = make(map[string]*campaign.Calendar)
	}
	c.ID = campaign.CalendarID(len(r.Calendars) + 1)
	r.Calendars[name] = c
	return nil
}

func (r *reading) booking(name string, v []byte) (err error) {
	switch name {
	case "share":
		r.Booking.Share, err = ratio(v)
	case "ahead_hours":
		r.Booking.Ahead, err = spread(v, 24*maxDays)
	case "insist":
		r.Booking.Insist, err = ratio(v)
	default:
		err = campaign.ErrUnknownField
	}
	return err
}

func zone(v []byte) (*time.Location, error) {
	s, err := campaign.StrictString(v)
	if err != nil {
		return nil, err
	}
	return scheduler.LoadZone(s)
}

func oneTo(v []byte, most int) (int, error) {
	n, err := campaign.StrictInt(v)
	if err == nil && (n < 1 || n > most) {
		err = campaign.Invalid("", fmt.Sprintf("%d: give 1 to %d", n, most))
	}
	return n, err
}

func amount(v []byte) (float64, error) {
	f, err := strconv.ParseFloat(string(v), 64)
	if err != nil || f < 0 || f > 1e9 {
		return 0, campaign.Invalid("", "is no amount: give a number of at least 0")
	}
	return f, nil
}

func ratio(v []byte) (float64, error) {
	f, err := amount(v)
	if err == nil && f > 1 {
		err = campaign.Invalid("", "is no share: give a number from 0 to 1")
	}
	return f, err
}

// spread reads [median, spread, least, most].
func spread(v []byte, limit float64) (Spread, error) {
	var s Spread
	n := 0
	err := campaign.StrictArray(v, func(i int, v []byte) (err error) {
		if n++; i < len(s) {
			s[i], err = amount(v)
		}
		return err
	})
	if err == nil && (n != len(s) || s[1] > 3 || s[0] < s[2] || s[0] > s[3] || s[3] > limit) {
		err = campaign.Invalid("", fmt.Sprintf("must be [median, spread, least, most] with least <= median <= most <= %g and spread 0 to 3", limit))
	}
	return s, err
}

func texts(v []byte) ([]string, error) {
	var out []string
	err := campaign.StrictArray(v, func(_ int, v []byte) error {
		s, err := campaign.StrictString(v)
		out = append(out, s)
		return err
	})
	return out, err
}

// unwrapped takes the field's own name off an error that will be put below it.
func unwrapped(err error, field string) error {
	e, ok := err.(*campaign.Error) //nolint:errorlint // made a line above, never wrapped
	if !ok {
		return err
	}
	moved := *e
	moved.Violations = slices.Clone(e.Violations)
	for i, v := range moved.Violations {
		moved.Violations[i].Field = strings.TrimPrefix(strings.TrimPrefix(v.Field, field), ".")
	}
	return &moved
}
