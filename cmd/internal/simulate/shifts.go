package simulate

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"redial/campaign"
	"redial/scheduler"
)

// turn is what an agent of a team should do from an instant on.
type turn struct {
	at     time.Time
	want   campaign.AgentState // ready, break or signed_out
	reason string              // of a break
}

// schedule is what a team does between two instants, by the clock on its wall: over midnight, and through changes of
// the clocks as people live them. The error is of shifts that overlap.
func (t *Team) schedule(from, to time.Time) ([]turn, error) {
	type span struct {
		from, to time.Time
		turns    []turn
	}
	var spans []span
	first := campaign.DateOf(from.In(t.Zone).AddDate(0, 0, -1)) // a night shift may have begun yesterday
	for d := time.Date(first.Year, first.Month, first.Day, 0, 0, 0, 0, time.UTC); d.Before(to.AddDate(0, 0, 1)); d = d.AddDate(0, 0, 1) {
		for _, s := range t.Shifts {
			if !s.Days[d.Weekday()] {
				continue
			}
			turns := s.on(d, t.Zone)
			end := turns[len(turns)-1].at
			if end.After(from) && turns[0].at.Before(to) && end.After(turns[0].at) {
				spans = append(spans, span{turns[0].at, end, turns})
			}
		}
	}
	slices.SortStableFunc(spans, func(a, b span) int { return cmp.Or(a.from.Compare(b.from), a.to.Compare(b.to)) })
	var out []turn
	for i, s := range spans {
		if i > 0 && s.from.Before(spans[i-1].to) {
			return nil, campaign.Invalid("", fmt.Sprintf("overlap: one begins at %s before another has ended", s.from.In(t.Zone).Format("Mon 15:04")))
		}
		out = append(out, s.turns...)
	}
	return out, nil
}

// on is a shift that begins on a date.
func (s *Shift) on(d time.Time, loc *time.Location) []turn {
	at := func(minute int) time.Time {
		wall := d.Add(time.Duration(minute) * time.Minute)
		t, err := scheduler.WallTime(wall.Format("2006-01-02T15:04"), loc)
		if err != nil { // a date that is written so can be read
			return wall
		}
		return t
	}
	turns := []turn{{at: at(s.Start), want: campaign.AgentReady}}
	for _, p := range s.Breaks {
		turns = append(turns, turn{at(s.after(p.Start)), campaign.AgentBreak, p.Reason}, turn{at: at(s.after(p.End)), want: campaign.AgentReady})
	}
	return append(turns, turn{at: at(s.Start + s.length()), want: campaign.AgentSignedOut})
}
