package campaign

import (
	"encoding/json"
	"slices"
	"time"
)

// ReadCalendar reads a calendar: {"name":…,"version":…,"weeks":[{"from":…,"to":…,"hours":[…]}],"days":[{"date":…,
// "kind":…,"name":…,"place":…,"as":…,"hours":[…],"source":…}]}. All may be left out but a week's hours and a day's date
// and kind; a working day without hours and as has Monday's; hours of a day need name no days. Errors are of kind
// KindInvalid and name the field, such as "days[3].kind". Days come in the order of their dates. A calendar without a
// name is read: whoever keeps it gives one, and Validate asks for it.
func ReadCalendar(raw []byte) (Calendar, error) {
	if !json.Valid(raw) {
		return Calendar{}, Invalid("", "is not JSON")
	}
	var c Calendar
	err := StrictObject(raw, func(name string, v []byte) (err error) {
		switch name {
		case "name":
			c.Name, err = StrictString(v)
		case "version":
			var n int
			n, err = StrictInt(v)
			c.Version = int64(n)
		case "weeks":
			c.Weeks, err = StrictEach(v, readWeek)
		case "days":
			c.Days, err = StrictEach(v, readDay)
		default:
			err = unknownField("a calendar has", "name", "version", "weeks", "days")
		}
		return err
	})
	if err != nil {
		return Calendar{}, err
	}
	c.SortDays()
	var f faults
	f.calendar(&c)
	if err := f.err(); err != nil {
		return Calendar{}, err
	}
	return c, nil
}

// MarshalJSON writes the calendar as ReadCalendar reads it, without its id and when it changed.
func (c Calendar) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Name    string `json:"name,omitempty"`
		Version int64  `json:"version,omitempty"`
		Weeks   []Week `json:"weeks,omitempty"`
		Days    []Day  `json:"days,omitempty"`
	}{c.Name, c.Version, c.Weeks, c.Days})
}

// UnmarshalJSON is ReadCalendar; it leaves the calendar unchanged when it fails.
func (c *Calendar) UnmarshalJSON(raw []byte) error {
	read, err := ReadCalendar(raw)
	if err == nil {
		*c = read
	}
	return err
}

// SortDays puts the days in the order of their dates; those of one date stay as they are.
func (c *Calendar) SortDays() {
	slices.SortStableFunc(c.Days, func(a, b Day) int { return a.Date.Compare(b.Date) })
}

// MarshalJSON writes the week: {"from":"2026-07-01","to":"2026-08-31","hours":[…]}, without the ends it has not.
func (w Week) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		From  string   `json:"from,omitempty"`
		To    string   `json:"to,omitempty"`
		Hours []Window `json:"hours"`
	}{w.From.orEmpty(), w.To.orEmpty(), orNone(w.Hours)})
}

// UnmarshalJSON reads what MarshalJSON writes, strictly; it leaves the week unchanged when it fails.
func (w *Week) UnmarshalJSON(raw []byte) error {
	read, err := readWeek(raw)
	if err == nil {
		*w = read
	}
	return err
}

func readWeek(raw []byte) (Week, error) {
	var w Week
	err := StrictObject(raw, func(name string, v []byte) (err error) {
		switch name {
		case "from":
			w.From, err = readDate(v)
		case "to":
			w.To, err = readDate(v)
		case "hours":
			w.Hours, err = StrictEach(v, readWindow)
		default:
			err = unknownField("a week has", "from", "to", "hours")
		}
		return err
	})
	return w, err
}

// MarshalJSON writes the day as ReadCalendar reads it. Hours of a day are written without days.
func (d Day) MarshalJSON() ([]byte, error) {
	doc := struct {
		Date   string      `json:"date"`
		Kind   DayKind     `json:"kind"`
		Name   string      `json:"name,omitempty"`
		Place  string      `json:"place,omitempty"`
		As     string      `json:"as,omitempty"`
		Hours  []windowDoc `json:"hours,omitempty"`
		Source string      `json:"source,omitempty"`
	}{Date: d.Date.String(), Kind: d.Kind, Name: d.Name, Place: d.Place, Source: d.Source}
	if d.Kind == DayWorking && len(d.Hours) == 0 {
		doc.As = dayNames[(d.As%7+7)%7]
	}
	for _, w := range d.Hours {
		doc.Hours = append(doc.Hours, windowDoc{Open: clockText(w.Open), Close: clockText(w.Close)})
	}
	return json.Marshal(doc)
}

// UnmarshalJSON reads what MarshalJSON writes, strictly; it leaves the day unchanged when it fails.
func (d *Day) UnmarshalJSON(raw []byte) error {
	read, err := readDay(raw)
	if err == nil {
		*d = read
	}
	return err
}

func readDay(raw []byte) (Day, error) {
	var d Day
	as := ""
	err := StrictObject(raw, func(name string, v []byte) (err error) {
		switch name {
		case "date":
			d.Date, err = readDate(v)
		case "kind":
			d.Kind, err = readWord[DayKind](v)
		case "name":
			d.Name, err = StrictString(v)
		case "place":
			d.Place, err = StrictString(v)
		case "as":
			as, err = StrictString(v)
		case "hours":
			d.Hours, err = StrictEach(v, readDayHours)
		case "source":
			d.Source, err = StrictString(v)
		default:
			err = unknownField("a day has", "date", "kind", "name", "place", "as", "hours", "source")
		}
		return err
	})
	if err == nil && d.Date == (Date{}) {
		err = Invalid("date", "is missing: write it as 2026-10-01")
	}
	if err == nil {
		err = d.WorkAs(as)
	}
	return d, err
}

// WorkAs says which weekday a working day is like, mon to sun; empty: Monday, unless it has hours of its own. Errors are of
// kind KindInvalid, about as.
func (d *Day) WorkAs(as string) error {
	switch {
	case as == "" && d.Kind == DayWorking && len(d.Hours) == 0:
		d.As = time.Monday
	case as == "":
	case d.Kind != DayWorking:
		return Invalid("as", "belongs to a working day")
	case len(d.Hours) > 0:
		return Invalid("as", "and hours are both given: give one of them")
	default:
		i, ok := ParseWeekday(as)
		if !ok {
			return Invalid("as", "is no day of the week: write mon, tue, wed, thu, fri, sat or sun")
		}
		d.As = i
	}
	return nil
}

// ParseWeekday reads mon, tue, wed, thu, fri, sat or sun.
func ParseWeekday(s string) (time.Weekday, bool) {
	i := slices.Index(dayNames[:], s)
	return time.Weekday(max(i, 0)), i >= 0
}

var everyDay = [7]bool{true, true, true, true, true, true, true}

// readDayHours reads a window of one day, which is for that day whatever days it names.
func readDayHours(raw []byte) (Window, error) {
	w, err := readWindow(raw)
	w.Days = everyDay
	return w, err
}
