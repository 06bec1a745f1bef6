package scheduler

import (
	"slices"
	"time"

	"redial/campaign"
)

// Question is one question to the rule of time, with all that the answer depends on.
type Question struct {
	Campaign     campaign.CampaignID // whose calls are of one subject where Rules name no matter
	Rules        *campaign.Rules
	Conversation time.Duration // a connect of at least so long is a conversation; 0: 30 s
	Lead         Lead
	Tries        []campaign.Try         // in order of time, none later than Now, placed in whole seconds
	Uses         []campaign.Use         // other calls that count, oldest first; see campaign.Use
	Consents     []campaign.Consent     // of the lead's person and numbers, those that do not stand included
	Promise      *campaign.Appointment  // the lead's open appointment; nil or closed: none
	Suppressions []campaign.Suppression // of the lead's numbers; suppressed ones are passed over
	HeldUntil    time.Time              // a CRM said: not before; zero: it did not. In whole seconds
	Now          time.Time
}

// Lead is what the rule of time asks of a lead. Zones are those in which it may be, at least one, as LoadZones finds
// them; without zones nothing is ever callable. Numbers are in the order of dialling.
type Lead struct {
	Account string           // what the calls are about, such as a debt; empty: none
	Zones   []*time.Location // of its numbers that have none of their own
	Places  []string         // where it may live: "US-FL"; they count for each of its numbers
	Numbers []Number
	Regime  *Regime // at the lead's own zones and places, filled in by Settle; nil: never callable
}

// Number is one of a lead's numbers.
type Number struct {
	Phone  campaign.Phone
	Zones  []*time.Location // empty: the lead's
	Places []string         // besides the lead's
	Regime *Regime          // where the number may be, filled in by Settle; nil: the lead's
}

// NumbersOf are numbers without zones or places of their own.
func NumbersOf(phones ...campaign.Phone) []Number {
	out := make([]Number, len(phones))
	for i, p := range phones {
		out[i].Phone = p
	}
	return out
}

// Settle compiles the regimes under which the lead may be called; call it again when its zones, places or numbers
// change. Equal sites share a regime.
func (l *Lead) Settle(t *Terms) {
	l.Regime = NewRegime(t, l.Zones, l.Places)
	for i := range l.Numbers {
		n := &l.Numbers[i]
		n.Regime = nil
		if len(n.Zones) == 0 && len(n.Places) == 0 {
			continue
		}
		zones, places := n.Zones, l.Places
		if len(zones) == 0 {
			zones = l.Zones
		}
		if len(n.Places) > 0 {
			places = slices.Concat(l.Places, n.Places)
			slices.Sort(places)
			places = slices.Compact(places)
		}
		for j := range l.Numbers[:i] {
			if r := l.Numbers[j].Regime; r != nil && r.at(zones, places) {
				n.Regime = r
			}
		}
		if n.Regime == nil && !l.Regime.at(zones, places) {
			n.Regime = NewRegime(t, zones, places)
		}
	}
}
