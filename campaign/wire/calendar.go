package wire

import (
	"fmt"
	"time"

	"redial/campaign"
	pb "redial/proto/campaign/v1"
)

// Windows are weekly hours as messages.
func Windows(all []campaign.Window) []*pb.Window {
	var out []*pb.Window
	for i := range all {
		w := &all[i]
		out = append(out, &pb.Window{Days: w.DayNames(), Open: clock(w.Open), Close: clock(w.Close)})
	}
	return out
}

func clock(minutes int) string { return fmt.Sprintf("%02d:%02d", minutes/60, minutes%60) }

// FromWindows is the inverse; the error names the field that has no meaning. They are not validated yet.
func FromWindows(field string, all []*pb.Window) ([]campaign.Window, error) {
	var out []campaign.Window
	for i, m := range all {
		at := fmt.Sprintf("%s[%d]", field, i)
		var w campaign.Window
		for _, name := range m.GetDays() {
			day, ok := campaign.ParseWeekday(name)
			if !ok {
				return nil, campaign.Invalid(at+".days", fmt.Sprintf("%q is no day: use mon tue wed thu fri sat sun", name))
			}
			w.Days[day] = true
		}
		var err error
		if w.Open, err = fromClock(at+".open", m.GetOpen()); err != nil {
			return nil, err
		}
		if w.Close, err = fromClock(at+".close", m.GetClose()); err != nil {
			return nil, err
		}
		out = append(out, w)
	}
	return out, nil
}

func fromClock(field, s string) (int, error) {
	minutes, ok := campaign.ParseClock(s)
	if !ok {
		return 0, campaign.Invalid(field, fmt.Sprintf("%q is no time of day: write HH:MM", s))
	}
	return minutes, nil
}

// Calendar is a calendar as a message.
func Calendar(c *campaign.Calendar) *pb.Calendar {
	out := &pb.Calendar{Name: c.Name, Version: c.Version, UpdatedAt: Time(c.UpdatedAt)}
	for _, w := range c.Weeks {
		out.Weeks = append(out.Weeks, &pb.CalendarWeek{From: date(w.From), To: date(w.To), Hours: Windows(w.Hours)})
	}
	for i := range c.Days {
		d := &c.Days[i]
		m := &pb.CalendarDay{Date: date(d.Date), Kind: string(d.Kind), Name: d.Name, Place: d.Place, Hours: Windows(d.Hours), Source: d.Source}
		if d.Kind == campaign.DayWorking && len(d.Hours) == 0 {
			m.As = dayName(d.As)
		}
		out.Days = append(out.Days, m)
	}
	return out
}

func dayName(d time.Weekday) string {
	var w campaign.Window
	w.Days[d] = true
	return w.DayNames()[0]
}

// FromCalendar is a calendar as it is given, its days in the order of their dates. It is not validated yet.
func FromCalendar(m *pb.Calendar) (campaign.Calendar, error) {
	c := campaign.Calendar{Name: m.GetName(), Version: m.GetVersion()}
	for i, w := range m.GetWeeks() {
		out, err := fromWeek(fmt.Sprintf("calendar.weeks[%d]", i), w)
		if err != nil {
			return c, err
		}
		c.Weeks = append(c.Weeks, out)
	}
	for i, d := range m.GetDays() {
		out, err := fromDay(fmt.Sprintf("calendar.days[%d]", i), d)
		if err != nil {
			return c, err
		}
		c.Days = append(c.Days, out)
	}
	c.SortDays()
	return c, nil
}

func fromWeek(field string, m *pb.CalendarWeek) (campaign.Week, error) {
	var w campaign.Week
	var err error
	if m.GetFrom() != "" {
		if w.From, err = fromDate(field+".from", m.GetFrom()); err != nil {
			return w, err
		}
	}
	if m.GetTo() != "" {
		if w.To, err = fromDate(field+".to", m.GetTo()); err != nil {
			return w, err
		}
	}
	w.Hours, err = FromWindows(field+".hours", m.GetHours())
	return w, err
}

func fromDay(field string, m *pb.CalendarDay) (campaign.Day, error) {
	d := campaign.Day{Kind: campaign.DayKind(m.GetKind()), Name: m.GetName(), Place: m.GetPlace(), Source: m.GetSource()}
	var err error
	if d.Date, err = fromDate(field+".date", m.GetDate()); err != nil {
		return d, err
	}
	if d.Hours, err = FromWindows(field+".hours", m.GetHours()); err != nil {
		return d, err
	}
	for i := range d.Hours {
		d.Hours[i].Days = [7]bool{true, true, true, true, true, true, true}
	}
	return d, campaign.Under(field, d.WorkAs(m.GetAs()))
}

func date(d campaign.Date) string {
	if d == (campaign.Date{}) {
		return ""
	}
	return d.String()
}

func fromDate(field, s string) (campaign.Date, error) {
	d, err := campaign.ParseDate(s)
	return d, campaign.Under(field, err)
}
