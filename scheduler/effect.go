package scheduler

import (
	"cmp"
	"slices"
	"time"

	"redial/campaign"
)

// MoveKind is how other rules change what is planned for a lead.
type MoveKind string

// The kinds. A lead that is later because of a cap or a cool-off is both Later and over a cap.
const (
	MovedEarlier  MoveKind = "earlier"
	MovedLater    MoveKind = "later"
	MovedOverCap  MoveKind = "over_cap" // later, because its calls are more than the new caps allow now
	MovedEnding   MoveKind = "ending"   // not called any more
	MovedReviving MoveKind = "reviving" // exhausted now, called again then
)

// Move is a lead under the rules of now and under others.
type Move struct {
	Lead campaign.LeadID
	Name string
	Now  campaign.Plan
	Then campaign.Plan
	Kind MoveKind
	by   time.Duration
}

// Effect adds up what other rules would move. The zero value with Examples set is ready. Waiting is the sum of
// Earlier, Later, Unchanged and Ending; OverCap and PromisesForbidden are among Later or Ending.
type Effect struct {
	Examples int // how many leads to keep: those that move most, of every kind some

	Waiting, Earlier, Later, Unchanged, Ending, OverCap, Reviving, PromisesForbidden int64

	kept map[MoveKind][]Move
}

// Compare asks both rulebooks' rules about one lead: those of its campaign, and rules. The lead's own record is not
// changed.
func (rb *Rulebook) Compare(f *campaign.Facts, rules *campaign.Rules) (now, then campaign.Plan) {
	other, c := *f, *f.Campaign
	c.Rules, c.RulesVersion = *rules, -1 // a version of its own: these rules are in nobody's cache under the campaign's
	other.Campaign = &c
	return rb.Plan(f), rb.Plan(&other)
}

// Add counts a lead that waits, or is exhausted, with what both rules say of it at f.Now.
func (e *Effect) Add(f *campaign.Facts, now, then campaign.Plan) {
	m := Move{Lead: f.Lead.ID, Name: f.Lead.Name, Now: now, Then: then}
	switch {
	case !now.Open() && then.Open():
		e.Reviving++
		m.Kind = MovedReviving
	case !now.Open():
		return
	case !then.Open():
		e.Waiting++
		e.Ending++
		m.Kind = MovedEnding
	default:
		e.Waiting++
		m.by = later(then.At, f.Now).Sub(later(now.At, f.Now))
		m.Kind = e.moved(&m)
	}
	if f.Promise != nil && standing(f.Promise) && (!then.Open() || then.At.After(f.Promise.At)) && now.Open() && !now.At.After(f.Promise.At) {
		e.PromisesForbidden++
	}
	e.keep(m)
}

// moved counts a lead that is called under both rules; empty: nothing changes.
func (e *Effect) moved(m *Move) MoveKind {
	switch {
	case m.by < 0:
		e.Earlier++
		return MovedEarlier
	case m.by == 0:
		e.Unchanged++
		return ""
	}
	e.Later++
	if byCap(m.Then.Reason) {
		e.OverCap++
		return MovedOverCap
	}
	return MovedLater
}

func byCap(reason string) bool {
	switch reason {
	case campaign.ReasonDayCap, campaign.ReasonRollingCap, campaign.ReasonLawCap, campaign.ReasonCoolOff:
		return true
	}
	return false
}

func later(t, than time.Time) time.Time {
	if t.Before(than) {
		return than
	}
	return t
}

// keep holds on to the leads of each kind that move most.
func (e *Effect) keep(m Move) {
	if m.Kind == "" || e.Examples <= 0 {
		return
	}
	if e.kept == nil {
		e.kept = make(map[MoveKind][]Move)
	}
	all := e.kept[m.Kind]
	at, _ := slices.BinarySearchFunc(all, m, mostFirst)
	if at >= e.Examples {
		return
	}
	all = slices.Insert(all, at, m)
	e.kept[m.Kind] = all[:min(len(all), e.Examples)]
}

// mostFirst orders by how far a lead moves, then by id.
func mostFirst(a, b Move) int {
	return cmp.Or(cmp.Compare(b.by.Abs(), a.by.Abs()), cmp.Compare(a.Lead, b.Lead))
}

// Moves are the examples: in turn one of each kind that there is, those that move most first, Examples at most.
func (e *Effect) Moves() []Move {
	kinds := [...]MoveKind{MovedEnding, MovedOverCap, MovedLater, MovedEarlier, MovedReviving}
	var out []Move
	for i := 0; len(out) < e.Examples; i++ {
		some := false
		for _, k := range kinds {
			if i < len(e.kept[k]) && len(out) < e.Examples {
				out, some = append(out, e.kept[k][i]), true
			}
		}
		if !some {
			break
		}
	}
	return out
}
