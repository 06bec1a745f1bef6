package wire

import (
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"redial/campaign"
	pb "redial/proto/campaign/v1"
)

// Cap is a cap as a message.
func Cap(c *campaign.Cap) *pb.Cap {
	return &pb.Cap{
		Scope: pb.CapScope(c.Scope + 1), Count: pb.CapCount(c.Count + 1), Max: int32(c.Max), Period: period(c.Period, c.Days), Days: int32(c.Days),
	}
}

// FromCap is the inverse, not validated yet; a count that is not said is attempts.
func FromCap(field string, m *pb.Cap) (campaign.Cap, error) {
	out := campaign.Cap{Max: int(m.GetMax()), Days: int(m.GetDays())}
	var err error
	if out.Scope, err = fromScope(field, m.GetScope()); err != nil {
		return out, err
	}
	if n := m.GetCount(); n < 0 || int(n) > int(campaign.NumCounts) {
		return out, campaign.Invalid(field+".count", "must be attempts, connects or conversations")
	} else if n > 0 {
		out.Count = campaign.CapCount(n - 1)
	}
	out.Period, err = FromDuration(field+".period", m.GetPeriod(), 0)
	return out, err
}

// CoolOff is a wait as a message.
func CoolOff(c *campaign.CoolOff) *pb.CoolOff {
	return &pb.CoolOff{After: string(c.After), Scope: pb.CapScope(c.Scope + 1), Period: period(c.Period, c.Days), Days: int32(c.Days)}
}

// FromCoolOff is the inverse, not validated yet.
func FromCoolOff(field string, m *pb.CoolOff) (campaign.CoolOff, error) {
	out := campaign.CoolOff{After: campaign.CoolOffAfter(m.GetAfter()), Days: int(m.GetDays())}
	var err error
	if out.Scope, err = fromScope(field, m.GetScope()); err != nil {
		return out, err
	}
	out.Period, err = FromDuration(field+".period", m.GetPeriod(), 0)
	return out, err
}

func fromScope(field string, s pb.CapScope) (campaign.CapScope, error) {
	if s < 1 || int(s) > int(campaign.NumScopes) {
		return 0, campaign.Invalid(field+".scope", "must be lead, number, person, subject, account or company")
	}
	return campaign.CapScope(s - 1), nil
}

// period is left out where days stand for it.
func period(d time.Duration, days int) *durationpb.Duration {
	if d == 0 && days != 0 {
		return nil
	}
	return Duration(d)
}
