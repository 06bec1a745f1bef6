package campaign

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// UnmarshalJSON reads rules as the case format writes them: absent fields are those of DefaultRules; an unknown
// field, a bad duration, window, cap or outcome is an error of kind KindInvalid that names it, such as
// "rules.hours[0].open", and leaves the rules unchanged.
func (r *Rules) UnmarshalJSON(raw []byte) error {
	if !json.Valid(raw) {
		return Invalid("rules", "is not JSON")
	}
	read, err := ReadRules(raw)
	if err != nil {
		return Under("rules", err)
	}
	*r = read
	return nil
}

// ReadRules is UnmarshalJSON for text already known to be valid JSON; its errors name fields without "rules.".
func ReadRules(raw []byte) (Rules, error) {
	r := DefaultRules()
	if err := StrictObject(raw, r.field); err != nil {
		return Rules{}, err
	}
	if err := r.validate(); err != nil {
		return Rules{}, err
	}
	return r, nil
}

func (r *Rules) field(name string, v []byte) (err error) {
	switch name {
	case "interval":
		r.Interval, err = StrictDuration(v)
	case "intervals":
		r.Intervals, err = readIntervals(v)
	case "max_per_day":
		r.MaxPerDay, err = StrictInt(v)
	case "max_attempts":
		r.MaxAttempts, err = StrictInt(v)
	case "max_days":
		r.MaxDays, err = StrictInt(v)
	case "expires_at":
		r.ExpiresAt, err = StrictInstant(v)
	case "hours":
		r.Hours, err = StrictEach(v, readWindow)
	case "holidays":
		r.Holidays, err = StrictEach(v, readDate)
	case "caps":
		r.Caps, err = StrictEach(v, readCap)
	case "network_retry":
		r.NetworkRetry, err = StrictDuration(v)
	case "network_retry_limit":
		r.NetworkRetryLimit, err = StrictInt(v)
	default:
		err = r.regimeField(name, v)
	}
	return err
}

// regimeField reads the fields that tell of calendars, law and the calls of others.
func (r *Rules) regimeField(name string, v []byte) (err error) {
	switch name {
	case "cool_offs":
		r.CoolOffs, err = StrictEach(v, readCoolOff)
	case "rotate":
		r.Rotate, err = StrictBool(v)
	case "mix_hours":
		r.MixHours, err = StrictBool(v)
	case "calendars":
		r.Calendars, err = StrictEach(v, StrictString)
	case "purpose":
		r.Purpose, err = readWord[Purpose](v)
	case "matter":
		r.Matter, err = StrictString(v)
	case "packs":
		r.Packs, err = StrictEach(v, StrictString)
	case "waivers":
		r.Waivers, err = StrictEach(v, readWaiver)
	default:
		err = unknownField("the rules are", "interval", "intervals", "max_per_day", "max_attempts", "max_days", "expires_at", "hours", "holidays",
			"caps", "cool_offs", "rotate", "mix_hours", "network_retry", "network_retry_limit", "calendars", "purpose", "matter", "packs", "waivers")
	}
	return err
}

func readIntervals(v []byte) (map[Outcome]time.Duration, error) {
	var m map[Outcome]time.Duration
	err := StrictObject(v, func(name string, v []byte) error {
		o, ok := outcomeByName[name]
		if !ok {
			return Invalid("", "is no outcome: write one such as BUSY or NO_ANSWER")
		}
		d, err := StrictDuration(v)
		if err != nil {
			return err
		}
		if m == nil {
			m = make(map[Outcome]time.Duration)
		}
		m[o] = d
		return nil
	})
	return m, err
}

func readWaiver(v []byte) (Waiver, error) {
	var w Waiver
	err := StrictObject(v, func(name string, v []byte) (err error) {
		switch name {
		case "rule":
			w.Rule, err = StrictString(v)
		case "reason":
			w.Reason, err = StrictString(v)
		default:
			err = unknownField("a waiver has", "rule", "reason")
		}
		return err
	})
	return w, err
}

// MarshalJSON writes every field of the source rule, so that reading it back gives the same rules whatever the defaults
// become; of the others those that say something.
func (r Rules) MarshalJSON() ([]byte, error) {
	intervals := map[string]string{}
	for o, d := range r.Intervals {
		intervals[o.String()] = Duration(d)
	}
	doc := rulesDoc{
		Interval: Duration(r.Interval), Intervals: intervals, MaxPerDay: r.MaxPerDay, MaxAttempts: r.MaxAttempts,
		MaxDays: r.MaxDays, Hours: orNone(r.Hours), Holidays: []string{}, Caps: orNone(r.Caps), CoolOffs: r.CoolOffs,
		Rotate: r.Rotate, MixHours: r.MixHours, NetworkRetry: Duration(r.NetworkRetry), NetworkRetryLimit: r.NetworkRetryLimit,
		Calendars: r.Calendars, Purpose: r.Purpose, Matter: r.Matter, Packs: r.Packs, Waivers: r.Waivers,
	}
	if !r.ExpiresAt.IsZero() {
		doc.ExpiresAt = r.ExpiresAt.UTC().Format(time.RFC3339)
	}
	for _, d := range r.Holidays {
		doc.Holidays = append(doc.Holidays, d.String())
	}
	return json.Marshal(doc)
}

// orNone is an empty list for nil, which JSON writes as [].
func orNone[T any](all []T) []T {
	if all == nil {
		return []T{}
	}
	return all
}

type rulesDoc struct {
	Interval          string            `json:"interval"`
	Intervals         map[string]string `json:"intervals"`
	MaxPerDay         int               `json:"max_per_day"`
	MaxAttempts       int               `json:"max_attempts"`
	MaxDays           int               `json:"max_days"`
	ExpiresAt         string            `json:"expires_at,omitempty"`
	Hours             []Window          `json:"hours"`
	Holidays          []string          `json:"holidays"`
	Caps              []Cap             `json:"caps"`
	CoolOffs          []CoolOff         `json:"cool_offs,omitempty"`
	Rotate            bool              `json:"rotate,omitempty"`
	MixHours          bool              `json:"mix_hours,omitempty"`
	NetworkRetry      string            `json:"network_retry"`
	NetworkRetryLimit int               `json:"network_retry_limit"`
	Calendars         []string          `json:"calendars,omitempty"`
	Purpose           Purpose           `json:"purpose,omitempty"`
	Matter            string            `json:"matter,omitempty"`
	Packs             []string          `json:"packs,omitempty"`
	Waivers           []Waiver          `json:"waivers,omitempty"`
}

// Duration writes d as Go reads it, without the parts that are zero: 4h, 1h30m, 90s as 1m30s.
func Duration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// strictShare reads a number from 0 to 1.
func strictShare(v []byte) (float64, error) {
	f, err := strconv.ParseFloat(string(v), 64)
	if err != nil || f < 0 || f > 1 {
		return 0, Invalid("", fmt.Sprintf("%s is no share: give a number from 0 to 1", shownJSON(v)))
	}
	return f, nil
}
