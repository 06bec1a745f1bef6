package law

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"redial/campaign"
	"redial/scheduler"
)

// Read reads one pack: a JSON object of name, version, title, warning, rules and days. It is strict: an unknown field,
// a rule without its source or the day it was checked, a rule without what its kind needs or with what it does not
// use, and a date that is none are errors of kind KindInvalid, which name the rule and the field, such as
// "rules[us-fl.frequency].cap.max".
func Read(raw []byte) (*scheduler.LawPack, error) {
	raw = bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf"))
	if err := isJSON(raw); err != nil {
		return nil, err
	}
	p := &scheduler.LawPack{}
	err := campaign.StrictObject(raw, func(name string, v []byte) (err error) {
		switch name {
		case "name":
			p.Name, err = campaign.StrictString(v)
		case "version":
			p.Version, err = campaign.StrictString(v)
		case "title":
			p.Title, err = campaign.StrictString(v)
		case "warning":
			p.Warning, err = campaign.StrictString(v)
		case "rules":
			err = readRules(p, v)
		case "days":
			p.Days, err = campaign.StrictEach(v, readDay)
		default:
			err = unknown("a pack has name, version, title, warning, rules and days")
		}
		return err
	})
	if err == nil {
		err = checkPack(p)
	}
	if err != nil {
		return nil, err
	}
	return p, nil
}

func isJSON(raw []byte) error {
	var any any
	err := json.Unmarshal(raw, &any)
	if err == nil {
		return nil
	}
	line := 1 + bytes.Count(raw, []byte("\n"))
	if e, ok := errors.AsType[*json.SyntaxError](err); ok {
		line = 1 + bytes.Count(raw[:min(int(e.Offset), len(raw))], []byte("\n"))
	}
	return &campaign.Error{Kind: campaign.KindInvalid, Message: fmt.Sprintf("line %d is not JSON: %v", line, err)}
}

func unknown(choices string) error { return campaign.Invalid("", "unknown field: "+choices) }

// readRules reads the rules, and names the rule that is wrong by its id.
func readRules(p *scheduler.LawPack, raw []byte) error {
	i := 0
	err := campaign.StrictArray(raw, func(n int, v []byte) error {
		i = n
		r, err := scheduler.ReadLawRule(v)
		p.Rules = append(p.Rules, r)
		return err
	})
	if e, ok := err.(*campaign.Error); ok && i < len(p.Rules) && p.Rules[i].ID != "" { //nolint:errorlint // the reader's own
		for j := range e.Violations {
			at := &e.Violations[j].Field
			*at = strings.Replace(*at, fmt.Sprintf("[%d]", i), "["+p.Rules[i].ID+"]", 1)
		}
	}
	return err
}

func readDay(raw []byte) (campaign.Day, error) {
	var d campaign.Day
	err := campaign.StrictObject(raw, func(name string, v []byte) (err error) {
		switch name {
		case "date":
			d.Date, err = readDate(v)
		case "kind":
			var kind string
			kind, err = campaign.StrictString(v)
			d.Kind = campaign.DayKind(kind)
		case "name":
			d.Name, err = campaign.StrictString(v)
		case "place":
			d.Place, err = campaign.StrictString(v)
		case "source":
			d.Source, err = campaign.StrictString(v)
		default:
			err = unknown("a day has date, kind, name, place and source")
		}
		return err
	})
	return d, err
}

func readDate(v []byte) (campaign.Date, error) {
	s, err := campaign.StrictString(v)
	if err != nil {
		return campaign.Date{}, err
	}
	return campaign.ParseDate(s)
}
