package scheduler

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
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

	// What follows is the rest of the rule's world; zero values say nothing.
	Campaign      campaign.CampaignID // that asks: uses by it are of its matter
	Conversation  time.Duration       // talk that makes a connect a conversation; 0: 30 s
	ListHours     []campaign.Window   // of the lead's list; empty: it narrows nothing
	ListCalendars []string            // that the list names
	Calendars     []*campaign.Calendar
	Law           []LawRule      // of the packs that are switched on; waivers are those of Rules
	LawDays       []campaign.Day // the holidays on which rules with Closed close
	Uses          []campaign.Use // in order of time, none later than now
	Consents      []campaign.Consent
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
	terms := Terms{
		Rules: &c.Rules, ListHours: c.ListHours, Calendars: c.named(c.Rules.Calendars), ListCalendars: c.named(c.ListCalendars),
	}
	if len(c.Law) > 0 {
		terms.Law = []*LawPack{{Rules: c.Law, Days: c.LawDays}}
	}
	lead.Settle(&terms)
	return Question{
		Campaign: c.Campaign, Rules: &c.Rules, Conversation: c.Conversation, Lead: lead, Tries: c.Tries,
		Uses: c.Uses, Consents: c.Consents, Now: c.Now,
	}
}

// named are the case's calendars of these names, in their order.
func (c *Case) named(names []string) []*campaign.Calendar {
	var out []*campaign.Calendar
	for _, name := range names {
		if i := slices.IndexFunc(c.Calendars, func(k *campaign.Calendar) bool { return k.Name == name }); i >= 0 {
			out = append(out, c.Calendars[i])
		}
	}
	return out
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
	if len(c.Rules.Packs) > 0 && !given["law"] {
		return c, campaign.Invalid("law", "is missing: a case stands alone, give the rules of the packs that rules.packs names")
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
		c.Tries, err = campaign.StrictEach(v, readTry)
	case "appointment":
		c.Booking, err = readBooking(v)
	case "want":
	default:
		err = c.around(name, v)
	}
	return err
}

// around reads a field of what surrounds the lead.
func (c *Case) around(name string, v []byte) (err error) {
	switch name {
	case "campaign":
		c.Campaign, err = readCampaign(v)
	case "conversation":
		c.Conversation, err = campaign.StrictDuration(v)
	case "list":
		err = c.readList(v)
	case "calendars":
		c.Calendars, err = readCalendars(v)
	case "law":
		c.Law, err = campaign.StrictEach(v, ReadLawRule)
	case "law_days":
		c.LawDays, err = campaign.StrictEach(v, readDay)
	case "uses":
		c.Uses, err = campaign.StrictEach(v, readUse)
	case "consents":
		c.Consents, err = campaign.StrictEach(v, readConsent)
	default:
		err = campaign.ErrUnknownField
	}
	return err
}

// check holds what no field can be blamed for alone.
func (c *Case) check() error {
	for i := range c.Tries {
		if err := c.inOrder("attempts", i, c.Tries[max(i-1, 0)].PlacedAt, c.Tries[i].PlacedAt); err != nil {
			return err
		}
	}
	for i := range c.Uses {
		if err := c.inOrder("uses", i, c.Uses[max(i-1, 0)].PlacedAt, c.Uses[i].PlacedAt); err != nil {
			return err
		}
	}
	if err := c.known("rules.calendars", c.Rules.Calendars); err != nil {
		return err
	}
	return c.known("list.calendars", c.ListCalendars)
}

func (c *Case) inOrder(field string, i int, before, at time.Time) error {
	field = fmt.Sprintf("%s[%d].placed_at", field, i)
	switch {
	case at.Before(before):
		return campaign.Invalid(field, "is before the one above it: give "+field[:strings.IndexByte(field, '[')]+" in order of time")
	case at.After(c.Now):
		return campaign.Invalid(field, "is later than now")
	}
	return nil
}

// known says whether the case brings the calendars that it names.
func (c *Case) known(field string, names []string) error {
	for i, name := range names {
		if !slices.ContainsFunc(c.Calendars, func(k *campaign.Calendar) bool { return k.Name == name }) {
			return campaign.Invalid(fmt.Sprintf("%s[%d]", field, i), fmt.Sprintf("%q is none of the case's calendars: give it there", name))
		}
	}
	return nil
}

func (l *Lead) read(v []byte) error {
	numbers := false
	err := campaign.StrictObject(v, func(name string, v []byte) (err error) {
		switch name {
		case "zones":
			l.Zones, err = readLocations(v)
		case "numbers":
			numbers = true
			l.Numbers, err = campaign.StrictEach(v, readNumber)
		case "account":
			l.Account, err = campaign.StrictString(v)
		case "places":
			l.Places, err = readPlaces(v)
		default:
			err = campaign.ErrUnknownField
		}
		return err
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

func readLocations(v []byte) (all []*time.Location, err error) {
	all, err = campaign.StrictEach(v, readZone)
	return all, err
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
			t.Outcome, err = readOutcome(v)
		case "number":
			s, err = campaign.StrictString(v)
			t.Number, number = campaign.Phone(s), true
		case "new_number":
			s, err = campaign.StrictString(v)
			t.NewNumber = campaign.Phone(s)
		case "talk":
			t.Talk, err = campaign.StrictDuration(v)
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

func readOutcome(v []byte) (campaign.Outcome, error) {
	s, err := campaign.StrictString(v)
	if err != nil {
		return campaign.NoOutcome, err
	}
	o, err := campaign.ParseOutcome(s)
	if err != nil {
		return campaign.NoOutcome, campaign.Invalid("", fmt.Sprintf("%q is no outcome", s))
	}
	return o, nil
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
