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
		err = StrictArray(v, func(_ int, v []byte) error {
			w, err := readWindow(v)
			r.Hours = append(r.Hours, w)
			return err
		})
	case "holidays":
		err = StrictArray(v, func(_ int, v []byte) error {
			s, err := StrictString(v)
			if err != nil {
				return err
			}
			d, err := ParseDate(s)
			r.Holidays = append(r.Holidays, d)
			return err
		})
	case "caps":
		err = StrictArray(v, func(_ int, v []byte) error {
			c, err := readCap(v)
			r.Caps = append(r.Caps, c)
			return err
		})
	case "network_retry":
		r.NetworkRetry, err = StrictDuration(v)
	case "network_retry_limit":
		r.NetworkRetryLimit, err = StrictInt(v)
	default:
		err = unknownField("the rules are", "interval", "intervals", "max_per_day", "max_attempts", "max_days", "expires_at", "hours", "holidays",
			"caps", "network_retry", "network_retry_limit")
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

var dayNames = [7]string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

func readWindow(v []byte) (Window, error) {
	w := Window{Open: -1, Close: -1}
	err := StrictObject(v, func(name string, v []byte) (err error) {
		switch name {
		case "days":
			err = StrictArray(v, func(_ int, v []byte) error { return w.addDay(v) })
		case "open":
			w.Open, err = readClock(v, 1439)
		case "close":
			w.Close, err = readClock(v, 1440)
		default:
			err = ErrUnknownField
		}
		return err
	})
	switch {
	case err != nil:
	case w.Open < 0:
		err = Invalid("open", "is missing: write it as 09:00")
	case w.Close < 0:
		err = Invalid("close", "is missing: write it as 21:00")
	}
	return w, err
}

func (w *Window) addDay(v []byte) error {
	s, err := StrictString(v)
	if err != nil {
		return err
	}
	for i, name := range dayNames {
		if s == name {
			w.Days[i] = true
			return nil
		}
	}
	return Invalid("", fmt.Sprintf("%q is no day: write mon, tue, wed, thu, fri, sat or sun", s))
}

// readClock reads HH:MM as minutes of the day, at most latest.
func readClock(v []byte, latest int) (int, error) {
	s, err := StrictString(v)
	if err != nil {
		return 0, err
	}
	if len(s) == 5 && s[2] == ':' && isDigit(s[0]) && isDigit(s[1]) && isDigit(s[3]) && isDigit(s[4]) {
		h, m := int(s[0]-'0')*10+int(s[1]-'0'), int(s[3]-'0')*10+int(s[4]-'0')
		if m < 60 && h*60+m <= latest {
			return h*60 + m, nil
		}
	}
	return 0, Invalid("", fmt.Sprintf("%q is no time of day: write HH:MM, up to %s", s, clockText(latest)))
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func clockText(minutes int) string { return fmt.Sprintf("%02d:%02d", minutes/60, minutes%60) }

func readCap(v []byte) (Cap, error) {
	var c Cap
	scoped := false
	err := StrictObject(v, func(name string, v []byte) (err error) {
		switch name {
		case "scope":
			var s string
			if s, err = StrictString(v); err != nil {
				return err
			}
			if scoped = s == "lead" || s == "number"; !scoped {
				return Invalid("", fmt.Sprintf("%q is no scope: write lead or number", s))
			}
			if s == "number" {
				c.Scope = CapNumber
			}
		case "max":
			c.Max, err = StrictInt(v)
		case "period":
			c.Period, err = StrictDuration(v)
		default:
			err = ErrUnknownField
		}
		return err
	})
	if err == nil && !scoped {
		err = Invalid("scope", "is missing: write lead or number")
	}
	return c, err
}

// MarshalJSON writes every field, so that reading it back gives the same rules whatever the defaults become.
func (r Rules) MarshalJSON() ([]byte, error) {
	intervals := map[string]string{}
	for o, d := range r.Intervals {
		intervals[o.String()] = Duration(d)
	}
	doc := rulesDoc{
		Interval: Duration(r.Interval), Intervals: intervals, MaxPerDay: r.MaxPerDay, MaxAttempts: r.MaxAttempts,
		MaxDays: r.MaxDays, Hours: []windowDoc{}, Holidays: []string{}, Caps: []capDoc{},
		NetworkRetry: Duration(r.NetworkRetry), NetworkRetryLimit: r.NetworkRetryLimit,
	}
	if !r.ExpiresAt.IsZero() {
		doc.ExpiresAt = r.ExpiresAt.UTC().Format(time.RFC3339)
	}
	for _, w := range r.Hours {
		doc.Hours = append(doc.Hours, windowDoc{Days: w.dayList(), Open: clockText(w.Open), Close: clockText(w.Close)})
	}
	for _, d := range r.Holidays {
		doc.Holidays = append(doc.Holidays, d.String())
	}
	for _, c := range r.Caps {
		doc.Caps = append(doc.Caps, capDoc{Scope: c.Scope.String(), Max: c.Max, Period: Duration(c.Period)})
	}
	return json.Marshal(doc)
}

type rulesDoc struct {
	Interval          string            `json:"interval"`
	Intervals         map[string]string `json:"intervals"`
	MaxPerDay         int               `json:"max_per_day"`
	MaxAttempts       int               `json:"max_attempts"`
	MaxDays           int               `json:"max_days"`
	ExpiresAt         string            `json:"expires_at,omitempty"`
	Hours             []windowDoc       `json:"hours"`
	Holidays          []string          `json:"holidays"`
	Caps              []capDoc          `json:"caps"`
	NetworkRetry      string            `json:"network_retry"`
	NetworkRetryLimit int               `json:"network_retry_limit"`
}

type windowDoc struct {
	Days  []string `json:"days"`
	Open  string   `json:"open"`
	Close string   `json:"close"`
}

type capDoc struct {
	Scope  string `json:"scope"`
	Max    int    `json:"max"`
	Period string `json:"period"`
}

// dayList names the window's days from Monday on.
func (w *Window) dayList() []string {
	var days []string
	for i := range dayNames {
		if d := (i + 1) % 7; w.Days[d] {
			days = append(days, dayNames[d])
		}
	}
	return days
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
