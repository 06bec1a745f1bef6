package scheduler

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"redial/campaign"
)

// Case is one question to the rule of time with all that the answer depends on: a line of the case format.
type Case struct {
	ID      string
	Now     time.Time // whole seconds
	Rules   campaign.Rules
	Lead    Lead
	Tries   []campaign.Try
	Booking *campaign.Booking // the open appointment as it was booked, its zone always given; nil: none
}

// Answer is what the rule says to a case.
type Answer struct {
	ID   string
	Plan campaign.Plan
}

// Answer judges the case's appointment first, as of the case's now, and decides when it stands.
func (c *Case) Answer() Answer {
	q := c.Question()
	if c.Booking == nil {
		return Answer{c.ID, Decide(&q)}
	}
	at, plan := JudgeBooking(&q, *c.Booking)
	if plan.Verdict == campaign.VerdictInvalid {
		return Answer{c.ID, plan}
	}
	q.Promise = &campaign.Appointment{At: at, Insisted: c.Booking.Insisted, State: campaign.AppointmentOpen}
	return Answer{c.ID, Decide(&q)}
}

// Question is the case but for its booking.
func (c *Case) Question() Question {
	lead := c.Lead
	lead.Numbers = slices.Clone(lead.Numbers)
	lead.Settle(&Terms{Rules: &c.Rules})
	return Question{Rules: &c.Rules, Lead: lead, Tries: c.Tries, Now: c.Now}
}

// ParseCase reads one line of the case format, strictly. Errors are of kind KindInvalid and name the field, such as
// "attempts[2].outcome"; a field "want" is passed over.
func ParseCase(line []byte) (Case, error) {
	c := Case{Rules: campaign.DefaultRules()}
	if !json.Valid(line) {
		var v any
		return c, notACase("not JSON: %v", json.Unmarshal(line, &v))
	}
	if bytes.TrimSpace(line)[0] != '{' {
		return c, notACase("not a case: write one JSON object a line, {…}")
	}
	given := map[string]bool{}
	err := campaign.StrictObject(line, func(name string, v []byte) error {
		given[name] = true
		return c.field(name, v)
	})
	if err != nil {
		return c, err
	}
	for _, name := range [...]string{"id", "now", "lead"} {
		if !given[name] {
			return c, campaign.Invalid(name, "is missing")
		}
	}
	return c, c.check()
}

// notACase is an error about the line as a whole.
func notACase(format string, args ...any) error {
	return &campaign.Error{Kind: campaign.KindInvalid, Message: fmt.Sprintf(format, args...)}
}

func (c *Case) field(name string, v []byte) (err error) {
	switch name {
	case "id":
		c.ID, err = campaign.StrictString(v)
	case "now":
		c.Now, err = campaign.StrictInstant(v)
	case "rules":
		c.Rules, err = campaign.ReadRules(v)
	case "lead":
		err = c.Lead.read(v)
	case "attempts":
		err = campaign.StrictArray(v, func(_ int, v []byte) error {
			try, err := readTry(v)
			c.Tries = append(c.Tries, try)
			return err
		})
	case "appointment":
		c.Booking, err = readBooking(v)
	case "want":
	default:
		err = campaign.ErrUnknownField
	}
	return err
}

// check holds what no field can be blamed for alone.
func (c *Case) check() error {
	for i := range c.Tries {
		at := c.Tries[i].PlacedAt
		if i > 0 && at.Before(c.Tries[i-1].PlacedAt) {
			return campaign.Invalid(fmt.Sprintf("attempts[%d].placed_at", i), "is before the attempt above it: give attempts in order of time")
		}
		if at.After(c.Now) {
			return campaign.Invalid(fmt.Sprintf("attempts[%d].placed_at", i), "is later than now")
		}
	}
	return nil
}

func (l *Lead) read(v []byte) error {
	numbers := false
	err := campaign.StrictObject(v, func(name string, v []byte) error {
		switch name {
		case "zones":
			return campaign.StrictArray(v, func(_ int, v []byte) error {
				loc, err := readZone(v)
				l.Zones = append(l.Zones, loc)
				return err
			})
		case "numbers":
			numbers = true
			return campaign.StrictArray(v, func(_ int, v []byte) error {
				s, err := campaign.StrictString(v)
				l.Numbers = append(l.Numbers, Number{Phone: campaign.Phone(s)})
				return err
			})
		}
		return campaign.ErrUnknownField
	})
	switch {
	case err != nil:
	case len(l.Zones) == 0:
		err = campaign.Invalid("zones", "names no zone: give at least one, such as Asia/Shanghai")
	case !numbers:
		err = campaign.Invalid("numbers", "is missing: give [] for a lead without numbers")
	}
	return err
}

func readZone(v []byte) (*time.Location, error) {
	s, err := campaign.StrictString(v)
	if err != nil {
		return nil, err
	}
	return LoadZone(s)
}

func readTry(v []byte) (campaign.Try, error) {
	var t campaign.Try
	number := false
	err := campaign.StrictObject(v, func(name string, v []byte) (err error) {
		var s string
		switch name {
		case "placed_at":
			t.PlacedAt, err = campaign.StrictInstant(v)
		case "outcome":
			if s, err = campaign.StrictString(v); err == nil {
				if t.Outcome, err = campaign.ParseOutcome(s); err != nil {
					err = campaign.Invalid("", fmt.Sprintf("%q is no outcome", s))
				}
			}
		case "number":
			s, err = campaign.StrictString(v)
			t.Number, number = campaign.Phone(s), true
		case "new_number":
			s, err = campaign.StrictString(v)
			t.NewNumber = campaign.Phone(s)
		default:
			err = campaign.ErrUnknownField
		}
		return err
	})
	switch {
	case err != nil:
	case t.PlacedAt.IsZero():
		err = campaign.Invalid("placed_at", "is missing")
	case t.Outcome == campaign.NoOutcome:
		err = campaign.Invalid("outcome", "is missing")
	case !number:
		err = campaign.Invalid("number", "is missing")
	}
	return t, err
}

func readBooking(v []byte) (*campaign.Booking, error) {
	var b campaign.Booking
	err := campaign.StrictObject(v, func(name string, v []byte) (err error) {
		switch name {
		case "local":
			if b.Local, err = campaign.StrictString(v); err == nil {
				_, err = WallTime(b.Local, time.UTC)
			}
		case "zone":
			if _, err = readZone(v); err == nil {
				b.Zone, err = campaign.StrictString(v)
			}
		case "customer_insisted":
			b.Insisted, err = campaign.StrictBool(v)
		default:
			err = campaign.ErrUnknownField
		}
		return err
	})
	switch {
	case err != nil:
		return nil, err
	case b.Local == "":
		return nil, campaign.Invalid("local", "is missing")
	case b.Zone == "":
		return nil, campaign.Invalid("zone", "is missing")
	}
	return &b, nil
}
