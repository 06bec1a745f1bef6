package simulate

import (
	"fmt"
	"slices"
	"time"

	"redial/campaign"
)

func (r *reading) team(i int, v []byte) error {
	t := Team{Name: fmt.Sprintf("team %d", i+1), Count: 1, Card: defaultCard}
	err := campaign.StrictObject(v, func(name string, v []byte) (err error) {
		switch name {
		case "name":
			t.Name, err = campaign.StrictString(v)
		case "count":
			t.Count, err = oneTo(v, maxAgents)
		case "campaigns":
			t.Members = make(map[string]int)
			err = campaign.StrictObject(v, func(name string, v []byte) (err error) {
				t.Members[name], err = oneTo(v, 1000)
				return err
			})
		case "zone":
			t.Zone, err = zone(v)
		case "shifts":
			t.Shifts, err = campaign.StrictEach(v, readShift)
		case "card":
			t.Card, err = spread(v, 3600)
		case "linger":
			err = strictly(v, &t.Linger)
		default:
			err = campaign.ErrUnknownField
		}
		return err
	})
	r.Teams = append(r.Teams, t)
	return err
}

func readShift(v []byte) (Shift, error) {
	s := Shift{Days: workday()[0].Days, Start: -1, End: -1}
	err := campaign.StrictObject(v, func(name string, v []byte) (err error) {
		switch name {
		case "days":
			s.Days = [7]bool{}
			err = campaign.StrictArray(v, func(_ int, v []byte) error { return s.day(v) })
		case "start":
			s.Start, err = minute(v)
		case "end":
			s.End, err = minute(v)
		case "breaks":
			s.Breaks, err = campaign.StrictEach(v, readPause)
		default:
			err = campaign.ErrUnknownField
		}
		return err
	})
	switch {
	case err != nil:
		return s, err
	case s.Start < 0:
		return s, campaign.Invalid("start", "is missing: write it as 09:00")
	case s.End < 0:
		return s, campaign.Invalid("end", "is missing: write it as 17:00")
	}
	return s, s.check()
}

// check holds that the breaks lie within the shift, in order and apart.
func (s *Shift) check() error {
	at, end := s.Start, s.Start+s.length()
	for i, p := range s.Breaks {
		from, to := s.after(p.Start), s.after(p.End)
		if from < at || to <= from || to > end {
			return campaign.Invalid(fmt.Sprintf("breaks[%d]", i), "must lie within the shift, after the break before it, and end after it starts")
		}
		at = to
	}
	return nil
}

func (s *Shift) length() int {
	n := s.End - s.Start
	if n <= 0 {
		n += 24 * 60
	}
	return n
}

// after is a wall time of the shift, beyond midnight counted on.
func (s *Shift) after(minute int) int {
	if minute < s.Start {
		minute += 24 * 60
	}
	return minute
}

func readPause(v []byte) (Pause, error) {
	p := Pause{Start: -1, End: -1, Reason: "break"}
	err := campaign.StrictObject(v, func(name string, v []byte) (err error) {
		switch name {
		case "start":
			p.Start, err = minute(v)
		case "end":
			p.End, err = minute(v)
		case "reason":
			if p.Reason, err = campaign.StrictString(v); err == nil && p.Reason == "" {
				p.Reason = "break"
			}
		default:
			err = campaign.ErrUnknownField
		}
		return err
	})
	if err == nil && (p.Start < 0 || p.End < 0) {
		err = campaign.Invalid("", "needs start and end, such as 12:30 and 13:00")
	}
	return p, err
}

func minute(v []byte) (int, error) {
	s, err := campaign.StrictString(v)
	if err != nil {
		return 0, err
	}
	if s == "24:00" {
		return 0, nil // the next day's first minute, which is what an end at midnight is
	}
	t, err := time.Parse("15:04", s)
	if err != nil {
		return 0, campaign.Invalid("", fmt.Sprintf("%q is no time of day: write HH:MM", s))
	}
	return t.Hour()*60 + t.Minute(), nil
}

var weekdays = [7]string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

func (s *Shift) day(v []byte) error {
	name, err := campaign.StrictString(v)
	if err != nil {
		return err
	}
	i := slices.Index(weekdays[:], name)
	if i < 0 {
		return campaign.Invalid("", fmt.Sprintf("%q is no day: write mon, tue, wed, thu, fri, sat or sun", name))
	}
	s.Days[i] = true
	return nil
}
