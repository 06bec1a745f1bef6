package wire

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"redial/campaign"
	pb "redial/proto/campaign/v1"
)

var dayNames = [7]string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

// Rules are a campaign's rules as a message, every field set.
func Rules(r *campaign.Rules) *pb.Rules {
	perDay, limit := int32(r.MaxPerDay), int32(r.NetworkRetryLimit)
	out := &pb.Rules{
		Interval: Duration(r.Interval), MaxPerDay: &perDay, MaxAttempts: int32(r.MaxAttempts), MaxDays: int32(r.MaxDays),
		ExpiresAt: Time(r.ExpiresAt), NetworkRetry: Duration(r.NetworkRetry), NetworkRetryLimit: &limit,
	}
	for _, o := range slices.SortedFunc(maps.Keys(r.Intervals), cmp.Compare[campaign.Outcome]) {
		out.Intervals = append(out.Intervals, &pb.OutcomeInterval{Outcome: Outcome(o), Interval: Duration(r.Intervals[o])})
	}
	for _, w := range r.Hours {
		out.Hours = append(out.Hours, window(w))
	}
	for _, d := range r.Holidays {
		out.Holidays = append(out.Holidays, fmt.Sprintf("%04d-%02d-%02d", d.Year, d.Month, d.Day))
	}
	for _, c := range r.Caps {
		out.Caps = append(out.Caps, &pb.Cap{Scope: pb.CapScope(c.Scope + 1), Max: int32(c.Max), Period: Duration(c.Period)})
	}
	return out
}

func window(w campaign.Window) *pb.Window {
	out := &pb.Window{Open: clock(w.Open), Close: clock(w.Close)}
	for _, day := range []time.Weekday{1, 2, 3, 4, 5, 6, 0} {
		if w.Days[day] {
			out.Days = append(out.Days, dayNames[day])
		}
	}
	return out
}

func clock(minutes int) string { return fmt.Sprintf("%02d:%02d", minutes/60, minutes%60) }

// FromRules are rules as they are given; what is unset is the source rule's. They are not validated yet.
func FromRules(m *pb.Rules) (campaign.Rules, error) {
	r := campaign.DefaultRules()
	if m == nil {
		return r, nil
	}
	var err error
	if r.Interval, err = FromDuration("rules.interval", m.GetInterval(), r.Interval); err != nil {
		return r, err
	}
	if r.NetworkRetry, err = FromDuration("rules.network_retry", m.GetNetworkRetry(), r.NetworkRetry); err != nil {
		return r, err
	}
	if r.ExpiresAt, err = FromTime("rules.expires_at", m.GetExpiresAt()); err != nil {
		return r, err
	}
	if m.MaxPerDay != nil {
		r.MaxPerDay = int(m.GetMaxPerDay())
	}
	if m.NetworkRetryLimit != nil {
		r.NetworkRetryLimit = int(m.GetNetworkRetryLimit())
	}
	r.MaxAttempts, r.MaxDays = int(m.GetMaxAttempts()), int(m.GetMaxDays())
	if err := fromIntervals(&r, m); err != nil {
		return r, err
	}
	if err := fromCalendar(&r, m); err != nil {
		return r, err
	}
	return r, fromCaps(&r, m)
}

func fromIntervals(r *campaign.Rules, m *pb.Rules) error {
	for i, oi := range m.GetIntervals() {
		field := fmt.Sprintf("rules.intervals[%d]", i)
		o, err := FromOutcome(field+".outcome", oi.GetOutcome())
		if err != nil {
			return err
		}
		if o == campaign.NoOutcome {
			return campaign.Invalid(field+".outcome", "names no outcome")
		}
		d, err := FromDuration(field+".interval", oi.GetInterval(), 0)
		if err != nil {
			return err
		}
		if r.Intervals == nil {
			r.Intervals = make(map[campaign.Outcome]time.Duration)
		}
		r.Intervals[o] = d
	}
	return nil
}

func fromCalendar(r *campaign.Rules, m *pb.Rules) error {
	for i, w := range m.GetHours() {
		field := fmt.Sprintf("rules.hours[%d]", i)
		var out campaign.Window
		for _, name := range w.GetDays() {
			day := slices.Index(dayNames[:], name)
			if day < 0 {
				return campaign.Invalid(field+".days", fmt.Sprintf("%q is no day: use mon tue wed thu fri sat sun", name))
			}
			out.Days[day] = true
		}
		var err error
		if out.Open, err = fromClock(field+".open", w.GetOpen()); err != nil {
			return err
		}
		if out.Close, err = fromClock(field+".close", w.GetClose()); err != nil {
			return err
		}
		r.Hours = append(r.Hours, out)
	}
	for i, s := range m.GetHolidays() {
		d, err := time.Parse(time.DateOnly, s)
		if err != nil {
			return campaign.Invalid(fmt.Sprintf("rules.holidays[%d]", i), fmt.Sprintf("%q is no date: write YYYY-MM-DD", s))
		}
		r.Holidays = append(r.Holidays, campaign.Date{Year: d.Year(), Month: d.Month(), Day: d.Day()})
	}
	return nil
}

func fromClock(field, s string) (int, error) {
	if s == "24:00" {
		return 24 * 60, nil
	}
	t, err := time.Parse("15:04", s)
	if err != nil || len(s) != 5 {
		return 0, campaign.Invalid(field, fmt.Sprintf("%q is no time of day: write HH:MM", s))
	}
	return t.Hour()*60 + t.Minute(), nil
}

func fromCaps(r *campaign.Rules, m *pb.Rules) error {
	for i, c := range m.GetCaps() {
		field := fmt.Sprintf("rules.caps[%d]", i)
		if c.GetScope() != pb.CapScope_CAP_SCOPE_LEAD && c.GetScope() != pb.CapScope_CAP_SCOPE_NUMBER {
			return campaign.Invalid(field+".scope", "must be lead or number")
		}
		period, err := FromDuration(field+".period", c.GetPeriod(), 0)
		if err != nil {
			return err
		}
		r.Caps = append(r.Caps, campaign.Cap{Scope: campaign.CapScope(c.GetScope() - 1), Max: int(c.GetMax()), Period: period})
	}
	return nil
}
