package scheduler

import (
	"slices"
	"strings"
	"time"

	"redial/campaign"
)

// LawPack is the calling law of a country or a trade as data. It is an engineer's list and no legal advice: Warning
// says so to whoever switches it on.
type LawPack struct {
	Name    string // such as "us", "us-debt", "fr"
	Version string // of the data, a date such as "2026-11-01"
	Title   string // for people, in English
	Warning string // what must be told to whoever switches it on
	Rules   []LawRule
	Days    []campaign.Day // public holidays, each with its place, for rules that close on them
}

// LawKind is what a law rule speaks of.
type LawKind string

// The kinds.
const (
	LawHours   LawKind = "hours"    // calls only within Hours, and with Closed not on the pack's holidays
	LawCap     LawKind = "cap"      // no more calls than Cap
	LawCoolOff LawKind = "cool_off" // no calls for a while
	LawConsent LawKind = "consent"  // no calls at all without a consent of scope contact
)

// LawExcuse is what lifts a rule.
type LawExcuse string

// The excuses.
const (
	ExcuseConsent LawExcuse = "consent" // of scope hours for hours, frequency for caps and cool-offs
	ExcuseAgent   LawExcuse = "agent"   // an agent is on the line before it rings, as with every call placed from a desk
)

// LawRule is one rule of a pack. It is in force on local dates From to To, of the zone in which it is asked.
type LawRule struct {
	ID         string // unique among all packs, such as "us-fl.frequency"
	Text       string // what it says, in English
	Kind       LawKind
	Places     []string           // where it holds: "US", "US-FL"; at least one
	Except     []string           // narrower places where it does not
	Purposes   []campaign.Purpose // empty: all
	From, To   campaign.Date      // first and last day in force; zero: no end
	Hours      []campaign.Window
	Closed     bool
	Cap        campaign.Cap
	CoolOff    campaign.CoolOff
	Unless     []LawExcuse
	ConsentAge time.Duration // a consent lifts it only when it was given no longer ago; 0: however long
	Source     string        // required
	Confirmed  bool          // the source is the legislator's or regulator's own text; else the rule says that it is not
	Checked    campaign.Date // when the source was looked at; required
}

// Law knows the packs that can be switched on.
type Law interface {
	// Pack finds one by its name; nil: there is none.
	Pack(name string) *LawPack
}

// Holds says whether the rule is about somebody who may be in one of the places, called for the purpose; dates apart.
func (r *LawRule) Holds(places []string, purpose campaign.Purpose) bool {
	if len(r.Purposes) > 0 && !slices.Contains(r.Purposes, purpose.OrSales()) {
		return false
	}
	for _, p := range places {
		if within(p, r.Places) && !within(p, r.Except) {
			return true
		}
	}
	return false
}

// within says whether a place is one of those or in one: US-FL is within US.
func within(place string, those []string) bool {
	for _, t := range those {
		if place == t || strings.HasPrefix(place, t) && place[len(t)] == '-' {
			return true
		}
	}
	return false
}
