package campaign

import (
	"encoding/json"
	"fmt"
	"slices"
)

var dayNames = [7]string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

// ReadWindows reads weekly hours as rules have them: [{"days":["mon"],"open":"09:00","close":"21:00"}]. The text is known
// to be valid JSON; errors are of kind KindInvalid and name the field within it, such as "[0].close".
func ReadWindows(raw []byte) ([]Window, error) {
	all, err := StrictEach(raw, readWindow)
	if err != nil {
		return nil, err
	}
	if err := ValidateWindows("", all); err != nil {
		return nil, err
	}
	return all, nil
}

// ValidateWindows says what is wrong with weekly hours, every fault at once, each by its field below the one given.
func ValidateWindows(field string, all []Window) error {
	var f faults
	f.windows(field, all)
	return f.err()
}

// MarshalJSON writes the window as rules have it: {"days":["mon"],"open":"09:00","close":"21:00"}.
func (w Window) MarshalJSON() ([]byte, error) {
	return json.Marshal(windowDoc{Days: orNone(w.DayNames()), Open: clockText(w.Open), Close: clockText(w.Close)})
}

// UnmarshalJSON reads what MarshalJSON writes, strictly; it leaves the window unchanged when it fails.
func (w *Window) UnmarshalJSON(raw []byte) error {
	read, err := readWindow(raw)
	if err != nil {
		return err
	}
	var f faults
	f.window("", &read)
	if err := f.err(); err != nil {
		return err
	}
	*w = read
	return nil
}

type windowDoc struct {
	Days  []string `json:"days,omitzero"`
	Open  string   `json:"open"`
	Close string   `json:"close"`
}

// DayNames are the window's days from Monday on: mon, tue, wed, thu, fri, sat, sun.
func (w *Window) DayNames() []string {
	var days []string
	for i := range dayNames {
		if d := (i + 1) % 7; w.Days[d] {
			days = append(days, dayNames[d])
		}
	}
	return days
}

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
	i := slices.Index(dayNames[:], s)
	if i < 0 {
		return Invalid("", fmt.Sprintf("%q is no day: write mon, tue, wed, thu, fri, sat or sun", s))
	}
	w.Days[i] = true
	return nil
}

// readClock reads HH:MM as minutes of the day, at most latest.
func readClock(v []byte, latest int) (int, error) {
	s, err := StrictString(v)
	if err != nil {
		return 0, err
	}
	if minutes, ok := ParseClock(s); ok && minutes <= latest {
		return minutes, nil
	}
	return 0, Invalid("", fmt.Sprintf("%q is no time of day: write HH:MM, up to %s", s, clockText(latest)))
}

// ParseClock reads HH:MM, 00:00 to 24:00, as minutes of the day.
func ParseClock(s string) (minutes int, ok bool) {
	if len(s) != 5 || s[2] != ':' || !isDigit(s[0]) || !isDigit(s[1]) || !isDigit(s[3]) || !isDigit(s[4]) {
		return 0, false
	}
	h, m := int(s[0]-'0')*10+int(s[1]-'0'), int(s[3]-'0')*10+int(s[4]-'0')
	return h*60 + m, m < 60 && h*60+m <= 1440
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func clockText(minutes int) string { return fmt.Sprintf("%02d:%02d", minutes/60, minutes%60) }

// windows judges weekly hours; at is their field, "" for a list that stands alone.
func (f *faults) windows(at string, all []Window) {
	for i := range all {
		f.window(fmt.Sprintf("%s[%d]", at, i), &all[i])
	}
}

func (f *faults) window(at string, w *Window) {
	if w.Days == [7]bool{} {
		f.add(within(at, "days"), "names no day: give some of mon, tue, wed, thu, fri, sat, sun")
	}
	switch {
	case w.Open < 0 || w.Open > 1439:
		f.add(within(at, "open"), "must be from 00:00 to 23:59")
	case w.Close < 1 || w.Close > 1440:
		f.add(within(at, "close"), "must be from 00:01 to 24:00")
	case w.Open >= w.Close:
		f.add(within(at, "close"), fmt.Sprintf("%s is not after open, %s: write a window over midnight as two",
			clockText(w.Close), clockText(w.Open)))
	}
}

// within names a field of a part.
func within(at, field string) string {
	if at == "" {
		return field
	}
	return at + "." + field
}

// Overlap says whether some minute of the week lies in a window of both.
func Overlap(a, b []Window) bool {
	for _, x := range a {
		for _, y := range b {
			for day := range x.Days {
				if x.Days[day] && y.Days[day] && max(x.Open, y.Open) < min(x.Close, y.Close) {
					return true
				}
			}
		}
	}
	return false
}
