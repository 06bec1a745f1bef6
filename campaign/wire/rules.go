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

// Rules are a campaign's rules as a message, every field set.
func Rules(r *campaign.Rules) *pb.Rules {
	perDay, limit := int32(r.MaxPerDay), int32(r.NetworkRetryLimit)
	out := &pb.Rules{
		Interval: Duration(r.Interval), MaxPerDay: &perDay, MaxAttempts: int32(r.MaxAttempts), MaxDays: int32(r.MaxDays),
		ExpiresAt: Time(r.ExpiresAt), NetworkRetry: Duration(r.NetworkRetry), NetworkRetryLimit: &limit,
		Hours: Windows(r.Hours), Rotate: r.Rotate, MixHours: r.MixHours, Calendars: r.Calendars, Purpose: string(r.Purpose), Matter: r.Matter,
		Packs: r.Packs,
	}
	for _, o := range slices.SortedFunc(maps.Keys(r.Intervals), cmp.Compare[campaign.Outcome]) {
		out.Intervals = append(out.Intervals, &pb.OutcomeInterval{Outcome: Outcome(o), Interval: Duration(r.Intervals[o])})
	}
	for _, d := range r.Holidays {
		out.Holidays = append(out.Holidays, d.String())
	}
	for i := range r.Caps {
		out.Caps = append(out.Caps, Cap(&r.Caps[i]))
	}
	for i := range r.CoolOffs {
		out.CoolOffs = append(out.CoolOffs, CoolOff(&r.CoolOffs[i]))
	}
	for _, w := range r.Waivers {
		out.Waivers = append(out.Waivers, &pb.Waiver{Rule: w.Rule, Reason: w.Reason})
	}
	return out
}

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
	if r.Hours, err = FromWindows("rules.hours", m.GetHours()); err != nil {
		return r, err
	}
	if err := fromHolidays(&r, m); err != nil {
		return r, err
	}
	r.Rotate, r.MixHours, r.Calendars, r.Packs = m.GetRotate(), m.GetMixHours(), m.GetCalendars(), m.GetPacks()
	r.Purpose, r.Matter = campaign.Purpose(m.GetPurpose()), m.GetMatter()
	for _, w := range m.GetWaivers() {
		r.Waivers = append(r.Waivers, campaign.Waiver{Rule: w.GetRule(), Reason: w.GetReason()})
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

func fromHolidays(r *campaign.Rules, m *pb.Rules) error {
	for i, s := range m.GetHolidays() {
		d, err := fromDate(fmt.Sprintf("rules.holidays[%d]", i), s)
		if err != nil {
			return err
		}
		r.Holidays = append(r.Holidays, d)
	}
	return nil
}

func fromCaps(r *campaign.Rules, m *pb.Rules) error {
	for i, c := range m.GetCaps() {
		out, err := FromCap(fmt.Sprintf("rules.caps[%d]", i), c)
		if err != nil {
			return err
		}
		r.Caps = append(r.Caps, out)
	}
	for i, c := range m.GetCoolOffs() {
		out, err := FromCoolOff(fmt.Sprintf("rules.cool_offs[%d]", i), c)
		if err != nil {
			return err
		}
		r.CoolOffs = append(r.CoolOffs, out)
	}
	return nil
}
