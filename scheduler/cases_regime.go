package scheduler

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"redial/campaign"
)

// These read what a case tells of calendars, law and the calls of others; each is strict as ParseCase is.

// readNumber reads one of a lead's numbers: a text, or an object where it has zones or places of its own.
func readNumber(v []byte) (n Number, err error) {
	if v[0] != '{' {
		n.Phone, err = readWord[campaign.Phone](v)
		return n, err
	}
	given := false
	err = campaign.StrictObject(v, func(name string, v []byte) (err error) {
		switch name {
		case "number":
			n.Phone, err = readWord[campaign.Phone](v)
			given = true
		case "zones":
			n.Zones, err = readLocations(v)
		case "places":
			n.Places, err = readPlaces(v)
		default:
			err = campaign.ErrUnknownField
		}
		return err
	})
	if err == nil && !given {
		err = campaign.Invalid("number", "is missing")
	}
	return n, err
}

func readUse(v []byte) (campaign.Use, error) {
	var u campaign.Use
	err := campaign.StrictObject(v, func(name string, v []byte) (err error) {
		switch name {
		case "placed_at":
			u.PlacedAt, err = campaign.StrictInstant(v)
		case "number":
			u.Phone, err = readWord[campaign.Phone](v)
		case "outcome":
			u.Outcome, err = readOutcome(v)
		case "talk":
			u.Talk, err = campaign.StrictDuration(v)
		case "campaign":
			u.Campaign, err = readCampaign(v)
		case "matter":
			u.Matter, err = campaign.StrictString(v)
		case "person":
			u.Person, err = campaign.StrictBool(v)
		case "account":
			u.Account, err = campaign.StrictBool(v)
		case "outside":
			u.Outside, err = campaign.StrictBool(v)
		case "inbound":
			u.Inbound, err = campaign.StrictBool(v)
		default:
			err = campaign.ErrUnknownField
		}
		return err
	})
	if err == nil && u.PlacedAt.IsZero() {
		err = campaign.Invalid("placed_at", "is missing")
	}
	return u, err
}

func readConsent(v []byte) (campaign.Consent, error) {
	var c campaign.Consent
	err := campaign.StrictObject(v, func(name string, v []byte) (err error) {
		switch name {
		case "number":
			c.Phone, err = readWord[campaign.Phone](v)
		case "purpose":
			c.Purpose, err = readOneOf(v, campaign.Purposes)
		case "scopes":
			err = campaign.StrictArray(v, func(_ int, v []byte) error {
				s, err := readOneOf(v, campaign.ConsentScopes)
				c.Scopes = append(c.Scopes, s)
				return err
			})
		case "given_at":
			c.GivenAt, err = campaign.StrictInstant(v)
		case "expires_at":
			c.ExpiresAt, err = campaign.StrictInstant(v)
		case "revoked_at":
			c.RevokedAt, err = campaign.StrictInstant(v)
		default:
			err = campaign.ErrUnknownField
		}
		return err
	})
	switch {
	case err != nil:
	case len(c.Scopes) == 0:
		err = campaign.Invalid("scopes", "names none: give at least one of contact, hours and frequency")
	case c.GivenAt.IsZero():
		err = campaign.Invalid("given_at", "is missing")
	}
	return c, err
}

// readList reads what a list narrows: its hours and its calendars.
func (c *Case) readList(v []byte) error {
	return campaign.StrictObject(v, func(name string, v []byte) (err error) {
		switch name {
		case "hours":
			c.ListHours, err = readWindows(v)
		case "calendars":
			c.ListCalendars, err = readWords[string](v)
		default:
			err = campaign.ErrUnknownField
		}
		return err
	})
}

func readCalendars(v []byte) ([]*campaign.Calendar, error) {
	var all []*campaign.Calendar
	err := campaign.StrictObject(v, func(name string, v []byte) error {
		c, err := readCalendar(v)
		c.Name = name
		all = append(all, c)
		return err
	})
	return all, err
}

func readCalendar(v []byte) (*campaign.Calendar, error) {
	c := &campaign.Calendar{}
	err := campaign.StrictObject(v, func(name string, v []byte) error {
		switch name {
		case "weeks":
			return campaign.StrictArray(v, func(_ int, v []byte) error {
				w, err := readWeek(v)
				c.Weeks = append(c.Weeks, w)
				return err
			})
		case "days":
			return campaign.StrictArray(v, func(_ int, v []byte) error {
				d, err := readDay(v)
				c.Days = append(c.Days, d)
				return err
			})
		default:
			return campaign.ErrUnknownField
		}
	})
	return c, err
}

func readWeek(v []byte) (campaign.Week, error) {
	var w campaign.Week
	err := campaign.StrictObject(v, func(name string, v []byte) (err error) {
		switch name {
		case "from":
			w.From, err = readDate(v)
		case "to":
			w.To, err = readDate(v)
		case "hours":
			w.Hours, err = readWindows(v)
		default:
			err = campaign.ErrUnknownField
		}
		return err
	})
	switch {
	case err != nil:
	case len(w.Hours) == 0:
		err = campaign.Invalid("hours", "is missing: give at least one window")
	case backwards(w.From, w.To):
		err = campaign.Invalid("to", "is before from")
	}
	return w, err
}

var (
	dayKinds = []campaign.DayKind{campaign.DayHoliday, campaign.DayWorking, campaign.DayClosure}
	weekdays = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}
)

func readDay(v []byte) (campaign.Day, error) {
	d := campaign.Day{As: time.Monday}
	err := campaign.StrictObject(v, func(name string, v []byte) (err error) {
		switch name {
		case "date":
			d.Date, err = readDate(v)
		case "kind":
			d.Kind, err = readOneOf(v, dayKinds)
		case "name":
			d.Name, err = campaign.StrictString(v)
		case "place":
			d.Place, err = readPlace(v)
		case "as":
			var s string
			s, err = readOneOf(v, weekdays)
			d.As = time.Weekday(max(0, slices.Index(weekdays, s)))
		case "hours":
			d.Hours, err = readDayHours(v)
		case "source":
			d.Source, err = campaign.StrictString(v)
		default:
			err = campaign.ErrUnknownField
		}
		return err
	})
	switch {
	case err != nil:
	case d.Date == campaign.Date{}:
		err = campaign.Invalid("date", "is missing: write it as 2026-10-01")
	case d.Kind == "":
		err = campaign.Invalid("kind", "is missing: write holiday, working or closure")
	case d.Kind != campaign.DayWorking && len(d.Hours) > 0:
		err = campaign.Invalid("hours", "belongs to working days alone")
	}
	return d, err
}

// readDayHours reads windows of one day, which need no days of the week.
func readDayHours(v []byte) ([]campaign.Window, error) {
	var all []campaign.Window
	err := campaign.StrictArray(v, func(_ int, v []byte) error {
		if s := strings.TrimSpace(string(v)); strings.HasPrefix(s, "{") && !strings.Contains(s, `"days"`) {
			v = []byte(`{"days":["sun","mon","tue","wed","thu","fri","sat"],` + s[1:])
		}
		w, err := readMeasure("hours", fmt.Appendf(nil, "[%s]", v), "[0]")
		all = append(all, w.Hours...)
		return err
	})
	return all, err
}

// readWindows reads windows as the hours of a campaign are read.
func readWindows(v []byte) ([]campaign.Window, error) {
	r, err := readMeasure("hours", v, "")
	return r.Hours, err
}

// readMeasure reads a value as one field of a campaign's rules, so that a window, a cap or a wait is written and
// checked everywhere as it is there. The error names fields within the value, below index.
func readMeasure(field string, v []byte, index string) (campaign.Rules, error) {
	r, err := campaign.ReadRules(fmt.Appendf(nil, `{%q:%s}`, field, v))
	e, ok := errors.AsType[*campaign.Error](err)
	if !ok {
		return r, err
	}
	within := *e
	within.Violations = slices.Clone(e.Violations)
	for i := range within.Violations {
		at := &within.Violations[i].Field
		*at = strings.TrimPrefix(strings.TrimPrefix(*at, field+index), ".")
	}
	return r, &within
}

func readWord[T ~string](v []byte) (T, error) {
	s, err := campaign.StrictString(v)
	return T(s), err
}

func readWords[T ~string](v []byte) (all []T, err error) {
	err = campaign.StrictArray(v, func(_ int, v []byte) error {
		w, err := readWord[T](v)
		all = append(all, w)
		return err
	})
	return all, err
}

func readOneOf[T ~string](v []byte, known []T) (T, error) {
	w, err := readWord[T](v)
	if err == nil && !slices.Contains(known, w) {
		err = campaign.Invalid("", fmt.Sprintf("%q is none of %v", w, known))
	}
	return w, err
}

func readDate(v []byte) (campaign.Date, error) {
	s, err := campaign.StrictString(v)
	if err != nil {
		return campaign.Date{}, err
	}
	return campaign.ParseDate(s)
}

func backwards(from, to campaign.Date) bool {
	return from != campaign.Date{} && to != campaign.Date{} && to.String() < from.String()
}

func readPlace(v []byte) (string, error) {
	s, err := campaign.StrictString(v)
	if err == nil && !isPlace(s) {
		err = campaign.Invalid("", fmt.Sprintf("%q is no place: write a country as US, a part of it as US-FL", s))
	}
	return s, err
}

// isPlace says whether a text names a country, or a part of one.
func isPlace(s string) bool {
	country, part, divided := strings.Cut(s, "-")
	return len(country) == 2 && code(country, false) && (!divided || len(part) >= 1 && len(part) <= 3 && code(part, true))
}

func code(s string, digits bool) bool {
	for _, c := range []byte(s) {
		if (c < 'A' || c > 'Z') && (!digits || c < '0' || c > '9') {
			return false
		}
	}
	return true
}

func readPlaces(v []byte) (all []string, err error) {
	all, err = campaign.StrictEach(v, readPlace)
	slices.Sort(all)
	return slices.Compact(all), err
}

func readCampaign(v []byte) (campaign.CampaignID, error) {
	n, err := campaign.StrictInt(v)
	return campaign.CampaignID(n), err
}
