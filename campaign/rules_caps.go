package campaign

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// ReadCap reads a cap as rules have it: {"scope":"lead","count":"connects","max":3,"period":"24h"}, or with "days":7 in
// place of the period. The text is known to be valid JSON; errors are of kind KindInvalid and name the field.
func ReadCap(raw []byte) (Cap, error) {
	c, err := readCap(raw)
	if err != nil {
		return Cap{}, err
	}
	var f faults
	f.cap("", &c)
	if err := f.err(); err != nil {
		return Cap{}, err
	}
	return c, nil
}

// MarshalJSON writes the cap as rules have it; a count of attempts is left out.
func (c Cap) MarshalJSON() ([]byte, error) {
	doc := capDoc{Scope: c.Scope.String(), Max: c.Max, Days: c.Days, Period: periodText(c.Period, c.Days)}
	if c.Count != CountAttempts {
		doc.Count = c.Count.String()
	}
	return json.Marshal(doc)
}

// UnmarshalJSON reads what MarshalJSON writes, strictly; it leaves the cap unchanged when it fails.
func (c *Cap) UnmarshalJSON(raw []byte) error {
	read, err := ReadCap(raw)
	if err == nil {
		*c = read
	}
	return err
}

type capDoc struct {
	Scope  string `json:"scope"`
	Count  string `json:"count,omitempty"`
	Max    int    `json:"max"`
	Period string `json:"period,omitempty"`
	Days   int    `json:"days,omitempty"`
}

// periodText leaves a period out that days stand for.
func periodText(period time.Duration, days int) string {
	if period == 0 && days > 0 {
		return ""
	}
	return Duration(period)
}

// ReadCoolOff reads a wait as rules have it: {"after":"refused","scope":"person","period":"720h"}, or with "days":30 in
// place of the period. The text is known to be valid JSON; errors are of kind KindInvalid and name the field.
func ReadCoolOff(raw []byte) (CoolOff, error) {
	c, err := readCoolOff(raw)
	if err != nil {
		return CoolOff{}, err
	}
	var f faults
	f.coolOff("", &c)
	if err := f.err(); err != nil {
		return CoolOff{}, err
	}
	return c, nil
}

// MarshalJSON writes the wait as rules have it.
func (c CoolOff) MarshalJSON() ([]byte, error) {
	return json.Marshal(coolOffDoc{After: string(c.After), Scope: c.Scope.String(), Days: c.Days, Period: periodText(c.Period, c.Days)})
}

// UnmarshalJSON reads what MarshalJSON writes, strictly; it leaves the wait unchanged when it fails.
func (c *CoolOff) UnmarshalJSON(raw []byte) error {
	read, err := ReadCoolOff(raw)
	if err == nil {
		*c = read
	}
	return err
}

type coolOffDoc struct {
	After  string `json:"after"`
	Scope  string `json:"scope"`
	Period string `json:"period,omitempty"`
	Days   int    `json:"days,omitempty"`
}

// CoolOffAfters lists the kinds of calls that a cool-off may follow.
var CoolOffAfters = []CoolOffAfter{AfterConversation, AfterRefused, AfterAbandoned, AfterMachine}

func readCap(v []byte) (Cap, error) {
	var c Cap
	scoped := false
	err := StrictObject(v, func(name string, v []byte) (err error) {
		switch name {
		case "scope":
			c.Scope, err = readScope(v)
			scoped = true
		case "count":
			c.Count, err = readCount(v)
		case "max":
			c.Max, err = StrictInt(v)
		case "period":
			c.Period, err = StrictDuration(v)
		case "days":
			c.Days, err = StrictInt(v)
		default:
			err = unknownField("a cap has", "scope", "count", "max", "period", "days")
		}
		return err
	})
	if err == nil && !scoped {
		err = Invalid("scope", "is missing: write "+scopeChoices)
	}
	return c, err
}

func readCoolOff(v []byte) (CoolOff, error) {
	var c CoolOff
	scoped := false
	err := StrictObject(v, func(name string, v []byte) (err error) {
		switch name {
		case "after":
			c.After, err = readWord[CoolOffAfter](v)
		case "scope":
			c.Scope, err = readScope(v)
			scoped = true
		case "period":
			c.Period, err = StrictDuration(v)
		case "days":
			c.Days, err = StrictInt(v)
		default:
			err = unknownField("a cool-off has", "after", "scope", "period", "days")
		}
		return err
	})
	if err == nil && !scoped {
		err = Invalid("scope", "is missing: write "+scopeChoices)
	}
	return c, err
}

const scopeChoices = "lead, number, person, subject, account or company"

func readScope(v []byte) (CapScope, error) {
	s, err := StrictString(v)
	if err != nil {
		return 0, err
	}
	i := slices.Index(scopeNames[:], s)
	if i < 0 {
		return 0, Invalid("", fmt.Sprintf("%q is no scope: write %s", s, scopeChoices))
	}
	return CapScope(i), nil
}

func readCount(v []byte) (CapCount, error) {
	s, err := StrictString(v)
	if err != nil {
		return 0, err
	}
	i := slices.Index(countNames[:], s)
	if i < 0 {
		return 0, Invalid("", fmt.Sprintf("%q is nothing to count: write %s", s, strings.Join(countNames[:], ", ")))
	}
	return CapCount(i), nil
}

// spanMost bounds caps and waits in local days: uses are read as far back as the longest of them.
const spanMost = 3660

func (f *faults) cap(at string, c *Cap) {
	if c.Scope >= NumScopes {
		f.add(within(at, "scope"), "must be "+scopeChoices)
	}
	if c.Count >= NumCounts {
		f.add(within(at, "count"), "must be "+strings.Join(countNames[:], ", "))
	}
	if c.Max < 1 {
		f.add(within(at, "max"), fmt.Sprintf("%d is too small: a cap allows at least 1", c.Max))
	}
	f.span(at, c.Period, c.Days)
}

func (f *faults) coolOff(at string, c *CoolOff) {
	if !slices.Contains(CoolOffAfters, c.After) {
		f.add(within(at, "after"), fmt.Sprintf("%q is no kind of call: write conversation, refused, abandoned or machine", c.After))
	}
	if c.Scope >= NumScopes {
		f.add(within(at, "scope"), "must be "+scopeChoices)
	}
	f.span(at, c.Period, c.Days)
}

// span judges how long a cap or a wait looks back: by a period or by local days, one of them.
func (f *faults) span(at string, period time.Duration, days int) {
	switch {
	case period == 0 && days == 0:
		f.add(within(at, "period"), "must be above 0, or give days")
	case period != 0 && days != 0:
		f.add(within(at, "days"), "and period are both given: give one of them")
	case days < 0 || days > spanMost:
		f.add(within(at, "days"), fmt.Sprintf("must be from 1 to %d", spanMost))
	default:
		f.wait(within(at, "period"), period)
	}
}
