package scheduler

import (
	"time"

	"redial/campaign"
)

// Rederive is the instant of an open promise by its wall time and zone as zones are known now. Where that is another than
// the promise's own, facts, asked for only then, give the end of its grace by today's hours; else its grace stands.
func (rb *Rulebook) Rederive(p campaign.Appointment, facts func() (*campaign.Facts, error)) (at, graceEnd time.Time, err error) {
	loc, err := LoadZone(p.Zone)
	if err != nil {
		return at, graceEnd, campaign.Under("zone", err)
	}
	at, err = WallTime(p.Local, loc)
	if err != nil {
		return at, graceEnd, campaign.Under("local", err)
	}
	if at.Equal(p.At) {
		return p.At, p.GraceEnd, nil
	}
	f, err := facts()
	if err != nil {
		return at, graceEnd, err
	}
	q, _ := rb.question(f)
	return at, GraceEnd(&q, f.Campaign.Floor, at, p.Insisted), nil
}
